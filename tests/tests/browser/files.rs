//! Trace files on the page: opened, refused, saved.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tests::events::{Event, Trace};
use tests::{EventRow, Page, Seen, stickylab};
use thirtyfour::By;

/// A call or packet as both a table and a file tell it.
type Told = (String, u64, String, u64, u64);

fn rows(seen: &Seen) -> Vec<Told> {
    let told = |row: &EventRow| {
        let (actor, call) = (row.actor.clone(), row.call.clone());
        (actor, row.client, call, row.offset, row.length)
    };
    seen.rows.iter().map(told).collect()
}

fn events(trace: &Trace) -> Vec<Told> {
    let told = |event: &Event| {
        let (actor, call) = (event.actor.clone(), event.call.clone());
        let length = event.bytes.len() as u64;
        (actor, event.client, call, event.offset, length)
    };
    trace.events.iter().map(told).collect()
}

/// Lines of a run of `arguments`, as the command line saves them.
pub(super) fn saved(arguments: &[&str]) -> Vec<String> {
    let finished = tests::run(stickylab(&[&["run", "--json"], arguments].concat()), b"");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    finished.out
}

pub(super) fn text(lines: &[String]) -> String {
    lines.iter().flat_map(|line| [line, "\n"]).collect()
}

/// Drags a file over the page and drops it. `content` is a script's
/// expression: what a `File` is made of.
async fn drop_file(page: &Page, name: &str, content: &str) {
    let script = format!(
        "const files = new DataTransfer();
         files.items.add(new File([{content}], {}));
         const drag = kind => document.getElementById('stage').dispatchEvent(new DragEvent(
             kind, {{dataTransfer: files, bubbles: true, cancelable: true}}));
         return [drag('dragover'), drag('drop')];",
        json!(name)
    );
    // The page takes both, or else the browser would leave it for the file.
    assert_eq!(page.script(&script).await, json!([false, false]));
}

pub(super) async fn drop_text(page: &Page, name: &str, text: &str) {
    drop_file(page, name, &json!(text).to_string()).await;
}

pub(super) async fn drop_bytes(page: &Page, name: &str, bytes: &[u8]) {
    drop_file(page, name, &format!("new Uint8Array({})", json!(bytes))).await;
}

/// Waits until the file of this name is on the stage.
pub(super) async fn until_opened(page: &Page, name: &str) -> Seen {
    page.until("the file is opened", |seen| {
        seen.text("title") == name && !seen.rows.is_empty()
    })
    .await
}

#[tokio::test]
async fn a_file_chosen_or_dropped_shows_its_events_and_runs_its_experiment() {
    let serve = super::serve();
    let page = Page::start().await;
    page.open_lesson(&serve, "tcp-echo").await;
    let folder = tempfile::tempdir().expect("a folder");
    let lines = saved(&["five-sends", "--set", "messages=one\ntwo\nthree"]);
    let path = folder.path().join("chosen.jsonl");
    std::fs::write(&path, text(&lines)).expect("a file");
    let trace = Trace::read(&lines);

    let input = page.browser.driver().find(By::Id("file")).await;
    let path = path.to_str().expect("a plain path");
    let chosen = input.expect("the input").send_keys(path).await;
    chosen.expect("a file can be chosen");
    let seen = until_opened(&page, "chosen.jsonl").await;
    assert_eq!(rows(&seen), events(&trace));
    assert_eq!(seen.text("notice"), "");
    assert_eq!(seen.step(), 0, "a reader begins at the start");
    let knobs = seen.text("knobs").to_owned();
    assert!(knobs.contains("one"), "{knobs}");

    // Another one takes its place.
    let other = saved(&["udp-echo"]);
    drop_text(&page, "dropped.jsonl", &text(&other)).await;
    let seen = until_opened(&page, "dropped.jsonl").await;
    assert_eq!(rows(&seen), events(&Trace::read(&other)));

    drop_text(&page, "again.jsonl", &text(&lines)).await;
    let opened = until_opened(&page, "again.jsonl").await;
    assert_eq!(rows(&opened), events(&trace));
    page.click("#run").await;
    let times = |seen: &Seen| -> Vec<_> { seen.rows.iter().map(|r| r.text.clone()).collect() };
    let over = |seen: &Seen| !seen.is("running") && seen.text("question").contains("run anew");
    let anew = |seen: &Seen| over(seen) && times(seen) != times(&opened);
    let anew = page.until("its experiment is run", anew).await;
    let sends = |rows: &[Told]| -> Vec<_> {
        let sends = rows.iter().filter(|told| told.2 == "send");
        sends.cloned().collect()
    };
    assert_eq!(sends(&rows(&anew)), sends(&events(&trace)));
    assert_eq!(anew.text("title"), "again.jsonl");
    assert_eq!(page.browser.complaints().await, [""; 0]);
}

