//! A program of the user's under trace: every call that it, its threads and its
//! children make on a connection becomes an event.
//!
//! [`observer`] makes facts of system calls, and never sees one; the driver runs the
//! program and stops it at those calls. Only the command line starts this, never the
//! gateway: it runs programs.

mod calibration;
mod connections;
mod driver;
mod facts;
mod notice;
mod observer;
mod parties;
mod tables;
mod transfer;
mod wire;
mod world;

pub use calibration::added_per_call;
pub use driver::{Task, Traced, trace};
pub use notice::Notice;
pub use wire::{Begun, begin_capture};
