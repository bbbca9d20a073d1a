//! How things stand: the connection to the gateway, what is wrong with the knobs, what was
//! guessed, and where the cursor goes.

use trace::ExperimentError;
use trace::knob::{KnobError, Setting};

/// The connection to the gateway.
#[derive(Clone, Debug, PartialEq)]
pub enum Link {
    /// Being opened for the first time.
    Connecting,
    /// The gateway's `hello` line has arrived.
    Online {
        /// Kernel name and release it runs on, such as `Linux 6.18`.
        kernel: String,
        /// The program's own version.
        program: String,
    },
    /// Open, but the gateway has stopped answering.
    Silent {
        /// As above, for when it answers again.
        kernel: String,
        /// As above.
        program: String,
    },
    /// Lost, refused or never answered: it is opened again and again until the
    /// gateway's `hello` line arrives.
    Gone {
        /// Milliseconds until the next attempt; none while one is being made.
        retry_ms: Option<f64>,
    },
    /// The gateway is newer than this page: it has to be loaded again.
    Outdated {
        /// The program's own version.
        program: String,
    },
}

/// Why the experiment can't be run as its knobs stand.
#[derive(Clone, Debug, PartialEq)]
pub enum Mistake {
    /// The value typed into this knob is invalid.
    Knob(Setting, String, KnobError),
    /// Each value is valid, but not with the others.
    Experiment(ExperimentError),
}

/// A guess and what the kernel did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    /// What was guessed.
    pub guess: u64,
    /// What happened.
    pub actual: u64,
}

/// Where the cursor goes when the run that was asked for is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aim {
    /// To the start, and through it once.
    Play,
    /// To this step.
    Step(usize),
    /// To the last step.
    Last,
    /// Where the user left it.
    Stay,
}
