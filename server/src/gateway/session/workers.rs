//! The threads that work for the pages of the lab: read requests, write lines.
//! How long that takes is the pages' choice, so it happens on threads of its
//! own, behind those that move bytes.

use std::io;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::priority::Priority;

/// How many: while one works for a source, another serves the next.
const WORKERS: usize = 2;
/// Threads that start runs, which blocks for a moment.
const STARTERS: usize = 2;
/// How long they wait for more to do.
const SPARE: Duration = Duration::from_secs(1);

/// A runtime of their own. Ends when this is dropped, also inside of it.
#[derive(Debug)]
pub(in crate::gateway) struct Workers(Option<Runtime>);

impl Workers {
    /// Starts the threads.
    ///
    /// # Errors
    /// The system has no thread or descriptor left.
    pub(in crate::gateway) fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .max_blocking_threads(STARTERS)
            .thread_keep_alive(SPARE)
            .thread_name("lab-worker")
            .on_thread_start(|| Priority::Work.apply())
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    /// To spawn tasks with.
    pub(super) fn handle(&self) -> Option<&Handle> {
        self.0.as_ref().map(Runtime::handle)
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
