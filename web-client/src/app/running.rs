//! The run that the connection to the gateway carries.

use trace::link::{Ending, Line, Request, VERSION};
use trace::{Event, Experiment, Script, Trace};

use super::derived::Derived;
use super::{Aim, Effect, Link, State, Status};
use crate::runs::About;
use crate::scene::Target;

impl State {
    /// Wants a run of the experiment as it stands: now, or as soon as the
    /// gateway is there. A run that is going on is stopped by the gateway.
    pub(super) fn want(&mut self, aim: Aim, effects: &mut Vec<Effect>) {
        if !self.can_run() {
            return;
        }
        self.stop_repeating(effects);
        self.aim = match aim {
            Aim::Play if self.reduced_motion => Aim::Last,
            aim => aim,
        };
        self.status = Status::Starting;
        self.wanted = true;
        self.ours = false;
        self.compared = None;
        self.proving = false;
        self.refused_file = None;
        self.begin(effects);
    }

    /// The same for whoever asks for a run: it is to be seen.
    pub(super) fn want_in_sight(&mut self, effects: &mut Vec<Effect>) {
        self.want(Aim::Play, effects);
        effects.push(Effect::ShowStage {
            smoothly: !self.reduced_motion,
        });
    }

    /// Asks for the wanted run, if the gateway is there.
    pub(super) fn begin(&mut self, effects: &mut Vec<Effect>) {
        if !self.wanted || !matches!(self.link, Link::Online { .. }) {
            return;
        }
        self.wanted = false;
        self.place = None;
        if self.mistake().is_some() {
            // The knobs were changed while there was no connection.
            self.status = Status::Idle;
            return;
        }
        self.run += 1;
        self.asked = Some(self.experiment.clone());
        effects.push(Effect::SendToGateway(Request::Run {
            run: self.run,
            experiment: Box::new(self.experiment.clone()),
        }));
    }

    /// Asks for the end of the run that is going on. Its events are kept, and
    /// those that still arrive before its `ended` line.
    pub(super) fn stop_run(&mut self, effects: &mut Vec<Effect>) {
        match self.status {
            Status::Running => effects.push(Effect::SendToGateway(Request::Stop)),
            Status::Starting => {
                if !self.wanted {
                    effects.push(Effect::SendToGateway(Request::Stop));
                }
                self.wanted = false;
                self.ours = false;
                self.place = None;
                self.status = Status::Idle;
            }
            _ => {}
        }
    }

    /// The same, and no further run of a series is asked for.
    pub(super) fn stop(&mut self, effects: &mut Vec<Effect>) {
        self.stop_run(effects);
        self.stop_repeating(effects);
    }

    /// Nothing was run yet.
    pub(super) fn forget_run(&mut self) {
        self.ours = false;
        self.trace = None;
        self.about = About::default();
        self.guess = None;
        self.yours.guessed = None;
        self.search.clear();
        self.script = None;
        self.proving = false;
        self.compared = None;
        self.unpacking = None;
        self.clear_stage();
    }

    pub(super) fn clear_stage(&mut self) {
        self.derived = Derived::default();
        self.stale = None;
        self.complaint = None;
        self.copied = None;
        self.chunk_copied = None;
        self.picture_failed = false;
        self.search.forget(0);
        self.seeking = None;
        self.selection = None;
        self.hover = None;
        self.viewport = crate::scene::Viewport::default();
        self.player.go(0, 0);
    }

    /// Tells whether anything that can be seen at once changed.
    pub(super) fn handle_line(&mut self, line: Line, effects: &mut Vec<Effect>) -> bool {
        let is_back = self.note_sign_of_life(effects);
        let changed = if let Line::Error { message } = &line
            && self.is_lesson_refused(message)
        {
            true
        } else if self.is_of_series(&line) {
            self.take_outcome(line, effects)
        } else {
            self.take_line(line, effects)
        };
        changed || is_back
    }

