//! Records of one's own programs on the page: the list of connections, a record that
//! grows, framings that are set afterwards.

use std::net::SocketAddr;

use rustix::process::Signal;
use serde_json::{Value, json};
use tests::browser::{Browser, PHONE};
use tests::{Listener, Page, Program, Stream, axe, stickylab};
use thirtyfour::Key;

use super::files::drop_text;

/// Three connections on which something happened, one with more bytes than the others.
const THREE: &str = include_str!("../../traces/three-parties.jsonl");

/// The list: number, title, what is said, and whether it is on the stage.
const LIST: &str = "
    const part = (item, name) => item.querySelector(name).textContent;
    return [...document.querySelectorAll('#yours-list button')].map(item => [
        Number(item.dataset.connection), part(item, '.title'),
        [part(item, '.counts'), part(item, '.state')].join(' / '),
        item.getAttribute('aria-current') === 'true']);
";

async fn list(page: &Page) -> Vec<Value> {
    let list = page.script(LIST).await;
    list.as_array().expect("a list").clone()
}

/// Waits for a list that is as wanted.
async fn until_listed(page: &Page, what: &str, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let deadline = std::time::Instant::now() + tests::PATIENCE;
    loop {
        let list = list(page).await;
        if wanted(&list) {
            return list;
        }
        assert!(std::time::Instant::now() < deadline, "{what}: {list:?}");
    }
}

/// A proxy with a page, and both their addresses.
fn proxy(server: SocketAddr, flags: &[&str]) -> (Program, SocketAddr, String) {
    let to = server.to_string();
    let arguments = ["proxy", "--listen", ":0", "--to", &to, "--page"];
    let program = Program::start(&mut stickylab(&[&arguments[..], flags].concat()));
    let start = "stickylab: page ";
    let url = program.err.wait_for(start, |line| line.starts_with(start));
    let start = "listening proxy tcp ";
    let line = program.out.wait_for(start, |line| line.starts_with(start));
    let address = line[start.len()..].parse().expect("an address");
    let url = url["stickylab: page ".len()..].to_owned();
    (program, address, url)
}

#[tokio::test]
async fn a_record_grows_on_the_page_and_is_framed_afterwards() {
    let server = Listener::new();
    let (program, address, url) = proxy(server.address(), &[]);
    let page = Page::start().await;
    page.open_at(&url).await;
    let shown = "return [...document.querySelectorAll('#tabs, #lessons, #run, #file-open')]
        .filter(element => element.checkVisibility()).map(element => element.id);";
    assert_eq!(page.script(shown).await, json!([]), "there are no lessons");
    let mut client = Stream::connect(address);
    let mut peer = server.accept();
    client.send(b"one\ntwo\n");
    peer.expect(b"one\ntwo\n");
    let first = until_listed(&page, "both connections", |list| list.len() == 2).await;
    assert_eq!(first[0][0], 1);
    let title = first[0][1].as_str().expect("text");
    assert!(title.ends_with("→ proxy"), "{title}");
    assert_eq!(first[0][3], true, "the first one is on the stage");
    let seen = page
        .until("the call", |seen| {
            seen.rows.iter().any(|row| row.call == "recv")
        })
        .await;
    assert_eq!(seen.step(), seen.rows.len(), "the cursor follows");
    let before = seen.rows.len();
    // The other direction, while somebody looks.
    peer.send(b"answer\n");
    client.expect(b"answer\n");
    let grown = |seen: &tests::Seen| seen.rows.len() > before && seen.step() == seen.rows.len();
    page.until("it grows", grown).await;
    page.click("#follow").await;
    page.press(Key::Home).await;
    client.send(b"more\n");
    peer.expect(b"more\n");
    let seen = page
        .until("it grows", |seen| seen.rows.len() > before + 1)
        .await;
    assert_eq!(seen.step(), 0, "the cursor stays");
    // What came in one recv are three messages, once somebody says how they are framed.
    let set = "
        const input = document.getElementById('framing-opener');
        input.value = 'delimiter'; input.dispatchEvent(new Event('change', {bubbles: true}));";
    page.script(set).await;
    page.press(Key::End).await;
    let framed = |seen: &tests::Seen| seen.text("stage").contains("3 messages");
    let seen = page.until("three messages", framed).await;
    let drawn = seen.text("stage");
    assert!(drawn.contains("not observed"), "{drawn}");
    let code = "return document.getElementById('code-panel').checkVisibility()";
    assert_eq!(page.script(code).await, true, "a decoder of its framing");
    let note = "return document.getElementById('note-proxy').innerText;";
    let note = page.script(note).await;
    assert!(
        note.as_str()
            .is_some_and(|text| text.contains("are its own")),
        "{note}"
    );
    drop((client, peer));
    // Both ends are seen before the proxy is ended.
    until_listed(&page, "the end", |list| {
        list.iter().all(|entry| {
            entry[2]
                .as_str()
                .is_some_and(|said| said.ends_with("/ closed"))
        })
    })
    .await;
    program.signal(Signal::INT);
    program
        .err
        .wait_for("it stays", |line| line.contains("until Ctrl-C"));
    let about = "return document.getElementById('yours-about').textContent;";
    page.until_returned("it is live no more", about, |about| {
        about
            .as_str()
            .is_some_and(|text| text.starts_with("2 connections"))
    })
    .await;
    assert_eq!(page.browser.complaints().await, [""; 0]);
    let seen = page.see().await;
    assert_eq!(
        seen.step(),
        seen.rows.len(),
        "who followed it is at its end"
    );
    // Loaded again, it has all of it, and begins at its start.
    page.open_at(&url).await;
    until_listed(&page, "both connections", |list| list.len() == 2).await;
    page.until("its start", |seen| {
        !seen.is("running") && seen.rows.len() > before + 1 && seen.step() == 0
    })
    .await;
    let sides = "return [...document.querySelectorAll('#yours-list .about')]
        .map(about => about.textContent.split(' · ')[0]);";
    assert_eq!(
        page.script(sides).await,
        json!(["pair 1, client side", "pair 1, server side"])
    );
    check_suggestions(&page).await;
    program.stop(Signal::TERM);
}

