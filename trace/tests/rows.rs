//! Literal traces in, rows out.

#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod dsl;

use std::collections::BTreeMap;
use std::fs;

use dsl::trace;
use protocol::{Offset, System};
use trace::link::Capture;
use trace::rows::{Hues, Layer, Passage, Rows};
use trace::text::{Catalog, Sentence};
use trace::{Analysis, Trace};

const FRAMES: &str = r"c1 send \x01\x00\x00\x00
    c1 send a
    c1 send \xff\xff\xff\xff
    c1 send rest
    s1 recv 64 \x01\x00\x00\x00a\xff\xff\xff\xffrest
    c1 send
    running";

fn catalog(language: &str) -> Catalog {
    let path = format!(
        "{}/../static/text/stage.{language}.toml",
        env!("CARGO_MANIFEST_DIR")
    );
    let texts: BTreeMap<String, String> =
        toml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    Catalog::new(texts)
}

fn said(sentences: &[Sentence]) -> String {
    let catalog = catalog("en");
    let said = sentences.iter().map(|sentence| catalog.render(sentence));
    said.collect::<Vec<_>>().join(", ")
}

fn counts(trace: &Trace, lane: usize, layer: Layer, step: usize) -> String {
    let analysis = Analysis::new(trace);
    let rows = Rows::new(trace, &analysis.lanes[lane], step);
    let counts = rows.counts(layer);
    said(&[vec![counts.total], rows.notes(layer), counts.findings].concat())
}

