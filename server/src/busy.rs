//! Load on purpose: threads that never wait, beside runs whose outcome may depend on it.

use std::hint;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use crate::priority::Priority;

/// Most threads.
pub const MOST: u32 = 64;

/// Threads that take all processor time that they get, until this is dropped.
#[derive(Debug)]
pub struct Busy {
    ended: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Busy {
    /// Starts `count` threads of this priority, at most [`MOST`].
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn start(count: u32, priority: Priority) -> io::Result<Self> {
        let mut busy = Self {
            ended: Arc::default(),
            threads: Vec::new(),
        };
        for _ in 0..count.min(MOST) {
            let ended = Arc::clone(&busy.ended);
            let thread = thread::Builder::new().name("busy".to_owned());
            busy.threads.push(thread.spawn(move || {
                priority.apply();
                while !ended.load(Ordering::Relaxed) {
                    hint::spin_loop();
                }
            })?);
        }
        Ok(busy)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // It cannot panic.
            let _ = thread.join();
        }
    }
}
