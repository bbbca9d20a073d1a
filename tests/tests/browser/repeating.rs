//! An experiment two hundred times: its progress, its histograms, and a run behind a bar.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::browser::{Browser, PHONE};
use tests::{Page, axe};
use thirtyfour::Key;

use super::looks::choose_language;
use super::narrow::WIDER;

/// How long two hundred processes may take on a machine that does other things, too.
const PATIENCE: Duration = Duration::from_mins(4);

/// Waits until a script gives this.
async fn until(page: &Page, script: &str, expected: &Value) {
    let is_it = |returned: &Value| returned == expected;
    page.until_returned_within(PATIENCE, script, script, is_it)
        .await;
}

/// The runs of the bars of how many calls there were and of how long they took, by the numbers
/// beside them. Of sequences of sizes only the most frequent have a bar.
const SUMS: &str = "
    const charts = [...document.querySelectorAll('.chart:not([hidden])')];
    return [charts[0], charts.at(-1)].map(chart =>
        [...chart.querySelectorAll('.chart-count')]
            .reduce((sum, count) => sum + parseInt(count.textContent), 0))";

#[tokio::test]
async fn two_hundred_runs_are_a_histogram_whose_bars_open_runs() {
    let serve = super::serve();
    let page = Page {
        browser: Browser::with(PHONE, "en-US").await,
    };
    page.open(&serve, "#lesson=five-sends&read-delay=0").await;
    page.until("the question", |seen| !seen.text("question").is_empty())
        .await;
    // What is guessed of all of them, and the button, by the keyboard alone.
    page.script("document.querySelector('#forecast').open = true")
        .await;
    page.click("[data-forecast='1']").await;
    page.press("150").await;
    page.press(Key::Tab).await;
    let left = "return document.querySelector('#forecast-left').textContent";
    until(&page, left, &json!("50 runs left")).await;
    page.script("document.querySelector('#repeat').focus()")
        .await;
    page.press(Key::Enter).await;
    let is_going = "return document.querySelector('#series-stop').checkVisibility()";
    until(&page, is_going, &json!(true)).await;
    let title = "return document.querySelector('#series-title').textContent";
    until(&page, title, &json!("200 runs")).await;
    assert_eq!(page.script(is_going).await, json!(false));
    assert_eq!(page.script(SUMS).await, json!([200, 200]));
    let said = page
        .script(
            "return [...document.querySelectorAll('#series-claims li')].map(li => li.textContent)",
        )
        .await;
    let said = said.to_string();
    assert!(
        said.contains("of 200 runs") && said.contains("Your guess was right about"),
        "{said}"
    );

    // A bar opens its run, which is stepped through as any.
    let bar = ".chart:not([hidden]) [data-outcome]:not([data-outcome=''])";
    page.script(&format!("document.querySelector(\"{bar}\").focus()"))
        .await;
    page.press(Key::Enter).await;
    let seen = page
        .until("the run", |seen| {
            seen.rows.iter().any(|row| row.call == "recv")
        })
        .await;
    assert_eq!(seen.step(), 0);
    let current = "return document.activeElement.ariaCurrent";
    until(&page, current, &json!("true")).await;
    page.script("document.activeElement.blur()").await;
    page.press(Key::End).await;
    page.until_step(seen.rows.len()).await;

    for width in [390, 1440] {
        page.browser.resize(width, 900).await;
        for language in ["zh", "en"] {
            choose_language(&page, language).await;
            assert_eq!(page.script(WIDER).await, json!([]), "{language} at {width}");
        }
        for theme in ["light", "dark"] {
            page.choose_theme(theme).await;
            assert_eq!(page.script(&axe::script()).await, json!([]), "{theme}");
            page.script("document.querySelector('#series').scrollIntoView()")
                .await;
            page.picture(&format!("series-{width}-{theme}")).await;
        }
    }
}

/// Where the guess stands beside the button, and how much room the question has.
const PLACES: &str = "
    const box = id => document.getElementById(id).getBoundingClientRect();
    const [button, guess, ask] = [box('repeat'), box('forecast'),
        document.querySelector('.ask').getBoundingClientRect()];
    return {below: guess.top >= button.bottom, left: guess.left === button.left,
        within: Math.max(button.bottom, guess.bottom) <= ask.bottom + 1, wide: ask.width};
";

#[tokio::test]
async fn a_guess_of_many_runs_has_any_number_and_no_more_runs_than_there_are() {
    let serve = super::serve();
    let page = Page::start().await;
    page.open(&serve, "#lesson=five-sends").await;
    page.until("the question", |seen| !seen.text("question").is_empty())
        .await;
    // On a desktop it stands below the button, and takes no room from the question.
    let places = page.script(PLACES).await;
    for place in ["below", "left", "within"] {
        assert_eq!(places[place], json!(true), "{place}: {places}");
    }
    page.script("document.querySelector('#forecast').open = true")
        .await;
    page.click("#forecast-other").await;
    page.press("3").await;
    page.press(Key::Enter).await;
    let focused = "return document.activeElement.dataset.forecast ?? ''";
    until(&page, focused, &json!("3")).await;
    page.press("150").await;
    page.press(Key::Tab).await;
    let left = "return document.querySelector('#forecast-left').textContent";
    until(&page, left, &json!("50 runs left")).await;
    page.click("[data-forecast='1']").await;
    page.press("60").await;
    page.press(Key::Enter).await;
    let told = "const field = document.querySelector(\"[data-forecast='1']\");
        const at = document.getElementById(field.getAttribute('aria-describedby') ?? '');
        return [field.value, field.ariaInvalid, at?.textContent ?? ''];";
    let expected = json!(["60", "true", "more than the 50 runs left: not counted"]);
    until(&page, told, &expected).await;
    until(&page, left, &json!("50 runs left")).await;
    for theme in ["light", "dark"] {
        page.choose_theme(theme).await;
        assert_eq!(page.script(&axe::script()).await, json!([]), "{theme}");
    }
    for width in [390, 1440] {
        page.browser.resize(width, 900).await;
        assert_eq!(page.script(WIDER).await, json!([]), "{width}");
    }
    page.click("[data-forecast='1']").await;
    page.script("document.activeElement.select()").await;
    page.press("50").await;
    page.press(Key::Enter).await;
    until(&page, told, &json!(["50", "false", ""])).await;
    until(&page, left, &json!("0 runs left")).await;
}

