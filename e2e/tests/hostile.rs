//! What strangers send, in the real page: hundreds of texts that would do harm where they are taken
//! for anything but text, through every door. And a module that traps all the same.

use anyhow::ensure;
use e2e::figures::{MAP, all_live, figure, host};
use e2e::{Page, Result, Viewport, id, with_page};
use serde_json::{Value, json};

/// Texts that mean something to a parser of HTML, of templates, of addresses. What they call counts.
const SHARP: [&str; 48] = [
    "<script>harm++</script>",
    "<img src=x onerror=harm++>",
    "<svg onload=harm++>",
    "<svg><script>harm++</script></svg>",
    "<iframe src='javascript:parent.harm++'></iframe>",
    "<iframe srcdoc='<script>parent.harm++</script>'>",
    "\"><script>harm++</script>",
    "'><img src=x onerror='harm++'>",
    "' onmouseover='harm++",
    "\" autofocus onfocus=\"harm++",
    "</textarea><script>harm++</script>",
    "</title><script>harm++</script>",
    "</style><script>harm++</script>",
    "</pre></code><img src=x onerror=harm++>",
    "<!--><img src=x onerror=harm++>-->",
    "]]><img src=x onerror=harm++>",
    "<details open ontoggle=harm++>",
    "<input autofocus onfocus=harm++>",
    "<video><source onerror=harm++>",
    "<body onload=harm++>",
    "<a href='javascript:harm++'>click</a>",
    "<base href='https://example.invalid/'>",
    "<meta http-equiv=refresh content='0;url=data:,x'>",
    "<link rel=stylesheet href='//example.invalid/x.css'>",
    "<style>*{display:none!important}</style>",
    "<object data='data:text/html,<script>parent.harm++</script>'>",
    "<embed src='javascript:harm++'>",
    "<form action='//example.invalid'><button>x",
    "<template><script>harm++</script></template>",
    "<math><mtext><img src=x onerror=harm++>",
    "<marquee onstart=harm++>x",
    "&lt;img src=x onerror=harm++&gt;",
    "&#60;script&#62;harm++&#60;/script&#62;",
    "\\u003cscript\\u003eharm++\\u003c/script\\u003e",
    "javascript:harm++",
    "JaVaScRiPt\t:harm++",
    "vbscript:harm",
    "data:text/html,<script>harm++</script>",
    "blob:null/harm",
    "file:///etc/passwd",
    "//example.invalid/x",
    "{{constructor.constructor('harm++')()}}",
    "${harm++}",
    "#{harm++}",
    "<%= harm++ %>",
    "{% raw %}{{ harm++ }}",
    "'-harm++-'",
    "`${harm++}`",
];

/// Names that mean something to objects of scripts, numbers that are none, paths that lead out.
const ODD: [&str; 36] = [
    "__proto__",
    "constructor",
    "prototype",
    "toString",
    "hasOwnProperty",
    "valueOf",
    "null",
    "undefined",
    "NaN",
    "Infinity",
    "-0",
    "1e999",
    "-1",
    "0x",
    "0x10000000000000000",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775809",
    "9007199254740993",
    "4294967296",
    "2147483648",
    "0777777777777777777777777",
    "1/0",
    "../../../etc/passwd",
    "..\\..\\windows",
    "C:\\CON",
    "a/b/c",
    "%00",
    "%2e%2e%2f",
    "%s%n%x",
    "$(reboot)",
    "; rm -rf /",
    "' OR 1=1 --",
    "\r\nSet-Cookie: a=b",
    "(((((((((((((((((((((",
    "a=b=c=d",
];

/// Controls of direction, letters without width, tags, marks.
const UNSEEN: [char; 40] = [
    '\u{202a}',
    '\u{202b}',
    '\u{202c}',
    '\u{202d}',
    '\u{202e}',
    '\u{2066}',
    '\u{2067}',
    '\u{2068}',
    '\u{2069}',
    '\u{200e}',
    '\u{200f}',
    '\u{61c}',
    '\u{200b}',
    '\u{200c}',
    '\u{200d}',
    '\u{2060}',
    '\u{feff}',
    '\u{ad}',
    '\u{34f}',
    '\u{180e}',
    '\u{2028}',
    '\u{2029}',
    '\u{85}',
    '\u{a0}',
    '\u{3000}',
    '\u{e0001}',
    '\u{e0041}',
    '\u{fe0f}',
    '\u{fffd}',
    '\u{fffe}',
    '\u{ffff}',
    '\u{10ffff}',
    '\u{d7ff}',
    '\u{e000}',
    '\u{1f468}',
    '\u{5d0}',
    '\u{627}',
    '\u{fdfd}',
    '\u{12031}',
    '\u{7f}',
];

