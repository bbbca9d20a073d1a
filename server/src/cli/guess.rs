//! `stickylab guess`: which framing the bytes of a record have.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Result, anyhow, bail, ensure};
use capture::{Choice, is_capture};
use clap::Args;
use record::{Connection, ConnectionId, End};
use stickylab::terminal::{self, Guessed, Screen};
use trace::guess::{Ended, Stream, guess};
use trace::lane::Direction;
use trace::{Analysis, Setup, Trace};

use super::screen::{Spoken, Stream as Standard};
use super::show::{self, NO_CAPTURE};
use super::{input, output};

#[derive(Debug, Args)]
pub(super) struct Guess {
    /// What stickylab wrote with --json, or a pcap or pcapng file; - reads standard input
    file: PathBuf,
    /// Looks at the connection with this number alone
    #[arg(long, value_name = "N")]
    connection: Option<u32>,
    #[command(flatten)]
    spoken: Spoken,
}

impl Guess {
    pub(super) fn run(self) -> Result<()> {
        let (name, bytes) = show::read(&self.file)?;
        let (trace, damage) = if is_capture(&bytes) {
            let choice = self
                .connection
                .map_or(Choice::All, |number| Choice::One(ConnectionId(number)));
            let contents = capture::read(&bytes, choice, usize::MAX);
            let contents = contents.map_err(|error| anyhow!("{name}: {error}"))?;
            let trace = Trace::of_record(contents.record, Setup::default());
            (trace, contents.damage)
        } else {
            let text = input::text(bytes, &name, NO_CAPTURE)?;
            (show::parse(&text, &name, NO_CAPTURE)?, None)
        };
        if let Some(number) = self.connection {
            let is_there = trace.connection(ConnectionId(number)).is_some();
            ensure!(is_there, "{name} has no connection {number}");
        }
        let groups = self.groups(&trace);
        if groups.is_empty() {
            bail!("{name}: there is no connection of a stream in it to look at");
        }
        let ended = Ended::of(&trace);
        let analysis = Analysis::new(&trace);
        let screen = self.spoken.screen(Standard::Out);
        let mut text = String::new();
        for connections in groups.values() {
            for direction in [Direction::FromOpener, Direction::FromAcceptor] {
                let guessed = guessed(&trace, (&analysis, &ended), connections, direction, screen);
                if guessed.bytes > 0 {
                    text += &terminal::guesses(&guessed, screen);
                    text.push('\n');
                }
            }
        }
        if text.is_empty() {
            bail!("{name}: no bytes of a stream are in it");
        }
        output::print_styled(&[text.trim_end(), "\n"].concat())?;
        match damage {
            Some(damage) => bail!("{name}: {damage}; what stands before that was looked at"),
            None => Ok(()),
        }
    }

    /// The connections of streams, by what was connected to: those speak one protocol.
    fn groups<'a>(&self, trace: &'a Trace) -> BTreeMap<(String, u32), Vec<&'a Connection>> {
        let mut groups = BTreeMap::<_, Vec<_>>::new();
        for connection in &trace.connections {
            let number = connection.connection;
            let is_other = self.connection.is_some_and(|chosen| chosen != number.0);
            if is_other || trace.is_datagrams(number) {
                continue;
            }
            // A connection without an address is a group of its own.
            let key = match &connection.acceptor.address {
                Some(address) => (address.clone(), 0),
                None => (String::new(), number.0),
            };
            groups.entry(key).or_default().push(connection);
        }
        groups
    }
}

/// What one direction of connections to one address is guessed to be.
fn guessed(
    trace: &Trace,
    (analysis, ended): (&Analysis, &Ended),
    connections: &[&Connection],
    direction: Direction,
    screen: Screen,
) -> Guessed {
    let ids: Vec<_> = connections.iter().map(|found| found.connection).collect();
    let streams = Stream::of(trace, analysis, ended, &ids, direction);
    let called = |end: End| match connections {
        [first, ..] if connections.len() == 1 || end == End::Acceptor => {
            terminal::end_of(trace, first.end(end), screen)
        }
        _ => "*".to_owned(),
    };
    Guessed {
        from_to: [called(direction.sender()), called(direction.reader())],
        connections: streams.iter().filter(|s| !s.bytes.is_empty()).count(),
        bytes: streams.iter().map(|stream| stream.bytes.len()).sum(),
        guesses: guess(&streams),
    }
}
