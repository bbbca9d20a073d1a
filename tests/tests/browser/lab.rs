//! The Lab: an experiment of one's own, from nothing.

use serde_json::{Value, json};
use tests::browser::{Browser, PHONE};
use tests::{Page, Serve, axe};
use thirtyfour::Key;

use super::narrow::WIDER;

async fn in_lab(page: &Page, serve: &Serve) {
    in_lab_at(page, serve, "#lab").await;
}

/// The Lab with the knobs of an address.
pub(super) async fn in_lab_at(page: &Page, serve: &Serve, hash: &str) {
    page.open(serve, hash).await;
    page.until("the form", |_| true).await;
    until_shown(page, "[data-setting=system]", true).await;
}

/// Waits until an element is shown, or is not.
pub(super) async fn until_shown(page: &Page, selector: &str, is_shown: bool) {
    let script = format!("return document.querySelector('{selector}')?.checkVisibility() ?? false");
    page.until_value(&script, &json!(is_shown)).await;
}

/// Puts a value into a setting's field as somebody does who leaves it afterwards.
pub(super) async fn set(page: &Page, setting: &str, value: &str) {
    let selector = format!("[data-field=\"{setting}\"]");
    // A field of a client that was added comes with the next frame.
    let open = format!(
        "const details = document.querySelector('{selector}')?.closest('details');
         if (details) details.open = true;
         return !!details;"
    );
    page.until_value(&open, &json!(true)).await;
    put(page, &selector, value).await;
}

/// The same for any field, as soon as it is there.
pub(super) async fn put(page: &Page, selector: &str, value: &str) {
    let script = format!(
        "const field = document.querySelector('{selector}');
         if (!field) return null;
         field.value = {};
         for (const event of ['input', 'change'])
             field.dispatchEvent(new Event(event, {{bubbles: true}}));
         return field.value;",
        json!(value)
    );
    page.until_value(&script, &json!(value)).await;
}

#[tokio::test]
async fn an_experiment_from_nothing_is_run_and_kept() {
    let serve = super::serve();
    let page = Page::start().await;
    in_lab(&page, &serve).await;
    set(&page, "system", "length-prefix").await;
    // What a person does: the keyboard alone.
    page.click("[data-field=buffer]").await;
    page.script("document.activeElement.select()").await;
    page.press("3").await;
    page.press(Key::Enter).await;
    page.click("#lab-add").await;
    set(&page, "messages.2", "second\nclient").await;
    page.click("#run").await;
    let is_over = |seen: &tests::Seen| !seen.rows.is_empty() && !seen.is("running");
    let seen = page.until("the run", is_over).await;
    let sends = seen.rows.iter().filter(|row| row.call == "send");
    assert!(
        sends.count() >= 8,
        "two clients, two messages, two parts each"
    );
    page.until_address(&[
        "#lab&",
        "system=length-prefix",
        "buffer=3",
        "clients=2",
        "messages2=second",
    ])
    .await;
    // Its address leads to it, and so does another visit without one.
    page.open(&serve, "#yours").await;
    page.click("[data-tab=lab]").await;
    let field = "return document.querySelector('[data-field=\"messages.2\"]').value";
    page.until_value(field, &json!("second\nclient")).await;
    page.open(&serve, "#lab&messages.1=other").await;
    let field = "return document.querySelector('[data-field=\"messages.1\"]').value";
    page.until_value(field, &json!("other")).await;
    page.click("[data-tab=learn]").await;
    let is_shown = "return document.querySelector('#lab').checkVisibility()";
    page.until_value(is_shown, &json!(false)).await;
}

/// Chooses a name from the list in front of a field.
async fn choose(page: &Page, knob: &str, name: &str) {
    let script = format!(
        "const list = document.querySelector('[data-kinds={knob}]');
         list.closest('details, .knob').open = true;
         list.value = '{name}';
         list.dispatchEvent(new Event('change', {{bubbles: true}}));
         return list.value"
    );
    assert_eq!(page.script(&script).await, json!(name), "it is in the list");
}

