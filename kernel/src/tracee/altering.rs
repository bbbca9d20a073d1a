//! Changing the call that a thread under trace is at.

use std::io;

use super::Thread;
use crate::sys::registers::{self, Registers};

/// Sets an argument of the call that a thread is stopped at, counted from 0. At the end of the
/// call it has to be set back: programs rely on the kernel to leave these registers alone.
///
/// # Errors
///
/// If the thread was killed meanwhile.
pub fn set_argument(thread: Thread, index: usize, value: u64) -> io::Result<()> {
    let mut registers = Registers::of(thread.0)?;
    *registers.argument(index) = value;
    registers.put(thread.0)
}

/// At the end of a call sets an argument back, and in place of what the call returned
/// something else, if `result` is given: negative for an error (errno(3)).
///
/// # Errors
///
/// If the thread was killed meanwhile.
pub fn restore(
    thread: Thread,
    argument: Option<(usize, u64)>,
    result: Option<i64>,
) -> io::Result<()> {
    let mut registers = Registers::of(thread.0)?;
    if let Some((index, value)) = argument
        && !(index == 0 && registers::RESULT_IS_FIRST)
    {
        *registers.argument(index) = value;
    }
    if let Some(result) = result {
        *registers.result() = result.cast_unsigned();
    }
    registers.put(thread.0)
}

/// Writes into the memory of a thread.
///
/// # Errors
///
/// If it cannot be written, or not all of it.
pub fn write_memory(thread: Thread, address: u64, bytes: &[u8]) -> io::Result<()> {
    let address = usize::try_from(address).map_err(io::Error::other)?;
    let written = registers::write_memory(thread.0, address, bytes)?;
    if written < bytes.len() {
        return Err(io::ErrorKind::WriteZero.into());
    }
    Ok(())
}
