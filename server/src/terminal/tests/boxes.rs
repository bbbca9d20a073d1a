//! Lanes of more bytes than are drawn one by one.

use super::*;

#[test]
fn what_is_too_long_to_read_is_drawn_as_boxes_over_the_same_offsets() {
    let long = vec![b'x'; 500];
    check(
        Experiment::new(System::TcpEcho, &[]),
        20,
        &[
            (false, Call::Send, &long),
            (false, Call::Send, &long[..100]),
            (true, Call::Recv, &long[..1]),
            (true, Call::Recv, &long[1..]),
        ],
        "client 1 → server
wire       not captured
send()     │#1 500 B
recv()     │#1 1 B│#2 499 B
messages   │#1 1 B│#2 499 B
           offset 0
send()     │#2 100 B│  2 sends
recv()     │           2 recvs, 100 B unread
messages   │           2 messages, 2 split
           offset 500",
    );
}

#[test]
fn dropped_datagrams_are_drawn_where_they_would_have_been_captured_or_not() {
    let datagrams: Vec<_> = (0..12).map(|number| vec![number; 200]).collect();
    let mut calls: Vec<(bool, Call, &[u8])> = Vec::new();
    calls.extend(datagrams.iter().map(|d| (false, Call::Send, &d[..])));
    calls.extend([0, 1, 9].map(|read: usize| (true, Call::Recv, &datagrams[read][..])));
    let mut trace = trace(Experiment::new(System::UdpEcho, &[]), &calls);
    trace.end(Ending::Finished, None, Some(9));
    check_lanes(
        &trace,
        &Analysis::new(&trace),
        60,
        "client 1 → server
wire       not captured
send()     │#1 200 B│#2 200 B│#3 200 B│#4 200 B│#5 200 B│#6 200 B
recv()     │#1 200 B│#2 200 B│××××××××│××××××××│××××××××│××××××××
messages   │#1 200 B│#2 200 B│
           offset 0
send()     │#7 200 B│#8 200 B│#9 200 B│#10 200 B│#11 200 B│#12 200 B│  12 sends
recv()     │××××××××│××××××××│××××××××│#3 200 B │×××××××××│×××××××××│  3 recvs, 9 dropped
messages                              │#3 200 B │                      3 messages
           offset 1200
why        9 datagrams lost: the reader's receive buffer was full.",
    );
}

#[test]
fn boxes_are_bounded_too() {
    let experiment = Experiment::new(System::TcpEcho, &[]);
    let long = [b'x'; 9];
    let calls = vec![(false, Call::Send, &long[..]); 200];
    let trace = trace(experiment, &calls);
    let mut text = String::new();
    let lane = &Analysis::new(&trace).lanes[0];
    draw_lane(&mut text, &mut Legend::new(""), &trace, lane, screen(9));
    let plain = anstream::adapter::strip_str(&text).to_string();
    let last: Vec<_> = plain.lines().rev().take(5).map(str::trim_end).collect();
    // One box a line.
    let drawn = 9 * BLOCKS;
    let expected = [
        "messages     0 messages".to_owned(),
        "recv()       0 recvs, 1,800 B unread".to_owned(),
        "send()       200 sends".to_owned(),
        "             1,584 B more are not drawn".to_owned(),
        format!("           offset {}", drawn - 9),
    ];
    assert_eq!(last, expected, "{plain}");
}

#[test]
fn what_a_link_lost_is_marked_and_named() {
    let long = vec![b'x'; 6_000];
    let experiment = Experiment::new(System::TcpEcho, &[]);
    let mut trace = trace(experiment, &[(false, Call::Send, &long)]);
    trace.head.capture = Capture::On;
    for (offset, lost) in [(0, false), (2_000, true), (4_000, false)] {
        let transit = Transit {
            lost: lost.then_some(Loss::Chance),
            ..Transit::default()
        };
        let origin = ClientId::FIRST.opener();
        trace.insert(Event {
            offset: Offset(offset),
            bytes: long[..2_000].to_vec(),
            header: Some(Header {
                transit: Some(transit),
                ..Header::default()
            }),
            ..Event::new(Nanos::from_millis(10_000 + offset), origin, Call::Segment)
        });
    }
    let mut text = String::new();
    let lane = &Analysis::new(&trace).lanes[0];
    draw_lane(&mut text, &mut Legend::new(""), &trace, lane, screen(60));
    let plain = anstream::adapter::strip_str(&text).to_string();
    let wire = plain.lines().find(|line| line.starts_with("wire"));
    let expected = "wire       │#1 2000 B│#2 2000 B ✗│#3 2000 B│  3 segments, 1 lost, lost: #2";
    assert_eq!(wire.map(str::trim_end), Some(expected), "{plain}");
}
