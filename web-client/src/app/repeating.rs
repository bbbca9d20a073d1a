//! The experiment two hundred times: which runs are asked for, and one of them on the stage.

use std::collections::BTreeMap;

use trace::link::{Line, Request};

use super::running::was_refused;
use super::{Aim, Effect, Link, Opened, State, Status};
use crate::hash::Stop;
use crate::series::{Asked, Progress, Series, TIMES};

/// A series, and where on the page it belongs.
#[derive(Debug)]
pub(super) struct Repeated {
    series: Series,
    lesson: usize,
    opened: Option<(bool, String)>,
    /// Which of its runs were on the stage, and their numbers among those of the visit.
    shown: BTreeMap<u32, u32>,
}

/// The largest number that is guessed about.
pub const MOST_VALUE: u64 = 9_999_999;
/// Most numbers that can be guessed about beside those that are offered.
pub(super) const MOST_ADDED: usize = 12;

/// What is guessed of a series.
#[derive(Clone, Debug, Default)]
pub(super) struct Forecast {
    /// In how many runs each number is guessed to come.
    runs: BTreeMap<u64, u32>,
    /// Numbers, and in how many runs each was guessed to come, which is more than were left.
    refused: Vec<(u64, u32)>,
    /// The numbers that were added to those that are offered.
    added: Vec<u64>,
}

/// What a run of the Lab or of a file is known by; none for a lesson's.
fn subject(opened: Option<&Opened>) -> Option<(bool, String)> {
    opened.map(|opened| (opened.is_lab, opened.name.clone()))
}

impl State {
    /// The series of what the page is about now.
    pub fn series(&self) -> Option<&Series> {
        self.repeated().map(|repeated| &repeated.series)
    }

    fn repeated(&self) -> Option<&Repeated> {
        self.repeated.as_ref().filter(|repeated| {
            repeated.lesson == self.lesson && repeated.opened == subject(self.opened.as_ref())
        })
    }

    /// Whether runs of a series are to come.
    pub fn is_repeating(&self) -> bool {
        let repeated = self.repeated.as_ref();
        repeated.is_some_and(|repeated| repeated.series.goes_on())
    }

    /// Whether a series can begin.
    pub fn can_repeat(&self) -> bool {
        self.can_run() && !self.is_repeating()
    }

    /// Whether the series was run with other knobs than they stand now, the link's seed aside.
    pub fn is_series_other(&self) -> bool {
        self.series().is_some_and(|series| {
            let ran = &series.asked().experiment;
            if *ran == self.experiment {
                return false;
            }
            let mut now = self.experiment.clone();
            if let (Some(now), Some(ran)) = (&mut now.link, &ran.link) {
                now.seed = ran.seed;
            }
            *ran != now
        })
    }

    /// In how many runs of a series this number is guessed to come.
    pub fn forecast(&self, value: u64) -> Option<u32> {
        self.forecast.runs.get(&value).copied()
    }

    /// How many runs were guessed of this number, where that is more than are left.
    pub fn refused_forecast(&self, value: u64) -> Option<u32> {
        let mut refused = self.forecast.refused.iter();
        refused.find_map(|(of, runs)| (*of == value).then_some(*runs))
    }

    /// The numbers that can be guessed about: those that the lesson offers, then those that
    /// were added. None where nothing is asked.
    pub fn forecast_values(&self) -> Vec<u64> {
        let lesson = Some(self.lesson()).filter(|_| self.opened.is_none());
        let predict = lesson.and_then(|lesson| lesson.predict.as_ref());
        predict.map_or_else(Vec::new, |predict| {
            let added = self.forecast.added.iter();
            predict.choices.iter().chain(added).copied().collect()
        })
    }

    /// Whether another number can be added.
    pub fn can_add_forecast(&self) -> bool {
        self.forecast.added.len() < MOST_ADDED
    }

