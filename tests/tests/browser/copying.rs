//! The inspector copies what it shows.

use serde_json::{Value, json};
use tests::Page;
use thirtyfour::Key;

use super::looks::{choose_language, languages};

/// Keeps what is copied instead of handing it to the system.
const CATCH: &str = "
    window.copied = '';
    navigator.clipboard.writeText = async text => { window.copied = text; };
";

async fn copied(page: &Page, notation: &str) -> String {
    page.script("window.copied = null").await;
    page.click(&format!("[data-copy={notation}]")).await;
    let copied = page
        .until_returned("it is copied", "return window.copied", Value::is_string)
        .await;
    copied.as_str().expect("it is copied").to_owned()
}

#[tokio::test]
async fn a_chunk_and_its_parts_are_copied_in_five_notations() {
    let serve = super::serve();
    let page = Page::start().await;
    // Late enough that one recv holds a header and a body on a busy machine, too.
    let lesson = "length-prefix&read-delay=500";
    let seen = page.open_lesson(&serve, lesson).await;
    page.script(CATCH).await;
    let is_recv =
        |row: &&tests::EventRow| row.actor == "server" && row.call == "recv" && row.length > 5;
    let recv = seen.rows.iter().find(is_recv).expect("a header and a body");
    page.go_to(recv.step).await;
    let chips = "return [...document.querySelectorAll('#chunk [data-byte]')].map(e => e.textContent).join('')";
    let bytes = page.script(chips).await;
    let bytes = bytes.as_str().expect("digits").to_owned();
    assert_eq!(copied(&page, "hex").await, bytes);
    let said = "return document.getElementById('copy-done').textContent";
    page.until_returned("it is said", said, |said| *said == "Copied.")
        .await;
    assert!(copied(&page, "py").await.starts_with("b\"\\x"));
    assert!(copied(&page, "rs").await.starts_with("b\"\\x"));
    let c = copied(&page, "c").await;
    assert!(c.starts_with("\"\\0") && c.contains("\\000"), "{c}");
    // By keyboard: its message alone.
    page.script("document.getElementById('copy-what').focus()")
        .await;
    page.press("m").await;
    page.press(Key::Tab).await;
    page.press(Key::Enter).await;
    // What is copied by the key takes the place of what the last click copied.
    let copied_now = |text: &Value| text.as_str().is_some_and(|text| *text != c);
    let body = "return window.copied";
    let body = page.until_returned("it is copied", body, copied_now).await;
    let body = body.as_str().expect("digits");
    assert!(
        bytes.contains(body) && body.len() < bytes.len(),
        "{body} of {bytes}"
    );
    for language in languages(&page).await {
        choose_language(&page, &language).await;
        let chosen = "return document.getElementById('copy-what').selectedOptions[0].textContent";
        let chosen = page.script(chosen).await;
        let expected = if language == "en" {
            "message 1"
        } else {
            "消息 1"
        };
        assert_eq!(chosen, json!(expected), "{language}");
    }
    page.press(Key::Home).await;
    let shown = "return document.getElementById('copy').checkVisibility()";
    page.until_step(0).await;
    assert_eq!(
        page.script(shown).await,
        json!(false),
        "there is nothing to copy"
    );
    assert_eq!(page.browser.complaints().await, [""; 0]);
}
