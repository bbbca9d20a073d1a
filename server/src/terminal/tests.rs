//! Calls in, rows out.

mod boxes;
mod call;
mod kernel_facts;
mod prose;

use std::ops::Range;

use protocol::{Nanos, Offset, System};
use trace::cause::{Boundary, Cause, Change, Hold};
use trace::lane::{Fate, Numbered, Packet, Span};
use trace::link::{Capture, Ending, Head};
use trace::{
    Analysis, Call, ClientId, Counts, Event, Experiment, Header, Loss, Socket, Trace, Transit,
};

use super::*;

/// Calls of client 1 and the server: `(by the server, call, bytes)`.
fn trace(experiment: Experiment, calls: &[(bool, Call, &[u8])]) -> Trace {
    let mut trace = Trace::new(experiment, Head::new("test", Capture::Unknown));
    for (index, &(server, call, bytes)) in calls.iter().enumerate() {
        let actor = if server {
            ClientId::FIRST.acceptor()
        } else {
            ClientId::FIRST.opener()
        };
        trace.insert(Event {
            asked: 8,
            bytes: bytes.to_vec(),
            ..Event::new(Nanos(index as u64), actor, call)
        });
    }
    trace.end(Ending::Finished, None, None);
    trace
}

fn check(experiment: Experiment, columns: usize, calls: &[(bool, Call, &[u8])], expected: &str) {
    let trace = trace(experiment, calls);
    let mut analysis = Analysis::new(&trace);
    // Why a boundary changed is not what the rows are about.
    for lane in &mut analysis.lanes {
        lane.boundaries.clear();
    }
    check_lanes(&trace, &analysis, columns, expected);
}

fn check_lanes(trace: &Trace, analysis: &Analysis, columns: usize, expected: &str) {
    let mut text = String::new();
    for lane in &analysis.lanes {
        draw_lane(
            &mut text,
            &mut Legend::new(""),
            trace,
            lane,
            screen(columns),
        );
    }
    check_text(&text, expected);
}

/// With so many columns for the bytes.
fn screen(columns: usize) -> Screen {
    Screen::narrow(NAMES + COUNTS + columns)
}

fn check_text(text: &str, expected: &str) {
    let plain = anstream::adapter::strip_str(text).to_string();
    let lines: Vec<_> = plain.lines().map(str::trim_end).collect();
    let expected: Vec<_> = expected.lines().collect();
    assert_eq!(lines, expected, "\n{plain}");
}

/// An analysis of which only the lane to the server counts here: which of its
/// boundaries changed is other tests' matter.
fn with_lane(trace: &Trace, change: impl FnOnce(&mut Lane)) -> Analysis {
    let mut analysis = Analysis::new(trace);
    analysis.lanes.truncate(1);
    let lane = &mut analysis.lanes[0];
    lane.boundaries.clear();
    lane.unsure.clear();
    change(lane);
    analysis
}

fn packet(range: Range<u64>, fate: Fate) -> Packet {
    Packet {
        differs: false,
        fragment: Numbered { number: 1, of: 1 },
        span: Span {
            event: 0,
            start: Offset(range.start),
            end: Offset(range.end),
            cut: 0,
        },
        resent: false,
        segments: 1,
        lost: false,
        fate,
    }
}

fn boundary(offset: u64, change: Change, cause: Cause) -> Boundary {
    Boundary {
        offset: Offset(offset),
        change,
        cause,
        event: 0,
    }
}

#[test]
fn boundaries_line_up_or_do_not() {
    check(
        Experiment::new(System::TcpEcho, &[]),
        60,
        &[
            (false, Call::Send, b"hello"),
            (false, Call::Send, "粘".as_bytes()),
            (false, Call::Send, b"a b"),
            (true, Call::Recv, "hello粘".as_bytes()),
            (true, Call::Recv, b"a "),
        ],
        "client 1 → server
wire       not captured
send()     │hello│粘│a␠ b│  3 sends
recv()     │hello 粘│a␠│    2 recvs, 1 B unread
messages   │hello 粘│a␠│    2 messages, 1 glued, 1 split
           offset 0",
    );
}

#[test]
fn long_lanes_go_on_below() {
    check(
        Experiment::new(System::TcpEcho, &[]),
        9,
        &[
            (false, Call::Send, b"0123456789abcdef"),
            (true, Call::Recv, b"0123"),
            (true, Call::Recv, b"456789abcdef"),
        ],
        "client 1 → server
wire       not captured
send()     │0123 456
recv()     │0123│456
messages   │0123│456
           offset 0
send()     789abcde
recv()     789abcde
messages   789abcde
           offset 7
send()     f│  1 send
recv()     f│  2 recvs
messages   f│  2 messages, 2 split
           offset 15",
    );
}

