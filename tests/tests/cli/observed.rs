//! Lessons about what the kernel and the wire saw: what they claim to show is
//! what happens.

use std::thread;

use serde_json::Value;
use tests::events::{Event, Trace};
use tests::stickylab;

use super::runs::trace;

/// What the kernel told beside a call.
fn told(event: &Event, name: &str) -> Option<u64> {
    event.socket[name].as_u64()
}

/// Offsets and lengths of the segments with data that `actor` sent.
fn segments(trace: &Trace, actor: &str, client: u64) -> Vec<(u64, usize)> {
    let segments = trace.calls(actor, "segment", client);
    let data = segments.iter().filter(|segment| !segment.bytes.is_empty());
    data.map(|segment| (segment.offset, segment.bytes.len()))
        .collect()
}

#[test]
#[ignore = "needs CAP_NET_RAW"]
fn nagle_is_not_to_blame_for_what_a_late_reader_gets() {
    // Late enough for a busy machine.
    let trace = trace(&["is-nagle-to-blame", "--set", "read-delay=1000"]);
    let recvs = trace.calls("server", "recv", 1);
    assert_eq!(recvs[0].bytes, b"abcde");
    #[cfg(target_os = "linux")]
    assert_eq!(told(recvs[0], "waiting"), Some(5));
    assert_eq!(trace.capture, "on");
    assert_eq!(trace.missed, Some(0));
    // Each send is a segment, and every byte crossed once.
    let sends = trace.calls("client1", "send", 1);
    let sends: Vec<_> = sends.iter().map(|e| (e.offset, e.bytes.len())).collect();
    assert_eq!(sends, [(0, 1), (1, 1), (2, 1), (3, 1), (4, 1)]);
    assert_eq!(segments(&trace, "client1", 1), sends);
}

/// The replies the client waited longer for than 20 ms.
fn late(lines: &[Value]) -> usize {
    let late = lines.iter().filter(|line| {
        let event = Event::of(line).filter(|e| e.is("client1", "recv") && !e.bytes.is_empty());
        event.is_some() && line["took"].as_u64() > Some(20_000_000)
    });
    late.count()
}

