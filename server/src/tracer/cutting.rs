//! Carries out a schedule: gives calls less room, holds them, or has them fail, and sets
//! everything back when they return.

mod failing;

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use chop::{Asked, Decision, Place, Plan, Waits};
use kernel::descriptor::Descriptors;
use kernel::syscall::Syscall;
use kernel::tracee::{self, Thread};
use kernel::{readiness, receive_queue};
use record::{ConnectionId, Transport};
use rustix::fs::OFlags;

use super::handlers::Handlers;
use super::observer::Observer;
use super::programs::Programs;
use super::shortening::{Changed, EAGAIN, EALREADY, EINPROGRESS, EINTR, fail, shorten};
use super::transfer::{Flags, Way};
use super::writers::Writers;

/// A call that a thread is in and that was changed.
#[derive(Debug)]
struct Call {
    changed: Changed,
    /// Who has to hear afterwards that its socket is ready still.
    told: Option<(i32, Transport, Way)>,
}

/// A recv that has not begun: a thread that is stopped at it.
#[derive(Debug)]
struct Held {
    thread: Thread,
    call: (Syscall, [u64; 6]),
    fd: i32,
    since: Instant,
    /// Bytes that wait for it, and since when they are so many.
    waiting: u32,
    grown: Instant,
    /// Whether more came to what it would have got.
    has_more: bool,
}

/// How long nothing more may arrive until a held recv begins, and how long it is held at most.
const QUIET: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_millis(40);

/// Bytes that a Unix socket never takes a part of (unix(7), `unix_stream_sendmsg`).
const ONE_BUFFER: u64 = 1 << 15;

/// Which connections a schedule is about, of a program that goes on from one to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbering {
    /// Connections that were made before it began: their calls are left as they are.
    pub before: u32,
    /// Connections that each run makes before anybody talks to it.
    pub first: u32,
}

impl Numbering {
    /// The number that a connection has in the schedule; none of an earlier one.
    pub fn number(self, connection: ConnectionId) -> Option<u32> {
        let number = connection.0.checked_sub(self.before)?;
        (number > 0).then(|| number.saturating_add(self.first))
    }
}

/// A schedule, and the calls that it has changed.
#[derive(Debug, Default)]
pub(super) struct Cutting {
    plan: Plan,
    numbering: Numbering,
    changed: HashMap<Thread, Call>,
    held: Vec<Held>,
    pub(super) handlers: Handlers,
    /// Threads that have been held at the call that they are in.
    was_held: HashSet<Thread>,
    /// Threads that are in a call which moves bytes of a stream.
    moving: HashSet<Thread>,
    /// Bytes of streams that were moved.
    moved: u64,
    /// Calls that were changed, or got more for having been held.
    changes: u64,
    pub(super) writers: Writers,
}

impl Cutting {
    /// Carries out a schedule from now on, on connections that are not made yet.
    pub(super) fn begin(&mut self, plan: Plan, numbering: Numbering) {
        self.plan = plan;
        self.numbering = numbering;
        self.writers = Writers::default();
    }

    /// A thread has entered a call. False if it is held: then it must not go on.
    pub(super) fn enter(
        &mut self,
        thread: Thread,
        call: (Syscall, [u64; 6]),
        observer: &mut Observer,
        world: &mut Programs,
    ) -> bool {
        let Some(due) = observer.due(thread, world) else {
            return true;
        };
        let unusual = Flags(Flags::OOB.0 | Flags::TRUNC.0 | Flags::ERRQUEUE.0);
        if due.flags.has(unusual) || due.length() == 0 {
            return true;
        }
        let (sends, peeks) = (due.way == Way::Out, due.flags.has(Flags::PEEK));
        if !peeks {
            self.moving.insert(thread);
        }
        let Some(connection) = self.numbering.number(due.at.connection) else {
            return true;
        };
        let place = Place {
            connection,
            end: due.at.end,
        };
        let Ok(socket) = world.descriptors.copy(thread, due.fd) else {
            return true;
        };
        let flags = rustix::fs::fcntl_getfl(&socket).unwrap_or(OFlags::empty());
        let is_nonblocking = flags.contains(OFlags::NONBLOCK) || due.flags.has(Flags::DONTWAIT);
        let waiting = match due.way {
            Way::In => receive_queue(&socket).unwrap_or(0),
            Way::Out => 0,
        };
        let may_hold = due.way == Way::In
            && !peeks
            && !(is_nonblocking && waiting == 0)
            && self.plan.holds(place);
        if may_hold && self.was_held.insert(thread) {
            let now = Instant::now();
            self.held.push(Held {
                thread,
                call,
                fd: due.fd,
                since: now,
                waiting,
                grown: now,
                has_more: false,
            });
            return false;
        }
        // Nothing tells those who wait for edges (EPOLLET) that more is left in a Unix socket.
        if is_nonblocking && !sends && due.transport == Transport::Unix {
            return true;
        }
        let asked = Asked {
            place,
            way: match due.way {
                Way::In => chop::Way::Recv,
                Way::Out => chop::Way::Send,
            },
            offset: due.offset,
            length: due.length(),
            peeks,
            may_fail: is_nonblocking,
            // A call that has something to return at once is not interrupted.
            may_be_interrupted: !is_nonblocking
                && (readiness::has_timeout(&socket, sends)
                    || self
                        .handlers
                        .may_interrupt(observer.process(thread), thread))
                && !readiness::is_ready(&socket, sends),
            least: match due.way {
                Way::In => u64::from(readiness::least_received(&socket)).min(due.length()),
                Way::Out => 0,
            },
        };
        let decision = self.plan.decide(&asked);
        let told = is_nonblocking.then_some((due.fd, due.transport, due.way));
        let changed = match decision {
            Decision::AsIs => None,
            // MSG_WAITALL: the kernel itself goes on until all is there.
            Decision::AtMost(_) if due.flags.has(Flags::WAITALL) && !sends => None,
            // A Unix socket takes what fits into one of its buffers at once, or nothing of it.
            Decision::AtMost(_)
                if sends && due.transport == Transport::Unix && due.length() <= ONE_BUFFER =>
            {
                None
            }
            Decision::AtMost(most) => {
                let shortened = shorten(thread, call, &due, most, world);
                if shortened.is_some() && !sends {
                    observer.conceal(thread, most);
                }
                shortened
            }
            Decision::WouldBlock => fail(thread, call, EAGAIN),
            Decision::Interrupted => fail(thread, call, EINTR),
        };
        if let Some(changed) = changed {
            self.changes += 1;
            self.changed.insert(thread, Call { changed, told });
        }
        true
    }

