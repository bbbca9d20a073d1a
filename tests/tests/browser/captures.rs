//! Capture files on the page: one connection is shown, others can be chosen.

use serde_json::json;
use tests::Page;

use super::capture::{Connection, SERVER};
use super::files::{drop_bytes, until_opened};

/// Two connections of a capture; the second one has more bytes.
fn two() -> Vec<u8> {
    let read = |connection: Connection| {
        let file = connection.file();
        std::fs::read(file.path()).expect("it was written")
    };
    let first = Connection::new().client(b"hello").server(b"ok");
    let first = read(first.in_order(&[0, 1, 2, 3, 4]));
    let second = Connection::to(9).client(b"many more bytes").client(b"!");
    let second = read(second.in_order(&[0, 1, 2, 4, 3]));
    [&first[..], &second[24..]].concat()
}

#[tokio::test]
async fn a_dropped_capture_shows_a_connection_and_offers_the_others() {
    let serve = super::serve();
    let page = Page::start().await;
    page.open_lesson(&serve, "tcp-echo").await;
    drop_bytes(&page, "two.pcap", &two()).await;
    let seen = until_opened(&page, "two.pcap").await;
    assert_eq!(seen.text("notice"), "");
    let lengths = |rows: &[tests::EventRow]| rows.iter().map(|row| row.length).collect::<Vec<_>>();
    assert_eq!(lengths(&seen.rows), [0, 0, 0, 1, 15]);
    assert!(seen.rows.iter().all(|row| row.call == "segment"));
    let offered = "
        return [...document.querySelectorAll('#yours-list button')].map(item => [
            item.dataset.connection, item.getAttribute('aria-current'),
            item.querySelector('.title').textContent,
            item.querySelector('.counts').textContent]);";
    let ends = |port: u16| format!("127.0.0.1:40000 → 127.0.0.1:{port}");
    let expected = json!([
        ["0", "false", ends(SERVER), "5 B →, ← 2 B · 5 packets"],
        ["1", "true", ends(9), "16 B →, ← 0 B · 5 packets"],
    ]);
    assert_eq!(page.script(offered).await, expected);
    // Both rows of calls say why they are empty.
    let drawn = page.see().await;
    let drawn = drawn.text("stage");
    let unobserved = drawn.matches("calls were not observed");
    assert_eq!(unobserved.count(), 2, "{drawn}");
    page.click("[data-connection='0']").await;
    let seen = page
        .until("the other connection", |seen| {
            lengths(&seen.rows) == [0, 0, 0, 5, 2]
        })
        .await;
    assert_eq!(seen.text("title"), "two.pcap");
    // A lesson is no capture.
    page.open_lesson(&serve, "five-sends").await;
    let hidden = "return document.getElementById('yours').hidden;";
    assert_eq!(page.script(hidden).await, json!(true));
    assert_eq!(page.browser.complaints().await, [""; 0]);
}

#[tokio::test]
async fn one_connection_stays_above_another_to_be_compared() {
    let serve = super::serve();
    let page = Page::start().await;
    page.open_lesson(&serve, "tcp-echo").await;
    drop_bytes(&page, "two.pcap", &two()).await;
    until_opened(&page, "two.pcap").await;
    page.click("#keep-above").await;
    page.click("[data-connection='0']").await;
    let ends = |port: u16| format!("127.0.0.1:40000 → 127.0.0.1:{port}");
    let seen = page
        .until("both connections", |seen| {
            let drawn = seen.text("stage");
            drawn.contains(&ends(9)) && drawn.contains(&ends(SERVER))
        })
        .await;
    assert_eq!(seen.rows.len(), 5, "the events are those of the lower one");
    let pressed = "
        const button = document.getElementById('keep-above');
        return [button.getAttribute('aria-pressed'), button.textContent, location.hash];";
    let expected = json!([
        "true",
        format!("Stays above: {}", ends(9)),
        "#yours&compare=1,0"
    ]);
    page.until_value(pressed, &expected).await;
    // The Time view has one of them, and says so.
    let note = "
        const note = document.getElementById('note-above');
        return note.hidden ? '' : note.textContent;";
    assert_eq!(page.script(note).await, json!(""));
    page.click("[data-view='time']").await;
    let is_said =
        |said: &serde_json::Value| said.as_str().is_some_and(|said| said.contains(&ends(9)));
    page.until_returned("the note", note, is_said).await;
    page.click("[data-view='bytes']").await;
    page.click("#keep-above").await;
    page.until("one connection", |seen| {
        !seen.text("stage").contains(&ends(9))
    })
    .await;
    assert_eq!(page.browser.complaints().await, [""; 0]);
}

#[tokio::test]
async fn a_damaged_capture_shows_what_stands_before_the_damage() {
    let serve = super::serve();
    let page = Page::start().await;
    page.open_lesson(&serve, "tcp-echo").await;
    let whole = two();
    drop_bytes(&page, "cut.pcap", &whole[..whole.len() - 1]).await;
    let seen = until_opened(&page, "cut.pcap").await;
    // The second connection without its last packet: a gap of 15 bytes, and one byte.
    assert_eq!(seen.rows.len(), 4, "{:?}", seen.rows);
    assert!(
        seen.text("missed").contains("broke off"),
        "{}",
        seen.text("missed")
    );
    drop_bytes(&page, "empty.pcap", &whole[..24]).await;
    let refused = "empty.pcap was not opened: it is a capture without any";
    page.until("it is refused", |seen| {
        seen.text("notice").starts_with(refused)
    })
    .await;
    assert_eq!(page.browser.complaints().await, [""; 0]);
}
