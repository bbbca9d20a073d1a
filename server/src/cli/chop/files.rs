//! What is kept of a program that broke: traces, and a command that runs it so once more.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use ::chop::Observation;
use anyhow::{Context as _, Result, ensure};
use record::End;
use stickylab::chop::{Finding, Judgement, Tested, Untested, script};
use stickylab::terminal::{Again, Screen, chop_name};
use trace::{Setup, Trace};

use super::super::output;
use super::Chop;
use super::note::note;

/// Whether files can be written into a folder, which is made if it is not there.
pub(super) fn check(folder: &Path) -> Result<()> {
    let name = folder.display();
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {name}"))?;
    let found = fs::metadata(folder).with_context(|| format!("cannot read {name}"))?;
    ensure!(
        found.is_dir(),
        "{name} is no folder: name one with --output"
    );
    Ok(())
}

impl Chop {
    /// Writes what belongs to each finding.
    pub(super) fn keep(
        &self,
        judgement: &Judgement,
        setup: &Setup,
        (tested, screen): (&Tested, Screen),
    ) -> Result<Vec<Again>> {
        let mut all = Vec::new();
        let mut as_is = Vec::new();
        let mut input = None;
        let mut names = HashSet::new();
        for finding in &judgement.findings {
            if as_is.is_empty() {
                let trace = Trace::of_record(judgement.as_is.record.clone(), setup.clone());
                as_is.push(self.write("chop-as-is.jsonl", &output::lines(&trace))?);
                if !tested.input.is_empty() {
                    input = Some(self.write("chop-input", &tested.input)?);
                }
            }
            let mut name = chop_name(&finding.schedule);
            // The names of long schedules may begin alike.
            if !names.insert(name.clone()) {
                name = format!("{name}-{}", names.len() + 1);
                names.insert(name.clone());
            }
            let command = self.again(&finding.schedule.to_string(), setup, input.as_deref());
            let mut record = finding.broken.record.clone();
            record.head.note = note(finding, setup.opener_framing.as_ref(), &command, screen);
            record.head.note_language = Some(screen.language().tag().to_owned());
            let trace = Trace::of_record(record, setup.clone());
            let broken = self.write(&format!("{name}.jsonl"), &output::lines(&trace))?;
            let decoder = decoder(judgement, finding, setup, [&as_is[0], &broken]);
            all.push(Again {
                command,
                files: [as_is.clone(), vec![broken]].concat(),
                test: Some(self.test(&name, script(tested, judgement, finding))?),
                decoder,
            });
        }
        Ok(all)
    }

    /// Writes a test. Which file, or why there is none.
    fn test(
        &self,
        name: &str,
        script: Result<String, Untested>,
    ) -> Result<Result<String, Untested>> {
        match script {
            Ok(text) => Ok(Ok(self.write(&format!("{name}.py"), text.as_bytes())?)),
            Err(why) => Ok(Err(why)),
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<String> {
        let path = self.output.join(name);
        let shown = path.display().to_string();
        fs::write(&path, bytes).with_context(|| format!("cannot write {shown}"))?;
        Ok(shown.strip_prefix("./").unwrap_or(&shown).to_owned())
    }

    /// The command that runs a schedule once more, for a shell, where the program reads `input`.
    /// Flags that say what is tried and how long make no difference to one schedule.
    fn again(&self, schedule: &str, setup: &Setup, input: Option<&str>) -> String {
        let mut words = vec!["stickylab".to_owned(), "chop".to_owned()];
        let mut flag = |name: &str, value: &str| {
            if value.starts_with('-') {
                words.push(format!("{name}={}", quoted(value)));
            } else {
                words.extend([name.to_owned(), quoted(value)]);
            }
        };
        flag("--schedule", schedule);
        if self.output != Path::new(".") {
            flag("--output", &self.output.to_string_lossy());
        }
        if let Some(peer) = &self.peer {
            flag("--peer", peer);
        }
        if let Some(replay) = &self.replay {
            flag("--replay", &replay.to_string_lossy());
        }
        let [opener, acceptor] = [&setup.opener_framing, &setup.acceptor_framing];
        let both = opener.as_ref().filter(|_| opener == acceptor);
        for (name, framing) in [
            ("--framing", both),
            (
                "--opener-framing",
                opener.as_ref().filter(|_| both.is_none()),
            ),
            (
                "--acceptor-framing",
                acceptor.as_ref().filter(|_| both.is_none()),
            ),
        ] {
            if let Some(framing) = framing {
                flag(name, &trace::framing::write(framing));
            }
        }
        for mask in &self.mask {
            flag("--mask", mask);
        }
        words.push("--".to_owned());
        let command = self.command.iter();
        words.extend(command.map(|word| quoted(&word.to_string_lossy())));
        words.extend(input.map(|input| format!("< {}", quoted(input))));
        words.join(" ")
    }
}

/// The command that prints a test of a decoder, of what was received where the program broke;
/// none without a framing. The trace is that of the broken run, unless the program received
/// less in it than it does as is.
fn decoder(
    judgement: &Judgement,
    finding: &Finding,
    setup: &Setup,
    [as_is, broken]: [&str; 2],
) -> Option<String> {
    let place = finding.call.as_ref()?.place;
    let (framing, sender) = match place.end {
        End::Opener => (setup.acceptor_framing.as_ref()?, "acceptor"),
        End::Acceptor => (setup.opener_framing.as_ref()?, "opener"),
    };
    let received = |run: &Observation| {
        let mut connections = run.connections.iter();
        let found = connections.find(|one| one.place == place);
        found.map_or(0, |one| one.received.len())
    };
    let is_whole = received(&finding.broken.observation) >= received(judgement.baseline.first());
    Some(format!(
        "stickylab decoder --framing {} --test-from {} --connection {} --direction {sender} \
         --language python",
        quoted(&trace::framing::write(framing)),
        quoted(if is_whole { broken } else { as_is }),
        place.connection,
    ))
}

/// A word as a shell takes it.
pub(super) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_would_read_them_otherwise() {
        assert_eq!(quoted("server.py"), "server.py");
        assert_eq!(quoted("c1:1+s:max1"), "c1:1+s:max1");
        assert_eq!(quoted("python3 a.py"), "'python3 a.py'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
