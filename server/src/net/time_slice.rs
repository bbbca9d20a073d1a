//! How long one task may keep its worker thread. A task whose sockets are
//! always ready would move bytes for as long as its peers send, and all the
//! tasks behind it, and the sockets that became ready meanwhile, would wait.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Context;
use std::time::{Duration, Instant};

use tokio::task::yield_now;

/// How long a task may run before the others run.
const LONGEST: Duration = Duration::from_micros(100);
/// Steps that are taken before the clock is read for the first time: most slices
/// are no longer than a message and its reply.
const FREE: u32 = 2;

/// The time that a task runs without a pause.
#[derive(Debug, Default)]
pub struct TimeSlice {
    steps: u32,
    since: Option<Instant>,
}

thread_local! {
    static USED_UP: Cell<u64> = const { Cell::new(0) };
}

/// How many slices were used up on this thread: whoever polls a task sees by it
/// whether the task would have gone on.
pub(super) fn used_up() -> u64 {
    USED_UP.get()
}

impl TimeSlice {
    /// To be called after each step. Whether the slice is used up: then the
    /// task has to [`give_way`] and return.
    pub fn is_over(&mut self) -> bool {
        self.steps += 1;
        let over = self.since.is_some_and(|since| since.elapsed() >= LONGEST);
        if self.since.is_none() && self.steps >= FREE {
            self.since = Some(Instant::now());
        }
        if over {
            USED_UP.set(USED_UP.get() + 1);
        }
        over
    }

    /// To be called in each round of a loop that may never have to wait: lets
    /// the thread's other tasks run if the slice is used up, and begins the next.
    pub async fn pause_if_over(&mut self) {
        if self.is_over() {
            yield_now().await;
            *self = Self::default();
        }
    }

    /// Awaits `future`. If it is not ready at once the other tasks run
    /// meanwhile, and the next slice begins.
    pub async fn wait<F: Future>(&mut self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|cx| {
            let poll = future.as_mut().poll(cx);
            if poll.is_pending() {
                *self = Self::default();
            }
            poll
        })
        .await
    }
}

/// Has the task polled again once the tasks that are ready have run and the
/// readiness of sockets was asked for.
pub fn give_way(cx: &mut Context<'_>) {
    // A waker that is woken here would put the task back into the queue at
    // once; this one is deferred by the runtime until it has polled its driver.
    let yielding = pin!(yield_now());
    let _ = yielding.poll(cx);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::Poll;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_slice_of_few_steps_reads_no_clock_and_a_long_one_ends() {
        let mut slice = TimeSlice::default();
        for _ in 1..FREE {
            assert!(!slice.is_over());
            assert!(slice.since.is_none());
        }
        assert!(!slice.is_over());
        slice.since = slice.since.map(|since| since.checked_sub(LONGEST).unwrap());
        assert!(slice.is_over());
    }

    #[tokio::test]
    async fn a_task_that_always_has_more_to_do_does_not_keep_the_thread() {
        let done = Cell::new(false);
        let busy = async {
            let mut slice = TimeSlice::default();
            let deadline = Instant::now() + Duration::from_secs(20);
            while !done.get() {
                assert!(Instant::now() < deadline, "the other task never ran");
                slice.pause_if_over().await;
            }
        };
        tokio::join!(busy, async { done.set(true) });
    }

    #[tokio::test]
    async fn a_wait_begins_the_next_slice() {
        let mut slice = TimeSlice {
            steps: FREE,
            since: Some(Instant::now()),
        };
        assert_eq!(slice.wait(async { 7 }).await, 7);
        assert!(slice.since.is_some(), "it was ready at once");
        slice.wait(yield_now()).await;
        assert!(slice.since.is_none());
    }

    /// How often a task without rest was polled by the time that another one
    /// has read a byte that is there already.
    async fn polls(give_way: fn(&mut Context<'_>)) -> u32 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut sender = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (mut receiver, _) = listener.accept().await.unwrap();
        let done = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&done);
        let busy = tokio::spawn(async move {
            sender.write_all(b"x").await.unwrap();
            let mut polls = 0;
            poll_fn(|cx| {
                polls += 1;
                if seen.load(Ordering::Relaxed) {
                    return Poll::Ready(());
                }
                give_way(cx);
                Poll::Pending
            })
            .await;
            polls
        });
        receiver.read_u8().await.unwrap();
        done.store(true, Ordering::Relaxed);
        busy.await.unwrap()
    }

    #[tokio::test]
    async fn a_task_that_gives_way_has_sockets_polled() {
        let given = polls(give_way).await;
        let taken = polls(|cx| cx.waker().wake_by_ref()).await;
        assert!(given <= 4 && given < taken, "{given} and {taken} polls");
    }
}
