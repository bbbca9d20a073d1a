//! A program under trace whose calls follow a schedule, beside others of its kind in this
//! process.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::fd::OwnedFd;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use chop::{Plan, Waits};
use kernel::descriptor::Address;
use kernel::receive_queue;
use kernel::syscall::Scope;
use kernel::tracee::{StartError, Stop, Thread, Tracer, Waited};
use record::{Call, Head, Record};

use super::cutting::{Cutting, Numbering};
use super::driver::Driver;
use super::notice::{Notice, Noticed};
use super::observer::Observer;
use crate::filter::{Filter, Limits};
use crate::news::Telling;

/// Whether a program is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It is.
    Running,
    /// It and all that it made are gone.
    Over,
}

/// A program whose calls follow a schedule. To be used by the thread that started it.
#[derive(Debug)]
pub struct Chopping {
    tracer: Tracer,
    driver: Driver,
    /// Stops so far.
    stops: u64,
    /// When a thread stopped last.
    stopped: Instant,
    /// Bytes that were moved when it was looked last, the stops until then, and when that was.
    moved: u64,
    moved_stops: u64,
    moved_at: Instant,
    /// When held calls were looked at last.
    released: Instant,
    is_over: bool,
}

/// How much its threads do.
#[derive(Clone, Copy, Debug)]
pub struct Activity {
    /// How often they stopped at a call of interest so far.
    pub stops: u64,
    /// How long ago that was last.
    pub quiet: Duration,
    /// How often they stopped since a byte of a stream was moved.
    pub idle_stops: u64,
    /// How long ago that was.
    pub idle: Duration,
}

/// What came of it.
#[derive(Debug)]
pub struct Chopped {
    /// All that was observed.
    pub record: Record,
    /// What could not be seen.
    pub notices: BTreeMap<Notice, Noticed>,
    /// How the program ended.
    pub status: Option<ExitStatus>,
    /// Signals by which other processes ended that it made, the first one first.
    pub deaths: Vec<i32>,
    /// How many calls the schedule changed.
    pub changes: u64,
    /// How many calls that move no bytes could have failed.
    pub waits: Waits,
}

impl Chopping {
    /// Starts a program with these standard streams, which stops at the calls of `scope`. Its
    /// calls follow `plan`; `head` is that of the record, whose times begin at `started`.
    pub fn start(
        command: &[OsString],
        (streams, scope): (&[OwnedFd; 3], Scope),
        (head, started): (Head, Instant),
        limits: Limits,
        plan: Plan,
    ) -> Result<Self, StartError> {
        let tracer = Tracer::launch(command, streams, scope)?;
        let observer = Observer::new(head, limits, Filter::default(), Telling::default());
        let mut driver = Driver::new(tracer.process(), observer, started);
        let mut cutting = Cutting::default();
        cutting.begin(plan, Numbering::default());
        driver.cutting = Some(Box::new(cutting));
        let now = Instant::now();
        Ok(Self {
            tracer,
            driver,
            stops: 0,
            stopped: now,
            moved: 0,
            moved_stops: 0,
            moved_at: now,
            released: now,
            is_over: false,
        })
    }

    /// Its calls follow another plan from now on, on connections that are not made yet.
    pub fn begin(&mut self, plan: Plan, numbering: Numbering) {
        if let Some(cutting) = &mut self.driver.cutting {
            cutting.begin(plan, numbering);
        }
        let now = Instant::now();
        (self.stopped, self.moved_at) = (now, now);
        self.moved_stops = self.stops;
    }

    /// How many calls schedules have changed so far.
    pub fn changes(&self) -> u64 {
        self.driver.changes()
    }

    /// Whether several threads have written to standard output, and to standard error, since
    /// the plan began.
    pub fn are_writers(&self) -> [bool; 2] {
        self.driver.are_writers()
    }

