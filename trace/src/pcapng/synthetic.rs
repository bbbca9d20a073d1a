//! Packets made up from the calls, for a run whose wire was not captured:
//! a handshake for each connection, a segment for each send, a FIN for each
//! end. What the kernel merged, split or acknowledged is not in them.

use super::comment;
use super::headers::{
    self, Address, Endpoint, LARGEST_DATAGRAM, LARGEST_SEGMENT, Payload, Segment,
};
use crate::lane::Lane;
use crate::rows::Passage;
use crate::{Analysis, Call, End, Event, Flags, Trace};
use protocol::Offset;
use record::Transport;

/// Port of the first opener: the first of the dynamic ones (RFC 6335, 6).
const FIRST_PORT: u16 = 49_152;
/// Where an acceptor of unknown address is said to listen (discard, RFC 863).
const UNPLANNED: &str = "127.0.0.1:9";

const NOTHING: Payload<'static> = Payload {
    kept: &[],
    length: 0,
};

/// At most `most` bytes of an event, from its byte number `from` on.
fn part(event: &Event, from: usize, most: usize) -> Payload<'_> {
    let length = (event.len() - from).min(most);
    let kept = event.bytes.get(from..).unwrap_or_default();
    Payload {
        kept: &kept[..kept.len().min(length)],
        length,
    }
}

/// A packet that never was.
pub(super) struct Made<'a> {
    /// Nanoseconds since the start of the run.
    pub(super) at: u64,
    pub(super) headers: Vec<u8>,
    pub(super) payload: Payload<'a>,
    pub(super) comment: Option<String>,
}

/// Hands the packets of the run to `each`, by time.
pub(super) fn packets<'a>(trace: &'a Trace, analysis: &Analysis, each: &mut dyn FnMut(Made<'a>)) {
    let mut connections: Vec<_> = trace
        .connections
        .iter()
        .enumerate()
        .map(|(index, connection)| Connection {
            ends: ends(trace, connection, index),
            next: [0, 0],
            open: false,
            ended: [false, false],
        })
        .collect();
    for (index, event) in trace.events().iter().enumerate() {
        let found = trace
            .connections
            .binary_search_by_key(&event.connection, |c| c.connection);
        let (None, Ok(at)) = (&event.error, found) else {
            continue;
        };
        let connection = &mut connections[at];
        match trace.connections[at].transport {
            Transport::Udp if event.call == Call::Send => {
                each(datagram(trace, analysis, index, event, connection));
            }
            Transport::Udp => {}
            Transport::Tcp | Transport::Unix => {
                let lane = analysis.lane_of(event);
                connection.handle(trace, lane, index, event, each);
            }
        }
    }
}

/// The ends of the connection with this index: the opener's, then the
/// acceptor's. An address that is not known, or is none of IPv4 and not ::1, is made up.
fn ends(trace: &Trace, connection: &record::Connection, index: usize) -> [Endpoint; 2] {
    let known = |end: End| -> Option<Endpoint> { endpoint(connection.end(end).address.as_ref()?) };
    // Within the dynamic ones, whatever the index.
    let ports = usize::from(u16::MAX - FIRST_PORT);
    let number = u16::try_from(index % ports).unwrap_or_default();
    let opener = Endpoint {
        address: Address::V4([127, 0, 0, 1]),
        port: FIRST_PORT + number,
    };
    [
        known(End::Opener).unwrap_or(opener),
        known(End::Acceptor).unwrap_or_else(|| server(trace)),
    ]
}

/// The default address of the system that the plan names, so that programs
/// that know its port know its protocol; without a plan the discard port.
pub(super) fn server(trace: &Trace) -> Endpoint {
    let system = trace.plan.as_ref().map(|plan| plan.system);
    let address = system.map_or(UNPLANNED, protocol::System::default_address);
    endpoint(address).unwrap_or(Endpoint {
        address: Address::V4([127, 0, 0, 1]),
        port: 0,
    })
}

/// An IPv4 address and a port, as in `127.0.0.1:8000`, or `[::1]` and a port: what else IPv6
/// has is not worth a reader in the page's program.
fn endpoint(address: &str) -> Option<Endpoint> {
    if let Some(port) = address.strip_prefix("[::1]:") {
        let mut loopback = [0; 16];
        loopback[15] = 1;
        return Some(Endpoint {
            address: Address::V6(loopback),
            port: port.parse().ok()?,
        });
    }
    let (host, port) = address.split_once(':')?;
    let mut bytes = [0; 4];
    let mut parts = host.split('.');
    for byte in &mut bytes {
        *byte = parts.next()?.parse().ok()?;
    }
    let port = port.parse().ok()?;
    parts.next().is_none().then_some(Endpoint {
        address: Address::V4(bytes),
        port,
    })
}

