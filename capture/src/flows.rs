//! Which connection a packet is of, and where in its sender's stream it stands.

use core::net::{IpAddr, SocketAddr};
use std::collections::BTreeMap;

use etherparse::{LaxNetSlice, TcpSlice, TransportSlice, UdpSlice};
use protocol::{Nanos, Offset};
use record::{
    Call, Connection, ConnectionId, End, Endpoint, Event, Fragment, Header, Link, MAX_CONNECTIONS,
    MAX_PARTIES, Network, Observed, Origin, Party, PartyId, Pieces, Sequence, Transport,
};

/// Longest payload that is believed in of a packet whose length stands in no header of
/// its own, in bytes: twice what Linux sends at most (BIG TCP).
const LARGEST: usize = 1 << 20;

/// When nothing was seen on an interface for so long, in nanoseconds, packets are taken from
/// another one.
const SILENCE: u64 = 1_000_000_000;

/// TCP and UDP among the protocols of IP.
const TCP: u8 = 6;
const UDP: u8 = 17;

/// The connections that packets are of.
#[derive(Debug, Default)]
pub(crate) struct Flows {
    all: Vec<Flow>,
    /// The latest connection between two addresses, the lower one first.
    latest: BTreeMap<(Transport, [SocketAddr; 2]), usize>,
    hosts: BTreeMap<IpAddr, PartyId>,
    /// Of each interface by itself: what is seen on several has the same number on all.
    pieces: BTreeMap<Option<u32>, Pieces<Fragmented>>,
}

/// What a datagram in fragments is of: the connection, sender and receiver, and whether it is
/// taken from the interface on which they were seen.
type Fragmented = (usize, [SocketAddr; 2], bool);

/// A connection.
#[derive(Debug)]
struct Flow {
    transport: Transport,
    /// The opener's address, then the acceptor's.
    ends: [SocketAddr; 2],
    sequence: Sequence,
    /// Bytes of the datagrams so far, each way.
    passed: [Offset; 2],
    /// The interface that the packets of each way are taken from, and when the last one was
    /// seen there: the first one that they were seen on. On a bridge, a VLAN or a bond each is
    /// seen on others, too. After a change of routes they go another way.
    interfaces: [Option<(u32, u64)>; 2],
}

/// A frame with an IP packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent<'a> {
    pub(crate) at: u64,
    pub(crate) link: Link,
    /// What was captured of it.
    pub(crate) bytes: &'a [u8],
    /// How many bytes it had.
    pub(crate) length: usize,
    pub(crate) comment: Option<&'a str>,
    /// The interface that it was seen on, if there may be others on which it is seen again.
    pub(crate) interface: Option<u32>,
}

/// Why a packet is no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Skipped {
    /// It is neither TCP nor UDP.
    Other,
    /// Its headers are cut off, or make no sense.
    Unreadable,
    /// There are more connections or hosts than a record may have.
    LeftOut,
    /// It was seen on another interface than the one that such packets are taken from.
    Elsewhere,
}

impl Flows {
    /// The event that a packet is.
    pub(crate) fn handle(
        &mut self,
        sent: &Sent<'_>,
        network: &Network<'_>,
    ) -> Result<Event, Skipped> {
        let addresses = network.addresses().ok_or(Skipped::Other)?;
        match network.transport() {
            Some(TransportSlice::Tcp(tcp)) => {
                let ports = [tcp.source_port(), tcp.destination_port()];
                self.segment(sent, network, ends(addresses, ports), tcp)
            }
            Some(TransportSlice::Udp(udp)) => {
                let ports = [udp.source_port(), udp.destination_port()];
                self.datagram(sent, network, ends(addresses, ports), udp)
            }
            Some(_) => Err(Skipped::Other),
            None => Err(
                match network.header().and_then(LaxNetSlice::ip_payload_ref) {
                    Some(payload) if matches!(payload.ip_number.0, TCP | UDP) => {
                        Skipped::Unreadable
                    }
                    _ => Skipped::Other,
                },
            ),
        }
    }

