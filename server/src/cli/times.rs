//! `stickylab run --times`: the same experiment again and again, and what came of it.

use std::fs;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use serde::Serialize;
use stickylab::busy::{self, Busy};
use stickylab::play::{Playing, play};
use stickylab::printable;
use stickylab::priority::Priority;
use stickylab::terminal::{self, Screen};
use tokio_util::sync::CancellationToken;
use trace::distribution::{Added, Distribution, Found, Sizes, Summary, nth};
use trace::lesson::{Count, Reference};
use trace::link::Ending;
use trace::{Analysis, Experiment, Trace};

use super::target::{Input, Target};
use super::{Log, output, signalled, worker};

/// Most runs that may be asked for.
const MOST_TIMES: i64 = 10_000;
/// Most traces that are kept.
const MOST_KEPT: usize = 200;

#[derive(Debug, Args)]
pub(super) struct Repetition {
    /// Runs it so often, and prints how often which recv() calls came; Ctrl-C stops and
    /// shows what there is
    #[arg(long, value_name = "N", conflicts_with = "pcapng",
          value_parser = clap::value_parser!(u32).range(1..=MOST_TIMES))]
    times: Option<u32>,
    /// Keeps N processors busy meanwhile, with threads that never wait
    #[arg(long, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(busy::MOST)))]
    busy: Option<u32>,
    /// Writes a trace of each distinct outcome into the folder DIR, which is new or empty
    #[arg(long, value_name = "DIR", requires = "times")]
    keep: Option<PathBuf>,
}

/// The runs that are asked for, ready to begin.
pub(super) struct Series {
    times: u32,
    keep: Option<Keep>,
    json: bool,
}

impl Repetition {
    /// The load that is asked for, for as long as it is held, and how runs are played
    /// beside it.
    pub(super) fn load(&self, log: Log) -> Result<(Option<Busy>, Playing)> {
        let start = |count| Busy::start(count, Priority::Experiment);
        let busy = self.busy.map(start).transpose();
        let busy = busy.context("cannot keep the processors busy")?;
        let priority = match busy {
            // As all of them are: else the load would not be felt.
            Some(_) => Priority::Experiment,
            None => Priority::Normal,
        };
        let playing = Playing {
            priority,
            ..Playing::at(worker::runner(log, false)?)
        };
        Ok((busy, playing))
    }

    /// Many runs, if that is what is asked for.
    pub(super) fn series(self, json: bool) -> Result<Option<Series>> {
        let Some(times) = self.times else {
            return Ok(None);
        };
        let keep = self.keep.map(Keep::open).transpose()?;
        Ok(Some(Series { times, keep, json }))
    }
}

impl Series {
    /// Runs the experiment so often, and prints what came of it.
    pub(super) fn run(
        mut self,
        experiment: &Experiment,
        reference: &Reference,
        mut distribution: Distribution,
        playing: &Playing,
        screen: Screen,
    ) -> Result<()> {
        stop_when_signalled(playing.stop.clone())?;
        let mut sizes = Sizes::default();
        let played = self.play(
            experiment,
            reference,
            playing,
            (&mut distribution, &mut sizes),
        );
        let played = played.and_then(|()| {
            let (runs, times) = (distribution.runs(), self.times);
            ensure!(runs == times, "stopped after {runs} of {times} runs");
            Ok(())
        });
        if distribution.runs() > 0 {
            if self.json {
                print_line(&Whole::of(reference, &distribution, &sizes))?;
            } else {
                output::print_styled(&terminal::distribution(&distribution, &sizes, screen))?;
            }
        }
        if let Some(keep) = &self.keep {
            eprintln!("stickylab: {}", keep.told());
        }
        played
    }

    fn play(
        &mut self,
        experiment: &Experiment,
        reference: &Reference,
        playing: &Playing,
        (distribution, sizes): (&mut Distribution, &mut Sizes),
    ) -> Result<()> {
        let mut progress = Progress::new(self.times);
        while distribution.runs() < self.times && !playing.stop.is_cancelled() {
            let complain = |message: &str| eprintln!("stickylab: {}", printable::lines(message));
            let experiment = nth(experiment, distribution.runs());
            let mut trace = play(&experiment, rand::random(), playing, complain)?;
            if playing.stop.is_cancelled() && trace.ending() == Some(Ending::Stopped) {
                // It is no outcome of the experiment.
                break;
            }
            let added = distribution.add(&trace, &Analysis::new(&trace));
            sizes.add(&added);
            progress.tell(added.run);
            if self.json {
                print_line(&One::of(&added, trace.ending(), distribution))?;
            }
            if let Some(keep) = self.keep.as_mut().filter(|_| added.is_example) {
                trace.lesson = Some(reference.clone());
                keep.write(added.run, &trace)?;
            }
        }
        Ok(())
    }
}

/// Cancels `stop` at the first Ctrl-C or SIGTERM.
fn stop_when_signalled(stop: CancellationToken) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start")?;
    let signalled = {
        let _inside = runtime.enter();
        signalled().context("cannot listen for signals")?
    };
    let thread = thread::Builder::new().name("signals".to_owned());
    thread.spawn(move || {
        runtime.block_on(signalled);
        stop.cancel();
    })?;
    Ok(())
}

/// How far it is, on standard error where that is a terminal.
struct Progress {
    times: u32,
    is_shown: bool,
}

