//! Clients that are gone from one moment to the next: by a reset in the middle
//! of a frame, by SIGKILL, in the middle of a run of the lab.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;
use tests::hmac::{KEY, hmac_md5};
use tests::websocket::{self, LAST, frame, opcode};
use tests::{Census, Program, python};

use super::bystander::Bystander;
use super::client::{dial, hear, reset, say};
use super::victim::Victim;
use super::{ATTACKER, LISTENERS, each, sized};

/// A run of the lab that would go on for 20 s by itself ends with its session
/// in less than that.
const SOON: Duration = Duration::from_secs(10);

/// The beginning of what a client of `name` says, cut in the middle.
fn half(name: &str) -> Vec<u8> {
    match name {
        "tcp-echo" => b"hel".to_vec(),
        "ready-ack" => b"5\nhel".to_vec(),
        "page" => b"GET / HTTP/1.1\r\nHost: loc".to_vec(),
        "bridge" => frame(LAST | opcode::BINARY, b"hello")[..8].to_vec(),
        "lab" => frame(LAST | opcode::TEXT, b"{\"type\"")[..9].to_vec(),
        _ => b"\x05\0\0\0hel".to_vec(),
    }
}

fn enter(victim: &Victim) -> TcpStream {
    let door = &victim.door;
    let mut stream = dial(ATTACKER, door.address).expect("it listens");
    let host = door.address.to_string();
    match door.name {
        "auth" => {
            let mut challenge = [0; 32];
            stream.read_exact(&mut challenge).expect("a challenge");
            let answer = hmac_md5(KEY, &challenge);
            stream.write_all(&answer).expect("it takes the answer");
        }
        "bridge" => websocket::open(&mut stream, &host, "/bridge/udp-echo").expect("an upgrade"),
        "lab" => websocket::open(&mut stream, &host, "/lab").expect("an upgrade"),
        _ => {}
    }
    stream
}

/// Resets in the middle of a frame; half of them with an answer unread.
fn cut(victim: &Victim, count: usize) -> String {
    let name = victim.door.name;
    // One client at a time: nobody else is in.
    let bystander = (name != "tcp-echo").then(|| Bystander::enter(&victim.door));
    let half = half(name);
    for number in 0..count {
        // Below the rate that one source may have.
        thread::sleep(Duration::from_millis(if number > 300 { 6 } else { 0 }));
        let mut stream = enter(victim);
        stream.write_all(&half).expect("it takes it");
        if name == "tcp-echo" {
            // Its turn: else the resets would wait for each other in the kernel.
            stream.read_exact(&mut [0]).expect("its beginning");
        }
        reset(stream);
    }
    let trips = bystander.map_or(0, |bystander| bystander.leave().0.len());
    format!("{count} resets in the middle of a frame; the other source made {trips} round trips")
}

#[test]
fn a_reset_in_the_middle_of_a_frame_ends_one_connection() {
    each(&LISTENERS, |name| {
        let victim = Victim::start(name, &[]);
        victim.withstands("reset mid-frame", 20, sized(60, 2_000), cut);
    });
}

/// A session in the lab whose run goes on for as long as a run may.
fn begin(victim: &Victim) -> TcpStream {
    let mut stream = enter(victim);
    for request in requests() {
        say(&mut stream, &request).expect("it takes it");
    }
    while hear(&mut stream).expect("a line")["call"] != "recv" {}
    stream
}

/// A run of two clients that say something and never leave.
fn requests() -> [serde_json::Value; 3] {
    let client = json!({"messages": []});
    let experiment = json!({"system": "auth", "clients": [client, client]});
    let send = |client: u32| json!({"type": "send", "client": client, "sends": [{"bytes": "00"}]});
    [
        json!({"type": "run", "run": 1, "experiment": experiment}),
        send(1),
        send(2),
    ]
}

/// Waits until no session's sockets, pipes and threads are there and no process of a run,
/// sooner than the run would end by itself.
fn dies(victim: &Victim, before: &Census, how: &str) {
    let deadline = Instant::now() + SOON;
    loop {
        let (now, runs) = victim.rest();
        let is_clear = now.descriptors == before.descriptors && runs.is_empty();
        // A thread that a runtime keeps in case is none of the run's.
        if is_clear && now.threads <= before.threads + 2 {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "{how}: still there: {now}, processes {runs:?}"
        );
        thread::sleep(Duration::from_millis(5));
    }
}

