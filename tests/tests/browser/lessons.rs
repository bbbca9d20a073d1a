//! Every lesson is run and stepped through, and what the table says is what
//! the server itself has recorded.

use serde_json::Value;
use tests::events::{Event, hex};
use tests::hmac::{KEY, proof};
use tests::workspace::lessons;
use tests::{EventRow, Lines, Page, Seen, Serve, eventually, python};

/// The server's own record of the run that began when its log had `start`
/// lines, by time.
fn recorded(log: &Lines, start: usize) -> Vec<Event> {
    let mut events: Vec<_> = log
        .since(start)
        .iter()
        .filter_map(|line| line.split_once(" tap: "))
        .map(|(_, json)| serde_json::from_str::<Value>(json).expect("JSON"))
        .filter_map(|line| Event::of(&line))
        .collect();
    events.sort_by_key(|event| event.at);
    events
}

/// A call as both the table and the log tell it.
type Told = (String, u64, u64, String, u64, u64);

fn told(row: &EventRow) -> Told {
    let (actor, call) = (row.actor.clone(), row.call.clone());
    (
        actor,
        row.client,
        row.connection,
        call,
        row.offset,
        row.length,
    )
}

fn logged(event: &Event) -> Told {
    let (actor, call) = (event.actor.clone(), event.call.clone());
    let length = event.bytes.len() as u64;
    (
        actor,
        event.client,
        event.connection,
        call,
        event.offset,
        length,
    )
}

/// The table's rows of the server are the server's own record.
fn check_agrees(lesson: &str, seen: &Seen, serve: &Serve, start: usize) -> Vec<Event> {
    let log = &serve.program.err;
    let rows: Vec<_> = seen
        .rows
        .iter()
        .filter(|row| row.actor == "server" && !row.is_packet())
        .map(told)
        .collect();
    assert!(!rows.is_empty(), "{lesson}: {seen:?}");
    // The log passes through a pipe.
    let events = eventually("the server's log is complete", || {
        let mut events = recorded(log, start);
        // The record is one: packets and the clients' calls are in the log, too.
        let is_packet = |call: &str| matches!(call, "segment" | "datagram");
        events.retain(|event| event.actor == "server" && !is_packet(&event.call));
        (events.len() >= rows.len()).then_some(events)
    });
    let events_told: Vec<_> = events.iter().map(logged).collect();
    assert_eq!(rows, events_told, "{lesson}");
    events
}

/// Offsets add up for each connection and way, in the table alone.
fn check_adds_up(lesson: &str, rows: &[EventRow]) {
    for (index, row) in rows.iter().enumerate() {
        assert_eq!(row.step, index as u64 + 1, "{lesson}");
        let same = |other: &&EventRow| {
            (&other.actor, other.client, other.connection, &other.call)
                == (&row.actor, row.client, row.connection, &row.call)
        };
        let before: u64 = rows[..index]
            .iter()
            .filter(same)
            .map(|row| row.length)
            .sum();
        if row.call == "send" || row.call == "recv" {
            assert_eq!(row.offset, before, "{lesson}: {row:?}");
        }
    }
    let moved = |actor: &str, call: &str, client: u64| -> u64 {
        let rows = rows.iter().filter(|r| r.actor == actor && r.call == call);
        rows.filter(|r| r.client == client).map(|r| r.length).sum()
    };
    for client in [1, 2] {
        let name = format!("client{client}");
        let (sent, received) = (
            moved(&name, "send", client),
            moved("server", "recv", client),
        );
        assert!(received <= sent, "{lesson}: {name}: {received} of {sent}");
        if rows.iter().any(EventRow::is_packet) {
            // Every byte that was sent crossed the wire.
            let own = rows.iter().filter(|r| r.is_packet() && r.actor == name);
            let reached = own.map(|row| row.offset + row.length).max().unwrap_or(0);
            assert!(reached >= sent, "{lesson}: {name}: {reached} of {sent}");
        }
        let (sent, received) = (
            moved("server", "send", client),
            moved(&name, "recv", client),
        );
        assert!(received <= sent, "{lesson}: {name}: {received} of {sent}");
    }
}

/// Steps to the end and back; each step looks the same from both sides.
async fn check_steps(lesson: &str, page: &Page, events: usize) {
    let mut explained = page.walk(events).await;
    assert!(explained.iter().all(|text| !text.is_empty()), "{lesson}");
    explained.dedup();
    assert!(
        explained.len() > 1,
        "{lesson}: each step says what happened"
    );
}

