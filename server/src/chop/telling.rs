//! What was found out, as sentences: keys of `server/text` and values.

mod mistake;

use std::collections::BTreeSet;
use std::time::Duration;

use chop::{
    Change, Closing, Difference, Error, Exit, Failure, Family, Observation, Offsets, Place,
    Selector, Way, Which,
};
use protocol::Framing;
use trace::text::Sentence;

use super::finding::{Finding, ShortCall};
use super::judgement::{Fate, Judgement, Verdict};
use super::run::Ran;
use super::script::Untested;
pub use mistake::{mend, why};

/// The name of a family.
pub fn family(family: Family) -> Sentence {
    Sentence::new(match family {
        Family::Borders => "chop.family.frame-borders",
        Family::Headers => "chop.family.headers",
        Family::Delimiters => "chop.family.delimiters",
        Family::Characters => "chop.family.characters",
        Family::OneByte => "chop.family.one-byte",
        Family::Glued => "chop.family.glued",
        Family::ShortSends => "chop.family.short-sends",
        Family::WouldBlock => "chop.family.eagain",
        Family::Interrupted => "chop.family.eintr",
        Family::SingleCuts => "chop.family.single-cuts",
        Family::Random => "chop.family.random",
    })
}

/// What the program does as is.
pub fn baseline(ran: &Ran, masked: usize) -> Vec<Sentence> {
    let connections = &ran.observation.connections;
    let bytes = |list: fn(&chop::Connected) -> &Vec<u8>| -> usize {
        connections.iter().map(|one| list(one).len()).sum()
    };
    let numbers: BTreeSet<u32> = connections.iter().map(|one| one.place.connection).collect();
    vec![
        Sentence::new("chop.connections").with("n", numbers.len()),
        Sentence::new("chop.bytes")
            .with("received", bytes(|one| &one.received))
            .with("sent", bytes(|one| &one.sent)),
        exit(ran.observation.exit),
        if masked == 0 {
            Sentence::new("chop.same")
        } else {
            Sentence::new("chop.masked").with("n", masked)
        },
    ]
}

/// Connections on which something is received, and no frame of the framing that was said.
pub fn unfitting(observation: &Observation, framing: impl Fn(Place) -> Framing) -> Vec<u32> {
    let connections = observation.connections.iter();
    let unfitting = connections.filter(|one| {
        let framing = framing(one.place);
        !one.received.is_empty()
            && framing != Framing::None
            && chop::marks(&one.received, &framing).frames.is_empty()
    });
    let mut numbers: Vec<_> = unfitting.map(|one| one.place.connection).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

fn exit(exit: Exit) -> Sentence {
    match exit {
        Exit::Code(code) => Sentence::new("chop.exit-code").with("code", code.to_string()),
        Exit::Signal(2) => Sentence::new("chop.exit-interrupted"),
        Exit::Signal(signal) => Sentence::new("chop.exit-signal").with("signal", name_of(signal)),
        Exit::Killed => Sentence::new("chop.exit-killed"),
        Exit::Running => Sentence::new("chop.exit-running"),
    }
}

/// The name of a signal (signal(7)).
fn name_of(signal: i32) -> String {
    let name = match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        _ => return signal.to_string(),
    };
    name.to_owned()
}

/// How few changes break it, and which call is changed.
pub fn broke(finding: &Finding) -> [Sentence; 2] {
    let first = finding.schedule.rules.first();
    let key = match first.map(|rule| &rule.change) {
        Some(Change::Cuts(_)) if finding.changes == 1 => "chop.one-cut",
        Some(Change::Cuts(_) | Change::AtMost(_)) if finding.is_fewest => "chop.cuts",
        Some(Change::Cuts(_) | Change::AtMost(_)) => "chop.cuts-known",
        _ => "chop.one-change",
    };
    let few = Sentence::new(key).with("n", finding.changes);
    let which = match (&finding.call, first, finding.schedule.failures.first()) {
        (Some(call), ..) => short(call),
        (None, Some(rule), _) => change(rule.selector, &rule.change),
        (None, None, Some(failed)) => failure(failed),
        (None, None, None) => Sentence::new("chop.nothing-changed"),
    };
    [few, which]
}