    /// Adds a number to those that can be guessed about; tells whether it is one more.
    pub(super) fn add_forecast(&mut self, value: u64) -> bool {
        let values = self.forecast_values();
        let is_new = !values.is_empty() && !values.contains(&value);
        let is_added = is_new && value <= MOST_VALUE && self.can_add_forecast();
        if is_added {
            self.forecast.added.push(value);
        }
        is_added
    }

    /// How many runs of a series nothing was guessed of.
    pub fn unguessed(&self) -> u32 {
        TIMES.saturating_sub(self.forecast.runs.values().sum())
    }

    /// The number, which is one of those that can be guessed about, is guessed to come in so
    /// many runs. More than are left are refused, and are taken as soon as there are as many.
    pub(super) fn set_forecast(&mut self, value: u64, runs: u32) -> bool {
        if !self.forecast_values().contains(&value) {
            return false;
        }
        let mut waiting = std::mem::take(&mut self.forecast.refused);
        waiting.retain(|(other, _)| *other != value);
        // What is said now comes before what waits.
        waiting.insert(0, (value, runs));
        self.forecast.runs.remove(&value);
        for (value, runs) in waiting {
            if runs > self.unguessed() {
                self.forecast.refused.push((value, runs));
            } else if runs > 0 {
                self.forecast.runs.insert(value, runs);
            }
        }
        true
    }

    /// The run of the series that is on the stage, from 1.
    pub fn outcome_on_stage(&self) -> Option<u32> {
        let mut shown = self.repeated()?.shown.iter();
        let number = self.about.number;
        shown.find_map(|(run, known)| (*known == number && number > 0).then_some(*run))
    }

    /// Begins a series of the experiment as it stands.
    pub(super) fn repeat(&mut self, effects: &mut Vec<Effect>) -> bool {
        if !self.can_repeat() {
            return false;
        }
        let lesson = self.opened.is_none().then(|| self.lesson());
        let mut forecast = BTreeMap::new();
        if lesson.is_some_and(|lesson| lesson.predict.is_some()) {
            forecast.clone_from(&self.forecast.runs);
            if let (true, Some(guess)) = (forecast.is_empty(), self.guess()) {
                forecast.insert(guess, TIMES);
            }
        }
        let asked = Asked {
            experiment: self.experiment.clone(),
            reference: self.reference(),
            forecast,
        };
        self.repeated = Some(Repeated {
            series: Series::new(asked, lesson),
            lesson: self.lesson,
            opened: subject(self.opened.as_ref()),
            shown: BTreeMap::new(),
        });
        self.run_next(effects);
        effects.push(Effect::ShowSeries {
            smoothly: !self.reduced_motion,
        });
        true
    }

    /// Asks for the next run of the series, if one is to come and the gateway is there.
    pub(super) fn run_next(&mut self, effects: &mut Vec<Effect>) {
        let Some(repeated) = &mut self.repeated else {
            return;
        };
        let series = &mut repeated.series;
        let is_busy = series.is_waiting() || series.is_running();
        if !series.goes_on() || is_busy || !matches!(self.link, Link::Online { .. }) {
            return;
        }
        self.run += 1;
        let experiment = Box::new(series.next(self.run));
        let run = self.run;
        effects.push(Effect::SendToGateway(Request::Run { run, experiment }));
    }

    /// Ends the series; what it came to until now stays.
    pub(super) fn stop_repeating(&mut self, effects: &mut Vec<Effect>) -> bool {
        let Some(repeated) = self.repeated.as_mut() else {
            return false;
        };
        let series = &mut repeated.series;
        if !series.goes_on() {
            return false;
        }
        if series.is_waiting() || series.is_running() {
            effects.push(Effect::SendToGateway(Request::Stop));
        }
        series.stop(Progress::Stopped);
        true
    }

    /// The connection was lost: the run that goes on is begun anew when it is back.
    pub(super) fn lose_outcome(&mut self) {
        if let Some(repeated) = &mut self.repeated {
            repeated.series.lose();
        }
    }

