//! Literal traces in, the knob that proves their cause out.

#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod dsl;

use dsl::trace;
use protocol::System;
use trace::cause::held_back;
use trace::counterfactual::{Counterfactual, counterfactual_at, counterfactual_of_run, remaining};
use trace::{Analysis, Trace};

fn text(counterfactual: Option<Counterfactual>) -> Option<String> {
    counterfactual.map(|counterfactual| format!("{}={}", counterfactual.knob, counterfactual.value))
}

/// The counterfactual of the run; turned, it is an experiment that can be run and is
/// not proved the same way again.
fn check(system: System, settings: &[&str], script: &str, expected: Option<&str>) {
    let run = trace(system, settings, script);
    let analysis = Analysis::new(&run);
    let counterfactual = counterfactual_of_run(&run, &analysis);
    assert_eq!(
        text(counterfactual.clone()).as_deref(),
        expected,
        "{settings:?}"
    );
    let Some(counterfactual) = counterfactual else {
        return;
    };
    assert!(remaining(&run, &analysis, counterfactual.knob) > 0);
    let mut turned = run.plan.as_ref().unwrap().clone();
    counterfactual
        .knob
        .set(&mut turned, &counterfactual.value)
        .unwrap();
    turned.validate().unwrap();
    assert!(counterfactual.knob.applies(&turned));
    let value = format!("{}={}", counterfactual.knob, counterfactual.value);
    let again = [settings, &[value.as_str()]].concat();
    let run = trace(system, &again, script);
    assert_ne!(
        counterfactual_of_run(&run, &Analysis::new(&run)),
        Some(counterfactual)
    );
}

fn at(run: &Trace, event: usize) -> Option<String> {
    text(counterfactual_at(run, &Analysis::new(run), event))
}

const TWO: &str = "messages=hello\nabc";

/// Two messages, apart on the wire, together at the reader.
const LATE: &str = "c1 send hello
     c1 segment 0 PSH,ACK hello
     c1 send abc
     c1 segment 5 PSH,ACK abc
     s1 recv 1024 helloabc | waiting=8";

/// The same two, each with its length in front.
const FRAMED: &str = r"c1 send \x05\x00\x00\x00
     c1 segment 0 PSH,ACK \x05\x00\x00\x00
     c1 send hello
     c1 segment 4 PSH,ACK hello
     s1 recv 1024 \x05\x00\x00\x00hello | waiting=9
     c1 send \x03\x00\x00\x00
     c1 segment 9 PSH,ACK \x03\x00\x00\x00
     c1 send abc
     c1 segment 13 PSH,ACK abc
     s1 recv 1024 \x03\x00\x00\x00abc | waiting=7";

#[test]
fn messages_that_came_together_are_sent_further_apart_than_the_reader_sleeps() {
    let tcp = System::TcpEcho;
    check(tcp, &[TWO], LATE, Some("gap=20000"));
    check(tcp, &[TWO, "read-delay=5"], LATE, Some("gap=20000"));
    check(tcp, &[TWO, "read-delay=30"], LATE, Some("gap=60000"));
    // Two recvs for each message.
    let small = [TWO, "read-delay=30", "buffer=3"];
    check(tcp, &small, LATE, Some("gap=90000"));
    check(tcp, &[TWO, "gap=20000"], LATE, None);
    // The gap is there already, and no sleep is no promise.
    let wide = [TWO, "gap=60000", "read-delay=30"];
    check(tcp, &wide, LATE, None);
}

#[test]
fn no_gap_parts_a_header_from_its_body() {
    let system = System::LengthPrefix;
    check(system, &[TWO], FRAMED, None);
    check(system, &[TWO, "read-delay=9"], FRAMED, None);
    let together = r"c1 send \x05\x00\x00\x00
         c1 segment 0 PSH,ACK \x05\x00\x00\x00
         c1 send hello
         c1 segment 4 PSH,ACK hello
         c1 send \x03\x00\x00\x00
         c1 segment 9 PSH,ACK \x03\x00\x00\x00
         s1 recv 1024 \x05\x00\x00\x00hello\x03\x00\x00\x00 | waiting=13";
    // Two messages are in it as well.
    let settings = [TWO, "read-delay=30"];
    check(system, &settings, together, Some("gap=90000"));
    let merged = r"c1 send \x05\x00\x00\x00 | unacked=5 unsent=4 send-mss=99 send-window=999
         c1 send hello
         c1 segment 0 PSH,ACK \x05\x00\x00\x00hello
         s1 recv 1024 \x05\x00\x00\x00hello";
    check(system, &[TWO], merged, None);
    check(system, &[TWO, "nagle=on"], merged, Some("nagle=off"));
}

