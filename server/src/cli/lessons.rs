//! `stickylab lessons`: what can be run, one line each.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Result, ensure};
use clap::Args;
use stickylab::play::{Playing, play};
use stickylab::terminal::Screen;
use stickylab::{lessons, printable};
use trace::lesson::{Misconception, Shows};
use trace::text::Sentence;
use trace::{Analysis, Lesson};

use super::screen::{Spoken, Stream};
use super::{Log, output, worker};

/// Most runs of a lesson that `--times` may ask for.
const MOST_TIMES: u32 = 1_000;

/// What can be run, one lesson a line.
#[derive(Debug, Args)]
pub(super) struct Lessons {
    /// Runs all lessons that show a misconception, and says for each whether this kernel
    /// shows it to be wrong
    #[arg(long)]
    check: bool,
    /// How often each lesson is run
    #[arg(long, value_name = "N", default_value_t = 1, requires = "check",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_TIMES)))]
    times: u32,
    #[command(flatten)]
    spoken: Spoken,
}

impl Lessons {
    pub(super) fn run(&self, log: Log) -> Result<()> {
        if self.check {
            self.check(log)
        } else {
            self.list()
        }
    }

    /// Runs the lessons, and prints for each misconception whether it was reproduced: in how
    /// many runs of which lesson, and what was counted.
    fn check(&self, log: Log) -> Result<()> {
        let playing = Playing::at(worker::runner(log, false)?);
        let screen = self.spoken.screen(Stream::Out);
        let lessons = lessons::all();
        let mut found = BTreeMap::<Misconception, (String, bool)>::new();
        for lesson in lessons.iter().filter(|lesson| !lesson.shows.is_empty()) {
            let complain = |message: &str| eprintln!("stickylab: {}", printable::lines(message));
            let mut runs = Vec::new();
            for _ in 0..self.times {
                let trace = play(&lesson.experiment, rand::random(), &playing, complain)?;
                let analysis = Analysis::new(&trace);
                runs.push(
                    lesson
                        .shows
                        .iter()
                        .map(|shows| shows.of(&trace, &analysis, lesson.duel))
                        .collect(),
                );
            }
            for (number, shows) in lesson.shows.iter().enumerate() {
                let all: Vec<_> = runs
                    .iter()
                    .map(|run: &Vec<(u64, bool)>| run[number])
                    .collect();
                let (line, is_shown) = shown(lesson, shows, &all, screen);
                found.entry(shows.misconception).or_insert((line, is_shown));
            }
        }
        let mut text = String::new();
        for misconception in Misconception::ALL {
            let believed = screen.say(&Sentence::new(misconception.key()));
            let verdict = match found.get(&misconception) {
                Some((_, true)) => "terminal.check.reproduced",
                Some((_, false)) => "terminal.check.not-reproduced",
                None => "terminal.check.none",
            };
            writeln!(text, "{believed}")?;
            write!(text, "    {}", screen.say(&Sentence::new(verdict)))?;
            if let Some((line, _)) = found.get(&misconception) {
                write!(text, " \u{b7} {line}")?;
            }
            text.push('\n');
        }
        let shown = found.values().filter(|(_, is_shown)| *is_shown).count();
        let total = Sentence::new("terminal.check.total")
            .with("n", shown)
            .with("all", Misconception::ALL.len());
        writeln!(text, "\n{}", screen.say(&total))?;
        output::print(text.as_bytes())?;
        // Those that no lesson shows are no failure of this kernel.
        let failed = found.values().filter(|(_, is_shown)| !is_shown).count();
        ensure!(
            failed == 0,
            "{failed} of those that lessons show were not shown in every run"
        );
        Ok(())
    }

    fn list(&self) -> Result<()> {
        let language = self.spoken.language();
        let lessons = lessons::all();
        let widest = lessons.iter().map(|l| l.id.len()).max().unwrap_or(0);
        let mut text = String::new();
        for lesson in lessons {
            let words = language.words(&lesson);
            let title = words.map_or_else(String::new, |words| words.title);
            writeln!(text, "{:widest$}  {title}", lesson.id)?;
        }
        output::print(text.as_bytes())
    }
}

/// What is said of runs of a lesson that should show a misconception, and whether all did.
fn shown(lesson: &Lesson, shows: &Shows, runs: &[(u64, bool)], screen: Screen) -> (String, bool) {
    let times = runs.iter().filter(|(_, is_shown)| *is_shown).count();
    let mut values: Vec<_> = runs.iter().map(|(count, _)| *count).collect();
    values.sort_unstable();
    let values = match (values.first(), values.last()) {
        (Some(least), Some(most)) if least < most => format!("{least} \u{2013} {most}"),
        (Some(only), _) => only.to_string(),
        _ => String::new(),
    };
    let often = Sentence::new("terminal.check.shown")
        .with("n", times)
        .with("times", runs.len());
    let counted = Sentence::new("terminal.check.counted")
        .with("count", screen.say(&Sentence::new(shows.count.key())))
        .with("values", values);
    let parts = [lesson.id.clone(), screen.say(&often), screen.say(&counted)];
    (parts.join(" \u{b7} "), times == runs.len())
}