#[tokio::test]
async fn what_is_no_trace_is_refused_and_changes_nothing() {
    let serve = super::serve();
    let page = Page::start().await;
    page.open_lesson(&serve, "tcp-echo").await;
    let before = page.go_to(3).await;
    assert_eq!(before.text("notice"), "");
    let lines = saved(&["five-sends"]);
    let last = lines.len();
    let with = |index: usize, line: &str| {
        let mut lines = lines.clone();
        line.clone_into(&mut lines[index]);
        text(&lines)
    };
    let mut first: Value = serde_json::from_str(&lines[0]).expect("JSON");
    first["version"] = json!(99);
    let future = with(0, &first.to_string());
    first["version"] = json!(5);
    first["experiment"]["buffer"] = json!(0);
    let impossible = with(0, &first.to_string());
    let cases = [
        (
            "bad.jsonl",
            with(2, "{\"type\":"),
            "line 3 is no line of a trace.".to_owned(),
        ),
        (
            "short.jsonl",
            text(&lines[..last - 1]),
            format!(
                "it breaks off after line {}: its “ended” line is missing.",
                last - 1
            ),
        ),
        (
            "future.jsonl",
            future,
            "it has version 99, and this page reads up to 5: update the program.".to_owned(),
        ),
        (
            "notes.txt",
            "Dear diary\n".to_owned(),
            "line 1 is no line of a trace.".to_owned(),
        ),
        ("none.jsonl", String::new(), "it is empty.".to_owned()),
        (
            "twice.jsonl",
            text(&lines).repeat(2),
            format!(
                "line {} stands in the wrong place. A trace begins",
                last + 1
            ),
        ),
        ("buffer.jsonl", impossible, "server buffer is 0".to_owned()),
    ];
    for (name, content, reason) in cases {
        drop_text(&page, name, &content).await;
        check_refused(&page, &before, name, &reason).await;
    }
    let huge = "new Uint8Array(64 * 1024 * 1024 + 1)";
    drop_file(&page, "huge.jsonl", huge).await;
    check_refused(&page, &before, "huge.jsonl", "it is larger than 64 MiB.").await;

    // What is a trace is opened all the same, and nothing is complained about any more.
    drop_text(&page, "good.jsonl", &text(&lines)).await;
    let seen = until_opened(&page, "good.jsonl").await;
    assert_eq!(seen.text("notice"), "");
    assert_eq!(page.browser.complaints().await, [""; 0]);
}

/// One error that names the file and the reason; all else is as it was.
async fn check_refused(page: &Page, before: &Seen, name: &str, reason: &str) {
    let named = |seen: &Seen| seen.text("notice").contains(name);
    let seen = page.until(name, named).await;
    let expected = format!("{name} was not opened: {reason}");
    let notice = seen.text("notice");
    assert!(notice.starts_with(&expected), "{expected}\n{notice}");
    assert_eq!(seen.rows, before.rows, "{name}");
    for what in [
        "title",
        "hash",
        "explain",
        "counter",
        "knobs",
        "inspector",
        "stage",
    ] {
        assert_eq!(seen.text(what), before.text(what), "{name}: {what}");
    }
}

/// Clicks a download and returns the file.
async fn download(page: &Page, kind: &str, name: &str) -> PathBuf {
    downloaded(page, &format!("[data-download={kind}]"), name).await
}

/// The file of this name that a click on a button gives.
pub(super) async fn downloaded(page: &Page, button: &str, name: &str) -> PathBuf {
    page.click(button).await;
    page.browser.downloaded(name)
}

/// How many packets tshark finds, and no complaint.
fn packets(file: &Path) -> usize {
    let program = std::env::var_os("TSHARK").unwrap_or_else(|| "tshark".into());
    let mut command = Command::new(program);
    command.env("WIRESHARK_CONFIG_DIR", "/nonexistent");
    command.arg("-n").arg("-r").arg(file);
    let finished = tests::run(command, b"");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    finished.out.len()
}

#[tokio::test]
async fn a_run_is_saved_as_a_trace_and_for_wireshark() {
    let serve = super::serve();
    let page = Page::start().await;
    let seen = page.open_lesson(&serve, "length-prefix").await;

    let file = download(&page, "trace", "stickylab-length-prefix.jsonl").await;
    let content = std::fs::read_to_string(&file).expect("text");
    let lines: Vec<_> = content.lines().map(str::to_owned).collect();
    let trace = Trace::read(&lines);
    assert_eq!(events(&trace), rows(&seen));
    let path = file.to_str().expect("a plain path");
    let finished = tests::run(stickylab(&["show", path]), b"");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let calls = seen.rows.iter().filter(|row| !row.is_packet()).count();
    let count = format!(" {calls} calls in ");
    let is_told = finished.out.iter().any(|line| line.contains(&count));
    assert!(is_told, "{count}: {finished:?}");

    let file = download(&page, "pcapng", "stickylab-length-prefix.pcapng").await;
    let bytes = std::fs::read(&file).expect("bytes");
    assert_eq!(bytes[..4], [0x0a, 0x0d, 0x0d, 0x0a]);
    let shown = seen.rows.iter().filter(|row| row.is_packet()).count();
    if shown > 0 {
        assert_eq!(packets(&file), shown);
    } else {
        assert!(packets(&file) > 0, "synthetic ones");
    }

    // The page shows what it saved.
    drop_text(&page, "back.jsonl", &content).await;
    let back = until_opened(&page, "back.jsonl").await;
    let texts = |seen: &Seen| -> Vec<_> { seen.rows.iter().map(|r| r.text.clone()).collect() };
    assert_eq!(texts(&back), texts(&seen));
    let file = download(&page, "trace", "back.jsonl").await;
    let again = std::fs::read_to_string(&file).expect("text");
    assert!(
        again == content,
        "saved again it is the same, byte for byte"
    );
    assert_eq!(page.browser.complaints().await, [""; 0]);
}