    /// Whether a line is of the series' run.
    pub(super) fn is_of_series(&self, line: &Line) -> bool {
        let Some(series) = self.repeated.as_ref().map(|repeated| &repeated.series) else {
            return false;
        };
        match line {
            Line::Queued { run, .. } => series.awaits(*run),
            Line::Run(run) => series.awaits(run.run),
            Line::Error { .. } => series.is_waiting() || series.is_running(),
            Line::Event(_) | Line::Party(_) | Line::Connection(_) | Line::Ended(_) => {
                series.is_running()
            }
            Line::Hello { .. } | Line::Alive => false,
        }
    }

    /// Takes a line of the series' run, and tells whether anything that can be seen changed.
    pub(super) fn take_outcome(&mut self, line: Line, effects: &mut Vec<Effect>) -> bool {
        let Some(Repeated { series, .. }) = &mut self.repeated else {
            return false;
        };
        let is_waiting = series.is_waiting();
        if let Line::Run(run) = &line
            && let Some(ran) = &run.plan.experiment
            && was_refused(&series.asked().experiment, ran)
        {
            let asked = series.asked().experiment.clone();
            series.take_link_off();
            self.take_link_off(&asked, effects);
        }
        let Some(Repeated { series, .. }) = &mut self.repeated else {
            return false;
        };
        match line {
            Line::Queued { place, .. } => {
                series.wait(place);
                return true;
            }
            Line::Run(run) => series.begin(run.head, (self.nonces)()),
            Line::Event(event) => series.handle_event(event),
            Line::Party(party) => {
                if let Some(trace) = series.trace() {
                    trace.add_party(party);
                }
            }
            Line::Connection(connection) => {
                if let Some(trace) = series.trace() {
                    trace.add_connection(connection);
                }
            }
            Line::Ended(ended) => {
                series.end(ended);
                self.run_next(effects);
                return true;
            }
            Line::Error { message } if is_waiting => {
                series.stop(Progress::Failed(message));
                return true;
            }
            // Why there can be no link.
            Line::Error { message } if series.has_lost_its_link() => {
                self.complaint = Some(message);
                return true;
            }
            // What could not be followed during a run is no outcome.
            Line::Error { .. } | Line::Hello { .. } | Line::Alive => return false,
        }
        let commands = std::iter::from_fn(|| series.poll_command());
        effects.extend(commands.map(Effect::SendToGateway));
        false
    }

    /// Puts a run of the series on the stage, as one of the visit.
    pub(super) fn show_outcome(&mut self, run: u32, effects: &mut Vec<Effect>) -> bool {
        if matches!(self.status, Status::Starting | Status::Running) {
            return false;
        }
        let Some(repeated) = self.repeated() else {
            return false;
        };
        let known = repeated.shown.get(&run).copied();
        effects.push(Effect::ShowStage {
            smoothly: !self.reduced_motion,
        });
        if let Some(number) = known {
            if number == self.about.number {
                return true;
            }
            if self.runs.get(number).is_some() {
                self.put_on_stage(number, effects);
                return true;
            }
        }
        let Some(trace) = self
            .repeated()
            .and_then(|repeated| repeated.series.outcome(run))
        else {
            effects.pop();
            return false;
        };
        let trace = trace.clone();
        let guess = self.guess();
        self.shelve();
        self.forget_run();
        if let Some(plan) = &trace.plan {
            self.experiment = plan.clone();
            self.check();
            self.keep_draft(effects);
        }
        if let Some(opened) = &mut self.opened {
            opened.rerun = true;
        }
        self.aim = Aim::Stay;
        self.put_record(trace, Stop::Step(0));
        self.about.guess = guess;
        let number = self.about.number;
        if let Some(repeated) = &mut self.repeated {
            repeated.shown.insert(run, number);
        }
        true
    }
}
