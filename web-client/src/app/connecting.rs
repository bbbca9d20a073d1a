//! The connection to the gateway: whether it answers, and when it is opened again.

use super::{Effect, Link, State, Status};
use crate::file::FileError;

/// Wait before the first attempt to reconnect, in milliseconds; doubles.
const FIRST_RETRY_MS: f64 = 500.0;
/// The longest wait between attempts, in milliseconds.
const LAST_RETRY_MS: f64 = 5_000.0;
/// A gateway that is watched says something every second: silent for so many
/// milliseconds it has stopped answering.
const SILENCE_MS: f64 = 3_500.0;
/// Milliseconds without a word after which a connection, or an attempt to open one, is
/// given up.
const PATIENCE_MS: f64 = 15_000.0;
/// Most milliseconds of silence that one tick counts. A tick that comes late says
/// that the page slept, and nothing about the gateway.
const LONGEST_TICK_MS: f64 = 1_000.0;

impl State {
    /// The connection was lost, or could not be opened.
    pub(super) fn handle_link_down(&mut self) {
        let is_known = matches!(self.link, Link::Gone { retry_ms: Some(_) });
        if is_known || matches!(self.link, Link::Outdated { .. }) {
            return;
        }
        let doubled = FIRST_RETRY_MS * f64::from(1_u32 << self.attempts.min(8));
        self.attempts += 1;
        self.link = Link::Gone {
            retry_ms: Some(doubled.min(LAST_RETRY_MS)),
        };
        match self.status {
            // Not begun: it begins when the gateway is back.
            Status::Starting => {
                self.wanted = true;
                self.place = None;
            }
            Status::Running => self.finish(Status::Interrupted),
            _ => {}
        }
        self.ours = false;
        self.lose_outcome();
        if let Some(name) = self.folder.asked.take() {
            self.refused_file = Some((name, FileError::Offline));
        }
        self.lose_record();
    }

    /// The gateway said something; tells whether it was taken to have stopped
    /// answering.
    pub(super) fn note_sign_of_life(&mut self, effects: &mut Vec<Effect>) -> bool {
        self.silent_ms = 0.0;
        let Link::Silent { kernel, program } = &mut self.link else {
            return false;
        };
        let (kernel, program) = (std::mem::take(kernel), std::mem::take(program));
        self.link = Link::Online { kernel, program };
        self.begin(effects);
        self.run_next(effects);
        true
    }

    /// Time passes. Tells whether what can be seen of the connection changed.
    pub(super) fn handle_tick(&mut self, elapsed_ms: f64, effects: &mut Vec<Effect>) -> bool {
        let elapsed_ms = elapsed_ms.max(0.0);
        self.hash_changes = 0;
        self.silent_ms += elapsed_ms.min(LONGEST_TICK_MS);
        let is_silent = self.silent_ms >= SILENCE_MS;
        let is_hopeless = self.silent_ms >= PATIENCE_MS;
        match &mut self.link {
            Link::Gone { retry_ms } => {
                let is_due = match retry_ms {
                    Some(left) => {
                        *left -= elapsed_ms;
                        *left <= 0.0
                    }
                    None => is_hopeless,
                };
                if is_due {
                    *retry_ms = None;
                    self.silent_ms = 0.0;
                    effects.push(Effect::Connect);
                }
                false
            }
            Link::Connecting if is_silent => {
                // The first attempt goes on.
                self.link = Link::Gone { retry_ms: None };
                true
            }
            Link::Online { kernel, program } if is_silent => {
                let (kernel, program) = (std::mem::take(kernel), std::mem::take(program));
                self.link = Link::Silent { kernel, program };
                true
            }
            Link::Silent { .. } if is_hopeless => {
                effects.push(Effect::Disconnect);
                self.handle_link_down();
                true
            }
            _ => false,
        }
    }
}
