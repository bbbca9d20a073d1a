//! A picture of every lesson, for people to look at; what can be said of its
//! looks without eyes is checked.

use tests::browser::{Browser, DESKTOP, PHONE};
use tests::workspace::lessons;
use tests::{Page, Serve};
use thirtyfour::Key;

/// Texts that are cut off, and whether the page is wider than its window.
const CUT: &str = r#"
    const cut = [];
    if (document.documentElement.scrollWidth > innerWidth)
        cut.push(`the page is ${document.documentElement.scrollWidth} wide`);
    for (const element of document.querySelectorAll("button, h1, h2, p, label, output, a")) {
        if (!element.checkVisibility() || element.closest("dialog, .unseen, .skip")) continue;
        const style = getComputedStyle(element);
        if (style.overflowX === "visible") continue;
        if (style.overflowX !== "auto" && element.scrollWidth > element.clientWidth + 1)
            cut.push(`${element.id || element.className || element.tagName}: ${element.textContent}`);
    }
    return cut;
"#;

/// Runs `lesson` and goes half way through.
async fn go_half_way(page: &Page, serve: &Serve, lesson: &str) {
    let seen = page.next_lesson(serve, lesson).await;
    page.press(Key::End).await;
    page.until_step(seen.rows.len()).await;
    // Before the last calls that only close: where something was received.
    let recvs = seen.rows.iter();
    let recvs = recvs.filter(|row| row.call == "recv" && row.length > 0);
    let step = recvs
        .map(|row| row.step)
        .max()
        .expect("something was received");
    let step = usize::try_from(step).expect("a row's number");
    for before in (step..seen.rows.len()).rev() {
        page.press(Key::Left).await;
        page.until_step(before).await;
    }
}

/// Takes a picture of the page as it is.
async fn picture(page: &Page, name: &str) {
    let cut = page.script(CUT).await;
    assert_eq!(cut, serde_json::json!([]), "{name}");
    let path = page.picture(name).await;
    let size = std::fs::metadata(&path).expect("a file").len();
    assert!(size > 20_000, "{} is nearly empty", path.display());
}

#[tokio::test]
async fn every_lesson_in_both_themes_on_a_desktop() {
    let serve = super::serve();
    let page = Page::start().await;
    for lesson in lessons() {
        go_half_way(&page, &serve, &lesson).await;
        for theme in ["light", "dark"] {
            page.choose_theme(theme).await;
            picture(&page, &format!("{lesson}-{theme}")).await;
        }
    }
}

#[tokio::test]
async fn some_lessons_in_chinese_and_in_the_time_view() {
    let serve = super::serve();
    let browser = Browser::with(DESKTOP, "zh-CN").await;
    let page = Page { browser };
    for lesson in ["five-sends", "characters-are-not-bytes", "auth-accepted"] {
        go_half_way(&page, &serve, lesson).await;
        picture(&page, &format!("{lesson}-zh")).await;
    }
    for lesson in ["five-sends", "one-at-a-time", "two-authenticated"] {
        page.open_lesson(&serve, lesson).await;
        page.press(Key::End).await;
        page.press("t").await;
        page.picture(&format!("{lesson}-time-zh")).await;
    }
}

#[tokio::test]
async fn some_lessons_on_a_phone() {
    let serve = super::serve();
    let browser = Browser::with(PHONE, "en-US").await;
    let page = Page { browser };
    for lesson in ["five-sends", "ready-ack", "two-authenticated"] {
        go_half_way(&page, &serve, lesson).await;
        picture(&page, &format!("{lesson}-phone")).await;
        page.script("document.getElementById('stage').scrollIntoView()")
            .await;
        page.picture(&format!("{lesson}-phone-stage")).await;
    }
}
