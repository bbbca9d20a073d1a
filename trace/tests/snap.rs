//! Records with the first bytes of each call: what they say is what the whole record says,
//! as far as they go.

#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

use proptest::collection::vec;
use proptest::prelude::*;
use protocol::{Nanos, Offset};
use record::{Call, Calls, Connection, ConnectionId, End, Endpoint, Observed, Origin};
use record::{Head, Party, PartyId, Record, Socket, Timing, Transport};
use trace::lane::{Direction, Lane};
use trace::rows::{Layer, Rows};
use trace::{Analysis, Setup, Trace, pcapng};

const ID: ConnectionId = ConnectionId(1);

/// Which ends are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watched {
    Both,
    Sender,
    Reader,
}

/// `sends` of a stream of these bytes, and recvs of at most so many bytes each, in turn, of
/// each of which `snap` bytes are kept.
fn record(
    bytes: &[u8],
    (sends, recvs): (&[usize], &[usize]),
    transport: Transport,
    watched: Watched,
    snap: Option<u32>,
) -> Record {
    let mut record = Record::new(Head {
        snap,
        ..Head::default()
    });
    let end = |party: u32, calls| Endpoint {
        party: Some(PartyId(party)),
        observed: Observed {
            calls,
            ..Observed::default()
        },
        ..Endpoint::default()
    };
    record.add_party(Party::new(PartyId(1), "one"));
    record.add_party(Party::new(PartyId(2), "two"));
    record.add_connection(Connection {
        connection: ID,
        transport,
        opener: end(1, watched != Watched::Reader),
        acceptor: end(2, watched != Watched::Sender),
    });
    let origin = |party, end| Origin {
        party: PartyId(party),
        connection: ID,
        end,
    };
    let mut opener = Calls::new(origin(1, End::Opener), snap);
    let mut acceptor = Calls::new(origin(2, End::Acceptor), snap);
    let (mut sent, mut read) = (0, 0);
    let mut steps = 0;
    let told = Socket::default();
    for turn in 0..sends.len().max(recvs.len()) {
        let mut timing = || {
            steps += 1;
            let at = Nanos(steps * 10);
            Timing { at, took: Nanos(1) }
        };
        if let Some(size) = sends.get(turn) {
            let more = &bytes[sent..bytes.len().min(sent + size)];
            let event = opener.send(timing(), more, Ok(more.len()), told);
            sent += more.len();
            if watched != Watched::Reader {
                record.insert(event);
            }
        }
        let room = recvs.get(turn).copied().unwrap_or(0);
        let more = &bytes[read..sent.min(read + room)];
        if !more.is_empty() {
            read += more.len();
            let event = acceptor.recv(timing(), room, Ok(more), told);
            if watched != Watched::Sender {
                record.insert(event);
            }
        }
    }
    record.end(record::Ending::Finished, None, None);
    record
}

fn trace(record: Record, framing: Option<&str>) -> Trace {
    let framing = framing.map(|framing| trace::framing::parse(framing).unwrap());
    Trace::of_record(
        record,
        Setup {
            opener_framing: framing,
            ..Setup::default()
        },
    )
}

fn lane(trace: &Trace) -> Lane {
    let analysis = Analysis::new(trace);
    analysis.lane(ID, Direction::FromOpener).unwrap().clone()
}

/// The lane as text: known bytes, `.` for others; messages; what was not decoded.
fn check(
    bytes: &[u8],
    calls: (&[usize], &[usize]),
    (watched, framing, snap): (Watched, &str, u32),
    expected: (&str, &[&str], &[(u64, u64)]),
) {
    let record = record(bytes, calls, Transport::Tcp, watched, Some(snap));
    let lane = lane(&trace(record, Some(framing)));
    let known = (0..lane.end().0).map(|at| lane.bytes.get(Offset(at)).unwrap_or(b'.'));
    let known = known.flat_map(std::ascii::escape_default).collect();
    let known = String::from_utf8(known).unwrap();
    let messages = lane.messages.iter().map(|m| m.frame.body.escape_ascii());
    let messages: Vec<_> = messages.map(|text| text.to_string()).collect();
    let passed = lane.undecoded.iter().map(|p| (p.start.0, p.end.0));
    let passed: Vec<_> = passed.collect();
    let messages: Vec<_> = messages.iter().map(String::as_str).collect();
    assert_eq!((known.as_str(), &messages[..], &passed[..]), expected);
    assert_eq!(lane.failure, None);
}

