//! Who has the file descriptors. All listeners of a process share one pool: the
//! sum of their connections never exceeds what there is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::source::{Refusal, Source};

/// The connections there may be, of all listeners together. Clones share them.
#[derive(Clone, Debug)]
pub struct Descriptors(Arc<Pool>);

#[derive(Debug)]
struct Pool {
    all: usize,
    per_source: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_source: HashMap<Source, usize>,
}

/// One connection's, free again when this is dropped.
#[derive(Debug)]
pub(super) struct Descriptor {
    pool: Arc<Pool>,
    /// None: many share the connection, and no source has it.
    source: Option<Source>,
}

impl Descriptors {
    /// So many in all, and of one source.
    pub fn new(all: usize, per_source: usize) -> Self {
        Self(Arc::new(Pool {
            all,
            per_source,
            taken: Mutex::default(),
        }))
    }

    /// One for a connection of `source`, which may be one that `many` share,
    /// such as a proxy: of that only the total counts.
    pub(super) fn take(&self, source: Source, many: bool) -> Result<Descriptor, Refusal> {
        let mut taken = self.0.taken();
        if taken.all >= self.0.all {
            return Err(Refusal::Full);
        }
        let source = (!many).then_some(source);
        if let Some(source) = source {
            let own = taken.by_source.get(&source).copied().unwrap_or_default();
            if own >= self.0.per_source {
                return Err(Refusal::SourceFull);
            }
            taken.by_source.insert(source, own + 1);
        }
        taken.all += 1;
        Ok(Descriptor {
            pool: Arc::clone(&self.0),
            source,
        })
    }
}

impl Default for Descriptors {
    /// As many as anybody wants.
    fn default() -> Self {
        Self::new(usize::MAX, usize::MAX)
    }
}

impl Pool {
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        let mut taken = self.pool.taken();
        taken.all -= 1;
        let Some(source) = self.source else {
            return;
        };
        if let Some(own) = taken.by_source.get_mut(&source) {
            *own -= 1;
            if *own == 0 {
                taken.by_source.remove(&source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(last: u8) -> Source {
        Source::of(std::net::SocketAddr::from(([192, 0, 2, last], 1)))
    }

    #[test]
    fn no_source_takes_all_and_what_is_given_back_is_there_again() {
        let descriptors = Descriptors::new(4, 2);
        let take = |last| descriptors.take(source(last), false);
        let first = take(1).unwrap();
        let second = take(1).unwrap();
        assert_eq!(take(1).unwrap_err(), Refusal::SourceFull);
        // A proxy has those of its clients.
        let _third = descriptors.take(source(1), true).unwrap();
        let _fourth = take(2).unwrap();
        assert_eq!(take(3).unwrap_err(), Refusal::Full);
        drop((first, second));
        let _other = take(3).unwrap();
        let _again = take(3).unwrap();
        assert_eq!(descriptors.0.taken().all, 4);
        assert_eq!(descriptors.0.taken().by_source.len(), 2);
    }

    /// A connection to another listener from a proxy's own address, such as one
    /// for the metrics, is not refused because of the proxy's clients.
    #[test]
    fn what_many_share_is_no_sources() {
        let descriptors = Descriptors::new(9, 1);
        let proxied: Vec<_> = (0..3)
            .map(|_| descriptors.take(source(1), true).unwrap())
            .collect();
        let own = descriptors.take(source(1), false).unwrap();
        assert_eq!(
            descriptors.take(source(1), false).unwrap_err(),
            Refusal::SourceFull
        );
        drop(proxied);
        assert_eq!(descriptors.0.taken().all, 1);
        drop(own);
        assert_eq!(descriptors.0.taken().all, 0);
        assert!(descriptors.0.taken().by_source.is_empty());
    }

    #[test]
    fn a_refusal_leaves_nothing_behind() {
        let descriptors = Descriptors::new(4, 0);
        assert_eq!(
            descriptors.take(source(1), false).unwrap_err(),
            Refusal::SourceFull
        );
        assert!(descriptors.0.taken().by_source.is_empty());
    }
}
