//! Figures on other people's pages: plain HTML, rustdoc, frames; strict hosts, and none that run
//! scripts.

use std::fs;
use std::process::Command;

use e2e::figures::{MAP, all_live, ask, click, figure, host, plain_host, wait_until_it};
use e2e::{Context, Page, Result, Viewport, pages_folder, with_page};
use serde_json::{Value, json};

/// A trace of three calls; the last ends in a signal.
fn trace() -> String {
    format!("{MAP}\nmprotect(p, PAGE_SIZE, PROT_READ)\nstore(p, 1)")
}

#[tokio::test]
async fn eight_figures_share_one_module() -> Result<()> {
    with_page("eight figures", Viewport::DESKTOP, async |page| {
        let before = page.requests("_bg.wasm");
        let trace = trace();
        let bodies: Vec<String> = [
            "step=1",
            "panels='map walk' zoom=p",
            "panels='heap console'",
            "panels=frames",
            "panels='inspector timeline' readonly",
            "panels=console step=-1",
            "height=420 theme=dark",
            "panels=map",
        ]
        .iter()
        .map(|attributes| figure(attributes, &trace))
        .collect();
        page.open_host(&host(page, &bodies.join("<p>Text.</p>"))).await?;
        page.eval("localStorage.clear(); sessionStorage.clear();", vec![]).await?;
        all_live(page).await?;
        let fetched = page.requests("_bg.wasm") - before;
        assert!(fetched <= 1, "the wasm was fetched {fetched} times");
        const FETCHED: &str = "return performance.getEntriesByType('resource')
            .filter(it => it.name.endsWith('_bg.wasm')).length;";
        assert_eq!(page.eval(FETCHED, vec![]).await?, json!(1));

        let mut steps = Vec::new();
        for number in 0..8 {
            steps.push(ask(page, number, "[it.step, it.steps, it.state.vmas.length]").await?);
        }
        let end = json!([3, 3, 2]);
        let expected = [json!([1, 3, 1]), end.clone(), end.clone(), end.clone(), end.clone()];
        assert_eq!(steps[..5], expected);
        assert_eq!(steps[5..], [json!([2, 3, 2]), end.clone(), end]);

        // Each is a process of its own, worked by its own buttons.
        click(page, 0, "step-forward").await?;
        wait_until_it(page, 0, "it.step === 2 && it.state.vmas.length === 2").await?;
        assert_eq!(ask(page, 1, "it.step").await?, json!(3));
        // A page that embeds keeps nothing of it, and has its own address and title.
        let kept = "return [localStorage.length, sessionStorage.length, document.title, location.hash, document.documentElement.dataset.theme ?? null];";
        let kept = page.eval(kept, vec![]).await?;
        assert_eq!(kept, json!([0, 0, "A host", "", null]));
        page.check_accessibility().await?;
        page.screenshot("embed-eight").await
    })
    .await
}

#[tokio::test]
async fn a_figure_follows_its_attributes_and_survives_being_moved() -> Result<()> {
    with_page("attributes", Viewport::DESKTOP, async |page| {
        let body = figure("loading=click", &trace());
        page.open_host(&host(page, &body)).await?;
        page.wait_for("mmap-playground:defined").await?;
        assert_eq!(ask(page, 0, "it.state").await?, json!(null));
        assert_eq!(page.count("mmap-playground pre").await?, 1, "the trace stands there");
        page.client().execute("document.querySelector('mmap-playground').shadowRoot.querySelector('button').click()", vec![]).await?;
        wait_until_it(page, 0, "it.step === 3").await?;

        ask(page, 0, "it.setAttribute('step', '1')").await?;
        wait_until_it(page, 0, "it.step === 1").await?;
        ask(page, 0, "it.setAttribute('panels', 'heap')").await?;
        wait_until_it(page, 0, "!root.querySelector('.of-map') && !!root.querySelector('.of-heap')").await?;
        ask(page, 0, "it.querySelector('pre').textContent = 'a = malloc(100)'").await?;
        wait_until_it(page, 0, "it.step === 1 && it.state.heap !== null").await?;

        // What makes no sense is said inside, and the rest works.
        for (name, value) in
            [("step", "many"), ("panels", "mop"), ("theme", "pink"), ("height", "high"), ("zoom", "q")]
        {
            ask(page, 0, &format!("it.setAttribute('{name}', '{value}')")).await?;
            let told = format!("root.querySelector('[part=message] li')?.textContent.includes('{name}=') ?? false");
            wait_until_it(page, 0, &told).await?;
            ask(page, 0, &format!("it.removeAttribute('{name}')")).await?;
            wait_until_it(page, 0, "!root.querySelector('[part=message] li')").await?;
        }

        // Moved, it goes on where it stood; removed, it ends, and comes back as at first.
        ask(page, 0, "void it.run('free(a)')").await?;
        wait_until_it(page, 0, "it.steps === 2").await?;
        page.eval("const it = document.querySelector('mmap-playground'); document.body.append(it);", vec![]).await?;
        assert_eq!(ask(page, 0, "it.steps").await?, json!(2));
        const REMOVE: &str = "window.kept = document.querySelector('mmap-playground'); kept.remove();";
        page.eval(REMOVE, vec![]).await?;
        page.wait_until("it has ended", async || {
            Ok(page.eval("return kept.state;", vec![]).await? == json!(null))
        })
        .await?;
        let left = "return kept.shadowRoot.querySelectorAll('.figure-root').length;";
        assert_eq!(page.eval(left, vec![]).await?, json!(0));
        page.eval("document.body.append(kept); kept.start();", vec![]).await?;
        wait_until_it(page, 0, "it.steps === 1 && it.state.heap !== null").await
    })
    .await
}

