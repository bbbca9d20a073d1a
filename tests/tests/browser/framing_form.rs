//! The form of a framing: a field for each of its settings, in step with its short form.

use serde_json::{Value, json};
use tests::browser::{Browser, DESKTOP, PHONE};
use tests::{Page, axe};
use thirtyfour::Key;

use super::files::drop_text;
use super::lab::{in_lab_at, put, set, until_shown};
use super::narrow::WIDER;

/// Waits until this stands in a field.
async fn until_field(page: &Page, field: &str, expected: &str) {
    let value = format!("return document.querySelector('[data-field=\"{field}\"]')?.value ?? ''");
    page.until_value(&value, &json!(expected)).await;
}

#[tokio::test]
async fn a_framing_is_made_by_its_form_alone_and_run() {
    let serve = super::serve();
    let page = Page::start().await;
    in_lab_at(&page, &serve, "#lab&system=framed").await;
    put(&page, "#lab [data-kinds=framing]", "length-prefix").await;
    until_field(&page, "framing", "length-prefix").await;
    set(&page, "framing/width", "3").await;
    until_field(&page, "framing", "length-prefix,width=3").await;
    set(&page, "framing/endian", "big").await;
    until_field(&page, "framing", "length-prefix,endian=big,width=3").await;
    set(&page, "framing/endian", "little").await;
    until_field(&page, "framing", "length-prefix,width=3").await;
    page.click("#run").await;
    let has_header = |seen: &tests::Seen| {
        let mut sends = seen.rows.iter().filter(|row| row.call == "send");
        sends.any(|row| row.length == 3)
    };
    page.until("a header of three bytes", has_header).await;
    // The short form changes the form likewise.
    set(
        &page,
        "framing",
        "length-prefix,width=2,endian=big,magic=\\x01\\x2c,offset=2",
    )
    .await;
    for (field, value) in [
        ("framing/width", "2"),
        ("framing/endian", "big"),
        ("framing/magic", "\\x01\\x2c"),
        ("framing/offset", "2"),
        ("framing/strip", ""),
        ("framing/maximum", "1048576"),
    ] {
        until_field(&page, field, value).await;
    }
    put(&page, "#lab [data-kinds=framing]", "delimiter").await;
    set(&page, "framing/delimiter", "\\r\\n\n\\n").await;
    until_field(&page, "framing", "delimiter,delimiter=\\r\\n,delimiter=\\n").await;
    put(&page, "#lab [data-kinds=framing]", "marked").await;
    set(&page, "framing/end", "~").await;
    until_field(&page, "framing", "marked,end=126").await;
    until_field(&page, "framing/end", "0x7e").await;
    // A framing that has none has no settings.
    put(&page, "#lab [data-kinds=framing]", "none").await;
    let is_hidden = "return document.querySelector('[data-setting=framing] .framing-form').hidden";
    page.until_returned("no settings", is_hidden, |found| *found == json!(true))
        .await;
    assert_eq!(page.browser.complaints().await, [""; 0]);
}

#[tokio::test]
async fn what_is_typed_in_one_of_the_two_changes_the_other_at_once() {
    let serve = super::serve();
    let page = Page::start().await;
    in_lab_at(&page, &serve, "#lab&system=framed&framing=fixed-size").await;
    until_field(&page, "framing/size", "8").await;
    // The keyboard alone: from the short form to the summary, and on to the first setting.
    page.script("document.querySelector('[data-field=framing]').focus()")
        .await;
    page.press(Key::Tab).await;
    page.press(Key::Tab).await;
    let focused = "return document.activeElement.dataset.field ?? ''";
    assert_eq!(page.script(focused).await, json!("framing/size"));
    page.script("document.activeElement.select()").await;
    page.press("3").await;
    until_field(&page, "framing", "fixed-size,size=3").await;
    let is_set = "return decodeURIComponent(location.hash)";
    let hash = page.script(is_set).await;
    assert!(!hash.to_string().contains("size=3"), "{hash}");
    page.press(Key::Enter).await;
    let has = |found: &Value| found.to_string().contains("size=3");
    page.until_returned("it is set", is_set, has).await;
    page.script(
        "const field = document.querySelector('[data-field=framing]');
         field.focus();
         field.setSelectionRange(field.value.length, field.value.length);",
    )
    .await;
    page.press("2").await;
    until_field(&page, "framing/size", "32").await;
    page.press(Key::Tab).await;
    let has = |found: &Value| found.to_string().contains("size=32");
    page.until_returned("it is set", is_set, has).await;
}

