//! Why the reader's boundaries are not the sender's: one sentence a cause.

use trace::cause::{Boundary, Cause, Change};
use trace::lane::Lane;

use super::count;

/// A sentence for each change and cause there was, in the order of their first
/// offsets.
pub(super) fn reasons(lane: &Lane) -> Vec<String> {
    let mut kinds: Vec<(Change, Kind, Vec<&Boundary>)> = Vec::new();
    for boundary in &lane.boundaries {
        let kind = Kind::of(boundary.cause);
        let same = kinds
            .iter_mut()
            .find(|(change, other, _)| (*change, *other) == (boundary.change, kind));
        match same {
            Some((.., boundaries)) => boundaries.push(boundary),
            None => kinds.push((boundary.change, kind, vec![boundary])),
        }
    }
    let mut reasons: Vec<_> = kinds
        .iter()
        .map(|(change, _, boundaries)| reason(*change, boundaries))
        .collect();
    if !lane.unsure.is_empty() {
        reasons.push(format!(
            "{} of equal datagrams: which of the sends they were can't be told.",
            count(lane.unsure.len(), "recv", "recvs")
        ));
    }
    reasons
}

/// `3 B`, or `3 to 8 B` where they differ; none of none.
fn range(numbers: impl Iterator<Item = u64>, unit: &str) -> Option<String> {
    let (least, most) = numbers.fold(None, |range, number| match range {
        None => Some((number, number)),
        Some((least, most)) => Some((number.min(least), number.max(most))),
    })?;
    Some(if least == most {
        format!("{least} {unit}")
    } else {
        format!("{least} to {most} {unit}")
    })
}

/// A cause without its amounts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Late,
    /// It waited together, and whether it came apart was not captured.
    Waited,
    Buffer,
    Merged(bool),
    Split,
    NotYet,
    Cut,
    Dropped,
    Unknown,
}

impl Kind {
    const fn of(cause: Cause) -> Self {
        match cause {
            Cause::ReaderLate { packets: 0, .. } => Self::Waited,
            Cause::ReaderLate { .. } => Self::Late,
            Cause::BufferSmall { .. } => Self::Buffer,
            Cause::Merged { nagle } => Self::Merged(nagle),
            Cause::Split { .. } => Self::Split,
            Cause::NotYetThere => Self::NotYet,
            Cause::DatagramCut { .. } => Self::Cut,
            Cause::DatagramDropped => Self::Dropped,
            Cause::Unknown => Self::Unknown,
        }
    }
}

/// What happened to `boundaries`, which all have the same kind of cause.
fn reason(change: Change, boundaries: &[&Boundary]) -> String {
    let number = boundaries.len();
    let what = match change {
        Change::Vanished => count(number, "boundary vanished", "boundaries vanished"),
        Change::Appeared => count(number, "boundary appeared", "boundaries appeared"),
        Change::Cut => count(number, "datagram cut", "datagrams cut"),
        Change::Lost => count(number, "datagram lost", "datagrams lost"),
    };
    let causes = || boundaries.iter().map(|boundary| boundary.cause);
    let waited = || {
        let waiting = causes().filter_map(|cause| match cause {
            Cause::ReaderLate { waiting, .. } | Cause::BufferSmall { waiting, .. } => waiting,
            _ => None,
        });
        range(waiting.map(u64::from), "B waited")
    };
    let packets = causes().filter_map(|cause| match cause {
        Cause::ReaderLate { packets, .. } | Cause::Split { packets } => Some(packets as u64),
        _ => None,
    });
    let behind =
        |told: Option<String>| told.map_or_else(String::new, |told| [", ", &told].concat());
    let why = match Kind::of(boundaries[0].cause) {
        Kind::Late => {
            let packets = range(packets, "packets in one recv()");
            format!("the reader was late{}{}", behind(waited()), behind(packets))
        }
        Kind::Waited => format!(
            "{} together in the receive queue; in how many segments they came was not captured",
            waited().unwrap_or_else(|| "the bytes waited".to_owned())
        ),
        Kind::Buffer => {
            let room = causes().filter_map(|cause| match cause {
                Cause::BufferSmall { asked, .. } => Some(asked.into()),
                _ => None,
            });
            format!(
                "the buffer of {} was smaller than what was there{}",
                range(room, "B").unwrap_or_default(),
                behind(waited())
            )
        }
        Kind::Merged(nagle) => format!(
            "the sender's kernel put several sends into one segment (Nagle is {})",
            if nagle {
                "on"
            } else {
                "off: they waited in its send queue"
            }
        ),
        Kind::Split => {
            let segments = range(packets, "segments").unwrap_or_default();
            format!("the sender's kernel put one send into {segments}")
        }
        Kind::NotYet => "the rest had not arrived when recv() was called".to_owned(),
        Kind::Cut => "longer than the reader's buffer".to_owned(),
        Kind::Dropped => "the reader's receive buffer was full".to_owned(),
        Kind::Unknown => "what was observed does not tell why".to_owned(),
    };
    format!("{what}: {why}.")
}