#[test]
fn what_a_datagram_loses_is_crossed_out() {
    check(
        Experiment::new(System::UdpEcho, &[]),
        60,
        &[
            (false, Call::Send, b"0123456789"),
            (false, Call::Send, b""),
            (true, Call::Recv, b"01234567"),
        ],
        "client 1 → server
wire       not captured
send()     │01234567 89│∅│  2 sends, 1 empty
recv()     │01234567│××│    1 recv, 1 cut off, 1 lost or unread
messages   │01234567│       1 message
           offset 0",
    );
}

#[test]
fn binary_parts_are_hex_and_refusals_are_told() {
    let experiment = Experiment::new(System::LengthPrefix, &["abc"]);
    check(
        experiment,
        60,
        &[
            (false, Call::Send, b"\x03\0\0\0"),
            (false, Call::Send, b"abc"),
            (false, Call::Send, b"GET "),
            (true, Call::Recv, b"\x03\0\0\0abcGET "),
        ],
        "client 1 → server
wire       not captured
send()     │\\03\\00\\00\\00│abc│GET␠│  3 sends
recv()     │\\03\\00\\00\\00 abc GET␠│  1 recv
messages   │\\03\\00\\00\\00 abc│       1 message, refused
           offset 0
refused    A length of 542,393,671 at offset 7: more than the 1,048,576 bytes allowed.
           Its bytes are the text \"GET\": somebody speaks HTTP here.",
    );
}

const FIVE: [(bool, Call, &[u8]); 3] = [
    (false, Call::Send, b"hello"),
    (false, Call::Send, b"abc"),
    (true, Call::Recv, b"helloabc"),
];

#[test]
fn what_crossed_the_wire_stands_between_send_and_recv() {
    let mut trace = trace(Experiment::new(System::TcpEcho, &[]), &FIVE);
    trace.head.capture = Capture::On;
    for (offset, bytes, gso) in [(0, "he", None), (0, "he", None), (2, "lloabc", Some(3))] {
        let header = Header {
            gso,
            ..Header::default()
        };
        trace.insert(Event {
            offset: Offset(offset),
            bytes: bytes.into(),
            header: Some(header),
            ..Event::new(Nanos(1), ClientId::FIRST.opener(), Call::Segment)
        });
    }
    let analysis = with_lane(&trace, |_| {});
    check_lanes(
        &trace,
        &analysis,
        60,
        "client 1 → server
send()     │he llo│abc│  2 sends
wire       │he│llo abc│  3 segments, 1 GSO, 1 sent again
recv()     │he llo abc│  1 recv
messages   │he llo abc│  1 message, 1 glued
           offset 0",
    );
}

#[test]
fn dropped_datagrams_are_crossed_out_at_the_reader() {
    let experiment = Experiment::new(System::UdpEcho, &[]);
    let mut trace = trace(
        experiment,
        &[
            (false, Call::Send, b"hello"),
            (false, Call::Send, b"abc"),
            (true, Call::Recv, b"hello"),
        ],
    );
    trace.head.capture = Capture::On;
    trace.end(Ending::Finished, Some(3), Some(1));
    let analysis = with_lane(&trace, |lane| {
        lane.wire = vec![packet(0..5, Fate::Read(2)), packet(5..8, Fate::Dropped)];
        lane.boundaries = vec![boundary(5, Change::Lost, Cause::DatagramDropped)];
    });
    check_lanes(
        &trace,
        &analysis,
        60,
        "client 1 → server
send()     │hello│abc│  2 sends
wire       │hello│abc│  2 datagrams
recv()     │hello│×××│  1 recv, 1 dropped
messages   │hello│      1 message
           offset 0
why        1 datagram lost: the reader's receive buffer was full.",
    );
    check_text(
        &wire::losses(&trace, screen(60)),
        "
lost       1 datagram dropped by the server's kernel, by its own count: the receive buffer was
           full

capture    the capture missed 3 packets: what is on the wire may be more",
    );
    trace.end(Ending::Finished, None, None);
    check_text(
        &wire::losses(&trace, screen(60)),
        "
capture    it broke off: what is on the wire may be more",
    );
}

