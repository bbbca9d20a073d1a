//! Runs a program of the user's under every chunking that a kernel may give it, and says what
//! breaks it.
//!
//! [`run`] is one run from its start to its end, [`Session`] all of them: as is, under
//! schedules, and under fewer and fewer changes of one that breaks it. What a schedule is and
//! how runs are compared is the business of the crate `chop`.

mod as_is;
mod finding;
mod judgement;
mod kept;
mod observing;
mod outputs;
mod partner;
mod patience;
mod peer;
mod recorded;
mod replay;
mod run;
mod running;
mod script;
mod search;
mod session;
mod sleep;
pub mod telling;
mod unjudged;

pub use finding::{Finding, ShortCall, Whose};
pub use judgement::{Fate, Judgement, Progress, Tried, Verdict};
pub use partner::Partner;
pub use patience::Patience;
pub use recorded::{Recorded, Step, recorded};
pub use run::{Ran, RunError, Setting};
pub use running::run;
pub use script::{Tested, Untested, script};
pub use session::Session;
pub use unjudged::Unjudged;
