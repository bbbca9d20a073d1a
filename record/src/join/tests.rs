use super::*;
use crate::{Call, Clock, Head, Origin};

const CLIENT: &str = "127.0.0.1:999";
const SERVER: &str = "127.0.0.1:80";

fn head(zero: u64) -> Head {
    Head {
        boot: "b".to_owned(),
        clock: Some(Clock {
            name: ClockName::Monotonic,
            zero,
        }),
        ..Head::default()
    }
}

/// What a program with this name observed at an end of a connection between two addresses:
/// calls at these times.
fn observed(
    zero: u64,
    name: &str,
    end: End,
    [opener, acceptor]: [&str; 2],
    calls: &[(u64, Call, &[u8])],
) -> Record {
    let mut record = Record::new(head(zero));
    let party = PartyId(1);
    record.add_party(Party {
        process: Some(7),
        ..Party::new(party, name)
    });
    let endpoint = |at, address: &str| Endpoint {
        party: (at == end).then_some(party),
        address: Some(address.to_owned()),
        observed: Observed {
            calls: at == end,
            ..Observed::default()
        },
    };
    let connection = ConnectionId(1);
    record.add_connection(Connection {
        connection,
        transport: Transport::Tcp,
        opener: endpoint(End::Opener, opener),
        acceptor: endpoint(End::Acceptor, acceptor),
    });
    let origin = Origin {
        party,
        connection,
        end,
    };
    let events = calls.iter().map(|&(at, call, bytes)| Event {
        bytes: bytes.to_vec(),
        ..Event::new(Nanos(at), origin, call)
    });
    record.extend(events.collect());
    record.end(Ending::Finished, None, None);
    record
}

fn client(zero: u64) -> Record {
    let calls: &[(u64, Call, &[u8])] = &[(10, Call::Connect, b""), (30, Call::Send, b"hi")];
    observed(zero, "client", End::Opener, [CLIENT, SERVER], calls)
}

fn server(zero: u64, ends: [&str; 2]) -> Record {
    let calls: &[(u64, Call, &[u8])] = &[(20, Call::Accept, b""), (40, Call::Recv, b"hi")];
    observed(zero, "server", End::Acceptor, ends, calls)
}

/// `client c1 opener connect@10` for each event.
fn check(record: &Record, expected: &[&str]) {
    let lines = record.events().iter().map(|event| {
        let name = &record.party(event.party).unwrap().name;
        let (connection, end, call) = (event.connection.0, event.end, event.call);
        format!("{name} c{connection} {end} {call}@{}", event.at.0)
    });
    assert_eq!(lines.collect::<Vec<_>>(), expected);
}

#[test]
fn the_two_ends_of_a_connection_become_one() {
    for is_server_first in [false, true] {
        let (client, server) = (client(1_000), server(900, [CLIENT, SERVER]));
        let joined = if is_server_first {
            server.join(client)
        } else {
            client.join(server)
        };
        let joined = joined.unwrap();
        check(
            &joined,
            &[
                "server c1 acceptor accept@20",
                "server c1 acceptor recv@40",
                "client c1 opener connect@110",
                "client c1 opener send@130",
            ],
        );
        let [connection] = &joined.connections[..] else {
            panic!("{:?}", joined.connections);
        };
        for end in End::ALL {
            let endpoint = connection.end(end);
            assert!(endpoint.observed.calls && endpoint.party.is_some());
        }
        assert_eq!(joined.ended().map(|ended| ended.events), Some(4));
    }
}

#[test]
fn an_end_that_was_taken_for_the_other_one_is_turned() {
    let calls: &[(u64, Call, &[u8])] = &[(20, Call::Accept, b""), (40, Call::Recv, b"hi")];
    let server = observed(1_000, "server", End::Opener, [SERVER, CLIENT], calls);
    let joined = client(1_000).join(server).unwrap();
    let acceptor = &joined.connections[0].acceptor;
    assert_eq!(acceptor.address.as_deref(), Some(SERVER));
    check(
        &joined,
        &[
            "client c1 opener connect@10",
            "server c1 acceptor accept@20",
            "client c1 opener send@30",
            "server c1 acceptor recv@40",
        ],
    );
}

