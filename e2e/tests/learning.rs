//! Lessons on the page, and the guide beside it: both teach, and both must hold what they promise.

use anyhow::ensure;
use e2e::{Key, Page, Result, Viewport, id, with_page};
use serde_json::json;

/// Chooses an answer and waits for the verdict.
async fn answer(page: &Page, place: usize) -> Result<()> {
    page.click(&id(&format!("lesson-answer-{place}"))).await?;
    page.wait_for(&id("lesson-verdict")).await
}

#[tokio::test]
async fn what_a_lesson_reached_is_kept() -> Result<()> {
    with_page("lesson", Viewport::DESKTOP, async |page| {
        page.click(&id("lessons-open")).await?;
        page.screenshot("learning-1-lessons").await?;
        page.check_accessibility().await?;
        page.click(&id("lesson-address-space")).await?;
        page.wait_for(&id("lesson-question")).await?;
        page.screenshot("learning-2-predict").await?;
        answer(page, 0).await?;
        page.screenshot("learning-3-see").await?;
        page.check_accessibility().await?;
        for place in [1, 1] {
            page.click(&id("lesson-next")).await?;
            answer(page, place).await?;
        }
        page.wait_for_text(&id("lesson-score"), "2 of 3 right").await?;

        // What was reached is there on the next visit.
        page.reload().await?;
        page.click(&id("lessons-open")).await?;
        page.wait_for_text(&id("lesson-address-space"), "2 of 3 right").await
    })
    .await
}

/// On the screens of most laptops, the lesson leaves room for the map that it is about; and whoever
/// answers by keys need not look for the next button.
#[tokio::test]
async fn a_lesson_leaves_the_map_its_room() -> Result<()> {
    for (width, height) in [(1366, 768), (1024, 768), (1280, 720)] {
        let screen = Viewport { width, height, touch: false };
        with_page("lesson room", screen, async |page| {
            page.click(&id("lessons-open")).await?;
            page.click(&id("lesson-mprotect")).await?;
            page.wait_for(&id("lesson-run")).await?;
            let focus = format!("document.querySelector('{}').focus();", id("lesson-run"));
            page.eval(&focus, vec![]).await?;
            // Runs it, and goes on.
            page.press(Key::Enter).await?;
            page.wait_for(&id("lesson-next")).await?;
            page.press(Key::Enter).await?;
            page.wait_for(&id("lesson-answer-1")).await?;
            page.press(Key::Tab).await?;
            page.press(Key::Enter).await?;
            page.wait_for(&id("lesson-verdict")).await?;
            let room = page
                .eval(
                    "const [map, panel] = ['canvas.grid', '.space'].map(it =>
                        document.querySelector(it).getBoundingClientRect());
                     return [map.height, panel.bottom - map.bottom];",
                    vec![],
                )
                .await?;
            let room: Vec<f64> = serde_json::from_value(room)?;
            ensure!(room[0] > 50.0 && room[1] > 0.0, "{width}×{height}: {room:?}");
            Ok(())
        })
        .await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_lesson_of_ones_own_is_sent_as_a_link() -> Result<()> {
    with_page("lesson link", Viewport::DESKTOP, async |page| {
        page.click(&id("lessons-open")).await?;
        page.click(&format!("{} summary", id("lessons-own"))).await?;
        page.eval(
            "window.copied = '';
             navigator.clipboard.writeText = text => { window.copied = text; return Promise.resolve(); };",
            vec![],
        )
        .await?;
        page.click(&id("lessons-copy")).await?;
        page.wait_for_text(&id("lessons-said"), "The link is copied").await?;
        let link = page.eval("return window.copied;", vec![]).await?;
        let fragment = link.as_str().and_then(|link| link.split_once('#')).map(|(_, it)| it);
        // Opened by somebody else.
        let fragment = fragment.unwrap_or_default().to_owned();
        ensure!(fragment.starts_with("lesson="), "{link}");
        page.eval("localStorage.clear();", vec![]).await?;
        page.client().goto("about:blank").await?;
        page.open(&format!("#{fragment}")).await?;
        page.wait_for_text(&id("lesson-title"), "A title").await?;

        // A link that was cut says so, and the page goes on.
        page.client().goto("about:blank").await?;
        page.open(&format!("#{}", &fragment[..fragment.len() / 2])).await?;
        page.wait_for_text(&id("lessons-said"), "The link cannot be opened").await
    })
    .await
}

#[tokio::test]
async fn the_guide_reads_well_without_scripts_and_on_paper() -> Result<()> {
    with_page("guide book", Viewport::DESKTOP, async |page| {
        // Each figure holds its picture and the text of its trace, before anything is loaded.
        let figures = page
            .eval(
                "return fetch('guide/files.html').then(answer => answer.text()).then(text => {
                    const page = new DOMParser().parseFromString(text, 'text/html');
                    return [...page.querySelectorAll('mmap-playground')].map(it =>
                        !!it.querySelector('svg title') && it.querySelector('pre').textContent.includes(' = 0x'));
                });",
                vec![],
            )
            .await?;
        let figures = figures.as_array().cloned().unwrap_or_default();
        ensure!(figures.len() >= 8, "{} figures", figures.len());
        ensure!(figures.iter().all(|figure| *figure == json!(true)), "{figures:?}");
        let address = format!("{}guide/questions.html", page.url());
        page.client().goto(&address).await?;
        ensure!(page.count("main table tbody tr").await? == 40);
        page.screenshot("learning-4-questions").await
    })
    .await
}

