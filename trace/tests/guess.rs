//! What is guessed of records of public protocols, which real programs made: the directory
//! `tests/traces/guess` has them, its README what is right, `docs/guess.md` what is guessed.

#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use capture::{Choice, is_capture};
use protocol::framing::{Decode as _, Decoder};
use protocol::{Framing, Offset};
use trace::guess::{Certainty, Ended, Guess, Stream, guess};
use trace::lane::Direction;
use trace::{Analysis, ConnectionId, Setup, Trace, framing};

const DIRECTIONS: [(Direction, &str); 2] = [
    (Direction::FromOpener, "to the server"),
    (Direction::FromAcceptor, "from the server"),
];

/// Protocols of which both directions have to be guessed right, of those not held out.
const LEAST: usize = 16;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A row of the table of records.
struct Row {
    file: String,
    protocol: String,
    /// In the order of [`DIRECTIONS`]; none where no framing says it.
    expected: [Option<Framing>; 2],
}

/// What a protocol's name ends with, and what the records are called that have it.
const HELD_OUT: [(&str, &str); 3] = [
    ("", "all others"),
    (", held out", "held out"),
    (", held out later", "held out later"),
];

impl Row {
    /// Which of [`HELD_OUT`] it is.
    fn set(&self) -> usize {
        let ends = |(ending, _): &(&str, &str)| self.protocol.ends_with(ending);
        HELD_OUT.iter().rposition(ends).unwrap()
    }
}

/// The cells of a table's rows, those of its head excluded.
fn cells(page: &str) -> Vec<Vec<&str>> {
    let rows = page.lines().filter_map(|line| {
        let inner = line.strip_prefix("| ")?.strip_suffix(" |")?;
        Some(inner.split(" | ").collect())
    });
    rows.skip(1).collect()
}

fn rows() -> Vec<Row> {
    let page = fs::read_to_string(root().join("tests/traces/guess/README.md")).unwrap();
    let row = |cells: Vec<&str>| {
        let expected = |cell: &str| {
            let code = |cell: &str| Some(cell.strip_prefix('`')?.strip_suffix('`')?.to_owned());
            code(cell).map_or_else(
                || {
                    assert_eq!(cell, "none");
                    None
                },
                |text| Some(framing::parse(&text).unwrap()),
            )
        };
        Row {
            file: cells[0].trim_matches('`').to_owned(),
            protocol: cells[1].to_owned(),
            expected: [expected(cells[4]), expected(cells[5])],
        }
    };
    cells(&page).into_iter().map(row).collect()
}

fn read(file: &str) -> Trace {
    let bytes = fs::read(root().join("tests/traces/guess").join(file)).unwrap();
    if is_capture(&bytes) {
        let contents = capture::read(&bytes, Choice::All, usize::MAX).unwrap();
        Trace::of_record(contents.record, Setup::default())
    } else {
        Trace::parse(&String::from_utf8(bytes).unwrap()).unwrap()
    }
}

/// The connections to the server of the record: it is the only one over TCP.
fn connections(trace: &Trace) -> Vec<ConnectionId> {
    let to_server = trace.connections.iter().filter(|connection| {
        let address = connection.acceptor.address.as_deref();
        address.is_some_and(|address| address.starts_with("127."))
    });
    let to_server: Vec<_> = to_server.collect();
    for connection in &to_server {
        let address = |of: &record::Connection| of.acceptor.address.clone();
        assert_eq!(address(connection), address(to_server[0]));
    }
    to_server.iter().map(|found| found.connection).collect()
}

