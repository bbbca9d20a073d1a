//! Why the reader's boundaries are not the sender's: each boundary that
//! changed, and its cause, computed from what was observed and nothing else.

mod datagrams;
mod held;
mod stream;

pub use crate::boundary::{Boundary, Cause, Change, Hold};
pub(crate) use datagrams::datagrams;
pub use held::held_back;
pub(crate) use held::{all_held_back, held};
pub(crate) use stream::stream;
