//! Capture files: their bytes in, what they observed out.
//!
//! [`Reader`] takes pcap and pcapng files apart and makes an event of each segment and
//! each datagram, with its place in its sender's stream; [`list`] and [`read`] go
//! through a whole file. Nothing is derived: what a capture did not see is absent, and
//! putting streams together is the crate `trace`'s matter. There is no file, socket or
//! clock in here.

mod container;
mod contents;
mod doubles;
mod flows;
mod fragments;
mod live;
mod reader;

pub use container::{Damage, Fault, is_capture};
pub use contents::{Choice, Contents, Refused, fronts, list, read};
pub use live::{Packets, Unreadable};
pub use reader::{Passed, Reader};
