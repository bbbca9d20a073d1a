//! axe-core finds no fault in any lesson, in either theme.

use serde_json::json;
use tests::browser::{Browser, PHONE};
use tests::workspace::lessons;
use tests::{Page, axe};
use thirtyfour::Key;

#[tokio::test]
async fn axe_finds_nothing_in_any_lesson_in_either_theme() {
    let serve = super::serve();
    let page = Page::start().await;
    // The themes differ in their colours alone.
    let scripts = [("light", axe::script()), ("dark", axe::script_of_colours())];
    for lesson in lessons() {
        page.next_lesson(&serve, &lesson).await;
        page.press(Key::End).await;
        for (theme, script) in &scripts {
            page.choose_theme(theme).await;
            let found = page.script(script).await;
            assert_eq!(found, json!([]), "{lesson}: {theme}");
        }
    }
}

#[tokio::test]
async fn axe_finds_nothing_on_a_telephone_and_before_a_run() {
    let serve = super::serve();
    let browser = Browser::with(PHONE, "zh-CN").await;
    let page = Page { browser };
    let script = axe::script();
    page.open(&serve, "").await;
    assert_eq!(page.script(&script).await, json!([]), "a first visit");
    page.open_lesson(&serve, "five-sends").await;
    assert_eq!(page.script(&script).await, json!([]), "a run");
    page.press("?").await;
    page.until("the list of keys", |seen| seen.is("help")).await;
    assert_eq!(page.script(&script).await, json!([]), "the list of keys");
}
