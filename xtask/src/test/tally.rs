//! Counts the tests that cargo runs, from what they print, while it is printed.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

/// How many tests passed and failed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) passed: usize,
    /// A run that fails without naming a failed test (it did not compile, it
    /// crashed) counts as one failure.
    pub(super) failed: usize,
    failures: Vec<String>,
    /// How many tests were ignored for each reason; those of one are
    /// `#[ignore = "reason"]`.
    ignored: BTreeMap<String, usize>,
}

impl Tally {
    /// A stage that could not even start.
    pub(super) fn broken() -> Self {
        let mut tally = Self::default();
        tally.broke();
        tally
    }

    /// Counts a failure that no test reported.
    pub(super) fn broke(&mut self) {
        self.failed += 1;
        self.failures.push("(the run itself)".to_owned());
    }

    pub(super) fn ran(&self) -> usize {
        self.passed + self.failed
    }

    pub(super) fn failures(&self) -> &[String] {
        &self.failures
    }

    /// How many tests were ignored.
    pub(super) fn ignored(&self) -> usize {
        self.ignored.values().sum()
    }

    /// The reasons why tests were ignored, and how many for each.
    pub(super) fn ignored_by_reason(&self) -> impl Iterator<Item = (&str, usize)> {
        let reasons = self.ignored.iter();
        reasons.map(|(reason, count)| (reason.as_str(), *count))
    }

    /// Runs a test command, passes its output on as it comes, and counts.
    pub(super) fn run(&mut self, command: &mut Command) -> Result<()> {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start cargo")?;
        let failed_before = self.failed;
        let mut stdout = child.stdout.take().context("the output is piped")?;
        let (mut chunk, mut line) = ([0; 8192], Vec::new());
        loop {
            let read = match stdout.read(&mut chunk) {
                Ok(0) => break,
                Ok(read) => &chunk[..read],
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            let mut out = std::io::stdout().lock();
            out.write_all(read)?;
            out.flush()?;
            for &byte in read {
                if byte == b'\n' {
                    self.line(&String::from_utf8_lossy(&line));
                    line.clear();
                } else {
                    line.push(byte);
                }
            }
        }
        self.line(&String::from_utf8_lossy(&line));
        if !child.wait()?.success() && self.failed == failed_before {
            self.broke();
        }
        Ok(())
    }

    /// Takes one line of a test harness's output: `test <name> ... FAILED`
    /// names a failure, `test <name> ... ignored, <reason>` a reason, and
    /// `test result: …` counts the rest.
    fn line(&mut self, line: &str) {
        let Some(rest) = line.trim().strip_prefix("test ") else {
            return;
        };
        let Some(result) = rest.strip_prefix("result: ") else {
            let name = rest
                .strip_suffix(" ... FAILED")
                .or_else(|| rest.strip_suffix(" ... FAIL"));
            self.failures.extend(name.map(str::to_owned));
            if let Some((_, reason)) = rest.split_once(" ... ignored") {
                let reason = reason.strip_prefix(", ").unwrap_or("no reason given");
                *self.ignored.entry(reason.to_owned()).or_default() += 1;
            }
            return;
        };
        for part in result.split(['.', ';']) {
            match part.trim().split_once(' ') {
                Some((count, "passed")) => self.passed += count.parse().unwrap_or(0),
                Some((count, "failed")) => self.failed += count.parse().unwrap_or(0),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        output: &str,
        passed: usize,
        failures: &[&str],
        failed: usize,
        ignored: &[(&str, usize)],
    ) {
        let mut tally = Tally::default();
        output.lines().for_each(|line| tally.line(line));
        let ignored = ignored.iter();
        let expected = Tally {
            passed,
            failed,
            failures: failures.iter().map(|&name| name.to_owned()).collect(),
            ignored: ignored
                .map(|&(reason, count)| (reason.to_owned(), count))
                .collect(),
        };
        assert_eq!(tally, expected, "{output}");
    }

    #[test]
    fn a_native_harness_is_counted() {
        check(
            "running 5 tests\n\
             test a::works ... ok\n\
             test a::breaks ... FAILED\n\
             test a::later ... ignored\n\
             test a::sniffs ... ignored, needs CAP_NET_RAW\n\
             test a::forges ... ignored, needs CAP_NET_RAW\n\
             test result: FAILED. 1 passed; 1 failed; 3 ignored; 0 measured; 2 filtered out; finished in 0.01s",
            1,
            &["a::breaks"],
            1,
            &[("needs CAP_NET_RAW", 2), ("no reason given", 1)],
        );
    }

    #[test]
    fn several_harnesses_add_up() {
        check(
            "test a ... ignored, needs CAP_NET_RAW\n\
             test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
             test b ... ignored, needs CAP_NET_RAW\n\
             test result: ok. 30 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 1.25s",
            42,
            &[],
            0,
            &[("needs CAP_NET_RAW", 2)],
        );
    }

    #[test]
    fn the_wasm_harness_is_counted() {
        check(
            "test wasm::works ... ok\n\
             test wasm::breaks ... FAIL\n\
             test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 filtered out; finished in 0.01s",
            1,
            &["wasm::breaks"],
            1,
            &[],
        );
    }

    #[test]
    fn other_lines_count_nothing() {
        check(
            "5 passed; 3 failed\nresult: ok. 5 passed\ntesting\ntest",
            0,
            &[],
            0,
            &[],
        );
    }
}
