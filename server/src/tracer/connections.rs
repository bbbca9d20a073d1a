//! Connections, and which of their ends the sockets of the programs are: the two ends
//! of one are found by their addresses, those of Unix sockets by their numbers.

use std::collections::HashMap;

use kernel::descriptor::Address;
use protocol::Offset;
use record::{
    Calls, Connection, ConnectionId, End, Endpoint, MAX_CONNECTIONS, Observed, Origin, PartyId,
    Transport,
};

use crate::filter::{self, Filter};

/// An end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct At {
    pub(super) connection: ConnectionId,
    pub(super) end: End,
}

/// What is known of an end.
#[derive(Debug)]
struct Side {
    /// Whether it is a socket of a program under trace.
    is_taken: bool,
    party: Option<PartyId>,
    address: Option<Address>,
    calls: Calls,
    /// From which offset on the bytes that it sends were not seen.
    unseen_from: Option<Offset>,
}

#[derive(Debug)]
struct Known {
    transport: Transport,
    opener: Side,
    acceptor: Side,
    is_wanted: bool,
}

impl Known {
    fn side(&mut self, end: End) -> &mut Side {
        match end {
            End::Opener => &mut self.opener,
            End::Acceptor => &mut self.acceptor,
        }
    }
}

/// A socket that is an end of a connection from now on.
#[derive(Clone, Debug)]
pub(super) struct Joining {
    /// Which end it is, if the other one is no socket under trace.
    pub(super) end: End,
    pub(super) transport: Transport,
    pub(super) local: Option<Address>,
    pub(super) peer: Option<Address>,
    /// Of a Unix stream: the number of the opener's socket.
    pub(super) opener: Option<u64>,
}

/// All connections so far.
#[derive(Debug, Default)]
pub(super) struct Connections {
    all: Vec<Known>,
    filter: Filter,
    /// Bytes that are kept of each call; none: all.
    snap: Option<u32>,
    /// By the end's own address and its peer's.
    streams: HashMap<(Address, Address), At>,
    /// By the number of the opener's socket.
    unix: HashMap<u64, At>,
    /// By both ports, the lower one first.
    datagrams: HashMap<(u16, u16), Vec<ConnectionId>>,
}

impl Connections {
    pub(super) fn new(filter: Filter, snap: Option<u32>) -> Self {
        Self {
            filter,
            snap,
            ..Self::default()
        }
    }

    /// The end that a socket is: the other end of a connection that is known, or one of a
    /// new connection; none if there are as many as may be.
    pub(super) fn join(&mut self, socket: &Joining) -> Option<At> {
        let at = match self.other(socket) {
            Some(other) => {
                let at = At {
                    connection: other.connection,
                    end: other.end.other(),
                };
                let side = self.side(at);
                side.is_taken = true;
                // What the kernel says of the socket itself is exact.
                if socket.local.is_some() {
                    side.address.clone_from(&socket.local);
                }
                at
            }
            None => self.add(socket)?,
        };
        match (&socket.local, &socket.peer, socket.opener) {
            (_, _, Some(number)) => drop(self.unix.insert(number, at)),
            (Some(local), Some(peer), None) if socket.transport == Transport::Tcp => {
                self.streams.insert((local.clone(), peer.clone()), at);
            }
            _ => {}
        }
        Some(at)
    }

    /// The end of a known connection whose other end the socket is.
    fn other(&mut self, socket: &Joining) -> Option<At> {
        let found = match socket.transport {
            Transport::Unix => {
                let found = self.unix.get(&socket.opener?).copied();
                // The number may be that of an earlier socket.
                found.filter(|found| found.end != socket.end)
            }
            Transport::Tcp => {
                let key = (socket.peer.clone()?, socket.local.clone()?);
                self.streams.get(&key).copied()
            }
            Transport::Udp => return self.other_of_datagrams(socket),
        }?;
        let other = At {
            connection: found.connection,
            end: found.end.other(),
        };
        (!self.side(other).is_taken).then_some(found)
    }

    /// A socket of datagrams may be bound to all addresses of the machine: then the port
    /// has to do.
    fn other_of_datagrams(&self, socket: &Joining) -> Option<At> {
        let (local, peer) = (socket.local.as_ref()?, socket.peer.as_ref()?);
        let candidates = self.datagrams.get(&ports(local, peer)?)?;
        let mut found = candidates.iter().rev().filter_map(|&connection| {
            let known = self.all.get(connection.0 as usize - 1)?;
            let (end, taken, free) = match (known.opener.is_taken, known.acceptor.is_taken) {
                (true, false) => (End::Opener, &known.opener, &known.acceptor),
                (false, true) => (End::Acceptor, &known.acceptor, &known.opener),
                _ => return None,
            };
            let theirs = [taken.address.as_ref()?, free.address.as_ref()?];
            let is_it = is_within(peer, theirs[0]) && is_within(theirs[1], local);
            is_it.then_some(At { connection, end })
        });
        found.next()
    }

