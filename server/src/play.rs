//! A run from its start to its end: the lab's sockets, and its clients played by
//! the script that the page plays them by.

use tokio_util::sync::CancellationToken;
use trace::link::{Head, Line, Request};
use trace::{Experiment, Nonces, Script, Trace};

use crate::lab::{Conditions, LabError};
use crate::priority::Priority;
use crate::worker::Runner;

/// How runs are played.
#[derive(Clone, Debug)]
pub struct Playing {
    /// Where they go on.
    pub runner: Runner,
    /// How much processor time their threads get.
    pub priority: Priority,
    /// Ends the run that goes on as stopped when it is cancelled.
    pub stop: CancellationToken,
}

impl Playing {
    /// Runs that go on at `runner`, as other programs do and to their end.
    pub fn at(runner: Runner) -> Self {
        Self {
            runner,
            priority: Priority::Normal,
            stop: CancellationToken::new(),
        }
    }
}

/// Runs an experiment on private sockets; `complain` gets what the lab says went
/// wrong. Takes as long as the run does.
///
/// # Errors
///
/// Where [`Runner::start`] has one, or the run could not begin.
pub fn play(
    experiment: &Experiment,
    nonces: Nonces,
    playing: &Playing,
    mut complain: impl FnMut(&str),
) -> Result<Trace, LabError> {
    let conditions = Conditions {
        priority: playing.priority,
        stop: playing.stop.clone(),
        ..Conditions::default()
    };
    let mut lab = playing.runner.start(conditions, experiment.clone(), 0)?;
    // Why there is no run, until there is one.
    let mut refused = Some("the run did not begin".to_owned());
    let mut script = Script::new(experiment, nonces);
    let mut trace = Trace::new(experiment.clone(), Head::default());
    loop {
        while let Some(command) = script.poll_command() {
            match command {
                Request::Send { client, sends } => lab.send(client, sends, None),
                Request::Close { client, after } => lab.close(client, after),
                Request::Stop => lab.stop(),
                Request::Part { client, bytes } => lab.part(client, bytes, None),
                Request::Run { .. } | Request::Watch | Request::Read { .. } => {}
            }
        }
        match lab.blocking_line() {
            Some(Line::Event(event)) => {
                script.handle_event(&event);
                trace.insert(event);
            }
            Some(Line::Ended(ended)) => trace.end(ended.why, ended.missed, ended.dropped),
            Some(Line::Error { message }) => match &mut refused {
                Some(refused) => *refused = message,
                None => complain(&message),
            },
            Some(Line::Run(run)) => {
                refused = None;
                trace.head = run.head;
                // What was run: without its link, if there could be none. A runner may
                // tell it without the messages.
                if let (Some(asked), Some(told)) = (&mut trace.plan, run.plan.experiment) {
                    asked.link = told.link;
                }
            }
            Some(Line::Party(party)) => trace.add_party(party),
            Some(Line::Connection(connection)) => trace.add_connection(connection),
            Some(Line::Hello { .. } | Line::Queued { .. } | Line::Alive) => {}
            None => return refused.map_or(Ok(trace), |why| Err(LabError::Worker(why))),
        }
    }
}
