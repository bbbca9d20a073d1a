//! Registers and memory of a thread that is stopped under trace.

use std::ffi::c_long;
use std::io;
use std::mem;
use std::ptr;

const PTRACE_GETREGSET: c_long = 0x4204;
const PTRACE_SETREGSET: c_long = 0x4205;
/// The general registers (elf.h).
const NT_PRSTATUS: c_long = 1;

/// The general registers of a thread.
#[derive(Clone, Copy)]
pub(crate) struct Registers(libc::user_regs_struct);

impl Registers {
    /// Those of a thread that is stopped (PTRACE_GETREGSET, ptrace(2)).
    pub(crate) fn of(thread: libc::pid_t) -> io::Result<Self> {
        // SAFETY: registers of zeros are valid numbers.
        let mut registers: libc::user_regs_struct = unsafe { mem::zeroed() };
        exchange(PTRACE_GETREGSET, thread, &mut registers)?;
        Ok(Self(registers))
    }

    /// Gives them to a thread that is stopped (PTRACE_SETREGSET).
    pub(crate) fn put(mut self, thread: libc::pid_t) -> io::Result<()> {
        exchange(PTRACE_SETREGSET, thread, &mut self.0)
    }

    /// The register of an argument of a system call, counted from 0; at most 5 (syscall(2)).
    pub(crate) fn argument(&mut self, index: usize) -> &mut u64 {
        #[cfg(target_arch = "x86_64")]
        {
            let registers = &mut self.0;
            match index {
                0 => &mut registers.rdi,
                1 => &mut registers.rsi,
                2 => &mut registers.rdx,
                3 => &mut registers.r10,
                4 => &mut registers.r8,
                _ => &mut registers.r9,
            }
        }
        #[cfg(target_arch = "aarch64")]
        {
            &mut self.0.regs[index.min(5)]
        }
    }

    /// The register of what a system call returned.
    pub(crate) fn result(&mut self) -> &mut u64 {
        #[cfg(target_arch = "x86_64")]
        {
            &mut self.0.rax
        }
        #[cfg(target_arch = "aarch64")]
        {
            &mut self.0.regs[0]
        }
    }
}

/// Whether the first argument of a call and its result share a register.
pub(crate) const RESULT_IS_FIRST: bool = cfg!(target_arch = "aarch64");

fn exchange(
    request: c_long,
    thread: libc::pid_t,
    registers: &mut libc::user_regs_struct,
) -> io::Result<()> {
    let mut place = libc::iovec {
        iov_base: ptr::from_mut(registers).cast(),
        iov_len: mem::size_of_val(registers),
    };
    let (thread, to) = (c_long::from(thread), &raw mut place);
    // SAFETY: `place` is the registers', which outlive the call; as many bytes are read or
    // stored as it says.
    let done = unsafe { libc::syscall(libc::SYS_ptrace, request, thread, NT_PRSTATUS, to) };
    if done < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Copies `bytes` into the memory of another process (process_vm_writev(2)): as many of them as
/// can be written in one go. Returns how many.
pub(crate) fn write_memory(thread: libc::pid_t, address: usize, bytes: &[u8]) -> io::Result<usize> {
    let local = libc::iovec {
        iov_base: bytes.as_ptr().cast_mut().cast(),
        iov_len: bytes.len(),
    };
    let remote = libc::iovec {
        iov_base: ptr::without_provenance_mut(address),
        iov_len: bytes.len(),
    };
    // SAFETY: `bytes.len()` bytes are read from `bytes`; the other address is one of the other
    // process, and the kernel checks it.
    let written =
        unsafe { libc::process_vm_writev(thread, &raw const local, 1, &raw const remote, 1, 0) };
    usize::try_from(written).map_err(|_| io::Error::last_os_error())
}
