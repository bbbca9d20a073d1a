//! Ethernet frames in, events out: gives each packet its place in its sender's
//! stream.

#[cfg(test)]
mod tests;

use core::net::{Ipv4Addr, SocketAddrV4};

use etherparse::{
    LaxNetSlice, LaxSlicedPacket, TcpOptionElement, TcpSlice, TransportSlice, UdpSlice,
};
use protocol::{Nanos, Offset};

use crate::{Call, Event, Flags, Header, Origin};

/// Of an Ethernet header, in bytes.
const LINK: usize = 14;
/// Largest shift of a window (RFC 7323, 2.3).
const MAX_SCALE: u8 = 14;

/// What was seen of the wire between a server and those who connected to it, over
/// IPv4.
#[derive(Debug)]
pub struct Frames {
    server: SocketAddrV4,
    flows: Vec<Flow>,
}

/// A frame that can't be read: cut off, no TCP segment and no UDP datagram, or
/// of a connection whose beginning was not seen.
#[derive(Debug, PartialEq, Eq)]
pub struct Unreadable;

/// What went between the server and one address.
#[derive(Debug)]
struct Flow {
    /// Of what the opener sent, and of what the acceptor sent.
    origins: [Origin; 2],
    address: SocketAddrV4,
    /// From the opener to the acceptor, and back.
    ways: [Way; 2],
    /// The connection was reset.
    reset: bool,
    /// A second connection uses the opener's port now; it is not of this record.
    foreign: bool,
}

/// One direction of it.
#[derive(Debug, Default)]
struct Way {
    /// Sequence number of the first byte of data: behind the SYN's.
    first: Option<u32>,
    /// The shift of its sender's windows, if its SYN offered one.
    scale: Option<u8>,
    /// The acknowledgment that covers its FIN.
    fin: Option<Offset>,
    /// Whether that acknowledgment was seen.
    finished: bool,
    /// Bytes of the datagrams so far.
    passed: Offset,
}

impl Frames {
    /// Between `server` and the openers' addresses, each with the origins of what
    /// the opener and what the acceptor of its connection sends.
    pub fn new(server: SocketAddrV4, openers: &[(SocketAddrV4, [Origin; 2])]) -> Self {
        let flow = |&(address, origins)| Flow {
            origins,
            address,
            ways: Default::default(),
            reset: false,
            foreign: false,
        };
        Self {
            server,
            flows: openers.iter().map(flow).collect(),
        }
    }

    /// The event that an Ethernet frame is, sent `at`; none for packets of
    /// other connections.
    pub fn read(&mut self, at: Nanos, frame: &[u8]) -> Result<Option<Event>, Unreadable> {
        let packet = LaxSlicedPacket::from_ethernet(frame).map_err(|_| Unreadable)?;
        let Some(LaxNetSlice::Ipv4(ip)) = &packet.net else {
            return Err(Unreadable);
        };
        // Only a total length of 0 may differ from what was captured: the
        // packet is larger than the field can say.
        if ip.payload().incomplete {
            return Err(Unreadable);
        }
        let header = ip.header();
        let ends = [header.source_addr(), header.destination_addr()];
        let network = LINK + ip.header().slice().len();
        match packet.transport {
            Some(TransportSlice::Tcp(tcp)) => {
                let raw = &frame[..network + tcp.header_slice().len()];
                self.segment(at, raw, ends, &tcp)
            }
            Some(TransportSlice::Udp(udp)) => {
                let raw = &frame[..network + udp.header_slice().len()];
                Ok(self.datagram(at, raw, ends, &udp))
            }
            _ if ip.is_payload_fragmented() && ip.header().protocol().0 == 17 => {
                // A first fragment: the rest of the datagram has no ports.
                let udp = UdpSlice::from_slice_lax(ip.payload().payload);
                let udp = udp.map_err(|_| Unreadable)?;
                let raw = &frame[..network + udp.header_slice().len()];
                Ok(self.datagram(at, raw, ends, &udp))
            }
            _ => Err(Unreadable),
        }
    }

    /// Whether nothing more is to come: of each connection that began both
    /// FINs are acknowledged, or it was reset. Datagrams have no end.
    pub fn are_over(&self) -> bool {
        self.flows.iter().all(Flow::is_over)
    }

