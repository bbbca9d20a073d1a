//! Ethernet frames in, events out: gives each packet its place in its sender's
//! stream.

#[cfg(test)]
mod tests;

use core::net::{Ipv4Addr, SocketAddrV4};

use etherparse::{LaxNetSlice, LaxSlicedPacket, TcpSlice, TransportSlice, UdpSlice};
use protocol::{Nanos, Offset};

use crate::{Call, Event, Header, Origin, Sequence};

/// Of an Ethernet header, in bytes.
const LINK: usize = 14;

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
    sequence: Sequence,
    /// Bytes of the datagrams so far, each way.
    passed: [Offset; 2],
    /// A second connection uses the opener's port now; it is not of this record.
    foreign: bool,
}

impl Frames {
    /// Between `server` and the openers' addresses, each with the origins of what
    /// the opener and what the acceptor of its connection sends.
    pub fn new(server: SocketAddrV4, openers: &[(SocketAddrV4, [Origin; 2])]) -> Self {
        let flow = |&(address, origins)| Flow {
            origins,
            address,
            sequence: Sequence::default(),
            passed: Default::default(),
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
        flow.foreign |= flow.sequence.is_another(way, tcp);
        if flow.foreign {
            return Ok(None);
        }
        // Where nobody listens there is no stream, and the number is 0.
        let has_place = tcp.syn() || tcp.rst() || flow.sequence.has_begun(way);
        if !has_place || tcp.ack() && !flow.sequence.has_begun(1 - way) {
            return Err(Unreadable);
        }
        let payload = tcp.payload();
        let placed = flow.sequence.place(way, tcp, payload.len());
        let placed = placed.ok_or(Unreadable)?;
        let event = Event::new(at, flow.origins[way], Call::Segment);
        Ok(Some(Event {
            offset: placed.offset,
            bytes: payload.to_vec(),
            header: Some(Header {
                raw: raw.to_vec(),
                ..placed.header
            }),
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
        let offset = flow.passed[way];
        flow.passed[way] += bytes.len();
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
        self.foreign || self.sequence.is_over()
    }
}
