//! Two languages, two themes, and settings that stay.

use tests::browser::{Browser, DESKTOP};
use tests::workspace::lessons;
use tests::{Page, Seen};
use thirtyfour::Key;

pub(super) fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

/// Steps through the run and returns the texts and labels that look like the
/// key of a missing text, `[a.b]`, or have a placeholder left in them, `{n}`.
/// Code may have such things.
const MISSING: &str = r##"
    const looks = /\[[a-z0-9]+([.-][a-z0-9]+)*\]|\{[a-z]+(\||\})/;
    const labels = ["aria-label", "title", "aria-valuetext", "placeholder"];
    const labelled = labels.map(label => `[${label}]`).join();
    const missing = new Set();
    const look = text => { if (text && looks.test(text)) missing.add(text); };
    const press = key => window.dispatchEvent(new KeyboardEvent("keydown", {key}));
    const frame = () => new Promise(requestAnimationFrame);
    const steps = document.querySelectorAll("#events [data-step]").length;
    press("Home");
    for (let step = 0; step <= steps; step++) {
        await frame();
        const current = document.querySelector("#events [aria-current]");
        if ((current?.dataset.step ?? "0") !== String(step)) missing.add(`step ${step}`);
        const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walk.nextNode())
            if (!walk.currentNode.parentElement.closest("code, script")) look(walk.currentNode.data);
        for (const element of document.querySelectorAll(labelled))
            for (const label of labels) look(element.getAttribute(label));
        press("ArrowRight");
    }
    return [...missing];
"##;

pub(super) async fn choose_language(page: &Page, language: &str) -> Seen {
    page.click(&format!("[data-language={language}]")).await;
    page.until("the other language", |seen| {
        seen.text("language") == language
    })
    .await
}

/// The tags of the languages that the page offers, the one it opened with last.
pub(super) async fn languages(page: &Page) -> Vec<String> {
    let script = "return [...document.querySelectorAll('[data-language]')]
        .sort((a, b) => (a.ariaPressed === 'true') - (b.ariaPressed === 'true'))
        .map(button => button.dataset.language)";
    let tags = page.script(script).await;
    let tags: Vec<String> = serde_json::from_value(tags).expect("tags");
    assert!(tags.len() >= 2, "{tags:?}");
    tags
}

#[tokio::test]
async fn a_switch_changes_every_text_and_the_documents_language() {
    let serve = super::serve();
    let page = Page::start().await;
    page.open_lesson(&serve, "tcp-echo").await;
    page.press(Key::End).await;
    let at_end = |seen: &Seen| seen.step() > 0 && seen.step() == seen.rows.len();
    let english = page.until("the end", at_end).await;
    assert_eq!(english.text("language"), "en");
    let chinese = choose_language(&page, "zh").await;
    for name in ["title", "question", "explain", "visible"] {
        assert_ne!(chinese.text(name), english.text(name));
        assert!(is_chinese(chinese.text(name)), "{}", chinese.text(name));
    }
    for name in ["title", "question", "explain"] {
        assert!(!is_chinese(english.text(name)), "{}", english.text(name));
    }
    let facts = |seen: &Seen| -> Vec<_> {
        let rows = seen.rows.iter();
        rows.map(|row| (row.actor.clone(), row.call.clone(), row.offset, row.length))
            .collect()
    };
    assert_eq!(facts(&chinese), facts(&english), "the same run");
    assert_eq!(chinese.step(), english.step(), "at the same step");
    let again = choose_language(&page, "en").await;
    assert_eq!(again.text("visible"), english.text("visible"));
}

#[tokio::test]
async fn no_text_is_missing_in_any_lesson_at_any_step_in_any_language() {
    let serve = super::serve();
    let page = Page::start().await;
    for lesson in lessons() {
        page.next_lesson(&serve, &lesson).await;
        for language in languages(&page).await {
            choose_language(&page, &language).await;
            let script = format!("return (async () => {{ {MISSING} }})()");
            let missing = page.script(&script).await;
            assert_eq!(missing, serde_json::json!([]), "{lesson} in {language}");
        }
    }
}

#[tokio::test]
async fn language_and_theme_are_remembered() {
    let serve = super::serve();
    let page = Page::start().await;
    page.open_lesson(&serve, "tcp-echo").await;
    choose_language(&page, "zh").await;
    page.choose_theme("dark").await;
    let seen = page.open_lesson(&serve, "tcp-echo").await;
    assert_eq!(seen.text("language"), "zh");
    assert_eq!(seen.text("theme"), "dark");
}

#[tokio::test]
async fn the_browsers_language_comes_first() {
    let serve = super::serve();
    for (asked, expected) in [("zh-CN,zh", "zh"), ("de-DE,en", "en"), ("fr", "en")] {
        let browser = Browser::with(DESKTOP, asked).await;
        let page = Page { browser };
        page.open(&serve, "lesson=tcp-echo&step=0").await;
        let seen = page.until_over().await;
        assert_eq!(seen.text("language"), expected, "{asked}");
        assert_eq!(
            is_chinese(seen.text("question")),
            expected == "zh",
            "{asked}"
        );
    }
}

#[tokio::test]
async fn the_theme_switch_changes_the_colours() {
    let serve = super::serve();
    let page = Page::start().await;
    page.open_lesson(&serve, "tcp-echo").await;
    let mut colours = Vec::new();
    for theme in ["light", "dark"] {
        page.choose_theme(theme).await;
        let colour = "return getComputedStyle(document.body).backgroundColor";
        colours.push((page.script(colour).await, page.drawn().await));
    }
    assert_ne!(colours[0].0, colours[1].0, "of the page");
    assert_ne!(colours[0].1, colours[1].1, "of the stage");
    page.choose_theme("auto").await;
}

#[tokio::test]
async fn both_views_show_the_run_at_the_same_step() {
    let serve = super::serve();
    let page = Page::start().await;
    page.open_lesson(&serve, "tcp-echo").await;
    page.press_with_shift(Key::Right).await;
    let there = page.until_step(10).await;
    let bytes = page.drawn().await;
    page.click("[data-view=time]").await;
    let time = page
        .until_drawn("the other view", |drawn| drawn != bytes)
        .await;
    assert_eq!(page.see().await.rows, there.rows);
    page.press(Key::Right).await;
    page.until_step(11).await;
    assert_ne!(page.drawn().await, time);
    page.press(Key::Left).await;
    page.until_step(10).await;
    assert!(page.drawn().await == time, "stepping back is exact");
    page.click("[data-view=bytes]").await;
    page.until_drawn("the first view as it was", |drawn| drawn == bytes)
        .await;
}