#[test]
fn a_message_over_a_gap_is_none_and_the_next_is_found_where_the_length_says() {
    use Watched::{Both, Reader};
    let stream = b"\x05hello\x02hi\x03abc";
    let prefix = "length-prefix,width=1";
    // The recv has all of it, the sends the first three bytes each.
    check(
        stream,
        (&[6, 3, 4], &[0, 0, 13]),
        (Both, prefix, 3),
        (r"\x05he...\x02hi\x03ab.", &["hi"], &[(0, 6), (9, 13)]),
    );
    // A length itself is in a gap: behind it nobody knows.
    check(
        stream,
        (&[13], &[6, 3, 4]),
        (Reader, prefix, 2),
        (r"\x05h....\x02h.\x03a..", &[], &[(0, 6), (6, 9), (9, 13)]),
    );
    check(
        stream,
        (&[13], &[7, 6]),
        (Reader, prefix, 3),
        (r"\x05he....hi\x03...", &[], &[(0, 7), (7, 13)]),
    );
    check(
        b"abcdefghijkl",
        (&[12], &[2, 6, 4]),
        (Reader, "fixed-size,size=2", 2),
        (
            "abcd....ijk.".replace("ijk.", "ij..").as_str(),
            &["ab", "cd", "ij"],
            &[(4, 8), (10, 12)],
        ),
    );
    check(
        b"one\ntwo\nthree\n",
        (&[14], &[4, 10]),
        (Reader, "delimiter", 4),
        (r"one\ntwo\n......", &["one", "two"], &[(8, 14)]),
    );
    // Nothing was kept at all.
    check(
        b"one\ntwo\n",
        (&[8], &[4, 4]),
        (Both, "delimiter", 0),
        ("........", &[], &[(0, 4), (4, 8)]),
    );
}

#[test]
fn what_is_known_of_one_end_is_known_of_the_lane() {
    use Watched::Both;
    let stream = b"abcdefghij";
    // One send, of which two bytes were kept, and five recvs of two bytes.
    check(
        stream,
        (&[10, 0, 0, 0, 0], &[2, 2, 2, 2, 2]),
        (Both, "fixed-size,size=5", 2),
        ("abcdefghij", &["abcde", "fghij"], &[]),
    );
    // Five sends, and one recv: its framing is decoded from the bytes of the sends.
    check(
        stream,
        (&[2, 2, 2, 2, 2], &[0, 0, 0, 0, 10]),
        (Both, "fixed-size,size=5", 2),
        ("abcdefghij", &["abcde", "fghij"], &[]),
    );
}

#[test]
fn rows_say_what_was_not_kept() {
    let stream = b"\x05hello\x02hi\x03abc";
    let calls: (&[usize], &[usize]) = (&[6, 3, 4], &[0, 0, 13]);
    let record = record(stream, calls, Transport::Tcp, Watched::Both, Some(3));
    let trace = trace(record, Some("length-prefix,width=1"));
    let analysis = Analysis::new(&trace);
    let lane = analysis.lane(ID, Direction::FromOpener).unwrap();
    let rows = Rows::at_the_end(&trace, lane);
    let found = |layer| {
        let findings = rows.counts(layer).findings;
        let n = |sentence: &trace::text::Sentence| match sentence.values[0].1 {
            trace::text::Value::Count(n) => n,
            _ => panic!("a number"),
        };
        let found: Vec<_> = findings.iter().map(|f| (f.key, n(f))).collect();
        found
    };
    assert_eq!(found(Layer::Sends), [("stage.not-kept", 4)]);
    assert_eq!(found(Layer::Messages), [("stage.undecoded", 10)]);
    assert_eq!(found(Layer::Recvs), []);
    let explained = trace::explain(&trace, &analysis, 4);
    let keys: Vec<_> = explained.rest.iter().map(|sentence| sentence.key).collect();
    assert!(keys.contains(&"explain.not-kept"), "{keys:?}");
    assert!(keys.contains(&"explain.message.not-kept"), "{keys:?}");
}

#[test]
fn packets_made_of_snapped_calls_are_snapped() {
    let stream = b"hello you";
    let calls: (&[usize], &[usize]) = (&[5, 4], &[9]);
    let record = record(stream, calls, Transport::Tcp, Watched::Both, Some(2));
    let trace = trace(record, None);
    let file = pcapng::write(&trace, &Analysis::new(&trace));
    let mut payloads = Vec::new();
    let mut at = 0;
    while let Some(block) = file.get(at..at + 8) {
        let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
        let (kind, length) = (word(at), word(at + 4) as usize);
        if kind == 6 {
            let (kept, whole) = (word(at + 20) as usize, word(at + 24) as usize);
            let headers = if payloads.len() < 2 { 62 } else { 54 };
            let ip = u16::from_be_bytes(file[at + 28 + 16..at + 28 + 18].try_into().unwrap());
            assert_eq!(
                usize::from(ip) + 14,
                whole,
                "the IP header has the whole length"
            );
            payloads.push((kept - headers, whole - headers));
        }
        assert_eq!(block.len(), 8);
        at += length;
    }
    assert_eq!(payloads, [(0, 0), (0, 0), (0, 0), (2, 5), (2, 4)]);
}

