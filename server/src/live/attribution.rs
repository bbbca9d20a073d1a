//! Whose the captured packets are, while calls and packets still come: a connection of the
//! capture is found among those of the programs by its addresses and times, as the records
//! of both are joined at the end.

use std::collections::{BTreeMap, HashMap, HashSet};

use protocol::Nanos;
use record::{
    Call, Candidate, Candidates, Connection, ConnectionId, Event, Party, PartyId, Reason,
};
use trace::link::Line;

use crate::news::News;

/// Packets of a connection that is nobody's wait for so long after the last of them.
const PATIENCE: Nanos = Nanos(30_000_000_000);
/// Numbers of hosts that are no party of the record begin here: far behind those of all
/// parties that it may have.
const FIRST_HOST: u32 = 1 << 24;

/// A connection and the times of its first and its last event.
#[derive(Debug)]
struct Known {
    connection: Connection,
    life: Option<[Nanos; 2]>,
}

impl Known {
    fn see(&mut self, at: Nanos) {
        let life = self.life.get_or_insert([at; 2]);
        *life = [life[0].min(at), life[1].max(at)];
    }

    fn candidate(&self) -> Option<Candidate> {
        Candidate::new(&self.connection, self.life?)
    }
}

/// Where packets of a connection of the capture belong.
#[derive(Clone, Copy, Debug)]
struct Place {
    connection: ConnectionId,
    is_turned: bool,
}

/// What is known of calls and packets so far.
#[derive(Debug, Default)]
pub(super) struct Attribution {
    /// The connections of the calls.
    own: BTreeMap<ConnectionId, Known>,
    /// Those of them whose packets were found.
    captured: HashSet<ConnectionId>,
    /// The connections of packets that were not found, and these packets.
    waiting: BTreeMap<ConnectionId, (Known, Vec<Event>)>,
    /// Those that were.
    places: HashMap<ConnectionId, Place>,
    /// The hosts that sent packets and are no party.
    hosts: HashMap<String, PartyId>,
    /// Behind this time no call was recorded, nor is a packet.
    end: Option<Nanos>,
    latest: Nanos,
    /// Something may be found that was not before.
    has_news: bool,
}

impl Attribution {
    /// Handles one piece of news: what is to be passed on at once.
    pub(super) fn handle(&mut self, news: News) -> Vec<Line> {
        match news {
            News::Party(party) => vec![Line::Party(party)],
            News::Connection(mut connection) => {
                self.has_news = true;
                let id = connection.connection;
                if self.captured.contains(&id) {
                    connection.opener.observed.packets = true;
                    connection.acceptor.observed.packets = true;
                }
                let life = self.own.get(&id).and_then(|known| known.life);
                let known = Known {
                    connection: connection.clone(),
                    life,
                };
                self.own.insert(id, known);
                vec![Line::Connection(connection)]
            }
            News::Event(event) => {
                self.latest = self.latest.max(event.at);
                if event.call == Call::Cut {
                    self.end = Some(event.at);
                }
                if let Some(known) = self.own.get_mut(&event.connection) {
                    self.has_news |= known.life.is_none();
                    known.see(event.at);
                }
                vec![Line::Event(event)]
            }
            News::Flow(connection) => {
                self.has_news = true;
                let id = connection.connection;
                let known = Known {
                    connection,
                    life: None,
                };
                self.waiting.insert(id, (known, Vec::new()));
                Vec::new()
            }
            News::Packet(packet) => self.packet(packet),
        }
    }

    fn packet(&mut self, packet: Event) -> Vec<Line> {
        let is_late = self.end.is_some_and(|end| packet.at > end);
        if is_late || !packet.call.is_packet() {
            return Vec::new();
        }
        self.latest = self.latest.max(packet.at);
        if let Some(&place) = self.places.get(&packet.connection) {
            return self.placed(packet, place);
        }
        if let Some((known, packets)) = self.waiting.get_mut(&packet.connection) {
            self.has_news = true;
            known.see(packet.at);
            packets.push(packet);
        }
        Vec::new()
    }

    /// Finds whose the packets are that wait: what is to be passed on.
    pub(super) fn settle(&mut self) -> Vec<Line> {
        let mut lines = Vec::new();
        if !std::mem::take(&mut self.has_news) || self.waiting.is_empty() {
            return lines;
        }
        let mut own = Candidates::default();
        let lacking = self
            .own
            .iter()
            .filter(|(id, _)| !self.captured.contains(*id));
        for candidate in lacking.filter_map(|(_, known)| known.candidate()) {
            own.add(candidate);
        }
        let wanted = self.waiting.iter().filter_map(|(&id, (known, _))| {
            let candidate = known.candidate()?;
            Some((known.life?[0], id, candidate))
        });
        let mut wanted: Vec<_> = wanted.collect();
        wanted.sort_by_key(|(first, ..)| *first);
        for (_, id, candidate) in wanted {
            if let Some((connection, is_turned)) = own.take(&candidate) {
                let place = Place {
                    connection,
                    is_turned,
                };
                lines.extend(self.place(id, place));
            }
        }
        let latest = self.latest.0;
        self.waiting.retain(|_, (known, _)| {
            let last = known.life.map_or(latest, |[_, last]| last.0);
            latest.saturating_sub(last) <= PATIENCE.0
        });
        lines
    }

    /// It is known whose the packets of a connection are.
    fn place(&mut self, flow: ConnectionId, place: Place) -> Vec<Line> {
        let mut lines = Vec::new();
        self.places.insert(flow, place);
        self.captured.insert(place.connection);
        if let Some(known) = self.own.get_mut(&place.connection) {
            known.connection.opener.observed.packets = true;
            known.connection.acceptor.observed.packets = true;
            lines.push(Line::Connection(known.connection.clone()));
        }
        let (_, packets) = self.waiting.remove(&flow).unzip();
        for packet in packets.unwrap_or_default() {
            lines.extend(self.placed(packet, place));
        }
        lines
    }

    /// A packet of a connection that was found, and in front of it its host, if that was
    /// not known.
    fn placed(&mut self, packet: Event, place: Place) -> Vec<Line> {
        let end = if place.is_turned {
            packet.end.other()
        } else {
            packet.end
        };
        let Some(known) = self.own.get(&place.connection) else {
            return Vec::new();
        };
        let at_end = known.connection.end(end);
        let mut lines = Vec::new();
        let party = at_end.party.unwrap_or_else(|| {
            let name = host(at_end.address.as_deref().unwrap_or_default());
            let next = FIRST_HOST + u32::try_from(self.hosts.len()).unwrap_or(0);
            *self.hosts.entry(name.clone()).or_insert_with(|| {
                lines.push(Line::Party(Party::new(PartyId(next), name)));
                PartyId(next)
            })
        });
        lines.push(Line::Event(Event {
            party,
            end,
            connection: place.connection,
            ..packet
        }));
        lines
    }

    /// Whether an event of the complete record was not passed on: a packet of a connection
    /// that was found at the end alone, or that a bound of the packets was reached.
    pub(super) fn lacks(&self, event: &Event) -> bool {
        let is_end_of_packets = event.reason == Some(Reason::Packets);
        let is_packet = event.call.is_packet();
        is_end_of_packets || is_packet && !self.captured.contains(&event.connection)
    }
}

/// An address without its port.
fn host(address: &str) -> String {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host.trim_matches(['[', ']']).to_owned()
}
