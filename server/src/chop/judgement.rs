//! What was found out of a program, and what is told meanwhile.

use std::time::Duration;

use chop::{Baseline, Family};

use super::finding::Finding;
use super::run::Ran;

/// What happens.
#[derive(Debug)]
pub enum Progress<'a> {
    /// The program was run as is.
    AsIs(&'a Ran, &'a Baseline),
    /// So many schedules have been tried of so many that are known, of this family now.
    Tried {
        /// How many.
        tried: usize,
        /// Of how many.
        of: usize,
        /// What the last one was.
        family: Family,
    },
    /// A family is over.
    Family(&'a Tried),
    /// The fewest changes are looked for: so many are left.
    Shrinking(usize),
}

/// What came of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The program did what it does as is, under all that were tried; calls were changed.
    Survived,
    /// It broke: the number of the finding, counted from 0.
    Broke(usize),
    /// The program did what it has to, and whoever talks to it broke: the number of the finding.
    PeerBroke(usize),
    /// The budget was over before one of them was tried, or none that was tried changed a call.
    NotTried,
}

/// A family of schedules, and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tried {
    /// Which.
    pub family: Family,
    /// How many schedules were tried.
    pub tried: usize,
    /// How many there are.
    pub of: usize,
    /// What came of them.
    pub fate: Fate,
}

/// What was found out.
#[derive(Debug)]
pub struct Judgement {
    /// What the program does as is.
    pub baseline: Baseline,
    /// A run as is.
    pub as_is: Ran,
    /// All families that had something to try.
    pub families: Vec<Tried>,
    /// What broke the program, each once.
    pub findings: Vec<Finding>,
    /// How many schedules were tried.
    pub schedules: usize,
    /// How long that took, the search for the fewest changes left out.
    pub took: Duration,
    /// Runs that differed and did not when they were tried again.
    pub unsteady: usize,
    /// Runs as is that did something else when their bytes came in other pieces.
    pub moot: usize,
}

/// What is to be said of a program in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It lives with all that was tried.
    Survived,
    /// It does not.
    Broke,
    /// It does, as far as could be seen: whoever talks to it does not.
    PeerBroke,
}

impl Verdict {
    /// The code with which `chop` ends.
    pub const fn code(self) -> u8 {
        match self {
            Self::Survived => 0,
            Self::Broke => 1,
            Self::PeerBroke => 2,
        }
    }

    /// Its name in what is printed for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Survived => "survived",
            Self::Broke => "broke",
            Self::PeerBroke => "peer-broke",
        }
    }
}

impl Judgement {
    /// The finding that is told in full: the first one of the program, or else of its peer.
    pub fn first(&self) -> Option<usize> {
        let own = self.findings.iter().position(|one| !one.is_of_peer());
        own.or_else(|| (!self.findings.is_empty()).then_some(0))
    }

    /// What is to be said of the program.
    pub fn verdict(&self) -> Verdict {
        match self.first().map(|index| self.findings[index].is_of_peer()) {
            None => Verdict::Survived,
            Some(false) => Verdict::Broke,
            Some(true) => Verdict::PeerBroke,
        }
    }
}