    fn add(&mut self, socket: &Joining) -> Option<At> {
        if self.all.len() >= MAX_CONNECTIONS {
            return None;
        }
        let connection = ConnectionId(u32::try_from(self.all.len() + 1).ok()?);
        let side = |end| {
            let is_taken = end == socket.end;
            Side {
                is_taken,
                party: None,
                address: if is_taken {
                    socket.local.clone()
                } else {
                    socket.peer.clone()
                },
                // The party of an event is that of the call.
                calls: Calls::new(
                    Origin {
                        party: PartyId(0),
                        connection,
                        end,
                    },
                    self.snap,
                ),
                unseen_from: None,
            }
        };
        let ends = [&socket.local, &socket.peer];
        let addresses: Vec<_> = ends.into_iter().flatten().map(named).collect();
        self.all.push(Known {
            transport: socket.transport,
            opener: side(End::Opener),
            acceptor: side(End::Acceptor),
            is_wanted: self.filter.wants(socket.transport, &addresses),
        });
        if let (Transport::Udp, Some(local), Some(peer)) =
            (socket.transport, &socket.local, &socket.peer)
            && let Some(ports) = ports(local, peer)
        {
            self.datagrams.entry(ports).or_default().push(connection);
        }
        Some(At {
            connection,
            end: socket.end,
        })
    }

    fn known(&mut self, connection: ConnectionId) -> &mut Known {
        // Numbers are given out in `add` alone.
        &mut self.all[connection.0 as usize - 1]
    }

    fn side(&mut self, at: At) -> &mut Side {
        self.known(at.connection).side(at.end)
    }

    /// Whether not all connections are to be recorded.
    pub(super) fn is_filtered(&self) -> bool {
        !self.filter.0.is_empty()
    }

    /// Whether a connection is to be recorded.
    pub(super) fn is_wanted(&mut self, connection: ConnectionId) -> bool {
        self.known(connection).is_wanted
    }

    /// Whether its ends were made as a pair (socketpair(2)), which have no addresses.
    pub(super) fn is_pair(&mut self, connection: ConnectionId) -> bool {
        let known = self.known(connection);
        let has_none = |side: &Side| side.address.is_none();
        known.transport == Transport::Unix && has_none(&known.opener) && has_none(&known.acceptor)
    }

    /// The calls at an end, which count its offsets.
    pub(super) fn calls(&mut self, at: At) -> &mut Calls {
        &mut self.side(at).calls
    }

    /// A party made a call at an end. Returns the connection as it is now, if that is
    /// news.
    pub(super) fn note_party(&mut self, at: At, party: PartyId) -> Option<Connection> {
        let side = self.side(at);
        if side.party.is_some() {
            return None;
        }
        side.party = Some(party);
        Some(self.connection(at.connection))
    }

    /// A connection as a fact.
    fn connection(&mut self, connection: ConnectionId) -> Connection {
        let known = self.known(connection);
        let is_tcp = known.transport == Transport::Tcp;
        let endpoint = |side: &Side| Endpoint {
            party: side.party,
            address: side.address.as_ref().map(text),
            observed: Observed {
                calls: side.is_taken,
                queues: side.is_taken && is_tcp,
                ..Observed::default()
            },
        };
        Connection {
            connection,
            transport: known.transport,
            opener: endpoint(&known.opener),
            acceptor: endpoint(&known.acceptor),
        }
    }

    /// What an end sends from `offset` on was not seen.
    pub(super) fn lose(&mut self, sender: At, offset: Offset) {
        let unseen = &mut self.side(sender).unseen_from;
        *unseen = Some(unseen.map_or(offset, |before| before.min(offset)));
    }

    /// From where on what an end sends was not seen, if anything was not.
    pub(super) fn unseen_from(&mut self, sender: At) -> Option<Offset> {
        self.side(sender).unseen_from
    }
}

/// Whether `address` is `socket`'s, which may be bound to all addresses.
fn is_within(address: &Address, socket: &Address) -> bool {
    match (address, socket) {
        (Address::Internet(address), Address::Internet(socket)) => {
            let is_any = socket.ip().is_unspecified() || address.ip().is_unspecified();
            address.port() == socket.port() && (is_any || address.ip() == socket.ip())
        }
        _ => address == socket,
    }
}

fn ports(one: &Address, other: &Address) -> Option<(u16, u16)> {
    let (Address::Internet(one), Address::Internet(other)) = (one, other) else {
        return None;
    };
    let (one, other) = (one.port(), other.port());
    Some((one.min(other), one.max(other)))
}

/// An address as `--only` knows it.
fn named(address: &Address) -> filter::Address<'_> {
    match address {
        Address::Internet(address) => filter::Address::Internet(*address),
        Address::Unix(name) => filter::Address::Unix(name),
    }
}

/// An address as people write it; an abstract name of unix(7) begins with `@`.
fn text(address: &Address) -> String {
    match address {
        Address::Internet(address) => address.to_string(),
        Address::Unix(name) => match name.strip_prefix(&[0]) {
            Some(name) => format!("@{}", String::from_utf8_lossy(name)),
            None => String::from_utf8_lossy(name).into_owned(),
        },
    }
}