#[tokio::test]
async fn every_lesson_agrees_with_the_servers_own_record_at_every_step() {
    let serve = super::serve();
    let page = Page::start().await;
    for lesson in lessons() {
        let start = serve.program.err.count();
        let seen = page.next_lesson(&serve, &lesson).await;
        check_adds_up(&lesson, &seen.rows);
        check_agrees(&lesson, &seen, &serve, start);
        check_steps(&lesson, &page, seen.rows.len()).await;
        assert_eq!(page.browser.complaints().await, [""; 0], "{lesson}");
    }
}

#[tokio::test]
async fn a_link_opens_its_lesson_at_its_step_after_it_ran() {
    let serve = super::serve();
    let page = Page::start().await;
    for (hash, step) in [
        ("lesson=tcp-echo&step=3", Some(3)),
        ("lesson=five-sends&step=0", Some(0)),
        ("lesson=length-prefix&step=last", None),
        ("lesson=length-prefix&step=9999", None),
    ] {
        page.open(&serve, hash).await;
        let seen = page.until_over().await;
        let step = step.unwrap_or(seen.rows.len());
        let seen = page.until_step(step).await;
        let lesson = hash["lesson=".len()..].split('&').next().expect("a name");
        let place = format!("lesson={lesson}");
        assert!(seen.text("hash").contains(&place), "{}", seen.text("hash"));
    }
}

#[tokio::test]
async fn a_lesson_is_chosen_from_the_list() {
    let serve = super::serve();
    let page = Page::start().await;
    let first = page.open_lesson(&serve, "tcp-echo").await;
    let listed = page
        .script("return [...document.querySelectorAll('[data-lesson]')].map(e => e.dataset.lesson).filter(Boolean)")
        .await;
    let mut listed: Vec<_> = listed.as_array().expect("a list").clone();
    listed.sort_by_key(ToString::to_string);
    let expected: Vec<_> = lessons().into_iter().map(Value::from).collect();
    assert_eq!(listed, expected);
    page.click("[data-lesson=ready-ack]").await;
    let other = |seen: &Seen| seen.text("title") != first.text("title");
    let seen = page.until("another lesson", other).await;
    assert!(
        seen.text("hash").contains("ready-ack"),
        "{}",
        seen.text("hash")
    );
    let current = page
        .script("return document.querySelector('[data-lesson][aria-current=true]').dataset.lesson")
        .await;
    assert_eq!(current, "ready-ack");
}

#[tokio::test]
async fn run_again_is_a_new_run_of_the_kernel() {
    let serve = super::serve();
    let page = Page::start().await;
    let first = page.open_lesson(&serve, "auth-accepted").await;
    let start = serve.program.err.count();
    page.click("#run").await;
    let times = |seen: &Seen| {
        seen.rows
            .iter()
            .map(|row| row.text.clone())
            .collect::<Vec<_>>()
    };
    let again = |seen: &Seen| seen.is("over") && times(seen) != times(&first);
    let second = page.until("a second run is over", again).await;
    check_adds_up("auth-accepted", &second.rows);
    check_agrees("auth-accepted", &second, &serve, start);
}

/// The bytes of a client's calls of this name, one after the other.
fn carried(events: &[Event], call: &str, client: u64) -> Vec<u8> {
    let calls = events
        .iter()
        .filter(|event| event.call == call && event.client == client);
    calls.flat_map(|event| event.bytes.clone()).collect()
}

