//! Literal traces in, sentences about what the kernels did out, in both languages:
//! what bytes waited for, which SYN was answered, which copy was taken.

#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod dsl;

use dsl::{check_says as check, explained_in, trace};
use protocol::System;
use trace::counterfactual::{counterfactual_at, remaining};
use trace::knob::Knob;
use trace::rows::Rows;
use trace::{Analysis, Trace};

/// Sends of 1,000 bytes and a window of 2,304.
const FULL_WINDOW: &str = "c1 segment 0 SYN | mss=65495
     s1 segment 0 SYN,ACK | mss=65495 window=2304
     c1 segment 0 ACK
     c1 send {a} | unacked=0 unsent=0
     c1 segment 0 PSH,ACK {a}
     s1 segment 0 ACK | ack=1000 window=1304
     c1 send {b} | unacked=1000 unsent=0
     c1 segment 1000 PSH,ACK {b}
     c1 send {c} | unacked=2000 unsent=1000{told}
     c1 send {d} | unacked=3000 unsent=2000{told}
     s1 recv 65536 {a}{b} | waiting=2000
     s1 segment 0 ACK | ack=2000 window=2000
     c1 segment 2000 PSH,ACK {c}{d} | gso=1152
     s1 recv 65536 {c}{d} | waiting=2000";

fn full_window(nagle: &str, told: &str) -> Trace {
    let mut script = FULL_WINDOW.replace("{told}", told);
    for letter in ["a", "b", "c", "d"] {
        script = script.replace(&format!("{{{letter}}}"), &letter.repeat(1000));
    }
    trace(System::TcpEcho, &[nagle], &script)
}

#[test]
fn what_the_window_has_no_room_for_is_not_held_by_nagle() {
    // As the kernel told it, and as the wire shows it.
    for told in [" send-mss=1152 send-window=1304", ""] {
        for nagle in ["nagle=on", "nagle=off"] {
            let run = full_window(nagle, told);
            for (step, waiting) in [(9, "1,000"), (10, "2,000")] {
                let english = format!(
                    "The kernel has taken {waiting} bytes and not sent them yet: the receiver's \
                     window has room for only 304."
                );
                let chinese =
                    format!("还没有发出去的有 {waiting} 字节：读取端的窗口只剩 304 字节。");
                check(&run, step, [&english, &chinese], &["Nagle"]);
            }
            check(
                &run,
                14,
                [
                    "put them into one segment: the receiver's window had room for only 304 bytes, \
                     so they waited in the send queue and left together, with Nagle's algorithm or \
                     without.",
                    "读取端的窗口只剩 304 字节，所以它们在发送队列里等着，然后一起发出；有没有 Nagle 算法都一样。",
                ],
                &["held them back", "压住"],
            );
            let analysis = Analysis::new(&run);
            let rows = Rows::at_the_end(&run, &analysis.lanes[0]);
            let why: Vec<_> = rows.reasons()[1].why.iter().map(|why| why.key).collect();
            assert_eq!(why, ["why.merged.window", "why.window"]);
            assert_eq!(remaining(&run, &analysis, Knob::Nagle), 0);
        }
    }
}

/// Case O of what people reported: the second part of a reply waits, and it is the server's
/// Nagle that holds it, until the client acknowledges the first part.
#[test]
fn the_second_part_of_a_reply_is_held_by_the_servers_nagle() {
    let calls = "c1 segment 0 SYN | mss=65495
         s1 segment 0 SYN,ACK | mss=65495 window=65483
         c1 segment 0 ACK | window=65483
         c1 send question | unacked=0 unsent=0
         c1 segment 0 PSH,ACK question | window=65483
         s1 recv 99 question | waiting=8
         s1 send first | unacked=5 unsent=0
         s1 segment 0 PSH,ACK first | ack=8 window=65483
         s1 send second | unacked=11 unsent=6
         c1 recv 99 first | waiting=5
         c1 segment 8 ACK | ack=5 window=65483
         s1 segment 5 PSH,ACK second | ack=8 window=65483
         c1 recv 99 second | waiting=6";
    let run = trace(System::TcpEcho, &["server-nagle=on", "nagle=off"], calls);
    let english =
        "Nagle's algorithm holds 6 bytes back: they wait for the ACK of all before offset 5.";
    let chinese = explained_in("zh", &run, 9);
    assert!(
        chinese.contains("Nagle") && chinese.contains("服务端"),
        "{chinese}"
    );
    let said = [
        "The server's send() #2 handed 6 bytes to the kernel. ",
        english,
    ]
    .concat();
    check(&run, 9, [&said, "Nagle"], &[]);
    // To prove it, the server's algorithm is turned off: the client's is off already.
    let analysis = Analysis::new(&run);
    let proof = counterfactual_at(&run, &analysis, 8).unwrap();
    assert_eq!(
        (proof.knob, proof.value.as_str()),
        (Knob::ServerNagle, "off")
    );
    let left = [Knob::ServerNagle, Knob::Nagle].map(|knob| remaining(&run, &analysis, knob));
    assert_eq!(left, [1, 0]);
    // The same where the client has the algorithm and the server has not: nothing is said.
    let other = trace(System::TcpEcho, &["server-nagle=off", "nagle=on"], calls);
    check(&other, 9, ["The server's send() #2", "服务端"], &["Nagle"]);
}