#[tokio::test]
async fn a_framing_and_a_link_are_chosen_by_name_and_then_changed() {
    let serve = super::serve();
    let page = Page::start().await;
    in_lab(&page, &serve).await;
    let field = |of: &str| {
        // A field comes a frame after what it is for.
        format!("return document.querySelector('[data-field=\"{of}\"]')?.value ?? ''")
    };
    let chosen =
        |of: &str| format!("return document.querySelector('#lab [data-kinds={of}]').value");
    choose(&page, "framing", "length-prefix").await;
    page.until_value(&field("framing"), &json!("length-prefix"))
        .await;
    set(&page, "framing", "length-prefix,width=2").await;
    page.until_value(&chosen("framing"), &json!("length-prefix"))
        .await;
    page.until_value(&chosen("link"), &json!("this-machine"))
        .await;
    choose(&page, "link", "ocean").await;
    page.until_value(&field("rtt"), &json!("180ms")).await;
    page.until_value(&chosen("link"), &json!("ocean")).await;
    set(&page, "rtt", "20ms").await;
    // It is that link no more.
    page.until_value(&chosen("link"), &json!("*")).await;
    page.until_address(&["rtt=20ms", "loss=0.01%"]).await;
    choose(&page, "link", "this-machine").await;
    let has_rtt = "return !!document.querySelector('[data-field=rtt]')";
    page.until_value(has_rtt, &json!(false)).await;
}

/// Whether the list of links has the focus, in sight.
const IN_LIST: &str = "const active = document.activeElement;
    return active.dataset.kinds === 'link' && active.checkVisibility()";

/// What the knob is said to be set to.
const LINK: &str = "return document.querySelector('[data-knob=link] .knob-value').textContent";

/// Opens the field of the link and goes to its list, by the keyboard alone.
async fn in_list(page: &Page) {
    page.script("document.querySelector('[data-knob=link]').focus()")
        .await;
    page.press(Key::Enter).await;
    page.press_with_shift(Key::Tab).await;
    page.until_value(IN_LIST, &json!(true)).await;
}

#[tokio::test]
async fn a_link_is_chosen_among_a_lessons_knobs() {
    let serve = super::serve();
    let page = Page::start().await;
    page.open_lesson(&serve, "works-on-localhost").await;
    let first = page.script(LINK).await;
    let field = "return document.querySelector('#knobs [data-field=link]').value";
    let typed = page.script(field).await;
    in_list(&page).await;
    let names = "return ['[data-field=link]', '[data-kinds=link]'].map(
        field => document.querySelector(`#knobs ${field}`).ariaLabel.split(':')[0])";
    assert_eq!(page.script(names).await, json!(["link", "link"]));
    // Other knobs mean something with each of them, and the list keeps the focus.
    let knobs = "return [...document.querySelectorAll('#knobs [data-knob]')]
        .map(knob => knob.dataset.knob).slice(0, 5)";
    page.press(Key::Home).await;
    page.until_value(field, &json!("this-machine")).await;
    page.until_value(knobs, &json!(["link", "gap", "messages"]))
        .await;
    assert_eq!(page.script(IN_LIST).await, json!(true));
    for _ in 0..5 {
        page.press(Key::Down).await;
    }
    let is_satellite = |value: &Value| value.to_string().contains("rtt=600ms");
    page.until_returned("the fifth", field, is_satellite).await;
    let all = json!(["link", "rtt", "mtu", "gap", "messages"]);
    page.until_value(knobs, &all).await;
    assert_eq!(page.script(IN_LIST).await, json!(true));
    let run = "return document.querySelector('#run-text').textContent";
    page.until_value(run, &json!("Run with these knobs")).await;
    // Esc has it as it was, and so has what was there when it is typed again.
    let on_button = "return document.activeElement.dataset.knob ?? ''";
    page.press(Key::Escape).await;
    page.until_value(on_button, &json!("link")).await;
    page.until_value(LINK, &first).await;
    in_list(&page).await;
    page.press(Key::Home).await;
    page.until_value(field, &json!("this-machine")).await;
    page.press(Key::Tab).await;
    page.script("document.activeElement.select()").await;
    page.press(typed.as_str().unwrap_or_default()).await;
    page.press(Key::Enter).await;
    page.until_value(on_button, &json!("link")).await;
    page.until_value(LINK, &first).await;
    page.until_value(field, &typed).await;
    // What is chosen stays when the list is left.
    in_list(&page).await;
    page.press(Key::Home).await;
    page.until_value(field, &json!("this-machine")).await;
    page.script("document.activeElement.blur()").await;
    until_shown(&page, "#knobs [data-kinds=link]", false).await;
    page.until_value(LINK, &json!("this-machine")).await;
}

