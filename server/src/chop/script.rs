//! A test in Python of what broke a program, for whoever has no tracer: its peer, which sends in
//! pieces and waits until each was taken.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::SocketAddr;

use chop::{Change, Closing, Difference, Place, Way};
use record::{Call, End, Event};

use super::finding::Finding;
use super::judgement::Judgement;

/// The part that is the same in all tests.
const CODE: &str = include_str!("script.py");
/// Where what is different stands in it.
const DATA: &str = "# DATA\n";
/// Most bytes that a test sends, and that it expects.
const MOST_BYTES: usize = 1 << 18;
/// Most pieces.
const MOST_PIECES: usize = 20_000;

/// The program of a test.
#[derive(Clone, Debug)]
pub struct Tested {
    /// It and its arguments.
    pub command: Vec<Vec<u8>>,
    /// What it reads from standard input.
    pub input: Vec<u8>,
    /// Regular expressions of what does not count.
    pub masks: Vec<String>,
}

/// Why there is no test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untested {
    /// The schedule changes sends, or has calls fail: no peer can.
    Kernel,
    /// The program has both ends of a connection, or is a server and a client.
    Inside,
    /// Standard error alone differs, and a test leaves it as it is.
    Errors,
    /// It would be too long.
    Long,
}

/// What of a schedule a peer can do: cuts and what comes glued, by connection.
#[derive(Default)]
struct Pieces {
    cuts: BTreeMap<u32, BTreeSet<u64>>,
    glued: BTreeSet<u32>,
}

/// The text of a test that fails with the program and passes once it is mended.
///
/// # Errors
///
/// If a test cannot have it, and why.
pub fn script(
    tested: &Tested,
    judgement: &Judgement,
    finding: &Finding,
) -> Result<String, Untested> {
    let is_error = |one: &Difference| matches!(one, Difference::Errors { .. });
    if finding.differences.iter().all(is_error) {
        return Err(Untested::Errors);
    }
    let first = judgement.baseline.first();
    let places: Vec<Place> = first.connections.iter().map(|one| one.place).collect();
    let numbers: BTreeSet<u32> = places.iter().map(|place| place.connection).collect();
    let end = places.first().map(|place| place.end);
    let has_one_end = places.iter().all(|place| Some(place.end) == end);
    let Some(end) = end.filter(|_| has_one_end && numbers.len() == places.len()) else {
        return Err(Untested::Inside);
    };
    let pieces = pieces(judgement, finding)?;
    let steps = steps(judgement, &places)?;
    let addresses = addresses(judgement, &places).ok_or(Untested::Inside)?;
    let list = |items: Vec<String>, [open, close]: [&str; 2]| {
        let lines = items.iter().fold(String::new(), |lines, item| {
            lines + &format!("    {item},\n")
        });
        match items.len() {
            0 => format!("{open}{close}"),
            _ => format!("{open}\n{lines}{close}"),
        }
    };
    let command = tested.command.iter().map(|word| word_of(word)).collect();
    let sent = first.connections.iter().filter_map(|one| {
        let template = judgement.baseline.sent_at(one.place)?;
        Some((one.place.connection, template.pattern()))
    });
    let sent: Vec<_> = sent.collect();
    let output = judgement.baseline.output().pattern();
    let expected: usize = sent.iter().map(|(_, pattern)| pattern.len()).sum();
    if expected + output.len() > 4 * MOST_BYTES {
        return Err(Untested::Long);
    }
    let open = first.connections.iter();
    let open: Vec<_> = open
        .filter(|one| one.closing != Closing::Closed)
        .map(|one| one.place.connection.to_string())
        .collect();
    let waits = 10 + judgement.as_is.took.as_secs() * 4;
    let cuts = pieces.cuts.iter().map(|(number, cuts)| {
        let cuts: Vec<_> = cuts.iter().map(u64::to_string).collect();
        format!("{number}: [{}]", cuts.join(", "))
    });
    let glued: Vec<_> = pieces.glued.iter().map(u32::to_string).collect();
    let sent = sent
        .iter()
        .map(|(number, pattern)| format!("{number}: rb\"{pattern}\""));
    let masks = tested.masks.iter().map(|mask| bytes_of(mask.as_bytes()));
    let mut data = String::new();
    for (what, name, value) in [
        (
            "The schedule, as --schedule takes it.",
            "SCHEDULE",
            bytes_of(finding.schedule.to_string().as_bytes())[1..].to_owned(),
        ),
        (
            "The program, and what it reads from standard input.",
            "COMMAND",
            list(command, ["[", "]"]),
        ),
        ("", "INPUT", bytes_of(&tested.input)),
        (
            "Whether it accepts the connections.",
            "IS_SERVER",
            truth(end == End::Acceptor),
        ),
        (
            "Where each connection was accepted.",
            "ADDRESSES",
            list(addresses, ["{", "}"]),
        ),
        (
            "What it received as is: the connection, after how many bytes of its own, and what; \
             None: no more.",
            "STEPS",
            list(steps, ["[", "]"]),
        ),
        (
            "Behind which bytes of a connection it is cut, and of which the pieces come together.",
            "CUTS",
            list(cuts.collect(), ["{", "}"]),
        ),
        ("", "GLUED", format!("[{}]", glued.join(", "))),
        (
            "What it sends as is on each connection, and prints: regular expressions.",
            "SENT",
            list(sent.collect(), ["{", "}"]),
        ),
        ("", "OUTPUT", format!("rb\"{output}\"")),
        (
            "Whether the order of the lines that it prints is chance.",
            "IS_UNORDERED",
            truth(judgement.baseline.is_unordered()),
        ),
        (
            "What matches one of these does not count.",
            "MASKS",
            list(masks.collect(), ["[", "]"]),
        ),
        (
            "Connections that it leaves open as is.",
            "LEFT_OPEN",
            format!("[{}]", open.join(", ")),
        ),
        (
            "Seconds in which what it does as is has to happen.",
            "WAITS",
            format!("{waits}.0"),
        ),
    ] {
        if !what.is_empty() {
            let _ = writeln!(data, "# {what}");
        }
        let _ = writeln!(data, "{name} = {value}");
    }
    Ok(CODE.replacen(DATA, &data, 1))
}

