//! `cargo xtask fuzz`: runs each fuzz target for a while and sums up. The
//! fuzzer and the nightly toolchain are needed for this alone: the
//! corpus it has found is part of the ordinary tests.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::step::{seconds, step};
use crate::workspace::Workspace;

/// Versions known to work together with the flags below.
const CARGO_FUZZ: &str = "0.13.2";
const TOOLCHAIN: &str = "nightly";
/// Most memory a target may take, in MiB.
const MEMORY: u32 = 2048;
/// Longest an input may take, in seconds.
const PATIENCE: u32 = 20;
/// Longest input, in bytes.
const INPUT: u32 = 16 * 1024;

/// Longest input kept in the repository, in bytes.
const KEPT: u32 = 1024;

/// How a target went.
struct Outcome {
    target: String,
    /// Inputs tried, and how many a second.
    executions: u64,
    rate: u64,
    /// Edges of the code reached, and libFuzzer's finer count of what was seen.
    coverage: u64,
    features: u64,
    /// Inputs that each reach something of their own.
    corpus: u64,
    /// What made it panic, run too long or take too much.
    crash: Option<PathBuf>,
}

/// Runs `only`, or every target, for `time` each; what is found worth keeping
/// stays in `target/fuzz/corpus`, or goes into the repository's corpus, at its
/// smallest, with `keep`.
pub(crate) fn run(
    workspace: &Workspace,
    time: Duration,
    only: &[String],
    keep: bool,
) -> Result<ExitCode> {
    let fuzzer = Fuzzer::new(workspace)?;
    let targets = fuzzer.targets(only)?;
    fuzzer.build()?;
    let mut outcomes = Vec::new();
    for target in targets {
        let what = format!("fuzzing {target} for {}", seconds(time));
        let outcome = step(&what, || fuzzer.run(&target, time))?;
        if keep && outcome.crash.is_none() {
            step("making its corpus small", || fuzzer.minimise(&target))?;
        }
        outcomes.push(outcome);
    }
    Ok(fuzzer.sum_up(&outcomes))
}

struct Fuzzer<'a> {
    workspace: &'a Workspace,
    /// The folder with the `cargo-fuzz` program, in front of PATH.
    tools: PathBuf,
    /// The fuzz targets' own workspace.
    package: PathBuf,
    /// Where it builds to, and keeps what it finds.
    target: PathBuf,
}

impl<'a> Fuzzer<'a> {
    /// Finds the nightly toolchain, installs cargo-fuzz where it is missing.
    fn new(workspace: &'a Workspace) -> Result<Self> {
        let fuzzer = Self {
            workspace,
            tools: workspace.target.join("tools"),
            package: workspace.root.join("fuzz"),
            target: workspace.target.join("fuzz"),
        };
        if !process::succeeds(fuzzer.nightly().arg("--version")) {
            bail!(
                "the fuzzer needs the nightly toolchain, and there is none: \
                 `rustup toolchain install {TOOLCHAIN} --profile minimal` installs it"
            );
        }
        if !process::succeeds(fuzzer.cargo_fuzz().arg("--version")) {
            step("installing cargo-fuzz into target/tools", || {
                let mut install = workspace.cargo();
                install.args(["install", "--locked", "--root"]);
                install.arg(&fuzzer.tools).arg("--version").arg(CARGO_FUZZ);
                process::run(install.arg("cargo-fuzz"))
            })?;
        }
        Ok(fuzzer)
    }

    /// A cargo command of the nightly toolchain. It is rustup's `cargo` that
    /// understands `+nightly`, and only where no other toolchain is forced.
    fn nightly(&self) -> Command {
        let program = process::find(&["cargo"]).unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(program);
        command.current_dir(&self.workspace.root);
        for (name, _) in self.workspace.cargo().get_envs() {
            command.env_remove(name);
        }
        for name in [
            "CARGO",
            "RUSTC",
            "RUSTDOC",
            "RUSTUP_TOOLCHAIN",
            "RUST_RECURSION_COUNT",
        ] {
            command.env_remove(name);
        }
        // Where there is no nightly, rustup is not to fetch one unasked.
        command.env("RUSTUP_AUTO_INSTALL", "0");
        command.arg(format!("+{TOOLCHAIN}"));
        command
    }

