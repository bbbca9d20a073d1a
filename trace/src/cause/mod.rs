//! Why the reader's boundaries are not the sender's: each boundary that
//! changed, and its cause, computed from what was observed and nothing else.

mod datagrams;
mod held;
mod stream;

pub use crate::boundary::{Boundary, Cause, Change};
pub(crate) use datagrams::datagrams;
pub(crate) use held::all as all_held_back;
pub use held::held_back;
pub(crate) use stream::stream;
