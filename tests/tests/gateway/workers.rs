//! The processes that runs go on in: apart from the gateway and from each other.

use std::fs;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tests::events::Trace;
use tests::{Census, Program, Serve, eventually, proc, stickylab};

use super::lab::{Page, echo};

/// The processes for runs that `of` started: whether they have a run, or wait for one.
fn processes(of: u32, has_run: bool) -> Vec<u32> {
    let mut started = proc::descendants(of);
    started.retain(|pid| {
        // One that waits has no thread but its first.
        let census = Census::of(*pid);
        let is_so = census.is_some_and(|census| (census.threads > 1) == has_run);
        proc::has_argument(*pid, "lab-worker") && is_so
    });
    started
}

/// The processes of runs that `of` started.
fn workers(of: u32) -> Vec<u32> {
    processes(of, true)
}

/// Whether a process has ended; whoever started it may not have waited for it yet.
fn has_ended(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    status.is_empty() || status.contains(") Z ")
}

fn signal(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    kill_process(pid.expect("a process"), signal).expect("it is there");
}

/// A page with a run that goes on, and the process of that run.
async fn running(serve: &Serve, run: u32) -> (Page, u32) {
    let before = workers(serve.program.id());
    let mut page = Page::open(serve).await;
    page.run(run, echo()).await;
    assert_eq!(page.next("run").await["run"], run);
    let mut started = workers(serve.program.id());
    started.retain(|pid| !before.contains(pid));
    let [pid] = started[..] else {
        panic!("one process: {started:?}");
    };
    (page, pid)
}

/// Sends a message and ends the run.
async fn finish(page: &mut Page) -> Value {
    page.say(&json!({"type": "send", "client": 1, "sends": [{"bytes": "6869"}]}))
        .await;
    page.say(&json!({"type": "close", "client": 1, "after": 50_000_000}))
        .await;
    page.next("ended").await
}

#[tokio::test]
async fn a_killed_process_is_a_run_that_has_ended_and_nothing_else() {
    let serve = Serve::start(&[]);
    let (mut page, pid) = running(&serve, 1).await;
    let (mut other, _) = running(&serve, 2).await;
    signal(pid, Signal::KILL);
    let error = page.next("error").await;
    let message = error["message"].as_str().unwrap_or_default();
    assert!(message.starts_with("run 1: "), "{message}");
    assert!(message.contains("signal 9 (SIGKILL"), "{message}");
    assert_eq!(page.next("ended").await["why"], "crashed");
    // The other run and the session go on.
    assert_eq!(finish(&mut other).await["why"], "finished");
    page.run(3, echo()).await;
    page.next("run").await;
    assert_eq!(finish(&mut page).await["why"], "finished");
    eventually("no process is left", || {
        workers(serve.program.id()).is_empty().then_some(())
    });
}

#[tokio::test]
async fn one_process_waits_for_the_next_run_and_has_that_alone() {
    let serve = Serve::start(&[]);
    let gateway = serve.program.id();
    let waiting = |than: Option<u32>| {
        eventually("one waits", || match processes(gateway, false)[..] {
            [pid] if Some(pid) != than => Some(pid),
            _ => None,
        })
    };
    let (mut page, first) = running(&serve, 1).await;
    let next = waiting(None);
    assert_ne!(first, next);
    assert_eq!(finish(&mut page).await["why"], "finished");
    page.run(2, echo()).await;
    assert_eq!(page.next("run").await["run"], 2);
    assert_eq!(workers(gateway), [next], "it was there already");
    let another = waiting(Some(next));
    assert_eq!(finish(&mut page).await["why"], "finished");
    // One that was killed while it waited is no run's.
    signal(another, Signal::KILL);
    eventually("it is dead", || has_ended(another).then_some(()));
    page.run(3, echo()).await;
    assert_eq!(page.next("run").await["run"], 3);
    assert_eq!(finish(&mut page).await["why"], "finished");
    let last = waiting(Some(another));
    signal(gateway, Signal::KILL);
    eventually("it ends with its gateway", || has_ended(last).then_some(()));
}

/// What the budget of descriptors counts on (`net/budget.rs`).
#[tokio::test]
async fn a_run_takes_two_descriptors_of_the_gateway_and_so_does_the_process_that_waits() {
    let serve = Serve::start(&[]);
    let gateway = serve.program.id();
    let open = || Census::of(gateway).expect("it runs").open();
    let mut page = Page::open(&serve).await;
    let before = open();
    page.run(1, echo()).await;
    page.next("run").await;
    eventually("one waits", || {
        let waits = processes(gateway, false).len() == 1;
        (waits && open() == before + 4).then_some(())
    });
    assert_eq!(workers(gateway).len(), 1);
    assert_eq!(finish(&mut page).await["why"], "finished");
    eventually("the run's are closed", || {
        (open() == before + 2).then_some(())
    });
}

