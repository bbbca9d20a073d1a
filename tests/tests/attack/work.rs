//! Work that the lab is given within all limits: long requests, runs that never
//! sleep, requests without end, pages that take nothing.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::websocket::{self, LAST, frame, opcode};
use tests::{Census, PATIENCE};

use super::bystander::{Bystander, Phase, ROUNDS, compare};
use super::client::{dial, hear, reset, say};
use super::victim::Victim;
use super::{ATTACKER, is_full, sized};

/// Longest request of the lab, in bytes.
const MAX_REQUEST: usize = 256 * 1024;
/// How long a load lasts where nothing is timed.
const SHORT: Duration = Duration::from_millis(300);
/// What may wait for the pages of one source, in KiB.
const BACKLOG: usize = 64 * 1024;
/// What a program may grow by beside that: threads, sockets, the allocator's own.
const BESIDE: usize = 32 * 1024;
/// By how much a deadline may be exceeded on a machine that is busy.
const LATE: Duration = Duration::from_secs(10);
/// Sends of one byte in a run whose page takes nothing. All are in one request: the gateway
/// reads no further one while its lines are not taken. Their events are some 10 MB as
/// lines, more than the kernel keeps for a page, and twice that in memory.
const SENDS: usize = 5_000;
/// How long a message may take.
const MESSAGE: Duration = Duration::from_secs(30);

