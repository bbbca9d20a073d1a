//! Calls that move no bytes and may have to wait: which of them could fail, and has them fail.

use chop::{Error, Waiting};
use kernel::descriptor::SocketKind;
use kernel::readiness;
use kernel::syscall::Syscall;
use kernel::tracee::{self, Thread};
use rustix::fs::{OFlags, fcntl_getfl};

use super::super::observer::{Observer, descriptor};
use super::super::programs::Programs;
use super::super::shortening::{EAGAIN, EINTR, fail, hurry};
use super::super::waiting::{self, Wait};
use super::{Call, Cutting};

impl Cutting {
    /// A thread has entered a call. Whether it is one that moves no bytes, and has been made to
    /// fail.
    pub(in crate::tracer) fn wait(
        &mut self,
        thread: Thread,
        call: (Syscall, [u64; 6]),
        observer: &Observer,
        world: &mut Programs,
    ) -> bool {
        let kind = waiting::kind(call.0).filter(|kind| self.plan.asks(*kind));
        let Some(kind) = kind else {
            return false;
        };
        let error = match kind {
            Waiting::Accept => self.accept_error(thread, call.1, observer, world),
            Waiting::Connect => self.connect_error(thread, call.1, observer, world),
            Waiting::Poll | Waiting::Select | Waiting::Epoll => {
                self.wait_error(thread, call, observer, world)
            }
        };
        let Some(error) = error.filter(|error| self.plan.fails(kind, *error)) else {
            return false;
        };
        let changed = match (kind, error) {
            (Waiting::Connect, _) => {
                let socket = world.descriptors.copy(thread, descriptor(call.1[0]));
                socket.ok().and_then(hurry)
            }
            (_, Error::WouldBlock) => fail(thread, call, EAGAIN),
            (_, Error::Interrupted) => fail(thread, call, EINTR),
        };
        let Some(changed) = changed else {
            return false;
        };
        // Whether a connect(2) would have waited is seen when it returns.
        self.changes += u64::from(changed.unblocked.is_none());
        let told = None;
        self.changed.insert(thread, Call { changed, told });
        true
    }

    /// What an accept(2) could fail with: EINTR if it waits, and EAGAIN if it does not, while a
    /// connection is there that could be gone.
    fn accept_error(
        &self,
        thread: Thread,
        arguments: [u64; 6],
        observer: &Observer,
        world: &mut Programs,
    ) -> Option<Error> {
        let fd = descriptor(arguments[0]);
        let socket = world.descriptors.copy(thread, fd).ok()?;
        if !readiness::listens(&socket) {
            return None;
        }
        let process = observer.process(thread);
        let flags = fcntl_getfl(&socket).ok()?;
        match (
            flags.contains(OFlags::NONBLOCK),
            readiness::is_ready(&socket, false),
        ) {
            // Nothing tells those who wait for edges (EPOLLET) that it is there again.
            (true, true) => (!readiness::has_edges(process, &socket)).then_some(Error::WouldBlock),
            (false, false) => {
                let may_be = readiness::has_timeout(&socket, false)
                    || self.handlers.may_interrupt(process, thread);
                may_be.then_some(Error::Interrupted)
            }
            _ => None,
        }
    }

    /// What a connect(2) could fail with that goes on when it does: EINTR, on a blocking TCP
    /// socket. On a Unix socket it hardly ever waits, and does not go on.
    fn connect_error(
        &self,
        thread: Thread,
        arguments: [u64; 6],
        observer: &Observer,
        world: &mut Programs,
    ) -> Option<Error> {
        if observer.socket_kind(thread) != Some(SocketKind::Tcp) {
            return None;
        }
        let fd = descriptor(arguments[0]);
        let socket = world.descriptors.copy(thread, fd).ok()?;
        let flags = fcntl_getfl(&socket).ok()?;
        let may_be = !flags.contains(OFlags::NONBLOCK)
            && (readiness::has_timeout(&socket, true)
                || self
                    .handlers
                    .may_interrupt(observer.process(thread), thread));
        may_be.then_some(Error::Interrupted)
    }

    /// What a call could fail with that waits until one of several descriptors is ready, if none
    /// is. No handler restarts it, and `epoll_wait(2)` is interrupted even where there is none: a
    /// process that was stopped goes on (signal(7)).
    fn wait_error(
        &self,
        thread: Thread,
        call: (Syscall, [u64; 6]),
        observer: &Observer,
        world: &mut Programs,
    ) -> Option<Error> {
        let memory = |address, length| tracee::memory(thread, address, length);
        let wait = Wait::of(call, &memory)?;
        let process = observer.process(thread);
        let may_be = waiting::kind(call.0) == Some(Waiting::Epoll)
            || self.handlers.may_wake(process, thread, wait.blocked);
        (may_be && !wait.is_over(thread, world)).then_some(Error::Interrupted)
    }
}
