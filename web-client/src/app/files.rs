//! Opens trace files and saves runs.

use trace::{Analysis, Experiment};

use super::{Effect, Format, State, Status};
use crate::file::{self, FileError};

/// Most characters of a file's name that are kept.
const LONGEST_NAME: usize = 80;

/// A trace file that was opened. It stays what the page is about until a
/// lesson is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The file's name.
    pub name: String,
    /// What it ran: what its knobs go back to.
    pub experiment: Experiment,
    /// Its experiment was run anew since: what is on the stage is not the file.
    pub rerun: bool,
}

impl State {
    /// Puts the file's run on the stage in place of what is there; a file that
    /// is no trace changes nothing but the notice.
    pub(super) fn open_file(
        &mut self,
        name: &str,
        text: Result<String, FileError>,
        effects: &mut Vec<Effect>,
    ) {
        let name: String = name.chars().take(LONGEST_NAME).collect();
        self.dragging = false;
        let trace = match text.and_then(|text| file::parse(&text)) {
            Ok(trace) => trace,
            Err(error) => {
                self.refused_file = Some((name, error));
                return;
            }
        };
        self.stop(effects);
        self.forget_run();
        self.refused_file = None;
        self.guess = None;
        // Without a plan there is nothing to run; the knobs stay as they are.
        if let Some(plan) = &trace.plan {
            self.experiment = plan.clone();
        }
        self.opened = Some(Opened {
            name,
            experiment: self.experiment.clone(),
            rerun: false,
        });
        self.check();
        self.status = trace.ending().map_or(Status::Interrupted, Status::Done);
        self.analysis = Analysis::new(&trace);
        let events = trace.events().len();
        self.trace = Some(trace);
        self.player.go(events, events);
    }

    /// Whether the run can be saved: its end has been received.
    pub const fn can_download(&self) -> bool {
        matches!(self.status, Status::Done(_)) && self.trace.is_some()
    }

    pub(super) fn download(&self, format: Format, effects: &mut Vec<Effect>) -> bool {
        let (true, Some(trace)) = (self.can_download(), &self.trace) else {
            return false;
        };
        let bytes = match format {
            Format::Trace => file::write(trace),
            Format::Pcapng => trace::pcapng::write(trace, &self.analysis),
        };
        let name = match &self.opened {
            // The name of the opened file without its ending.
            Some(opened) => {
                let stem = opened.name.rsplit_once('.');
                stem.map_or(&*opened.name, |(stem, _)| stem).to_owned()
            }
            None => ["stickylab-", &self.lesson().id].concat(),
        };
        let name = name + format.ending();
        effects.push(Effect::SaveFile { name, bytes });
        false
    }
}
