//! The search in the events.

use serde_json::{Value, json};
use tests::browser::{Browser, PHONE};
use tests::{EventRow, Page, Seen};
use thirtyfour::Key;

use super::files::{drop_text, saved, text, until_opened};
use super::looks::{choose_language, languages};

const COUNT: &str = "return document.getElementById('find-count').textContent";

async fn count(page: &Page) -> String {
    let count = page.script(COUNT).await;
    count.as_str().expect("a text").to_owned()
}

/// The steps of the rows that the table lists.
fn steps(seen: &Seen) -> Vec<u64> {
    seen.rows.iter().map(|row| row.step).collect()
}

fn wanted(rows: &[EventRow], wanted: impl Fn(&EventRow) -> bool) -> Vec<u64> {
    let rows = rows.iter().filter(|row| wanted(row));
    rows.map(|row| row.step).collect()
}

/// Waits until the table lists these steps.
async fn until_listed(page: &Page, steps_wanted: &[u64]) -> Seen {
    let listed = |seen: &Seen| steps(seen) == steps_wanted;
    page.until(&format!("{steps_wanted:?} are listed"), listed)
        .await
}

/// Chooses in one of the lists.
async fn choose(page: &Page, id: &str, value: &str) {
    let script = format!(
        "const list = document.getElementById('{id}');
         list.value = {};
         list.dispatchEvent(new Event('change', {{bubbles: true}}));
         return list.selectedIndex;",
        json!(value)
    );
    assert!(page.script(&script).await.as_i64() >= Some(0), "{value}");
}

async fn until_at(page: &Page, step: u64) {
    let at = |seen: &Seen| seen.text("counter").starts_with(&format!("{step} /"));
    page.until(&format!("step {step}"), at).await;
}

#[tokio::test]
async fn by_keyboard_events_are_found_listed_and_gone_to() {
    let serve = super::serve();
    let page = Page::start().await;
    let all = page.open_lesson(&serve, "tcp-echo").await.rows;
    let sent = all.iter().find(|row| row.call == "send" && row.length > 2);
    let typed = page
        .script("return document.getElementById('knobs').textContent")
        .await;
    assert!(typed.as_str().expect("a text").contains("hello"), "{typed}");
    assert!(sent.is_some());

    page.press("/").await;
    page.press("HELLO").await;
    let found = page
        .until("fewer rows", |seen| {
            !seen.rows.is_empty() && seen.rows.len() < all.len()
        })
        .await;
    let matches = steps(&found);
    let first = &all[usize::try_from(matches[0]).expect("a step") - 1];
    assert!(
        matches!(first.call.as_str(), "send" | "segment"),
        "{first:?}"
    );
    let said = format!("{} events match", matches.len());
    assert_eq!(count(&page).await, said);

    for &step in matches.iter().chain(&matches[..1]) {
        page.press(Key::Enter).await;
        until_at(&page, step).await;
    }
    page.press_with_shift(Key::Enter).await;
    until_at(&page, matches[matches.len() - 1]).await;
    let said = format!("{0} of {0}", matches.len());
    assert_eq!(count(&page).await, said);
    // Typing moved nothing else.
    assert!(!page.see().await.is("playing"));

    page.press(Key::Escape).await;
    let everything: Vec<_> = (1..=all.len() as u64).collect();
    let seen = until_listed(&page, &everything).await;
    assert_eq!(seen.step() as u64, matches[matches.len() - 1]);
    assert_eq!(count(&page).await, "");
    // A second Esc gives the keys back.
    page.press(Key::Escape).await;
    page.press(Key::Home).await;
    page.until_step(0).await;
    page.press("/").await;
    page.press("0x68 65").await;
    page.until("fewer rows", |seen| seen.rows.len() < all.len())
        .await;
    page.script("document.activeElement.blur()").await;
    page.press("n").await;
    until_at(&page, matches[0]).await;
    assert_eq!(page.browser.complaints().await, [""; 0]);
}

#[tokio::test]
async fn events_are_filtered_by_party_and_call_and_nothing_found_is_said() {
    let serve = super::serve();
    let page = Page::start().await;
    let all = page.open_lesson(&serve, "five-sends").await.rows;
    choose(&page, "find-party", "0").await;
    let servers = wanted(&all, |row| row.actor == "server");
    until_listed(&page, &servers).await;
    choose(&page, "find-call", "recv").await;
    let recvs = wanted(&all, |row| row.actor == "server" && row.call == "recv");
    until_listed(&page, &recvs).await;
    choose(&page, "find-call", "").await;
    choose(&page, "find-party", "").await;
    if all.iter().any(EventRow::is_packet) {
        page.click("#find-packets").await;
        until_listed(&page, &wanted(&all, |row| !row.is_packet())).await;
    }
    page.press(Key::Escape).await;
    page.until("all rows", |seen| seen.rows.len() == all.len())
        .await;
    page.press("/").await;
    page.press("nowhere to be found").await;
    for language in languages(&page).await {
        until_listed(&page, &[]).await;
        choose_language(&page, &language).await;
        let expected = match language.as_str() {
            "en" => "No event matches.",
            _ => "没有匹配的事件。",
        };
        assert_eq!(count(&page).await, expected, "{language}");
    }
    assert_eq!(page.browser.complaints().await, [""; 0]);
}

