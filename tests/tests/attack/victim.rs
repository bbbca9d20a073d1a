//! The program under attack, and what must hold after every attack.

use std::net::{Ipv4Addr, SocketAddr};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;
use tests::{Census, PATIENCE, Program, Serve, Server, proc};

use super::client::Client;
use super::{ATTACKER, sized};

/// Longer than the longest back-off, and than what an idle thread is kept for.
const RECOVERY: Duration = Duration::from_mins(1);
/// How often an attack is made once more to see whether memory goes on growing.
const ROUNDS: usize = 4;
/// Threads that a runtime keeps for 10 s in case there is more to do; only the
/// full run waits for that.
const SPARE: usize = 4;
/// Between two looks at a process.
const LOOK: Duration = Duration::from_millis(20);

/// One listener of a program of its own.
pub(crate) struct Victim {
    pub(crate) program: Program,
    pub(crate) door: Door,
    /// Where the same program has tcp-echo, if it is one with a page.
    echo: Option<SocketAddr>,
    /// What it held before anybody came.
    idle: Census,
}

/// How to get in: all that a client has to know.
#[derive(Clone)]
pub(crate) struct Door {
    /// A system, `page`, `bridge` (to udp-echo) or `lab`.
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    /// What the program prints: some servers answer nobody else.
    pub(crate) lines: tests::Lines,
}

impl Victim {
    /// Starts the program that has the listener called `name`.
    pub(crate) fn start(name: &'static str, arguments: &[&str]) -> Self {
        if super::GATEWAY.contains(&name) {
            return Self::of_page(name, Serve::start(arguments));
        }
        let server = Server::start(name, arguments);
        Self::of(name, server.program, server.address, None)
    }

    /// The same with so many file descriptors (`ulimit -n`); of the page only.
    pub(crate) fn start_limited(
        name: &'static str,
        descriptors: usize,
        arguments: &[&str],
    ) -> Self {
        let serve = Serve::start_limited(descriptors, arguments);
        Self::of_page(name, serve)
    }

    fn of_page(name: &'static str, serve: Serve) -> Self {
        let echo = serve.system("tcp-echo");
        Self::of(name, serve.program, serve.page, Some(echo))
    }

    fn of(
        name: &'static str,
        program: Program,
        address: SocketAddr,
        echo: Option<SocketAddr>,
    ) -> Self {
        let door = Door {
            name,
            address,
            lines: program.out.clone(),
        };
        let idle = Census::of(program.id()).expect("it runs");
        Self {
            program,
            door,
            echo,
            idle,
        }
    }

    /// The way to another listener of the same program: `tcp-echo`, or another
    /// of what the gateway has to offer.
    pub(crate) fn beside(&self, name: &'static str) -> Door {
        let address = match name {
            "tcp-echo" => self.echo.expect("it is a program with a page"),
            _ => self.door.address,
        };
        Door {
            name,
            address,
            lines: self.door.lines.clone(),
        }
    }

    /// Makes the attack at size `warm`, then at `size`, and checks what must
    /// hold after it. The attack returns what it measured, in words.
    pub(crate) fn withstands(
        self,
        attack: &str,
        warm: usize,
        size: usize,
        make: impl Fn(&Self, usize) -> String,
    ) {
        let name = self.door.name;
        let mut before = self.after(attack, || drop(make(&self, warm)));
        let (mut measured, mut took) = (String::new(), Duration::ZERO);
        let mut after = self.after(attack, || {
            let started = Instant::now();
            measured = make(&self, size);
            took = started.elapsed();
        });
        for _ in 0..ROUNDS {
            if after.resident <= before.resident + before.resident / 10 {
                break;
            }
            before = after;
            after = self.after(attack, || drop(make(&self, size)));
        }
        let most = before.resident + before.resident / 10;
        assert!(
            after.resident <= most,
            "{attack} on {name}: memory grows with each round, to {after} from {before}"
        );
        let finished = self.program.stop(Signal::TERM);
        let bad = |line: &&String| line.contains("panicked") || line.contains("ended badly");
        let complaint = finished.err.iter().find(bad);
        assert_eq!(complaint, None, "{attack} on {name}");
        let row = json!({
            "attack": attack, "listener": name, "measured": measured,
            "seconds": took.as_secs_f64(),
            "descriptors": [before.open(), after.open()],
            "threads": [before.threads, after.threads],
            "resident": [before.resident, after.resident],
        });
        // For `cargo xtask attack`, which makes a table of them.
        println!("attack {row}");
    }