/// The fields of the framings suggest names, and behind a name its settings, while one types.
async fn check_suggestions(page: &Page) {
    let suggested =
        "return [...document.getElementById('framing-names').options].map(o => o.value);";
    page.script("document.getElementById('framing-opener').select()")
        .await;
    let all = page.script(suggested).await;
    let has = |all: &Value, text: &str| {
        let all = all.as_array().expect("a list").iter();
        all.filter(|one| *one == text).count()
    };
    assert_eq!(has(&all, "delimiter"), 1, "{all}");
    page.press("length-prefix,width=2,").await;
    let more = page.script(suggested).await;
    assert_eq!(
        has(&more, "length-prefix,width=2,endian=little"),
        1,
        "{more}"
    );
    assert_eq!(has(&more, "length-prefix"), 0, "{more}");
    page.press("endian=big").await;
    page.press(Key::Enter).await;
    let set = "const input = document.getElementById('framing-opener');
        return [input.value, input.getAttribute('aria-invalid')];";
    let expected = json!(["length-prefix,width=2,endian=big", "false"]);
    page.until_returned("it is set", set, |now| *now == expected)
        .await;
    page.press("x").await;
    page.press(Key::Enter).await;
    // It is told at the setting's own field, which is what describes the short form now.
    let told = "const input = document.getElementById('framing-opener');
        const told = document.getElementById(input.getAttribute('aria-describedby'));
        return [input.ariaInvalid, told.checkVisibility(), told.textContent];";
    let why = "One of these is expected: little, big.";
    page.until_value(told, &json!(["true", true, why])).await;
}

#[tokio::test]
async fn a_list_is_searched_ordered_and_walked_through_by_keys() {
    let serve = super::serve();
    let page = Page::start().await;
    page.open_lesson(&serve, "tcp-echo").await;
    page.click("[data-tab=yours]").await;
    let how = "return document.getElementById('yours-how').innerText;";
    let how = page.script(how).await;
    assert!(
        how.as_str()
            .is_some_and(|text| text.contains("stickylab trace")),
        "{how}"
    );
    drop_text(&page, "three.jsonl", THREE).await;
    let all = until_listed(&page, "all three", |list| list.len() == 3).await;
    let titles: Vec<_> = all.iter().map(|entry| entry[1].clone()).collect();
    let expected = json!([
        "alice → chat.py",
        "192.0.2.5:5555 → chat.py",
        "10.0.0.7 → chat.py"
    ]);
    assert_eq!(json!(titles), expected);
    let current = |list: &[Value]| list.iter().position(|entry| entry[3] == true);
    assert!(current(&all).is_some(), "one is on the stage: {all:?}");
    let type_in = "
        const input = document.getElementById('yours-text');
        input.value = '192.0'; input.dispatchEvent(new Event('input', {bubbles: true}));";
    page.script(type_in).await;
    let found = until_listed(&page, "what fits", |list| list.len() == 1).await;
    assert_eq!(found[0][1], titles[1]);
    page.script(&type_in.replace("192.0", "")).await;
    until_listed(&page, "all three", |list| list.len() == 3).await;
    // Up and down move the focus, Enter chooses.
    page.script("document.querySelector('#yours-list button').focus();")
        .await;
    page.press(Key::Down).await;
    page.press(Key::Down).await;
    page.press(Key::Up).await;
    page.press(Key::Enter).await;
    let chosen = until_listed(&page, "the second", |list| list[1][3] == true).await;
    assert_eq!(current(&chosen), Some(1));
    let seen = page.see().await;
    assert!(!seen.rows.is_empty());
    // The lessons are where they were.
    page.click("[data-tab=learn]").await;
    page.until("the lesson", |seen| {
        seen.text("hash").starts_with("#lesson=tcp-echo")
    })
    .await;
    page.click("[data-tab=yours]").await;
    let again = until_listed(&page, "all three", |list| list.len() == 3).await;
    assert_eq!(current(&again), Some(1));
    assert_eq!(page.browser.complaints().await, [""; 0]);
}