/// More than 200 texts.
fn corpus() -> Vec<String> {
    let mut texts: Vec<String> = SHARP.iter().chain(&ODD).map(|&text| text.to_owned()).collect();
    texts.extend(UNSEEN.iter().map(|letter| format!("a{letter}b; {letter}{letter}free(c)")));
    texts.extend((0..0x20_u8).chain(0x80..0xa0).map(|byte| format!("x{}y", char::from(byte))));
    texts.push(format!("e{}", "\u{301}".repeat(2000)));
    texts.push("9".repeat(5000));
    texts.push(format!("0x{}", "f".repeat(5000)));
    texts.push("a".repeat(50_000));
    texts.push("\u{202e}".repeat(500));
    texts.extend((0..12).map(|depth| "<b>".repeat(1 << depth)));
    assert!(texts.len() >= 200, "{}", texts.len());
    texts
}

/// Lines in which a text stands for whatever a line can hold.
fn lines(text: &str) -> String {
    let quoted = text.replace('\\', "\\\\").replace('"', "\\\"").replace(['\r', '\n'], " ");
    let bare = text.replace(['\r', '\n'], " ");
    format!(
        "# {bare}\n{bare}\nopen(\"{quoted}\", O_RDWR|O_CREAT, 0600)\n\
         memfd_create(\"{quoted}\", 0)\n{bare} = malloc(8) # {bare}\n"
    )
}

/// Counts what texts have called, and what there is on the page of elements that could.
const WATCH: &str = "window.harm ??= 0;
    window.dangerous ??= () => {
        const all = [document, ...[...document.querySelectorAll('*')].map(it => it.shadowRoot)];
        const of = root => root ? [...root.querySelectorAll('script,iframe,object,embed,base,style,meta,link,marquee,video,math,[onerror],[onload],[onfocus],[ontoggle],[onmouseover],a[href^=\"javascript:\" i]')] : [];
        return all.flatMap(of).length;
    };
    window.turning ??= () => {
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        const open = [];
        while (walker.nextNode()) {
            const { data, parentElement } = walker.currentNode;
            if (!/[\\u202a-\\u202e\\u2066-\\u2069]/.test(data) || parentElement.closest('textarea, svg')) continue;
            const bidi = getComputedStyle(parentElement).unicodeBidi;
            if (!['isolate', 'isolate-override', 'plaintext'].includes(bidi)) open.push(parentElement.outerHTML.slice(0, 200));
        }
        return open;
    };
    return window.dangerous();";

/// Fails if something was called, came to be, or turns the writing around it.
async fn harmless(page: &Page, before: &Value, what: &str) -> Result<()> {
    let found =
        page.eval("return [harm, dangerous(), turning(), document.title.length < 200];", vec![]);
    let found = found.await?;
    ensure!(found == json!([0, before, [], true]), "{what}: {found}");
    Ok(())
}

/// Waits until the page has drawn what it has been told.
async fn drawn(page: &Page) -> Result<()> {
    const FRAMES: &str = "const done = arguments[arguments.length - 1];
        requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)));";
    page.client().execute_async(FRAMES, vec![]).await?;
    Ok(())
}

#[tokio::test]
async fn in_the_console() -> Result<()> {
    with_page("hostile console", Viewport::DESKTOP, async |page| {
        page.wait_for(&id("console-input")).await?;
        let before = page.eval(WATCH, vec![]).await?;
        const TYPE: &str = "const area = document.querySelector(arguments[0]);
            area.value = arguments[1];
            area.dispatchEvent(new InputEvent('input', { bubbles: true }));";
        // A text of more than 100,000 bytes would go to the import: see `as_files`.
        let (short, long): (Vec<_>, Vec<_>) = corpus()
            .into_iter()
            .filter(|text| text.len() < 6000)
            .partition(|text| text.len() < 200);
        for texts in short.chunks(16).chain(long.chunks(2)) {
            let text: String = texts.iter().map(|text| lines(text)).collect();
            page.eval(TYPE, vec![json!(id("console-input")), json!(text)]).await?;
            drawn(page).await?;
            harmless(page, &before, "while it is typed").await?;
            page.click(&id("console-run")).await?;
            drawn(page).await?;
            harmless(page, &before, &format!("{:?} …", texts[0])).await?;
        }
        // Something of it ran.
        page.wait_for(&id("console-line")).await?;
        page.screenshot("hostile-console").await?;
        page.eval("dispatchEvent(new Event('beforeprint'));", vec![]).await?;
        harmless(page, &before, "printed").await?;
        page.eval("dispatchEvent(new Event('afterprint'));", vec![]).await.map(drop)
    })
    .await
}

