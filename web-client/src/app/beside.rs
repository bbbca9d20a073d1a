//! Two connections of a record, one above the other.

use trace::{Analysis, ConnectionId};

use super::State;
use crate::runs::{About, Run};
use crate::scene::Index;
use crate::source::Source;

/// A connection that stays above the one on the stage.
#[derive(Clone, Debug, Default)]
pub(super) struct Beside {
    kept: Option<ConnectionId>,
    /// What is known of it, once another one is on the stage, and what is looked up of that.
    above: Option<Box<(Run, Index)>>,
    /// The two that the address asks for, the upper one first, until all of the record is there.
    wanted: Option<[ConnectionId; 2]>,
}

impl State {
    /// The connection of the record on the stage that stays above.
    pub fn kept_above(&self) -> Option<ConnectionId> {
        self.source()?;
        self.yours.beside.kept
    }

    /// What stays above, if another connection is on the stage.
    pub(super) fn above(&self) -> Option<&Run> {
        self.source()?;
        Some(&self.yours.beside.above.as_ref()?.0)
    }

    /// What is looked up of it.
    pub(super) fn above_index(&self) -> Option<&Index> {
        self.source()?;
        Some(&self.yours.beside.above.as_ref()?.1)
    }

    /// The connection on the stage stays above those that are chosen then, or the one that
    /// stays there does not any more.
    pub(super) fn keep_above(&mut self) -> bool {
        let shown = self.source().and_then(Source::shown);
        let beside = &mut self.yours.beside;
        beside.kept = match beside.kept {
            Some(_) => None,
            None => shown,
        };
        let is_changed = beside.kept.is_some() || beside.above.is_some();
        self.look_above();
        is_changed
    }

    /// What stays above is brought up to date: another connection is on the stage, or the
    /// record is at its end.
    pub(super) fn look_above(&mut self) {
        let made = self.yours.beside.kept.and_then(|kept| {
            let source = self.source()?;
            if source.shown() == Some(kept) {
                return None;
            }
            let trace = source.trace_of(kept).ok()?;
            let analysis = Analysis::new(&trace);
            let index = Index::new(&trace, &analysis);
            let run = Run {
                about: About {
                    number: kept.0,
                    ..About::default()
                },
                lesson: self.lesson,
                opened: self.opened.clone(),
                status: self.status.clone(),
                step: trace.events().len(),
                trace,
                analysis,
            };
            Some(Box::new((run, index)))
        });
        self.yours.beside.above = made;
    }

    /// What stays above goes with its record.
    pub(super) fn forget_above(&mut self) {
        (self.yours.beside.kept, self.yours.beside.above) = (None, None);
    }

    /// The address asks for two connections, or for none.
    pub(super) fn want_above(&mut self, connections: Option<[u32; 2]>) {
        if connections.is_none() {
            self.forget_above();
        }
        self.yours.beside.wanted = connections.map(|two| two.map(ConnectionId));
        self.show_wanted();
    }

    /// Shows the two connections that the address asks for, if all of the record is there.
    pub(super) fn show_wanted(&mut self) {
        let has = |wanted: &[ConnectionId; 2]| {
            let source = self.source();
            let source = source.filter(|source| !source.is_live());
            source.is_some_and(|source| wanted.iter().all(|id| source.connection(*id).is_some()))
        };
        if let Some([upper, lower]) = self.yours.beside.wanted.filter(has) {
            self.yours.beside.wanted = None;
            self.yours.beside.kept = Some(upper);
            self.put_connection(lower);
        }
    }

    /// What of it stands in the address.
    pub(super) fn write_above(&self) -> String {
        let shown = self.source().and_then(Source::shown);
        match (self.above(), self.kept_above(), shown) {
            (Some(_), Some(upper), Some(lower)) => {
                ["&compare=", &upper.0.to_string(), ",", &lower.0.to_string()].concat()
            }
            _ => String::new(),
        }
    }
}
