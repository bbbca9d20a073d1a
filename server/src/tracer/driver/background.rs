//! Programs that are traced beside the one in the foreground. When that has ended they, and all
//! that they made, are asked to end, and killed if they do not.

use std::collections::HashMap;
use std::io;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use kernel::tracee::{Stop, Thread, Tracer, Waited};

use super::Driver;
use super::awaiting::Awaited;

/// How long they have to end when they are asked to.
const GRACE: Duration = Duration::from_secs(2);
/// How often is looked whether they had long enough.
const PAUSE: Duration = Duration::from_millis(200);

/// A program that was started with [`Tracer::launch_beside`].
#[derive(Debug)]
pub struct Background {
    /// Its process.
    pub process: Thread,
    /// What is said of it if it fails.
    pub name: String,
    /// What the place of the foreground is called, if that has another loopback interface.
    pub apart_from: Option<String>,
    /// Whoever says so.
    pub tell: fn(&str),
}

/// Those that go on, and since when they are asked to end.
#[derive(Debug, Default)]
pub(super) struct Backgrounds {
    pub(super) going_on: Vec<Background>,
    asked: Option<Instant>,
    are_killed: bool,
    /// Their processes, and those that they made, each with the one that was started: some go
    /// on when that has ended, and some leave its session. Each is here until it has been
    /// waited for, so that its number is nobody else's.
    pub(super) processes: HashMap<Thread, Thread>,
}

impl Driver {
    pub(super) fn add_background(&mut self, added: Vec<Background>) {
        for background in added {
            let process = background.process;
            self.observer.begin(process, process);
            self.background.processes.insert(process, process);
            self.background.going_on.push(background);
        }
        self.awaited = Awaited::of(self.background.processes.keys());
    }

    /// What happens next.
    pub(super) fn next(&mut self, tracer: &mut Tracer) -> io::Result<Option<(Thread, Stop)>> {
        loop {
            let Some(pause) = self.pause(tracer) else {
                return tracer.wait();
            };
            match tracer.wait_for(pause)? {
                Waited::Stopped(thread, stop) => return Ok(Some((thread, stop))),
                Waited::Nobody => return Ok(None),
                Waited::Nothing => {}
            }
        }
    }

    /// After which time there is something to do though nothing happens; none: never.
    fn pause(&mut self, tracer: &mut Tracer) -> Option<Duration> {
        if self.status.is_none() {
            return self.hold(tracer);
        }
        if self.background.processes.is_empty() {
            return None;
        }
        self.background.end(tracer);
        (!self.background.are_killed).then_some(PAUSE)
    }

    /// A thread made another one, or a process, which is in the background if its maker is.
    pub(super) fn background_made(&mut self, tracer: &Tracer, maker: Thread, child: Thread) {
        let maker = self.observer.process(maker);
        if let Some(&background) = self.background.processes.get(&maker) {
            self.background_has(tracer, self.observer.process(child), background);
        }
    }

    /// A process is in the background, where another one was started. One that was made by
    /// another that was killed while it did so is killed as well.
    pub(super) fn background_has(&mut self, tracer: &Tracer, process: Thread, background: Thread) {
        self.background.processes.insert(process, background);
        if self.background.are_killed {
            tracer.kill(process);
        }
    }

    /// The process that was started in the background, if a thread is of it of which these
    /// are its process and the process that made that. Where both are gone the maker was
    /// killed while it made the thread, as those in the background are; which one it was of
    /// does not matter any more.
    pub(super) fn background_of(&self, makers: [Option<Thread>; 2]) -> Option<Thread> {
        let background = &self.background;
        let makers = || makers.iter().flatten();
        let known = makers().find_map(|maker| background.processes.get(maker).copied());
        known.or_else(|| {
            let is_known = makers().any(|maker| self.observer.has_process(*maker));
            let first = makers().next().copied();
            first.filter(|_| background.are_killed && !is_known)
        })
    }

    /// A process has ended; one in the background that fails before it was asked to end is
    /// told of.
    pub(super) fn background_ended(&mut self, thread: Thread, status: ExitStatus) {
        let backgrounds = &mut self.background;
        if let Some(background) = backgrounds.processes.remove(&thread) {
            let mut others = backgrounds.processes.values();
            if others.all(|other| *other != background) {
                self.awaited.is_ready(background);
            }
        }
        let ended = |background: &mut Background| background.process == thread;
        for ended in backgrounds.going_on.extract_if(.., ended) {
            if !status.success() && backgrounds.asked.is_none() {
                (ended.tell)(&format!("{}: {status}", ended.name));
            }
        }
    }
}

impl Backgrounds {
    /// Asks them to end, and kills them when they had long enough.
    fn end(&mut self, tracer: &Tracer) {
        let asked = *self.asked.get_or_insert_with(|| {
            for process in self.processes.keys() {
                tracer.ask_to_end(*process);
            }
            Instant::now()
        });
        if asked.elapsed() >= GRACE && !self.are_killed {
            self.are_killed = true;
            for process in self.processes.keys() {
                tracer.kill(*process);
            }
        }
    }
}
