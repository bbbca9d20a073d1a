//! What of the page is in sight together, and that it stays where it is.

use serde_json::{Value, json};
use tests::Page;
use tests::browser::{Browser, DESKTOP, PHONE};
use tests::workspace::lessons;

/// Lower edges in pixels of the window, and how far the page is scrolled.
const EDGES: &str = "
    const box = id => document.getElementById(id).getBoundingClientRect();
    const transport = document.querySelector('.transport').getBoundingClientRect();
    return {
        stage: box('stage').top,
        transport: transport.bottom,
        from: box('explain').top,
        explain: box('explain').bottom,
        height: innerHeight,
        scrolled: scrollY,
    };
";

/// Takes the page through all steps and returns the step at which `CHECK` was not true,
/// with what it returned. A step is drawn in the next frame; what observers of sizes change
/// at the first and at the last one comes in the frame behind it.
const WALK: &str = "
    const press = key => window.dispatchEvent(new KeyboardEvent('keydown', {key}));
    const frame = () => new Promise(requestAnimationFrame);
    const steps = Number(document.getElementById('scrubber').max);
    press('Home');
    for (let step = 0; step <= steps; step++) {
        await frame();
        if (step === 0 || step === steps) await frame();
        const found = CHECK();
        if (found) return `step ${step}: ${found}`;
        press('ArrowRight');
    }
    return '';
";

async fn walk(page: &Page, check: &str) -> Value {
    let walk = WALK.replace("CHECK", &format!("({check})"));
    page.script(&format!("return (async () => {{ {walk} }})()"))
        .await
}

fn number(edges: &Value, name: &str) -> f64 {
    edges[name]
        .as_f64()
        .unwrap_or_else(|| panic!("no {name}: {edges}"))
}

#[tokio::test]
async fn on_a_desktop_stage_transport_and_explanation_are_in_sight_together() {
    let serve = super::serve();
    let page = Page::start().await;
    let low = Browser::with((1440, 757), "en-US").await;
    let low = Page { browser: low };
    for lesson in lessons() {
        for page in [&page, &low] {
            page.next_lesson(&serve, &lesson).await;
            let edges = page.script(EDGES).await;
            assert!(number(&edges, "stage") > 0.0, "{lesson}: {edges}");
            let check = "() => {
                const bottom = document.getElementById('explain').getBoundingClientRect().bottom;
                const stage = document.getElementById('stage').clientHeight;
                const canvas = document.getElementById('canvas').clientHeight;
                if (scrollY > 0) return `scrolled by ${scrollY}`;
                if (bottom > innerHeight) return `the explanation ends at ${bottom}`;
                if (stage > canvas + 1) return `${stage} pixels for rows of ${canvas}`;
            }";
            assert_eq!(walk(page, check).await, "", "{lesson}");
        }
    }
}

/// How much of the rows is in the stage, where there is more, and what is in sight of the
/// page with it.
const STAGE: &str = "
    const stage = document.getElementById('stage');
    const frame = () => new Promise(requestAnimationFrame);
    await frame(); await frame();
    return {
        above: stage.dataset.moreAbove,
        below: stage.dataset.moreBelow,
        hidden: stage.scrollHeight - stage.clientHeight,
        explain: document.querySelector('.explain').getBoundingClientRect().bottom - innerHeight,
    };
";

#[tokio::test]
async fn in_a_low_window_the_rows_move_together() {
    let serve = super::serve();
    let browser = Browser::with((1440, 757), "en-US").await;
    let page = Page { browser };
    page.open_lesson(&serve, "five-sends").await;
    for (height, least) in [(757, 240.0), (1000, 390.0)] {
        page.browser.resize(1440, height).await;
        let script = format!("return (async () => {{ {STAGE} }})()");
        let stage = page.script(&script).await;
        // All rows and all of the explanation.
        assert!(number(&stage, "hidden") <= 0.0, "{height}: {stage}");
        assert!(number(&stage, "explain") <= 0.0, "{height}: {stage}");
        let tall = "return document.getElementById('canvas').clientHeight";
        let tall = page.script(tall).await.as_f64().expect("a height");
        assert!((least..least + 30.0).contains(&tall), "{height}: {tall}");
    }
}

#[tokio::test]
async fn a_stage_that_scrolls_shows_where_there_is_more() {
    let serve = super::serve();
    let page = Page::start().await;
    page.open_lesson(&serve, "two-authenticated").await;
    for (top, above, below) in [
        (0, "false", "true"),
        (60, "true", "true"),
        (9999, "true", "false"),
    ] {
        let script = format!(
            "return (async () => {{
                document.getElementById('stage').scrollTop = {top};
                {STAGE}
            }})()"
        );
        let stage = page.script(&script).await;
        assert_eq!(stage["above"], above, "{top}: {stage}");
        assert_eq!(stage["below"], below, "{top}: {stage}");
    }
    // Where all of it is in sight, nothing is marked.
    page.open_lesson(&serve, "five-sends").await;
    let stage = page
        .script(&format!("return (async () => {{ {STAGE} }})()"))
        .await;
    assert_eq!(
        (&stage["above"], &stage["below"]),
        (&json!("false"), &json!("false"))
    );
}

