//! The framing of an experiment as a knob: a name and its settings.

use serde_json::json;
use tests::browser::{Browser, PHONE};
use tests::{Page, axe};
use thirtyfour::Key;

use super::files::drop_text;

#[tokio::test]
async fn a_framing_is_typed_with_its_settings() {
    let serve = super::serve();
    let page = Page::start().await;
    page.open_lesson(&serve, "length-prefix").await;
    page.click("[data-knob=framing]").await;
    let typed = page.script("return document.activeElement.value").await;
    assert_eq!(typed, "length-prefix");
    page.press("length-prefix,width=2,").await;
    let suggested = "return [...document.activeElement.list.options].map(o => o.value);";
    let suggested = page.script(suggested).await;
    let endian = "length-prefix,width=2,endian=little";
    let has = |text: &str| {
        suggested
            .as_array()
            .is_some_and(|all| all.iter().any(|o| o == text))
    };
    assert!(has(endian), "{suggested}");
    page.press("endian=big").await;
    page.press(Key::Enter).await;
    let framing = "length-prefix,endian=big,width=2";
    page.until("the framing", |seen| seen.text("knobs").contains(framing))
        .await;
    page.click("#run").await;
    page.until_over().await;
    // The link has it.
    page.until_address(&[&["framing=", framing].concat()]).await;
    // What is none is refused, and says why.
    page.click("[data-knob=framing]").await;
    page.press("length-prefix,width=9").await;
    page.press(Key::Enter).await;
    page.until("why not", |seen| {
        seen.text("notice").contains("“width=9” is not possible")
    })
    .await;
}

/// What Postfix and a server of netstrings said to each other.
const NETSTRINGS: &str = include_str!("../../traces/guess/netstring.jsonl");

#[tokio::test]
async fn framings_are_guessed_and_one_of_them_chosen() {
    let serve = super::serve();
    let page = Page {
        browser: Browser::with(PHONE, "en-US").await,
    };
    page.open(&serve, "#yours").await;
    drop_text(&page, "netstring.jsonl", NETSTRINGS).await;
    page.until("the record", |seen| !seen.rows.is_empty()).await;
    page.click("#guess-framings").await;
    let listed = "return [...document.querySelectorAll('#guesses .guess')].map(guess => [
        guess.querySelector('.framing').textContent, guess.querySelector('.state').textContent,
        guess.querySelector('.about').textContent, guess.getAttribute('aria-pressed')]);";
    let guessed = page
        .until_returned("guesses", listed, |all| !all[0].is_null())
        .await;
    let netstring = "length-prefix,trailer=1,width=decimal";
    let why = "5 messages in 102 of 102 B; a message ends in 5 of 5 places where the sender waited";
    assert_eq!(guessed[0], json!([netstring, "sure", why, "false"]));
    for theme in ["light", "dark"] {
        page.choose_theme(theme).await;
        assert_eq!(page.script(&axe::script()).await, json!([]), "{theme}");
    }
    let wider = "return document.documentElement.scrollWidth > innerWidth;";
    assert_eq!(page.script(wider).await, json!(false));
    page.click("#guesses .guess").await;
    page.until_returned("it is chosen", listed, |all| all[0][3] == "true")
        .await;
    let field = "return document.getElementById('framing-opener').value";
    assert_eq!(page.script(field).await, netstring);
    page.press(Key::End).await;
    let framed = |seen: &tests::Seen| seen.text("stage").contains("5 messages");
    page.until("five messages", framed).await;
    // Pressed again, they are gone.
    page.click("#guess-framings").await;
    let hidden = "return document.getElementById('guesses').hidden";
    page.until_returned("they are gone", hidden, |is_hidden| *is_hidden == true)
        .await;
    assert_eq!(page.browser.complaints().await, [""; 0]);
}