/// Both ends of a connection, the client's first.
struct Connection {
    ends: [Endpoint; 2],
    /// Each end's next sequence number.
    next: [u32; 2],
    open: bool,
    /// Which ends have sent their FIN.
    ended: [bool; 2],
}

impl Connection {
    fn handle<'a>(
        &mut self,
        trace: &Trace,
        lane: Option<&Lane>,
        index: usize,
        event: &'a Event,
        each: &mut dyn FnMut(Made<'a>),
    ) {
        let side = usize::from(event.end == End::Acceptor);
        let at = event.at.0;
        match event.call {
            Call::Connect | Call::Accept => self.open(at, each),
            Call::Send if !event.is_empty() => {
                self.open(at, each);
                let number = lane.and_then(|lane| {
                    let found = lane.sends.binary_search_by_key(&index, |send| send.event);
                    Some((lane, found.ok()?))
                });
                let mut done = 0;
                // How many bytes there were is what a file says: of those that were not kept
                // there is one packet at most, and then a gap.
                while done < event.len() && (done == 0 || done < event.bytes.len()) {
                    let payload = part(event, done, LARGEST_SEGMENT);
                    let comment = number.map(|(lane, number)| {
                        let start = lane.sends[number].start + done;
                        let range = start..Offset(start.0) + payload.length;
                        let passage = Passage {
                            sends: number..number + 1,
                            ..Passage::of_stretch(lane, range)
                        };
                        comment::segment(trace, lane, &passage)
                    });
                    done += payload.length;
                    let flags = Flags(Flags::PSH.0 | Flags::ACK.0);
                    self.put(side, flags, at, payload, comment, each);
                }
                let rest = u32::try_from(event.len() - done).unwrap_or(u32::MAX);
                self.next[side] = self.next[side].wrapping_add(rest);
            }
            Call::Shutdown | Call::Close if self.open && !self.ended[side] => {
                self.ended[side] = true;
                self.put(
                    side,
                    Flags(Flags::FIN.0 | Flags::ACK.0),
                    at,
                    NOTHING,
                    None,
                    each,
                );
                if self.ended == [true, true] {
                    self.put(1 - side, Flags::ACK, at, NOTHING, None, each);
                }
            }
            _ => {}
        }
    }

    /// The handshake, if there was none yet.
    fn open<'a>(&mut self, at: u64, each: &mut dyn FnMut(Made<'a>)) {
        if !self.open {
            self.open = true;
            let granted = Flags(Flags::SYN.0 | Flags::ACK.0);
            self.put(0, Flags::SYN, at, NOTHING, None, each);
            self.put(1, granted, at, NOTHING, None, each);
            self.put(0, Flags::ACK, at, NOTHING, None, each);
        }
    }

    fn put<'a>(
        &mut self,
        side: usize,
        flags: Flags,
        at: u64,
        payload: Payload<'a>,
        comment: Option<String>,
        each: &mut dyn FnMut(Made<'a>),
    ) {
        let (from, to) = (self.ends[side], self.ends[1 - side]);
        let acked = flags.has(Flags::ACK);
        let segment = Segment {
            sequence: self.next[side],
            ack: if acked { self.next[1 - side] } else { 0 },
            flags,
        };
        let headers = headers::segment(from, to, segment, payload);
        let counted = flags.has(Flags::SYN) || flags.has(Flags::FIN);
        let length = u32::try_from(payload.length).unwrap_or(0) + u32::from(counted);
        self.next[side] = self.next[side].wrapping_add(length);
        each(Made {
            at,
            headers,
            payload,
            comment,
        });
    }
}

fn datagram<'a>(
    trace: &Trace,
    analysis: &Analysis,
    index: usize,
    event: &'a Event,
    connection: &Connection,
) -> Made<'a> {
    let side = usize::from(event.end == End::Acceptor);
    let (from, to) = (connection.ends[side], connection.ends[1 - side]);
    let payload = part(event, 0, LARGEST_DATAGRAM);
    let comment = analysis.lane_of(event).and_then(|lane| {
        let send = lane.sends.binary_search_by_key(&index, |send| send.event);
        let send = send.ok()?;
        let passage = Passage::of_datagram(lane, send, lane.fate(send));
        Some(comment::datagram(trace, lane, &passage))
    });
    Made {
        at: event.at.0,
        headers: headers::datagram(from, to, payload),
        payload,
        comment,
    }
}