/// What the processes hold that the runs of `sessions` sessions go on in, one each: in all so
/// many descriptors and threads.
fn check_runs(victim: &Victim, sessions: usize) -> (usize, usize) {
    let mut runs = victim.runs();
    // Another one may wait for the next run.
    runs.retain(|run| run.sockets("listening") > 0);
    assert_eq!(runs.len(), sessions, "{runs:?}");
    for run in &runs {
        // Its director, its server, its clients.
        assert!(run.threads >= 3, "{run}");
        assert!(run.sockets("tcp") >= 4, "{run}");
    }
    let open = runs.iter().map(Census::open).sum();
    (open, runs.iter().map(|run| run.threads).sum())
}

/// Browsers that are reset, or just gone, while their runs go on.
fn leave_runs(victim: &Victim, sessions: usize) -> String {
    let bystander = Bystander::enter(&victim.door);
    let (before, _) = victim.rest();
    let streams: Vec<_> = (0..sessions).map(|_| begin(victim)).collect();
    let (open, threads) = check_runs(victim, sessions);
    let held = Census::of(victim.program.id()).expect("it runs");
    let since = Instant::now();
    for (number, stream) in streams.into_iter().enumerate() {
        if number % 2 == 0 {
            reset(stream);
        } else {
            drop(stream);
        }
    }
    dies(victim, &before, "after a reset");
    let took = since.elapsed();
    bystander.leave();
    format!(
        "{sessions} sessions with a run each held {} descriptors and {} threads, and their \
         processes {open} and {threads}; {:.0} ms after their resets none",
        held.open() - before.open(),
        held.threads - before.threads,
        took.as_secs_f64() * 1000.0
    )
}

#[test]
fn a_run_dies_with_its_session() {
    // All at once, not one after the other.
    let victim = Victim::start("lab", &["--max-runs=64"]);
    victim.withstands("browsers vanish mid-run", 2, sized(4, 24), leave_runs);
}

/// A session is reset while the packets of its run are captured.
fn leave_captures(victim: &Victim, sessions: usize) -> String {
    let (before, _) = victim.rest();
    let streams: Vec<_> = (0..sessions).map(|_| begin(victim)).collect();
    let runs = victim.runs();
    let captures = runs.iter().filter(|run| run.sockets("packet") > 0);
    assert_eq!(captures.count(), sessions, "{runs:?}");
    streams.into_iter().for_each(reset);
    dies(victim, &before, "after a reset");
    format!("{sessions} sessions held a packet socket each, and after their resets none")
}

#[test]
#[ignore = "needs CAP_NET_RAW"]
fn a_capture_dies_with_its_session() {
    // All at once, not one after the other.
    let victim = Victim::start("lab", &["--max-runs=64"]);
    let attack = "browsers vanish mid-capture";
    victim.withstands(attack, 1, sized(2, 8), leave_captures);
}

/// A process of its own with a session and a run, which has said something.
fn process(victim: &Victim) -> Program {
    let server = victim.door.address.to_string();
    let source = ATTACKER.to_string();
    let mut program = Program::start(&mut python::script("pipe.py", &[&server, &source]));
    program
        .out
        .wait_for("a connection", |line| line == "connected");
    program.type_in(websocket::upgrade(&server, "/lab", &[]).as_bytes());
    for request in requests() {
        let text = request.to_string();
        program.type_in(&frame(LAST | opcode::TEXT, text.as_bytes()));
    }
    program
}

/// A client that is killed, and one that is stopped until it counts as gone.
fn kill(victim: &Victim, stopped: usize) -> String {
    let bystander = Bystander::enter(&victim.door);
    let (before, _) = victim.rest();
    let client = process(victim);
    victim.has_runs(1);
    let since = Instant::now();
    client.signal(Signal::KILL);
    dies(victim, &before, "after SIGKILL");
    let killed = since.elapsed();

    let client = process(victim);
    victim.has_runs(1);
    let since = Instant::now();
    client.signal(Signal::STOP);
    let stopped = if stopped > 0 {
        // Its kernel still says yes; only the pongs are missing.
        let deadline = Instant::now() + Duration::from_mins(2);
        loop {
            let (now, _) = victim.rest();
            if now.descriptors == before.descriptors {
                break;
            }
            assert!(Instant::now() < deadline, "still there: {now}");
            thread::sleep(Duration::from_millis(50));
        }
        format!(
            "{:.0} s after SIGSTOP its session",
            since.elapsed().as_secs_f64()
        )
    } else {
        "not waited for SIGSTOP".to_owned()
    };
    client.signal(Signal::KILL);
    dies(victim, &before, "after both");
    bystander.leave();
    format!(
        "{:.0} ms after SIGKILL the run was gone; {stopped}",
        killed.as_secs_f64() * 1000.0
    )
}

#[test]
fn a_run_dies_with_its_client() {
    let victim = Victim::start("lab", &[]);
    victim.withstands(
        "a browser is killed and one is stopped",
        0,
        sized(0, 1),
        kill,
    );
}