#[test]
fn what_nagle_held_back_is_proved_where_no_boundary_changed() {
    let script = r"c1 send \x05\x00\x00\x00 | unacked=4 unsent=0
         c1 segment 0 PSH,ACK \x05\x00\x00\x00
         c1 send hello | unacked=9 unsent=5 send-mss=99 send-window=999
         s1 recv 1024 \x05\x00\x00\x00 | waiting=4
         s1 segment 0 ACK | ack=4
         c1 segment 4 PSH,ACK hello
         s1 recv 1024 hello | waiting=5";
    let system = System::LengthPrefix;
    check(system, &["nagle=on"], script, Some("nagle=off"));
    check(system, &[], script, None);
    let run = trace(system, &["nagle=on"], script);
    assert_eq!(held_back(&run, 2), Some(5));
    assert_eq!(at(&run, 2).as_deref(), Some("nagle=off"));
    assert_eq!(at(&run, 0), None);
    assert_eq!(at(&run, 6), None);
    assert_eq!(at(&run, usize::MAX), None);
    let analysis = Analysis::new(&run);
    assert_eq!(remaining(&run, &analysis, trace::knob::Knob::Nagle), 1);
    // More than a segment is not Nagle's doing, and nothing in flight neither.
    // What the window has no room for waits without Nagle, and where neither
    // the kernel was asked nor the wire captured nobody knows.
    for told in [
        "unacked=9000 unsent=5000 send-mss=1448 send-window=9999",
        "unacked=5 unsent=5 send-mss=1448 send-window=9999",
        "unacked=9 unsent=5 send-mss=1448 send-window=8",
        "unacked=9 unsent=5",
    ] {
        let script = format!("c1 send hello | {told}");
        check(system, &["nagle=on"], &script, None);
    }
}

#[test]
fn the_earliest_sure_counterfactual_is_the_run_s() {
    let script = format!(
        "{LATE}
         c1 send x | unacked=2 unsent=1 send-mss=99 send-window=999"
    );
    let settings = [TWO, "nagle=on"];
    check(System::TcpEcho, &settings, &script, Some("gap=20000"));
    let told = "unacked=2 unsent=1 send-mss=99 send-window=999";
    let script = format!("c1 send | {told}\n{LATE}");
    check(System::TcpEcho, &settings, &script, Some("nagle=off"));
}

#[test]
fn who_waits_to_be_accepted_is_not_read_late() {
    let script = "c1 connect
         s1 accept
         c2 connect
         c2 send hello
         c2 segment 0 PSH,ACK hello
         c2 send abc
         c2 segment 5 PSH,ACK abc
         s1 close
         s2 accept
         s2 recv 1024 helloabc | waiting=8";
    let two = ["clients=2", "messages2=hello\nabc", "serial=on"];
    // Sent at once, they would come out together anyway.
    check(System::TcpEcho, &two, script, None);
    let slow = [&two[..], &["gap=20000"]].concat();
    check(System::TcpEcho, &slow, script, Some("serial=off"));
    let parallel = [&two[..2], &["serial=off"]].concat();
    check(System::TcpEcho, &parallel, script, Some("gap=20000"));
}

#[test]
fn a_send_taken_in_parts_has_no_counterfactual() {
    let script = "c1 send hel | asked=8 unacked=3
         c1 segment 0 PSH,ACK hel
         c1 send loabc
         c1 segment 3 ACK loa
         s1 recv 1024 helloa | waiting=6
         c1 segment 6 PSH,ACK bc
         s1 recv 1024 bc | waiting=2";
    for settings in [&["send-buffer=4608"][..], &["read-delay=30"], &[]] {
        check(System::TcpEcho, settings, script, None);
    }
}

#[test]
fn a_small_buffer_grows_if_the_send_came_in_one_piece() {
    let script = "c1 send hello
         c1 segment 0 PSH,ACK hello
         s1 recv 3 hel | waiting=5
         s1 recv 3 lo | waiting=2";
    check(System::TcpEcho, &["buffer=3"], script, Some("buffer=32"));
    check(System::TcpEcho, &["buffer=64"], script, None);
    let pieces = "c1 send hello
         c1 segment 0 PSH,ACK hell
         c1 segment 4 PSH,ACK o
         s1 recv 3 hel | waiting=5
         s1 recv 3 lo | waiting=2";
    check(System::TcpEcho, &["buffer=3"], pieces, None);
    let unseen = "c1 send hello
         s1 recv 3 hel | waiting=5
         s1 recv 3 lo | waiting=2";
    check(System::TcpEcho, &["buffer=3"], unseen, Some("buffer=32"));
}

