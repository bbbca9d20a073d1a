//! Ethernet frames in, events out: gives each packet its place in its sender's
//! stream.

#[cfg(test)]
mod tests;

use core::net::{IpAddr, SocketAddr};

use etherparse::{LaxNetSlice, LaxSlicedPacket, TcpSlice, TransportSlice, UdpSlice};
use protocol::{Nanos, Offset};

use crate::{Call, Event, Fragment, Header, Link, Network, Origin, Pieces, Sequence};

/// Of an Ethernet header, in bytes.
const LINK: usize = 14;

/// What was seen of the wire between a server and those who connected to it, over
/// IPv4 or IPv6.
#[derive(Debug)]
pub struct Frames {
    server: SocketAddr,
    flows: Vec<Flow>,
    pieces: Pieces<Origin>,
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
    address: SocketAddr,
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
    pub fn new<A: Into<SocketAddr> + Copy>(server: A, openers: &[(A, [Origin; 2])]) -> Self {
        let flow = |&(address, origins): &(A, [Origin; 2])| Flow {
            origins,
            address: address.into(),
            sequence: Sequence::default(),
            passed: Default::default(),
            foreign: false,
        };
        Self {
            server: server.into(),
            flows: openers.iter().map(flow).collect(),
            pieces: Pieces::default(),
        }
    }

    /// The event that an Ethernet frame is, sent `at`; none for packets of
    /// other connections.
    pub fn read(&mut self, at: Nanos, frame: &[u8]) -> Result<Option<Event>, Unreadable> {
        if let Some(network) = Network::of(Link::ETHERNET, frame)
            && let Some(fragment) = network.fragment()
        {
            return self.fragment(at, frame, &network, &fragment);
        }
        let packet = LaxSlicedPacket::from_ethernet(frame).map_err(|_| Unreadable)?;
        let net = packet.net.as_ref().ok_or(Unreadable)?;
        let (ends, headers) = match net {
            LaxNetSlice::Ipv4(ip) => {
                let header = ip.header();
                let ends = [header.source_addr(), header.destination_addr()];
                (ends.map(IpAddr::V4), header.slice().len())
            }
            LaxNetSlice::Ipv6(ip) => {
                let header = ip.header();
                let ends = [header.source_addr(), header.destination_addr()];
                let headers = header.slice().len() + ip.extensions().slice().len();
                (ends.map(IpAddr::V6), headers)
            }
            LaxNetSlice::Arp(_) => return Err(Unreadable),
        };
        let ip = net.ip_payload_ref().ok_or(Unreadable)?;
        // Only a total length of 0 may differ from what was captured: the
        // packet is larger than the field can say.
        if ip.incomplete {
            return Err(Unreadable);
        }
        let network = LINK + headers;
        match packet.transport {
            Some(TransportSlice::Tcp(tcp)) => {
                let raw = &frame[..network + tcp.header_slice().len()];
                self.segment(at, raw, ends, &tcp)
            }
            Some(TransportSlice::Udp(udp)) => {
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
        ends: [IpAddr; 2],
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
        ends: [IpAddr; 2],
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

    /// A part of a datagram.
    fn fragment(
        &mut self,
        at: Nanos,
        frame: &[u8],
        network: &Network<'_>,
        fragment: &Fragment,
    ) -> Result<Option<Event>, Unreadable> {
        let ends = network.addresses().ok_or(Unreadable)?;
        let mut pieces = std::mem::take(&mut self.pieces);
        let found = pieces.place(frame, network, fragment, |ports, length| {
            let (flow, way) = self.flow(ends, ports)?;
            let base = flow.passed[way];
            flow.passed[way] += length;
            Some((flow.origins[way], base))
        });
        self.pieces = pieces;
        let Some(found) = found.map_err(|_| Unreadable)? else {
            return Ok(None);
        };
        Ok(Some(Event {
            offset: found.base + found.piece.offset as usize,
            bytes: found.bytes.to_vec(),
            header: Some(Header {
                fragment: Some(Box::new(found.piece)),
                raw: found.raw.to_vec(),
                ..Header::default()
            }),
            ..Event::new(at, found.key, Call::Datagram)
        }))
    }

    /// Whose packet it is, and which way it went.
    fn flow(&mut self, ends: [IpAddr; 2], ports: [u16; 2]) -> Option<(&mut Flow, usize)> {
        let from = SocketAddr::new(ends[0], ports[0]);
        let to = SocketAddr::new(ends[1], ports[1]);
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
