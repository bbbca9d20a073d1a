//! The framing of an experiment as a knob: a name and its settings.

use tests::Page;
use thirtyfour::Key;

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
    let hash = page
        .script("return decodeURIComponent(location.hash)")
        .await;
    let hash = hash.as_str().unwrap_or_default().to_owned();
    assert!(hash.contains(&["framing=", framing].concat()), "{hash}");
    // What is none is refused, and says why.
    page.click("[data-knob=framing]").await;
    page.press("length-prefix,width=9").await;
    page.press(Key::Enter).await;
    page.until("why not", |seen| {
        seen.text("notice").contains("1 to 8 bytes wide")
    })
    .await;
}
