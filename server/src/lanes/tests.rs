//! Calls in, rows out.

use protocol::{Nanos, System};
use trace::link::Capture;
use trace::{Actor, Analysis, Call, ClientId, Event, Experiment, Trace};

use super::*;

/// Calls of client 1 and the server: `(by the server, call, bytes)`.
fn trace(experiment: Experiment, calls: &[(bool, Call, &[u8])]) -> Trace {
    let mut trace = Trace::new(experiment, "test".to_owned(), Capture::Unknown);
    for (index, &(server, call, bytes)) in calls.iter().enumerate() {
        let actor = if server {
            Actor::Server
        } else {
            Actor::Client1
        };
        trace.insert(Event {
            asked: 8,
            bytes: bytes.to_vec(),
            ..Event::new(Nanos(index as u64), actor, ClientId::One, call)
        });
    }
    trace
}

fn check(experiment: Experiment, columns: usize, calls: &[(bool, Call, &[u8])], expected: &str) {
    let trace = trace(experiment, calls);
    let mut text = String::new();
    for lane in &Analysis::new(&trace).lanes {
        draw_lane(&mut text, lane, Width(NAMES + COUNTS + columns));
    }
    let plain = anstream::adapter::strip_str(&text).to_string();
    let lines: Vec<_> = plain.lines().map(str::trim_end).collect();
    let expected: Vec<_> = expected.lines().collect();
    assert_eq!(lines, expected, "\n{plain}");
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
send()     │hello│e7b298│a␠ b│  3 sends
recv()     │hello e7b298│a␠│    2 recvs, 1 B unread
messages   │hello e7b298│a␠│    2 messages, 1 glued, 1 cut
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
send()     │0123 456
recv()     │0123│456
messages   │0123│456
           offset 0
           789abcde
           789abcde
           789abcde
           offset 7
           f│  1 send
           f│  2 recvs
           f│  2 messages, 2 cut
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
send()     │01234567 89│  2 sends, 1 empty
recv()     │01234567│××│  1 recv
messages   │01234567│     1 message, 1 cut
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
send()     │03000000│abc│GET␠│  3 sends
recv()     │03000000 abc GET␠│  1 recv
messages   │03000000 abc│       1 message
           offset 0
refused    A length of 542,393,671 at offset 7: more than the 1,048,576 bytes allowed.",
    );
}
