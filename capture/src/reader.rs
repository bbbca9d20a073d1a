//! Goes through a file: packets in, events out.

use std::collections::VecDeque;

use record::{Connection, Event, Network, Party};

use crate::container::{Damage, File, Packet};
use crate::doubles::Doubles;
use crate::flows::{Flows, Sent, Skipped};
use crate::fragments::{Fragments, Frame, Whole};

/// A file of which the segments and datagrams come out as events, in the order in
/// which they stand there. Their times are nanoseconds since 1970, or since what the
/// file counts from.
#[derive(Debug)]
pub struct Reader<'a> {
    file: File<'a>,
    fragments: Fragments<'a>,
    doubles: Doubles<'a>,
    flows: Flows,
    passed: Passed,
    ready: VecDeque<Event>,
    damage: Option<Damage>,
}

/// How many packets came by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// Packets of the file.
    pub packets: u64,
    /// Those that are neither TCP nor UDP, or of a link that is not known.
    pub other: u64,
    /// Those whose headers are cut off or make no sense, and fragments of packets that
    /// never became whole.
    pub unreadable: u64,
    /// Those that were there before: captured in two places.
    pub doubled: u64,
    /// Those of connections beyond what a record may have
    /// ([`MAX_CONNECTIONS`](record::MAX_CONNECTIONS),
    /// [`MAX_PARTIES`](record::MAX_PARTIES)).
    pub left_out: u64,
}

impl<'a> Reader<'a> {
    /// The file with these bytes; none if they are no capture's.
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        Some(Self {
            file: File::new(bytes)?,
            fragments: Fragments::default(),
            doubles: Doubles::default(),
            flows: Flows::default(),
            passed: Passed::default(),
            ready: VecDeque::new(),
            damage: None,
        })
    }

    /// How many packets came by so far.
    pub const fn passed(&self) -> Passed {
        self.passed
    }

    /// Why the file could not be read to its end, once that is known.
    pub const fn damage(&self) -> Option<Damage> {
        self.damage
    }

    /// How many packets the capture missed, as far as the file says so.
    pub fn missed(&self) -> Option<u64> {
        self.file.missed()
    }

    /// The system on which was captured, and the program, as far as the file says so.
    pub fn origin(&self) -> [Option<&'a str>; 2] {
        self.file.origin()
    }

    /// The connections so far, by number.
    pub fn connections(&self) -> impl Iterator<Item = Connection> {
        self.flows.connections()
    }

    /// The hosts so far.
    pub fn parties(&self) -> impl Iterator<Item = Party> {
        self.flows.parties()
    }

    fn handle(&mut self, packet: &Packet<'a>) {
        self.passed.packets += 1;
        let Some(network) = Network::of(packet.link, packet.bytes) else {
            // What announces IP and is none is cut off.
            let is_ip = packet.link.network(packet.bytes).is_some();
            self.skip(if is_ip {
                Skipped::Unreadable
            } else {
                Skipped::Other
            });
            return;
        };
        if self.doubles.is_double(packet, &network) {
            self.passed.doubled += 1;
            return;
        }
        if let Some(fragment) = network.fragment() {
            let frame = Frame {
                at: packet.at,
                link: packet.link,
                bytes: packet.bytes,
            };
            for whole in self.fragments.add(frame, &network, fragment) {
                self.join(whole);
            }
            return;
        }
        let sent = Sent {
            at: packet.at,
            link: packet.link,
            bytes: packet.bytes,
            length: packet.length,
            comment: packet.comment,
            interface: None,
        };
        self.take(&sent, &network);
    }

    /// A packet that was sent in fragments, if enough of it came.
    fn join(&mut self, whole: Option<Whole>) {
        let Some(whole) = whole else {
            return;
        };
        let sent = Sent {
            at: whole.at,
            link: whole.link,
            bytes: &whole.bytes,
            length: whole.bytes.len(),
            comment: None,
            interface: None,
        };
        match Network::of(whole.link, &whole.bytes) {
            Some(network) if network.fragment().is_none() => self.take(&sent, &network),
            _ => self.skip(Skipped::Unreadable),
        }
    }

    fn take(&mut self, sent: &Sent<'_>, network: &Network<'_>) {
        match self.flows.handle(sent, network) {
            Ok(event) => self.ready.push_back(event),
            Err(skipped) => self.skip(skipped),
        }
    }

    fn skip(&mut self, skipped: Skipped) {
        *match skipped {
            Skipped::Other => &mut self.passed.other,
            Skipped::Unreadable => &mut self.passed.unreadable,
            Skipped::LeftOut => &mut self.passed.left_out,
            Skipped::Elsewhere => &mut self.passed.doubled,
        } += 1;
    }
}

impl Iterator for Reader<'_> {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            match self.file.next_packet() {
                Ok(Some(packet)) => self.handle(&packet),
                // At the end come packets that never became whole.
                Ok(None) if self.fragments.is_empty() => return None,
                Ok(None) => match self.fragments.give_up() {
                    Some(whole) => self.join(Some(whole)),
                    None => self.skip(Skipped::Unreadable),
                },
                Err(damage) => self.damage = Some(damage),
            }
        }
    }
}