#[tokio::test]
async fn as_links_and_names() -> Result<()> {
    with_page("hostile links", Viewport::DESKTOP, async |page| {
        page.type_into(&id("console-input"), "brk(0)\n").await?;
        page.wait_for(&format!("{}[data-kept=saved]", id("notices"))).await?;
        let before = page.eval(WATCH, vec![]).await?;
        const HASH: &str = "const done = arguments[arguments.length - 1];
            location.hash = arguments[0];
            requestAnimationFrame(() => setTimeout(done));";
        for text in corpus().iter().filter(|text| text.len() < 2000) {
            for start in ["s=", "l=", "trace=", ""] {
                page.client().execute_async(HASH, vec![json!(format!("{start}{text}"))]).await?;
            }
        }
        harmless(page, &before, "as a link").await?;
        page.wait_for_text(&id("step-count"), "1 of 1").await?;

        const RENAME: &str = "const input = document.querySelector(arguments[0]);
            input.value = arguments[1];
            input.dispatchEvent(new Event('change', { bubbles: true }));";
        page.click(&id("sessions-open")).await?;
        page.wait_for(&id("session-name")).await?;
        for text in corpus().iter().step_by(9) {
            page.eval(RENAME, vec![json!(id("session-name")), json!(text)]).await?;
            drawn(page).await?;
            harmless(page, &before, &format!("{text:?} as a name")).await?;
        }
        page.screenshot("hostile-names").await
    })
    .await
}

#[tokio::test]
async fn as_files() -> Result<()> {
    with_page("hostile files", Viewport::DESKTOP, async |page| {
        page.wait_for(&id("console-input")).await?;
        let before = page.eval(WATCH, vec![]).await?;
        const DROP: &str = "const data = new DataTransfer();
            const [name, text, bytes] = arguments;
            data.items.add(new File([text, new Uint8Array(bytes)], name));
            document.querySelector('main').dispatchEvent(
                new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));";
        let all: String = corpus().iter().map(|text| lines(text)).collect();
        let broken = [0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80, 0xf4, 0x90, 0x80, 0x80, 0xe2, 0x80];
        for name in corpus().iter().filter(|name| name.len() < 200).step_by(37) {
            page.eval(DROP, vec![json!(name), json!(all), json!(broken)]).await?;
            page.wait_for(&id("import-summary")).await?;
            harmless(page, &before, &format!("{name:?} as a file")).await?;
            page.click(&id("import-accept")).await?;
            page.wait_until_gone(&id("import-dialog")).await?;
            drawn(page).await?;
            harmless(page, &before, &format!("{name:?} as a session")).await?;
        }
        page.screenshot("hostile-files").await
    })
    .await
}

#[tokio::test]
async fn as_attributes_of_a_figure() -> Result<()> {
    with_page("hostile figures", Viewport::DESKTOP, async |page| {
        page.open_host(&host(page, &figure("panels='map heap walk console timeline'", MAP))).await?;
        all_live(page).await?;
        let before = page.eval(WATCH, vec![]).await?;
        const SET: &str = "const done = arguments[arguments.length - 1];
            const it = document.querySelector('mmap-playground');
            const [texts, traces] = arguments;
            (async () => {
                const frame = () => new Promise(requestAnimationFrame);
                for (const [index, text] of texts.entries()) {
                    for (const name of ['step', 'panels', 'theme', 'height', 'zoom', 'autoplay', 'readonly'])
                        it.setAttribute(name, text);
                    it.querySelector('pre').textContent = traces[index];
                    await frame();
                }
                for (const name of ['step', 'panels', 'theme', 'height', 'zoom', 'autoplay', 'readonly'])
                    it.removeAttribute(name);
                await frame();
                done();
            })();";
        let texts: Vec<String> = corpus().into_iter().filter(|text| text.len() < 5001).collect();
        let traces: Vec<String> = texts.iter().map(|text| lines(text)).collect();
        for (texts, traces) in texts.chunks(40).zip(traces.chunks(40)) {
            page.client().execute_async(SET, vec![json!(texts), json!(traces)]).await?;
            harmless(page, &before, &format!("{:?} …", texts[0])).await?;
        }
        page.screenshot("hostile-figure").await
    })
    .await
}

