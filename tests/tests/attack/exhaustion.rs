//! No descriptor is left: refuse or wait, lose nobody who is in, recover.

use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tests::{Census, proc, websocket};

use super::bystander::Bystander;
use super::client::{dial, hear, reset, say};
use super::victim::Victim;
use super::{ATTACKER, STREAMS, each, sized};

/// What the program may open at a time.
const DESCRIPTORS: u64 = 64;
/// More connections than that.
const CLIENTS: usize = 100;
/// Of one core; a loop that retries accept without a pause takes all of it.
const SPIN: f64 = 0.5;

/// A program that may have that many descriptors. (`ulimit -n 64`, told to it
/// from outside.)
fn start(name: &'static str) -> Victim {
    // Nothing but descriptors is to run out: no deadline makes room, no run waits.
    let patient: &[_] = if super::GATEWAY.contains(&name) {
        &["--head-deadline=5m", "--max-runs=64"]
    } else {
        &["--handshake-deadline=5m"]
    };
    let victim = Victim::start(name, patient);
    let limit = Rlimit {
        current: Some(DESCRIPTORS),
        maximum: Some(DESCRIPTORS),
    };
    let pid = i32::try_from(victim.program.id()).expect("a process id");
    prlimit(Pid::from_raw(pid), Resource::Nofile, limit).expect("it may be less");
    victim
}

/// How much of a core the program takes over `pause`.
fn load(victim: &Victim, pause: Duration) -> f64 {
    let (before, since) = (proc::cpu_time(victim.program.id()), Instant::now());
    thread::sleep(pause);
    let taken = proc::cpu_time(victim.program.id()).saturating_sub(before);
    taken.as_secs_f64() / since.elapsed().as_secs_f64()
}

/// Takes all descriptors, and holds them for a while.
fn exhaust(victim: &Victim, seconds: usize) -> String {
    let door = &victim.door;
    let bystander = Bystander::enter(door);
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| dial(ATTACKER, door.address).expect("the kernel takes it"))
        .collect();
    victim.has_sockets("", |open| open as u64 + 2 >= DESCRIPTORS);
    // The bystander's share is in it: it keeps talking.
    let load = load(victim, Duration::from_secs(seconds as u64));
    assert!(load < SPIN, "{load:.2} of a core while nobody gets in");
    let held = Census::of(victim.program.id()).expect("it runs").open();
    clients.into_iter().for_each(reset);
    let trips = bystander.leave().0.len();
    format!(
        "{CLIENTS} connections at {DESCRIPTORS} descriptors, {held} in use: \
         {:.0} % of a core for {seconds} s; the other source made {trips} round trips",
        load * 100.0
    )
}

#[test]
fn without_descriptors_nobody_is_lost_and_nothing_spins() {
    let concurrent: Vec<_> = STREAMS
        .into_iter()
        .filter(|name| *name != "tcp-echo")
        .chain(super::GATEWAY)
        .collect();
    each(&concurrent, |name| {
        let victim = start(name);
        victim.withstands("no descriptors", 1, sized(1, 4), exhaust);
    });
}

/// Runs in the lab until there is no descriptor for one more; the session that
/// asks is told so, and those that run go on.
fn exhaust_runs(victim: &Victim, sessions: usize) -> String {
    let bystander = Bystander::enter(&victim.door);
    let host = victim.door.address.to_string();
    let experiment = serde_json::json!({"system": "tcp-echo", "clients": [{"messages": []}]});
    let run = serde_json::json!({"type": "run", "run": 1, "experiment": experiment});
    let (mut open, mut refused) = (Vec::new(), 0);
    for _ in 0..sessions {
        let mut stream = dial(ATTACKER, victim.door.address).expect("the kernel takes it");
        stream
            .set_read_timeout(Some(Duration::from_secs(2)))
            .expect("an option");
        // The later ones wait for a descriptor.
        if websocket::open(&mut stream, &host, "/lab").is_err() {
            break;
        }
        hear(&mut stream).expect("a greeting");
        say(&mut stream, &run).expect("it takes it");
        let line = hear(&mut stream).expect("a line");
        if line["type"] == "error" {
            let why = line["message"].as_str().unwrap_or_default();
            for part in ["run 1: ", "the run has no process", "Too many open files"] {
                assert!(why.contains(part), "{part} in {why}");
            }
            refused += 1;
        }
        open.push((stream, line));
    }
    let tried = open.len();
    assert!(refused > 0, "{tried} runs at {DESCRIPTORS} descriptors");
    // Whoever runs is still there.
    let mut finished = 0;
    for (stream, line) in &mut open {
        if line["type"] == "run" {
            let stop = serde_json::json!({"type": "stop"});
            say(stream, &stop).expect("it takes it");
            stream
                .set_read_timeout(Some(tests::PATIENCE))
                .expect("an option");
            while hear(stream).expect("the run's lines")["type"] != "ended" {}
            finished += 1;
        }
    }
    assert!(finished > 0, "none of {tried} runs");
    bystander.leave();
    for (stream, _) in open {
        reset(stream);
    }
    format!("of {tried} runs {refused} were refused with a line, {finished} went on to their end")
}

#[test]
fn a_run_for_which_there_is_no_descriptor_is_refused_by_name() {
    let victim = start("lab");
    victim.withstands("no descriptors for a run", 24, sized(24, 40), exhaust_runs);
}