/// A session of the lab that has said hello. Those of a load before may still
/// have the source's places: it is tried again until they are free.
fn session(page: SocketAddr) -> TcpStream {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut stream = dial(ATTACKER, page).expect("it listens");
        websocket::open(&mut stream, &page.to_string(), "/lab").expect("an upgrade");
        match websocket::read_frame(&mut stream).expect("a greeting or a refusal") {
            (opcode::TEXT, _) => return stream,
            refusal => assert!(Instant::now() < deadline, "{refusal:?}"),
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// What the sessions of a load do until they are told to stop.
#[derive(Clone, Copy)]
enum Load {
    /// So many send requests of the longest length, all of empty sends.
    Long(usize),
    /// So many run two clients each that wait by looking at the clock.
    Spinning(usize),
    /// So many send requests of 4 KiB without a run and without a pause.
    Streaming(usize),
}

impl Load {
    fn sessions(self) -> usize {
        match self {
            Self::Long(count) | Self::Spinning(count) | Self::Streaming(count) => count,
        }
    }

    /// Loads the lab at `page` until the phase is over.
    fn play(self, page: SocketAddr, phase: &Phase) {
        let sessions: Vec<_> = (0..self.sessions()).map(|_| session(page)).collect();
        thread::scope(|scope| {
            for mut stream in sessions {
                scope.spawn(move || {
                    match self {
                        Self::Long(_) => pour(&mut stream, &long(), phase),
                        Self::Streaming(_) => pour(&mut stream, &streaming(), phase),
                        Self::Spinning(_) => spin(&mut stream, phase),
                    }
                    // What the kernel still holds for the lab would be worked off
                    // long after the phase, and only then the place be free.
                    reset(stream);
                });
            }
            phase.begin();
        });
    }
}

fn text(request: &str) -> Vec<u8> {
    frame(LAST | opcode::TEXT, request.as_bytes())
}

/// The most empty sends that one request may hold.
fn long() -> Vec<u8> {
    let one = r#"{"bytes":""},"#;
    let start = r#"{"type":"send","client":1,"sends":["#;
    let count = (MAX_REQUEST - start.len() - 2) / one.len();
    let list = one.repeat(count);
    text(&format!("{start}{}]}}", list.trim_end_matches(',')))
}

fn streaming() -> Vec<u8> {
    let bytes = "61".repeat(2_000);
    text(&format!(
        r#"{{"type":"send","client":1,"sends":[{{"bytes":"{bytes}"}}]}}"#
    ))
}

/// Writes `bytes` repeatedly; a write that times out is tried again.
fn pour(stream: &mut TcpStream, bytes: &[u8], phase: &Phase) {
    let patience = Some(Duration::from_millis(50));
    stream.set_write_timeout(patience).expect("an option");
    let mut at = 0;
    while !phase.is_over() {
        match stream.write(&bytes[at..]) {
            Ok(count) => at = (at + count) % bytes.len(),
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}"),
        }
    }
}

/// Runs of two clients that send every 145 µs.
fn spin(stream: &mut TcpStream, phase: &Phase) {
    let send = json!({"gap": 145_000, "bytes": ""});
    let sends = vec![send; 8_000];
    let client = json!({"messages": []});
    let experiment = json!({"system": "tcp-echo", "serial": false, "clients": [client, client]});
    let patience = Some(Duration::from_millis(50));
    stream.set_read_timeout(patience).expect("an option");
    let mut taken = vec![0; 64 * 1024];
    let run = json!({"type": "run", "run": 1, "experiment": experiment});
    say(stream, &run).expect("it takes it");
    let mut begun = false;
    while !phase.is_over() {
        match stream.read(&mut taken) {
            Ok(0) => panic!("the session ended"),
            Ok(count) => {
                let lines = String::from_utf8_lossy(&taken[..count]);
                if !begun && lines.contains(r#""type":"run""#) {
                    begun = true;
                    for client in [1, 2] {
                        let sends = json!({"type": "send", "client": client, "sends": sends});
                        say(stream, &sends).expect("it takes it");
                    }
                }
                if lines.contains(r#""type":"ended""#) {
                    begun = false;
                    say(stream, &run).expect("it takes it");
                }
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}"),
        }
    }
}

/// Who else is served by the same program.
const OTHERS: [&str; 3] = ["tcp-echo", "page", "lab"];

/// The load alone, while all the others are served.
fn small(victim: &Victim, load: Load) -> String {
    let others = OTHERS.map(|name| Bystander::enter(&victim.beside(name)));
    let phase = Phase::default();
    thread::scope(|scope| {
        scope.spawn(|| load.play(victim.door.address, &phase));
        thread::sleep(SHORT);
        phase.end();
    });
    let trips = others.map(|other| other.leave().0.len());
    format!("{trips:?} round trips of {OTHERS:?}")
}

fn check(attack: &str, load: Load) {
    let victim = Victim::start("lab", &["--quiet"]);
    victim.withstands(attack, 1, 1, |victim, _| small(victim, load));
}

#[test]
fn long_requests_are_taken_in_turn() {
    check("long requests", Load::Long(sized(4, 64)));
}

#[test]
fn runs_that_never_sleep_wait_for_each_other() {
    check("runs that never sleep", Load::Spinning(sized(4, 32)));
}

#[test]
fn requests_without_a_pause_are_held_back() {
    check("requests without a pause", Load::Streaming(sized(4, 16)));
}

mod timed {
    use super::*;

    fn time(attack: &str, load: Load) {
        if !is_full() {
            return;
        }
        for name in OTHERS {
            let twin = Victim::start("lab", &["--quiet"]);
            let victim = Victim::start("lab", &["--quiet"]);
            let what = format!("{attack}, beside {name}");
            victim.withstands(&what, 1, ROUNDS, |victim, rounds| {
                let (door, other) = (victim.beside(name), twin.beside(name));
                let effect = compare(&door, &other, rounds, |target, phase| {
                    let page = if target.address == door.address {
                        victim.door.address
                    } else {
                        twin.door.address
                    };
                    load.play(page, phase);
                });
                if rounds == ROUNDS {
                    effect.check(&what);
                }
                effect.to_string()
            });
        }
    }

    #[test]
    fn long_requests_hold_nobody_up() {
        time("64 sessions of long requests", Load::Long(64));
    }

    #[test]
    fn runs_that_never_sleep_hold_nobody_up() {
        time("32 runs that never sleep", Load::Spinning(32));
    }

    #[test]
    fn requests_without_a_pause_hold_nobody_up() {
        time("16 sessions without a pause", Load::Streaming(16));
    }
}

/// Runs of the largest size whose pages take nothing until all are over; how
/// much the program grew.
fn unread(victim: &Victim, count: usize) -> String {
    let before = memory(victim);
    let mut pages: Vec<_> = (0..count).map(|_| session(victim.door.address)).collect();
    let experiment = json!({
        "system": "tcp-echo", "buffer": 65_536, "clients": [{"messages": []}],
    });
    let sends = vec![json!({"bytes": "61"}); SENDS];
    let sends = json!({"type": "send", "client": 1, "sends": sends});
    for page in &mut pages {
        say(
            page,
            &json!({"type": "run", "run": 1, "experiment": experiment}),
        )
        .expect("open");
    }
    // Those that wait begin when others are over: told then, they would be told
    // nothing. So each is told once its turn has come.
    let mut most = before;
    let deadline = Instant::now() + PATIENCE;
    let mut told = vec![false; count];
    let mut quiet = Instant::now();
    while told.contains(&false) || quiet.elapsed() < Duration::from_secs(2) {
        assert!(Instant::now() < deadline, "{told:?}");
        for (page, told) in pages.iter_mut().zip(&mut told) {
            if !*told && started(page) {
                say(page, &sends).expect("it takes it");
                say(page, &json!({"type": "close", "client": 1})).expect("it takes it");
                (*told, quiet) = (true, Instant::now());
            }
        }
        most = most.max(memory(victim));
        thread::sleep(Duration::from_millis(5));
    }
    let (mut whole, mut cut) = (0, 0);
    for page in &mut pages {
        match end(page).expect("its lines come to an end") {
            Some(reason) if reason == "unread" => cut += 1,
            _ => whole += 1,
        }
    }
    let grown = most.saturating_sub(before);
    assert!(
        grown <= BACKLOG + BESIDE,
        "{count} pages that take nothing cost {grown} KiB"
    );
    assert!(count < 32 || cut > 0, "nothing was too much: {grown} KiB");
    format!(
        "{count} runs, {cut} ended for it with a reason, {whole} whole; the program grew by \
         {} MiB at most",
        grown / 1024
    )
}

fn memory(victim: &Victim) -> usize {
    let census = Census::of(victim.program.id()).expect("it runs");
    census.resident
}

/// Whether the run has begun. Takes nothing that comes behind that.
fn started(page: &mut TcpStream) -> bool {
    page.set_nonblocking(true).expect("an option");
    let mut first = [0; 1024];
    let peeked = page.peek(&mut first);
    page.set_nonblocking(false).expect("an option");
    let lines = String::from_utf8_lossy(&first[..peeked.unwrap_or(0)]).into_owned();
    if lines.contains(r#""type":"run""#) {
        return true;
    }
    if lines.contains(r#""type":"queued""#) {
        websocket::read_frame(page).expect("a line");
    }
    false
}

/// The reason in a run's last event, once all its lines have come.
fn end(page: &mut TcpStream) -> io::Result<Option<String>> {
    let mut last = Value::Null;
    loop {
        let line = hear(page)?;
        if line["type"] == "ended" {
            return Ok(last["reason"].as_str().map(str::to_owned));
        }
        last = line;
    }
}

#[test]
fn pages_that_take_nothing_cost_a_bounded_amount() {
    // All at once: one after the other they would not fill what may wait.
    let victim = Victim::start("lab", &["--max-runs=64"]);
    victim.withstands("runs nobody reads", 1, sized(2, 32), unread);
}

/// Messages that are begun and never end, while pongs say that somebody is there.
fn unfinished(victim: &Victim, count: usize) -> String {
    let clients = (0..count).map(|_| {
        let mut stream = session(victim.door.address);
        stream.write_all(&frame(opcode::TEXT, b"{")).expect("open");
        stream
    });
    let mut clients: Vec<_> = clients.collect();
    let started = Instant::now();
    let mut codes = Vec::new();
    while !clients.is_empty() {
        assert!(
            started.elapsed() < MESSAGE + LATE,
            "{} are open",
            clients.len()
        );
        thread::sleep(Duration::from_millis(100));
        clients.retain_mut(|client| {
            let _ = client.write_all(&frame(LAST | opcode::PONG, b""));
            client.set_nonblocking(true).expect("an option");
            let closed = matches!(client.peek(&mut [0; 2]), Ok(1..));
            client.set_nonblocking(false).expect("an option");
            let frame = closed.then(|| websocket::read_frame(client));
            match frame {
                Some(Ok((opcode::CLOSE, payload))) => {
                    codes.extend(payload.first_chunk().copied().map(u16::from_be_bytes));
                    false
                }
                Some(Err(error)) => panic!("a close first: {error}"),
                _ => true,
            }
        });
    }
    assert_eq!(codes, vec![1008; count]);
    let took = started.elapsed();
    assert!(count == 0 || took >= MESSAGE, "closed after {took:?}");
    format!("{count} closed with 1008 after {:.1} s", took.as_secs_f64())
}

#[test]
fn a_message_that_never_ends_is_closed_whatever_pongs_come() {
    if !is_full() {
        // Its half minute has no flag; the gateway's own tests turn it.
        return;
    }
    let victim = Victim::start("lab", &[]);
    victim.withstands("unfinished messages with pongs", 0, 20, unfinished);
}