/// Where the frames of the streams stand, and their messages.
fn frames(framing: &Framing, streams: &[Stream<'_>]) -> Vec<(Offset, Offset, Vec<u8>)> {
    let mut frames = Vec::new();
    for stream in streams {
        let mut decoder = Decoder::new(framing);
        decoder.handle_chunk(stream.bytes);
        while let Ok(Some(frame)) = decoder.poll_frame() {
            let range = frame.range();
            frames.push((range.start, range.end, frame.body.to_vec()));
        }
    }
    frames
}

/// Whether the first guess is right. Where no framing is, none may be called likely.
fn is_right(expected: Option<&Framing>, guesses: &[Guess], streams: &[Stream<'_>]) -> bool {
    match (expected, guesses.first()) {
        (None, first) => first.is_none_or(|guess| guess.certainty == Certainty::Possible),
        (Some(_), None) => false,
        (Some(expected), Some(first)) => {
            frames(expected, streams) == frames(&first.framing, streams)
        }
    }
}

/// The first guess, and how sure it is.
fn told(guesses: &[Guess]) -> (String, &'static str) {
    let Some(first) = guesses.first() else {
        return ("none".to_owned(), "");
    };
    let certainty = match first.certainty {
        Certainty::Sure => "sure",
        Certainty::Likely => "likely",
        Certainty::Possible => "possible",
    };
    (
        ["`", &framing::write(&first.usual()), "`"].concat(),
        certainty,
    )
}

/// How many are right, of how many.
#[derive(Default)]
struct Score {
    protocols: [usize; 2],
    framed: [usize; 2],
    unframed: [usize; 2],
}

impl Score {
    /// Counts a record; of each direction whether a framing says it and whether the guess
    /// is right.
    fn count(&mut self, directions: &[(bool, bool)]) {
        self.protocols[0] += usize::from(directions.iter().all(|(_, is_right)| *is_right));
        self.protocols[1] += 1;
        for &(is_framed, is_right) in directions {
            let counts = if is_framed {
                &mut self.framed
            } else {
                &mut self.unframed
            };
            counts[0] += usize::from(is_right);
            counts[1] += 1;
        }
    }

    fn row(&self, name: &str) -> String {
        let of = |[right, all]: [usize; 2]| format!("{right} of {all}");
        let [protocols, framed, unframed] = [self.protocols, self.framed, self.unframed].map(of);
        format!("| {name} | {protocols} | {framed} | {unframed} |\n")
    }
}

#[test]
fn public_protocols_are_guessed_as_the_document_says() {
    let mut scores: [Score; HELD_OUT.len()] = Default::default();
    let mut table = String::new();
    for row in rows() {
        let trace = read(&row.file);
        let (ended, analysis) = (Ended::of(&trace), Analysis::new(&trace));
        let connections = connections(&trace);
        let mut directions = Vec::new();
        for ((direction, name), expected) in DIRECTIONS.into_iter().zip(&row.expected) {
            let streams = Stream::of(&trace, &analysis, &ended, &connections, direction);
            if streams.iter().all(|stream| stream.bytes.is_empty()) {
                continue;
            }
            if let Some(expected) = expected {
                let frames = frames(expected, &streams);
                assert!(frames.len() > 1, "{}, {name}: {frames:?}", row.file);
            }
            let guesses = guess(&streams);
            let is_right = is_right(expected.as_ref(), &guesses, &streams);
            directions.push((expected.is_some(), is_right));
            let (first, certainty) = told(&guesses);
            let judged = match (is_right, expected) {
                (true, _) => "right",
                (false, Some(_)) => "wrong",
                (false, None) => "wrong: none fits",
            };
            let protocol = &row.protocol;
            let _ = writeln!(
                table,
                "| {protocol} | {name} | {first} | {certainty} | {judged} |"
            );
        }
        scores[row.set()].count(&directions);
    }
    let names = HELD_OUT.iter().map(|(_, name)| name);
    let score: String = scores
        .iter()
        .zip(names)
        .map(|(score, name)| score.row(name))
        .collect();
    println!("{score}\n{table}");
    assert!(scores[0].protocols[0] >= LEAST, "{score}");
    let page = fs::read_to_string(root().join("docs/guess.md")).unwrap_or_default();
    for part in [&score, &table] {
        let is_there = page.contains(part.as_str());
        assert!(is_there, "docs/guess.md has not this table:\n{part}");
    }
}

#[test]
fn each_record_has_a_row() {
    let rows = rows();
    let mut listed: Vec<_> = rows.iter().map(|row| row.file.clone()).collect();
    listed.push("README.md".to_owned());
    listed.sort();
    let files = fs::read_dir(root().join("tests/traces/guess")).unwrap();
    let mut found: Vec<_> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    assert_eq!(listed, found);
    let held_out = [1, 2].map(|set| rows.iter().filter(|row| row.set() == set).count());
    assert_eq!(held_out, [6, 8]);
}