#[test]
fn what_bytes_waited_for_is_not_guessed() {
    for (nagle, english, chinese) in [
        (
            "nagle=on",
            "one segment: they waited in its send queue",
            "同一个段：它们在发送队列里等着",
        ),
        (
            "nagle=off",
            "although Nagle's algorithm was off: they waited",
            "尽管 Nagle 算法是关的",
        ),
    ] {
        let run = trace(
            System::TcpEcho,
            &[nagle],
            "c1 send ab | unacked=3 unsent=2
             c1 send cd
             c1 segment 0 PSH,ACK abcd
             s1 recv 1024 abcd",
        );
        let not = ["held them back", "window", "压住", "窗口"];
        check(&run, 4, [english, chinese], &not);
        let english = "The kernel has taken 2 bytes and not sent them yet.";
        check(&run, 1, [english, "还没有发出去的有 2 字节。"], &not);
    }
}

/// A full queue dropped the SYN of client 2: it was sent again after 1 s (two
/// lines here are a millisecond apart).
const SYN_DROPPED: &str = "c2 connect | took=8 accept-queue=1 listen-drops=1
     c2 segment 0 SYN
     c1 connect
     c2 send x
     c2 send y
     c2 send z
     c2 segment 0 SYN
     s2 segment 0 SYN,ACK
     c2 segment 0 ACK
     s2 accept | accept-queue=1 listen-drops=1";

#[test]
fn a_dropped_syn_did_not_wait_in_the_accept_queue() {
    let run = trace(System::TcpEcho, &["clients=2"], SYN_DROPPED);
    check(
        &run,
        1,
        [
            "Client 2 called connect(). The server's kernel answered only SYN number 2, which \
             was sent 5.00 ms after the first. When connect() returned, the listening socket had \
             dropped 1 request for a connection, as it does while its accept queue is full.",
            "服务端的内核只应答了第 2 个 SYN，它比第一个晚 5.00 ms。 connect() 返回时，监听套接字已经丢弃了 1 个建立连接的请求：accept 队列满的时候它就这样做。",
        ],
        &[],
    );
    check(
        &run,
        7,
        [
            "It is the same as one that was sent 5.00 ms before.",
            "它和 5.00 ms 之前发出的那一个相同。",
        ],
        &[],
    );
    let accept = explained_in("en", &run, 10);
    assert!(!accept.contains("had waited"), "{accept}");
    // Where the handshake was at once, it did wait.
    let waited = trace(
        System::TcpEcho,
        &[],
        "c1 segment 0 SYN
         s1 segment 0 SYN,ACK
         c1 segment 0 ACK
         c1 send a
         c1 send b
         c1 send c
         c1 send d
         s1 accept",
    );
    check(
        &waited,
        8,
        [
            "It had waited 5.00 ms in the accept queue.",
            "它在 accept 队列里等了 5.00 ms。",
        ],
        &[],
    );
}

#[test]
fn without_a_capture_only_the_return_of_connect_is_known() {
    let script = "c1 connect | took=2
         c1 send a
         c1 send b
         c1 send c
         c1 send d
         c1 send e
         c1 send f
         s1 accept";
    let run = trace(System::TcpEcho, &[], script);
    check(
        &run,
        8,
        [
            "Client 1's connect() had returned 5.00 ms before.",
            "5.00 ms 前，客户端 1 的 connect() 已经返回。",
        ],
        &["had waited", "队列里等"],
    );
    let run = trace(System::TcpEcho, &[], &script.replace(" | took=2", ""));
    assert!(
        !explained_in("en", &run, 8).contains("before."),
        "nobody measured it"
    );
}

#[test]
fn a_copy_that_was_discarded_came_out_of_no_recv() {
    let copies = |told: &str| {
        trace(
            System::TcpEcho,
            &[],
            &format!(
                "c1 send abcdef
                 c1 segment 0 ACK abcdef
                 c1 segment 3 PSH,ACK def
                 s1 segment 0 ACK | ack=6{told}
                 s1 recv 1024 abcdef"
            ),
        )
    };
    let run = copies(" discarded=3..6");
    check(
        &run,
        3,
        [
            "it is a retransmission. The server's kernel had these bytes already and discarded \
             this copy: no recv() took it.",
            "服务端的内核已经有这些字节，丢弃了这一份：没有哪次 recv() 取过它。",
        ],
        &["came out", "读出"],
    );
    let read = [
        "Its bytes came out of the server's recv() #1.",
        "它的字节从服务端的 recv() #1 读出。",
    ];
    check(&run, 2, read, &[]);
    // Nothing tells which copy it was.
    let run = copies("");
    for step in [2, 3] {
        check(
            &run,
            step,
            [
                "Its bytes came out of the server's recv() #1: of this copy or of another, which was not observed.",
                "它的字节从服务端的 recv() #1 读出：是这一份还是另一份，没有观察到。",
            ],
            &["discarded", "丢弃"],
        );
    }
}
