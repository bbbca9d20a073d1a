//! The way of somebody who comes for the first time: reads, guesses, runs, steps,
//! proves, goes on, goes back, copies the link, and opens it without a gateway.

use tests::{Page, Program, Seen, Serve, workspace};
use thirtyfour::Key;

/// The clipboard of a browser without a screen can't be read.
const KEEP_WHAT_IS_COPIED: &str =
    "navigator.clipboard.writeText = async text => { window.copied = text; }";

/// How the page is used.
#[derive(Clone, Copy)]
enum By {
    Mouse,
    Keyboard,
}

impl By {
    /// Presses the element with this id, or the first that the selector finds.
    async fn press(self, page: &Page, selector: &str) {
        match self {
            Self::Mouse => page.click(selector).await,
            Self::Keyboard => {
                let is_there = format!("return document.activeElement.matches('{selector}')");
                let mut tabs = 0;
                while page.script(&is_there).await != true {
                    assert!(tabs < 300, "Tab never comes to {selector}");
                    page.press(Key::Tab).await;
                    tabs += 1;
                }
                page.press(Key::Enter).await;
            }
        }
    }
}

/// What the rows say, wherever the cursor is.
fn texts(seen: &Seen) -> Vec<&str> {
    seen.rows.iter().map(|row| row.text.as_str()).collect()
}

/// What is said of the guess; empty while nothing is.
async fn verdict(page: &Page) -> String {
    let script = "const said = document.getElementById('guess'); \
                  return said.hidden ? '' : said.textContent";
    page.script(script)
        .await
        .as_str()
        .expect("a text")
        .to_owned()
}

/// A server of the page's files alone.
fn files() -> (Program, String) {
    let folder = workspace::root().join("target/page");
    let arguments = [
        "-m",
        "http.server",
        "0",
        "--bind",
        "127.0.0.1",
        "--directory",
    ];
    let program = Program::start(tests::python::python().args(arguments).arg(folder));
    // "Serving HTTP on 127.0.0.1 port 43211 (http://127.0.0.1:43211/) ..."
    let line = program
        .out
        .wait_for("where it serves", |line| line.contains("http://"));
    let url = line.split(['(', ')']).nth(1).expect("its URL").to_owned();
    (program, url)
}

async fn first_visit(by: By) {
    let serve = Serve::start(&[]);
    let page = Page::start().await;
    page.open(&serve, "").await;
    page.script(KEEP_WHAT_IS_COPIED).await;
    let seen = page.see().await;
    assert!(seen.text("visible").contains("real servers and clients"));
    assert!(
        seen.text("hash").contains("five-sends"),
        "{}",
        seen.text("hash")
    );
    assert!(!seen.is("running") && seen.rows.is_empty(), "it waits");

    by.press(&page, "[data-guess=\"5\"]").await;
    let first = page.until_over().await;
    let focused = "return document.activeElement.dataset.guess ?? ''";
    assert_eq!(page.script(focused).await, "5", "the focus stays");
    // It plays; a step stops it, and the guess is not judged before the end.
    page.press(Key::Home).await;
    page.until_step(0).await;
    assert_eq!(verdict(&page).await, "");
    match by {
        By::Mouse => page.click("[data-go=last]").await,
        By::Keyboard => page.press(Key::End).await,
    }
    page.until_step(first.rows.len()).await;
    let recvs = first
        .rows
        .iter()
        .filter(|row| row.actor == "server" && row.call == "recv" && row.length > 0)
        .count();
    let judged = verdict(&page).await;
    assert!(judged.starts_with("You guessed 5"), "{judged}");
    assert!(judged.contains(&recvs.to_string()), "{recvs}: {judged}");

    by.press(&page, "#prove").await;
    let proved = |seen: &Seen| !seen.is("running") && !seen.text("outcome").is_empty();
    page.until("both runs are compared", proved).await;
    by.press(&page, "#compare-close").await;
    let alone = |seen: &Seen| seen.text("alone").is_empty();
    let back = page.until("one run", alone).await;
    assert_eq!(texts(&back), texts(&first), "the run that was guessed");
    assert_eq!(verdict(&page).await, judged, "it is as right as it was");

    by.press(&page, "#next").await;
    let other = |seen: &Seen| !seen.text("hash").contains("five-sends");
    page.until("the next lesson", other).await;
    page.script("history.back()").await;
    let home = |seen: &Seen| seen.text("hash").contains("five-sends") && !seen.rows.is_empty();
    let back = page.until("the lesson before", home).await;
    assert_eq!(texts(&back), texts(&first));

    by.press(&page, "#copy-link").await;
    let told = |seen: &Seen| seen.text("visible").contains("Copied, with the run in it.");
    page.until("the link is copied", told).await;
    let link = page.script("return window.copied").await;
    let link = link.as_str().expect("a link");
    let (_, place) = link.split_once('#').expect("a place");
    assert!(place.contains("&run="), "{place}");
    assert!(place.len() <= 8 * 1024, "{}", place.len());
    let complaints = page.browser.complaints().await;
    assert_eq!(complaints, Vec::<String>::new());

    let (_files, url) = files();
    page.open_at(&format!("{url}#{place}")).await;
    let there = |seen: &Seen| seen.rows.len() == first.rows.len();
    let opened = page.until("the run of the link", there).await;
    assert_eq!(texts(&opened), texts(&first));
    assert_ne!(opened.text("link"), "up", "no gateway");
}

#[tokio::test]
async fn a_first_visit_by_mouse() {
    first_visit(By::Mouse).await;
}

#[tokio::test]
async fn a_first_visit_by_keyboard_alone() {
    first_visit(By::Keyboard).await;
}
