//! The system calls that no safe wrapper offers. All unsafe code of the
//! workspace is in this folder, one file a topic.

pub(crate) mod batches;
pub(crate) mod children;
pub(crate) mod devices;
mod launching;
pub(crate) mod namespaces;
mod packets;
pub(crate) mod probe;
pub(crate) mod processes;
pub(crate) mod registers;
pub(crate) mod signals;
mod sockets;

use std::ffi::c_int;
use std::io;

pub(crate) use launching::{ends_with_its_thread, launch};
pub(crate) use packets::{Ring, bind_packets, interface};
pub(crate) use sockets::{monotonic, number, option, receive, send, set_option};

/// The number that a call returned, or what it failed with.
fn check(result: c_int) -> io::Result<c_int> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(result)
}
