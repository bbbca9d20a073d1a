//! A client that is stopped with a lot on its way, and goes on later: nothing
//! is lost, and nobody else notices.

use std::fmt::Write as _;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use tests::events::Trace;
use tests::websocket::{self, LAST, frame, opcode};
use tests::{Census, PATIENCE, Program, python};

use super::bystander::Bystander;
use super::client::framed;
use super::victim::Victim;
use super::{ATTACKER, each, sized};

/// Text that comes back is split into lines: numbered, so that none can be
/// missing, twice or out of order.
fn lines(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!("line {number:07} {}\n", "x".repeat(100)))
        .collect()
}

/// All of them as the client of `name` says them.
fn said(name: &str, server: &str, lines: &[String]) -> Vec<u8> {
    let mut bytes = Vec::new();
    if name == "bridge" {
        let upgrade = websocket::upgrade(server, "/bridge/length-prefix", &[]);
        bytes.extend_from_slice(upgrade.as_bytes());
    }
    for line in lines {
        let line = line.as_bytes();
        match name {
            "tcp-echo" => bytes.extend_from_slice(line),
            "bridge" => {
                // A bridge to a server that prints what it receives: it is not
                // the bridge that is stopped.
                let body = framed(&line[..line.len() - 1]);
                bytes.extend_from_slice(&frame(LAST | opcode::BINARY, &body));
            }
            "length-prefix" => bytes.extend_from_slice(&framed(&line[..line.len() - 1])),
            _ => bytes.extend_from_slice(&framed(line)),
        }
    }
    bytes
}

/// Stops the client for `seconds` when a tenth has arrived, and lets it go on.
fn stop(victim: &Victim, seconds: usize) -> String {
    let door = &victim.door;
    let name = door.name;
    let server = door.address.to_string();
    // One client at a time: nobody else is in.
    let bystander = (name != "tcp-echo").then(|| Bystander::enter(door));
    let lines = lines(sized(10_000, 200_000));
    let mut arguments = vec![server.clone(), ATTACKER.to_string()];
    if name == "auth" {
        arguments.push("wan yifei".to_owned());
    }
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let start = door.lines.count();
    let mut client = Program::start(&mut python::script("pipe.py", &arguments));
    client.write(&said(name, &server, &lines));
    let out = client.out.clone();
    // Who has no answer is seen in what the server prints.
    let echoes = matches!(name, "tcp-echo" | "auth");
    let arrived = || {
        if echoes {
            out.count().saturating_sub(1)
        } else {
            own(&door.lines.since(start)).len()
        }
    };
    long("a tenth has arrived", || arrived() >= lines.len() / 10);
    client.signal(Signal::STOP);
    let stopped_at = arrived();
    // What is stopped is the point, not what happens meanwhile.
    thread::sleep(Duration::from_secs(seconds as u64));
    let resident = Census::of(victim.program.id()).expect("it runs").resident;
    client.signal(Signal::CONT);
    long("all has arrived", || arrived() >= lines.len());
    let got = if echoes {
        out.all()[1..].to_vec()
    } else {
        own(&door.lines.since(start))
    };
    for (number, line) in got.iter().enumerate() {
        let mut begin = String::new();
        write!(begin, "line {number:07} ").expect("a String takes everything");
        assert!(
            line.to_lowercase().contains(&begin),
            "line {number} is {line}"
        );
    }
    assert_eq!(got.len(), lines.len());
    if name == "bridge" {
        client.signal(Signal::KILL);
    }
    drop(client);
    let trips = bystander.map_or(0, |bystander| bystander.leave().0.len());
    format!(
        "stopped for {seconds} s behind {stopped_at} of {} messages: all arrived, in order; \
         {resident} KiB resident meanwhile; the other source made {trips} round trips",
        lines.len()
    )
}

/// The lines that the stopped client's messages made.
fn own(lines: &[String]) -> Vec<String> {
    let own = lines.iter().filter(|line| line.contains(" line "));
    own.cloned().collect()
}

/// As `eventually`, for what takes longer on a busy machine.
fn long(what: &str, condition: impl Fn() -> bool) {
    let deadline = std::time::Instant::now() + 4 * PATIENCE;
    while !condition() {
        assert!(std::time::Instant::now() < deadline, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_stopped_client_loses_nothing_and_holds_nobody_up() {
    each(&["tcp-echo", "length-prefix", "auth", "bridge"], |name| {
        let victim = Victim::start(name, &[]);
        let seconds = sized(1, 10);
        victim.withstands("a stopped client", sized(0, 1), seconds, stop);
    });
}

/// Sends that a page asks for in one request.
const AT_ONCE: usize = 100;

/// A page that is stopped while its run goes on; later it has all lines.
fn stop_page(victim: &Victim, seconds: usize) -> String {
    let door = &victim.door;
    let bystander = Bystander::enter(door);
    let arguments = [door.address.to_string(), ATTACKER.to_string()];
    let arguments = [&arguments[0], &arguments[1]].map(String::as_str);
    let mut client = Program::start(&mut python::script("page.py", &arguments));
    let mut ask = |request: Value| client.type_in(format!("{request}\n").as_bytes());
    let sends = sized(500, 1_800);
    let send = json!({"bytes": "61".repeat(1_000), "gap": 100_000});
    let experiment = json!({"system": "tcp-echo", "clients": [{"messages": []}]});
    ask(json!({"type": "run", "run": 1, "experiment": experiment}));
    // A request has at most 256 KiB.
    for _ in 0..sends / AT_ONCE {
        ask(json!({"type": "send", "client": 1, "sends": vec![&send; AT_ONCE]}));
    }
    ask(json!({"type": "close", "client": 1}));
    let out = client.out.clone();
    out.wait_for("a recv", |line| line.contains("\"call\":\"recv\""));
    client.signal(Signal::STOP);
    thread::sleep(Duration::from_secs(seconds as u64));
    client.signal(Signal::CONT);
    out.wait_for("its end", |line| line.contains("\"type\":\"ended\""));
    // The greeting is the session's.
    let trace = Trace::read(&out.since(1));
    assert_eq!(trace.why, "finished");
    let streams = trace.check_promises();
    assert_eq!(streams[0].0.len(), sends * 1_000, "all was sent");
    assert_eq!(streams[0].0, streams[0].1, "and arrived");
    client.signal(Signal::KILL);
    drop(client);
    let trips = bystander.leave().0.len();
    format!(
        "stopped for {seconds} s in a run of {sends} sends: all {} events came; \
         the other source made {trips} round trips",
        trace.events.len()
    )
}

#[test]
fn a_stopped_page_has_all_of_its_run_later() {
    let victim = Victim::start("lab", &[]);
    victim.withstands("a stopped client", 1, sized(1, 10), stop_page);
}
