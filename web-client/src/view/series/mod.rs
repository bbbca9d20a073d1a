//! Many runs of one experiment: the button, how far they are, and what came of them as
//! histograms, whose bars open a run.

mod chart;
mod forecast;

use protocol::Nanos;
use trace::distribution::{self, Distribution, Summary, of_counts, of_times, percent};
use trace::text::{Catalog, Sentence, Time, grouped};
use web_sys::{Element, HtmlElement, ScrollLogicalPosition};

use super::header::click;
use crate::app::{Message, State};
use crate::dom::{self, Dispatch, Listener, Missing, Template};
use crate::language::Language;
use crate::series::{Progress, Series, TIMES};
use chart::{Bar, Chart};
use forecast::Forecast;

/// Most bars of a histogram.
const BARS: usize = 12;
/// Most characters of a sequence of sizes.
const LABEL: usize = 22;

pub(super) struct SeriesView {
    button: HtmlElement,
    panel: HtmlElement,
    title: Element,
    done: HtmlElement,
    stop: HtmlElement,
    told: Element,
    claims: Element,
    claim: Template,
    counts: [Chart; 2],
    sequences: Chart,
    times: Chart,
    forecast: Forecast,
    /// What it shows.
    source: Option<Source>,
    _listeners: [Listener; 3],
}

/// What the panel follows from. What came of the runs changes with how many are over.
#[derive(PartialEq)]
struct Source {
    over: u32,
    shown: Option<u32>,
    language: Language,
    progress: Progress,
    place: Option<u32>,
    is_other: bool,
}

impl Source {
    fn of(state: &State, series: &Series) -> Self {
        let distribution = series.distribution();
        Self {
            over: distribution.runs() + distribution.unfinished,
            shown: state.outcome_on_stage(),
            language: state.language(),
            progress: series.progress().clone(),
            place: series.place(),
            is_other: state.is_series_other(),
        }
    }
}

/// The bars of a series in a language.
struct Bars<'a> {
    series: &'a Series,
    shown: Option<u32>,
    catalog: &'a Catalog,
}

impl SeriesView {
    pub(super) fn bind(dispatch: &Dispatch) -> Result<Self, Missing> {
        let button: HtmlElement = dom::find("repeat")?;
        let stop: HtmlElement = dom::find("series-stop")?;
        let charts: Element = dom::find("series-charts")?;
        let opens = dom::on_click(&charts, "data-outcome", dispatch, |run| {
            run.parse().ok().map(Message::ShowOutcome)
        });
        Ok(Self {
            _listeners: [
                click(&button, dispatch, Message::Repeat),
                click(&stop, dispatch, Message::StopRepeating),
                opens,
            ],
            button,
            panel: dom::find("series")?,
            title: dom::find("series-title")?,
            done: dom::find("series-done")?,
            stop,
            told: dom::find("series-told")?,
            claims: dom::find("series-claims")?,
            claim: Template::find("series-claim")?,
            counts: [Chart::add(&charts)?, Chart::add(&charts)?],
            sequences: Chart::add(&charts)?,
            times: Chart::add(&charts)?,
            forecast: Forecast::bind(dispatch)?,
            source: None,
        })
    }

    /// Brings it into sight.
    pub(super) fn scroll(&self, smoothly: bool) {
        dom::scroll_to(&self.panel, ScrollLogicalPosition::Nearest, smoothly);
    }

    pub(super) fn show(&mut self, state: &State, catalog: &Catalog) {
        dom::set_bool(&self.button, "aria-disabled", !state.can_repeat());
        self.forecast.show(state, catalog);
        let series = state.series();
        if !series.is_some_and(Series::goes_on) {
            self.hide_stop();
        }
        dom::set_shown(&self.panel, series.is_some());
        let source = series.map(|series| Source::of(state, series));
        if self.source == source {
            return;
        }
        self.source = source;
        let Some(series) = series else {
            return;
        };
        let distribution = series.distribution();
        let runs = distribution.runs();
        let key = if runs < TIMES {
            "times.done"
        } else {
            "times.runs"
        };
        let title = Sentence::new(key)
            .with("n", u64::from(runs))
            .with("all", u64::from(TIMES));
        dom::set_text(&self.title, &catalog.render(&title));
        dom::set_shown(&self.done, series.goes_on());
        if series.goes_on() {
            dom::set_shown(&self.stop, true);
        }
        dom::set(&self.done, "value", &runs.to_string());
        dom::set_text(&self.told, &told(state, series, catalog));
        self.say(&lines(series, catalog));
        let bars = Bars {
            series,
            shown: state.outcome_on_stage(),
            catalog,
        };
        for (index, chart) in self.counts.iter_mut().enumerate() {
            let count = distribution.counts.get(index);
            let title = count.map_or_else(String::new, |(count, _)| catalog.text(count.key()));
            chart.show(&title, &bars.counts(index), "");
        }
        let what = distribution
            .counts
            .first()
            .map_or("times.none", |(count, _)| count.key());
        let title = Sentence::new("times.sequences").with("what", what);
        let left = distribution.sequences.len().saturating_sub(BARS);
        let left = left + distribution.other_sequences as usize;
        let more = (left > 0).then(|| Sentence::new("times.more").with("n", left));
        let more = more.map_or_else(String::new, |more| catalog.render(&more));
        self.sequences
            .show(&catalog.render(&title), &bars.sequences(), &more);
        let times = distribution.times();
        let summary = Summary::of(&times).map(|summary| catalog.render(&summary.sentence()));
        self.times.show(
            &catalog.text("times.took"),
            &bars.times(&times),
            &summary.unwrap_or_default(),
        );
    }

