//! A record's connections, one a line, and what is to be known of a capture beside
//! them.

use std::fmt::Write as _;

use anstyle::Style;
use capture::Passed;
use protocol::Nanos;
use record::{Close, Connection, End, Endpoint, Party, Record, Summary};
use trace::text::{Sentence, Time, grouped};

use super::screen::{Screen, width};
use super::{BOLD, DIM, printable};

/// Spaces between two columns.
const GAP: &str = "  ";
/// What there is less and less room for, the last of all first.
const OPTIONAL: [usize; 4] = [6, 5, 8, 7];
/// The columns with numbers, which end below each other.
const NUMBERS: [usize; 6] = [0, 3, 4, 5, 6, 8];
/// Their names, in order; those of both ends are of their own.
const NAMES: [&str; 10] = [
    "terminal.list.number",
    "terminal.list.transport",
    "terminal.list.ends",
    "terminal.list.sent",
    "terminal.list.answered",
    "terminal.list.calls",
    "terminal.list.packets",
    "terminal.list.begin",
    "terminal.list.length",
    "terminal.list.close",
];

/// The connections of a record, with what was observed of each.
pub fn list(record: &Record, connections: &[(Connection, Summary)], screen: Screen) -> String {
    let rows = connections.iter().map(|one| row(record, one, screen));
    let rows: Vec<_> = rows.collect();
    let names = NAMES.map(|key| screen.text(key));
    // A column of which nothing is known is left out.
    let has_calls = connections
        .iter()
        .any(|(_, summary)| summary.calls != [0, 0]);
    let has_packets = connections
        .iter()
        .any(|(_, summary)| summary.packets != [0, 0]);
    let mut shown: Vec<usize> = (0..NAMES.len())
        .filter(|&column| (column != 5 || has_calls) && (column != 6 || has_packets))
        .collect();
    let widths: Vec<usize> = (0..NAMES.len())
        .map(|column| {
            let cells = rows.iter().map(|row| width(&row[column]));
            cells.max().unwrap_or(0).max(width(&names[column]))
        })
        .collect();
    for optional in OPTIONAL {
        let used: usize = shown.iter().map(|&column| widths[column] + GAP.len()).sum();
        if used.saturating_sub(GAP.len()) > screen.columns() {
            shown.retain(|&column| column != optional);
        }
    }
    let mut text = line(&names, &shown, &widths, DIM);
    for row in &rows {
        text += &line(row, &shown, &widths, Style::new());
    }
    text
}

fn line(cells: &[String; NAMES.len()], shown: &[usize], widths: &[usize], style: Style) -> String {
    let mut line = String::new();
    for &column in shown {
        let cell = &cells[column];
        let spaces = " ".repeat(widths[column].saturating_sub(width(cell)));
        let (before, behind) = if NUMBERS.contains(&column) {
            (spaces.as_str(), "")
        } else {
            ("", spaces.as_str())
        };
        let _ = write!(line, "{before}{cell}{behind}{GAP}");
    }
    format!("{style}{}{style:#}\n", line.trim_end())
}

/// What is said of a connection, in the order of [`NAMES`].
fn row(
    record: &Record,
    (connection, summary): &(Connection, Summary),
    screen: Screen,
) -> [String; NAMES.len()] {
    let end = |end: End| end_of(record, connection.end(end), screen);
    let sum = |two: [usize; 2]| grouped((two[0] + two[1]) as u64);
    let time = |time: Nanos| Time(time).to_string();
    [
        connection.connection.0.to_string(),
        connection.transport.name().to_owned(),
        [end(End::Opener), end(End::Acceptor)].join(" → "),
        grouped(summary.bytes[0]),
        grouped(summary.bytes[1]),
        sum(summary.calls),
        sum(summary.packets),
        summary.first.map_or_else(String::new, time),
        summary.first.map_or_else(String::new, |first| {
            time(Nanos(summary.last.0.saturating_sub(first.0)))
        }),
        close(connection, summary, screen),
    ]
}

/// Whose an end is, and its address, as far as both are known.
pub fn end_of(record: &Record, end: &Endpoint, screen: Screen) -> String {
    let party = end.party.and_then(|party| record.party(party));
    let known: Vec<_> = party
        .map(|party| printable(&party.name))
        .into_iter()
        .chain(end.address.as_deref().map(printable))
        .collect();
    if known.is_empty() {
        return screen.text("actor.unknown");
    }
    known.join(" ")
}

fn close(connection: &Connection, summary: &Summary, screen: Screen) -> String {
    let (key, end) = match summary.close() {
        Close::Open if connection.transport.keeps_boundaries() => return String::new(),
        Close::Open => ("terminal.close.open", None),
        Close::Half(end) => ("terminal.close.half", Some(end)),
        Close::Closed => ("terminal.close.closed", None),
        Close::Reset(end) => ("terminal.close.reset", Some(end)),
        Close::Refused => ("terminal.close.refused", None),
    };
    let who = screen.text(match end {
        Some(End::Acceptor) => "terminal.close.acceptor",
        _ => "terminal.close.opener",
    });
    screen.say(&Sentence::new(key).with("who", who))
}

