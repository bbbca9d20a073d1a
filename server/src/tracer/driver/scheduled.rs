//! What the driver does where calls follow a schedule.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::process::ExitStatus;

use chop::Waits;
use kernel::descriptor::{Address, Descriptor};
use kernel::syscall::Syscall;
use kernel::tracee::{Resume, StartError, Thread, Tracer};
use record::Record;
use socket2::{Domain, SockRef, Type};

use super::super::notice::{Notice, Noticed};
use super::super::observer::descriptor;
use super::super::world::World as _;
use super::Driver;

impl Driver {
    /// A thread is about to make a call that says on what it listens, or which signals
    /// interrupt it.
    pub(super) fn note(&mut self, thread: Thread, call: Syscall, arguments: [u64; 6]) {
        let Some(cutting) = &mut self.cutting else {
            return;
        };
        let fd = descriptor(arguments[0]);
        cutting.writers.enter(thread, call, fd);
        match call {
            Syscall::RtSigaction => {
                let process = self.observer.process(thread);
                cutting.handlers.set(process, thread, arguments);
            }
            Syscall::Bind => self.free(thread, fd),
            Syscall::Listen => {
                self.listens.insert(thread, fd);
            }
            _ => {}
        }
    }

    /// A server may bind an address at once that the run before it has left in TIME_WAIT
    /// (SO_REUSEADDR, socket(7)).
    fn free(&mut self, thread: Thread, fd: i32) {
        let Ok(socket) = self.world.descriptors.copy(thread, fd) else {
            return;
        };
        let socket = SockRef::from(&socket);
        let is_stream = socket.r#type().is_ok_and(|kind| kind == Type::STREAM);
        let is_internet = socket
            .domain()
            .is_ok_and(|domain| [Domain::IPV4, Domain::IPV6].contains(&domain));
        if is_stream && is_internet {
            // Where it cannot be set the program is told what it would be told without.
            let _ = socket.set_reuse_address(true);
        }
    }

    /// Has the call that a thread has entered fail, if it moves no bytes and the schedule says so.
    /// True if it does.
    pub(super) fn is_failed(&mut self, thread: Thread, call: (Syscall, [u64; 6])) -> bool {
        let Some(cutting) = &mut self.cutting else {
            return false;
        };
        cutting.wait(thread, call, &self.observer, &mut self.world)
    }

    /// Changes the call that a thread has entered, as the schedule says. True if the thread
    /// must not go on yet.
    pub(super) fn is_held(&mut self, thread: Thread, call: (Syscall, [u64; 6])) -> bool {
        let Some(cutting) = &mut self.cutting else {
            return false;
        };
        let observer = &mut self.observer;
        !cutting.enter(thread, call, observer, &mut self.world)
    }

    /// Sets back what was changed of the call that has returned. Returns what it returned.
    pub(super) fn set_back(&mut self, thread: Thread, result: i64) -> i64 {
        let Some(cutting) = &mut self.cutting else {
            return result;
        };
        let result = cutting.leave(thread, result, &mut self.world.descriptors);
        if let Some(fd) = self.listens.remove(&thread)
            && result == 0
            && let Some(Descriptor::Socket(socket)) = self.world.descriptor(thread, fd)
            && let Some(address) = socket.local
        {
            self.listening.push(address);
        }
        result
    }

    /// Lets held threads go on for which enough has arrived; all, if `all`.
    pub(in super::super) fn release(&mut self, tracer: &Tracer, all: bool) {
        let Some(cutting) = &mut self.cutting else {
            return;
        };
        let free = cutting.release(&mut self.world.descriptors, all);
        for (thread, call) in free {
            if !self.is_held(thread, call) {
                tracer.resume(thread, Resume::UntilReturn);
            }
        }
    }

    /// Whether a thread is held.
    pub(in super::super) fn is_holding(&self) -> bool {
        self.cutting
            .as_ref()
            .is_some_and(|cutting| cutting.is_holding())
    }

    /// Bytes of streams that were moved so far.
    pub(in super::super) fn moved(&self) -> u64 {
        self.cutting.as_ref().map_or(0, |cutting| cutting.moved())
    }

    /// Calls that were changed so far.
    pub(in super::super) fn changes(&self) -> u64 {
        self.cutting.as_ref().map_or(0, |cutting| cutting.changes())
    }

    /// How many calls that move no bytes could have failed since the schedule began.
    pub(in super::super) fn waits(&self) -> Waits {
        let cutting = self.cutting.as_ref();
        cutting.map_or_else(Waits::default, |cutting| cutting.waits().clone())
    }

    /// Whether several threads have written to standard output, and to standard error.
    pub(in super::super) fn are_writers(&self) -> [bool; 2] {
        let cutting = self.cutting.as_ref();
        cutting.map_or([false; 2], |cutting| cutting.writers.are_several())
    }

    /// Why the program was not run; none if it was.
    pub(in super::super) fn failure(&self, tracer: &Tracer) -> Option<StartError> {
        if self.has_executed {
            return None;
        }
        tracer.failure()
    }

    /// All threads under trace.
    pub(in super::super) fn threads(&self) -> Vec<Thread> {
        let mut threads = self.observer.threads();
        threads.extend(self.early.keys());
        threads
    }

    /// The ends of streams that are open, each with a thread and a descriptor by which it is.
    pub(in super::super) fn streams(&self) -> Vec<(Thread, i32)> {
        self.observer.streams()
    }

    /// A copy of a descriptor; none of one that is closed.
    pub(in super::super) fn copy(&mut self, thread: Thread, fd: i32) -> Option<OwnedFd> {
        self.world.descriptors.copy(thread, fd).ok()
    }

    /// The addresses on which the programs listen, in the order in which they began to.
    pub(in super::super) fn listening(&self) -> &[Address] {
        &self.listening
    }

    /// The record so far.
    pub(in super::super) fn record(&self) -> &Record {
        self.observer.record_so_far()
    }

    /// Signals by which other processes than the one that was started have ended so far.
    pub(in super::super) fn deaths(&self) -> &[i32] {
        &self.deaths
    }

    /// The record, what could not be seen, and how the program ended.
    pub(in super::super) fn finish(
        self,
    ) -> (Record, BTreeMap<Notice, Noticed>, Option<ExitStatus>) {
        let (record, notices) = self.observer.finish();
        (record, notices, self.status)
    }
}