#[tokio::test]
async fn a_knob_that_is_turned_back_stays_while_it_has_the_focus() {
    let serve = super::serve();
    let page = Page::start().await;
    page.open(&serve, "#lesson=five-sends&link=lan").await;
    let is_there = "return !!document.querySelector('[data-knob=link]')";
    page.until_value(is_there, &json!(true)).await;
    in_list(&page).await;
    page.press(Key::Home).await;
    page.until_value(LINK, &json!("this-machine")).await;
    assert_eq!(page.script(IN_LIST).await, json!(true));
}

#[tokio::test]
async fn what_a_knob_does_not_take_is_told_at_its_field() {
    let serve = super::serve();
    let page = Page::start().await;
    in_lab(&page, &serve).await;
    set(&page, "buffer", "0").await;
    let told = |seen: &tests::Seen| seen.text("notice").contains("1,048,576");
    page.until("the range", told).await;
    let mistake = "const field = document.querySelector('[data-field=buffer]');
        return [field.ariaInvalid,
            document.getElementById(field.getAttribute('aria-describedby')).textContent];";
    let found = page.script(mistake).await;
    assert_eq!(found[0], "true");
    let text = found[1].as_str().unwrap_or_default();
    assert!(text.contains("1 B to 1,048,576 B"), "{text}");
    page.until_value("return run.disabled", &json!(true)).await;
    set(&page, "buffer", "9").await;
    page.until("nothing is wrong", |seen| seen.text("notice").is_empty())
        .await;
    // Each client is told its own.
    page.click("#lab-add").await;
    set(&page, "messages.2", "hex:0").await;
    let at = "return [...document.querySelectorAll('.lab-mistake:not([hidden])')]
        .map(p => p.closest('[data-setting]').dataset.setting)";
    page.until_value(at, &json!(["messages.2"])).await;
    page.click("[data-remove=\"2\"]").await;
    page.until("nothing is wrong", |seen| seen.text("notice").is_empty())
        .await;
}

#[tokio::test]
async fn a_lesson_goes_on_in_the_lab() {
    let serve = super::serve();
    let page = Page::start().await;
    page.open_lesson(&serve, "five-sends").await;
    page.click("#lab-open").await;
    until_shown(&page, "[data-setting=\"messages.1\"]", true).await;
    page.until("where it began", |seen| {
        seen.text("question").contains("Five sends")
    })
    .await;
    let messages = "return document.querySelector('[data-field=\"messages.1\"]').value";
    let messages = page.script(messages).await;
    assert!(
        messages.as_str().unwrap_or_default().starts_with("hello\n"),
        "{messages}"
    );
    page.script("history.back()").await;
    page.until("the lesson again", |seen| {
        seen.text("title").contains("Five sends")
    })
    .await;
    let is_shown = "return document.querySelector('#lab').checkVisibility()";
    page.until_value(is_shown, &json!(false)).await;
}

#[tokio::test]
async fn the_lab_fits_every_width_and_is_accessible() {
    let serve = super::serve();
    let page = Page {
        browser: Browser::with(PHONE, "en-US").await,
    };
    for hash in [
        "#lab",
        "#lab&system=auth&clients=2",
        "#lab&framing=json&buffer=0",
    ] {
        for width in [360, 900, 1440, 2560] {
            page.browser.resize(width, 900).await;
            page.open(&serve, hash).await;
            page.until("the form", |_| true).await;
            page.script("document.querySelectorAll('#lab details').forEach(d => d.open = true)")
                .await;
            assert_eq!(page.script(WIDER).await, json!([]), "{hash} at {width}");
        }
    }
    page.open(&serve, "#lab&clients=2").await;
    for theme in ["light", "dark"] {
        page.choose_theme(theme).await;
        assert_eq!(page.script(&axe::script()).await, json!([]), "{theme}");
    }
}

