//! `cargo xtask soak`: a server under mixed load for minutes; fails if it grows.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::bench::document::{self, SOAK};
use crate::bench::machine::{Machine, today};
use crate::bench::{build, load_command};
use crate::process;
use crate::step::step;
use crate::workspace::Workspace;

/// Shorter ones are not written down.
const LEAST_SECONDS: u64 = 600;
/// The last tenth may have so many percent of the tenth that follows a fifth.
const MOST_PERCENT: u64 = 110;
/// More conversations of a hundred than this may not fail: the load would be
/// another one than it says.
const MOST_FAILED_PERCENT: u64 = 1;

/// How long.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Length {
    /// How many minutes
    #[arg(long, value_name = "N", default_value_t = 10, conflicts_with = "seconds",
          value_parser = clap::value_parser!(u64).range(1..=1440))]
    minutes: u64,
    /// How many seconds
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(20..=86_400))]
    seconds: Option<u64>,
}

/// Resident KiB, descriptors and threads at one time.
type Seen = [u64; 3];

/// Loads a server, shows what it did, and fails if it grew. Ten minutes or
/// more are written into BENCHMARKS.md.
pub(crate) fn run(workspace: &Workspace, length: Length) -> Result<()> {
    let seconds = length.seconds.unwrap_or(length.minutes * 60);
    build(workspace)?;
    let line = step(&format!("loading the servers for {seconds} s"), || {
        let mut command = load_command(workspace, &[]);
        process::output_shown(command.args(["soak", &seconds.to_string()]))
    })?;
    let soak = Soak::read(&line)?;
    let table = soak.table();
    println!("\n{table}");
    if seconds >= LEAST_SECONDS {
        let path = workspace.root.join("BENCHMARKS.md");
        write(&path, &soak, &table)?;
        println!("xtask: written to {}", path.display());
    }
    let faults = soak.faults();
    if !faults.is_empty() {
        bail!("{}", faults.join("; "));
    }
    println!("xtask: nothing grew");
    Ok(())
}

/// What the load generator saw.
#[derive(Debug)]
struct Soak {
    seconds: u64,
    idle: Seen,
    samples: Vec<Seen>,
    end: Seen,
    done: Vec<(String, u64)>,
}

impl Soak {
    fn read(line: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(line.trim()).context("the load said no JSON")?;
        let seen = |value: &Value| -> Option<Seen> {
            let numbers: Vec<_> = value.as_array()?.iter().filter_map(Value::as_u64).collect();
            numbers.try_into().ok()
        };
        let samples = value["samples"].as_array().context("there are samples")?;
        let done = value["done"].as_array().context("something was done")?;
        let done = done
            .iter()
            .filter_map(|pair| Some((pair[0].as_str()?.to_owned(), pair[1].as_u64()?)));
        let soak = Self {
            seconds: value["seconds"].as_u64().context("it took a while")?,
            idle: seen(&value["idle"]).context("it was idle before")?,
            samples: samples.iter().filter_map(seen).collect(),
            end: seen(&value["end"]).context("it came to an end")?,
            done: done.collect(),
        };
        ensure!(soak.samples.len() >= 10, "too few samples");
        Ok(soak)
    }

    /// The median of samples between two tenths of the time.
    fn median(&self, from: usize, to: usize) -> Seen {
        let count = self.samples.len();
        let samples = &self.samples[count * from / 10..count * to / 10];
        [0, 1, 2].map(|what| {
            let mut values: Vec<_> = samples.iter().map(|seen| seen[what]).collect();
            values.sort_unstable();
            values[values.len() / 2]
        })
    }

    fn count(&self, what: &str) -> u64 {
        let mut done = self.done.iter().filter(|(name, _)| name == what);
        done.next().map_or(0, |(_, count)| *count)
    }

