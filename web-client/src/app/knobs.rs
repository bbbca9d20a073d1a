//! The knobs: set, reset, what is wrong with how they stand, and what would be sent with
//! what is being typed.

use trace::knob::{Knob, Setting};
use trace::{ClientId, Experiment, ExperimentError};

use super::{Effect, Mistake, State};
use crate::outgoing::Outgoing;

impl State {
    /// Sets a knob. A value that it does not take is kept and told until another one is set.
    pub(super) fn set_knob(&mut self, setting: Setting, value: String, effects: &mut Vec<Effect>) {
        self.compared = None;
        let set = setting.set(&mut self.experiment, &value);
        self.refused.retain(|(refused, ..)| *refused != setting);
        if let Err(error) = set {
            self.refused.push((setting, value, error));
        }
        self.look_for_mistakes();
        self.keep_draft(effects);
    }

    /// What stands in a field is not set by it. Tells whether anything else stands there.
    pub(super) fn type_knob(&mut self, setting: Setting, value: String) -> bool {
        let typed = Some((setting, value));
        let changed = self.typed != typed;
        self.typed = typed;
        changed
    }

    /// Knobs as they stood at first.
    pub(super) fn reset_knobs(&mut self, effects: &mut Vec<Effect>) {
        self.compared = None;
        self.experiment = self.origin().clone();
        self.check();
        self.keep_draft(effects);
    }

    /// Another experiment is there: nothing that was typed before counts.
    pub(super) fn check(&mut self) {
        self.refused.clear();
        self.look_for_mistakes();
    }

    /// Forgets refused values of knobs that mean nothing any more.
    pub(super) fn look_for_mistakes(&mut self) {
        let experiment = &self.experiment;
        self.refused.retain(|(setting, ..)| {
            let is_there = |client: ClientId| experiment.client(client).is_some();
            setting.knob.applies(experiment) && setting.client.is_none_or(is_there)
        });
        self.typed = None;
        self.invalid = self.experiment.validate().err();
    }

    /// Why it can't be run, if it can't.
    pub fn mistake(&self) -> Option<Mistake> {
        self.mistakes().next()
    }

    /// All that is wrong: values that knobs do not take, then what is wrong with all of
    /// them together.
    pub fn mistakes(&self) -> impl Iterator<Item = Mistake> {
        let refused = self.refused.iter().cloned();
        let refused = refused.map(|(setting, value, error)| Mistake::Knob(setting, value, error));
        refused.chain(self.invalid.clone().map(Mistake::Experiment))
    }

    /// What stands in a knob's field that has not been set.
    pub const fn typed(&self) -> Option<&(Setting, String)> {
        self.typed.as_ref()
    }

    /// What is sent of the messages in the field of `setting`, as it stands there; none for
    /// a knob that has no messages.
    pub fn outgoing(&self, setting: Setting) -> Option<Result<Outgoing, Mistake>> {
        let client = match (setting.knob, setting.client) {
            (Knob::Messages, client) => client.map_or(0, ClientId::index),
            (Knob::Messages2, _) => 1,
            _ => return None,
        };
        let refused = self.refused.iter();
        let mut refused = refused.filter(|(refused, ..)| *refused == setting);
        let typed = match &self.typed {
            Some((typing, value)) if *typing == setting => Some(value),
            _ => refused.next().map(|(_, value, _)| value),
        };
        let Some(value) = typed else {
            return Some(outgoing(&self.experiment, client));
        };
        let mut experiment = self.experiment.clone();
        Some(match setting.set(&mut experiment, value) {
            Ok(()) => outgoing(&experiment, client),
            Err(error) => Err(Mistake::Knob(setting, value.clone(), error)),
        })
    }
}

/// What a client sends, or why its messages can't be sent.
fn outgoing(experiment: &Experiment, client: usize) -> Result<Outgoing, Mistake> {
    experiment.validate().map_err(Mistake::Experiment)?;
    let outgoing = Outgoing::of(experiment, client);
    outgoing.map_err(|error| Mistake::Experiment(ExperimentError::Framing(error)))
}
