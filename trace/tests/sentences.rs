//! Literal traces in, sentences about why out, in both languages: what is said
//! is what was observed, and nothing is said of what was not.

#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod dsl;

use dsl::{check_says as check, trace};
use protocol::{Nanos, System};
use trace::rows::Rows;
use trace::{Analysis, Call, ClientId, Event, Reason, Trace};

/// The reasons that stand below the rows of the first lane.
fn reasons(run: &Trace) -> Vec<String> {
    let analysis = Analysis::new(run);
    let rows = Rows::at_the_end(run, &analysis.lanes[0]);
    let keys = rows.reasons().into_iter().map(|reason| {
        let why: Vec<_> = reason.why.iter().map(|why| why.key).collect();
        format!("{}: {}", reason.what.key, why.join(" "))
    });
    keys.collect()
}

#[test]
fn bytes_that_came_after_the_queue_was_measured_are_not_said_to_have_waited() {
    let run = include_str!("../../tests/traces/late-bytes.jsonl");
    let run = Trace::parse(run).unwrap();
    check(
        &run,
        21,
        [
            "The server's recv(1024) #2 returned 12 bytes. It holds bytes of 3 sends, client 1's send() #2 to #4, in one \
             piece. They were apart on the wire, in 3 segments: 10 bytes waited when the queue \
             was measured just before recv(), and 2 more came until recv() took them all.",
            "它们在线路上是分开的 3 个段：就在 recv() 之前查看队列时有 10 字节在等，到 recv() 取走时又来了 2 字节。",
        ],
        &["was late", "来晚了"],
    );
    assert_eq!(
        reasons(&run),
        ["why.vanished: why.found-together why.waited why.since why.packets"]
    );
    let run = trace(
        System::TcpEcho,
        &[],
        "c1 send hello
         c1 segment 0 PSH,ACK hello
         s1 recv 1024 hello | waiting=2",
    );
    check(
        &run,
        3,
        [
            "Just before, 2 bytes waited in the receive queue; the other 3 came between that and recv().",
            "接收队列里有 2 字节在等；另外 3 字节是在那之后、recv() 之前到的。",
        ],
        &[],
    );
}

#[test]
fn a_full_buffer_is_not_said_to_have_been_smaller_than_a_shorter_queue() {
    let run = trace(
        System::TcpEcho,
        &["buffer=4"],
        "c1 send hello
         c1 segment 0 PSH,ACK hello
         s1 recv 4 hell | waiting=2",
    );
    check(
        &run,
        3,
        [
            "Just before, 2 bytes waited in the receive queue; the other 2 came",
            "另外 2 字节是在那之后、recv() 之前到的。",
        ],
        &["2 bytes in the queue"],
    );
    assert_eq!(reasons(&run), ["why.appeared: why.buffer-small why.room"]);
}

#[test]
fn a_send_has_the_bytes_that_it_was_given() {
    let run = trace(
        System::TcpEcho,
        &[],
        "c1 send 0123 | asked=10
         c1 send 456 | asked=6
         s1 recv 5 01234
         s1 recv 1 5
         c1 send 789
         s1 recv 1 6
         s1 recv 9 789",
    );
    check(
        &run,
        4,
        [
            "It is 1 of the 6 bytes that client 1's send() #2 was given: a piece, not the message.",
            "客户端 1 的 send() #2 要交出的是 6 字节，这是其中的 1 字节：只是一段，不是整条消息。",
        ],
        &["of the 10 bytes"],
    );
    check(
        &run,
        7,
        [
            "It is all that client 1's send() #3 was given, 3 bytes, and that was the rest of 10 that the \
             kernel took in parts: a piece, not the message.",
            "客户端 1 的 send() #3 要交出的 3 字节全在这里，而那只是内核分几次收下的 10 字节中剩下的部分",
        ],
        &["exactly send()"],
    );
}

#[test]
fn an_empty_send_has_no_bytes_that_came_together_with_others() {
    let run = trace(
        System::TcpEcho,
        &[],
        "c1 send ab
         c1 send
         c1 send cd
         s1 recv 1024 abcd",
    );
    check(
        &run,
        1,
        [
            "together with bytes of 1 other send.",
            "它和另外 1 次 send 的字节一起",
        ],
        &["2 other", "另外 2"],
    );
}

#[test]
fn bytes_in_the_send_queue_are_no_part_of_the_last_send() {
    let run = trace(
        System::TcpEcho,
        &[],
        "c1 send 0123456789 | unacked=30 unsent=30",
    );
    check(
        &run,
        1,
        [
            "The kernel has taken 30 bytes and not sent them yet.",
            "内核已经收下、但还没有发出去的有 30 字节。",
        ],
        &["其中 30"],
    );
}

