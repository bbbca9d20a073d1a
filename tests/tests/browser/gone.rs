//! The gateway goes away and comes back.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;
use tests::{Page, Seen, Serve};
use thirtyfour::Key;
use tokio::time::sleep;

#[tokio::test]
async fn a_gateway_that_is_gone_is_said_the_run_stays_and_the_page_comes_back() {
    let serve = super::serve();
    let address = serve.page.to_string();
    let page = Page::start().await;
    let before = page.open_lesson(&serve, "tcp-echo").await;
    assert_eq!(before.text("link"), "up");
    assert_eq!(before.text("notice"), "");

    // Not asked to end: it is just gone.
    serve.program.signal(Signal::KILL);
    drop(serve);
    let gone = page
        .until("it is said", |seen| seen.text("link") == "down")
        .await;
    assert!(!gone.text("notice").is_empty());
    assert_eq!(gone.rows, before.rows, "the last run stays");
    page.press(Key::End).await;
    page.until_step(before.rows.len()).await;
    page.press(Key::Left).await;
    let back = page.until_step(before.rows.len() - 1).await;
    assert!(!back.text("explain").is_empty());
    page.click("[data-language=zh]").await;
    page.until("it still speaks", |seen| seen.text("language") == "zh")
        .await;

    let serve = Serve::at(&address, &[], &[]);
    assert_eq!(serve.page.to_string(), address);
    let up = |seen: &Seen| seen.text("link") == "up" && seen.text("notice").is_empty();
    let again = page.until("it connects by itself", up).await;
    assert_eq!(again.step(), before.rows.len() - 1, "where one was");
    page.click("#run").await;
    let texts = |seen: &Seen| {
        seen.rows
            .iter()
            .map(|row| row.text.clone())
            .collect::<Vec<_>>()
    };
    let run = |seen: &Seen| seen.is("over") && texts(seen) != texts(&again);
    let run = page.until("a new run is over", run).await;
    assert_eq!(run.rows.last().map(|row| row.call.as_str()), Some("close"));
}

#[tokio::test]
async fn a_gateway_that_comes_late_is_waited_for() {
    let serve = super::serve();
    let address = serve.page.to_string();
    let page = Page::start().await;
    page.open_lesson(&serve, "udp-echo").await;
    serve.program.stop(Signal::TERM);
    page.until("it is said", |seen| seen.text("link") == "down")
        .await;
    // Asked for while nobody is there: it runs when somebody is.
    page.click("[data-lesson=ready-ack]").await;
    page.until("another lesson", |seen| seen.rows.is_empty())
        .await;
    page.press("r").await;
    let _serve = Serve::at(&address, &[], &[]);
    let seen = page.until_over().await;
    assert!(seen.text("hash").contains("ready-ack"));
}

/// Counts how often the notice comes, and goes.
const COUNT: &str = "
    const notice = document.getElementById('notice');
    window.notices = [];
    let hidden = notice.hidden;
    new MutationObserver(() => {
        if (notice.hidden === hidden) return;
        hidden = notice.hidden;
        window.notices.push(hidden ? 'goes' : 'comes');
    }).observe(notice, {attributes: true, attributeFilter: ['hidden']});
";

async fn notices(page: &Page) -> serde_json::Value {
    page.script("return window.notices").await
}

fn is_up(seen: &Seen) -> bool {
    seen.text("link") == "up" && seen.text("notice").is_empty()
}

#[tokio::test]
async fn a_gateway_that_has_stopped_answering_is_noticed_and_so_is_that_it_answers_again() {
    let serve = super::serve();
    let page = Page::start().await;
    let before = page.open_lesson(&serve, "tcp-echo").await;
    page.script(COUNT).await;
    // While it answers nothing is said, however long nobody asks for anything.
    sleep(Duration::from_secs(6)).await;
    assert_eq!(notices(&page).await, json!([]));
    for language in ["en", "zh"] {
        page.click(&format!("[data-language={language}]")).await;
        serve.program.signal(Signal::STOP);
        let stopped = Instant::now();
        let down = |seen: &Seen| seen.text("link") == "down" && !seen.text("notice").is_empty();
        let gone = page.until("it is said", down).await;
        let noticed = stopped.elapsed();
        println!("noticed after {noticed:?}");
        // Long before the page gives the connection up, which is after 15 s.
        assert!(noticed < Duration::from_secs(12), "{noticed:?}");
        let expected = if language == "en" {
            "does not answer"
        } else {
            "没有响应"
        };
        assert!(
            gone.text("notice").contains(expected),
            "{}",
            gone.text("notice")
        );
        assert_eq!(gone.rows.len(), before.rows.len(), "the last run stays");
        sleep(Duration::from_secs(3)).await;
        serve.program.signal(Signal::CONT);
        page.until("it answers again", is_up).await;
    }
    let twice = json!(["comes", "goes", "comes", "goes"]);
    assert_eq!(notices(&page).await, twice);

    // Stopped for longer than the page keeps a silent connection.
    page.script("window.notices = []").await;
    serve.program.signal(Signal::STOP);
    sleep(Duration::from_secs(19)).await;
    assert_eq!(notices(&page).await, json!(["comes"]));
    serve.program.signal(Signal::CONT);
    page.until("it is connected again", is_up).await;
    page.click("#run").await;
    page.until("a run", |seen| {
        seen.is("running") || seen.rows != before.rows
    })
    .await;
    page.until_over().await;
    assert_eq!(notices(&page).await, json!(["comes", "goes"]));
}

#[tokio::test]
async fn the_notice_stays_while_the_page_connects_again() {
    let serve = super::serve();
    let address = serve.page.to_string();
    let page = Page::start().await;
    page.open_lesson(&serve, "tcp-echo").await;
    page.script(COUNT).await;
    serve.program.signal(Signal::KILL);
    drop(serve);
    // Attempts after half a second, one and two seconds.
    sleep(Duration::from_secs(6)).await;
    assert_eq!(notices(&page).await, json!(["comes"]));
    let _serve = Serve::at(&address, &[], &[]);
    page.until("it connects by itself", is_up).await;
    assert_eq!(notices(&page).await, json!(["comes", "goes"]));
}
