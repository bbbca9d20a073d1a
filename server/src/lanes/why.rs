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

/// A cause without its amounts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Late,
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
    // The largest amounts stand for all.
    let causes = || boundaries.iter().map(|boundary| boundary.cause);
    let waited = |waiting: Option<u32>| {
        waiting.map_or_else(String::new, |bytes| format!(", {bytes} B waited"))
    };
    let why = match Kind::of(boundaries[0].cause) {
        Kind::Late => {
            let late = causes().filter_map(|cause| match cause {
                Cause::ReaderLate { packets, waiting } => Some((waiting, packets)),
                _ => None,
            });
            let (waiting, packets) = late.max().unwrap_or_default();
            let packets = match packets {
                0 => String::new(),
                packets => format!(", {} in one recv()", count(packets, "packet", "packets")),
            };
            format!("the reader was late{}{packets}", waited(waiting))
        }
        Kind::Buffer => {
            let small = causes().filter_map(|cause| match cause {
                Cause::BufferSmall { asked, waiting } => Some((waiting, asked)),
                _ => None,
            });
            let (waiting, asked) = small.max().unwrap_or_default();
            format!(
                "the buffer of {asked} B was smaller than what was there{}",
                waited(waiting)
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
            let packets = causes().filter_map(|cause| match cause {
                Cause::Split { packets } => Some(packets),
                _ => None,
            });
            let packets = count(packets.max().unwrap_or(0), "segment", "segments");
            format!("the sender's kernel put one send into {packets}")
        }
        Kind::NotYet => "the rest had not arrived when recv() was called".to_owned(),
        Kind::Cut => "longer than the reader's buffer".to_owned(),
        Kind::Dropped => "the reader's receive buffer was full".to_owned(),
        Kind::Unknown => "what was observed does not tell why".to_owned(),
    };
    format!("{what}: {why}.")
}