#[tokio::test]
async fn the_answer_on_the_wire_is_the_hmac_of_the_challenge() {
    let serve = super::serve();
    let page = Page::start().await;
    for (lesson, keys) in [
        ("auth-accepted", vec!["wan yifei"]),
        ("two-authenticated", vec!["wan yifei", "wan yifei"]),
        ("auth-wrong-key", vec![]),
    ] {
        let start = serve.program.err.count();
        let seen = page.open_lesson(&serve, lesson).await;
        let events = check_agrees(lesson, &seen, &serve, start);
        let stream = |call, client| carried(&events, call, client);
        for (client, key) in (1..).zip(&keys) {
            let challenge = hex(&stream("send", client)[..32]);
            let answer = hex(&stream("recv", client)[..16]);
            assert_eq!(answer, python::hmac_md5(key, &challenge), "{lesson}");
            // The page's own send is what the server received.
            let name = format!("client{client}");
            let sends = |row: &&EventRow| row.actor == name && row.call == "send";
            let first = seen.rows.iter().find(sends).expect("the answer");
            assert_eq!((first.offset, first.length), (0, 16), "{lesson}");
        }
        if keys.is_empty() {
            let answer = hex(&stream("recv", 1)[..16]);
            let challenge = hex(&stream("send", 1));
            assert_eq!(challenge.len(), 64, "the challenge and nothing else");
            assert_ne!(answer, python::hmac_md5("wan yifei", &challenge));
        }
    }
}

#[tokio::test]
async fn the_page_proves_itself_and_replays_and_reflects_what_it_saw() {
    let serve = super::serve();
    let page = Page::start().await;
    for lesson in ["prove-you-know-the-key", "replay-it", "reflect-it"] {
        let start = serve.program.err.count();
        let seen = page.open_lesson(&serve, lesson).await;
        let events = check_agrees(lesson, &seen, &serve, start);
        // As the server has them: what it sent, what it received.
        let stream = |call, client| carried(&events, call, client);
        let (said, heard) = (stream("send", 1), stream("recv", 1));
        if lesson != "replay-it" {
            let (challenge, nonce) = (&said[..32], &heard[..32]);
            assert_ne!(challenge, nonce, "{lesson}");
            assert_eq!(heard[32..64], proof(KEY, "client", challenge, nonce));
            assert_eq!(said[32..64], proof(KEY, "server", challenge, nonce));
        }
        let (told, forged) = (stream("send", 2), stream("recv", 2));
        match lesson {
            "replay-it" => assert_eq!(forged[..16], heard[..16]),
            "reflect-it" => assert_eq!(forged, [&told[..], &said[32..64]].concat()),
            _ => continue,
        }
        assert_eq!(told.len(), 32, "{lesson}: a challenge and nothing else");
        assert!(said.ends_with(b"HELLO FROM ONE"), "{lesson}");
    }
}

/// Browsers tell of an address that was set a moment later; the page may write it before.
#[tokio::test]
async fn an_address_that_is_set_while_the_page_writes_it_is_gone_to() {
    let serve = super::serve();
    let page = Page::start().await;
    page.open(&serve, "#lesson=five-sends&step=2").await;
    page.until("step 2", |seen| seen.step() == 2).await;
    // The key's step is written at once.
    page.script(
        "location.hash = 'lesson=tcp-echo&step=1';
        window.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight'}));",
    )
    .await;
    let there = "lesson=tcp-echo&step=1";
    page.until("the other lesson's first step", |seen| {
        seen.step() == 1 && seen.text("hash").contains(there)
    })
    .await;
    // And back: what was overwritten would be missing there.
    page.script("history.back()").await;
    page.until("the lesson before", |seen| {
        seen.text("hash").contains("lesson=five-sends&step=")
    })
    .await;
    assert_eq!(page.browser.complaints().await, [""; 0]);
}

#[tokio::test]
async fn decoded_messages_stand_in_the_row_that_completed_them() {
    let serve = super::serve();
    let page = Page::start().await;
    let seen = page.open_lesson(&serve, "length-prefix").await;
    let rows = seen
        .rows
        .iter()
        .filter(|row| row.actor == "server" && row.call == "recv");
    let messages: Vec<_> = rows.flat_map(|row| row.messages.clone()).collect();
    let text = tests::workspace::read("static/lessons/length-prefix.toml");
    let line = text.lines().find(|line| line.starts_with("messages = "));
    let line = line.expect("the lesson's messages");
    let sent: Value = serde_json::from_str(&line["messages = ".len()..]).expect("a list");
    assert_eq!(Value::from(messages), sent);
}

#[tokio::test]
async fn the_first_lane_comes_soon() {
    let serve = super::serve();
    let page = Page::start().await;
    page.open(&serve, "lesson=tcp-echo&step=last").await;
    page.until("the first rows", |seen| !seen.rows.is_empty())
        .await;
    // Measured and told, not judged: this machine may be busy.
    let since = page.script("return performance.now()").await;
    println!("the first lane was seen {since} ms after navigation began, or before");
}
