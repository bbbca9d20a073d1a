//! Whose turn it is to be worked for: one session of each source at a time,
//! and no source for more than a part of the time. So one source's sessions
//! take turns, and never keep another's waiting.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};

use crate::net::Backlog;
use crate::net::admission::Source;

/// Work of this length is followed by rest, so that it and the rest are
/// `COST` times as long.
const COST: u32 = 2;
/// So much of that may be put off: short work never waits.
const CREDIT: Duration = Duration::from_millis(100);
/// Memory that may wait in the runs of one source, as events for its pages and
/// as commands for its clients; and the events of a run that is never ended for
/// it. With 64 sessions, the most of a source, both come to 48 MiB.
const BACKLOG: usize = 32 * 1024 * 1024;
const RESERVE: usize = 256 * 1024;

/// Everybody's turns.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Turns {
    sources: Mutex<HashMap<Source, Weak<Turn>>>,
}

/// What the sessions of one source share.
#[derive(Debug)]
pub(super) struct Turn {
    /// First come, first served.
    one: Semaphore,
    account: Mutex<Account>,
    backlog: Arc<Backlog>,
}

/// The work that was done for a source, and the rest that has to follow it.
#[derive(Debug, Default)]
struct Account {
    /// Until when all work until now is paid for.
    paid: Option<Instant>,
}

impl Account {
    /// When the next work may begin, if that is later than `now`.
    fn begin(&self, now: Instant) -> Option<Instant> {
        let begin = self.paid?.checked_sub(CREDIT)?;
        (begin > now).then_some(begin)
    }

    /// Work from `since` took this long.
    fn spend(&mut self, since: Instant, took: Duration) {
        let from = self.paid.map_or(since, |paid| paid.max(since));
        self.paid = Some(from + COST * took);
    }
}

impl Turns {
    /// What the session of `peer` shares with the others of its source.
    pub(super) fn of(&self, peer: SocketAddr) -> Arc<Turn> {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let source = Source::of(peer);
        if let Some(turn) = sources.get(&source).and_then(Weak::upgrade) {
            return turn;
        }
        sources.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::new(Turn {
            one: Semaphore::new(1),
            account: Mutex::default(),
            backlog: Backlog::new(BACKLOG, RESERVE),
        });
        sources.insert(source, Arc::downgrade(&turn));
        turn
    }
}

impl Turn {
    /// What waits for the source's pages.
    pub(super) fn backlog(&self) -> Arc<Backlog> {
        Arc::clone(&self.backlog)
    }

    /// Does `work` when it is this session's turn. It must be short: all others
    /// of the source wait for it.
    pub(super) async fn work<T>(&self, work: impl FnOnce() -> T) -> T {
        // Never closed.
        let _one = self.one.acquire().await.ok();
        let begin = self.account().begin(Instant::now());
        if let Some(begin) = begin {
            sleep_until(begin).await;
        }
        let since = Instant::now();
        let done = work();
        self.account().spend(since, since.elapsed());
        done
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(number: u8) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, number], 1))
    }

    #[tokio::test]
    async fn sessions_of_one_source_share_and_others_do_not() {
        let turns = Turns::default();
        let one = turns.of(peer(1));
        assert!(Arc::ptr_eq(&one, &turns.of(peer(1))));
        assert!(!Arc::ptr_eq(&one, &turns.of(peer(2))));
        assert_eq!(turns.of(peer(2)).work(|| 7).await, 7);
        drop(one);
        let _three = turns.of(peer(3));
        assert_eq!(
            turns.sources.lock().unwrap().len(),
            1,
            "who left is forgotten"
        );
    }

    /// Work without end is held back; short work before it is not.
    #[test]
    fn work_is_followed_by_rest() {
        let mut account = Account::default();
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        account.spend(start, Duration::from_millis(50));
        assert_eq!(account.begin(after(50)), None, "there is credit");
        account.spend(after(50), Duration::from_millis(50));
        assert_eq!(account.begin(after(90)), Some(after(100)));
        assert_eq!(account.begin(after(100)), None);
        account.spend(after(100), Duration::from_millis(25));
        assert_eq!(account.begin(after(125)), Some(after(150)));
        // After a long rest the credit is full again, and not larger.
        account.spend(after(9_000), Duration::from_millis(60));
        assert_eq!(account.begin(after(9_010)), Some(after(9_020)));
    }
}