/// What a capture has beside its connections, and what it lacks; nothing where there
/// is nothing to say.
pub fn passed(record: &Record, passed: &Passed, screen: Screen) -> String {
    let counted = [
        ("terminal.passed.other", passed.other),
        ("terminal.passed.doubled", passed.doubled),
        ("terminal.passed.unreadable", passed.unreadable),
        ("terminal.passed.left-out", passed.left_out),
        (
            "terminal.capture-missed",
            u64::from(record.missed.unwrap_or(0)),
        ),
    ];
    let mut text = String::new();
    for (key, n) in counted.into_iter().filter(|(_, n)| *n > 0) {
        text += &screen.paragraph(Style::new(), &screen.say(&Sentence::new(key).with("n", n)));
    }
    text
}

/// What whoever made a record says of it, a line each and a blank one; nothing where nothing
/// is said. None is wrapped: a command may be among them.
pub fn note(record: &Record) -> String {
    let mut text = String::new();
    for line in record.head.note.lines() {
        text += &printable::plain_or_escaped(line.as_bytes());
        text.push('\n');
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// How many connections there are, and when the first packet was captured, as `moment`
/// writes it.
pub fn title(
    connections: usize,
    packets: Option<u64>,
    moment: Option<&str>,
    screen: Screen,
) -> String {
    let mut parts = vec![screen.say(&Sentence::new("terminal.list.title").with("n", connections))];
    if let Some(packets) = packets {
        parts.push(screen.say(&Sentence::new("terminal.list.of-packets").with("n", packets)));
    }
    if let Some(moment) = moment {
        let began = Sentence::new("terminal.list.began").with("moment", moment.to_owned());
        parts.push(screen.say(&began));
    }
    screen.paragraph(BOLD, &parts.join(" · "))
}

/// That the calls of a proxy are its own; nothing where there is none.
pub fn proxy(record: &Record, screen: Screen) -> String {
    let proxies = record.parties.iter().filter(|party| party.proxy);
    let say = |party: &Party| {
        let who = printable(&party.name);
        let sentence = Sentence::new("terminal.proxy").with("who", who);
        screen.paragraph(DIM, &screen.say(&sentence))
    };
    proxies.map(say).collect()
}

/// How to see what was not saved.
pub fn saved(screen: Screen) -> String {
    screen.paragraph(DIM, &screen.text("terminal.list.save"))
}

/// How to see one of several connections.
pub fn hint(screen: Screen) -> String {
    screen.paragraph(DIM, &screen.text("terminal.list.hint"))
}

#[cfg(test)]
mod tests {
    use record::{ConnectionId, Head, PartyId, Transport};

    use super::*;
    use crate::lessons::Language;

    fn connection(number: u32, party: Option<u32>) -> Connection {
        let end = |party: Option<u32>, address: &str| Endpoint {
            party: party.map(PartyId),
            address: Some(address.to_owned()),
            ..Endpoint::default()
        };
        Connection {
            connection: ConnectionId(number),
            transport: Transport::Tcp,
            opener: end(party, "[::1]:40000"),
            acceptor: end(None, "[::1]:80"),
        }
    }

    fn listed(columns: usize) -> Vec<String> {
        let mut record = Record::new(Head::default());
        record.add_party(Party::new(PartyId(7), "curl\u{1b}"));
        let mut counted = Summary::default();
        counted.bytes = [1_234_567, 5];
        counted.packets = [10, 2];
        counted.first = Some(Nanos(1_500_000));
        counted.last = Nanos(3_500_000);
        let connections = [
            (connection(0, None), Summary::default()),
            (connection(12, Some(7)), counted),
        ];
        let screen = Screen::new(columns, Language::ENGLISH, true);
        let text = list(&record, &connections, screen);
        let plain = anstream::adapter::strip_str(&text).to_string();
        plain.lines().map(str::to_owned).collect()
    }

    #[test]
    fn each_connection_is_a_line_and_columns_are_below_each_other() {
        let lines = listed(200);
        assert_eq!(lines.len(), 3, "{lines:?}");
        let at = |line: &str, text: &str| line.find(text).map(|at| line[..at].chars().count());
        assert!(lines[0].trim_start().starts_with("no."), "{lines:?}");
        assert_eq!(at(&lines[1], "tcp"), at(&lines[2], "tcp"));
        assert!(
            lines[2].contains("12  tcp  curl\\x1B [::1]:40000 → [::1]:80"),
            "{lines:?}"
        );
        assert!(lines[2].contains("1,234,567"), "{lines:?}");
        assert!(lines[2].ends_with("open"), "{lines:?}");
        assert!(
            !lines[0].contains("calls"),
            "nothing is known of calls: {lines:?}"
        );
    }

    #[test]
    fn what_has_no_room_is_left_out() {
        assert!(listed(200)[0].contains("packets"));
        let lines = listed(70);
        assert!(!lines[0].contains("packets"), "{lines:?}");
        assert!(lines[2].contains("1,234,567"), "{lines:?}");
        assert!(
            lines.iter().all(|line| line.chars().count() <= 70),
            "{lines:?}"
        );
    }
}
