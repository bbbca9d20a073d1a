//! Runs of the lab as processes of their own: each has its limits and its death apart from
//! this program and from other runs. A crashed or killed one is a run that has ended, with a
//! reason.
//!
//! Such a process is this program, started as `stickylab lab-worker` ([`serve`]). It reads
//! [`Request`](trace::link::Request)s from its standard input and writes
//! [`Line`](trace::link::Line)s to its standard output, one JSON object a line, as a page
//! and its gateway do.

mod exit;
mod network;
mod pipe;
mod process;
mod said;
mod serving;
mod spawner;

use std::ffi::OsString;
use std::io;
use std::sync::Arc;

use protocol::Nanos;
use trace::link::{Line, Request, Send};
use trace::{ClientId, Experiment};

use crate::lab::{Conditions, Lab, LabError, Room};
use process::Process;
use said::Said;
pub use serving::serve;
pub use spawner::SECRET;
use spawner::Spawner;

/// Where runs go on.
#[derive(Clone, Debug)]
pub struct Runner(Place);

#[derive(Clone, Debug)]
enum Place {
    Here,
    Processes(Arc<Spawner>),
}

/// A run that is going on, or whose last lines wait to be taken; its lines come as those of
/// a [`Lab`] do. Dropping it ends the run.
#[derive(Debug)]
pub struct Running(Kind);

#[derive(Debug)]
enum Kind {
    Here(Box<Lab>),
    Process(Box<Process>),
}

/// What a run has said, not yet read.
#[derive(Debug)]
pub struct Told(Content);

#[derive(Debug)]
enum Content {
    Line(Box<Line>),
    Said(Said),
}

impl Runner {
    /// In this process, for tests.
    pub const fn here() -> Self {
        Self(Place::Here)
    }

    /// In processes of this program, started with `arguments` in front of `lab-worker`. They
    /// do not outlive the runner. Once there was a run, one process waits for the next one, if
    /// `keeps_one`.
    ///
    /// # Errors
    /// The system has no thread left, or does not tell where this program is.
    pub fn processes(arguments: Vec<OsString>, keeps_one: bool) -> io::Result<Self> {
        let spawner = Spawner::start(arguments, keeps_one)?;
        Ok(Self(Place::Processes(Arc::new(spawner))))
    }

    /// Starts a run. Blocks for a moment.
    ///
    /// # Errors
    /// As [`Lab::start`]; or there is no process to be had.
    pub fn start(
        &self,
        conditions: Conditions,
        experiment: Experiment,
        run: u32,
    ) -> Result<Running, LabError> {
        Ok(Running(match &self.0 {
            Place::Here => {
                let lab = Lab::start_under(conditions, experiment, run)?;
                Kind::Here(Box::new(lab))
            }
            Place::Processes(spawner) => {
                experiment.validate()?;
                let process = Process::start(spawner, conditions, experiment, run)?;
                Kind::Process(Box::new(process))
            }
        }))
    }
}

impl Running {
    /// As [`Lab::send_with`].
    pub fn send(&self, client: ClientId, sends: Vec<Send>, room: Option<Room>) {
        match &self.0 {
            Kind::Here(lab) => lab.send_with(client, sends, room),
            Kind::Process(process) => process.request(Request::Send { client, sends }, room),
        }
    }

    /// As [`Lab::part`].
    pub fn part(&self, client: ClientId, bytes: Vec<u8>, room: Option<Room>) {
        match &self.0 {
            Kind::Here(lab) => lab.part(client, bytes, room),
            Kind::Process(process) => process.request(Request::Part { client, bytes }, room),
        }
    }

    /// As [`Lab::close`].
    pub fn close(&self, client: ClientId, after: Nanos) {
        match &self.0 {
            Kind::Here(lab) => lab.close(client, after),
            Kind::Process(process) => process.request(Request::Close { client, after }, None),
        }
    }

    /// As [`Lab::stop`].
    pub fn stop(&self) {
        match &self.0 {
            Kind::Here(lab) => lab.stop(),
            Kind::Process(process) => process.request(Request::Stop, None),
        }
    }

    /// As [`Lab::room`].
    pub fn room(
        &self,
        calls: usize,
        bytes: usize,
    ) -> impl Future<Output = Option<Room>> + use<> + std::marker::Send {
        match &self.0 {
            Kind::Here(lab) => lab.rooms(),
            Kind::Process(process) => process.rooms(),
        }
        .room(calls, bytes)
    }

    /// As [`Lab::left_out`].
    pub fn left_out(&self) -> u64 {
        match &self.0 {
            Kind::Here(lab) => lab.left_out(),
            Kind::Process(process) => process.left_out(),
        }
    }

    /// What comes next; none after the last. Dropping the future loses nothing.
    pub async fn told(&mut self) -> Option<Told> {
        Some(Told(match &mut self.0 {
            Kind::Here(lab) => Content::Line(Box::new(lab.line().await?)),
            Kind::Process(process) => Content::Said(process.said().await?),
        }))
    }

    /// The same if it is there already.
    pub fn told_now(&mut self) -> Option<Told> {
        Some(Told(match &mut self.0 {
            Kind::Here(lab) => Content::Line(Box::new(lab.line_now()?)),
            Kind::Process(process) => Content::Said(process.said_now()?),
        }))
    }

    /// Reads what was told: the line, and the same as JSON. None where it is no line, such
    /// as the end of the process behind its last line. What a process said is checked by
    /// the rules for a file; where it breaks one the run is over.
    pub fn read(&mut self, told: Told) -> Option<(Line, String)> {
        match (&mut self.0, told.0) {
            (_, Content::Line(line)) => {
                let json = line.to_json();
                Some((*line, json))
            }
            (Kind::Process(process), Content::Said(said)) => process.read(said),
            (Kind::Here(_), Content::Said(_)) => None,
        }
    }

    /// The next line, for callers without a runtime; none after the last.
    pub fn blocking_line(&mut self) -> Option<Line> {
        match &mut self.0 {
            Kind::Here(lab) => lab.blocking_line(),
            Kind::Process(process) => loop {
                let said = process.blocking_said()?;
                if let Some((line, _)) = process.read(said) {
                    return Some(line);
                }
            },
        }
    }
}

#[cfg(test)]
mod tests;