#[test]
fn a_reset_leaves_what_the_receive_queue_holds() {
    let run = trace(
        System::TcpEcho,
        &[],
        "c1 segment 0 SYN
         s1 segment 0 SYN,ACK
         c1 segment 0 ACK
         c1 send hi
         c1 segment 0 PSH,ACK hi
         c1 segment 2 RST,ACK
         s1 recv 1024 hi",
    );
    check(
        &run,
        6,
        [
            "It ends the connection at once: what is still on its way, or not sent yet, is lost. \
             Under Linux the server can read what its receive queue holds already; then recv() fails \
             with ECONNRESET.",
            "在 Linux 上，服务端仍能读完接收队列里已有的字节，之后 recv() 以 ECONNRESET 失败。",
        ],
        &["not read", "没有读"],
    );
    check(
        &run,
        2,
        [
            "no program has to call accept() for that: the server's kernel answers while its \
             accept queue has room.",
            "用不着有程序调用 accept()：只要 accept 队列还有位置，服务端的内核就会应答。",
        ],
        &["whether or not", "不管有没有"],
    );
    let refused = trace(
        System::TcpEcho,
        &[],
        "c1 segment 0 SYN
         s1 segment 0 RST,ACK",
    );
    check(
        &refused,
        2,
        [
            "It refuses the connection: client 1's connect() fails with ECONNREFUSED.",
            "它拒绝建立连接：客户端 1 的 connect() 以 ECONNREFUSED 失败。",
        ],
        &["recv()"],
    );
}

#[test]
fn a_datagram_that_came_whole_says_nothing_of_how_often_it_comes() {
    let run = trace(
        System::UdpEcho,
        &[],
        "c1 send hi
         s1 recv 1024 hi",
    );
    check(
        &run,
        2,
        [
            "It is whole, and nothing else came with it: datagrams keep their boundaries.",
            "它是完整的，也没有混入别的：数据报保留边界。",
        ],
        &["one recvfrom()", "对一次"],
    );
}

#[test]
fn calls_are_said_to_be_whose_they_are() {
    let run = trace(
        System::TcpEcho,
        &["clients=2"],
        "c1 send a
         c2 send b
         s1 recv 9 a
         s2 recv 9 b
         s1 send a
         s2 send b
         c1 recv 9 a
         c2 recv 9 b",
    );
    // A client has one connection, and the server one with each of them.
    for (step, english, chinese) in [
        (
            2,
            "Client 2's send() #1 handed 1 byte to the kernel. It came out of the server's recv() \
             #1 on this connection, alone",
            "客户端 2 的 send() #1 把 1 字节交给了内核。 它从服务端在这个连接上的 recv() #1 单独、",
        ),
        (
            4,
            "The server's recv(9) #1 on this connection returned 1 byte. It is exactly client 2's \
             send() #1:",
            "服务端在这个连接上的 recv(9) #1 返回 1 字节。 正好是客户端 2 的 send() #1：",
        ),
        (
            5,
            "The server's send() #1 on this connection handed 1 byte to the kernel. It came out \
             of client 1's recv() #1,",
            "服务端在这个连接上的 send() #1 把 1 字节交给了内核。 它从客户端 1 的 recv() #1 ",
        ),
        (
            8,
            "Client 2's recv(9) #1 returned 1 byte. It is exactly the server's send() #1 on this \
             connection:",
            "客户端 2 的 recv(9) #1 返回 1 字节。 正好是服务端在这个连接上的 send() #1：",
        ),
    ] {
        check(&run, step, [english, chinese], &[]);
    }
    let run = trace(
        System::UdpEcho,
        &["clients=2"],
        "c1 send a
         c2 send b
         s1 recv 9 a
         s2 recv 9 b
         s1 send a
         s2 send b",
    );
    check(
        &run,
        4,
        [
            "The server's recvfrom(9) #1 with client 2 returned a datagram of 1 byte. It is \
             client 2's sendto() #1.",
            "服务端与客户端 2 之间的 recvfrom(9) #1 返回一个 1 字节的数据报。 它就是客户端 2 的 sendto() #1。",
        ],
        &[],
    );
    check(
        &run,
        6,
        [
            "The server's sendto() #1 with client 2 handed over",
            "服务端与客户端 2 之间的 sendto() #1 交出",
        ],
        &[],
    );
}

/// A recv that has no box on the stage has no number either.
#[test]
fn a_call_that_moved_nothing_has_no_number() {
    let run = trace(
        System::UdpEcho,
        &[],
        "s1 recv 9 a
         running",
    );
    check(
        &run,
        1,
        ["The server's recvfrom(9) ", "服务端的 recvfrom(9) "],
        &["#0"],
    );
}

#[test]
fn a_connection_that_the_server_refused_is_not_said_to_be_silent() {
    let plan = "c1 connect\n s1 accept\n c1 send hi\n s1 recv 64 hi";
    let mut run = trace(System::TcpEcho, &[], plan);
    let mut add = |at, origin, number, call, reason| {
        run.insert(Event {
            connection: ClientId::FIRST.connection(number),
            reason,
            ..Event::new(Nanos::from_millis(at), origin, call)
        })
    };
    let (client, server) = (ClientId::FIRST.opener(), ClientId::FIRST.acceptor());
    let refused = add(1_000, client, 8, Call::Connect, None);
    add(1_001, server, 8, Call::Accept, None);
    add(1_002, server, 8, Call::Refuse, Some(Reason::SourceFull));
    add(1_003, server, 8, Call::Close, None);
    let held = add(1_004, client, 2, Call::Connect, None);
    for step in refused + 1..refused + 5 {
        check(
            &run,
            step,
            [
                "It is connection #9 of the same client, and one that the server refused.",
                "这是同一个客户端的第 9 个连接，被服务端拒绝了。",
            ],
            &["says nothing", "merely holds", "什么也不说", "只是占着"],
        );
    }
    check(
        &run,
        held + 1,
        [
            "It is connection #3 of the same client, which says nothing on it and merely holds it.",
            "这是同一个客户端的第 3 个连接：它在上面什么也不说，只是占着。",
        ],
        &["refused", "拒绝"],
    );
}
