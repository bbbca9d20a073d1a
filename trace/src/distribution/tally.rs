//! How often what was found came.

use std::collections::BTreeMap;

use super::{Added, MOST_SIZES};

/// How often something came, and the first run in which it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// In how many runs.
    pub runs: u32,
    /// The first of them, from 1.
    pub example: u32,
}

/// How often each value came, in ascending order of the values. A sorted list: each type of
/// a tree would cost the page's wasm more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally<K = u64>(Vec<(K, Found)>);

impl<K> Default for Tally<K> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Ord, const N: usize> From<[(K, Found); N]> for Tally<K> {
    fn from(all: [(K, Found); N]) -> Self {
        let mut tally = Self::default();
        for (value, found) in all {
            match tally.find(&value) {
                Ok(at) => tally.0[at].1 = found,
                Err(at) => tally.0.insert(at, (value, found)),
            }
        }
        tally
    }
}

impl<K: Ord> Tally<K> {
    /// Of no run.
    pub fn new() -> Self {
        Self::default()
    }

    /// Where the value is; otherwise where it belongs.
    fn find(&self, value: &K) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.cmp(value))
    }

    /// Counts `value` in `run`; whether it is the first with it.
    pub(super) fn add(&mut self, value: K, run: u32) -> bool {
        match self.find(&value) {
            Ok(at) => self.0[at].1.runs += 1,
            Err(at) => {
                let found = Found {
                    runs: 1,
                    example: run,
                };
                self.0.insert(at, (value, found));
                return true;
            }
        }
        false
    }

    /// Of one value; none if it never came.
    pub fn get(&self, value: &K) -> Option<Found> {
        let at = self.find(value).ok()?;
        Some(self.0[at].1)
    }

    /// How many values came.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none came.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The values in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &Found)> {
        self.0.iter().map(|(value, found)| (value, found))
    }
}

/// How many recv calls returned so many bytes, in all runs.
#[derive(Clone, Debug, Default)]
pub struct Sizes {
    /// At most [`MOST_SIZES`].
    pub known: BTreeMap<u32, u64>,
    /// Calls with other sizes.
    pub other: u64,
}

impl Sizes {
    /// Counts the calls of a run.
    pub fn add(&mut self, added: &Added) {
        for size in &added.sizes {
            let has_room = self.known.len() < MOST_SIZES || self.known.contains_key(size);
            if has_room {
                *self.known.entry(*size).or_default() += 1;
            } else {
                self.other += 1;
            }
        }
    }
}