#[tokio::test]
async fn on_a_telephone_run_brings_the_stage_into_sight() {
    let serve = super::serve();
    let browser = Browser::with((360, 740), "en-US").await;
    let page = Page { browser };
    let is_whole = "
        const stage = document.getElementById('stage').getBoundingClientRect();
        const controls = document.getElementById('controls').getBoundingClientRect();
        return stage.top >= 0 && stage.bottom <= controls.top;";
    page.open(&serve, "lesson=five-sends").await;
    // One reads the question first.
    assert_eq!(page.script("return scrollY").await, json!(0));
    assert_eq!(page.script(is_whole).await, json!(false));
    page.click("#run").await;
    page.until_over().await;
    let script = format!(
        "return (async () => {{
            const frame = () => new Promise(requestAnimationFrame);
            const see = () => {{ {is_whole} }};
            const has_focus = () => document.activeElement.id === 'run';
            for (let at = 0; at < 600 && !(see() && has_focus()); at++) await frame();
            return [see(), document.activeElement.id];
        }})()"
    );
    // The focus stays where it was.
    assert_eq!(page.script(&script).await, json!([true, "run"]));
}

#[tokio::test]
async fn where_the_stage_scrolls_the_rows_of_the_current_event_are_in_sight() {
    let serve = super::serve();
    let page = Page::start().await;
    let mut scrolled = false;
    for lesson in ["two-authenticated", "one-at-a-time"] {
        page.open_lesson(&serve, lesson).await;
        // The cursor's line goes through its rows.
        let check = "() => {
            const stage = document.getElementById('stage');
            window.lowest = Math.max(window.lowest ?? 0, stage.scrollTop);
        }";
        assert_eq!(walk(&page, check).await, "", "{lesson}");
        let lowest = page.script("return window.lowest").await;
        scrolled |= lowest.as_f64().is_some_and(|lowest| lowest > 100.0);
    }
    assert!(scrolled, "the second client's rows are below the first's");
}

#[tokio::test]
async fn on_a_telephone_the_explanation_stays_in_sight_while_stepping() {
    let serve = super::serve();
    let browser = Browser::with(PHONE, "en-US").await;
    let page = Page { browser };
    for lesson in ["five-sends", "two-authenticated"] {
        page.open_lesson(&serve, lesson).await;
        for place in ["0", "document.getElementById('stage').offsetTop - 8"] {
            page.script(&format!("window.scrollTo(0, {place})")).await;
            let check = "() => {
                const {top, bottom} = document.getElementById('explain').getBoundingClientRect();
                if (top < 0 || top + 40 > innerHeight) return `from ${top} to ${bottom}`;
            }";
            assert_eq!(walk(&page, check).await, "", "{lesson} at {place}");
        }
    }
}

/// Adds up all layout shifts since the page was loaded (Layout Instability API), and
/// keeps the largest with what was moved. Nothing that is done here counts as input,
/// so none is left out.
const SHIFTS: &str = "
    window.shifts = [];
    const place = ({x, y, width, height}) => [x, y, width, height].map(Math.round).join(' ');
    new PerformanceObserver(list => {
        for (const {value, sources} of list.getEntries()) window.shifts.push({
            value,
            moved: sources.map(({node, previousRect, currentRect}) => `${node?.id || node?.className
                || node?.nodeName}: ${place(previousRect)} to ${place(currentRect)}`),
        });
    }).observe({type: 'layout-shift', buffered: true});
";

/// What [`SHIFTS`] has found.
const SHIFTED: &str = "
    const sum = window.shifts.reduce((sum, {value}) => sum + value, 0);
    const largest = window.shifts.toSorted((a, b) => b.value - a.value).slice(0, 4);
    return {sum, largest};
";

/// Opens lessons in a window of this size, runs them, steps through them, and adds up
/// what moved.
async fn check_shifts(size: (u32, u32)) {
    let serve = super::serve();
    let browser = Browser::with(size, "en-US").await;
    let page = Page { browser };
    // One connection and two, short texts and long ones, many bytes and few.
    for lesson in [
        "udp-echo",
        "five-sends",
        "short-send",
        "accept-queue",
        "slow-loris",
        "reflect-it",
    ] {
        page.open(&serve, &format!("lesson={lesson}")).await;
        page.script(SHIFTS).await;
        if page.see().await.rows.is_empty() {
            page.script("document.getElementById('run').click()").await;
        }
        page.until_over().await;
        assert_eq!(walk(&page, "() => {}").await, "", "{lesson}");
        let shifted = page.script(SHIFTED).await;
        let sum = number(&shifted, "sum");
        assert!(sum <= 0.05, "{lesson} at {size:?}: {shifted:#}");
    }
}

#[tokio::test]
async fn nothing_moves_while_a_lesson_opens_runs_and_is_stepped_through() {
    check_shifts(DESKTOP).await;
}

#[tokio::test]
async fn nothing_moves_on_a_telephone_either() {
    check_shifts(PHONE).await;
}

