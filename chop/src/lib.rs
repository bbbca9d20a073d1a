//! Which chunkings a kernel may give to a program, and what a program makes of them.
//!
//! A recv(2) on a stream may return fewer bytes than were asked for, a send(2) may take
//! fewer than it was given, and a call that waits may fail. [`families`] lists schedules of such calls for the streams that
//! a program had when it ran as is, [`Plan`] says for each call what a schedule has for it,
//! [`Baseline`] compares what the program did with what it did as is, and [`fewest`] finds the
//! fewest changes of a schedule under which it still differs.
//!
//! Sans-IO: who runs the program and changes its calls is elsewhere.

mod baseline;
mod difference;
mod failing;
mod families;
mod fitting;
mod framed;
mod observation;
mod order;
mod plan;
mod printed;
mod schedule;
mod shrink;
mod template;
mod torn;
mod written;

pub use baseline::Baseline;
pub use difference::Difference;
pub use failing::{Error, Failure, Waiting, Waits, Which};
pub use families::{Family, Sides, families, random};
pub use framed::{Marks, marks};
pub use observation::{Closing, Connected, Exit, Observation, Outcome};
pub use plan::{Asked, Decision, Plan};
pub use schedule::{Change, MOST_PIECES, Offsets, Place, Rule, Schedule, Selector, Stream, Way};
pub use shrink::fewest;
pub use template::{Masks, Template};
pub use written::ScheduleError;