#[test]
fn behind_the_last_message_stretches_go_on_by_send() {
    let trace = trace(System::LengthPrefix, &["messages=a"], FRAMES);
    let analysis = Analysis::new(&trace);
    let hues = Hues::new(&analysis.lanes[0], &trace);
    let found: Vec<_> = (0..13).map(|offset| hues.at(Offset(offset))).collect();
    assert_eq!(found, [0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
    let stretches = Rows::at_the_end(&trace, &analysis.lanes[0]).stretches();
    let headers: Vec<_> = stretches.iter().map(|stretch| stretch.is_header).collect();
    assert_eq!(headers, [true, false, false, false]);
}

#[test]
fn a_row_counts_what_has_happened() {
    let trace = trace(System::LengthPrefix, &["messages=a"], FRAMES);
    let check = |layer, step, expected| assert_eq!(counts(&trace, 0, layer, step), expected);
    check(Layer::Sends, 2, "2 of 5 sends");
    check(Layer::Sends, 6, "5 sends, 1 empty");
    check(Layer::Packets, 6, "not observed");
    check(Layer::Recvs, 4, "0 of 1 recvs");
    check(Layer::Recvs, 5, "1 recv");
    check(Layer::Messages, 4, "0 messages");
    check(Layer::Messages, 5, "1 message, refused");
}

#[test]
fn what_a_run_leaves_behind_is_told_when_it_is_over() {
    let stream = trace(System::TcpEcho, &[], "c1 send abc\n s1 recv 2 ab");
    assert_eq!(counts(&stream, 0, Layer::Recvs, 1), "0 of 1 recvs");
    assert_eq!(counts(&stream, 0, Layer::Recvs, 2), "1 recv, 1 B unread");
    let datagrams =
        "c1 send abc\n c1 send d\n c1 send e\n s1 recv 2 ab | length=3\n ended dropped=1";
    let datagrams = trace(System::UdpEcho, &[], datagrams);
    let expected = "1 recv, 1 cut off, 1 dropped, 1 lost or unread";
    assert_eq!(counts(&datagrams, 0, Layer::Recvs, 4), expected);
}

#[test]
fn a_capture_breaks_off_only_where_there_was_one() {
    let mut trace = trace(System::TcpEcho, &[], "c1 segment 0 PSH,ACK abc");
    let said_of = |trace: &Trace| {
        let analysis = Analysis::new(trace);
        let missed = Rows::at_the_end(trace, &analysis.lanes[0]).missed();
        said(missed.as_slice())
    };
    assert_eq!(said_of(&trace), "capture broke off");
    trace.head.capture = Capture::Unknown;
    assert_eq!(said_of(&trace), "");
}

#[test]
fn boxes_are_those_in_the_window() {
    let script = "c1 send abc\n c1 send\n c1 send de\n c1 send fgh\n s1 recv 8 abcdefgh";
    let trace = trace(System::TcpEcho, &[], script);
    let analysis = Analysis::new(&trace);
    let rows = Rows::new(&trace, &analysis.lanes[0], 3);
    let check = |window: std::ops::Range<u64>, expected: &[usize]| {
        let window = Offset(window.start)..Offset(window.end);
        let chunks = rows.chunks(Layer::Sends, &window);
        let found: Vec<_> = chunks.iter().map(|chunk| chunk.index).collect();
        assert_eq!(found, expected, "{window:?}");
        assert!(
            chunks
                .iter()
                .all(|chunk| chunk.is_ahead == (chunk.event >= 3))
        );
    };
    check(0..1, &[0]);
    check(1..2, &[0]);
    check(3..4, &[0, 1, 2]);
    check(6..9, &[3]);
    check(0..u64::MAX, &[0, 1, 2, 3]);
}

/// A reader may ask for another size each time: the row names that of its latest recv.
#[test]
fn the_room_of_a_recv_is_that_of_the_latest_one() {
    let script = "c1 send hello\n s1 recv 2 he\n s1 recv 9 llo";
    let trace = trace(System::TcpEcho, &[], script);
    let analysis = Analysis::new(&trace);
    let room = |step| Rows::new(&trace, &analysis.lanes[0], step).room();
    let rooms: Vec<_> = (0..=3).map(room).collect();
    assert_eq!(rooms, [2, 2, 2, 9].map(Some));
}

#[test]
fn a_packet_passes_from_sends_to_recvs() {
    let script = "c1 send abc\n c1 send de\n c1 segment 0 PSH,ACK abcd\n c1 segment 4 PSH,ACK e
        s1 recv 2 ab\n s1 recv 9 cde";
    let trace = trace(System::TcpEcho, &[], script);
    let analysis = Analysis::new(&trace);
    let lane = &analysis.lanes[0];
    let passage = |event| Passage::of(lane, event).map(|found| (found.sends, found.recvs));
    assert_eq!(passage(2), Some((0..2, 0..2)));
    assert_eq!(passage(3), Some((1..2, 1..2)));
    assert_eq!(passage(0), None);
}

#[test]
fn reasons_are_in_both_languages() {
    let script = "c1 send abc\n c1 send de\n s1 recv 9 abcde | waiting=5";
    let trace = trace(System::TcpEcho, &[], script);
    let analysis = Analysis::new(&trace);
    let reasons = Rows::at_the_end(&trace, &analysis.lanes[0]).reasons();
    let [reason] = &reasons[..] else {
        panic!("{reasons:?}");
    };
    assert_eq!(
        said(std::slice::from_ref(&reason.what)),
        "1 boundary vanished"
    );
    let why = "they waited together in the receive queue (in how many segments they came was \
               not captured), 5 B waited";
    assert_eq!(said(&reason.why), why);
    let chinese = catalog("zh");
    for sentence in std::iter::once(&reason.what).chain(&reason.why) {
        assert!(!chinese.render(sentence).contains("why."));
    }
}

/// Of what the record lacks, because the run was cut off, nothing follows.
#[test]
fn beyond_the_record_nothing_is_unread() {
    let mut trace = trace(System::TcpEcho, &[], "c1 send hello\ns1 recv 64 he");
    assert_eq!(counts(&trace, 0, Layer::Recvs, 2), "1 recv, 3 B unread");
    trace.end(trace::link::Ending::Limit, None, None);
    assert!(trace.lacks_calls());
    assert_eq!(
        counts(&trace, 0, Layer::Recvs, 2),
        "1 recv, 3 B beyond the record"
    );
}

/// A plan may leave the messages out: then nobody said what was meant.
#[test]
fn without_expected_messages_none_is_wrong() {
    let script = r"c1 send \x02\x00\x00\x00hi
        s1 recv 64 \x02\x00\x00\x00hi";
    let mut trace = trace(System::LengthPrefix, &["messages=ho"], script);
    assert_eq!(counts(&trace, 0, Layer::Messages, 2), "1 message, 1 wrong");
    trace.plan.as_mut().unwrap().clients[0].messages.clear();
    assert_eq!(counts(&trace, 0, Layer::Messages, 2), "1 message");
}

#[test]
fn a_packet_is_shown_where_it_carried_bytes_first() {
    let script = "c1 send 0123456789
        c1 segment 0 ACK 01
        c1 segment 6 ACK 67
        c1 segment 2 ACK 2345
        c1 segment 2 ACK 23
        c1 segment 4 ACK 456789";
    let trace = trace(System::TcpEcho, &[], script);
    let analysis = Analysis::new(&trace);
    let rows = Rows::at_the_end(&trace, &analysis.lanes[0]);
    let check = |window: std::ops::Range<u64>, expected: &str| {
        let window = Offset(window.start)..Offset(window.end);
        let chunks = rows.chunks(Layer::Packets, &window).into_iter();
        let found = chunks.map(|chunk| {
            let again = if chunk.is_resent { " again" } else { "" };
            format!(
                "{}: {}..{}{again}",
                chunk.index, chunk.range.start, chunk.range.end
            )
        });
        assert_eq!(found.collect::<Vec<_>>().join(", "), expected, "{window:?}");
    };
    check(0..10, "0: 0..2, 2: 2..6, 1: 6..8, 4: 8..10, 3: 2..4 again");
    check(0..1, "0: 0..2");
    check(4..5, "2: 2..6, 3: 2..4 again");
    check(9..10, "4: 8..10");
}
