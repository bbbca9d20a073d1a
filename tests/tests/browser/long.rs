//! A record of many events: only what is in sight of its table are elements.

use serde_json::Value;
use tests::Page;
use thirtyfour::Key;

use super::files::{drop_text, saved, text, until_opened};

/// The rows that are elements, by step and by their place in the table; how
/// many rows the table says it has; which steps lie at the upper and the lower
/// edge of what is in sight of it, and whether the current row is in sight.
const TABLE: &str = "
    const panel = document.getElementById('events-scroll');
    const rows = [...panel.querySelectorAll('[data-step]')];
    const {top, bottom} = panel.getBoundingClientRect();
    const heading = panel.querySelector('thead').getBoundingClientRect().bottom;
    const at = y => rows.find(row => {
        const box = row.getBoundingClientRect();
        return box.top <= y && y < box.bottom;
    });
    const current = panel.querySelector('[aria-current=step]')?.getBoundingClientRect();
    return {
        steps: rows.map(row => Number(row.dataset.step)),
        places: rows.map(row => Number(row.getAttribute('aria-rowindex'))),
        count: Number(panel.querySelector('table').getAttribute('aria-rowcount')),
        upper: Number(at(heading + 1)?.dataset.step),
        lower: Number(at(Math.min(bottom, rows.at(-1).getBoundingClientRect().bottom) - 1)?.dataset.step),
        full: panel.scrollHeight,
        seen: !!current && current.top >= heading - 1 && current.bottom <= bottom + 1,
    };
";

fn numbers(value: &Value) -> Vec<u64> {
    let numbers = value.as_array().expect("a list").iter();
    numbers
        .map(|number| number.as_u64().expect("a number"))
        .collect()
}

/// What is true of the table wherever it is scrolled to.
fn check(table: &Value, events: u64) {
    let (steps, places) = (numbers(&table["steps"]), numbers(&table["places"]));
    assert!(steps.len() < 100, "{} rows", steps.len());
    assert!(
        steps.windows(2).all(|two| two[0] + 1 == two[1]),
        "{steps:?}"
    );
    let expected: Vec<_> = steps.iter().map(|step| step + 1).collect();
    assert_eq!(places, expected, "the heading is the first row");
    assert_eq!(table["count"], events + 1);
    assert!(
        table["upper"].is_u64() && table["lower"].is_u64(),
        "a gap: {table}"
    );
}

#[tokio::test]
async fn of_a_long_record_only_the_rows_in_sight_are_elements() {
    let serve = super::serve();
    let page = Page::start().await;
    page.open_lesson(&serve, "five-sends").await;
    let messages: Vec<_> = (0..400).map(|number| format!("message {number}")).collect();
    let knob = format!("messages={}", messages.join("\n"));
    let lines = saved(&["five-sends", "--set", &knob]);
    let events = lines
        .iter()
        .filter(|line| line.contains(r#""type":"event""#));
    let events = events.count() as u64;
    assert!(events > 400, "{events}");
    drop_text(&page, "long.jsonl", &text(&lines)).await;
    until_opened(&page, "long.jsonl").await;
    page.press(Key::End).await;
    let last = |seen: &tests::Seen| {
        seen.rows
            .last()
            .is_some_and(|row| row.step == events && row.current)
    };
    page.until("the last row", last).await;

    let end = page.script(TABLE).await;
    check(&end, events);
    assert_eq!(numbers(&end["steps"]).last(), Some(&events));
    assert_eq!(end["seen"], true, "{end}");

    page.press(Key::Home).await;
    page.until("the first row", |seen| seen.rows[0].step == 1)
        .await;
    let start = page.script(TABLE).await;
    check(&start, events);
    assert_eq!(start["full"], end["full"], "the table is as high as before");

    // Step by step the current row stays in sight.
    for step in 1..=40 {
        page.press(Key::Right).await;
        page.until("the next row", |seen| {
            seen.rows.iter().any(|row| row.current && row.step == step)
        })
        .await;
        let table = page.script(TABLE).await;
        check(&table, events);
        assert_eq!(table["seen"], true, "{step}: {table}");
    }

    // By hand to the middle and on.
    for part in [0.5, 0.51, 0.9, 0.1] {
        let script = format!(
            "const panel = document.getElementById('events-scroll');
             panel.scrollTop = panel.scrollHeight * {part};
             await new Promise(requestAnimationFrame);
             await new Promise(requestAnimationFrame);"
        );
        page.script(&format!("return (async () => {{ {script} }})()"))
            .await;
        let table = page.script(TABLE).await;
        check(&table, events);
        #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
        let near = table["upper"].as_f64().expect("a step") / events as f64;
        assert!((near - part).abs() < 0.1, "{part}: {table}");
    }
    page.script("document.querySelector('#events [data-step]').click()")
        .await;
    let first = numbers(&page.script(TABLE).await["steps"])[0];
    page.until("a row that was clicked is the cursor's", |seen| {
        seen.rows
            .iter()
            .any(|row| row.current && row.step.abs_diff(first) < 40)
    })
    .await;
    assert_eq!(page.browser.complaints().await, [""; 0]);
}