/// A figure reads of its trace what it can show, and tells where that ends.
#[tokio::test]
async fn a_trace_without_end_is_told() -> Result<()> {
    with_page("endless", Viewport::DESKTOP, async |page| {
        const ENDLESS: &str = "<script>
            const [real, spaces] = [fetch, new Uint8Array(1 << 20).fill(32)];
            window.fetch = (address, ...rest) => String(address).endsWith('endless')
                ? Promise.resolve(new Response(new ReadableStream({
                    pull: to => to.enqueue(spaces),
                    cancel: () => { window.cancelled = true; },
                })))
                : real(address, ...rest);
            </script>";
        let body = format!("{ENDLESS}{}", figure("loading=eager src=endless", ""));
        page.open_host(&host(page, &body)).await?;
        page.wait_for("mmap-playground:defined").await?;
        let told = "root?.querySelector('[part=message]')?.textContent\
            .includes('it is longer than 128 MiB') ?? false";
        wait_until_it(page, 0, told).await?;
        assert_eq!(page.eval("return window.cancelled;", vec![]).await?, json!(true));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn scripts_of_the_host_work_a_figure_and_hear_of_it() -> Result<()> {
    with_page("events", Viewport::DESKTOP, async |page| {
        let body = format!(
            "{}<script>var heard = [];
             for (const kind of ['ready', 'change', 'fault', 'select'])
               addEventListener('mmap-' + kind, ({{ detail }}) => heard.push([kind, detail]));</script>",
            figure("readonly", MAP)
        );
        page.open_host(&host(page, &body)).await?;
        all_live(page).await?;
        page.eval("const it = document.querySelector('mmap-playground');
             it.run('load(p)\\nstore(p + PAGE_SIZE, 1)\\nstore(1, 1)');", vec![]).await?;
        wait_until_it(page, 0, "heard.filter(it => it[0] === 'fault').length === 3").await?;
        let kinds = "return heard.filter(it => it[0] === 'fault').map(it => [it[1].step, it[1].kind, it[1].address]);";
        assert_eq!(
            page.eval(kinds, vec![]).await?,
            json!([
                [2, "zero-page", "0x7ffff7ffb000"],
                [3, "new-frame", "0x7ffff7ffc000"],
                [4, "signal", "0x1"]
            ])
        );
        assert_eq!(page.eval("return heard[0];", vec![]).await?[0], "ready");
        ask(page, 0, "it.step = 1").await?;
        let last = "return heard.filter(it => it[0] === 'change').at(-1)[1].step;";
        page.wait_until("the step is heard of", async || {
            Ok(page.eval(last, vec![]).await? == json!(1))
        })
        .await?;
        // Readers of this one may only look.
        assert_eq!(ask(page, 0, "root.querySelector('textarea')").await?, json!(null));
        // The model by itself.
        const MODEL: &str = "const done = arguments[1];
            import(arguments[0]).then(it => it.load()).then(({ Model }) => {
                const model = new Model();
                const ran = JSON.parse(model.run('a = malloc(10)\\nmun(\\nfree(a)'));
                done([ran.steps.length, ran.errors.length, model.step, JSON.parse(model.state()).heap.in_use,
                    model.svg().startsWith('<svg'),
                    new Model('1000-3000 rw-p 00000000 00:00 0\\n').maps().includes(' rw-p ')]);
            }, error => done(String(error)));";
        let module = json!(format!("{}mmap-playground.js", page.url()));
        let model = page.client().execute_async(MODEL, vec![module]).await?;
        assert_eq!(model, json!([2, 1, 2, 0, true, true]));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_figure_is_as_light_or_dark_as_the_page_behind_it() -> Result<()> {
    with_page("two themes", Viewport::PHONE, async |page| {
        page.open_host(&host(page, &figure("", &trace()))).await?;
        all_live(page).await?;
        let ground = "getComputedStyle(root.querySelector('.figure')).backgroundColor";
        let light = ask(page, 0, ground).await?;
        page.check_accessibility().await?;
        page.screenshot("embed-light").await?;
        page.eval("document.documentElement.className = 'dark';", vec![]).await?;
        wait_until_it(page, 0, &format!("{ground} !== {light}")).await?;
        assert_eq!(ask(page, 0, ground).await?, json!("rgb(18, 20, 23)"));
        page.check_accessibility().await?;
        page.screenshot("embed-dark").await?;
        ask(page, 0, "it.setAttribute('theme', 'light')").await?;
        wait_until_it(page, 0, &format!("{ground} === {light}")).await?;
        // The host's own colours reach inside.
        ask(page, 0, "it.style.setProperty('--mmap-ground', 'rgb(1, 2, 3)')").await?;
        assert_eq!(ask(page, 0, ground).await?, json!("rgb(1, 2, 3)"));
        Ok(())
    })
    .await
}

/// What the README tells hosts with a policy to allow, for a playground on their own host.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
    style-src-attr 'unsafe-inline'; connect-src 'self'; img-src 'self' data:";

#[tokio::test]
async fn a_strict_policy_needs_no_more_than_is_documented() -> Result<()> {
    let readme = fs::read_to_string(xtask::root().join("README.md"))?;
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words(&readme).contains(&words(POLICY)), "README.md has another policy");
    with_page("strict policy", Viewport::DESKTOP, async |page| {
        let body = figure("panels='map heap walk console timeline'", &trace());
        page.open_host_with_policy(&plain_host(page, &body), POLICY).await?;
        all_live(page).await?;
        // Styles reach inside, those of attributes too.
        let left = "[...root.querySelectorAll('.strip-vma')].some(it => it.style.width !== '')";
        assert_eq!(ask(page, 0, left).await?, json!(true));
        // Nothing was refused: that would be an error in the console.
        Ok(())
    })
    .await?;
    with_page("no wasm", Viewport::DESKTOP, async |page| {
        let policy = POLICY.replace(" 'wasm-unsafe-eval'", "");
        page.open_host_with_policy(&plain_host(page, &figure("", &trace())), &policy).await?;
        let told = "(it.start?.().catch(() => {}), root?.querySelector('[part=message]')?.textContent.includes('cannot run here') ?? false)";
        wait_until_it(page, 0, told).await?;
        assert!(page.text("mmap-playground pre").await?.contains("mprotect"));
        page.console_errors().await.map(drop)
    })
    .await
}

#[tokio::test]
async fn without_scripts_the_trace_and_the_picture_stand_there() -> Result<()> {
    with_page("without scripts", Viewport::DESKTOP, async |page| {
        let picture = "<img alt='Two VMAs' src='data:image/svg+xml,%3Csvg xmlns=\"http://www.w3.org/2000/svg\" width=\"40\" height=\"40\"/%3E'>";
        let body = format!("<mmap-playground>{picture}<pre>{}</pre></mmap-playground>", trace());
        page.let_scripts_run(false).await?;
        page.open_host(&host(page, &body)).await?;
        let shown = page.find("mmap-playground pre").await?;
        let (shown, text) = (shown.is_displayed().await?, shown.text().await?);
        let picture = page.find("mmap-playground img").await?.is_displayed().await?;
        page.let_scripts_run(true).await?;
        assert!(shown && picture, "{shown} {picture}");
        assert!(text.contains("mprotect"));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn blocks_of_rustdoc_become_figures() -> Result<()> {
    let folder = pages_folder().join("rustdoc");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    fs::write(
        folder.join("demo.rs"),
        "#![crate_type = \"lib\"]\n//! A crate.\n//!\n//! ```mmap\n//! a = malloc(100)\n//! free(a)\n//! ```\n",
    )?;
    with_page("rustdoc", Viewport::DESKTOP, async |page| {
        let header = fs::read_to_string(xtask::root().join("embed/rustdoc-header.html"))?;
        // From another host, as that of docs would be.
        let header = header.replace(
            "https://example.org/playground/",
            &page.shared_url().replace("127.0.0.1", "localhost"),
        );
        fs::write(folder.join("header.html"), header)?;
        let done = Command::new("rustdoc")
            .current_dir(&folder)
            .args(["demo.rs", "--html-in-header", "header.html", "-o", "doc"])
            .output()?;
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        page.open_page("rustdoc/doc/demo/index.html").await?;
        page.wait_for("mmap-playground").await?;
        all_live(page).await?;
        assert_eq!(ask(page, 0, "[it.step, it.state.heap !== null]").await?, json!([2, true]));
        let wide = "root.querySelector('.figure').offsetWidth > 500";
        assert_eq!(ask(page, 0, wide).await?, json!(true));
        page.screenshot("embed-rustdoc").await?;
        // rustdoc's own pages miss files that this host has not.
        page.console_errors().await.map(drop)
    })
    .await
}

/// A host that speaks with a frame, and keeps what it hears in `heard`.
fn frame_host(address: &str, sandbox: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=en><meta charset=utf-8><title>A host</title><link rel=icon href='data:,'>
         <script>var heard = [];
           addEventListener('message', ({{ data }}) => heard.push(data));
           var say = (message) => document.querySelector('iframe').contentWindow.postMessage(
             {{ to: 'mmap-playground', ...message }}, '*');</script>
         <iframe title='A figure' width=900 height=600 {sandbox} src=\"{address}\"></iframe></html>"
    )
}

async fn heard(page: &Page, kind: &str) -> Result<Value> {
    let script = "return heard.find(it => it.type === arguments[0]) ?? null;";
    page.wait_until(&format!("{kind} is heard"), async || {
        Ok(page.eval(script, vec![json!(kind)]).await? != json!(null))
    })
    .await?;
    page.eval(script, vec![json!(kind)]).await
}

#[tokio::test]
async fn a_frame_speaks_with_allowed_hosts_and_refuses_others() -> Result<()> {
    with_page("frame", Viewport::DESKTOP, async |page| {
        let address = format!("{}?embed&panels=map,console&trace=brk(0)", page.url());
        // Its own host, in a sandbox or not, needs no permission.
        page.open_host(&frame_host(&address, "")).await?;
        page.eval("document.querySelector('iframe').addEventListener('load', () => say({ type: 'listen', id: 1 }));", vec![]).await?;
        heard(page, "hello").await?;
        page.eval("say({ type: 'listen', id: 2 });", vec![]).await?;
        let listening = heard(page, "listen").await?;
        assert_eq!((&listening["from"], &listening["steps"]), (&json!("mmap-playground"), &json!(1)));
        page.eval("say({ type: 'trace', id: 3, trace: arguments[0], step: 1 });", vec![json!(trace())]).await?;
        let shown = heard(page, "trace").await?;
        assert_eq!((&shown["id"], &shown["step"], &shown["steps"]), (&json!(3), &json!(1), &json!(3)));
        page.eval("say({ type: 'step', step: 3 });", vec![]).await?;
        heard(page, "change").await?;
        assert_eq!(heard(page, "fault").await?["kind"], "signal");
        page.eval("say({ type: 'state' }); say({ type: 'dance' }); say({ type: 'trace', trace: 5 });", vec![]).await?;
        assert_eq!(heard(page, "state").await?["state"]["vmas"].as_array().map(Vec::len), Some(2));
        assert!(heard(page, "error").await?["error"].as_str().is_some_and(|it| it.contains("dance")));

        // Another host is refused, unless the frame's address allows it.
        page.open_other_host(&frame_host(&address, "")).await?;
        heard(page, "hello").await?;
        page.eval("say({ type: 'listen', id: 7 });", vec![]).await?;
        let refused = heard(page, "refused").await?;
        assert_eq!(refused["id"], 7);
        let other = page.eval("return location.origin;", vec![]).await?;
        let other = other.as_str().context("an origin")?;
        assert!(refused["error"].as_str().is_some_and(|it| it.contains(&format!("allow={other}"))));
        let silent = "return heard.some(it => it.type === 'change' || it.type === 'listen');";
        assert_eq!(page.eval(silent, vec![]).await?, json!(false));
        page.open_other_host(&frame_host(&format!("{address}&allow={other}"), "")).await?;
        heard(page, "hello").await?;
        page.eval("say({ type: 'run', lines: 'malloc(1)' });", vec![]).await?;
        assert_eq!(heard(page, "run").await?["steps"], 2);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_sandboxed_frame_works_without_its_origin() -> Result<()> {
    with_page("sandbox", Viewport::DESKTOP, async |page| {
        let address = format!("{}?embed&trace=a%20%3D%20malloc(9)", page.shared_url());
        page.open_host(&frame_host(&address, "sandbox=allow-scripts")).await?;
        heard(page, "hello").await?;
        page.eval("say({ type: 'state' });", vec![]).await?;
        assert!(heard(page, "state").await?["state"]["heap"].is_object());
        page.screenshot("embed-sandbox").await
    })
    .await
}
