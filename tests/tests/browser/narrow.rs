//! The page on a telephone.

use tests::browser::{Browser, PHONE};
use tests::workspace::lessons;
use tests::{EventRow, Page};

use super::looks::{choose_language, languages};

/// What is wider than the window, if anything makes the page scroll sideways.
pub(super) const WIDER: &str = "
    const html = document.documentElement;
    if (html.scrollWidth <= innerWidth) return [];
    const wide = e => e.getBoundingClientRect().right > innerWidth;
    const name = e => `${e.tagName}#${e.id}.${e.className}`;
    return [`${html.scrollWidth} of ${innerWidth}`,
        ...[...document.querySelectorAll('body *')].filter(wide).map(name)];
";

#[tokio::test]
async fn no_lesson_makes_the_page_scroll_sideways() {
    let serve = super::serve();
    let browser = Browser::with(PHONE, "en-US").await;
    let page = Page { browser };
    for lesson in lessons() {
        page.next_lesson(&serve, &lesson).await;
        for language in languages(&page).await {
            let seen = choose_language(&page, &language).await;
            let nothing = serde_json::json!([]);
            assert_eq!(page.script(WIDER).await, nothing, "{lesson}: {language}");
            let last = seen.rows.iter().rfind(|row: &&EventRow| row.length > 0);
            page.go_to(last.expect("some bytes").step).await;
            assert_eq!(page.script(WIDER).await, nothing, "{lesson}: {language}");
        }
    }
}