    fn segment(
        &mut self,
        sent: &Sent<'_>,
        network: &Network<'_>,
        ends: [SocketAddr; 2],
        tcp: &TcpSlice<'_>,
    ) -> Result<Event, Skipped> {
        let known = self.latest.get(&key(Transport::Tcp, ends)).copied();
        let known = known.filter(|&known| {
            let flow = &self.all[known];
            !flow.sequence.is_another(flow.way(ends), tcp)
        });
        let at = match known {
            Some(at) => at,
            // A SYN that is answered was sent by the other end.
            None if tcp.syn() && tcp.ack() => self.open(Transport::Tcp, [ends[1], ends[0]])?,
            None => self.open(Transport::Tcp, ends)?,
        };
        let head = network.transport_at() + tcp.header_slice().len();
        let whole = network.end(sent.length).saturating_sub(head);
        let whole = whole.min(LARGEST).max(tcp.payload().len());
        let flow = &mut self.all[at];
        let way = flow.way(ends);
        if !flow.is_taken(way, sent) {
            return Err(Skipped::Elsewhere);
        }
        if whole > 0 || tcp.fin() {
            flow.sequence.begin(way, tcp);
        }
        let placed = flow.sequence.place(way, tcp, whole);
        let placed = placed.ok_or(Skipped::Unreadable)?;
        let bytes = tcp.payload().get(placed.before..).unwrap_or_default();
        let whole = whole.saturating_sub(placed.before);
        let mut header = placed.header;
        complete(&mut header, sent, head, bytes, whole);
        let event = self.event(sent, at, ends, Call::Segment)?;
        Ok(Event {
            offset: placed.offset,
            bytes: bytes.to_vec(),
            header: Some(header),
            ..event
        })
    }

    fn datagram(
        &mut self,
        sent: &Sent<'_>,
        network: &Network<'_>,
        ends: [SocketAddr; 2],
        udp: &UdpSlice<'_>,
    ) -> Result<Event, Skipped> {
        let at = self.exchange(ends)?;
        let head = network.transport_at() + udp.header_slice().len();
        let bytes = udp.payload();
        // A length of 0 is that of a packet that is longer than the field can say.
        let whole = usize::from(udp.length()).saturating_sub(udp.header_slice().len());
        let whole = whole.max(bytes.len());
        let flow = &mut self.all[at];
        let way = flow.way(ends);
        if !flow.is_taken(way, sent) {
            return Err(Skipped::Elsewhere);
        }
        let offset = flow.pass(way, whole);
        let mut header = Header::default();
        complete(&mut header, sent, head, bytes, whole);
        let event = self.event(sent, at, ends, Call::Datagram)?;
        Ok(Event {
            offset,
            bytes: bytes.to_vec(),
            header: Some(header),
            ..event
        })
    }

    /// The event that a fragment of a datagram is.
    pub(crate) fn fragment(
        &mut self,
        sent: &Sent<'_>,
        network: &Network<'_>,
        fragment: &Fragment,
    ) -> Result<Event, Skipped> {
        if !matches!(fragment.next_header, TCP | UDP) {
            return Err(Skipped::Other);
        }
        let addresses = network.addresses().ok_or(Skipped::Other)?;
        let mut pieces = self.pieces.remove(&sent.interface).unwrap_or_default();
        let found = pieces.place(sent.bytes, network, fragment, |ports, length| {
            let ends = ends(addresses, ports);
            let at = self.exchange(ends).ok()?;
            let flow = &mut self.all[at];
            let way = flow.way(ends);
            let is_taken = flow.is_taken(way, sent);
            let base = flow.pass(way, if is_taken { length } else { 0 });
            Some(((at, ends, is_taken), base))
        });
        self.pieces.insert(sent.interface, pieces);
        let found = found.map_err(|_| Skipped::Unreadable)?;
        let found = found.ok_or(Skipped::LeftOut)?;
        let (at, ends, is_taken) = found.key;
        if !is_taken {
            return Err(Skipped::Elsewhere);
        }
        let event = self.event(sent, at, ends, Call::Datagram)?;
        Ok(Event {
            offset: found.base + found.piece.offset as usize,
            bytes: found.bytes.to_vec(),
            header: Some(Header {
                fragment: Some(Box::new(found.piece)),
                link: sent.link,
                raw: found.raw.to_vec(),
                ..Header::default()
            }),
            ..event
        })
    }

    /// What goes by UDP between these addresses.
    fn exchange(&mut self, ends: [SocketAddr; 2]) -> Result<usize, Skipped> {
        let known = self.latest.get(&key(Transport::Udp, ends)).copied();
        known.map_or_else(|| self.open(Transport::Udp, ends), Ok)
    }