    /// What it holds once `attack` was made, the attacker was served, and all
    /// is at rest.
    fn after(&self, attack: &str, make: impl FnOnce()) -> Census {
        make();
        self.serves(ATTACKER);
        self.at_rest(attack)
    }

    /// Who comes from `source` is served, if need be after its back-off.
    pub(crate) fn serves(&self, source: Ipv4Addr) {
        let deadline = Instant::now() + RECOVERY;
        let name = self.door.name;
        loop {
            match self.door.try_whole(source) {
                Ok(()) => return,
                Err(error) => assert!(
                    Instant::now() < deadline,
                    "{name} does not serve {source}: {error}"
                ),
            }
            thread::sleep(LOOK);
        }
    }

    /// Waits until it holds no more than before anybody came, and no run of the lab has left
    /// a process behind.
    fn at_rest(&self, attack: &str) -> Census {
        let deadline = Instant::now() + RECOVERY;
        let threads = self.idle.threads + sized(SPARE, 0);
        loop {
            let (now, started) = self.rest();
            let is_clear = now.descriptors == self.idle.descriptors && started.is_empty();
            if is_clear && now.threads <= threads {
                return now;
            }
            assert!(
                Instant::now() < deadline,
                "{attack} on {}: not at rest: {now}; before: {}; processes: {started:?}",
                self.door.name,
                self.idle
            );
            thread::sleep(LOOK);
        }
    }

    /// What it holds, and the processes that it started, but for one that waits for the next run
    /// of the lab and the two pipes to it.
    pub(crate) fn rest(&self) -> (Census, Vec<u32>) {
        // The descriptors last: whoever is gone by then had some more.
        let mut started = proc::descendants(self.program.id());
        let mut now = Census::of(self.program.id()).expect("it runs");
        let waits = |id: &u32| {
            let holds = Census::of(*id);
            holds.is_some_and(|holds| {
                ["listening", "tcp", "udp"]
                    .iter()
                    .all(|kind| holds.sockets(kind) == 0)
            })
        };
        if let Some(index) = started.iter().position(waits) {
            started.remove(index);
            if let Some(pipes) = now.descriptors.get_mut("pipe") {
                *pipes = pipes.saturating_sub(2);
            }
        }
        (now, started)
    }

    /// What the processes hold that the runs of the lab go on in.
    pub(crate) fn runs(&self) -> Vec<Census> {
        let started = proc::descendants(self.program.id());
        started.into_iter().filter_map(Census::of).collect()
    }

    /// Waits until there are so many of them whose server listens.
    pub(crate) fn has_runs(&self, count: usize) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let runs = self.runs();
            let listening = |run: &&Census| run.sockets("listening") > 0;
            if runs.iter().filter(listening).count() == count {
                return;
            }
            assert!(Instant::now() < deadline, "{count} runs: {runs:?}");
            thread::sleep(LOOK);
        }
    }

    /// Waits until it has as many sockets of `kind` as `wanted` says.
    pub(crate) fn has_sockets(&self, kind: &str, wanted: impl Fn(usize) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let now = Census::of(self.program.id()).expect("it runs");
            if wanted(now.sockets(kind)) {
                return;
            }
            assert!(Instant::now() < deadline, "{kind} sockets: {now}");
            thread::sleep(LOOK);
        }
    }
}

impl Door {
    /// A whole visit: in, a round trip, out.
    pub(crate) fn try_whole(&self, source: Ipv4Addr) -> std::io::Result<()> {
        let mut client = Client::enter(self, source)?;
        client.round_trip()?;
        client.leave()
    }
}