#[tokio::test]
async fn axe_finds_nothing_in_the_list_and_nothing_is_wider_than_a_telephone() {
    let serve = super::serve();
    let script = axe::script();
    for (size, language) in [(tests::browser::DESKTOP, "en-US"), (PHONE, "zh-CN")] {
        let browser = Browser::with(size, language).await;
        let page = Page { browser };
        page.open(&serve, "#yours").await;
        assert_eq!(
            page.script(&script).await,
            json!([]),
            "{language}: nothing open"
        );
        drop_text(&page, "three.jsonl", THREE).await;
        until_listed(&page, "all three", |list| list.len() == 3).await;
        for theme in ["light", "dark"] {
            page.choose_theme(theme).await;
            assert_eq!(page.script(&script).await, json!([]), "{language}: {theme}");
        }
        if size == PHONE {
            page.click("#drawer").await;
            assert_eq!(page.script(&script).await, json!([]), "the list is open");
        }
        let wider = "return document.documentElement.scrollWidth > innerWidth;";
        assert_eq!(page.script(wider).await, json!(false), "{language}");
    }
}

/// Sends over TCP to itself whenever a line comes.
const SENDS: &str = "
import socket, sys
listener = socket.create_server(('127.0.0.1', 0))
c = socket.create_connection(listener.getsockname())
d, _ = listener.accept()
print('ready', flush=True)
for line in sys.stdin:
    c.send(line.encode()); d.recv(100)
    print('done', flush=True)
sys.exit(3)
";

#[tokio::test]
async fn the_record_of_a_program_grows_while_it_runs() {
    let command = ["trace", "--page", "--framing", "delimiter", "--"];
    let command = [&command[..], &["python3", "-c", SENDS]].concat();
    // Python itself, as a shell's script that stands for it may connect to other services.
    let mut program = stickylab(&command);
    program.env("HOME", "/").env("PATH", tests::python::path());
    let mut program = Program::start(&mut program);
    let start = "stickylab: page ";
    let url = program.err.wait_for(start, |line| line.starts_with(start));
    let page = Page::start().await;
    page.open_at(&url[start.len()..]).await;
    until_listed(&page, "the connection", |list| list.len() == 1).await;
    let calls = |seen: &tests::Seen, call: &str| {
        let rows = seen.rows.iter();
        rows.filter(|row| row.call == call).count()
    };
    for n in 1..=2 {
        program.type_in(b"one\n");
        let grown = |seen: &tests::Seen| calls(seen, "send") == n && calls(seen, "recv") == n;
        let seen = page.until("both calls", grown).await;
        assert_eq!(seen.step(), seen.rows.len(), "the cursor follows");
    }
    assert!(program.is_running());
    // Its standard input ends.
    program.close_input();
    let stays = |line: &str| line.contains("until Ctrl-C");
    program.err.wait_for("it stays", stays);
    until_listed(&page, "the end", |list| {
        let said = list[0][2].as_str();
        said.is_some_and(|said| said.ends_with("/ closed"))
    })
    .await;
    assert_eq!(page.browser.complaints().await, [""; 0]);
    program.signal(Signal::INT);
    let finished = program.finish();
    assert_eq!(finished.code, Some(3), "{finished:?}");
    assert_eq!(finished.out, ["ready", "done", "done"]);
}
