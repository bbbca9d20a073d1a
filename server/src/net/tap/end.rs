//! The calls at one end of a connection.

use std::io;
use std::time::{Duration, Instant};

use record::{Calls, Timing};
use trace::{Call, Origin, Socket};

use super::Recorder;

/// Records the calls at one end of a connection, whoever makes them.
#[derive(Debug)]
pub struct EndRecorder {
    recorder: Recorder,
    calls: Calls,
}

/// When a call was made, and how long its caller was in it or waited for it.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    at: Instant,
    took: Duration,
}

impl Moment {
    /// A call that has just taken something: its moment is now.
    pub fn taking(waiting_since: Instant) -> Self {
        let at = Instant::now();
        Self {
            at,
            took: at.saturating_duration_since(waiting_since),
        }
    }

    /// A call that handed something over: its moment is before the attempt
    /// that succeeded, and only that one took time: what passed before is the
    /// time since the call before, so that calls in a row never overlap.
    pub fn handing(attempt: Instant) -> Self {
        Self {
            at: attempt,
            took: attempt.elapsed(),
        }
    }

    /// A call that is about to be made, and whose duration nobody measures.
    pub fn now() -> Self {
        Self {
            at: Instant::now(),
            took: Duration::ZERO,
        }
    }
}

impl EndRecorder {
    pub(super) fn new(recorder: Recorder, origin: Origin) -> Self {
        Self {
            calls: Calls::new(origin, recorder.inner.snap),
            recorder,
        }
    }

    /// What the calls are recorded as.
    pub const fn origin(&self) -> Origin {
        self.calls.origin()
    }

    /// A recorder of another end, of which nothing was recorded yet.
    #[must_use]
    pub fn other(&self, origin: Origin) -> Self {
        self.recorder.end(origin)
    }

    /// A call that transfers nothing; `told` is what the kernel told beside it.
    pub fn bare(&self, call: Call, moment: Moment, result: Result<(), &io::Error>, told: Socket) {
        let result = result.map_err(ToString::to_string);
        let event = self.calls.bare(call, self.timing(moment), result, told);
        self.recorder.record(event);
    }

    /// A send of `offered`, of which the kernel took so many bytes.
    pub fn send(
        &mut self,
        moment: Moment,
        offered: &[u8],
        result: Result<usize, &io::Error>,
        told: Socket,
    ) {
        let (timing, result) = (self.timing(moment), result.map_err(ToString::to_string));
        self.recorder
            .record(self.calls.send(timing, offered, result, told));
    }

    /// A recv with room for `room` bytes, and the bytes it gave.
    pub fn recv(
        &mut self,
        moment: Moment,
        room: usize,
        result: Result<&[u8], &io::Error>,
        told: Socket,
    ) {
        let (timing, result) = (self.timing(moment), result.map_err(ToString::to_string));
        self.recorder
            .record(self.calls.recv(timing, room, result, told));
    }

    fn timing(&self, moment: Moment) -> Timing {
        let started = self.recorder.started();
        Timing {
            at: moment.at.saturating_duration_since(started).into(),
            took: moment.took.into(),
        }
    }
}