    /// Lets it run, for so long at most.
    pub fn turn(&mut self, most: Duration) -> Result<Life, StartError> {
        const HOLDING: Duration = Duration::from_micros(500);
        /// Stops after which whoever waits gets a turn.
        const MANY: u32 = 64;
        for _ in 0..MANY {
            let is_holding = self.driver.is_holding();
            // Other threads may stop so often that there is never nothing to do.
            if is_holding && self.released.elapsed() >= HOLDING {
                self.driver.release(&self.tracer, false);
                self.released = Instant::now();
            }
            let most = if is_holding { most.min(HOLDING) } else { most };
            match self.tracer.wait_for(most).map_err(StartError::Failed)? {
                Waited::Stopped(thread, stop) => {
                    // What waits for several descriptors is nothing that it does.
                    if !matches!(stop, Stop::Entered(call, _) if call.is_wait()) {
                        self.stops += 1;
                        self.stopped = Instant::now();
                    }
                    self.driver.handle(&self.tracer, thread, stop);
                    if self.driver.moved() != self.moved {
                        self.moved = self.driver.moved();
                        self.moved_stops = self.stops;
                        self.moved_at = self.stopped;
                    }
                }
                Waited::Nothing if is_holding => {}
                Waited::Nothing => break,
                Waited::Nobody => self.is_over = true,
            }
            self.is_over |= self.driver.is_over();
            if self.is_over {
                if let Some(error) = self.driver.failure(&self.tracer) {
                    return Err(error);
                }
                return Ok(Life::Over);
            }
        }
        Ok(Life::Running)
    }

    /// The addresses on which it listens, in the order in which it began to.
    pub fn listening(&self) -> &[Address] {
        self.driver.listening()
    }

    /// How much its threads do.
    pub fn activity(&self) -> Activity {
        Activity {
            stops: self.stops,
            quiet: self.stopped.elapsed(),
            idle_stops: self.stops - self.moved_stops,
            idle: self.moved_at.elapsed(),
        }
    }

    /// Whether more was done than is recorded.
    pub fn is_full(&self) -> bool {
        let last = self.record().events().last();
        last.is_some_and(|event| event.call == Call::Cut)
    }

    /// Whether all its threads sleep.
    pub fn is_asleep(&self) -> bool {
        let threads = self.driver.threads();
        !self.driver.is_holding() && threads.into_iter().all(sleeps)
    }

    /// Whether bytes have arrived for it that it has not taken.
    pub fn has_unread(&mut self) -> bool {
        let streams = self.driver.streams();
        streams.into_iter().any(|(thread, fd)| {
            let socket = self.driver.copy(thread, fd);
            socket.and_then(|socket| receive_queue(&socket)) > Some(0)
        })
    }

    /// Whether an end of a connection is open.
    pub fn has_open(&self) -> bool {
        !self.driver.streams().is_empty()
    }

    /// Sends a signal to all its processes that have not left its session, as Ctrl-C does.
    pub fn signal(&mut self, signal: i32) {
        self.driver.release(&self.tracer, true);
        self.tracer.signal(signal);
    }

    /// Kills it and all that it made.
    pub fn kill(&mut self) {
        const SIGKILL: i32 = 9;
        self.tracer.signal(SIGKILL);
        for thread in self.driver.threads() {
            self.tracer.kill(thread);
        }
    }

    /// Signals by which other processes have ended so far that it made, the first one first.
    pub fn deaths(&self) -> &[i32] {
        self.driver.deaths()
    }

    /// The record so far.
    pub fn record(&self) -> &Record {
        self.driver.record()
    }

    /// What came of it.
    pub fn finish(self) -> Chopped {
        let deaths = self.deaths().to_vec();
        let changes = self.driver.changes();
        let waits = self.driver.waits();
        let (record, notices, status) = self.driver.finish();
        Chopped {
            record,
            notices,
            status,
            deaths,
            changes,
            waits,
        }
    }
}

/// Whether a thread waits for something (proc(5), the state in `stat`).
pub fn sleeps(thread: Thread) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{thread}/stat")) else {
        return true;
    };
    let state = stat
        .rsplit(") ")
        .next()
        .and_then(|rest| rest.chars().next());
    matches!(state, Some('S' | 'Z' | 'X') | None)
}
