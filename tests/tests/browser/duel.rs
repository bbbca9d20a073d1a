//! A wrong decoder beside the right one, in a lesson and over a record of one's own.

use tests::Page;
use tests::events::hex;
use thirtyfour::Key;

use super::files::drop_text;

/// Chooses a wrong decoder by its name.
async fn choose(page: &Page, name: &str) {
    let choose = format!(
        "const choice = document.getElementById('duel');
        choice.value = '{name}';
        choice.dispatchEvent(new Event('change'));
        return choice.value;"
    );
    assert_eq!(page.script(&choose).await, name);
}

/// The names that can be chosen.
const NAMES: &str = "return [...document.querySelectorAll('#duel option')].map(o => o.value)
    .join(' ')";

#[tokio::test]
async fn a_lesson_is_read_by_a_wrong_decoder_as_well() {
    let serve = super::serve();
    let page = Page::start().await;
    page.open_lesson(&serve, "length-prefix").await;
    page.until_over().await;
    page.press(Key::End).await;
    let names = page
        .until_returned("a choice", NAMES, |names| names != "")
        .await;
    let names = names.as_str().expect("names");
    for name in ["one-recv", "header-whole", "other-endian", "characters"] {
        assert!(names.contains(name), "{name} in {names}");
    }
    assert!(!names.contains("delimiter-at-end"), "{names}");
    let before = page.drawn().await;
    // Whatever the recvs were like, it is wrong about the first message.
    choose(&page, "other-endian").await;
    let seen = page
        .until("where they part", |seen| {
            seen.text("explain")
                .contains("other-endian parts at recv() #")
        })
        .await;
    let said = seen.text("explain");
    assert!(said.contains("for a length of 83,886,080."), "{said}");
    page.until_drawn("a row more", |drawn| drawn != before)
        .await;
    page.click("[data-language=zh]").await;
    page.until("where they part, in Chinese", |seen| {
        seen.text("explain").contains("分道")
    })
    .await;
    choose(&page, "").await;
    page.until("no duel", |seen| !seen.text("explain").contains("分道"))
        .await;
}

/// A record of one recv that returned three lines.
fn record() -> String {
    let bytes = hex(b"hello\nhow are you?\nbye\n");
    [
        r#"{"type":"run","version":5,"run":0,"kernel":"","capture":"unknown"}"#,
        r#"{"type":"party","party":1,"name":"server"}"#,
        r#"{"type":"connection","connection":1,"transport":"tcp","opener":{"address":"127.0.0.1:5000"},"acceptor":{"party":1,"address":"127.0.0.1:6379","observed":{"calls":true}}}"#,
        &format!(
            r#"{{"type":"event","at":1000,"party":1,"connection":1,"end":"acceptor","call":"recv","asked":64,"bytes":"{bytes}"}}"#
        ),
        r#"{"type":"ended","events":1,"why":"finished"}"#,
    ]
    .map(|line| [line, "\n"].concat())
    .concat()
}

#[tokio::test]
async fn a_record_of_ones_own_is_read_by_a_wrong_decoder_once_its_framing_is_known() {
    let serve = super::serve();
    let page = Page::start().await;
    page.open(&serve, "").await;
    drop_text(&page, "chat.jsonl", &record()).await;
    page.until("the record", |seen| !seen.rows.is_empty()).await;
    let hidden = "return document.getElementById('duel-choice').hidden";
    page.until_returned("no choice", hidden, |hidden| hidden == true)
        .await;
    page.script(
        "const field = document.getElementById('framing-opener');
        field.value = 'delimiter';
        field.dispatchEvent(new Event('change'));",
    )
    .await;
    page.until_returned("a choice", hidden, |hidden| hidden == false)
        .await;
    choose(&page, "one-recv").await;
    page.press(Key::End).await;
    page.until("the bug", |seen| {
        let said = seen.text("explain");
        said.contains("one-recv parts at recv() #1, offset 6, with the first message.")
            && said.contains("It took all of recv() #1, 23 bytes, for one message.")
    })
    .await;
}
