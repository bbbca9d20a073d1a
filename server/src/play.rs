//! A run from its start to its end: the lab's sockets, and its clients played by
//! the script that the page plays them by.

use trace::link::{Head, Line, Request};
use trace::{Experiment, Nonces, Script, Trace};

use crate::lab::{Lab, LabError};

/// Runs an experiment on private sockets; `complain` gets what the lab says went
/// wrong. Takes as long as the run does.
///
/// # Errors
///
/// Where [`Lab::start`] has one.
pub fn play(
    experiment: &Experiment,
    nonces: Nonces,
    mut complain: impl FnMut(&str),
) -> Result<Trace, LabError> {
    let mut lab = Lab::start(experiment.clone(), 0)?;
    let mut script = Script::new(experiment, nonces);
    let mut trace = Trace::new(experiment.clone(), Head::default());
    loop {
        while let Some(command) = script.poll_command() {
            match command {
                Request::Send { client, sends } => lab.send(client, sends),
                Request::Close { client, after } => lab.close(client, after),
                Request::Stop => lab.stop(),
                Request::Part { client, bytes } => lab.part(client, bytes, None),
                Request::Run { .. } | Request::Watch => {}
            }
        }
        match lab.blocking_line() {
            Some(Line::Event(event)) => {
                script.handle_event(&event);
                trace.insert(event);
            }
            Some(Line::Ended(ended)) => trace.end(ended.why, ended.missed, ended.dropped),
            Some(Line::Error { message }) => complain(&message),
            Some(Line::Run(run)) => trace.head = run.head,
            Some(Line::Party(party)) => trace.add_party(party),
            Some(Line::Connection(connection)) => trace.add_connection(connection),
            Some(Line::Hello { .. } | Line::Queued { .. } | Line::Alive) => {}
            None => return Ok(trace),
        }
    }
}
