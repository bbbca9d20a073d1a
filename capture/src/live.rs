//! A capture that goes on: frames in, one by one, events out.

use std::collections::BTreeSet;

use protocol::Nanos;
use record::{Call, Connection, ConnectionId, Event, Flags, Link, Network, Party};

use crate::flows::{Flows, Sent};

/// The packets so far of all connections.
#[derive(Debug, Default)]
pub struct Packets {
    flows: Flows,
    /// Connections of which the first packet was seen, and those of which it was not.
    whole: BTreeSet<ConnectionId>,
    partial: BTreeSet<ConnectionId>,
}

/// A frame that is no event: it is cut off, a fragment, neither TCP nor UDP, or there are
/// too many connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

impl Packets {
    /// The event that an Ethernet frame is, sent `at`; none of a TCP connection of which
    /// the beginning was not seen: where its bytes stand in their stream is not known.
    pub fn handle(&mut self, at: Nanos, bytes: &[u8]) -> Result<Option<Event>, Unreadable> {
        let network = Network::of(Link::ETHERNET, bytes).ok_or(Unreadable)?;
        if network.fragment().is_some() {
            return Err(Unreadable);
        }
        let sent = Sent {
            at: at.0,
            link: Link::ETHERNET,
            bytes,
            length: bytes.len(),
            comment: None,
        };
        let event = self.flows.handle(&sent, &network).map_err(|_| Unreadable)?;
        let connection = event.connection;
        let is_known = self.whole.contains(&connection) || self.partial.contains(&connection);
        if !is_known {
            let begins = event.call == Call::Datagram || event.flags().has(Flags::SYN);
            let known = if begins {
                &mut self.whole
            } else {
                &mut self.partial
            };
            known.insert(connection);
        }
        Ok(self.whole.contains(&connection).then_some(event))
    }

    /// The connections whose packets were events, by number.
    pub fn connections(&self) -> impl Iterator<Item = Connection> {
        let all = self.flows.connections();
        all.filter(|connection| self.whole.contains(&connection.connection))
    }

    /// The connection with this number, if its packets were events.
    pub fn connection(&self, connection: ConnectionId) -> Option<Connection> {
        let is_whole = self.whole.contains(&connection);
        self.flows.connection(connection).filter(|_| is_whole)
    }

    /// The hosts so far.
    pub fn parties(&self) -> impl Iterator<Item = Party> {
        self.flows.parties()
    }
}

#[cfg(test)]
mod tests {
    use record::End;

    use super::*;

    /// An Ethernet frame with a TCP segment from one port of loopback to another.
    fn segment(ports: [u16; 2], sequence: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![0; 12];
        frame.extend([8, 0]);
        let length = u16::try_from(40 + payload.len()).unwrap();
        frame.extend([0x45, 0]);
        frame.extend(length.to_be_bytes());
        frame.extend([0, 0, 0x40, 0, 64, 6, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1]);
        frame.extend(ports.map(u16::to_be_bytes).concat());
        frame.extend(sequence.to_be_bytes());
        frame.extend([0, 0, 0, 0, 0x50, flags, 1, 0, 0, 0, 0, 0]);
        frame.extend(payload);
        frame
    }

    #[test]
    fn a_connection_is_seen_from_its_syn_on_or_not_at_all() {
        const SYN: u8 = 2;
        const ACK: u8 = 16;
        let mut packets = Packets::default();
        let mut take = |ports, sequence, flags, payload: &[u8]| {
            let frame = segment(ports, sequence, flags, payload);
            let event = packets.handle(Nanos(1), &frame).unwrap();
            event.map(|event| (event.end, event.offset.0, event.bytes))
        };
        let seen = take([9, 80], 100, SYN, b"").map(|(end, ..)| end);
        assert_eq!(seen, Some(End::Opener));
        let seen = take([80, 9], 500, SYN | ACK, b"").map(|(end, ..)| end);
        assert_eq!(seen, Some(End::Acceptor));
        let expected = (End::Opener, 2, b"hi".to_vec());
        assert_eq!(take([9, 80], 103, ACK, b"hi"), Some(expected));
        assert_eq!(take([8, 80], 103, ACK, b"in the middle"), None);
        assert_eq!(take([8, 80], 900, ACK, b"and on"), None);
        // The same addresses anew.
        assert!(take([8, 80], 7, SYN, b"").is_some());
        assert_eq!(packets.connections().count(), 2);
        for known in packets.connections() {
            assert_eq!(packets.connection(known.connection), Some(known));
        }
        let partial = ConnectionId(1);
        assert_eq!(packets.connection(partial), None, "its SYN was not seen");
        for end in 0..54 {
            let cut = &segment([9, 80], 103, ACK, b"hi")[..end];
            assert_eq!(packets.handle(Nanos(1), cut), Err(Unreadable), "{end}");
        }
    }
}
