//! How long a client may take, and what is due next. Time is passed in.

use crate::Nanos;

/// What a server waits for, and how long; none: for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deadlines {
    /// From the connection to the whole answer to the challenge.
    pub handshake: Option<Nanos>,
    /// From a frame's first byte to its last, however steadily they come.
    pub frame: Option<Nanos>,
    /// Without a byte between two frames.
    pub idle: Option<Nanos>,
}

impl Deadlines {
    /// For ever.
    pub const NONE: Self = Self {
        handshake: None,
        frame: None,
        idle: None,
    };

    /// What a server on a network has: 3 s, 30 s, 10 minutes.
    pub const SERVER: Self = Self {
        handshake: Some(Nanos::from_millis(3_000)),
        frame: Some(Nanos::from_millis(30_000)),
        idle: Some(Nanos::from_millis(600_000)),
    };
}

/// What the client is in the middle of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Handshake,
    Frame,
    Between,
}

/// The deadline that counts now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watch {
    deadlines: Deadlines,
    phase: Phase,
    due: Option<Nanos>,
}

impl Watch {
    /// A connection that begins at time 0 in `phase`.
    pub(super) fn new(deadlines: Deadlines, phase: Phase) -> Self {
        let mut this = Self {
            deadlines,
            phase,
            due: None,
        };
        this.begin(phase, Nanos(0));
        this
    }

    /// Bytes came at `now`, and left the client in `phase`. A frame has one
    /// deadline from its first byte on; bytes do not put it off.
    pub(super) fn note(&mut self, phase: Phase, now: Nanos) {
        if phase != self.phase || phase == Phase::Between {
            self.begin(phase, now);
        }
    }

    fn begin(&mut self, phase: Phase, now: Nanos) {
        self.phase = phase;
        let allowed = match phase {
            Phase::Handshake => self.deadlines.handshake,
            Phase::Frame => self.deadlines.frame,
            Phase::Between => self.deadlines.idle,
        };
        self.due = allowed.map(|allowed| now + allowed);
    }

    /// A frame ended and another one began with the same bytes.
    pub(super) fn restart(&mut self, now: Nanos) {
        self.begin(self.phase, now);
    }

    pub(super) const fn due(&self) -> Option<Nanos> {
        self.due
    }

    /// What the client took too long for, if it did.
    pub(super) fn missed(&self, now: Nanos) -> Option<Phase> {
        self.due.filter(|due| *due <= now).map(|_| self.phase)
    }
}
