//! News in, lines out.

use std::sync::mpsc::channel;

use protocol::Nanos;
use record::{Call, Capture, End, Ending, Endpoint, Event, Head, Observed, Origin, Transport};
use trace::Setup;

use super::*;

const CLIENT: PartyId = PartyId(1);
const SERVER: PartyId = PartyId(2);

fn endpoint(party: Option<PartyId>, address: &str, is_packets: bool) -> Endpoint {
    Endpoint {
        party,
        address: Some(address.to_owned()),
        observed: Observed {
            calls: party.is_some(),
            queues: false,
            packets: is_packets,
        },
    }
}

/// A connection of the programs from port 9 to 80, of which the client's end is known.
fn own(id: u32) -> Connection {
    Connection {
        connection: ConnectionId(id),
        transport: Transport::Tcp,
        opener: endpoint(Some(CLIENT), "127.0.0.1:9", false),
        acceptor: endpoint(None, "127.0.0.1:80", false),
    }
}

/// A connection of the capture.
fn flow(id: u32, ports: [u16; 2]) -> Connection {
    let [opener, acceptor] = ports.map(|port| format!("127.0.0.1:{port}"));
    Connection {
        connection: ConnectionId(id),
        transport: Transport::Tcp,
        opener: endpoint(None, &opener, true),
        acceptor: endpoint(None, &acceptor, true),
    }
}

fn event(at: u64, connection: u32, end: End, call: Call) -> Event {
    let origin = Origin {
        party: if call.is_packet() { PartyId(0) } else { CLIENT },
        connection: ConnectionId(connection),
        end,
    };
    Event::new(Nanos(at), origin, call)
}

fn packet(at: u64, flow: u32, end: End) -> News {
    News::Packet(event(at, flow, end, Call::Segment))
}

/// What is passed on of some news: a letter for each line, and the party and connection of
/// packets.
fn lines(attribution: &mut Attribution, news: Vec<News>) -> Vec<String> {
    let mut lines = Vec::new();
    for one in news {
        lines.extend(attribution.handle(one));
    }
    lines.extend(attribution.settle());
    let text = |line: &Line| match line {
        Line::Party(party) => format!("party {} {}", party.party.0, party.name),
        Line::Connection(connection) => {
            let packets = connection.opener.observed.packets;
            format!("connection {} {packets}", connection.connection.0)
        }
        Line::Event(event) => {
            let (at, party, number) = (event.at.0, event.party.0, event.connection.0);
            format!(
                "{} {at} of {party} on {number} at {}",
                event.call, event.end
            )
        }
        _ => "other".to_owned(),
    };
    lines.iter().map(text).collect()
}

#[test]
fn packets_wait_for_their_connection_and_are_its_parties() {
    let mut attribution = Attribution::default();
    let said = lines(
        &mut attribution,
        vec![
            News::Flow(flow(0, [9, 80])),
            packet(5, 0, End::Opener),
            packet(6, 0, End::Acceptor),
            News::Flow(flow(1, [7, 80])),
            packet(7, 1, End::Opener),
        ],
    );
    assert_eq!(said, [""; 0], "nobody's yet");
    let connect = event(4, 1, End::Opener, Call::Connect);
    let said = lines(
        &mut attribution,
        vec![News::Connection(own(1)), News::Event(connect)],
    );
    let host = 1 << 24;
    let expected = [
        "connection 1 false".to_owned(),
        "connect 4 of 1 on 1 at opener".to_owned(),
        "connection 1 true".to_owned(),
        "segment 5 of 1 on 1 at opener".to_owned(),
        format!("party {host} 127.0.0.1"),
        format!("segment 6 of {host} on 1 at acceptor"),
    ];
    assert_eq!(said, expected);
    // The other end is known from now on; those of strangers stay out.
    let mut both = own(1);
    both.acceptor = endpoint(Some(SERVER), "127.0.0.1:80", false);
    let said = lines(
        &mut attribution,
        vec![
            News::Connection(both),
            packet(8, 0, End::Acceptor),
            packet(9, 1, End::Opener),
        ],
    );
    assert_eq!(
        said,
        ["connection 1 true", "segment 8 of 2 on 1 at acceptor"]
    );
}

#[test]
fn a_port_that_is_used_again_is_another_connection() {
    let mut attribution = Attribution::default();
    let said = lines(
        &mut attribution,
        vec![
            News::Connection(own(1)),
            News::Event(event(1, 1, End::Opener, Call::Connect)),
            News::Flow(flow(0, [9, 80])),
            packet(2, 0, End::Opener),
            News::Connection(own(2)),
            News::Event(event(100, 2, End::Opener, Call::Connect)),
            News::Flow(flow(1, [9, 80])),
            packet(101, 1, End::Opener),
        ],
    );
    assert!(
        said.contains(&"segment 2 of 1 on 1 at opener".to_owned()),
        "{said:?}"
    );
    assert!(
        said.contains(&"segment 101 of 1 on 2 at opener".to_owned()),
        "{said:?}"
    );
}

#[test]
fn an_end_that_is_known_at_the_end_alone_and_later_packets() {
    let journal = Arc::new(Journal::new(Head::new("", Capture::On), Setup::default()));
    let (sender, news) = channel();
    let live = Live::start(news, Some(Arc::clone(&journal)), None).unwrap();
    let mut record = Record::new(Head::new("", Capture::On));
    let client = Party::new(CLIENT, "client");
    let connect = event(1, 1, End::Opener, Call::Connect);
    for one in [
        News::Party(client.clone()),
        News::Connection(own(1)),
        News::Event(connect.clone()),
    ] {
        sender.send(one).unwrap();
    }
    drop(sender);
    record.add_party(client);
    record.add_connection(own(1));
    let mut captured = own(1);
    captured.opener.observed.packets = true;
    record.add_connection(captured);
    let segment = event(2, 1, End::Opener, Call::Segment);
    record.extend(vec![connect, segment]);
    record.end(Ending::Finished, Some(0), None);
    live.finish(&record);
    assert_eq!(journal.trace().into_record(), record);
}