    /// A new connection, the latest one between these addresses from now on.
    fn open(&mut self, transport: Transport, ends: [SocketAddr; 2]) -> Result<usize, Skipped> {
        let at = self.all.len();
        let new = ends
            .iter()
            .filter(|end| !self.hosts.contains_key(&end.ip()));
        if at >= MAX_CONNECTIONS || self.hosts.len() + new.count() > MAX_PARTIES {
            return Err(Skipped::LeftOut);
        }
        for end in ends {
            let next = PartyId(u32::try_from(self.hosts.len()).unwrap_or(u32::MAX));
            self.hosts.entry(end.ip()).or_insert(next);
        }
        self.all.push(Flow {
            transport,
            ends,
            sequence: Sequence::default(),
            passed: [Offset(0); 2],
            interfaces: [None; 2],
        });
        self.latest.insert(key(transport, ends), at);
        Ok(at)
    }

    /// What is to be said of a packet of the connection with this index beside what
    /// its headers say.
    fn event(
        &self,
        sent: &Sent<'_>,
        at: usize,
        ends: [SocketAddr; 2],
        call: Call,
    ) -> Result<Event, Skipped> {
        let party = self.hosts.get(&ends[0].ip()).copied();
        let origin = Origin {
            party: party.ok_or(Skipped::LeftOut)?,
            connection: id(at),
            end: End::ALL[self.all[at].way(ends)],
        };
        Ok(Event::new(Nanos(sent.at), origin, call))
    }

    /// The connections, by number.
    pub(crate) fn connections(&self) -> impl Iterator<Item = Connection> {
        let all = self.all.iter().enumerate();
        all.map(|(at, flow)| flow.connection(id(at)))
    }

    /// The connection with this number.
    pub(crate) fn connection(&self, connection: ConnectionId) -> Option<Connection> {
        let flow = self.all.get(connection.0 as usize)?;
        Some(flow.connection(connection))
    }

    /// Whether nothing more is to come of TCP connections.
    pub(crate) fn are_over(&self) -> bool {
        let mut streams = self.all.iter();
        streams.all(|flow| flow.transport != Transport::Tcp || flow.sequence.is_over())
    }

    /// The hosts that sent packets or were sent some.
    pub(crate) fn parties(&self) -> impl Iterator<Item = Party> {
        let hosts = self.hosts.iter();
        hosts.map(|(host, &party)| Party::new(party, host.to_string()))
    }
}

impl Flow {
    fn connection(&self, connection: ConnectionId) -> Connection {
        let [opener, acceptor] = self.ends.map(|address| Endpoint {
            party: None,
            address: Some(address.to_string()),
            observed: Observed {
                packets: true,
                ..Observed::default()
            },
        });
        Connection {
            connection,
            transport: self.transport,
            opener,
            acceptor,
        }
    }

    /// 0 for what the opener sends, 1 for what the acceptor sends.
    fn way(&self, ends: [SocketAddr; 2]) -> usize {
        usize::from(self.ends[0] != ends[0])
    }

    /// Whether a packet of a way is taken from where it was seen. What is seen elsewhere is not
    /// to change anything: it is not to be counted twice.
    fn is_taken(&mut self, way: usize, sent: &Sent<'_>) -> bool {
        let Some(seen_on) = sent.interface else {
            return true;
        };
        let (interface, last) = self.interfaces[way].get_or_insert((seen_on, sent.at));
        let is_taken = *interface == seen_on || sent.at >= last.saturating_add(SILENCE);
        if is_taken {
            (*interface, *last) = (seen_on, sent.at.max(*last));
        }
        is_taken
    }

    /// The offset of a datagram, which is counted.
    fn pass(&mut self, way: usize, length: usize) -> Offset {
        let passed = &mut self.passed[way];
        let offset = *passed;
        *passed += length;
        offset
    }
}

fn id(at: usize) -> ConnectionId {
    ConnectionId(u32::try_from(at).unwrap_or(u32::MAX))
}

fn ends(addresses: [IpAddr; 2], ports: [u16; 2]) -> [SocketAddr; 2] {
    [0, 1].map(|end| SocketAddr::new(addresses[end], ports[end]))
}

/// The same for both directions.
fn key(transport: Transport, mut ends: [SocketAddr; 2]) -> (Transport, [SocketAddr; 2]) {
    ends.sort_unstable();
    (transport, ends)
}

/// Adds to `header` what was captured up to `head`, of a payload of `whole` bytes of
/// which these were captured.
fn complete(header: &mut Header, sent: &Sent<'_>, head: usize, bytes: &[u8], whole: usize) {
    let length = Some(whole).filter(|&whole| whole > bytes.len());
    header.length = length.map(|length| u32::try_from(length).unwrap_or(u32::MAX));
    header.link = sent.link;
    header.comment = sent.comment.map(Box::from);
    header.raw = sent.bytes.get(..head).unwrap_or_default().to_vec();
}