    /// The call that a thread was in has returned, or is to be made again. Returns what it
    /// returned.
    pub(super) fn leave(
        &mut self,
        thread: Thread,
        result: i64,
        descriptors: &mut Descriptors,
    ) -> i64 {
        self.was_held.remove(&thread);
        if self.moving.remove(&thread) {
            self.moved += u64::try_from(result).unwrap_or(0);
        }
        let Some(Call { changed, told }) = self.changed.remove(&thread) else {
            return result;
        };
        for (address, word) in changed.memory {
            // A program that unmapped it meanwhile has no use for it.
            let _ = tracee::write_memory(thread, address, &word.to_ne_bytes());
        }
        let replaced = match changed.unblocked {
            Some(_) => [-EINPROGRESS, -EALREADY]
                .contains(&result)
                .then_some(-EINTR),
            None => changed.result,
        };
        self.changes += u64::from(changed.unblocked.is_some() && replaced.is_some());
        // One that was killed meanwhile does not go on.
        let _ = tracee::restore(thread, changed.argument, replaced);
        if let Some((fd, transport, way)) = told
            && let Ok(socket) = descriptors.copy(thread, fd)
        {
            // Without it a program that waits for edges would wait for ever; there is nothing
            // else to be done about one that cannot be told.
            let _ = match (transport, way) {
                (Transport::Tcp, Way::In) => readiness::tell_readable(&socket),
                _ => readiness::tell_writable(&socket),
            };
        }
        replaced.unwrap_or(result)
    }

    /// The held recvs that may begin now; all, if `all`.
    pub(super) fn release(
        &mut self,
        descriptors: &mut Descriptors,
        all: bool,
    ) -> Vec<(Thread, (Syscall, [u64; 6]))> {
        let now = Instant::now();
        let mut free = Vec::new();
        let changes = &mut self.changes;
        self.held.retain_mut(|held| {
            let socket = descriptors.copy(held.thread, held.fd);
            let waiting = socket.ok().and_then(|socket| receive_queue(&socket));
            let Some(waiting) = waiting else {
                free.push((held.thread, held.call));
                return false;
            };
            if waiting > held.waiting {
                held.has_more |= held.waiting > 0;
                (held.waiting, held.grown) = (waiting, now);
            }
            let is_quiet = waiting > 0 && now - held.grown >= QUIET;
            let is_over = all || is_quiet || now - held.since >= LONGEST;
            if is_over {
                *changes += u64::from(held.has_more);
                free.push((held.thread, held.call));
            }
            !is_over
        });
        free
    }

    /// Whether a recv is held.
    pub(super) fn is_holding(&self) -> bool {
        !self.held.is_empty()
    }

    /// Bytes of streams that were moved so far.
    pub(super) const fn moved(&self) -> u64 {
        self.moved
    }

    /// Calls that were changed so far.
    pub(super) const fn changes(&self) -> u64 {
        self.changes
    }

    /// How many calls that move no bytes could have failed since it began.
    pub(super) const fn waits(&self) -> &Waits {
        self.plan.waits()
    }

    /// A thread is gone, or what it was in: nothing of its call is to be set back.
    pub(super) fn forget(&mut self, thread: Thread) {
        self.changed.remove(&thread);
        self.was_held.remove(&thread);
        self.moving.remove(&thread);
        self.held.retain(|held| held.thread != thread);
        self.handlers.forget(thread);
    }
}
