//! Runs a program under trace and tells the observer what its threads do.

mod awaiting;
mod background;
mod scheduled;

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::mpsc::Sender;
use std::time::Instant;

use kernel::descriptor::{self, Address};
use kernel::tracee::{self, Resume, StartError, Stop, Thread, Tracer};
use protocol::Nanos;
use record::{Call, Head, Joined, Record};

use awaiting::Awaited;
pub use background::Background;
use background::Backgrounds;

use super::cutting::Cutting;
use super::notice::{Notice, Noticed};
use super::observer::Observer;
use super::programs::Programs;
use super::wire::{Begun, Wire};
use crate::filter::{Filter, Limits};
use crate::news::{News, Telling};

/// What came of a program under trace.
#[derive(Debug)]
pub struct Traced {
    /// All that was observed.
    pub record: Record,
    /// What could not be seen, and whose calls it was first about.
    pub notices: BTreeMap<Notice, Noticed>,
    /// How the program ended; none of one that goes on.
    pub status: Option<ExitStatus>,
}

/// What is to be recorded of a program, and how.
#[derive(Debug)]
pub struct Task {
    /// What is known of the record before it begins.
    pub head: Head,
    /// What is 0 in the record's times.
    pub started: Instant,
    /// Most calls, and most packets.
    pub limits: Limits,
    /// Which connections.
    pub filter: Filter,
    /// The capture of their packets, if there is one.
    pub capture: Option<Begun>,
    /// Who is told of each fact as soon as it is one.
    pub news: Option<Sender<News>>,
    /// Programs that are traced beside the one in the foreground, and end when it has. If
    /// that is held, it begins when each of them listens or has ended.
    pub background: Vec<Background>,
}

/// Follows a program that was started until it and all processes that it made are
/// gone, or until a signal says that it is enough of one that was attached to; that has
/// these `threads`.
pub fn trace(mut tracer: Tracer, threads: &[Thread], task: Task) -> Result<Traced, StartError> {
    let Task {
        head,
        started,
        limits,
        filter,
        capture,
        news,
        background,
    } = task;
    let telling = Telling(news);
    let observer = Observer::new(head, limits, filter, telling.clone());
    let mut driver = Driver::new(tracer.process(), observer, started);
    driver.add_background(background);
    let wire = capture.map(|begun| Wire::follow(begun, started, limits, telling));
    driver.world.wire = wire.transpose().map_err(StartError::Failed)?;
    if tracer.has_attached() {
        driver.attach(threads);
    }
    driver.follow(&mut tracer)?;
    if !driver.has_executed
        && let Some(error) = tracer.failure()
    {
        return Err(error);
    }
    let (mut record, notices) = driver.observer.finish();
    let cut = record.events().iter().find(|event| event.call == Call::Cut);
    let cut = cut.map(|event| event.at);
    let wire = driver.world.wire.take();
    if let Some(packets) = wire.and_then(|wire| wire.finish(cut)) {
        // They bring no connection that the record has not.
        let _ = record.add(&packets, Joined::Common);
    }
    Ok(Traced {
        record,
        notices,
        status: driver.status,
    })
}

#[derive(Debug)]
pub(super) struct Driver {
    observer: Observer,
    world: Programs,
    started: Instant,
    /// The program that was started.
    process: Thread,
    status: Option<ExitStatus>,
    has_executed: bool,
    /// Threads that have stopped before the thread that made them said so: their
    /// process and the process that made that.
    early: BTreeMap<Thread, [Option<Thread>; 2]>,
    /// The schedule that calls follow, if they follow one.
    pub(super) cutting: Option<Box<Cutting>>,
    /// The addresses on which it listens, where calls follow a schedule.
    listening: Vec<Address>,
    /// Threads that are in listen(2), and its descriptor.
    listens: HashMap<Thread, i32>,
    /// Signals by which other processes than the one that was started have ended.
    deaths: Vec<i32>,
    background: Backgrounds,
    awaited: Awaited,
}

