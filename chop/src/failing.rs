//! Calls that move no bytes and may have to wait, and which of them fail.

use std::collections::{BTreeMap, BTreeSet};

/// A call that moves no bytes and may have to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Waiting {
    /// accept(2) and accept4(2).
    Accept,
    /// connect(2).
    Connect,
    /// poll(2) and ppoll(2).
    Poll,
    /// select(2) and pselect(2).
    Select,
    /// `epoll_wait(2)`, `epoll_pwait(2)` and `epoll_pwait2(2)`.
    Epoll,
}

impl Waiting {
    protocol::all_variants! {
        /// All of them.
        Accept, Connect, Poll, Select, Epoll
    }

    /// Its name in schedules.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Connect => "connect",
            Self::Poll => "poll",
            Self::Select => "select",
            Self::Epoll => "epoll",
        }
    }

    /// The function that makes it.
    pub const fn function(self) -> &'static str {
        match self {
            Self::Epoll => "epoll_wait",
            _ => self.name(),
        }
    }

    /// Whether it waits until one of several descriptors is ready.
    pub const fn is_of_several(self) -> bool {
        matches!(self, Self::Poll | Self::Select | Self::Epoll)
    }
}

/// With what it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Error {
    /// EAGAIN: the connection that was there is gone. Of accept(2) on a non-blocking socket.
    WouldBlock,
    /// EINTR: a signal has interrupted it.
    Interrupted,
}

impl Error {
    protocol::all_variants! {
        /// Both of them.
        WouldBlock, Interrupted
    }

    /// Its name in schedules.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WouldBlock => "eagain",
            Self::Interrupted => "eintr",
        }
    }

    /// Whether a call may fail with it.
    pub const fn is_of(self, call: Waiting) -> bool {
        matches!(
            (self, call),
            (Self::Interrupted, _) | (Self::WouldBlock, Waiting::Accept)
        )
    }
}

/// Which of the calls that could fail with an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// Each.
    Every,
    /// Those with these numbers, the first one is 1. A call that is made again because it failed
    /// has the number that it had.
    These(BTreeSet<u64>),
}

impl Which {
    /// Whether the call with a number is one of them.
    pub fn has(&self, number: u64) -> bool {
        match self {
            Self::Every => true,
            Self::These(numbers) => numbers.contains(&number),
        }
    }
}

/// Calls that fail, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Of which kind.
    pub call: Waiting,
    /// With what.
    pub error: Error,
    /// Which of them.
    pub which: Which,
}

impl Failure {
    /// Whether it is about such a call, which could fail with `error`.
    pub fn is_about(&self, call: Waiting, error: Error) -> bool {
        (self.call, self.error) == (call, error)
    }

    /// Adds the calls of another one, if it is about calls of the same kind.
    pub(crate) fn add(&mut self, other: &Self) -> bool {
        if !self.is_about(other.call, other.error) {
            return false;
        }
        match (&mut self.which, &other.which) {
            (Which::These(known), Which::These(more)) => known.extend(more),
            (which, _) => *which = Which::Every,
        }
        true
    }
}

/// How many calls of a program could have failed, and with what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waits(BTreeMap<(Waiting, Error), u64>);

impl Waits {
    /// How many of a kind could have failed with an error.
    pub fn count(&self, call: Waiting, error: Error) -> u64 {
        self.0.get(&(call, error)).copied().unwrap_or(0)
    }

    /// One more was made.
    pub(crate) fn add(&mut self, call: Waiting, error: Error) {
        *self.0.entry((call, error)).or_default() += 1;
    }
}
