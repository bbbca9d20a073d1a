//! What stands beside the bytes that calls carried.

use super::*;

/// An empty send is a box of its own; on a stream nothing comes of it.
#[test]
fn what_has_no_bytes_is_drawn_too() {
    check(
        Experiment::new(System::TcpEcho, &[]),
        60,
        &[
            (false, Call::Send, b"a"),
            (false, Call::Send, b""),
            (false, Call::Send, b""),
            (false, Call::Send, b"b"),
            (true, Call::Recv, b"ab"),
        ],
        "client 1 → server
wire       not captured
send()     │a│∅│∅│b│  4 sends, 2 empty
recv()     │a     b│  1 recv
messages   │a     b│  1 message, 1 glued
           offset 0",
    );
    check(
        Experiment::new(System::UdpEcho, &[]),
        60,
        &[(false, Call::Send, b""), (true, Call::Recv, b"")],
        "client 1 → server
wire       not captured
send()     │∅│  1 send, 1 empty
recv()     │∅│  1 recv
messages   │∅│  1 message
           offset 0",
    );
}

#[test]
fn calls_that_failed_are_told_with_or_without_lanes() {
    let mut trace = trace(
        Experiment::new(System::UdpEcho, &[]),
        &[(false, Call::Send, b"hi")],
    );
    let too_long = |at| Event {
        asked: 65_508,
        error: Some("Message too long (os error 90)\x1b[2J".to_owned()),
        ..Event::new(Nanos::from_millis(at), ClientId::FIRST.opener(), Call::Send)
    };
    trace.insert(too_long(5));
    let text = draw(&trace, &Analysis::new(&trace), screen(100));
    let plain = anstream::adapter::strip_str(&text).to_string();
    assert!(plain.contains("1 send, 1 failed"), "{plain}");
    let line = "failed     At 5.00 ms: client 1's sendto() failed: Message too long (os error \
                90)\\x1B[2J. It was given 65,508 B.";
    assert!(plain.contains(line), "{plain}");
    let mut alone = Trace::new(
        Experiment::new(System::UdpEcho, &[]),
        trace::link::Head::new("", Capture::Unknown),
    );
    for at in [5, 6, 7] {
        alone.insert(too_long(at));
    }
    let analysis = Analysis::new(&alone);
    assert!(analysis.lanes.is_empty());
    let text = draw(&alone, &analysis, screen(100));
    assert!(
        text.contains("3 times from 5.00 ms on: client 1's sendto() failed"),
        "{text}"
    );
}

#[test]
fn a_record_that_was_cut_off_says_so() {
    let mut trace = trace(Experiment::new(System::TcpEcho, &[]), &FIVE);
    let cut = Event {
        reason: Some(trace::Reason::Calls),
        ..Event::new(Nanos(9), ClientId::FIRST.opener(), Call::Cut)
    };
    trace.insert(cut);
    trace.end(Ending::Limit, None, None);
    let text = draw(&trace, &Analysis::new(&trace), screen(200));
    let plain = anstream::adapter::strip_str(&text).to_string();
    assert!(plain.contains("\nended      "), "{plain}");
    assert!(plain.contains("later ones are not in the trace"), "{plain}");
}

#[test]
fn a_run_is_told_in_chinese() {
    let trace = trace(Experiment::new(System::TcpEcho, &[]), &FIVE);
    let chinese = crate::lessons::Language::of_locale("zh_CN.UTF-8").unwrap();
    let screen = Screen::new(100, chinese, true);
    let text = draw(&trace, &Analysis::new(&trace), screen);
    let plain = anstream::adapter::strip_str(&text).to_string();
    for part in ["客户端 1 → 服务端", "消息       │hello abc│", "2 次 send"] {
        assert!(plain.contains(part), "{part}: {plain}");
    }
    assert!(!plain.contains('['), "a text is missing: {plain}");
}