fn short(call: &ShortCall) -> Sentence {
    let is_short = (call.bytes.len() as u64) < call.asked && call.asked <= 4_096;
    let key = match call.way {
        Way::Send => "chop.send-short",
        Way::Recv if call.header.is_some() => "chop.recv-header",
        Way::Recv if call.is_in_character => "chop.recv-character",
        Way::Recv if call.is_in_delimiter => "chop.recv-delimiter",
        Way::Recv if call.is_between_frames => "chop.recv-border",
        Way::Recv if is_short => "chop.recv-short",
        Way::Recv => "chop.recv-end",
    };
    let [came, header] = call.header.unwrap_or_default();
    Sentence::new(key)
        .with("number", call.number)
        .with("connection", call.place.connection as usize)
        .with("came", came)
        .with("header", header)
        .with("got", call.bytes.len())
        .with("asked", call.asked)
        .with("end", call.end)
}

/// A change that no short call stands for.
fn change(selector: Selector, change: &Change) -> Sentence {
    let at = |offsets: &Offsets| match offsets {
        Offsets::Every => None,
        Offsets::These(these) => these.first().copied(),
    };
    let (key, offset) = match (change, selector.way) {
        (Change::Glue, _) => ("chop.glued", None),
        (Change::Cuts(_), Way::Recv) => ("chop.recv-cut", None),
        (Change::AtMost(_), Way::Recv) => ("chop.recv-small", None),
        (Change::Cuts(_) | Change::AtMost(_), Way::Send) => ("chop.send-small", None),
        (Change::WouldBlock(offsets), Way::Recv) => ("chop.recv-eagain", at(offsets)),
        (Change::WouldBlock(offsets), Way::Send) => ("chop.send-eagain", at(offsets)),
        (Change::Interrupt(offsets), Way::Recv) => ("chop.recv-eintr", at(offsets)),
        (Change::Interrupt(offsets), Way::Send) => ("chop.send-eintr", at(offsets)),
    };
    Sentence::new(key)
        .with("connection", selector.connection.unwrap_or(1) as usize)
        .with("offset", offset.unwrap_or(0))
}

/// Which call that moves no bytes failed, and with what.
fn failure(failure: &Failure) -> Sentence {
    let number = match &failure.which {
        Which::Every => None,
        Which::These(numbers) => numbers.first(),
    };
    let key = match (failure.error, number) {
        (Error::WouldBlock, Some(_)) => "chop.call-eagain",
        (Error::WouldBlock, None) => "chop.calls-eagain",
        (Error::Interrupted, Some(_)) => "chop.call-eintr",
        (Error::Interrupted, None) => "chop.calls-eintr",
    };
    Sentence::new(key)
        .with("call", failure.call.function())
        .with("number", number.copied().unwrap_or(0))
}

/// In what it differs, one sentence a difference.
pub fn differences(finding: &Finding) -> Vec<Sentence> {
    finding.differences.iter().map(difference).collect()
}

fn difference(difference: &Difference) -> Sentence {
    let lines = |key: [&'static str; 3], expected: &Option<String>, found: &Option<String>| {
        let key = match (expected, found) {
            (Some(_), Some(_)) => key[0],
            (Some(_), None) => key[1],
            (None, _) => key[2],
        };
        Sentence::new(key)
            .with("expected", short_text(expected.as_deref()))
            .with("found", short_text(found.as_deref()))
    };
    match difference {
        Difference::Spins => Sentence::new("chop.spins"),
        Difference::Crash(signal) => Sentence::new("chop.crash").with("signal", name_of(*signal)),
        Difference::Hangs => Sentence::new("chop.hangs"),
        Difference::Connections([expected, found]) => Sentence::new("chop.other-connections")
            .with("expected", *expected)
            .with("found", *found),
        Difference::Sent {
            place,
            expected,
            found,
        } => {
            let key = if found.len() == expected.len() {
                "chop.sent-other"
            } else {
                "chop.sent-bytes"
            };
            Sentence::new(key)
                .with("connection", place.connection as usize)
                .with("found", found.len())
                .with("expected", expected.len())
        }
        Difference::Closing {
            place,
            expected,
            found,
        } => {
            let key = match (expected, found) {
                (_, Closing::Failed(_)) => "chop.closing-failed",
                (_, Closing::Open) => "chop.closing-open",
                (Closing::Failed(_), _) => "chop.closing-without",
                (_, Closing::Closed) => "chop.closing-closed",
            };
            let error = match (expected, found) {
                (_, Closing::Failed(error)) | (Closing::Failed(error), _) => error.clone(),
                _ => String::new(),
            };
            Sentence::new(key)
                .with("connection", place.connection as usize)
                .with("error", error)
        }
        Difference::Output {
            expected,
            found,
            is_order: _,
        } => lines(
            ["chop.output", "chop.output-less", "chop.output-more"],
            expected,
            found,
        ),
        Difference::Errors {
            expected,
            found,
            is_order: _,
        } => lines(
            ["chop.errors", "chop.errors-less", "chop.errors-more"],
            expected,
            found,
        ),
        Difference::Exit([_, found]) => Sentence::new("chop.exits").with("how", exit(*found)),
    }
}