    /// `cargo fuzz`, found in our own folder first.
    fn cargo_fuzz(&self) -> Command {
        let mut command = self.nightly();
        let bin = self.tools.join("bin");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(bin).chain(std::env::split_paths(&path));
        if let Ok(path) = std::env::join_paths(path) {
            command.env("PATH", path);
        }
        command.arg("fuzz");
        command
    }

    /// `cargo fuzz COMMAND` for our package. No sanitizer: the code that is
    /// fuzzed has no `unsafe` to watch over, and is several times as fast.
    fn command(&self, name: &str) -> Command {
        let mut command = self.cargo_fuzz();
        command.arg(name).args(["--sanitizer=none", "--fuzz-dir"]);
        command
            .arg(&self.package)
            .arg("--target-dir")
            .arg(&self.target);
        command
    }

    /// The targets named, or all.
    fn targets(&self, only: &[String]) -> Result<Vec<String>> {
        let mut list = self.cargo_fuzz();
        list.args(["list", "--fuzz-dir"]).arg(&self.package);
        let listed = process::output(&mut list)?;
        let all: Vec<String> = listed.lines().map(str::to_owned).collect();
        if let Some(unknown) = only.iter().find(|name| !all.contains(name)) {
            bail!(
                "no fuzz target is called {unknown}: there are {}",
                all.join(", ")
            );
        }
        Ok(if only.is_empty() { all } else { only.to_vec() })
    }

    fn build(&self) -> Result<()> {
        step("building the fuzz targets", || {
            process::run(&mut self.command("build"))
        })
    }

    /// The inputs in the repository.
    fn seeds(&self, target: &str) -> PathBuf {
        self.package.join("corpus").join(target)
    }

    /// A folder below the target folder, made if it is missing.
    fn folder(&self, kind: &str, target: &str) -> Result<PathBuf> {
        let folder = self.target.join(kind).join(target);
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        Ok(folder)
    }

    fn run(&self, target: &str, time: Duration) -> Result<Outcome> {
        let found = self.folder("corpus", target)?;
        let artifacts = self.folder("artifacts", target)?;
        let before = entries(&artifacts)?;
        let log = self.target.join(format!("{target}.log"));
        let file = || fs::File::create(&log);
        let file = file().with_context(|| format!("cannot write {}", log.display()))?;
        let mut run = self.command("run");
        run.arg(target)
            .arg(&found)
            .arg(self.seeds(target))
            .arg("--");
        run.arg(format!("-max_total_time={}", time.as_secs().max(1)));
        run.arg(format!("-rss_limit_mb={MEMORY}"));
        run.arg(format!("-timeout={PATIENCE}"));
        run.arg(format!("-max_len={INPUT}"));
        run.arg(format!("-artifact_prefix={}/", artifacts.display()));
        run.args(["-print_final_stats=1", "-verbosity=1"]);
        run.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file);
        let status = run.status().context("cannot start cargo fuzz")?;
        let text = fs::read(&log).with_context(|| format!("cannot read {}", log.display()))?;
        let mut outcome = read(target, &String::from_utf8_lossy(&text));
        outcome.crash = entries(&artifacts)?
            .into_iter()
            .find(|path| !before.contains(path));
        if !status.success() && outcome.crash.is_none() {
            bail!("the fuzzer ended with {status}: see {}", log.display());
        }
        Ok(outcome)
    }

    /// The repository's corpus becomes the smallest that reaches as much as
    /// all that is known.
    fn minimise(&self, target: &str) -> Result<()> {
        let found = self.folder("corpus", target)?;
        let seeds = self.seeds(target);
        let minimal = self.folder("minimal", target)?;
        for path in entries(&minimal)? {
            fs::remove_file(path)?;
        }
        // As `cargo fuzz cmin` does, from two folders, and with one input for
        // each edge of the code, however often it was passed.
        let mut merge = self.command("run");
        merge.arg(target).arg(&minimal).arg(&seeds).arg(&found);
        merge.args(["--", "-set_cover_merge=1", "-use_counters=0"]);
        merge.arg(format!("-max_len={KEPT}"));
        process::output(&mut merge)?;
        // Those with a name were put there by hand.
        for path in entries(&seeds)? {
            if path.file_name().is_some_and(is_digest) {
                fs::remove_file(path)?;
            }
        }
        for path in entries(&minimal)? {
            let name = path.file_name().context("a file has a name")?;
            fs::copy(&path, seeds.join(name))?;
        }
        Ok(())
    }

    /// Prints the table, and how to see each crash again.
    fn sum_up(&self, outcomes: &[Outcome]) -> ExitCode {
        println!();
        println!(
            "{:<12} {:<7} {:>12} {:>8} {:>9} {:>9} {:>7}",
            "target", "result", "executions", "a second", "coverage", "features", "corpus"
        );
        for outcome in outcomes {
            println!(
                "{:<12} {:<7} {:>12} {:>8} {:>9} {:>9} {:>7}",
                outcome.target,
                if outcome.crash.is_none() {
                    "ok"
                } else {
                    "CRASHED"
                },
                outcome.executions,
                outcome.rate,
                outcome.coverage,
                outcome.features,
                outcome.corpus,
            );
        }
        let crashes = outcomes.iter().filter_map(|outcome| {
            let crash = outcome.crash.as_ref()?;
            Some((&outcome.target, crash))
        });
        let mut code = ExitCode::SUCCESS;
        for (target, crash) in crashes {
            code = ExitCode::FAILURE;
            let log = self.target.join(format!("{target}.log"));
            println!();
            println!(
                "{target}: {} does it; what it said is in {}",
                crash.display(),
                log.display()
            );
            println!(
                "see it again:   cargo +{TOOLCHAIN} fuzz run --sanitizer=none {target} {}",
                crash.display()
            );
            println!(
                "make it small:  cargo +{TOOLCHAIN} fuzz tmin --sanitizer=none {target} {}",
                crash.display()
            );
            println!(
                "once it is mended, keep it: copy it into {}",
                self.seeds(target).display()
            );
        }
        code
    }
}

