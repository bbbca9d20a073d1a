//! How long one task may keep its worker thread. A task whose sockets are
//! always ready would move bytes for as long as its peers send, and all the
//! tasks behind it, and the sockets that became ready meanwhile, would wait.

use std::pin::pin;
use std::task::Context;
use std::time::{Duration, Instant};

/// How long a turn may take before the others get theirs.
const LONGEST: Duration = Duration::from_micros(500);
/// Steps that are taken before the clock is read for the first time: most turns
/// are no longer than a message and its reply.
const FREE: u32 = 4;

/// One turn of a task: from a poll to its return.
#[derive(Debug, Default)]
pub struct Turn {
    steps: u32,
    since: Option<Instant>,
}

impl Turn {
    /// To be called behind each step. Whether the turn has taken its time; then
    /// [`give_way`] and return.
    pub fn is_over(&mut self) -> bool {
        self.steps += 1;
        let over = self.since.is_some_and(|since| since.elapsed() >= LONGEST);
        if self.since.is_none() && self.steps >= FREE {
            self.since = Some(Instant::now());
        }
        over
    }
}

/// Has the task polled again once the tasks that are ready have had their turn
/// and the readiness of sockets was asked for.
pub fn give_way(cx: &mut Context<'_>) {
    // A waker that is woken here would put the task back into the queue at
    // once; this one is deferred by the runtime until it has polled its driver.
    let yielding = pin!(tokio::task::yield_now());
    let _ = yielding.poll(cx);
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::Poll;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_turn_of_few_steps_reads_no_clock_and_a_long_one_ends() {
        let mut turn = Turn::default();
        for _ in 1..FREE {
            assert!(!turn.is_over());
            assert!(turn.since.is_none());
        }
        assert!(!turn.is_over());
        turn.since = turn.since.map(|since| since.checked_sub(LONGEST).unwrap());
        assert!(turn.is_over());
    }

    /// Turns that a task without rest has had by the time that another one has
    /// read a byte that is there already.
    async fn turns(give_way: fn(&mut Context<'_>)) -> u32 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut sender = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (mut receiver, _) = listener.accept().await.unwrap();
        let done = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&done);
        let busy = tokio::spawn(async move {
            sender.write_all(b"x").await.unwrap();
            let mut turns = 0;
            poll_fn(|cx| {
                turns += 1;
                if seen.load(Ordering::Relaxed) {
                    return Poll::Ready(());
                }
                give_way(cx);
                Poll::Pending
            })
            .await;
            turns
        });
        receiver.read_u8().await.unwrap();
        done.store(true, Ordering::Relaxed);
        busy.await.unwrap()
    }

    #[tokio::test]
    async fn who_gives_way_leaves_sockets_their_turn() {
        let given = turns(give_way).await;
        let taken = turns(|cx| cx.waker().wake_by_ref()).await;
        assert!(given <= 4 && given < taken, "{given} and {taken} turns");
    }
}