/// Types what is found and what is not, a frame each; in how many frames the last was
/// searched for, and what was said before and after.
const SEARCH: &str = "
    return (async () => {
        const field = document.getElementById('find-text');
        const said = () => document.getElementById('find-count').textContent;
        const frame = () => new Promise(requestAnimationFrame);
        for (const typed of ['m', 'me', 'message 39', '0x6d 65 73', 'nowhere']) {
            field.value = typed;
            field.dispatchEvent(new Event('input', {bubbles: true}));
            await frame();
        }
        await frame();
        const begun = said();
        let frames = 0;
        for (; said() === begun && frames < 2000; frames += 1) await frame();
        return {frames, begun, said: said()};
    })()
";

#[tokio::test]
async fn a_long_record_is_searched_in_pieces_and_its_table_lists_what_is_found() {
    let serve = super::serve();
    let page = Page::start().await;
    page.open_lesson(&serve, "five-sends").await;
    let messages: Vec<_> = (0..400)
        .map(|number| format!("message {number},×150"))
        .collect();
    let knob = format!("messages={}", messages.join("\n"));
    let lines = saved(&["five-sends", "--set", &knob, "--set", "read-delay=0"]);
    drop_text(&page, "long.jsonl", &text(&lines)).await;
    until_opened(&page, "long.jsonl").await;
    let searched = page.script(SEARCH).await;
    assert_eq!(searched["begun"], "Searching…", "{searched}");
    assert_eq!(searched["said"], "No event matches.", "{searched}");
    assert!(searched["frames"].as_u64() > Some(3), "{searched}");

    page.press("/").await;
    page.press("message 39").await;
    page.until("what is found", |seen| {
        seen.rows.first().is_some_and(|row| row.step > 40)
    })
    .await;
    let until_said = async |part: &str| {
        for _ in 0..500 {
            let said = count(&page).await;
            if said.contains(part) {
                return said;
            }
        }
        panic!("{part} was never said");
    };
    let said = until_said("match").await;
    let number: usize = said
        .split(' ')
        .next()
        .and_then(|n| n.parse().ok())
        .expect("a number");
    assert!((22..400).contains(&number), "{said}");
    let table = "const table = document.querySelector('#events-scroll table');
        return [Number(table.getAttribute('aria-rowcount')),
            [...table.querySelectorAll('[data-step]')].map(row => [
                Number(row.getAttribute('aria-rowindex')), Number(row.dataset.step)])]";
    let check = |table: &Value| {
        assert_eq!(table[0], number + 1);
        let rows = table[1].as_array().expect("rows");
        assert!(!rows.is_empty() && rows.len() <= number);
        let places: Vec<_> = rows
            .iter()
            .map(|row| row[0].as_u64().expect("a place"))
            .collect();
        assert!(places.windows(2).all(|two| two[0] + 1 == two[1]), "{table}");
        let steps: Vec<_> = rows
            .iter()
            .map(|row| row[1].as_u64().expect("a step"))
            .collect();
        assert!(steps.is_sorted(), "{table}");
    };
    check(&page.script(table).await);
    page.press(Key::Enter).await;
    until_said("1 of ").await;
    check(&page.script(table).await);
    page.press_with_shift(Key::Enter).await;
    until_said(&format!("{number} of ")).await;
    let last = page.script(table).await;
    check(&last);
    let shown = last[1]
        .as_array()
        .and_then(|rows| rows.last())
        .expect("a row");
    assert_eq!(shown[0], number + 1, "the last is in sight");
    assert_eq!(page.browser.complaints().await, [""; 0]);
}

#[tokio::test]
async fn on_a_telephone_the_search_fits() {
    let serve = super::serve();
    let browser = Browser::with(PHONE, "en-US").await;
    let page = Page { browser };
    page.open_lesson(&serve, "five-sends").await;
    for language in languages(&page).await {
        choose_language(&page, &language).await;
        let wider = "
            const within = document.getElementById('find').getBoundingClientRect();
            return [...document.querySelectorAll('#find *')].filter(e => e.checkVisibility())
                .filter(e => e.getBoundingClientRect().right > within.right + 0.5).map(e => e.id);";
        assert_eq!(page.script(wider).await, json!([]), "{language}");
    }
}
