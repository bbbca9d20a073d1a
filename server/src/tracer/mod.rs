//! A program of the user's under trace: every call that it, its threads and its
//! children make on a connection becomes an event.
//!
//! [`observer`] makes facts of system calls, and never sees one; the driver runs the
//! program and stops it at those calls. Only the command line starts this, never the
//! gateway: it runs programs.

mod calibration;
mod chopping;
mod connections;
mod cutting;
mod driver;
mod facts;
mod handlers;
mod notice;
mod observer;
mod parties;
mod programs;
mod shortening;
mod tables;
mod transfer;
mod waiting;
mod wire;
mod world;
mod writers;

pub use calibration::added_per_call;
pub use chopping::{Activity, Chopped, Chopping, Life, sleeps};
pub use cutting::Numbering;
pub use driver::{Background, Task, Traced, trace};
pub use notice::{Notice, Noticed};
pub use wire::{Begun, begin_capture};