#[test]
fn without_a_capture_the_lane_says_why_and_what_was_counted() {
    let mut trace = trace(Experiment::new(System::TcpEcho, &[]), &FIVE);
    trace.head.capture = Capture::NeedsCapNetRaw;
    trace.insert(Event {
        socket: Socket {
            counts: Some(Counts {
                segments_out: 5,
                segments_in: 4,
                data_out: 2,
                data_in: 0,
                retransmitted: 1,
            }),
            ..Socket::default()
        },
        ..Event::new(Nanos(9), ClientId::FIRST.opener(), Call::Close)
    });
    check_lanes(
        &trace,
        &with_lane(&trace, |_| {}),
        60,
        "client 1 → server
wire       not captured: needs CAP_NET_RAW (sudo setcap cap_net_raw+ep
           target/release/stickylab)
           only counted (TCP_INFO): 5 segments out, 2 with data, 1 sent again
send()     │hello│abc│  2 sends
recv()     │hello abc│  1 recv
messages   │hello abc│  1 message, 1 glued
           offset 0",
    );
}

fn reasons(trace: &Trace, analysis: &Analysis) -> Vec<String> {
    let rows = Rows::at_the_end(trace, &analysis.lanes[0]);
    let reasons = rows.reasons();
    reasons
        .iter()
        .map(|reason| reason.text(screen(60).language().catalog()))
        .collect()
}

#[test]
fn each_cause_is_said_once_with_the_range_of_its_amounts() {
    let trace = trace(Experiment::new(System::TcpEcho, &[]), &FIVE);
    let late = |packets, waiting| Cause::ReaderLate {
        packets,
        waiting: Some(waiting),
        since: 0,
    };
    let found = Cause::ReaderLate {
        packets: 3,
        waiting: Some(10),
        since: 2,
    };
    let small = Cause::BufferSmall {
        asked: 5,
        waiting: None,
    };
    let unknown = Cause::Merged {
        hold: Hold::Unknown { nodelay: true },
    };
    let window = Cause::Merged {
        hold: Hold::Window { room: 304 },
    };
    let analysis = with_lane(&trace, |lane| {
        lane.boundaries = vec![
            boundary(1, Change::Vanished, late(2, 3)),
            boundary(2, Change::Appeared, small),
            boundary(3, Change::Vanished, late(5, 8)),
            boundary(3, Change::Vanished, found),
            boundary(4, Change::Vanished, Cause::Merged { hold: Hold::Nagle }),
            boundary(5, Change::Vanished, unknown),
            boundary(5, Change::Vanished, window),
            boundary(6, Change::Appeared, Cause::Split { packets: 2 }),
            boundary(6, Change::Appeared, Cause::Split { packets: 4 }),
            boundary(7, Change::Vanished, late(0, 6)),
            boundary(7, Change::Appeared, Cause::NotYetThere),
            boundary(8, Change::Cut, Cause::DatagramCut { bytes: 2 }),
            boundary(8, Change::Vanished, Cause::Unknown),
        ];
        lane.unsure = vec![2];
    });
    check_text(
        &reasons(&trace, &analysis).join("\n"),
        "2 boundaries vanished: the reader was late, 3 to 8 B waited, 2 to 5 packets in one recv().
1 boundary appeared: the buffer was smaller than what was there, room for 5 B.
1 boundary vanished: they came apart and recv() found them together, 10 B waited, 2 B came after the queue was measured, 3 packets in one recv().
1 boundary vanished: the sender's kernel put several sends into one segment (Nagle held them back).
1 boundary vanished: the sender's kernel put several sends into one segment (Nagle is off: they waited in its send queue).
1 boundary vanished: the sender's kernel put several sends into one segment (the receiver's window was full, whatever Nagle does), window for 304 B more.
2 boundaries appeared: the sender's kernel put one send into several segments, 2 to 4 of them.
1 boundary vanished: they waited together in the receive queue (in how many segments they came was not captured), 6 B waited.
1 boundary appeared: the rest had not arrived when recv() was called.
1 datagram cut: longer than the reader's buffer.
1 boundary vanished: what was observed does not tell why.
1 recv of equal datagrams: which of the sends they were can't be told.",
    );
}

#[test]
fn a_trace_without_a_lesson_has_no_title_and_no_control_characters() {
    let mut trace = trace(Experiment::new(System::TcpEcho, &[]), &FIVE);
    trace.head.kernel = "\x1b]0;title\x07".to_owned();
    let text = draw(&trace, &Analysis::new(&trace), screen(200));
    let plain = anstream::adapter::strip_str(&text).to_string();
    assert!(
        plain
            .starts_with("tcp-echo · buffer 1024 B · read delay 0 ms · framing none · 3 calls in "),
        "{plain}"
    );
    assert!(plain.contains(r"\x1B]0;title\x07"), "{plain}");
}
