//! The page of `stickylab chop`: the run as is, the one that broke, and what the terminal says
//! of it.

use rustix::process::Signal;
use serde_json::json;
use tests::{Page, Program, axe, python, recorded, stickylab, workspace};

/// What the record says of itself, as it is seen.
const NOTE: &str = "
    const note = document.getElementById('note-record');
    return note?.checkVisibility() ? note.innerText : '';";

#[tokio::test]
async fn both_runs_stand_below_what_the_terminal_says_of_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| {
        let path = folder.path().join(name);
        path.to_str().expect("text").to_owned()
    };
    let client = recorded::client(&[(0, b"\x05\0\0\0hello"), (5, b"\x03\0\0\0bye"), (8, b"")]);
    std::fs::write(path("client.jsonl"), client).expect("a file");
    let server = workspace::root().join("tests/tests/chop/victims/header.py");
    let (trace, output) = (path("client.jsonl"), path("found"));
    let mut program = stickylab(&["chop", "--replay", &trace, "--schedule", "c1:1"]);
    program.args(["--framing", "length-prefix", "--lang", "en", "--page"]);
    program.args(["--output", &output, "--", "python3", "-B"]);
    program.arg(server).arg("wrong");
    program.env("PATH", python::path()).env("HOME", "/");
    let mut program = Program::start(&mut program);
    // It is given to the program, all of it.
    program.close_input();
    let start = "stickylab: page ";
    let line = program.err.wait_for(start, |line| line.starts_with(start));
    let page = Page::start().await;
    page.open_at(&line[start.len()..]).await;
    page.until("both runs", |seen| {
        let shown = seen.text("visible");
        shown.contains("Stays above: ") && shown.contains("broke: ")
    })
    .await;
    let note = page.script(NOTE).await;
    let note = note.as_str().expect("text");
    let lines: Vec<_> = note.lines().collect();
    let begins = |line: usize, start: &str| {
        let found = lines.get(line).copied().unwrap_or_default();
        assert!(found.starts_with(start), "{start}: {note}");
    };
    let broke = "broke: one cut is enough: recv() #1 of connection 1 returned 1 of the header's 4";
    begins(0, broke);
    begins(1, "differs: It sends 0 of 8 B on connection 1.");
    begins(
        2,
        "why: What one recv() returns is taken for a whole header.",
    );
    begins(
        3,
        "mend: read until a whole message is there: stickylab decoder",
    );
    begins(4, "again: stickylab chop --schedule c1:1 --output ");
    // It stays in the language of who wrote it, and says so on a page in another.
    let language = "return document.getElementById('note-record').getAttribute('lang')";
    page.until_value(language, &json!(null)).await;
    page.click("[data-language=zh]").await;
    page.until_value(language, &json!("en")).await;
    page.click("[data-language=en]").await;
    page.until_value(language, &json!(null)).await;
    assert_eq!(page.script(&axe::script()).await, json!([]));
    let wider = "return document.documentElement.scrollWidth > innerWidth;";
    assert_eq!(page.script(wider).await, json!(false));
    assert_eq!(page.browser.complaints().await, [""; 0]);
    program.signal(Signal::INT);
    assert_eq!(program.finish().code, Some(1));
}