/// Ruins the module's memory, and has it do something: a trap. `running` is what the journal says is
/// about to run; written in the same script, for the page clears the journal when it has saved.
async fn trap(page: &Page, running: Option<&str>) -> Result<()> {
    const TRAP: &str = "const [console, running] = arguments;
        if (running !== null) localStorage.setItem('mmap-playground.journal', running);
        new Uint8Array(theModule.memory.buffer).fill(0xff);
        document.querySelector(console).dispatchEvent(new InputEvent('input', { bubbles: true }));";
    page.eval(TRAP, vec![json!(id("console-input")), json!(running)]).await?;
    page.wait_for(&id("trap-report")).await?;
    let errors = page.console_errors().await?;
    ensure!(!errors.is_empty(), "a trap is an error in the console");
    Ok(())
}

#[tokio::test]
async fn a_trap_is_told_and_nothing_is_lost() -> Result<()> {
    with_page("trap", Viewport::DESKTOP, async |page| {
        const KEEP: &str =
            "addEventListener('TrunkApplicationStarted', it => (window.theModule = it.detail.wasm));";
        page.run_before_page(KEEP).await?;
        page.reload().await?;
        page.type_into(&id("console-input"), "brk(0)\n").await?;
        page.wait_for(&format!("{}[data-kept=saved]", id("notices"))).await?;

        // Nothing was running.
        trap(page, None).await?;
        ensure!(page.count(&id("trap-without")).await? == 0);
        page.click(&id("trap-reload")).await?;
        page.wait_for_text(&id("step-count"), "1 of 1").await?;

        // A call was: it is left out, and told.
        let running = Some("0 1 1\nmalloc(88)");
        page.eval("window.mmapPanic = 'panicked at a place';", vec![]).await?;
        trap(page, running).await?;
        page.wait_for_text(&id("trap-lines"), "malloc(88)").await?;
        for part in ["mmap playground ./mmap-playground-", "panicked at a place", "malloc(88)"] {
            page.wait_for_text(&id("trap-report"), part).await?;
        }
        page.click("#trap summary").await?;
        for (viewport, name) in [(Viewport::PHONE, "phone"), (Viewport::DESKTOP, "desktop")] {
            page.set_viewport(viewport).await?;
            for theme in ["dark", "light"] {
                page.set_preference("prefers-color-scheme", theme).await?;
                page.screenshot(&format!("trap-{name}-{theme}")).await?;
                page.check_accessibility().await?;
            }
        }
        page.click(&id("trap-without")).await?;
        page.wait_for_text(&id("notice"), "it was not run again: malloc(88)").await?;
        page.wait_for_text(&id("step-count"), "1 of 1").await?;

        // Or it is tried again.
        trap(page, running).await?;
        page.click(&id("trap-reload")).await?;
        page.wait_for_text(&id("step-count"), "2 of 2").await?;
        page.console_errors().await.map(drop)
    })
    .await
}

/// Should something get in all the same, the page's policy stops it.
#[tokio::test]
async fn the_policy_stops_what_would_get_in() -> Result<()> {
    with_page("policy", Viewport::DESKTOP, async |page| {
        page.wait_for(&id("console-input")).await?;
        const GET_IN: &str = "window.harm = 0;
            const script = document.createElement('script');
            script.textContent = 'window.harm++';
            const frame = document.createElement('iframe');
            frame.srcdoc = '<script>parent.harm++</' + 'script>';
            const image = document.createElement('img');
            image.setAttribute('onerror', 'window.harm++');
            image.src = 'data:,';
            const link = document.createElement('a');
            link.href = 'javascript:window.harm++';
            document.body.append(script, frame, image, link);
            link.click();";
        page.eval(GET_IN, vec![]).await?;
        drawn(page).await?;
        ensure!(page.eval("return window.harm;", vec![]).await? == json!(0));
        page.console_errors().await.map(drop)
    })
    .await
}
