//! `stickylab guess`: which framing the bytes of a record have.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use record::{Connection, End};
use stickylab::terminal::{self, Guessed, Screen};
use trace::guess::{Ended, Stream, guess, taken};
use trace::lane::Direction;
use trace::{Analysis, Trace};

use super::output;
use super::screen::{Spoken, Stream as Standard};
use super::show::{self, Opened};

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
        let Opened {
            name,
            trace,
            damage,
        } = show::open(&self.file, self.connection)?;
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
        if let (true, Some(snap)) = (text.is_empty(), trace.head.snap) {
            bail!("{name}: it was recorded with --snap {snap}, and no byte to guess from was kept");
        }
        if text.is_empty() {
            bail!("{name}: no bytes of a stream are in it");
        }
        let snapped = terminal::snapped(&trace, screen);
        output::print_styled(&[&snapped, text.trim_end(), "\n"].concat())?;
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
    let taken = taken(&streams);
    let called = |end: End| match connections {
        [first, ..] if connections.len() == 1 || end == End::Acceptor => {
            terminal::end_of(trace, first.end(end), screen)
        }
        _ => "*".to_owned(),
    };
    Guessed {
        from_to: [called(direction.sender()), called(direction.reader())],
        connections: taken.len(),
        bytes: taken.iter().map(|stream| stream.bytes.len()).sum(),
        guesses: guess(&streams),
    }
}
