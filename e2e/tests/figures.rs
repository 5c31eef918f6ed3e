//! Figures in time: long traces, playing by themselves, scripts written against the types, and what
//! a frame is told by its address.

use std::fs;
use std::process::Command;

use e2e::figures::{MAP, all_live, ask, figure, host, wait_until_it};
use e2e::{Context, Result, Viewport, pages_folder, with_page};
use serde_json::json;

/// A trace of so many calls, served beside the page: the name of its file.
fn long_trace(calls: usize) -> Result<String> {
    let mut trace = format!("{MAP}\n");
    for call in 1..calls {
        let protection = if call % 2 == 0 { "PROT_READ|PROT_WRITE" } else { "PROT_READ" };
        trace.push_str(&format!("mprotect(p, PAGE_SIZE, {protection})\n"));
    }
    fs::create_dir_all(pages_folder())?;
    let name = format!("{calls}.trace");
    fs::write(pages_folder().join(&name), trace)?;
    Ok(name)
}

/// Has the page count, frame by frame of the screen, those in which its figure shows progress.
const COUNT_FRAMES: &str = "window.frames = 0;
    const it = document.querySelector('mmap-playground');
    const count = () => {
        const progress = it.shadowRoot?.querySelector('.progress');
        if (progress && !progress.hidden && progress.offsetHeight > 0) window.frames += 1;
        requestAnimationFrame(count);
    };
    count();";

