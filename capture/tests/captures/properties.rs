//! A stream in any segments, and what `trace` puts together of it.

use capture::{Choice, read};
use proptest::prelude::*;
use protocol::Offset;
use record::ConnectionId;
use trace::lane::{Direction, Lane};
use trace::{Analysis, Setup, Trace};

use super::build::{ACK, UP, handshake, ipv4, pcap, raw, segment};

/// What the client of the first connection sent.
fn lane(file: &[u8], setup: Setup) -> Lane {
    let choice = Choice::One(ConnectionId(0));
    let contents = read(file, choice, usize::MAX).expect("a capture");
    let trace = Trace::of_record(contents.record, setup);
    let analysis = Analysis::new(&trace);
    let lane = analysis.lane(ConnectionId(0), Direction::FromOpener);
    lane.expect("bytes were sent").clone()
}

/// A segment of the client whose first byte has this offset; each packet has a number of
/// its own.
fn data(number: usize, offset: usize, bytes: &[u8]) -> Vec<u8> {
    let sequence = u32::try_from(101 + offset).unwrap();
    let identification = u16::try_from(1 + number % 60_000).unwrap();
    ipv4(6, identification, &segment(UP, (sequence, 501), ACK, bytes))
}

proptest! {
    /// Cut anywhere, shuffled, doubled and overlapping: the same bytes.
    #[test]
    fn any_segments_give_the_same_stream(
        bytes in prop::collection::vec(any::<u8>(), 1..600),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0..40_usize), 1..40),
        order in any::<u64>(),
    ) {
        let mut starts: Vec<_> = cuts.iter().map(|(at, more)| (at.index(bytes.len()), *more)).collect();
        starts.push((0, 0));
        starts.sort_unstable();
        let mut pieces: Vec<(usize, usize)> = Vec::new();
        for (at, &(start, more)) in starts.iter().enumerate() {
            let next = starts.get(at + 1).map_or(bytes.len(), |next| next.0);
            pieces.push((start, (next + more).min(bytes.len())));
        }
        // All twice, in an order that the seed tells.
        pieces.extend(pieces.clone());
        let mut random = order | 1;
        for at in (1..pieces.len()).rev() {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            pieces.swap(at, usize::try_from(random >> 33).unwrap() % (at + 1));
        }
        let segments = pieces.iter().enumerate();
        let segments = segments.map(|(number, &(start, end))| data(number, start, &bytes[start..end]));
        let packets: Vec<_> = handshake().into_iter().chain(segments).collect();
        let lane = lane(&raw(&packets), Setup::default());
        prop_assert_eq!(lane.bytes.front(), &bytes);
        prop_assert_eq!(lane.bytes.unknown(), 0);
        prop_assert!(lane.wire.iter().all(|packet| !packet.differs));
    }
}

/// Segments by their offsets and bytes; the stream with `.` for what is missing, how many
/// packets carried nothing new, and how many differed.
fn check(segments: &[(usize, &str)], expected: &str, resent: usize, differs: usize) {
    let segments = segments.iter().enumerate();
    let segments = segments.map(|(number, (offset, text))| data(number, *offset, text.as_bytes()));
    let packets: Vec<_> = handshake().into_iter().chain(segments).collect();
    let lane = lane(&raw(&packets), Setup::default());
    let bytes = (0..lane.end().0).map(|at| lane.bytes.get(Offset(at)).unwrap_or(b'.'));
    assert_eq!(String::from_utf8(bytes.collect()).unwrap(), expected);
    assert_eq!(
        lane.wire.iter().filter(|packet| packet.resent).count(),
        resent
    );
    assert_eq!(
        lane.wire.iter().filter(|packet| packet.differs).count(),
        differs
    );
}

#[test]
fn out_of_order_again_and_overlapping() {
    check(&[(0, "ab"), (2, "cd")], "abcd", 0, 0);
    check(&[(2, "cd"), (0, "ab")], "abcd", 0, 0);
    check(&[(0, "ab"), (0, "ab"), (2, "cd")], "abcd", 1, 0);
    check(&[(0, "abc"), (1, "bcd")], "abcd", 0, 0);
    // What came first counts, and it is said that the other differs.
    check(&[(0, "abc"), (1, "XYd")], "abcd", 0, 1);
    check(&[(1, "XY"), (0, "abcd")], "aXYd", 0, 1);
    check(&[(0, "abcd"), (1, "XY")], "abcd", 1, 1);
}

#[test]
fn what_was_lost_is_a_gap_of_known_length() {
    check(&[(0, "ab"), (5, "fg")], "ab...fg", 0, 0);
    check(&[(3, "de")], "...de", 0, 0);
    check(&[(0, "a"), (2, "c"), (4, "e")], "a.c.e", 0, 0);
    // A gap that a number claims and that nothing makes likely is not filled.
    check(&[(0, "ab"), (1 << 29, "fg")], "ab", 0, 0);
}

#[test]
fn snapped_segments_leave_gaps() {
    let mut packets = handshake();
    packets.push(data(0, 0, b"abcdefgh"));
    packets.push(data(1, 8, b"ij"));
    let captured: Vec<_> = packets
        .iter()
        .zip(0_u64..)
        .map(|(packet, at)| (at * 1_000, &packet[..packet.len().min(43)], packet.len()))
        .collect();
    let lane = lane(&pcap(101, &captured), Setup::default());
    assert_eq!((lane.bytes.front(), lane.end()), (&b"abc"[..], Offset(10)));
    assert_eq!(lane.slice(Offset(8)..lane.end()), b"ij");
    assert_eq!(
        lane.bytes.gaps().collect::<Vec<_>>(),
        [Offset(3)..Offset(8)]
    );
}

#[test]
fn messages_are_found_in_what_was_put_together() {
    let framing = serde_json::from_str(r#"{"kind":"delimiter"}"#).unwrap();
    let setup = Setup {
        opener_framing: Some(framing),
        ..Setup::default()
    };
    let mut packets = handshake();
    packets.push(data(0, 4, b"two\nth"));
    packets.push(data(1, 0, b"one\n"));
    packets.push(data(2, 10, b"ree\n"));
    packets.push(data(3, 15, b"five\n"));
    let lane = lane(&raw(&packets), setup);
    let messages: Vec<_> = lane
        .messages
        .iter()
        .map(|m| (m.event, &m.frame.body[..]))
        .collect();
    // Each is complete with the packet that brought its last byte; behind the gap at 14
    // nobody knows where one begins.
    assert_eq!(messages, [(4, &b"one"[..]), (4, b"two"), (5, b"three")]);
}