/// The last line that it wrote to standard error and that it does not write as is.
pub fn last_error(finding: &Finding) -> Option<String> {
    let is_new = finding
        .differences
        .iter()
        .any(|difference| matches!(difference, Difference::Errors { .. }));
    let errors = &finding.broken.observation.errors;
    let errors = String::from_utf8_lossy(errors);
    let mut lines = errors
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    lines
        .next_back()
        .filter(|_| is_new)
        .map(|line| short_text(Some(line)))
}

/// A line, the end of a long one left out.
fn short_text(line: Option<&str>) -> String {
    const MOST: usize = 100;
    let line = line.unwrap_or_default();
    let mut text: String = line.chars().take(MOST).collect();
    if text.len() < line.len() {
        text.push('…');
    }
    text
}

/// How many schedules were survived, or tried before it broke.
pub fn total(judgement: &Judgement) -> Sentence {
    let key = if judgement.findings.is_empty() {
        "chop.survived"
    } else {
        "chop.tried"
    };
    Sentence::new(key)
        .with("n", judgement.schedules)
        .with("rate", rate(judgement.schedules, judgement.took))
}

/// What the code is for with which it ends, where that is not plain.
pub fn verdict(judgement: &Judgement) -> Option<Sentence> {
    let is_peer = judgement.verdict() == Verdict::PeerBroke;
    is_peer.then(|| Sentence::new("chop.exit-peer"))
}

/// How many schedules a second these are.
pub fn rate(schedules: usize, took: Duration) -> String {
    let tenths = schedules as u128 * 10_000 / took.as_millis().max(1);
    if tenths < 100 {
        format!("{}.{}", tenths / 10, tenths % 10)
    } else {
        (tenths / 10).to_string()
    }
}

/// Why there is no test of a finding.
pub fn untested(why: Untested) -> Sentence {
    Sentence::new(match why {
        Untested::Kernel => "chop.untested-kernel",
        Untested::Inside => "chop.untested-inside",
        Untested::Errors => "chop.untested-errors",
        Untested::Long => "chop.untested-long",
    })
}

/// What is missing or different in a finding, in one sentence: of what is sent, how many sends
/// are missing.
pub fn missing(judgement: &Judgement, finding: &Finding) -> Option<Sentence> {
    let sends = |ran: &chop::Observation, place: Place| {
        let mut connections = ran.connections.iter();
        let found = connections.find(|one| one.place == place);
        found.map_or(0, |one| one.sent_ends.len())
    };
    let counted = finding.differences.iter().find_map(|difference| {
        let Difference::Sent {
            place,
            expected,
            found,
        } = difference
        else {
            return None;
        };
        let all = sends(judgement.baseline.first(), *place);
        let came = sends(&finding.broken.observation, *place);
        (came < all && found.len() < expected.len()).then(|| {
            Sentence::new("chop.sends-missing")
                .with("n", all - came)
                .with("all", all)
        })
    });
    counted.or_else(|| finding.differences.first().map(self::difference))
}

/// The families under which the program did what it does as is, all that were tried of them.
pub fn survived(judgement: &Judgement) -> Vec<Sentence> {
    let families = judgement.families.iter();
    let survived = families.filter(|tried| tried.fate == Fate::Survived);
    survived.map(|tried| family(tried.family)).collect()
}