#[tokio::test]
async fn the_figures_of_the_guide_are_live() -> Result<()> {
    with_page("guide live", Viewport::DESKTOP, async |page| {
        let address = format!("{}guide/files.html", page.url());
        page.client().goto(&address).await?;
        // Each is scrolled to, one after the other, as a reader does.
        let live = page
            .eval(
                "return customElements.whenDefined('mmap-playground').then(async () => {
                    const live = [];
                    for (const figure of document.querySelectorAll('mmap-playground')) {
                        figure.scrollIntoView();
                        await figure.ready;
                        live.push([figure.step, figure.state.vmas.length > 0]);
                    }
                    return live;
                });",
                vec![],
            )
            .await?;
        let live = live.as_array().cloned().unwrap_or_default();
        ensure!(live.len() >= 8, "{} figures", live.len());
        for figure in &live {
            ensure!(figure[0].as_u64() >= Some(5) && figure[1] == json!(true), "{live:?}");
        }
        let fetched = page
            .eval(
                "return performance.getEntriesByType('resource')
                    .filter(entry => new URL(entry.name).pathname.endsWith('.wasm')).length;",
                vec![],
            )
            .await?;
        ensure!(fetched == json!(1), "the wasm was fetched {fetched} times");
        page.screenshot("learning-5-guide-live").await
    })
    .await
}

#[tokio::test]
async fn one_script_makes_the_blocks_of_any_book_live() -> Result<()> {
    with_page("book script", Viewport::DESKTOP, async |page| {
        // As mdBook writes a block with the info string `mmap step=1 panels=map+console`.
        let html = format!(
            "<!doctype html><title>Book</title><link rel=icon href=data:,><meta name=mmap-playground content='{0}'>
             <pre><code class='language-mmap step=1 panels=map+console'>p = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nload(p)</code></pre>
             <pre><code class='language-c'>int x;</code></pre>
             <script src='{0}mdbook-mmap.js'></script>",
            page.url()
        );
        page.open_host(&html).await?;
        page.wait_for("mmap-playground[step='1'][panels='map console']").await?;
        let steps = page
            .eval(
                "const figure = document.querySelector('mmap-playground');
                 return customElements.whenDefined('mmap-playground').then(() => figure.ready)
                    .then(() => [figure.step, figure.steps]);",
                vec![],
            )
            .await?;
        ensure!(steps == json!([1, 2]), "{steps}");
        ensure!(page.count("code.language-c").await? == 1);
        Ok(())
    })
    .await
}
