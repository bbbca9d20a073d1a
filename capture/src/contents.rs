//! A whole file as a record.

use std::collections::BTreeSet;

use protocol::Nanos;
use record::{
    Capture, Clock, ClockName, Connection, ConnectionId, End, Ending, Event, Flags, Head, Record,
    Summary,
};

use crate::container::Damage;
use crate::reader::{Passed, Reader};

/// Times that begin on the first day of 1970 are no clock's: they count from the start
/// of something, as those of a run do, and are kept as they are. In nanoseconds.
const DAY: u64 = 86_400 * 1_000_000_000;

/// Of which connections a record has the events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Of none: a list.
    None,
    /// Of this one.
    One(ConnectionId),
    /// Of all.
    All,
}

/// What a file observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// The chosen connections, their hosts and events. Times count from the first
    /// packet of the file.
    pub record: Record,
    /// All connections, by number, with what was observed of each.
    pub connections: Vec<(Connection, Summary)>,
    /// How many packets came by.
    pub passed: Passed,
    /// Why the file could not be read to its end. What was before is there.
    pub damage: Option<Damage>,
}

/// Why a file is not read at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It begins as no capture file does.
    #[error("it is no pcap or pcapng file")]
    NoCapture,
    /// The chosen connections have more packets than the caller takes.
    #[error("there are more than {most} packets")]
    Events {
        /// How many are taken.
        most: usize,
    },
}

/// All connections of the capture file with these bytes, without their events.
pub fn list(bytes: &[u8]) -> Result<Contents, Refused> {
    read(bytes, Choice::None, 0)
}

/// The chosen connections of the capture file with these bytes, of at most `most`
/// packets, and a list of all.
pub fn read(bytes: &[u8], choice: Choice, most: usize) -> Result<Contents, Refused> {
    let mut kept = 0;
    let is_chosen = |connection| choice.has(connection);
    collect(bytes, choice == Choice::All, &is_chosen, &mut |event| {
        let is_kept = choice.has(event.connection);
        if is_kept && kept == most {
            return Err(Refused::Events { most });
        }
        kept += usize::from(is_kept);
        Ok(is_kept)
    })
}

/// The first `reach` bytes that each end of these connections sent, in at most `most` packets
/// of all together; of the first connection named in as many as it takes. Where an end sent
/// more, a packet that says so, and where the ends took turns there, one of each turn. Packets
/// without bytes are left out, but for those that end a stream.
pub fn fronts(
    bytes: &[u8],
    connections: &[ConnectionId],
    reach: u64,
    most: usize,
) -> Result<Record, Refused> {
    let number = |connection: ConnectionId| usize::try_from(connection.0).unwrap_or(usize::MAX);
    let last = connections
        .iter()
        .map(|connection| number(*connection))
        .max();
    // Of each connection, whether it is one of them, and who sent beyond what is kept.
    let mut beyond: Vec<Option<Beyond>> = vec![None; last.map_or(0, |last| last + 1)];
    for connection in connections {
        beyond[number(*connection)] = Some(Beyond::Nobody);
    }
    let is_first = |connection| connections.first() == Some(&connection);
    let named: Vec<bool> = beyond.iter().map(Option::is_some).collect();
    let is_named = |connection| named.get(number(connection)).copied().unwrap_or(false);
    let mut kept = 0;
    let contents = collect(bytes, true, &is_named, &mut |event| {
        let Some(Some(before)) = beyond.get_mut(number(event.connection)) else {
            return Ok(false);
        };
        let is_kept = if event.is_empty() {
            event.flags().has(Flags::FIN)
        } else if event.offset.0 < reach {
            *before = Beyond::Nobody;
            true
        } else {
            let is_new = *before != Beyond::By(event.end);
            *before = Beyond::By(event.end);
            is_new
        };
        let is_kept = is_kept && (kept < most || is_first(event.connection));
        kept += usize::from(is_kept);
        Ok(is_kept)
    });
    Ok(contents?.record)
}

/// Whose bytes behind what is kept of a connection were seen last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beyond {
    Nobody,
    By(End),
}

/// Goes through a whole file. The record has the connections of which `is_chosen` says so, and
/// the events of which `keep` does; the hosts of these events, or all.
fn collect(
    bytes: &[u8],
    has_all_parties: bool,
    is_chosen: &dyn Fn(ConnectionId) -> bool,
    keep: &mut dyn FnMut(&Event) -> Result<bool, Refused>,
) -> Result<Contents, Refused> {
    let mut reader = Reader::new(bytes).ok_or(Refused::NoCapture)?;
    let mut summaries: Vec<Summary> = Vec::new();
    let mut events: Vec<Event> = Vec::new();
    let mut earliest = u64::MAX;
    for event in &mut reader {
        earliest = earliest.min(event.at.0);
        let number = usize::try_from(event.connection.0).unwrap_or(usize::MAX);
        if number >= summaries.len() {
            summaries.resize(number + 1, Summary::default());
        }
        summaries[number].see(&event);
        if keep(&event)? {
            events.push(event);
        }
    }
    let zero = if earliest < DAY || earliest == u64::MAX {
        0
    } else {
        earliest
    };
    for event in &mut events {
        event.at = Nanos(event.at.0 - zero);
    }
    for summary in &mut summaries {
        summary.first = summary.first.map(|first| Nanos(first.0 - zero));
        summary.last = Nanos(summary.last.0.saturating_sub(zero));
    }
    let mut record = Record::new(head(&reader, zero));
    let parties: BTreeSet<_> = events.iter().map(|event| event.party).collect();
    for party in reader.parties() {
        if parties.contains(&party.party) || has_all_parties {
            record.add_party(party);
        }
    }
    let connections = reader.connections().enumerate();
    let connections = connections.map(|(number, connection)| {
        let summary = summaries.get(number).copied().unwrap_or_default();
        (connection, summary)
    });
    let connections: Vec<_> = connections.collect();
    for (connection, _) in &connections {
        if is_chosen(connection.connection) {
            record.add_connection(connection.clone());
        }
    }
    record.extend(events);
    let missed = reader.missed();
    let missed = missed.map(|missed| u32::try_from(missed).unwrap_or(u32::MAX));
    let (why, missed) = match reader.damage() {
        Some(_) => (Ending::Stopped, None),
        None => (Ending::Finished, missed),
    };
    record.end(why, missed, None);
    Ok(Contents {
        record,
        connections,
        passed: reader.passed(),
        damage: reader.damage(),
    })
}

impl Choice {
    fn has(self, connection: ConnectionId) -> bool {
        match self {
            Self::None => false,
            Self::One(one) => one == connection,
            Self::All => true,
        }
    }
}

/// What the file says of itself. Whether a capture missed packets few files say.
fn head(reader: &Reader<'_>, zero: u64) -> Head {
    let [system, program] = reader.origin();
    let is_told = reader.missed().is_some() || reader.damage().is_some();
    Head {
        program: program.unwrap_or_default().to_owned(),
        kernel: system.unwrap_or_default().to_owned(),
        clock: (zero > 0).then_some(Clock {
            name: ClockName::Realtime,
            zero,
        }),
        capture: if is_told {
            Capture::On
        } else {
            Capture::Unknown
        },
        ..Head::default()
    }
}
