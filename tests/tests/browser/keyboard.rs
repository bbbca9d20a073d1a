//! What the keys do, and that they do nothing while one types.

use tests::{Page, Seen};
use thirtyfour::Key;

/// A lesson with more than ten steps.
const LESSON: &str = "tcp-echo";

#[tokio::test]
async fn home_end_arrows_and_shift_move_the_cursor() {
    let serve = super::serve();
    let page = Page::start().await;
    let last = page.open_lesson(&serve, LESSON).await.rows.len();
    assert!(last > 10, "{LESSON} has only {last} steps");
    page.press(Key::End).await;
    page.until_step(last).await;
    page.press_with_shift(Key::Left).await;
    page.until_step(last - 10).await;
    page.press(Key::Home).await;
    page.until_step(0).await;
    page.press_with_shift(Key::Right).await;
    page.until_step(10).await;
    page.press(Key::Right).await;
    page.until_step(11).await;
    page.press_with_shift(Key::Right).await;
    page.until_step(last.min(21)).await;
    page.press(Key::Left).await;
    let seen = page.until_step(last.min(21) - 1).await;
    let step = format!("step={}", seen.step());
    page.until("the address follows", |seen| {
        seen.text("hash").contains(&step)
    })
    .await;
}

#[tokio::test]
async fn space_plays_and_pauses() {
    let serve = super::serve();
    let page = Page::start().await;
    let last = page.open_lesson(&serve, LESSON).await.rows.len();
    page.press(" ").await;
    page.until("it plays", |seen| seen.is("playing")).await;
    page.until("it moves by itself", |seen| seen.rows[0].past)
        .await;
    page.until("it plays to the end", |seen| {
        seen.rows[last - 1].past && !seen.is("playing")
    })
    .await;
    page.press(" ").await;
    page.until("it plays again", |seen| {
        seen.is("playing") && !seen.rows[last - 1].past
    })
    .await;
    page.press(" ").await;
    let paused = page.until("it pauses", |seen| !seen.is("playing")).await;
    assert!(paused.step() < last, "paused before the end");
    page.press(Key::Right).await;
    page.until_step(paused.step() + 1).await;
}

#[tokio::test]
async fn a_question_mark_opens_the_help_and_escape_closes_it() {
    let serve = super::serve();
    let page = Page::start().await;
    page.open_lesson(&serve, LESSON).await;
    let open = |seen: &Seen| seen.is("help");
    let closed = |seen: &Seen| !seen.is("help");
    page.press("?").await;
    page.until("the help is open", open).await;
    page.press(Key::Escape).await;
    page.until("the help is closed", closed).await;
    page.press("?").await;
    page.until("the help is open again", open).await;
    page.click("#help form button").await;
    page.until("its button closes it", closed).await;
    page.click("#help-open").await;
    page.until("the button opens it", open).await;
}

#[tokio::test]
async fn escape_clears_the_selection() {
    let serve = super::serve();
    let page = Page::start().await;
    page.open_lesson(&serve, "length-prefix").await;
    page.press(Key::End).await;
    let row = page.see().await;
    let recv =
        |row: &&tests::EventRow| row.actor == "server" && row.call == "recv" && row.length > 5;
    let recv = row
        .rows
        .iter()
        .find(recv)
        .expect("a recv of header and body");
    page.go_to(recv.step).await;
    let first = page
        .until("its first byte", |seen| !seen.text("byte").is_empty())
        .await;
    let other = |seen: &Seen| seen.text("byte") != first.text("byte");
    page.click("#chunk [data-byte]:last-child").await;
    page.until("its last byte", other).await;
    page.press(Key::Escape).await;
    page.until("nothing is selected", |seen| !other(seen)).await;
}

#[tokio::test]
async fn keys_do_nothing_to_the_cursor_while_one_types() {
    let serve = super::serve();
    let page = Page::start().await;
    page.open_lesson(&serve, "five-sends").await;
    page.press_with_shift(Key::Right).await;
    let before = page.until_step(10).await;
    page.click("[data-knob=buffer]").await;
    for key in [Key::Left, Key::Right, Key::Home, Key::End] {
        page.press(key).await;
    }
    page.press(" ?").await;
    page.press("7").await;
    let typed = page.script("return document.activeElement.value").await;
    assert_eq!(typed, "10247");
    let seen = page.see().await;
    assert_eq!(seen.step(), before.step());
    assert!(!seen.is("help") && !seen.is("playing"));
    // Another experiment, of which one can guess: there is a field.
    page.script("document.activeElement.blur()").await;
    page.until("another buffer", |seen| {
        seen.text("knobs").contains("10,247")
    })
    .await;
    page.click("#other").await;
    page.press("7").await;
    page.script("document.activeElement.blur()").await;
    page.until("a run begins", |seen| seen.is("running") || seen.is("over"))
        .await;
    page.until("the guess is judged by a run", |seen| seen.is("over"))
        .await;
}

#[tokio::test]
async fn the_buttons_of_the_transport_do_what_their_keys_do() {
    let serve = super::serve();
    let page = Page::start().await;
    let last = page.open_lesson(&serve, LESSON).await.rows.len();
    for (button, step) in [
        ("last", last),
        ("back", last - 1),
        ("first", 0),
        ("forward", 1),
        ("back", 0),
        ("back", 0),
    ] {
        page.click(&format!("[data-go={button}]")).await;
        page.until_step(step).await;
    }
    page.click("#events [data-step='4']").await;
    page.until_step(4).await;
}