impl Driver {
    /// `started` is 0 in the record's times.
    pub(super) fn new(process: Thread, mut observer: Observer, started: Instant) -> Self {
        observer.begin(process, process);
        Self {
            observer,
            world: Programs::default(),
            started,
            process,
            status: None,
            has_executed: false,
            early: BTreeMap::new(),
            cutting: None,
            listening: Vec::new(),
            listens: HashMap::new(),
            deaths: Vec::new(),
            background: Backgrounds::default(),
            awaited: Awaited::default(),
        }
    }

    /// Handles all stops until the program and all that it made are gone.
    pub(super) fn follow(&mut self, tracer: &mut Tracer) -> Result<(), StartError> {
        while !self.is_over() {
            match self.next(tracer) {
                Ok(Some((thread, stop))) => self.handle(tracer, thread, stop),
                Ok(None) => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                    let stopped: Vec<_> = self.early.keys().copied().collect();
                    let mut threads = self.observer.threads();
                    threads.extend(&stopped);
                    tracer.detach(&threads, &stopped, |thread, result| {
                        let at = Nanos::from(self.started.elapsed());
                        self.observer.leave(thread, result, at, &mut self.world);
                    });
                    break;
                }
                Err(error) => return Err(StartError::Failed(error)),
            }
        }
        Ok(())
    }

    /// The process runs already, with these threads.
    fn attach(&mut self, threads: &[Thread]) {
        /// Most descriptors that are looked at; others are when they are used.
        const MOST: usize = 65_536;
        self.observer.attach(self.process, threads);
        // A process whose descriptors cannot be listed shows them when it uses them.
        let fds = descriptor::open(self.process, MOST).unwrap_or_default();
        self.observer
            .find_sockets(self.process, &fds, &mut self.world);
    }

    /// Whether the program and all that it made are gone. Other children of this process,
    /// which it had before it became the tracer, are nobody's matter.
    pub(super) fn is_over(&self) -> bool {
        self.status.is_some() && self.observer.is_alone() && self.early.is_empty()
    }

    pub(super) fn handle(&mut self, tracer: &Tracer, thread: Thread, stop: Stop) {
        let at = Nanos::from(self.started.elapsed());
        if let Stop::Ended(status) = stop {
            self.ended(tracer, thread, status, at);
            return;
        }
        // A thread that runs another program gets the number of its process's first
        // thread, which may be gone.
        let is_known = match stop {
            Stop::Executed(former) => self.observer.has(former) || self.observer.has(thread),
            _ => self.observer.has(thread),
        };
        if !is_known {
            self.unknown(tracer, thread);
            return;
        }
        let world = &mut self.world;
        let how = match stop {
            Stop::Entered(call, arguments) => {
                self.note(thread, call, arguments);
                let is_awaited = self.await_call(thread, call, arguments);
                let world = &mut self.world;
                let is_observed = self.observer.enter(thread, (call, arguments), at, world);
                let is_failed = self.is_failed(thread, (call, arguments));
                if is_observed || is_awaited || is_failed {
                    if self.is_held(thread, (call, arguments)) {
                        return;
                    }
                    Resume::UntilReturn
                } else {
                    Resume::Go
                }
            }
            Stop::Returned(result) => {
                let result = self.set_back(thread, result);
                self.look_if_ready(thread, result);
                self.observer.leave(thread, result, at, &mut self.world);
                Resume::Go
            }
            Stop::Signal(signal) => Resume::Deliver(signal),
            Stop::GroupStopped(signal) => {
                tracer.resume(thread, Resume::StayStopped);
                if thread == self.process
                    && !tracer.has_attached()
                    && tracee::is_of_terminal(signal)
                {
                    tracer.stop_with();
                }
                return;
            }
            Stop::Made(child) => {
                if !self.observer.has(child) {
                    self.observer.make(thread, child);
                }
                self.background_made(tracer, thread, child);
                if let Some(cutting) = &mut self.cutting {
                    let process = self.observer.process(thread);
                    cutting.handlers.made(process, child);
                }
                if self.early.remove(&child).is_some() {
                    tracer.resume(child, Resume::Go);
                }
                Resume::Go
            }
            Stop::Executed(former) => {
                self.has_executed |= thread == self.process;
                world.descriptors.forget(former);
                world.descriptors.forget(thread);
                self.observer.execute(thread, former, at, world);
                // The calls that both were in are over, and so is the memory that they used.
                self.listens.remove(&former);
                self.listens.remove(&thread);
                if let Some(cutting) = &mut self.cutting {
                    cutting.forget(former);
                    cutting.forget(thread);
                    cutting.handlers.forget(self.observer.process(thread));
                }
                self.look_at_program(thread);
                Resume::Go
            }
            Stop::Exiting => {
                self.observer.end(thread, at, world);
                Resume::Go
            }
            Stop::Other if self.observer.is_inside(thread) => Resume::UntilReturn,
            Stop::Other | Stop::Ended(_) => Resume::Go,
        };
        tracer.resume(thread, how);
    }

    /// A thread has stopped that nobody has made yet: the one that did says so next. It
    /// stays stopped until then, unless that one was killed.
    fn unknown(&mut self, tracer: &Tracer, thread: Thread) {
        let process = descriptor::process(thread);
        let parent = descriptor::parent(thread);
        let makers = [Some(process), parent];
        let mut known = makers.into_iter().flatten();
        if known.any(|maker| self.observer.has_process(maker)) {
            self.early.insert(thread, makers);
        } else {
            self.adopt(tracer, thread, makers);
        }
    }

    /// A thread goes on of which nobody says any more who made it.
    fn adopt(&mut self, tracer: &Tracer, thread: Thread, makers: [Option<Thread>; 2]) {
        let background = self.background_of(makers);
        let [process, _] = makers;
        let process = process.unwrap_or(thread);
        self.observer.begin(thread, process);
        if let Some(background) = background {
            self.background_has(tracer, process, background);
        }
        tracer.resume(thread, Resume::Go);
    }

    /// A thread is gone.
    fn ended(&mut self, tracer: &Tracer, thread: Thread, status: ExitStatus, at: Nanos) {
        if thread == self.process {
            self.status = Some(status);
        } else if self.observer.has(thread) && self.observer.process(thread) == thread {
            self.deaths.extend(status.signal());
        }
        if let Some(cutting) = &mut self.cutting {
            cutting.forget(thread);
        }
        self.early.remove(&thread);
        self.world.descriptors.forget(thread);
        self.observer.end(thread, at, &mut self.world);
        let observer = &self.observer;
        let orphans = self.early.extract_if(.., |_, makers| {
            let mut makers = makers.iter().flatten();
            !makers.any(|maker| observer.has_process(*maker))
        });
        let orphans: Vec<_> = orphans.collect();
        for (orphan, makers) in orphans {
            self.adopt(tracer, orphan, makers);
        }
        self.background_ended(thread, status);
    }

    /// A process runs a new program: whether its calls can be seen, and whether it would
    /// have more privilege without a tracer.
    fn look_at_program(&mut self, process: Thread) {
        const ELF_32: [u8; 5] = *b"\x7fELF\x01";
        let Ok(mut program) = File::open(format!("/proc/{process}/exe")) else {
            return;
        };
        let mut beginning = [0; ELF_32.len()];
        if program.read_exact(&mut beginning).is_ok() && beginning == ELF_32 {
            self.observer
                .notice(process, Notice::ThirtyTwoBit, &mut self.world);
        }
        let (Ok(file), Ok(owner)) = (program.metadata(), fs::metadata(format!("/proc/{process}")))
        else {
            return;
        };
        let is_of_user = file.mode() & 0o4000 != 0 && file.uid() != owner.uid();
        let is_of_group = file.mode() & 0o2010 == 0o2010 && file.gid() != owner.gid();
        if is_of_user || is_of_group {
            self.observer
                .notice(process, Notice::SetId, &mut self.world);
        }
    }
}