#[tokio::test]
async fn what_a_setting_does_not_take_is_told_at_its_field() {
    let serve = super::serve();
    let page = Page::start().await;
    in_lab_at(&page, &serve, "#lab&system=framed&framing=length-prefix").await;
    let told = "const field = document.querySelector('[data-field=\"FIELD\"]');
        const at = document.getElementById(field.getAttribute('aria-describedby') ?? '');
        return [field.ariaInvalid, at?.checkVisibility() ? at.textContent : '',
            document.querySelectorAll('#lab .lab-mistake:not([hidden])').length];";
    for (field, value, expected) in [
        ("framing/offset", "300", "from 0 to 256"),
        ("framing/separator", "", "1 to 256 bytes"),
        ("framing/magic", "ab", "must be at least 2"),
    ] {
        set(&page, field, value).await;
        let at = if field == "framing/magic" {
            // It has to fit the other one.
            "framing/offset"
        } else {
            field
        };
        let script = told.replace("FIELD", at);
        let is_told = |found: &Value| {
            let text = found[1].as_str().unwrap_or_default();
            found[0] == "true" && text.contains(expected) && found[2] == 1
        };
        page.until_returned(expected, &script, is_told).await;
        let is_disabled = "return run.disabled";
        page.until_returned("not run", is_disabled, |found| *found == json!(true))
            .await;
        set(&page, "framing", "length-prefix").await;
        page.until_returned("not wrong any more", is_disabled, |found| {
            *found == json!(false)
        })
        .await;
    }
}

/// What is told of a field, by what it names as its description: whether it is wrong, and the
/// sentence, if that is to be seen.
fn told_at(field: &str) -> String {
    format!(
        "const field = document.querySelector('{field}');
         const at = document.getElementById(field?.getAttribute('aria-describedby') ?? '');
         return [field?.ariaInvalid, at?.checkVisibility() ? at.textContent : ''];"
    )
}

fn tells(expected: &'static str) -> impl Fn(&Value) -> bool {
    move |found| {
        let text = found[1].as_str().unwrap_or_default();
        found[0] == "true" && text.contains(expected)
    }
}

#[tokio::test]
async fn a_form_that_is_closed_opens_for_a_mistake() {
    let serve = super::serve();
    let page = Page::start().await;
    in_lab_at(&page, &serve, "#lab&system=framed&framing=delimiter").await;
    until_field(&page, "framing/delimiter", "\\n").await;
    page.script("document.querySelector('[data-setting=framing] .framing-form').open = false")
        .await;
    let short = "[data-field=framing]";
    for (text, expected) in [
        ("length-prefix,offset=300", "from 0 to 256"),
        ("length-prefix,offset=400", "from 0 to 256"),
    ] {
        put(&page, short, text).await;
        page.until_returned("in the Lab", &told_at(short), tells(expected))
            .await;
        page.script("document.querySelector('[data-setting=framing] .framing-form').open = false")
            .await;
    }
    // The list in front has what the form is for.
    let kind = "return document.querySelector('#lab [data-kinds=framing]').value";
    page.until_value(kind, &json!("length-prefix")).await;

    page.open(&serve, "#yours").await;
    let record = include_str!("../../traces/guess/netstring.jsonl");
    drop_text(&page, "netstring.jsonl", record).await;
    page.until("the record", |seen| !seen.rows.is_empty()).await;
    put(&page, "#framing-opener", "length-prefix,offset=300").await;
    let told = told_at("#framing-opener");
    page.until_returned("beside a record", &told, tells("from 0 to 256"))
        .await;
    until_shown(&page, "#framing-mistake", false).await;
    // What no field is about is told as before.
    put(&page, "#framing-opener", "length-prefix,colour=1").await;
    page.until_returned("the other way", &told, tells("colour"))
        .await;
    until_shown(&page, "#framing-mistake", true).await;
    put(&page, "#framing-opener", "delimiter").await;
    page.until_value(&told, &json!(["false", ""])).await;
}

#[tokio::test]
async fn the_form_fits_every_width_and_is_accessible() {
    let serve = super::serve();
    let page = Page {
        browser: Browser::with(PHONE, "zh-CN").await,
    };
    let hash = "#lab&system=framed&framing=length-prefix&client-framing=delimiter";
    for width in [360, 390, 900, 1440, 2560] {
        page.browser.resize(width, 900).await;
        in_lab_at(&page, &serve, hash).await;
        page.script("document.querySelectorAll('#lab details').forEach(d => d.open = true)")
            .await;
        assert_eq!(page.script(WIDER).await, json!([]), "{width}");
    }
    page.browser.resize(390, 900).await;
    set(&page, "framing/offset", "300").await;
    let is_told = "return !!document.querySelector('.framing-form .lab-mistake:not([hidden])')";
    page.until_returned("it is told", is_told, |found| *found == json!(true))
        .await;
    for theme in ["light", "dark"] {
        page.choose_theme(theme).await;
        assert_eq!(page.script(&axe::script()).await, json!([]), "{theme}");
    }
    assert_eq!(page.script(WIDER).await, json!([]), "with a mistake");
}