#[test]
fn a_split_send_needs_patience() {
    let split = "c1 send abcdef
         c1 segment 0 ACK abcd
         s1 recv 1024 abcd | waiting=4
         c1 segment 4 PSH,ACK ef
         s1 recv 1024 ef | waiting=2";
    check(System::TcpEcho, &["send-buffer=4608"], split, None);
    let unseen = "c1 send abcdef
         s1 recv 1024 abcd | waiting=4
         s1 recv 1024 ef | waiting=2";
    check(System::TcpEcho, &[], unseen, Some("read-delay=200"));
    check(System::TcpEcho, &["read-delay=200"], unseen, None);
}

#[test]
fn datagrams_need_room_or_a_quicker_reader() {
    let udp = System::UdpEcho;
    let cut = "c1 send hello
         s1 recv 2 he | length=5";
    check(udp, &["buffer=2"], cut, Some("buffer=8"));
    let lost = "c1 send hello
         c1 datagram hello
         c1 send abc
         c1 datagram abc
         s1 recv 1024 hello | dropped=0
         ended missed=0 dropped=1";
    for (setting, counterfactual) in [
        ("receive-buffer=1024", Some("receive-buffer=4096")),
        ("read-delay=9", Some("read-delay=0")),
        ("buffer=512", Some("gap=20000")),
        ("gap=20000", None),
    ] {
        check(udp, &[TWO, setting], lost, counterfactual);
    }
}

#[test]
fn gaps_that_would_outlast_a_run_are_no_counterfactual() {
    let many = format!("messages={}", vec!["x"; 600].join("\n"));
    let script = "c1 send x
         c1 segment 0 PSH,ACK x
         c1 send x
         c1 segment 1 PSH,ACK x
         s1 recv 1024 xx | waiting=2";
    check(System::TcpEcho, &[&many], script, None);
}

#[test]
fn long_runs_are_judged_in_one_walk() {
    use protocol::{Nanos, Offset};
    use trace::{Call, ClientId, Event, Socket};

    // Each two sends are merged and each is held back, none with a counterfactual.
    let mut run = trace(System::TcpEcho, &["clients=2", "serial=on"], "running");
    for client in &mut run.plan.as_mut().unwrap().clients {
        client.nagle = true;
    }
    for at in 0..40_000_u64 {
        let event = |call, actor, length: usize| Event {
            offset: Offset(at),
            asked: 2,
            bytes: vec![b'x'; length],
            socket: Socket {
                unacked: Some(9_001),
                unsent: Some(9_000),
                mss: Some(1_448),
                window: Some(65_535),
                waiting: Some(2),
                ..Socket::default()
            },
            ..Event::new(Nanos(at), actor, call)
        };
        run.insert(event(Call::Send, ClientId::FIRST.opener(), 1));
        if at % 2 == 1 {
            let recv = event(Call::Recv, ClientId::FIRST.acceptor(), 2);
            run.insert(Event {
                offset: Offset(at - 1),
                ..recv
            });
        }
    }
    // A walk for each event would take minutes even in a release build.
    let analysis = Analysis::new(&run);
    assert_eq!(counterfactual_of_run(&run, &analysis), None);
    let nagle = trace::knob::Knob::Nagle;
    assert_eq!(remaining(&run, &analysis, nagle), 0);
    let gap = trace::knob::Knob::Gap;
    assert!(remaining(&run, &analysis, gap) > 10_000);
}

/// The replies to the parts of a message come at once, however far apart messages are.
#[test]
fn no_gap_parts_the_replies_to_one_message() {
    let script = "c1 send hello
         s1 recv 3 hel
         s1 send HEL
         s1 segment 0 PSH,ACK HEL
         s1 recv 3 lo
         s1 send LO
         s1 segment 3 PSH,ACK LO
         c1 recv 1024 HELLO | waiting=5";
    for (buffer, expected) in [("buffer=3", None), ("buffer=8", Some("gap=20000"))] {
        let run = trace(System::TcpEcho, &[TWO, buffer], script);
        assert_eq!(at(&run, 7).as_deref(), expected, "{buffer}");
    }
}
