//! The programs under trace, by way of the kernel.

use std::fs::File;
use std::io::Read as _;

use kernel::Watched;
use kernel::descriptor::{Descriptor, Descriptors};
use kernel::options;
use kernel::told;
use kernel::tracee::{self, Thread};
use record::{Options, Socket};

use super::wire::Wire;
use super::world::{Beside, World};

/// The programs, by way of the kernel.
#[derive(Debug, Default)]
pub(super) struct Programs {
    pub(super) descriptors: Descriptors,
    pub(super) wire: Option<Wire>,
}

impl World for Programs {
    fn memory(&mut self, thread: Thread, address: u64, length: usize) -> Vec<u8> {
        tracee::memory(thread, address, length)
    }

    fn descriptor(&mut self, thread: Thread, fd: i32) -> Option<Descriptor> {
        self.descriptors.describe(thread, fd).ok()
    }

    fn file(
        &mut self,
        thread: Thread,
        fd: i32,
        end: Option<u64>,
        (length, first): (usize, usize),
    ) -> Option<Vec<u8>> {
        self.descriptors
            .file_bytes(thread, fd, end, (length, first))
    }

    fn told(&mut self, thread: Thread, fd: i32, beside: Beside) -> Socket {
        let Ok(socket) = self.descriptors.copy(thread, fd) else {
            return Socket::default();
        };
        match beside {
            Beside::Recv => told::before_recv(&socket),
            Beside::Send => told::after_send(&socket),
            Beside::Accept => told::accept_queue(&socket),
            Beside::Close => told::before_close(&socket),
        }
    }

    fn options(&mut self, thread: Thread, fd: i32) -> Option<Options> {
        let socket = self.descriptors.copy(thread, fd).ok()?;
        Some(options::options(&socket))
    }

    fn watch(&mut self, watched: Watched) {
        if let Some(wire) = &mut self.wire {
            wire.watch(watched);
        }
    }

    fn command(&mut self, process: Thread) -> Vec<String> {
        /// Most bytes that are kept of a command.
        const MOST: u64 = 4096;
        let mut bytes = Vec::new();
        if let Ok(file) = File::open(format!("/proc/{process}/cmdline")) {
            // What cannot be read is not known.
            let _ = file.take(MOST).read_to_end(&mut bytes);
        }
        let words = bytes
            .strip_suffix(&[0])
            .unwrap_or(&bytes)
            .split(|&byte| byte == 0);
        let words = words.map(|word| String::from_utf8_lossy(word).into_owned());
        let words: Vec<_> = words.collect();
        if words.iter().all(String::is_empty) {
            return Vec::new();
        }
        words
    }
}
