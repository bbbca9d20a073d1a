//! A trace: what was observed, in the order of its times, and what is known of
//! what it means.

use std::ops::{Deref, DerefMut};

use protocol::Framing;
use record::file::{Reader, RecordError};
use record::{ConnectionId, End, Head, Record};

use crate::lane::Direction;
use crate::link::{Line, Plan, Run, VERSION};
use crate::reference::Reference;
use crate::{Client, Experiment, ExperimentError, Setup, plan};

#[cfg(test)]
mod tests;

/// What was observed, and what is known of what it means. It is read as the
/// [`Record`] that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// What was meant to happen, if that was planned: an experiment.
    pub plan: Option<Experiment>,
    /// Which lesson it is of, if anybody said.
    pub lesson: Option<Reference>,
    /// What is known of the connections; of an experiment, the plan tells.
    pub setup: Setup,
    record: Record,
}

/// Why lines are no trace.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TraceError {
    /// They are no record.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// What the `run` line names is nothing that could be run.
    #[error("line 1 has no experiment that can be run: {0}")]
    Experiment(ExperimentError),
}

impl Deref for Trace {
    type Target = Record;

    fn deref(&self) -> &Record {
        &self.record
    }
}

impl DerefMut for Trace {
    fn deref_mut(&mut self) -> &mut Record {
        &mut self.record
    }
}

impl Trace {
    /// A run of `experiment` of which nothing has been observed yet.
    pub fn new(experiment: Experiment, head: Head) -> Self {
        let mut this = Self::without_plan(Setup::default(), head);
        this.record.parties = plan::parties(&experiment);
        this.record.connections = plan::connections(&experiment);
        this.plan = Some(experiment);
        this
    }

    /// A record of whatever happens, without a plan.
    pub fn without_plan(setup: Setup, head: Head) -> Self {
        Self::of_record(Record::new(head), setup)
    }

    /// What was recorded without a plan.
    pub const fn of_record(record: Record, setup: Setup) -> Self {
        Self {
            plan: None,
            lesson: None,
            setup,
            record,
        }
    }

    /// What was observed, without what is known of its meaning.
    pub fn into_record(self) -> Record {
        self.record
    }

    /// The plan, and its client whose conversation a connection is.
    pub fn planned(&self, connection: ConnectionId) -> Option<(&Experiment, &Client)> {
        let experiment = self.plan.as_ref()?;
        Some((experiment, experiment.client_of(connection)?))
    }

    /// How the sender of this direction frames its messages, as far as it is known.
    pub fn framing(&self, direction: Direction) -> Framing {
        match (&self.plan, direction) {
            (Some(plan), Direction::FromOpener) => plan.rules().framing,
            (Some(plan), Direction::FromAcceptor) => plan.rules().reply_framing(),
            (None, Direction::FromOpener) => known(self.setup.opener_framing.as_ref()),
            (None, Direction::FromAcceptor) => known(self.setup.acceptor_framing.as_ref()),
        }
    }

    /// Whether an end of a connection sends with Nagle's algorithm; none where
    /// that is not known, or small segments are held back for another reason as well (TCP_CORK,
    /// tcp(7)).
    pub fn nagle(&self, connection: ConnectionId, end: End) -> Option<bool> {
        match (&self.plan, end) {
            (Some(plan), End::Opener) => {
                let client = plan.client_of(connection)?;
                (!client.cork).then_some(client.nagle)
            }
            (Some(plan), End::Acceptor) => (!plan.server_cork).then_some(plan.server_nagle),
            (None, End::Opener) => self.setup.opener_nagle,
            (None, End::Acceptor) => self.setup.acceptor_nagle,
        }
    }

    /// The trace as lines, the events by time.
    pub fn lines(&self) -> impl Iterator<Item = Line> {
        let first = Line::Run(Run {
            version: VERSION,
            run: 0,
            head: self.head.clone(),
            plan: Plan {
                experiment: self.plan.clone(),
                lesson: self.lesson.clone().map(Box::new),
                setup: self.setup.clone(),
            },
        });
        let parties = self.parties.iter().cloned().map(Line::Party);
        let connections = self.connections.iter().cloned().map(Line::Connection);
        let events = self.events().iter().cloned().map(Line::Event);
        let first = std::iter::once(first).chain(parties).chain(connections);
        first.chain(events).chain(self.ended().map(Line::Ended))
    }

    /// Reads what [`Trace::lines`] gives, one JSON object a line, by the rules
    /// of [`Reader`]. The experiment, if there is one, can be run
    /// ([`Experiment::validate`]).
    pub fn parse(text: &str) -> Result<Self, TraceError> {
        Self::parse_within(text, usize::MAX)
    }

    /// The same of a trace with at most `most` events.
    pub fn parse_within(text: &str, most: usize) -> Result<Self, TraceError> {
        match Self::parse_truncated(text, most)? {
            (trace, None) => Ok(trace),
            (_, Some(error)) => Err(error.into()),
        }
    }

    /// The same of a trace that may have been cut off: what stands before that, and the
    /// error.
    pub fn parse_truncated(
        text: &str,
        most: usize,
    ) -> Result<(Self, Option<RecordError>), TraceError> {
        let mut reader = Reader::<Plan>::new(text)?;
        if let Some(experiment) = &reader.plan.experiment {
            let valid = experiment.validate();
            valid.map_err(TraceError::Experiment)?;
            reader.record.parties = plan::parties(experiment);
            reader.record.connections = plan::connections(experiment);
        }
        let (record, plan, truncated) = reader.read_truncated(most)?;
        let setup = match plan.experiment {
            Some(_) => Setup::default(),
            None => plan.setup,
        };
        let this = Self {
            plan: plan.experiment,
            lesson: plan.lesson.map(|lesson| *lesson),
            setup,
            record,
        };
        Ok((this, truncated))
    }
}

fn known(framing: Option<&Framing>) -> Framing {
    framing.cloned().unwrap_or(Framing::None)
}