    /// Hides the button that ends a series; one that can be begun has the focus then.
    fn hide_stop(&self) {
        let stop: &Element = &self.stop;
        if dom::document().active_element().as_ref() == Some(stop) {
            dom::focus_in_place(&self.button);
        }
        dom::set_shown(&self.stop, false);
    }

    /// Shows these lines, each in an element of its own.
    fn say(&self, lines: &[String]) {
        while self.claims.child_element_count() as usize > lines.len() {
            if let Some(last) = self.claims.last_element_child() {
                last.remove();
            }
        }
        let mut next = self.claims.first_element_child();
        for line in lines {
            let element = next.take().unwrap_or_else(|| {
                let element: Element = self.claim.clone_as();
                let _ = self.claims.append_child(&element);
                element
            });
            dom::set_text(&element, line);
            next = element.next_element_sibling();
        }
    }
}

/// How it stands, where there is something to say.
fn told(state: &State, series: &Series, catalog: &Catalog) -> String {
    let told = match series.progress() {
        Progress::GoesOn => {
            let place = series.place().map(u64::from);
            place.map(|place| Sentence::new("times.waits").with("n", place))
        }
        Progress::Stopped => Some(Sentence::new("times.stopped")),
        Progress::Failed(why) => Some(Sentence::new("times.failed").with("why", why.clone())),
        Progress::Finished => Some(Sentence::new("times.finished")),
    };
    let told = told.map(|told| catalog.render(&told));
    let other = state
        .is_series_other()
        .then(|| catalog.text("times.other-knobs"));
    let said: Vec<_> = told.into_iter().chain(other).collect();
    said.join(state.language().between_sentences())
}

/// What the lesson claims and what was guessed, and in how many runs that came; how many
/// runs were not finished.
fn lines(series: &Series, catalog: &Catalog) -> Vec<String> {
    let distribution = series.distribution();
    let of_all = |key, n: u32| {
        Sentence::new(key)
            .with("n", u64::from(n))
            .with("runs", u64::from(distribution.runs()))
            .with("percent", percent(n, distribution.runs()))
    };
    let mut lines = Vec::new();
    if distribution.runs() > 0 {
        let claims = series.claims().iter().map(|claim| {
            of_all("times.claim", claim.runs).with("claim", claim.misconception().key())
        });
        lines.extend(claims);
    }
    lines.extend(series.right().map(|right| of_all("times.guessed", right)));
    if distribution.unfinished > 0 {
        lines.push(of_all("times.unfinished", distribution.unfinished));
    }
    lines.iter().map(|line| catalog.render(line)).collect()
}

impl Bars<'_> {
    fn distribution(&self) -> &Distribution {
        self.series.distribution()
    }

    /// A bar of runs.
    fn of_runs(&self, label: String, runs: u32, run: Option<u32>) -> Bar {
        let count = Sentence::new("times.share")
            .with("n", u64::from(runs))
            .with("percent", percent(runs, self.distribution().runs()));
        let hint = match run {
            Some(run) => Sentence::new("times.open").with("n", u64::from(run)),
            None if runs == 0 => Sentence::new("times.never"),
            None => Sentence::new("times.not-kept"),
        };
        Bar {
            label,
            weight: u64::from(runs),
            guessed: None,
            count: self.catalog.render(&count),
            run,
            is_shown: run.is_some() && run == self.shown,
            hint: self.catalog.render(&hint),
        }
    }

    /// Of the values of a count; those that were guessed of it have a bar, too.
    fn counts(&self, index: usize) -> Vec<Bar> {
        let Some((_, tally)) = self.distribution().counts.get(index) else {
            return Vec::new();
        };
        let mut bars = of_counts(tally, BARS);
        let is_guessed = self.series.guessed_count() == Some(index);
        let forecast = is_guessed.then_some(&self.series.asked().forecast);
        let within = |bar: &distribution::Bar| {
            let guessed = forecast?.range(bar.least..=bar.most);
            Some(guessed.map(|(_, runs)| u64::from(*runs)).sum())
        };
        for &value in forecast.into_iter().flat_map(|forecast| forecast.keys()) {
            if !bars
                .iter()
                .any(|bar| (bar.least..=bar.most).contains(&value))
            {
                let at = bars.partition_point(|bar| bar.least < value);
                let none = distribution::Bar {
                    least: value,
                    most: value,
                    runs: 0,
                    example: 0,
                };
                bars.insert(at, none);
            }
        }
        let bars = bars.iter().map(|bar| Bar {
            guessed: within(bar),
            ..self.of_runs(
                bar.bounds(grouped, " – "),
                bar.runs,
                self.series.of_count(index, bar),
            )
        });
        bars.collect()
    }

    /// Of the most frequent sequences of sizes.
    fn sequences(&self) -> Vec<Bar> {
        let ranked = self.distribution().ranked().into_iter().take(BARS);
        let bars = ranked.map(|(sizes, found)| {
            let kept = self.series.outcome(found.example);
            let run = kept.map(|_| found.example);
            self.of_runs(self.joined(sizes), found.runs, run)
        });
        bars.collect()
    }

    /// Of how long the runs took.
    fn times(&self, times: &[(Nanos, u32)]) -> Vec<Bar> {
        let bars = of_times(times, BARS);
        let time = |nanos| Time(Nanos(nanos)).to_string();
        let bars = bars.iter().map(|bar| {
            let run = self.series.of_time(bar);
            self.of_runs(bar.bounds(time, " – "), bar.runs, run)
        });
        bars.collect()
    }

    /// As many sizes as there is room for, and how many there are if not all are shown.
    fn joined(&self, sizes: &[u32]) -> String {
        if sizes.is_empty() {
            return self.catalog.text("times.none");
        }
        distribution::joined(sizes, LABEL, "…")
    }
}
