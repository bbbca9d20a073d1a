//! How many clients an experiment has.

use crate::{Answer, Client, Experiment};

/// Their number, as a word to choose.
pub(super) fn number(experiment: &Experiment) -> &'static str {
    ["0", "1", "2", "3", "4"][experiment.clients.len().min(4)]
}

/// As many as `word` says: the last ones go, or each that comes does what the one before it
/// does.
pub(super) fn set_number(experiment: &mut Experiment, word: &str) -> Option<()> {
    let wanted = word.parse().ok()?;
    let clients = &mut experiment.clients;
    clients.truncate(wanted);
    while let (true, Some(last)) = (clients.len() < wanted, clients.last_mut()) {
        let next = Client {
            connections: 1,
            piece: 0,
            ..last.clone()
        };
        // The answer's knob is of the last client.
        last.answer = Answer::Own;
        clients.push(next);
    }
    Some(())
}