/// Whether the fuzzer named a file: by the SHA-1 of what is in it.
fn is_digest(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.len() == 40 && name.iter().all(u8::is_ascii_hexdigit)
}

/// The files in a folder, sorted.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

/// What libFuzzer says: lines such as `#512 NEW cov: 70 ft: 81 corp: 9/55b …`,
/// and at the end `stat::number_of_executed_units: 512`.
fn read(target: &str, log: &str) -> Outcome {
    let number = |text: &str| {
        let digits = text.trim_start().split(|c: char| !c.is_ascii_digit());
        digits.take(1).find_map(|digits| digits.parse().ok())
    };
    let last = |field: &str| {
        let mut lines = log.lines().rev();
        let found = lines.find_map(|line| number(line.split_once(field)?.1));
        found.unwrap_or(0)
    };
    Outcome {
        target: target.to_owned(),
        executions: last("stat::number_of_executed_units:"),
        rate: last("stat::average_exec_per_sec:"),
        coverage: last(" cov: "),
        features: last(" ft: "),
        corpus: last(" corp: "),
        crash: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fuzzers_figures_are_read_from_its_log() {
        let log = "INFO: seed corpus: files: 3
#4\tINITED cov: 70 ft: 80 corp: 3/9b exec/s: 0 rss: 30Mb
#512\tNEW    cov: 71 ft: 81 corp: 4/55b lim: 4 exec/s: 0 rss: 31Mb L: 2/4 MS: 1 CopyPart-
#900\tDONE   cov: 72 ft: 83 corp: 5/57b lim: 4 exec/s: 450 rss: 31Mb
Done 900 runs in 2 second(s)
stat::number_of_executed_units: 900
stat::average_exec_per_sec:     450
";
        let outcome = read("decoder", log);
        assert_eq!((outcome.executions, outcome.rate), (900, 450));
        assert_eq!((outcome.coverage, outcome.features), (72, 83));
        assert_eq!(outcome.corpus, 5);
        let nothing = read("decoder", "error: it never began");
        assert_eq!((nothing.executions, nothing.coverage), (0, 0));
    }
}