#[test]
#[cfg(target_os = "linux")]
fn nagle_holds_the_second_of_two_writes_back_until_the_first_is_acknowledged() {
    for (nagle, expected) in [("on", true), ("off", false)] {
        let setting = format!("nagle={nagle}");
        let arguments = ["run", "nagle-for-real", "--json", "--set", &setting];
        let finished = tests::run(stickylab(&arguments), b"");
        let trace = Trace::read(&finished.out);
        let parse = |line: &String| serde_json::from_str(line).expect("JSON");
        let lines: Vec<Value> = finished.out.iter().map(parse).collect();
        let sends = trace.calls("client1", "send", 1);
        assert_eq!(sends.len(), 10, "header and body of five messages");
        let held = sends.iter().filter(|send| told(send, "unsent") > Some(0));
        let held: Vec<_> = held.collect();
        // In the first exchange the kernel acknowledges at once.
        assert_eq!(held.len() >= 3, expected, "nagle {nagle}: {held:?}");
        for send in held {
            assert_eq!(told(send, "unsent"), Some(send.bytes.len() as u64));
        }
        if expected {
            assert!(late(&lines) >= 3, "nagle {nagle}");
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn the_datagrams_that_got_lost_are_those_the_kernel_counted() {
    // Ten at a time: a run mostly waits.
    let workers = (0..10).map(|_| {
        thread::spawn(|| {
            for _ in 0..5 {
                let trace = trace(&["udp-loses"]);
                let sent = trace.calls("client1", "send", 1).len();
                let recvs = trace.calls("server", "recv", 1);
                assert_eq!(sent, 60);
                let lost = (sent - recvs.len()) as u64;
                assert_eq!(trace.dropped, Some(lost), "{} received", recvs.len());
                // What a recv was told of is part of it.
                assert!(recvs.iter().all(|recv| told(recv, "dropped") <= Some(lost)));
            }
        })
    });
    let workers: Vec<_> = workers.collect();
    for worker in workers {
        worker.join().expect("fifty runs that add up");
    }
}

#[test]
fn a_small_receive_buffer_loses_and_the_kernels_own_does_not() {
    let small = trace(&["udp-loses", "--set", "read-delay=50"]);
    assert!(small.calls("server", "recv", 1).len() < 60);
    let own = trace(&["udp-loses", "--set", "receive-buffer=0"]);
    assert_eq!(own.calls("server", "recv", 1).len(), 60);
}

#[test]
fn the_second_client_waits_in_the_accept_queue_with_its_bytes() {
    let trace = trace(&["accept-queue", "--set", "hold=2000"]);
    let only = |actor: &str, call: &str, client| {
        let calls = trace.calls(actor, call, client);
        assert_eq!(calls.len(), 1, "{actor} {call} {client}");
        calls[0].clone()
    };
    let connect = only("client2", "connect", 2);
    let accept = only("server", "accept", 2);
    let sends = trace.calls("client2", "send", 2);
    assert_eq!(sends.len(), 3);
    assert!(sends.iter().all(|send| send.at < accept.at));
    assert!(accept.at > only("server", "close", 1).at);
    let recvs = trace.calls("server", "recv", 2);
    assert_eq!(recvs[0].bytes, b"isanybodythere?");
    if cfg!(target_os = "linux") {
        assert_eq!(told(&connect, "accept-queue"), Some(1));
        assert_eq!(told(&accept, "accept-queue"), Some(1));
        assert_eq!(told(recvs[0], "waiting"), Some(15));
    }
}

#[test]
fn send_takes_less_than_it_is_given_where_the_buffers_are_small() {
    let trace = trace(&["short-send"]);
    let sends = trace.calls("client1", "send", 1);
    let partial = sends.iter().filter(|e| (e.bytes.len() as u64) < e.asked);
    assert!(partial.count() >= 2, "{}", sends.len());
    let mut left = 200_000;
    for send in &sends {
        assert_eq!(send.asked, left);
        left -= send.bytes.len() as u64;
    }
    assert_eq!(left, 0);
    if cfg!(target_os = "linux") {
        // More than the wire could take at once stays behind, unsent.
        assert!(sends.iter().any(|send| told(send, "unsent") > Some(0)));
    }
}

/// What `stickylab run` prints where it may not capture.
#[cfg(target_os = "linux")]
fn uncaptured(arguments: &[&str]) -> Vec<String> {
    let command = tests::capture::without(&stickylab(&[&["run"], arguments].concat()));
    let finished = tests::run(command, b"");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.err.is_empty(), "{finished:?}");
    finished.out
}

#[test]
#[cfg(target_os = "linux")]
fn without_a_capture_what_is_lost_is_what_the_kernel_counted() {
    let out = uncaptured(&["udp-loses"]);
    let number = |marked: &str| {
        let line = out.iter().find(|line| line.contains(marked));
        let line = line.unwrap_or_else(|| panic!("{marked} in {out:#?}"));
        let before = line.split(marked).next().unwrap_or_default();
        let number = before
            .rsplit(' ')
            .next()
            .and_then(|n| n.parse::<u32>().ok());
        number.unwrap_or_else(|| panic!("a number in {line}"))
    };
    let counted = number(" datagrams dropped by the server's kernel");
    assert_eq!(number(" dropped"), counted);
    assert_eq!(number(" datagrams lost: "), counted);
    assert!(!out.iter().any(|line| line.contains("unread")), "{out:#?}");
    // They are drawn where they would have been.
    assert!(out.iter().any(|line| line.contains("│××××")), "{out:#?}");
}

#[test]
#[cfg(target_os = "linux")]
fn without_a_capture_the_reason_says_no_more_than_was_seen() {
    // Late enough for a busy machine.
    let out = uncaptured(&["is-nagle-to-blame", "--set", "read-delay=1000"]);
    let why = "why        4 boundaries vanished: they waited together in the receive queue (in how \
               many segments\n           they came was not captured), 5 B waited.";
    assert!(out.join("\n").contains(why), "{out:#?}");
}

#[test]
fn below_the_lanes_stand_the_waits_and_the_answer() {
    let finished = super::call(&["run", "nagle-for-real"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let out = finished.out;
    let line = |start: &str| {
        let line = out.iter().find(|line| line.starts_with(start));
        line.unwrap_or_else(|| panic!("{start} in {out:#?}"))
    };
    let answer = line("replies that took longer than 20 ms: ");
    let late: usize = answer.rsplit(' ').next().unwrap().parse().unwrap();
    let replies = line("replies    ");
    let listed = replies.split('#').skip(1).count();
    assert!(listed >= late && listed <= 5, "{answer}: {replies}");
    assert!(line("connect    ").contains("; accept() had it "));
    if cfg!(target_os = "linux") {
        assert!(late >= 3, "{answer}");
        assert!(line("send queue ").contains(" B not even sent"));
        assert!(line("recv queue ").contains(" B before the server's recv()"));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn without_the_privilege_a_lane_says_what_it_needs_and_what_was_counted() {
    let out = uncaptured(&["is-nagle-to-blame"]);
    let wire: Vec<_> = out.iter().skip_while(|l| !l.starts_with("wire")).collect();
    assert_eq!(
        wire[..2],
        [
            "wire       not captured: needs CAP_NET_RAW (sudo setcap cap_net_raw+ep \
             target/release/stickylab), or",
            "           a network of its own, which this forbids: user.max_user_namespaces = 0",
        ]
    );
    assert!(wire[2].contains("only counted (TCP_INFO): "), "{wire:?}");
    assert!(wire[2].contains(" 5 with data, "), "{wire:?}");
}