#[tokio::test]
async fn the_list_of_lessons_ends_with_the_window() {
    let serve = super::serve();
    let page = Page::start().await;
    page.open_lesson(&serve, "five-sends").await;
    let script = "
        const {top, bottom} = document.getElementById('lessons').getBoundingClientRect();
        return [top > 0, bottom <= innerHeight];";
    assert_eq!(page.script(script).await, json!([true, true]));
}

#[tokio::test]
async fn the_current_row_is_in_sight_after_the_window_has_another_size() {
    let serve = super::serve();
    let browser = Browser::with((1920, 1400), "en-US").await;
    let page = Page { browser };
    page.open_lesson(&serve, "two-authenticated").await;
    let middle = "
        const rows = document.querySelectorAll('#events tr').length;
        document.querySelectorAll('#events tr')[Math.floor(rows * 0.6)].click();";
    page.script(middle).await;
    for (width, height) in [(1920, 700), (1100, 900), (1440, 800)] {
        page.browser.resize(width, height).await;
        let script = "
            return (async () => {
                const box = e => e.getBoundingClientRect();
                const frame = () => new Promise(requestAnimationFrame);
                const see = () => {
                    // A row out of sight is no element.
                    const current = document.querySelector('#events [aria-current=step]');
                    if (!current) return false;
                    const row = box(current);
                    const panel = box(document.getElementById('events-scroll'));
                    return row.top >= panel.top && row.bottom <= panel.bottom + 1;
                };
                for (let at = 0; at < 100 && !see(); at++) await frame();
                return see();
            })()";
        assert_eq!(page.script(script).await, json!(true), "{width} × {height}");
    }
}

/// Cells of the table of events whose text reaches into the next column's.
const COLLISIONS: &str = "
    const box = cell => {
        const range = document.createRange();
        range.selectNodeContents(cell);
        return range.getBoundingClientRect();
    };
    return [...document.querySelectorAll('#events tr')].flatMap(row => {
        const cells = [...row.cells].slice(0, 4);
        const meet = (one, other) => one.right > other.left && one.top < other.bottom && other.top < one.bottom;
        return cells.slice(1)
            .filter((cell, at) => meet(box(cells[at]), box(cell)))
            .map(cell => `${cell.previousSibling.textContent}|${cell.textContent}`);
    });
";

#[tokio::test]
async fn times_do_not_reach_into_the_next_column() {
    let serve = super::serve();
    // Each of them has another width of the table.
    for size in [PHONE, (1200, 900), DESKTOP, (1920, 1080)] {
        let browser = Browser::with(size, "en-US").await;
        let page = Page { browser };
        page.open(&serve, "lesson=five-sends&hold=1100&step=0")
            .await;
        let seen = page.until_over().await;
        let mut rows = seen.rows.iter();
        assert!(rows.any(|row| row.text.contains("+1")), "{:?}", seen.rows);
        assert_eq!(page.script(COLLISIONS).await, json!([]), "{size:?}");
    }
}

#[tokio::test]
async fn no_two_landmarks_have_one_name() {
    let serve = super::serve();
    let page = Page::start().await;
    page.open_lesson(&serve, "five-sends").await;
    let script = "
        const named = e => e.getAttribute('aria-label')
            ?? document.getElementById(e.getAttribute('aria-labelledby'))?.textContent ?? '';
        const landmarks = 'main, nav, section[aria-labelledby], [role=region], [role=navigation]';
        const names = [...document.querySelectorAll(landmarks)].filter(e => e.checkVisibility())
            .map(e => `${e.tagName === 'SECTION' ? 'region' : e.role ?? e.tagName} ${named(e)}`);
        return names.filter((name, at) => names.indexOf(name) !== at);";
    assert_eq!(page.script(script).await, json!([]));
}

#[tokio::test]
async fn what_has_not_happened_yet_can_be_read() {
    let serve = super::serve();
    let page = Page::start().await;
    page.open_lesson(&serve, "five-sends").await;
    // WCAG 2.2, contrast ratio, of the labels as they are painted over the stage.
    let script = "
        const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
        const style = getComputedStyle(document.getElementById('canvas'));
        const probe = document.body.appendChild(document.createElement('i'));
        const pixel = (colour, alpha) => {
            probe.style.color = colour;
            canvas.globalAlpha = alpha;
            canvas.fillStyle = getComputedStyle(probe).color;
            canvas.fillRect(0, 0, 1, 1);
            return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
        };
        const light = colour => colour.map(v => v / 255)
            .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
            .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
        const alpha = Number(style.getPropertyValue('--ghost-text-alpha'));
        const ratios = ['--ink-muted', '--ink-bad'].map(ink => {
            const ground = light(pixel('var(--ink-ground)', 1));
            const text = light(pixel(`var(${ink})`, alpha));
            return (Math.max(ground, text) + 0.05) / (Math.min(ground, text) + 0.05);
        });
        probe.remove();
        return Math.min(...ratios);";
    for theme in ["light", "dark"] {
        page.choose_theme(theme).await;
        let ratio = page.script(script).await;
        assert!(
            ratio.as_f64().is_some_and(|ratio| ratio >= 4.5),
            "{theme}: {ratio}"
        );
    }
}