#[tokio::test]
async fn a_process_has_limits_of_its_own_and_no_secret() {
    let secret = [("STICKYLAB_SECRET", "not for a run")];
    let serve = Serve::at("127.0.0.1:0", &secret, &[]);
    let (mut page, pid) = running(&serve, 1).await;
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).expect("it is there");
    let hard = |name: &str| {
        let line = limits.lines().find_map(|line| line.strip_prefix(name));
        let mut values = line.expect(name).split_whitespace();
        values.nth(1).map(str::to_owned)
    };
    for (name, most) in [
        ("Max address space", 2 << 30),
        ("Max data size", 512 << 20),
        ("Max cpu time", 360),
        ("Max open files", 512),
        ("Max core file size", 0),
    ] {
        let limit = hard(name).and_then(|limit| limit.parse::<u64>().ok());
        assert!(
            limit.is_some_and(|limit| limit <= most),
            "{name}: {limit:?}"
        );
    }
    let environment = fs::read(format!("/proc/{pid}/environ")).expect("it is there");
    let environment = String::from_utf8_lossy(&environment);
    assert!(!environment.contains("STICKYLAB_SECRET"), "{environment}");
    assert_eq!(finish(&mut page).await["why"], "finished");
}

#[tokio::test]
async fn a_run_ends_with_its_page() {
    let serve = Serve::start(&[]);
    let (page, pid) = running(&serve, 1).await;
    drop(page);
    eventually("its process ends", || {
        (!workers(serve.program.id()).contains(&pid)).then_some(())
    });
}

#[tokio::test]
async fn a_killed_gateway_leaves_no_process_behind() {
    let serve = Serve::start(&[]);
    let (_page, pid) = running(&serve, 1).await;
    signal(serve.program.id(), Signal::KILL);
    eventually("its process ends", || has_ended(pid).then_some(()));
}

/// What `stickylab lab-worker` says to these lines on its standard input.
fn say(lines: &str) -> tests::Finished {
    let mut command = stickylab(&["lab-worker"]);
    command.stdin(Stdio::piped());
    tests::run(command, lines.as_bytes())
}

#[test]
fn a_process_takes_one_run_and_refuses_what_is_none() {
    let run = json!({"type": "run", "run": 4, "experiment": echo()}).to_string();
    let long = format!(
        "{{\"type\":\"run\",\"x\":\"{}\"}}\n",
        "x".repeat(256 * 1024)
    );
    for (lines, part) in [
        ("\n", "EOF"),
        ("{}\n", "type"),
        ("{\"type\":\"stop\"}\n", "no run"),
        (&run, "cut off"),
        (&long, "too long"),
    ] {
        let finished = say(lines);
        assert_eq!(finished.code, Some(1), "{lines:.60}: {finished:?}");
        assert!(finished.out.is_empty(), "{finished:?}");
        assert!(finished.err[0].contains(part), "{part}: {finished:?}");
    }
    let mut too_big = echo();
    too_big["buffer"] = json!(0);
    let run = json!({"type": "run", "run": 4, "experiment": too_big});
    let finished = say(&format!("{run}\n"));
    let [line] = &finished.out[..] else {
        panic!("one line: {finished:?}");
    };
    assert!(
        line.contains("run 4: ") && line.contains("buffer"),
        "{line}"
    );
}

/// A run by its lines alone, as the reference has it.
#[test]
fn a_run_goes_by_lines_as_those_of_a_page() {
    let mut program = Program::start(stickylab(&["lab-worker"]).stdin(Stdio::piped()));
    let run = json!({"type": "run", "run": 0, "experiment": echo()});
    program.type_in(format!("{run}\n").as_bytes());
    program
        .out
        .wait_for("a run", |line| line.contains("\"type\":\"run\""));
    for request in [
        json!({"type": "send", "client": 1, "sends": [{"bytes": "6869"}]}),
        json!({"type": "close", "client": 1}),
    ] {
        program.type_in(format!("{request}\n").as_bytes());
    }
    let ended = |line: &str| line.contains("\"type\":\"ended\"");
    program.out.wait_for("the end", ended);
    let finished = program.finish();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let mut lines = finished.out;
    lines.retain(|line| !line.contains("left_out"));
    let trace = Trace::read(&lines);
    assert_eq!(trace.why, "finished");
    assert_eq!(trace.calls("client1", "send", 1)[0].bytes, b"hi");
}