#[tokio::test]
async fn a_record_of_ones_own_is_framed_by_the_form() {
    let serve = super::serve();
    let page = Page {
        browser: Browser::with(PHONE, "en-US").await,
    };
    page.open(&serve, "#yours").await;
    let record = include_str!("../../traces/guess/netstring.jsonl");
    drop_text(&page, "netstring.jsonl", record).await;
    page.until("the record", |seen| !seen.rows.is_empty()).await;
    page.press(Key::End).await;
    put(&page, "#framing-opener", "length-prefix").await;
    let form = "document.querySelector('.framing-form:has([data-field=\"framing-opener/width\"])')";
    let is_there = format!("return !!{form} && !{form}.hidden");
    page.until_returned("its settings", &is_there, |found| *found == json!(true))
        .await;
    page.script(&format!("{form}.open = true")).await;
    set(&page, "framing-opener/width", "decimal").await;
    set(&page, "framing-opener/trailer", "1").await;
    let field = "return document.getElementById('framing-opener').value";
    let is_it = |found: &Value| *found == json!("length-prefix,trailer=1,width=decimal");
    page.until_returned("the short form", field, is_it).await;
    let framed = |seen: &tests::Seen| seen.text("stage").contains("5 messages");
    page.until("five messages", framed).await;
    for theme in ["light", "dark"] {
        page.choose_theme(theme).await;
        assert_eq!(page.script(&axe::script()).await, json!([]), "{theme}");
    }
    assert_eq!(page.script(WIDER).await, json!([]));
    assert_eq!(page.browser.complaints().await, [""; 0]);
}

#[tokio::test]
async fn what_is_no_number_is_a_mistake_and_not_nothing() {
    let serve = super::serve();
    let page = Page::start().await;
    in_lab_at(&page, &serve, "#lab&system=framed&framing=length-prefix").await;
    let told = "const field = document.querySelector('[data-field=\"FIELD\"]');
        const at = document.getElementById(field.getAttribute('aria-describedby') ?? '');
        return [field.ariaInvalid, at?.checkVisibility() ? at.textContent : ''];";
    for (field, typed) in [
        ("framing/strip", "1e"),
        ("framing/strip", "-"),
        ("buffer", "1e"),
    ] {
        let told = told.replace("FIELD", field);
        let focus = format!(
            "const field = document.querySelector('[data-field=\"{field}\"]');
             field.focus();
             field.select();"
        );
        page.script(&focus).await;
        page.press(typed).await;
        page.press(Key::Tab).await;
        let is_told = |found: &Value| {
            let text = found[1].as_str().unwrap_or_default();
            found[0] == "true" && text.contains("whole number from")
        };
        page.until_returned("a mistake", &told, is_told).await;
        // With a number it is none any more.
        page.script(&focus).await;
        page.press(Key::Backspace).await;
        page.press("4").await;
        page.press(Key::Tab).await;
        page.until_value(&told, &json!(["false", ""])).await;
    }
    // Nothing at all is the default.
    let strip = told.replace("FIELD", "framing/strip");
    page.script("document.querySelector('[data-field=\"framing/strip\"]').select()")
        .await;
    page.press("-").await;
    page.press(Key::Tab).await;
    page.until_returned("a mistake", &strip, |found| found[0] == "true")
        .await;
    page.script("document.querySelector('[data-field=\"framing/strip\"]').select()")
        .await;
    page.press(Key::Backspace).await;
    page.press(Key::Tab).await;
    page.until_value(&strip, &json!(["false", ""])).await;
    until_field(&page, "framing", "length-prefix").await;
}

#[tokio::test]
async fn what_is_no_framing_is_told_in_the_pages_language() {
    let serve = super::serve();
    let page = Page {
        browser: Browser::with(DESKTOP, "zh-CN").await,
    };
    in_lab_at(&page, &serve, "#lab&system=framed").await;
    let told = "return document.querySelector('[data-setting=framing] > .lab-mistake').textContent";
    for (framing, expected) in [
        ("lines", "没有名为“lines”的分帧"),
        ("delimiter,width=2", "没有设置“width”"),
        ("delimiter,x", "没有设置任何东西"),
    ] {
        set(&page, "framing", framing).await;
        let has = |found: &Value| found.to_string().contains(expected);
        page.until_returned(expected, told, has).await;
        page.until("the notice", |seen| seen.text("notice").contains(expected))
            .await;
    }
}
