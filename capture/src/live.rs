//! A capture that goes on: frames in, one by one, events out.

use std::collections::BTreeSet;

use protocol::Nanos;
use record::{Call, Connection, ConnectionId, Event, Flags, Link, Network, Party};

use crate::flows::{Flows, Sent, Skipped};

/// The packets so far of all connections.
#[derive(Debug, Default)]
pub struct Packets {
    flows: Flows,
    /// Connections of which the first packet was seen, and those of which it was not.
    whole: BTreeSet<ConnectionId>,
    partial: BTreeSet<ConnectionId>,
}

/// A frame that should be an event and is none: it is cut off, a fragment whose datagram is
/// not known, or there are too many connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

impl Packets {
    /// The event that an Ethernet frame is, sent `at` and seen on the interface of that number.
    ///
    /// None of what is neither TCP nor UDP; of a TCP connection of which the beginning was not
    /// seen: where its bytes stand in their stream is not known; and of what is seen on another
    /// interface than the packets that way of its connection of the last second.
    pub fn handle(
        &mut self,
        at: Nanos,
        interface: u32,
        bytes: &[u8],
    ) -> Result<Option<Event>, Unreadable> {
        let network = Network::of(Link::ETHERNET, bytes).ok_or(Unreadable)?;
        let sent = Sent {
            at: at.0,
            link: Link::ETHERNET,
            bytes,
            length: bytes.len(),
            comment: None,
            interface: Some(interface),
        };
        let handled = match network.fragment() {
            Some(fragment) => self.flows.fragment(&sent, &network, &fragment),
            None => self.flows.handle(&sent, &network),
        };
        let event = match handled {
            Ok(event) => event,
            Err(Skipped::Other | Skipped::Elsewhere) => return Ok(None),
            Err(Skipped::Unreadable | Skipped::LeftOut) => return Err(Unreadable),
        };
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

    /// Whether nothing more is to come of TCP connections: of each both FINs are
    /// acknowledged, or it was reset.
    pub fn are_over(&self) -> bool {
        self.flows.are_over()
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

    /// An Ethernet frame with a datagram from one port of loopback to another, or with a
    /// fragment of it: where that begins, and whether others follow.
    fn datagram(
        number: u16,
        ports: [u16; 2],
        payload: &[u8],
        part: Option<(u16, bool)>,
    ) -> Vec<u8> {
        let mut packet = ports.map(u16::to_be_bytes).concat();
        packet.extend(u16::try_from(8 + payload.len()).unwrap().to_be_bytes());
        packet.extend([0, 0]);
        packet.extend(payload);
        let (start, more) = part.unwrap_or_default();
        let start = usize::from(start);
        let end = if more { start + 16 } else { packet.len() };
        let part = &packet[start..end];
        let mut frame = vec![0; 12];
        frame.extend([8, 0, 0x45, 0]);
        frame.extend(u16::try_from(20 + part.len()).unwrap().to_be_bytes());
        frame.extend(number.to_be_bytes());
        let field = (start / 8) | if more { 0x2000 } else { 0 };
        frame.extend(u16::try_from(field).unwrap().to_be_bytes());
        frame.extend([64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1]);
        frame.extend(part);
        frame
    }

    #[test]
    fn what_is_seen_on_several_interfaces_is_counted_once() {
        let mut packets = Packets::default();
        let mut take = |interface, frame: &[u8]| {
            let event = packets.handle(Nanos(1), interface, frame).unwrap();
            event.map(|event| (event.end, event.offset.0, event.bytes))
        };
        let there = |number, payload| datagram(number, [9, 53], payload, None);
        let back = |number, payload| datagram(number, [53, 9], payload, None);
        let part =
            |number, at, more| datagram(number, [9, 53], b"0123456789abcdefghij", Some((at, more)));
        let opener = |offset, bytes: &[u8]| Some((End::Opener, offset, bytes.to_vec()));
        let acceptor = |offset, bytes: &[u8]| Some((End::Acceptor, offset, bytes.to_vec()));
        assert_eq!(take(3, &there(1, b"one")), opener(0, b"one"));
        assert_eq!(take(4, &there(1, b"one")), None);
        assert_eq!(take(3, &there(2, b"three")), opener(3, b"three"));
        assert_eq!(take(4, &there(2, b"three")), None);
        // The other way round: what comes in is seen on the port of a bridge first.
        assert_eq!(take(4, &back(3, b"back")), acceptor(0, b"back"));
        assert_eq!(take(3, &back(3, b"back")), None);
        assert_eq!(take(4, &back(4, b"again")), acceptor(4, b"again"));
        // Whatever the order in which fragments come.
        assert_eq!(take(4, &part(5, 0, true)), None);
        assert_eq!(take(3, &part(5, 0, true)), opener(8, b"01234567"));
        assert_eq!(take(4, &part(5, 16, false)), None);
        assert_eq!(take(3, &part(5, 16, false)), opener(16, b"89abcdefghij"));
        assert_eq!(take(3, &part(6, 0, true)), opener(28, b"01234567"));
        assert_eq!(take(4, &part(6, 0, true)), None);
        assert_eq!(take(3, &part(6, 16, false)), opener(36, b"89abcdefghij"));
        assert_eq!(take(4, &part(6, 16, false)), None);
        assert_eq!(take(3, &there(7, b"last")), opener(48, b"last"));
    }

    #[test]
    fn another_interface_takes_the_place_of_one_that_is_silent() {
        let mut packets = Packets::default();
        let mut take = |at, interface, frame: &[u8]| {
            let event = packets.handle(Nanos(at), interface, frame).unwrap();
            event.map(|event| (event.offset.0, event.bytes))
        };
        let whole = |number, payload| datagram(number, [9, 53], payload, None);
        let part = |at, more| datagram(3, [9, 53], b"0123456789abcdefghij", Some((at, more)));
        let second = 1_000_000_000;
        assert_eq!(take(0, 3, &whole(1, b"one")), Some((0, b"one".to_vec())));
        assert_eq!(take(1, 4, &whole(1, b"one")), None);
        // The last time that it was seen there counts, whatever the order in which they come.
        assert_eq!(take(9, 3, &whole(2, b"two")), Some((3, b"two".to_vec())));
        assert_eq!(take(8, 3, &whole(2, b"2")), Some((6, b"2".to_vec())));
        assert_eq!(take(second + 8, 4, &whole(2, b"two")), None);
        // A datagram that is not taken is not taken in part either.
        assert_eq!(take(second + 8, 4, &part(0, true)), None);
        assert_eq!(take(second + 9, 4, &part(16, false)), None);
        let there = Some((7, b"there".to_vec()));
        assert_eq!(take(second + 9, 4, &whole(4, b"there")), there);
        assert_eq!(take(second + 10, 3, &whole(4, b"there")), None);
        let back = Some((12, b"back".to_vec()));
        assert_eq!(take(2 * second + 9, 3, &whole(5, b"back")), back);
    }

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
    fn a_fragment_of_another_protocol_is_none_that_is_missed() {
        const ICMP: u8 = 1;
        const TCP: u8 = 6;
        let mut packets = Packets::default();
        for [high, low] in [[0x20, 0], [0x20, 185], [1, 114]] {
            let mut frame = segment([9, 80], 100, 16, b"of 4,000 bytes");
            [frame[20], frame[21], frame[23]] = [high, low, ICMP];
            assert_eq!(packets.handle(Nanos(1), 1, &frame), Ok(None));
            frame[23] = TCP;
            assert_eq!(packets.handle(Nanos(1), 1, &frame), Err(Unreadable));
        }
    }

    #[test]
    fn a_connection_is_seen_from_its_syn_on_or_not_at_all() {
        const SYN: u8 = 2;
        const ACK: u8 = 16;
        let mut packets = Packets::default();
        let mut take = |ports, sequence, flags, payload: &[u8]| {
            let frame = segment(ports, sequence, flags, payload);
            let event = packets.handle(Nanos(1), 1, &frame).unwrap();
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
            assert_eq!(packets.handle(Nanos(1), 1, cut), Err(Unreadable), "{end}");
        }
    }
}
