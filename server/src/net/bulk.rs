//! Threads for the tasks that always have more to do, apart from those of all
//! others.
//!
//! A thread that never waits has used up what the kernel's scheduler gives it,
//! and waits behind other busy threads for its next turn: for milliseconds, in
//! which no task of its runtime moves a byte. So tasks whose peers never let
//! them wait run on threads of their own, for as long as that is so; the threads
//! of the others wait most of the time, and run at once when something comes.

use std::future::poll_fn;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio_util::context::TokioContext;
use tokio_util::task::AbortOnDropHandle;

use super::time_slice;
use crate::priority::Priority;

/// A task that took less than [`CALM`] of so much time is bulky no more.
const WINDOW: Duration = Duration::from_millis(100);
/// About what a session takes that answers 500 short messages a second.
const CALM: Duration = Duration::from_millis(1);

/// Started with the servers, so that an attack finds no thread to start; there are
/// none if the system has none. They have no driver, and so no descriptor: what a
/// task waits for is registered with the runtime it came from.
static THREADS: LazyLock<Option<Runtime>> = LazyLock::new(|| {
    let runtime = Builder::new_multi_thread()
        .worker_threads(available_parallelism().map_or(2, usize::from))
        .thread_name("bulk")
        .on_thread_start(|| Priority::Bulk.apply())
        .build();
    runtime
        .inspect_err(|error| tracing::warn!(%error, "no threads for bulky connections"))
        .ok()
});

/// Starts the threads, if they are not there.
pub fn start() {
    LazyLock::force(&THREADS);
}

/// Runs `task`: on the threads of the caller's runtime while it waits now and
/// then, and on threads apart from when it uses up a whole [time
/// slice](super::TimeSlice) until it waits again.
pub async fn apart<F>(task: F) -> F::Output
where
    F: Future<Output: Send> + Send + 'static,
{
    let mut task = Box::pin(task);
    loop {
        let light = poll_fn(|cx| poll_light(task.as_mut(), cx));
        if let Some(output) = light.await {
            return output;
        }
        let Some(threads) = &*THREADS else {
            return task.await;
        };
        let mut moved = task;
        let bulky = async move {
            let mut load = Load::new(Instant::now());
            let bulky = poll_fn(|cx| poll_bulky(moved.as_mut(), &mut load, cx));
            let output = bulky.await;
            (moved, output)
        };
        let bulky = threads.spawn(TokioContext::new(bulky, Handle::current()));
        // Whoever drops this ends the task, wherever it runs.
        match AbortOnDropHandle::new(bulky).await {
            Ok((_, Some(output))) => return output,
            Ok((calm, None)) => task = calm,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                // These threads end with the process.
                Err(_) => return std::future::pending().await,
            },
        }
    }
}

/// Ready with the output, or with none once the task has used up a whole slice.
fn poll_light<F: Future>(task: Pin<&mut F>, cx: &mut Context<'_>) -> Poll<Option<F::Output>> {
    let before = time_slice::used_up();
    match task.poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if time_slice::used_up() == before => Poll::Pending,
        Poll::Pending => Poll::Ready(None),
    }
}

/// Ready with the output, or with none once the task is calm.
fn poll_bulky<F: Future>(
    task: Pin<&mut F>,
    load: &mut Load,
    cx: &mut Context<'_>,
) -> Poll<Option<F::Output>> {
    let from = Instant::now();
    let is_calm = load.begin(from);
    match task.poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if is_calm => Poll::Ready(None),
        Poll::Pending => {
            load.taken += from.elapsed();
            Poll::Pending
        }
    }
}

/// How much of the time a task takes.
#[derive(Debug)]
struct Load {
    since: Instant,
    taken: Duration,
}

impl Load {
    const fn new(now: Instant) -> Self {
        Self {
            since: now,
            taken: Duration::ZERO,
        }
    }

    /// At the beginning of a step: whether the window that ends with it was calm.
    fn begin(&mut self, now: Instant) -> bool {
        if now.duration_since(self.since) < WINDOW {
            return false;
        }
        let is_calm = self.taken < CALM;
        *self = Self::new(now);
        is_calm
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use tokio::sync::Notify;

    use super::*;
    use crate::net::TimeSlice;

    /// Longer than anything takes on a busy machine.
    const PATIENCE: Duration = Duration::from_secs(30);

    fn is_apart() -> bool {
        thread::current().name() == Some("bulk")
    }

    /// Uses up slices until it is where it is expected.
    async fn work_until(apart: bool) {
        let deadline = Instant::now() + PATIENCE;
        let mut slice = TimeSlice::default();
        while is_apart() != apart {
            assert!(Instant::now() < deadline, "it stays where it is");
            slice.pause_if_over().await;
        }
    }

    #[tokio::test]
    async fn a_task_that_never_waits_is_moved_and_comes_back_when_it_does() {
        let done = apart(async {
            assert!(!is_apart());
            work_until(true).await;
            let deadline = Instant::now() + PATIENCE;
            while is_apart() {
                assert!(Instant::now() < deadline, "it stays apart");
                tokio::time::sleep(WINDOW / 4).await;
            }
            work_until(true).await;
            7
        });
        assert_eq!(done.await, 7);
    }

    #[tokio::test]
    async fn a_task_that_waits_stays() {
        let steps = apart(async {
            for _ in 0..1_000 {
                tokio::task::yield_now().await;
                assert!(!is_apart());
            }
        });
        steps.await;
    }

    #[tokio::test]
    async fn who_drops_it_ends_it_wherever_it_runs() {
        struct Dropped(Arc<AtomicBool>);
        impl Drop for Dropped {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let is_gone = Arc::new(AtomicBool::new(false));
        let is_there = Arc::new(Notify::new());
        let (dropped, there) = (Dropped(is_gone.clone()), is_there.clone());
        let task = tokio::spawn(apart(async move {
            let _dropped = dropped;
            work_until(true).await;
            there.notify_one();
            std::future::pending::<()>().await;
        }));
        tokio::time::timeout(PATIENCE, is_there.notified())
            .await
            .unwrap();
        task.abort();
        let deadline = Instant::now() + PATIENCE;
        while !is_gone.load(Ordering::Relaxed) {
            assert!(Instant::now() < deadline, "it goes on");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    #[tokio::test]
    #[should_panic(expected = "as it was")]
    async fn a_panic_is_the_callers() {
        apart(async {
            work_until(true).await;
            panic!("as it was");
        })
        .await;
    }
}