    fn segment(
        &mut self,
        at: Nanos,
        raw: &[u8],
        ends: [Ipv4Addr; 2],
        tcp: &TcpSlice<'_>,
    ) -> Result<Option<Event>, Unreadable> {
        let Some((flow, way)) = self.flow(ends, [tcp.source_port(), tcp.destination_port()]) else {
            return Ok(None);
        };
        if tcp.syn() && !flow.ways[way].begin(tcp) {
            flow.foreign = true;
        }
        if flow.foreign {
            return Ok(None);
        }
        let [mut this, mut other] = flow.ways.each_mut();
        if way == 1 {
            std::mem::swap(&mut this, &mut other);
        }
        let offset = match this.first {
            Some(first) => relative(tcp.sequence_number(), first),
            // Nobody listens: no stream, and the number is 0.
            None if tcp.rst() => Offset(0),
            None => return Err(Unreadable),
        };
        let mut ack = Offset(0);
        if tcp.ack() {
            let first = other.first.ok_or(Unreadable)?;
            ack = relative(tcp.acknowledgment_number(), first);
            other.finished |= other.fin.is_some_and(|fin| ack >= fin);
        }
        let payload = tcp.payload();
        if tcp.fin() {
            this.fin = Some(offset + payload.len() + 1);
        }
        let window = u32::from(tcp.window_size()) << shift(tcp, this, other);
        flow.reset |= tcp.rst();
        let header = Header {
            flags: Flags(raw[raw.len() - tcp.header_slice().len() + 13]),
            ack,
            window,
            mss: mss(tcp),
            gso: None,
            raw: raw.to_vec(),
        };
        let event = Event::new(at, flow.origins[way], Call::Segment);
        Ok(Some(Event {
            offset,
            bytes: payload.to_vec(),
            header: Some(header),
            ..event
        }))
    }

    fn datagram(
        &mut self,
        at: Nanos,
        raw: &[u8],
        ends: [Ipv4Addr; 2],
        udp: &UdpSlice<'_>,
    ) -> Option<Event> {
        let (flow, way) = self.flow(ends, [udp.source_port(), udp.destination_port()])?;
        let bytes = udp.payload().to_vec();
        let offset = flow.ways[way].passed;
        flow.ways[way].passed += bytes.len();
        Some(Event {
            offset,
            bytes,
            header: Some(Header {
                raw: raw.to_vec(),
                ..Header::default()
            }),
            ..Event::new(at, flow.origins[way], Call::Datagram)
        })
    }

    /// Whose packet it is, and which way it went.
    fn flow(&mut self, ends: [Ipv4Addr; 2], ports: [u16; 2]) -> Option<(&mut Flow, usize)> {
        let from = SocketAddrV4::new(ends[0], ports[0]);
        let to = SocketAddrV4::new(ends[1], ports[1]);
        let (opener, way) = match (from == self.server, to == self.server) {
            (false, true) => (from, 0),
            (true, false) => (to, 1),
            _ => return None,
        };
        let flow = self.flows.iter_mut().find(|flow| flow.address == opener)?;
        Some((flow, way))
    }
}

impl Flow {
    fn is_over(&self) -> bool {
        let begun = self.ways[0].first.is_some();
        !begun || self.reset || self.foreign || self.ways.iter().all(|way| way.finished)
    }
}

impl Way {
    /// Takes down what a SYN says; false if the way had begun elsewhere before.
    fn begin(&mut self, syn: &TcpSlice<'_>) -> bool {
        let first = syn.sequence_number().wrapping_add(1);
        if self.first.is_some_and(|known| known != first) {
            return false;
        }
        self.first = Some(first);
        self.scale = syn.options_iterator().find_map(|option| match option {
            Ok(TcpOptionElement::WindowScale(shift)) => Some(shift.min(MAX_SCALE)),
            _ => None,
        });
        true
    }
}

/// Sequence numbers wrap; what is before the first byte of data counts as 0.
fn relative(number: u32, first: u32) -> Offset {
    let distance = number.wrapping_sub(first).cast_signed();
    Offset(u64::from(distance.max(0).unsigned_abs()))
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