impl Progress {
    fn new(times: u32) -> Self {
        let is_shown = io::stderr().is_terminal();
        Self { times, is_shown }
    }

    fn tell(&mut self, run: u32) {
        if self.is_shown {
            // Nobody misses what cannot be written there.
            let _ = write!(io::stderr().lock(), "\r{run} of {}", self.times);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown {
            // ECMA-48, EL: what is left of the line is erased.
            let _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}

/// The folder for traces of distinct outcomes.
struct Keep {
    folder: PathBuf,
    kept: usize,
    left_out: usize,
}

impl Keep {
    fn open(folder: PathBuf) -> Result<Self> {
        let name = folder.display();
        let create = |folder: &Path| {
            fs::create_dir_all(folder)?;
            Ok::<_, io::Error>(fs::read_dir(folder)?.next().is_none())
        };
        let is_empty = create(&folder).with_context(|| format!("cannot write into {name}"))?;
        ensure!(
            is_empty,
            "the folder {name} is not empty: name a new one for --keep"
        );
        Ok(Self {
            folder,
            kept: 0,
            left_out: 0,
        })
    }

    fn write(&mut self, run: u32, trace: &Trace) -> Result<()> {
        if self.kept >= MOST_KEPT {
            self.left_out += 1;
            return Ok(());
        }
        let path = self.folder.join(format!("run-{run}.jsonl"));
        Target::open(path, Input::Nothing)?.write(&output::lines(trace))?;
        self.kept += 1;
        Ok(())
    }

    fn told(&self) -> String {
        let left_out = match self.left_out {
            0 => String::new(),
            left_out => format!("; of {left_out} more outcomes none is kept"),
        };
        let count = self.kept;
        let traces = if count == 1 { "trace" } else { "traces" };
        let folder = printable::lines(&self.folder.display().to_string());
        format!("kept {count} {traces} in {folder}, run-N.jsonl of run N{left_out}")
    }
}

/// One run, as a line.
#[derive(Serialize)]
#[serde(tag = "type", rename = "outcome", rename_all = "kebab-case")]
struct One<'a> {
    run: u32,
    ending: Option<Ending>,
    counts: Vec<Counted>,
    sizes: &'a [u32],
    #[serde(skip_serializing_if = "Option::is_none")]
    took: Option<u64>,
}

#[derive(Serialize)]
struct Counted {
    count: Count,
    value: u64,
}

impl<'a> One<'a> {
    fn of(added: &'a Added, ending: Option<Ending>, distribution: &Distribution) -> Self {
        let counts = distribution.counts.iter().zip(&added.counts);
        let counts = counts.map(|((count, _), value)| Counted {
            count: *count,
            value: *value,
        });
        Self {
            run: added.run,
            ending,
            counts: counts.collect(),
            sizes: &added.sizes,
            took: added.took.map(|took| took.0),
        }
    }
}

/// All runs, as the last line.
#[derive(Serialize)]
#[serde(tag = "type", rename = "distribution", rename_all = "kebab-case")]
struct Whole<'a> {
    lesson: &'a str,
    runs: u32,
    unfinished: u32,
    counts: Vec<Values>,
    sequences: Vec<Sequence<'a>>,
    other_sequences: u32,
    sizes: Vec<Size>,
    #[serde(skip_serializing_if = "Option::is_none")]
    took: Option<Took>,
}

#[derive(Serialize)]
struct Values {
    count: Count,
    values: Vec<Occurrence>,
}

#[derive(Serialize)]
struct Occurrence {
    value: u64,
    runs: u32,
    example: u32,
}

#[derive(Serialize)]
struct Sequence<'a> {
    sizes: &'a [u32],
    runs: u32,
    example: u32,
}

#[derive(Serialize)]
struct Size {
    size: u32,
    calls: u64,
}

/// In nanoseconds.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Took {
    shortest: u64,
    median: u64,
    nine_of_ten: u64,
    longest: u64,
}

impl<'a> Whole<'a> {
    fn of(reference: &'a Reference, distribution: &'a Distribution, sizes: &Sizes) -> Self {
        let counts = distribution.counts.iter().map(|(count, tally)| Values {
            count: *count,
            values: tally.iter().map(occurrence).collect(),
        });
        let sequences = distribution.ranked().into_iter();
        let sequences = sequences.map(|(sizes, found)| Sequence {
            sizes,
            runs: found.runs,
            example: found.example,
        });
        let sizes = sizes.known.iter();
        let sizes = sizes.map(|(&size, &calls)| Size { size, calls });
        let took = Summary::of(&distribution.times()).map(|summary| Took {
            shortest: summary.shortest.0,
            median: summary.median.0,
            nine_of_ten: summary.nine_of_ten.0,
            longest: summary.longest.0,
        });
        Self {
            lesson: &reference.id,
            runs: distribution.runs(),
            unfinished: distribution.unfinished,
            counts: counts.collect(),
            sequences: sequences.collect(),
            other_sequences: distribution.other_sequences,
            sizes: sizes.collect(),
            took,
        }
    }
}

fn occurrence((value, found): (&u64, &Found)) -> Occurrence {
    Occurrence {
        value: *value,
        runs: found.runs,
        example: found.example,
    }
}

fn print_line(line: &impl Serialize) -> Result<()> {
    let Ok(mut text) = serde_json::to_vec(line) else {
        bail!("an outcome could not be written as JSON");
    };
    text.push(b'\n');
    output::print(&text)
}