fn truth(is_true: bool) -> String {
    if is_true { "True" } else { "False" }.to_owned()
}

/// What a peer has to do of a schedule.
fn pieces(judgement: &Judgement, finding: &Finding) -> Result<Pieces, Untested> {
    let mut pieces = Pieces::default();
    if !finding.schedule.failures.is_empty() {
        return Err(Untested::Kernel);
    }
    for rule in &finding.schedule.rules {
        for one in &judgement.baseline.first().connections {
            if !rule.selector.has(one.place, Way::Recv) {
                continue;
            }
            let number = one.place.connection;
            let cuts = pieces.cuts.entry(number).or_default();
            match &rule.change {
                Change::Cuts(offsets) => cuts.extend(offsets),
                Change::AtMost(most) => {
                    let step = usize::try_from(*most).unwrap_or(usize::MAX).max(1);
                    cuts.extend((0..one.received.len() as u64).step_by(step).skip(1));
                }
                Change::Glue => {
                    pieces.glued.insert(number);
                }
                Change::WouldBlock(_) | Change::Interrupt(_) => return Err(Untested::Kernel),
            }
        }
        if rule.selector.way == Way::Send {
            return Err(Untested::Kernel);
        }
    }
    pieces.cuts.retain(|_, cuts| !cuts.is_empty());
    let has_some = !pieces.cuts.is_empty() || !pieces.glued.is_empty();
    has_some.then_some(pieces).ok_or(Untested::Kernel)
}

/// What the program received as is, call by call, and after how many bytes that it had sent.
fn steps(judgement: &Judgement, places: &[Place]) -> Result<Vec<String>, Untested> {
    let events = judgement.as_is.record.events();
    let has = |place: &Place, event: &Event| {
        event.connection.0 == place.connection && event.end == place.end && event.error.is_none()
    };
    let mut sent = BTreeMap::new();
    let mut steps = Vec::new();
    let mut total = 0;
    for event in events {
        let Some(place) = places.iter().find(|place| has(place, event)) else {
            continue;
        };
        let number = place.connection;
        let after = sent.entry(number).or_insert(0);
        match event.call {
            Call::Send => *after += event.len(),
            Call::Recv if event.is_eof() => steps.push(format!("({number}, {after}, None)")),
            Call::Recv => {
                total += event.len();
                steps.push(format!("({number}, {after}, {})", bytes_of(&event.bytes)));
            }
            _ => {}
        }
        if total > MOST_BYTES || steps.len() > MOST_PIECES || event.not_kept() > 0 {
            return Err(Untested::Long);
        }
    }
    // A connection on which nothing is received is made all the same.
    for place in places {
        let begin = format!("({}, ", place.connection);
        if !steps.iter().any(|step| step.starts_with(&begin)) {
            steps.push(format!("{begin}0, b\"\")"));
        }
    }
    Ok(steps)
}

/// Where each connection was accepted: a family and an address each.
fn addresses(judgement: &Judgement, places: &[Place]) -> Option<Vec<String>> {
    let connections = &judgement.as_is.record.connections;
    let address = |place: &Place| {
        let number = place.connection;
        let mut connections = connections.iter();
        let found = connections.find(|one| one.connection.0 == number)?;
        let written = found.acceptor.address.as_deref()?;
        let where_ = if let Ok(address) = written.parse::<SocketAddr>() {
            let family = if address.is_ipv4() { "" } else { "6" };
            let (host, port) = (address.ip(), address.port());
            format!("(socket.AF_INET{family}, (\"{host}\", {port}))")
        } else {
            let name = written
                .strip_prefix('@')
                .map_or_else(|| written.to_owned(), |name| format!("\0{name}"));
            format!("(socket.AF_UNIX, {})", bytes_of(name.as_bytes()))
        };
        Some(format!("{number}: {where_}"))
    };
    places.iter().map(address).collect()
}

/// A word of a command: a text where it is plain, bytes elsewhere.
fn word_of(word: &[u8]) -> String {
    let is_plain = word.iter().all(|byte| matches!(byte, b' '..=b'~'));
    bytes_of(word)[usize::from(is_plain)..].to_owned()
}

/// Bytes as Python writes them.
fn bytes_of(bytes: &[u8]) -> String {
    let mut text = String::from("b\"");
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => text.extend(['\\', char::from(byte)]),
            b'\n' => text += "\\n",
            b' '..=b'~' => text.push(char::from(byte)),
            _ => {
                let _ = write!(text, "\\x{byte:02x}");
            }
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_words_are_written_as_python_reads_them() {
        assert_eq!(bytes_of(b"a\"\\\n\0\xff"), r#"b"a\"\\\n\x00\xff""#);
        assert_eq!(word_of(b"it's"), "\"it's\"");
        assert_eq!(word_of("粘".as_bytes()), r#"b"\xe7\xb2\x98""#);
    }

    #[test]
    fn what_differs_has_one_place() {
        assert_eq!(CODE.matches(DATA).count(), 1);
    }
}