    /// What is wrong, in words; empty: all is well.
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let (early, late) = (self.median(2, 3)[0], self.median(9, 10)[0]);
        if late * 100 > early * MOST_PERCENT {
            faults.push(format!(
                "it grew from {early} to {late} KiB between the third tenth and the last"
            ));
        }
        for (index, what) in [(1, "descriptors"), (2, "threads")] {
            let (idle, end) = (self.idle[index], self.end[index]);
            if end > idle {
                faults.push(format!(
                    "{end} {what} are left at the end, {idle} when idle before"
                ));
            }
        }
        for (what, count) in &self.done {
            if *count == 0 && what != "failed" {
                faults.push(format!("no load: {what}"));
            }
        }
        let all: u64 = self.done.iter().map(|(_, count)| count).sum();
        let failed = self.count("failed");
        if failed * 100 > all * MOST_FAILED_PERCENT {
            faults.push(format!("{failed} of {all} conversations failed"));
        }
        faults
    }

    fn table(&self) -> String {
        let row = |title: &str, seen: Seen| {
            format!(
                "| {title} | {} KiB | {} | {} |\n",
                seen[0], seen[1], seen[2]
            )
        };
        let mut text = "| | resident | descriptors | threads |\n|---|---|---|---|\n".to_owned();
        text += &row("idle, before", self.idle);
        text += &row("under load, third tenth (median)", self.median(2, 3));
        text += &row("under load, middle (median)", self.median(5, 6));
        text += &row("under load, last tenth (median)", self.median(9, 10));
        text + &row("idle, at the end", self.end)
    }
}

fn write(path: &Path, soak: &Soak, table: &str) -> Result<()> {
    let done = soak
        .done
        .iter()
        .map(|(what, count)| format!("{count} {what}"));
    let done: Vec<_> = done.collect();
    let faults = soak.faults();
    let verdict = if faults.is_empty() {
        "Nothing grew.".to_owned()
    } else {
        format!("**Failed**: {}.", faults.join("; "))
    };
    let text = format!(
        "{SOAK}\n\n`cargo xtask soak` on {}, {} s, {}.\n{verdict}\n\n\
         One `stickylab serve` under mixed load: {}.\n\n{table}\n\
         It fails if the median of resident memory in the last tenth of the time is more than\n\
         {MOST_PERCENT} % of that in the third tenth, if it has more descriptors or threads at the end than\n\
         when it was idle before, or if more than {MOST_FAILED_PERCENT} % of the conversations failed.\n",
        today(),
        soak.seconds,
        Machine::look().line(),
        done.join(", "),
    );
    document::write_soak(path, &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(samples: &str, end: &str, failed: u64, expected: &[&str]) {
        let line = format!(
            r#"{{"seconds":10,"idle":[1000,10,3],"samples":[{samples}],"end":[{end}],
                "done":[["sessions",100],["failed",{failed}]]}}"#
        );
        assert_eq!(Soak::read(&line).unwrap().faults(), expected);
    }

    fn rising(step: u64) -> String {
        let samples = (0..20).map(|n| format!("[{},50,5]", 1000 + n * step));
        samples.collect::<Vec<_>>().join(",")
    }

    #[test]
    fn growth_and_what_is_left_behind_are_faults() {
        check(&rising(0), "1000,10,3", 0, &[]);
        check(&rising(5), "1000,9,3", 1, &[]);
        check(
            &rising(20),
            "1000,10,3",
            0,
            &["it grew from 1100 to 1380 KiB between the third tenth and the last"],
        );
        check(
            &rising(0),
            "1000,11,4",
            0,
            &[
                "11 descriptors are left at the end, 10 when idle before",
                "4 threads are left at the end, 3 when idle before",
            ],
        );
        check(
            &rising(0),
            "1000,10,3",
            50,
            &["50 of 150 conversations failed"],
        );
    }

    #[test]
    fn what_is_no_soak_is_an_error() {
        for line in [
            "",
            "{}",
            "panicked",
            r#"{"seconds":1,"idle":[1,2,3],"samples":[],"end":[1,2,3],"done":[]}"#,
        ] {
            assert!(Soak::read(line).is_err(), "{line}");
        }
    }
}