#[tokio::test]
async fn a_number_that_cannot_be_guessed_about_is_told() {
    let serve = super::serve();
    let page = Page::start().await;
    page.open(&serve, "#lesson=five-sends").await;
    page.until("the question", |seen| !seen.text("question").is_empty())
        .await;
    page.script("document.querySelector('#forecast').open = true")
        .await;
    let told = "const field = document.getElementById('forecast-other');
        const at = document.getElementById(field.getAttribute('aria-describedby') ?? '');
        return [field.value, field.ariaInvalid, at?.checkVisibility() ? at.textContent : ''];";
    let why = "not a whole number from 0 to 9,999,999";
    for (typed, left) in [
        ("10000000", "10000000"),
        ("-1", "-1"),
        ("1.5", "1.5"),
        ("1e", ""),
    ] {
        page.click("#forecast-other").await;
        page.script("document.activeElement.select()").await;
        page.press(typed).await;
        page.press(Key::Enter).await;
        until(&page, told, &json!([left, "true", why])).await;
    }
    for theme in ["light", "dark"] {
        page.choose_theme(theme).await;
        assert_eq!(page.script(&axe::script()).await, json!([]), "{theme}");
    }
    // One that is there already has the focus then.
    page.script("document.getElementById('forecast-other').select()")
        .await;
    page.press("1").await;
    page.press(Key::Enter).await;
    until(&page, told, &json!(["", "false", ""])).await;
    let focused = "return document.activeElement.dataset.forecast ?? ''";
    until(&page, focused, &json!("1")).await;
    // What is being typed about a number goes with the lesson, and complains of nothing.
    page.click("#forecast-other").await;
    page.press("3").await;
    page.press(Key::Enter).await;
    until(&page, focused, &json!("3")).await;
    page.press("9").await;
    page.script("location.hash = '#lesson=tcp-echo'").await;
    let fields = "return [...document.querySelectorAll('[data-forecast]')]
        .some(field => field.dataset.forecast === '3')";
    until(&page, fields, &json!(false)).await;
    assert_eq!(page.browser.complaints().await, [""; 0]);
}

#[tokio::test]
async fn a_series_is_stopped_and_shows_what_there_is() {
    let serve = super::serve();
    let page = Page::start().await;
    page.open(&serve, "#lesson=tcp-echo").await;
    page.until("the question", |seen| !seen.text("question").is_empty())
        .await;
    // The client waits for each reply: no run has one recv().
    page.script("document.querySelector('#forecast').open = true")
        .await;
    page.click("[data-forecast='1']").await;
    page.press("12").await;
    page.press(Key::Tab).await;
    page.click("#repeat").await;
    let runs = "return parseInt(document.querySelector('#series-title').textContent)";
    let deadline = Instant::now() + PATIENCE;
    while page.script(runs).await.as_u64() < Some(2) {
        assert!(Instant::now() < deadline, "no run is over");
    }
    // What is being typed stays though the page shows run after run.
    page.click("[data-forecast='4']").await;
    page.press("13").await;
    let typed = "return document.activeElement.value";
    let before = page.script(runs).await.as_u64();
    while page.script(runs).await.as_u64() <= before {
        assert!(Instant::now() < deadline, "no further run is over");
    }
    assert_eq!(page.script(typed).await, json!("13"));
    // The button goes, and the focus with it to the one that begins another series.
    page.script("document.querySelector('#series-stop').focus()")
        .await;
    page.press(Key::Enter).await;
    let focus = "return document.activeElement.id";
    until(&page, focus, &json!("repeat")).await;
    let can_begin = "return document.querySelector('#repeat').ariaDisabled";
    until(&page, can_begin, &json!("false")).await;
    let told = page
        .script("return document.querySelector('#series-told').textContent")
        .await;
    assert!(
        told.as_str()
            .is_some_and(|told| told.starts_with("Stopped.")),
        "{told}"
    );
    let stopped = page.script(runs).await.as_u64().expect("a number");
    let sums = page.script(SUMS).await;
    assert_eq!(sums, json!([stopped, stopped]));
    let empty = "const chart = document.querySelector('.chart:not([hidden])');
        return [...chart.querySelectorAll(\"[data-outcome='']\")].map(bar => bar.title)";
    assert_eq!(page.script(empty).await, json!(["No run came to this"]));
}