#[test]
fn a_socket_bound_to_all_addresses_is_the_same_one() {
    let joined = client(5).join(server(5, ["127.0.0.1:999", "0.0.0.0:80"]));
    assert_eq!(joined.unwrap().connections.len(), 1);
}

#[test]
fn other_connections_stay_apart() {
    let others = [
        server(1_000, [CLIENT, "127.0.0.1:81"]),
        server(1_000, [CLIENT, "127.0.0.2:80"]),
        // The same addresses much later.
        server(9_000_000_000, [CLIENT, SERVER]),
        // Both observed the calls of one end.
        client(1_000),
    ];
    for other in others {
        let name = other.parties[0].name.clone();
        let joined = client(1_000).join(other).unwrap();
        assert_eq!(joined.connections.len(), 2, "{name}");
        let names = joined.parties.iter().map(|party| party.name.as_str());
        let expected = if name == "client" {
            "client (7)"
        } else {
            "server"
        };
        assert_eq!(names.collect::<Vec<_>>(), ["client", expected]);
    }
}

#[test]
fn packets_are_added_to_the_calls_of_their_connection_alone() {
    let mut record = client(1_000);
    let mut packets = server(0, [CLIENT, SERVER]);
    packets.head.capture = Capture::On;
    let mut of_connection = packets.connections[0].clone();
    for end in [&mut of_connection.opener, &mut of_connection.acceptor] {
        end.party = None;
        end.observed = Observed {
            packets: true,
            ..Observed::default()
        };
    }
    packets.add_connection(of_connection.clone());
    of_connection.connection = ConnectionId(2);
    of_connection.acceptor.address = Some("127.0.0.1:81".to_owned());
    packets.add_connection(of_connection);
    let segment = |connection, end| {
        let origin = Origin {
            party: PartyId(1),
            connection: ConnectionId(connection),
            end,
        };
        Event::new(Nanos(33), origin, Call::Segment)
    };
    let mut only = Record::new(Head::default());
    only.parties = packets.parties.clone();
    only.connections = packets.connections.clone();
    only.head.capture = Capture::On;
    let all = [
        segment(1, End::Opener),
        segment(1, End::Acceptor),
        segment(2, End::Opener),
    ];
    only.extend(all.to_vec());
    only.end(Ending::Finished, Some(2), None);
    record.add(&only, Joined::Common).unwrap();
    check(
        &record,
        &[
            "client c1 opener connect@10",
            "client c1 opener send@30",
            "client c1 opener segment@33",
            "server c1 acceptor segment@33",
        ],
    );
    assert_eq!((record.head.capture, record.missed), (Capture::On, Some(2)));
    let opener = &record.connections[0].opener;
    assert!(opener.observed.packets && opener.observed.calls);
    // What the server's kernel sent is the server's once that is known.
    let joined = record.clone().join(server(1_000, [CLIENT, SERVER]));
    let joined = joined.unwrap();
    let segment = joined.events().iter().rfind(|e| e.call.is_packet());
    let party = segment.map(|segment| segment.party);
    assert_eq!(party, joined.connections[0].acceptor.party);
    assert_eq!(joined.parties.len(), 2, "no host: {:?}", joined.parties);
    // Packets of another capture of the same are no others.
    record.add(&only, Joined::Common).unwrap();
    assert_eq!(record.events().len(), 4);
}

#[test]
fn times_of_two_clocks_are_not_compared() {
    let without = Record::new(Head::default());
    assert_eq!(client(1).join(without), Err(JoinError::NoClock));
    let mut elsewhere = client(1);
    elsewhere.head.boot = "another".to_owned();
    assert_eq!(client(1).join(elsewhere), Err(JoinError::OtherClock));
    let mut unknown = client(1);
    unknown.head.boot.clear();
    assert_eq!(unknown.clone().join(unknown), Err(JoinError::OtherClock));
    let mut day = client(1);
    day.head.clock = Some(Clock {
        name: ClockName::Realtime,
        zero: 1,
    });
    assert_eq!(client(1).join(day.clone()), Err(JoinError::OtherClock));
    assert!(day.clone().join(day).is_ok());
}
