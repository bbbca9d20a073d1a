//! The classic format (draft-ietf-opsawg-pcap).
//!
//! ```text
//! file:   magic 4 | version 2, 2 | zone 4 | accuracy 4 | snap length 4 | link 4
//! packet: seconds 4 | micro- or nanoseconds 4 | captured 4 | length 4 | bytes
//! ```

use record::Link;

use super::bytes::{Order, index};
use super::{Damage, Fault, Packet, Place};

/// Of the file's header, in bytes.
const FILE_HEADER: usize = 24;
/// Of a packet's header, in bytes.
const PACKET_HEADER: usize = 16;
/// Begins files with microseconds.
const MICROS: u32 = 0xa1b2_c3d4;
/// Begins files with nanoseconds.
const NANOS: u32 = 0xa1b2_3c4d;

/// A classic file while it is read.
#[derive(Clone, Debug)]
pub(crate) struct Pcap<'a> {
    bytes: &'a [u8],
    at: usize,
    order: Order,
    /// Nanoseconds of a unit of a time's fraction.
    unit: u64,
    link: Link,
}

impl<'a> Pcap<'a> {
    /// Whether a file with these bytes begins as one.
    pub(super) fn is_one(bytes: &[u8]) -> bool {
        begin(bytes).is_some()
    }

    /// None if the magic number is none of this format's. Where the header is cut off
    /// behind it, that is what reading finds.
    pub(super) fn new(bytes: &'a [u8]) -> Option<Self> {
        let (order, unit) = begin(bytes)?;
        // The upper half tells of check sums behind the frames.
        let link = order.u32(bytes, 20).unwrap_or(0) & 0xffff;
        Some(Self {
            bytes,
            at: 0,
            order,
            unit,
            link: Link(u16::try_from(link).unwrap_or_default()),
        })
    }

    pub(super) fn next_packet(&mut self) -> Result<Option<Packet<'a>>, Damage> {
        if self.at == 0 {
            if self.bytes.len() < FILE_HEADER {
                return Err(self.cut_off());
            }
            self.at = FILE_HEADER;
        }
        if self.at >= self.bytes.len() {
            return Ok(None);
        }
        let Some((packet, end)) = self.packet() else {
            return Err(self.cut_off());
        };
        self.at = end;
        Ok(Some(packet))
    }

    /// The packet here and where it ends, if the file has all of it.
    fn packet(&self) -> Option<(Packet<'a>, usize)> {
        let number = |at| self.order.u32(self.bytes, self.at + at);
        let (seconds, fraction) = (u64::from(number(0)?), u64::from(number(4)?));
        let start = self.at + PACKET_HEADER;
        let end = start.checked_add(index(number(8)?))?;
        let bytes = self.bytes.get(start..end)?;
        let packet = Packet {
            at: (seconds * 1_000_000_000).saturating_add(fraction * self.unit),
            link: self.link,
            place: Place::default(),
            bytes,
            length: index(number(12)?).max(bytes.len()),
            comment: None,
        };
        Some((packet, end))
    }

    /// The file ends in the middle of what begins here; nothing more is to come.
    fn cut_off(&mut self) -> Damage {
        let offset = std::mem::replace(&mut self.at, usize::MAX);
        Damage {
            offset,
            fault: Fault::CutOff,
        }
    }
}

/// Byte order and unit, by the magic number.
fn begin(bytes: &[u8]) -> Option<(Order, u64)> {
    let read = |order: Order| match order.u32(bytes, 0)? {
        MICROS => Some((order, 1_000)),
        NANOS => Some((order, 1)),
        _ => None,
    };
    read(Order::Little).or_else(|| read(Order::Big))
}
