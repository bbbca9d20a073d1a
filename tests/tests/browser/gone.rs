//! The gateway goes away and comes back.

use rustix::process::Signal;
use tests::{Page, Seen, Serve};
use thirtyfour::Key;

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
