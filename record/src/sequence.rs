//! TCP sequence numbers as offsets of a connection's two streams (RFC 9293, 3.4).

use etherparse::{TcpOptionElement, TcpSlice};
use protocol::Offset;

use crate::file::MAX_OFFSET;
use crate::{Flags, Header};

/// Largest shift of a window (RFC 7323, 2.3).
const MAX_SCALE: u8 = 14;
/// No window is larger, so nothing valid is further ahead of what was seen
/// (RFC 7323, 2.3), in bytes.
const MAX_WINDOW: u64 = 1 << 30;

/// What is known of the sequence numbers of a connection. Its ways are 0, what the
/// opener sends, and 1, what the acceptor sends.
#[derive(Clone, Debug, Default)]
pub struct Sequence {
    ways: [Way; 2],
    /// The connection was reset.
    reset: bool,
}

/// One direction of it.
#[derive(Clone, Debug, Default)]
struct Way {
    /// Sequence number of the first byte of data: behind the SYN's.
    first: Option<u32>,
    /// The furthest offset that was seen. Those of later numbers are found from it,
    /// because 32 bits wrap.
    reached: u64,
    /// The shift of its sender's windows, if its SYN offered one.
    scale: Option<u8>,
    /// The acknowledgment that covers its FIN.
    fin: Option<Offset>,
    /// Whether that acknowledgment was seen.
    finished: bool,
}

/// Where a segment stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Offset of its first byte of data.
    pub offset: Offset,
    /// Bytes of its data that stand before the stream's first byte.
    pub before: usize,
    /// What its header says; its raw bytes are not in it.
    pub header: Header,
}

impl Sequence {
    /// Whether the first number of a way is known.
    pub fn has_begun(&self, way: usize) -> bool {
        self.ways[way].first.is_some()
    }

    /// Whether a segment has the SYN of another connection: one with another number.
    pub fn is_another(&self, way: usize, tcp: &TcpSlice<'_>) -> bool {
        let first = tcp.sequence_number().wrapping_add(1);
        tcp.syn() && self.ways[way].first.is_some_and(|known| known != first)
    }

    /// Takes the first byte of this segment for the first one of a way whose SYN was
    /// not seen.
    pub fn begin(&mut self, way: usize, tcp: &TcpSlice<'_>) {
        self.ways[way]
            .first
            .get_or_insert(tcp.sequence_number().wrapping_add(u32::from(tcp.syn())));
    }

    /// Where a segment stands of which `length` bytes of data were sent; none if that
    /// is beyond [`MAX_OFFSET`]. Of a way whose first number is not known that is the
    /// beginning.
    pub fn place(&mut self, way: usize, tcp: &TcpSlice<'_>, length: usize) -> Option<Placed> {
        let [mut this, mut other] = self.ways.each_mut();
        if way == 1 {
            std::mem::swap(&mut this, &mut other);
        }
        if tcp.syn() {
            this.open(tcp);
        }
        // The SYN has a number of its own.
        let number = tcp.sequence_number().wrapping_add(u32::from(tcp.syn()));
        let position = this.position(number);
        let offset = Offset(u64::try_from(position).unwrap_or(0));
        let before = usize::try_from(position.min(0).unsigned_abs()).unwrap_or(usize::MAX);
        let mut ack = Offset(0);
        if tcp.ack() && other.first.is_some() {
            ack = Offset(u64::try_from(other.position(tcp.acknowledgment_number())).unwrap_or(0));
            other.finished |= other.fin.is_some_and(|fin| ack >= fin);
        }
        let end = offset + length.saturating_sub(before);
        if end.0.max(ack.0) > MAX_OFFSET {
            return None;
        }
        if tcp.fin() {
            this.fin = Some(end + 1);
        }
        self.reset |= tcp.rst();
        if !tcp.rst() && end.0.saturating_sub(this.reached) <= MAX_WINDOW {
            this.reached = this.reached.max(end.0);
        }
        let window = u32::from(tcp.window_size()) << shift(tcp, this, other);
        let header = Header {
            flags: Flags(tcp.header_slice().get(13).copied().unwrap_or(0)),
            ack,
            window,
            mss: mss(tcp),
            ..Header::default()
        };
        Some(Placed {
            offset,
            before,
            header,
        })
    }

    /// Whether nothing more is to come of a connection that began: both FINs are
    /// acknowledged, or it was reset.
    pub fn is_over(&self) -> bool {
        let begun = self.ways[0].first.is_some();
        !begun || self.reset || self.ways.iter().all(|way| way.finished)
    }
}

impl Way {
    /// Takes down what a SYN says.
    fn open(&mut self, syn: &TcpSlice<'_>) {
        self.first
            .get_or_insert(syn.sequence_number().wrapping_add(1));
        self.scale = syn.options_iterator().find_map(|option| match option {
            Ok(TcpOptionElement::WindowScale(shift)) => Some(shift.min(MAX_SCALE)),
            _ => None,
        });
    }

    /// The offset of a number, the one nearest to what was reached; below 0 before the
    /// first byte of data.
    fn position(&self, number: u32) -> i64 {
        let Some(first) = self.first else {
            return 0;
        };
        #[expect(clippy::cast_possible_truncation, reason = "numbers wrap")]
        let reached = first.wrapping_add(self.reached as u32);
        let distance = number.wrapping_sub(reached).cast_signed();
        self.reached.cast_signed() + i64::from(distance)
    }
}

/// By how much its window is shifted: by nothing in a SYN, and only if both
/// sides had offered it (RFC 7323, 2.2).
fn shift(tcp: &TcpSlice<'_>, this: &Way, other: &Way) -> u8 {
    match (this.scale, other.scale) {
        (Some(shift), Some(_)) if !tcp.syn() => shift,
        _ => 0,
    }
}

fn mss(tcp: &TcpSlice<'_>) -> Option<u16> {
    let mut options = tcp.options_iterator();
    options.find_map(|option| match option {
        Ok(TcpOptionElement::MaximumSegmentSize(size)) if tcp.syn() => Some(size),
        _ => None,
    })
}