    fn take_line(&mut self, line: Line, effects: &mut Vec<Effect>) -> bool {
        match line {
            Line::Hello {
                version, program, ..
            } if version > VERSION => {
                self.link = Link::Outdated { program };
            }
            Line::Hello {
                program,
                kernel,
                record,
                grows,
                ..
            } => {
                self.attempts = 0;
                self.link = Link::Online { kernel, program };
                if record {
                    self.serve_record(grows);
                }
                effects.push(Effect::SendToGateway(Request::Watch));
                self.begin(effects);
                self.run_next(effects);
            }
            Line::Alive => return false,
            Line::Queued { run, place } => {
                if run != self.run || self.status != Status::Starting || self.wanted {
                    return false;
                }
                self.place = Some(place);
            }
            Line::Run(run) if self.is_only_record() => self.begin_record(run),
            Line::Run(run) => {
                // Lines of an earlier run, or of one that is not wanted any more.
                self.ours = run.run == self.run && self.status == Status::Starting && !self.wanted;
                if !self.ours {
                    return false;
                }
                let Some(mut experiment) = self.asked.clone() else {
                    return false;
                };
                if let Some(ran) = &run.plan.experiment
                    && was_refused(&experiment, ran)
                {
                    self.take_link_off(&experiment, effects);
                    experiment.link = None;
                }
                self.place = None;
                self.begin_on_stage(&experiment);
                self.clear_stage();
                if let Some(opened) = &mut self.opened {
                    opened.rerun = true;
                }
                self.script = Some(Script::new(&experiment, (self.nonces)()));
                let mut trace = Trace::new(experiment, run.head);
                trace.lesson = self.reference();
                self.trace = Some(trace);
                self.status = Status::Running;
                self.play_script(effects);
            }
            Line::Party(party) => {
                if self.ours {
                    self.add_party(party);
                }
                return false;
            }
            Line::Connection(connection) => {
                if self.ours {
                    self.add_connection(connection);
                }
                return false;
            }
            Line::Event(event) => {
                if self.ours && self.is_on_stage(&event) {
                    self.handle_event(event, effects);
                }
                // Seen when the next frame has analysed it.
                return false;
            }
            Line::Ended(ended) => {
                if !self.ours {
                    return false;
                }
                self.ours = false;
                self.aim_at_end();
                self.end_record(ended);
                if let Some(trace) = &mut self.trace {
                    trace.end(ended.why, ended.missed, ended.dropped);
                    // What was lost is certain only now.
                    self.stale.get_or_insert(trace.events().len());
                }
                self.finish(Status::Done(ended.why));
                self.note_done(effects);
                self.look_above();
                self.show_wanted();
            }
            Line::Error { message } => match self.status {
                Status::Starting if !self.wanted => self.status = Status::Failed(message),
                Status::Running => self.complaint = Some(message),
                _ => return false,
            },
        }
        true
    }

    /// There can be no link where the gateway runs: the next run asks for none, unless it was
    /// changed since this one was asked for.
    pub(super) fn take_link_off(&mut self, asked: &Experiment, effects: &mut Vec<Effect>) {
        if self.experiment.link == asked.link {
            self.experiment.link = None;
            self.look_for_mistakes();
            self.keep_draft(effects);
        }
    }

    fn handle_event(&mut self, event: Event, effects: &mut Vec<Effect>) {
        let Some(trace) = &mut self.trace else {
            return;
        };
        if let Some(script) = &mut self.script {
            script.handle_event(&event);
        }
        let index = trace.insert(event);
        let shift = |target: &mut Option<Target>| {
            if let Some(Target::Event(selected)) = target
                && *selected >= index
            {
                *selected += 1;
            }
        };
        shift(&mut self.selection);
        shift(&mut self.hover);
        self.stale = Some(self.stale.map_or(index, |stale| stale.min(index)));
        let events = trace.events().len();
        if self.aim != Aim::Stay {
            self.player.go(events, events);
        } else if index < self.player.step() {
            self.player.go_by(1, events);
        }
        self.play_script(effects);
    }

    /// Passes on what the clients do next.
    fn play_script(&mut self, effects: &mut Vec<Effect>) {
        let Some(script) = &mut self.script else {
            return;
        };
        let commands = std::iter::from_fn(|| script.poll_command());
        effects.extend(commands.map(Effect::SendToGateway));
    }

    /// Brings the analysis up to date; tells whether it was not.
    pub(super) fn refresh(&mut self) -> bool {
        let stale = self.stale.take();
        if let (Some(from), Some(trace)) = (stale, &self.trace) {
            self.derived.update(trace, from);
            self.search.forget(from);
        }
        stale.is_some()
    }

    /// The run is over: puts the cursor where it is wanted.
    pub(super) fn finish(&mut self, status: Status) {
        self.status = status;
        self.script = None;
        self.refresh();
        let events = self.events().len();
        match std::mem::replace(&mut self.aim, Aim::Stay) {
            Aim::Stay => {}
            Aim::Step(step) => self.player.go(step, events),
            Aim::Last => self.player.go(events, events),
            Aim::Play => {
                self.player.go(0, events);
                self.player.play(events);
            }
        }
    }

    /// A lesson is done when its run is over and its last step was shown. The
    /// run of an opened file does not count.
    pub(super) fn note_done(&mut self, effects: &mut Vec<Effect>) {
        if self.step() < self.events().len() {
            return;
        }
        self.about.is_seen |= matches!(self.status, Status::Done(_));
        if self.status != Status::Done(Ending::Finished) || self.opened.is_some() {
            return;
        }
        let id = &self.lessons[self.lesson].id;
        if !self.settings.done.contains(id) {
            self.settings.done.push(id.clone());
            effects.push(Effect::SaveSettings(self.settings.clone()));
        }
    }
}

/// Whether a run that was to go over a link went without one, as there could be none.
pub(super) const fn was_refused(asked: &Experiment, ran: &Experiment) -> bool {
    asked.link.is_some() && ran.link.is_none()
}