#[tokio::test]
async fn a_page_stays_alive_while_its_figure_runs_a_long_trace() -> Result<()> {
    const CALLS: usize = 100_000;
    let name = long_trace(CALLS)?;
    with_page("long trace", Viewport::DESKTOP, async |page| {
        let body = format!("<mmap-playground loading=click src='/pages/{name}'></mmap-playground>");
        page.open_host(&host(page, &body)).await?;
        page.wait_for("mmap-playground:defined").await?;
        page.eval(COUNT_FRAMES, vec![]).await?;
        ask(page, 0, "void it.start()").await?;
        wait_until_it(page, 0, &format!("it.steps === {CALLS}")).await?;
        // Run in one piece, it would have let the screen show nothing on the way.
        let frames = page.eval("return window.frames;", vec![]).await?;
        assert!(frames.as_u64() >= Some(2), "{frames} frames with progress");
        assert_eq!(ask(page, 0, "root.querySelector('.progress').hidden").await?, json!(true));
        // The trace is there: another step of it runs nothing again, and shows no progress.
        page.eval("window.frames = 0;", vec![]).await?;
        ask(page, 0, "it.setAttribute('step', '7')").await?;
        wait_until_it(page, 0, "it.step === 7").await?;
        assert_eq!(page.eval("return window.frames;", vec![]).await?, json!(0));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_figure_that_is_taken_away_stops_to_run() -> Result<()> {
    let name = long_trace(100_000)?;
    with_page("taken away", Viewport::DESKTOP, async |page| {
        let body = format!("<mmap-playground loading=click src='/pages/{name}'></mmap-playground>");
        page.open_host(&host(page, &body)).await?;
        page.wait_for("mmap-playground:defined").await?;
        // Taken away as soon as progress shows, and put back with another trace.
        const AWAY: &str = "const [done] = [arguments[0]];
            const it = document.querySelector('mmap-playground');
            const progress = it.shadowRoot.querySelector('.progress');
            new MutationObserver((changes, observer) => {
                if (progress.hidden) return;
                observer.disconnect();
                it.remove();
                setTimeout(() => {
                    const left = it.shadowRoot.querySelectorAll('.figure-root').length;
                    const hidden = progress.hidden;
                    it.trace = 'a = malloc(100)';
                    document.body.append(it);
                    it.start().then(() => done([left, hidden, it.steps]));
                });
            }).observe(progress, { attributes: true });
            it.start();";
        let told = page.client().execute_async(AWAY, vec![]).await?;
        assert_eq!(told, json!([0, true, 1]));
        // The module itself: a figure unmounted on its way tells nothing more.
        const UNMOUNTED: &str = "const [module, trace, done] = arguments;
            (async () => {
                const { Figure } = await (await import(module)).load();
                const text = await (await fetch(trace)).text();
                const told = [];
                const figure = new Figure(document.createElement('div'), JSON.stringify({ trace: text }), (kind) => {
                    told.push(kind);
                    if (told.length !== 2) return;
                    setTimeout(async () => {
                        const before = told.length;
                        figure.unmount();
                        for (let frame = 0; frame < 20; frame += 1) await new Promise(requestAnimationFrame);
                        done([...new Set(told), told.length === before]);
                    });
                });
            })().catch((error) => done(String(error)));";
        let module = json!(format!("{}mmap-playground.js", page.url()));
        let trace = json!(format!("/pages/{name}"));
        let told = page.client().execute_async(UNMOUNTED, vec![module, trace]).await?;
        assert_eq!(told, json!(["progress", true]));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_figure_plays_when_the_reader_has_it_before_them() -> Result<()> {
    let trace = format!("{MAP}\nload(p)\nload(p + PAGE_SIZE)");
    with_page("autoplay", Viewport::DESKTOP, async |page| {
        let attributes = "autoplay=20 loading=eager panels='map console'";
        let body = format!(
            "{}<div style='height: 3000px'></div>{}",
            figure(attributes, &trace),
            figure(attributes, &trace)
        );
        page.open_host(&host(page, &body)).await?;
        all_live(page).await?;
        // The first has played to its end; the second, far below, has not begun.
        wait_until_it(page, 0, "it.step === 3").await?;
        assert_eq!(ask(page, 1, "it.step").await?, json!(0));
        ask(page, 1, "it.scrollIntoView()").await?;
        wait_until_it(page, 1, "it.step === 3").await?;
        page.set_preference("prefers-reduced-motion", "reduce").await?;
        page.open_host(&host(page, &body)).await?;
        all_live(page).await?;
        // Nothing moves by itself now: it stands at its end, and a button plays it.
        assert_eq!(ask(page, 0, "it.step").await?, json!(3));
        const PLAY: &str = "root.querySelector('[data-testid=figure-play]')";
        assert_eq!(ask(page, 0, &format!("{PLAY}.textContent")).await?, json!("Play"));
        const HEAR: &str = "window.heard = [];
            addEventListener('mmap-change', ({ detail }) => heard.push(detail.step));";
        page.eval(HEAR, vec![]).await?;
        ask(page, 0, &format!("{PLAY}.click()")).await?;
        wait_until_it(page, 0, "heard.join() === '0,1,2,3'").await?;
        wait_until_it(page, 0, &format!("{PLAY}.textContent === 'Play'")).await?;
        page.set_preference("prefers-reduced-motion", "no-preference").await
    })
    .await
}

/// What the map shows decides what its legend tells; were the map as high as the legend leaves it,
/// the two would chase each other for ever.
#[tokio::test]
async fn the_map_of_a_narrow_figure_comes_to_rest() -> Result<()> {
    let three = "PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0";
    let trace = format!(
        "a = mmap(NULL, PAGE_SIZE, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
         b = mmap(NULL, PAGE_SIZE, {three})
         mmap(NULL, PAGE_SIZE, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
         munmap(b, PAGE_SIZE)
         mmap(NULL, PAGE_SIZE, PROT_READ|PROT_EXEC, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)"
    );
    with_page("narrow figure", Viewport::PHONE, async |page| {
        page.open_host(&host(page, &figure("", &trace))).await?;
        all_live(page).await?;
        const RESTS: &str = "const done = arguments[0];
            const map = document.querySelector('mmap-playground').shadowRoot.querySelector('canvas.grid');
            let [frames, before, same] = [0, 0, 0];
            const look = () => {
                const fits = Math.abs(map.height - map.clientHeight * devicePixelRatio) < 1.5;
                same = fits && map.height === before ? same + 1 : 0;
                before = map.height;
                frames += 1;
                if (same > 20 || frames > 300) done([same > 20, map.clientHeight > 90]);
                else requestAnimationFrame(look);
            };
            look();";
        let rests = page.client().execute_async(RESTS, vec![]).await?;
        assert_eq!(rests, json!([true, true]));
        page.screenshot("figure-narrow").await
    })
    .await
}

#[tokio::test]
async fn a_frame_takes_its_trace_from_its_address() -> Result<()> {
    with_page("frame address", Viewport::DESKTOP, async |page| {
        const STEPS: &str = "return customElements.whenDefined('mmap-playground')
            .then(() => document.querySelector('mmap-playground')?.ready)
            .then((it) => it?.steps ?? null);";
        for given in
            ["&trace=a%20%3D%20malloc(9)%0Afree(a)", "#trace=a%20%3D%20malloc(9)%0Afree(a)"]
        {
            page.client().goto("about:blank").await?;
            page.client().goto(&format!("{}?embed{given}", page.url())).await?;
            page.wait_until("the frame's figure has its trace", async || {
                Ok(page.eval(STEPS, vec![]).await? == json!(2))
            })
            .await?;
        }
        Ok(())
    })
    .await?;
    // A sandbox whose server does not let it have the modules says so.
    with_page("frame refused", Viewport::DESKTOP, async |page| {
        let html = format!(
            "<!DOCTYPE html><title>A host</title><link rel=icon href='data:,'>
             <iframe title='A figure' sandbox=allow-scripts src='{}?embed'></iframe>",
            page.url()
        );
        page.open_host(&html).await?;
        page.client().enter_frame(0).await?;
        page.wait_for_text("#loading", "This frame may not load the playground").await?;
        page.client().enter_parent_frame().await?;
        page.console_errors().await.map(drop)
    })
    .await
}

/// Compiles `embed/example.ts` against the types that scripts are given, and gives the JavaScript.
fn compiled_example() -> Result<String> {
    let root = xtask::root();
    let out = root.join("target/e2e-types");
    let done = Command::new("node")
        .current_dir(&root)
        .arg(root.join("node_modules/typescript/bin/tsc"))
        .args(["--strict", "--target", "es2022", "--module", "es2022", "--moduleResolution"])
        .args(["bundler", "--lib", "es2022,dom", "--noEmitOnError", "--outDir"])
        .arg(&out)
        .arg("embed/example.ts")
        .output()
        .context("node is missing")?;
    let told = String::from_utf8_lossy(&done.stdout).into_owned();
    anyhow::ensure!(done.status.success(), "embed/example.ts does not fit the types:\n{told}");
    Ok(fs::read_to_string(out.join("example.js"))?)
}

/// What the types promise holds: the same script is checked against them, and run.
#[tokio::test]
async fn a_script_that_fits_the_types_runs() -> Result<()> {
    let script = compiled_example()?;
    with_page("types", Viewport::DESKTOP, async |page| {
        let module = format!("{}mmap-playground.js", page.url());
        let folder = pages_folder().join("types");
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("example.js"), script.replace("./mmap-playground.js", &module))?;
        page.open_host(&host(page, &figure("", MAP))).await?;
        const RUN: &str = "const done = arguments[0];
            import('/pages/types/example.js').then((it) => it.example(document)).then(done, (error) => done(String(error)));";
        let told = page.client().execute_async(RUN, vec![]).await?;
        assert_eq!(
            told,
            json!({
                "signal": "--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_ACCERR, si_addr=0x7ffff7ffb000} ---",
                "protections": ["r--", "rw-"],
                "resident": 0,
                "heap": 100,
                "unread": 1,
                "steps": 3,
            })
        );
        Ok(())
    })
    .await
}