proptest! {
    #[test]
    fn what_a_snapped_record_says_the_whole_one_says(
        bytes in vec(prop_oneof![Just(b'\n'), 1_u8..6], 1..60),
        sends in vec(1_usize..12, 1..12),
        recvs in vec(1_usize..12, 1..12),
        snap in 0_u32..10,
        watched in prop_oneof![Just(Watched::Both), Just(Watched::Sender), Just(Watched::Reader)],
        framing in prop_oneof![
            Just(None),
            Just(Some("length-prefix,width=1")),
            Just(Some("fixed-size,size=3")),
            Just(Some("delimiter")),
            Just(Some("length-prefix,width=varint,trailer=1")),
        ],
        transport in prop_oneof![Just(Transport::Tcp), Just(Transport::Unix)],
    ) {
        let calls = (&sends[..], &recvs[..]);
        let whole = trace(record(&bytes, calls, transport, watched, None), framing);
        let snapped = trace(record(&bytes, calls, transport, watched, Some(snap)), framing);
        let (all, kept) = (lane(&whole), lane(&snapped));
        prop_assert_eq!(&all.sends, &kept.sends);
        prop_assert_eq!(&all.recvs, &kept.recvs);
        prop_assert_eq!(&all.boundaries, &kept.boundaries);
        prop_assert_eq!(all.end(), kept.end());
        for at in (0..all.end().0).map(Offset) {
            let byte = kept.bytes.get(at);
            prop_assert!(byte.is_none() || byte == all.bytes.get(at));
        }
        for message in &kept.messages {
            let mut found = all.messages.iter().filter(|m| m.frame.start == message.frame.start);
            let found = found.next().expect("no message is invented");
            prop_assert_eq!(found.range(), message.range());
            prop_assert_eq!((found.event, found.integrity), (message.event, message.integrity));
            prop_assert!(found.frame.body.starts_with(&message.frame.body));
            prop_assert!(framing.is_none() || found.frame.body == message.frame.body);
        }
        // Whatever is not found is where it is said that nothing is.
        for message in &all.messages {
            let is_found = kept.messages.iter().any(|m| m.frame.start == message.frame.start);
            let is_passed = kept.undecoded.iter().any(|passed| {
                passed.start <= message.frame.start && message.range().end <= passed.end
            });
            let reach = kept.undecoded.last().map_or(Offset(0), |passed| passed.end);
            prop_assert!(is_found || is_passed || message.frame.start < reach);
        }
        if let Some(failure) = &kept.failure {
            prop_assert_eq!(all.failure.as_ref(), Some(failure));
        }
        // Event by event it is the same.
        let mut grown = Trace::of_record(Record::new(snapped.head.clone()), snapped.setup.clone());
        grown.parties.clone_from(&snapped.parties);
        grown.connections.clone_from(&snapped.connections);
        let mut analysis = Analysis::default();
        let mut events: Vec<_> = snapped.events().to_vec();
        let middle = events.len() / 2;
        events.rotate_left(middle);
        for event in events {
            let from = grown.insert(event);
            analysis.update(&grown, from);
        }
        grown.end(record::Ending::Finished, None, None);
        analysis.update(&grown, grown.events().len());
        prop_assert!(analysis == Analysis::new(&snapped));
    }

    #[test]
    fn snapped_datagrams_find_their_sends(
        sizes in vec(0_usize..9, 1..8),
        snap in 0_u32..10,
    ) {
        let bytes: Vec<u8> = (0..100).collect();
        let sends: Vec<_> = sizes.iter().map(|size| size + 1).collect();
        let calls = (&sends[..], &sends[..]);
        let of = |snap| {
            let mut record = record(&bytes, calls, Transport::Udp, Watched::Both, snap);
            let mut events = record.events().to_vec();
            for event in events.iter_mut().filter(|event| event.call == Call::Recv) {
                event.asked = 1024;
            }
            let mut other = Record::new(record.head.clone());
            other.parties.clone_from(&record.parties);
            other.connections.clone_from(&record.connections);
            other.extend(events);
            other.end(record::Ending::Finished, None, None);
            record = other;
            lane(&trace(record, None))
        };
        let (all, kept) = (of(None), of(Some(snap)));
        prop_assert_eq!(all.recvs.len(), sends.len());
        prop_assert_eq!(&all.recvs, &kept.recvs);
        prop_assert_eq!(all.end(), kept.end());
    }
}