#[tokio::test]
async fn the_code_panel_has_a_decoder_in_every_language() {
    let serve = super::serve();
    let page = Page::start().await;
    page.open(&serve, "#lab&framing=cobs").await;
    // There is no loop for this framing: the decoder is all that the panel has.
    let listing = "return document.querySelector('#code').textContent";
    let has = |part| move |shown: &Value| shown.as_str().is_some_and(|text| text.contains(part));
    page.until_returned("a decoder", listing, has("class Decoder"))
        .await;
    for (language, part) in [
        ("go", "package "),
        ("rust", "pub struct"),
        ("c", "#include"),
    ] {
        let choose = format!(
            "const list = document.querySelector('#decoder-language');
             list.value = '{language}';
             list.dispatchEvent(new Event('change'));"
        );
        page.script(&choose).await;
        page.until_returned(language, listing, has(part)).await;
    }
    // A framing that has a loop shows that first.
    set(&page, "framing", "delimiter").await;
    page.click("[data-role=server]").await;
    page.click("#decoder-show").await;
    // It is drawn with the next frame.
    until_shown(&page, "#decoder-language", true).await;
}

#[tokio::test]
async fn a_loop_says_which_settings_the_decoder_alone_has() {
    let serve = super::serve();
    let page = Page::start().await;
    let hash = "#lab&system=length-prefix&framing=length-prefix,width=2";
    page.open(&serve, hash).await;
    let said = "const said = document.querySelector('#code-beyond');
        return said.checkVisibility() ? said.textContent : '';";
    let expected = json!("This loop does not have width=2: the decoder does.");
    page.until_value(said, &expected).await;
    page.click("#decoder-show").await;
    page.until_value(said, &json!("")).await;
    page.click("[data-role=server]").await;
    page.until_value(said, &expected).await;
    set(&page, "framing", "length-prefix").await;
    page.until_value(said, &json!("")).await;
}

/// Whether *Run* is in sight, and which fields of the form it covers when they have the focus.
const COVERED: &str = "
    const bar = document.querySelector('.lab-run');
    const run = document.getElementById('lab-run');
    const top = () => bar.getBoundingClientRect().top;
    const seen = () => {
        const {top, bottom} = run.getBoundingClientRect();
        return top >= 0 && bottom <= innerHeight;
    };
    const found = [];
    for (const field of document.querySelectorAll('#lab :is(input, select, textarea)')) {
        if (!field.checkVisibility()) continue;
        field.focus();
        const box = field.getBoundingClientRect();
        // Of several lines the first is in sight, which is the one that is typed in.
        const bottom = field.matches('textarea') ? box.top + 24 : box.bottom;
        if (box.top < 0 || bottom > top() + 1) found.push(field.dataset.field);
        if (!seen()) found.push(`no Run at ${field.dataset.field}`);
    }
    return found;";

#[tokio::test]
async fn in_narrow_windows_run_is_in_sight_wherever_the_form_is_scrolled_to() {
    let serve = super::serve();
    let page = Page {
        browser: Browser::with(PHONE, "en-US").await,
    };
    for width in [390, 768] {
        page.browser.resize(width, 844).await;
        in_lab_at(&page, &serve, "#lab&system=framed&framing=length-prefix").await;
        page.script("document.querySelectorAll('#lab details').forEach(d => d.open = true)")
            .await;
        assert_eq!(page.script(COVERED).await, json!([]), "{width}");
        // The last of the form: behind its fields, and before the stage.
        let order = "const all = [...document.querySelectorAll('#lab :is(input, select, button)')];
            const shown = all.filter(one => one.checkVisibility());
            return [shown.at(-1).id, document.getElementById('run').checkVisibility()];";
        assert_eq!(page.script(order).await, json!(["lab-run", false]));
    }
    page.browser.resize(390, 844).await;
    page.script("scrollTo(0, 0)").await;
    page.click("#lab-run").await;
    page.until("a run", |seen| !seen.rows.is_empty() && !seen.is("running"))
        .await;
    // Both are one, and take the same room.
    page.browser.resize(1440, 844).await;
    let shown =
        "return ['run', 'lab-run'].map(id => document.getElementById(id).checkVisibility())";
    page.until_value(shown, &json!([true, false])).await;
}
