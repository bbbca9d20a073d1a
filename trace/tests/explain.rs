//! Literal traces in, explanations out.

#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod dsl;

use std::collections::BTreeSet;

use dsl::{catalog, check_explained, explained, explained_in, trace};
use protocol::System;
use trace::Analysis;
use trace::lane::Integrity;

#[test]
fn every_explanation_has_words_in_both_languages_and_no_words_are_left_over() {
    let known: BTreeSet<&str> = trace::explain::KEYS.iter().copied().collect();
    for language in ["en", "zh"] {
        let catalog = catalog(language);
        assert_eq!(catalog.keys().collect::<BTreeSet<_>>(), known, "{language}");
    }
}

#[test]
fn templates_of_both_languages_use_the_same_values() {
    let (en, zh) = (catalog("en"), catalog("zh"));
    let fields = |text: &str| {
        let fields = text
            .split('{')
            .skip(1)
            .filter_map(|f| f.split(['|', '}']).next());
        fields.map(str::to_owned).collect::<BTreeSet<_>>()
    };
    for key in en.keys() {
        let (a, b) = (en.template(key).unwrap(), zh.template(key).unwrap());
        assert!(fields(b).is_subset(&fields(a)), "{key}: {a} / {b}");
    }
}

#[test]
fn explanations_say_what_happened_in_this_run() {
    let trace = trace(
        System::TcpEcho,
        &[],
        r"c1 connect
          c1 send hello
          c1 send abc
          s1 accept
          s1 recv 1024 helloabc
          c1 send 粘x
          s1 recv 2 \xe7\xb2
          s1 recv 2 \x98x
          c1 shutdown
          s1 recv 2
          s1 close",
    );
    check_explained(
        &trace,
        0,
        "Nothing has happened yet: 11 calls to come. Step forward with →.",
    );
    check_explained(
        &trace,
        1,
        "Client 1 called connect(). The kernels shake hands without the server's program; \
         accept() picked the connection up 3.00 ms later.",
    );
    check_explained(
        &trace,
        3,
        "Client 1's send() #2 handed 3 bytes to the kernel. It came out of the server's recv() \
         #1, together with bytes of 1 other send.",
    );
    check_explained(
        &trace,
        4,
        "The server's accept() gave it client 1's connection. 8 bytes were sent before \
         anybody accepted: the kernel kept them.",
    );
    check_explained(
        &trace,
        5,
        "The server's recv(1024) #1 returned 8 bytes. It holds bytes of 2 sends, client 1's send() #1 to #2, in one \
         piece. Why, what was observed does not tell.",
    );
    check_explained(
        &trace,
        6,
        "Client 1's send() #3 handed 4 bytes to the kernel. It came out in 2 pieces: the server's \
         recv() #2 to #3.",
    );
    check_explained(
        &trace,
        7,
        "The server's recv(2) #2 returned 2 bytes. It is 2 of the 4 bytes that client 1's send() #3 was \
         given: a piece, not the message. The buffer was full; 2 more bytes have to wait for the next recv(). \
         It ends inside a character: 粘 is 3 bytes.",
    );
    check_explained(
        &trace,
        10,
        "The server's recv() returned 0: client 1 has sent all it will.",
    );
    check_explained(&trace, 11, "The server closed its socket. The run is over.");
}

#[test]
fn explanations_of_framing_and_refusal() {
    let trace = trace(
        System::LengthPrefix,
        &["messages=粘包", "length-unit=characters"],
        r"c1 send \x02\x00\x00\x00
          c1 send 粘包
          s1 recv 4 \x02\x00\x00\x00
          s1 recv 9 粘包
          s1 close",
    );
    assert_eq!(Analysis::new(&trace).role(&trace, 2), Some("header"));
    assert_eq!(Analysis::new(&trace).role(&trace, 3), Some("body"));
    check_explained(
        &trace,
        3,
        "The server's recv(4) #1 returned 4 bytes. It is exactly client 1's send() #1. The buffer was full; \
         6 more bytes have to wait for the next recv(). No message is complete yet: the \
         framing says there is more to come.",
    );
    let fourth = explained(&trace, 4);
    assert!(
        fourth.contains("What came out is not what the client meant."),
        "{fourth}"
    );
    assert!(fourth.contains("at offset 6"), "{fourth}");
    let closed = explained(&trace, 5);
    assert!(
        closed.contains("It could not go on with this stream."),
        "{closed}"
    );
}

#[test]
fn a_refusal_says_why_and_what_comes_next() {
    let trace = trace(
        System::LengthPrefix,
        &["messages=hi"],
        r"c1 connect
          s1 accept
          s1 recv 4 \xff\xff\xff\xff
          s1 refuse | reason=bad-frame
          s1 refuse | reason=source-full
          s1 refuse | reason=idle",
    );
    check_explained(
        &trace,
        5,
        "The server refused client 1. Its source has all the places that one source may \
         have; other sources are let in as before. It closes the connection at once, and \
         never reads a byte of it.",
    );
    check_explained(
        &trace,
        4,
        "The server refused client 1. What it sent is no valid frame. A length of −1 at \
         offset 0: negative. It says no word about it: it shuts its sending side down, reads \
         what still comes for a moment, and closes.",
    );
    let sixth = explained_in("zh", &trace, 6);
    assert!(
        sixth.starts_with("服务端拒绝了客户端 1。 它太久没有发来任何东西。"),
        "{sixth}"
    );
}

#[test]
fn behind_a_wrong_answer_no_message_is_spoken_of() {
    let script = format!(
        r"s1 send {challenge}
          c1 send {answer}
          c1 send \x02\x00\x00\x00hi
          s1 recv 1024 {answer}\x02\x00\x00\x00hi
          s1 close",
        challenge = "c".repeat(32),
        answer = "a".repeat(16),
    );
    let trace = trace(System::Auth, &[], &script);
    check_explained(
        &trace,
        4,
        "The server's recv(1024) #1 returned 22 bytes. The answer is not the one the server's key \
         gives. It holds bytes of 2 sends, client 1's send() #1 to #2, in one piece. Why, what was \
         observed does not tell.",
    );
    let closed = explained(&trace, 5);
    assert!(
        closed.contains("did not prove that it knows the key"),
        "{closed}"
    );
}

/// The key of the scheme, how the client answers, the parts of its handshake.
fn check_handshake(settings: &[&str], answer: &str, sent: &str, read: &str) {
    let script = format!(
        r"s1 send {challenge}
          c1 recv 1024 {challenge}
          c1 send {answer}
          s1 recv 1024 {answer}
          s1 close",
        challenge = "c".repeat(32),
    );
    let mut all = vec!["clients=2"];
    all.extend(settings);
    let mut trace = trace(System::Auth, &all, &script);
    // The script's is the first client here.
    trace.plan.as_mut().unwrap().clients.swap(0, 1);
    let said = explained(&trace, 3);
    assert!(said.contains(sent), "{said}");
    let said = explained(&trace, 4);
    assert!(said.contains(read), "{said}");
    let closed = explained(&trace, 5);
    assert!(
        closed.contains("did not prove that it knows the key"),
        "{closed}"
    );
}

#[test]
fn whose_answer_it_is_is_told_with_whether_it_is_right() {
    let (short, long) = ("a".repeat(16), "n".repeat(32) + &"p".repeat(32));
    let wrong = "The answer is not the one";
    check_handshake(&[], &short, "the client's key", wrong);
    check_handshake(&["answer=replayed"], &short, "to its own challenge", wrong);
    check_handshake(&["answer=reflected"], &short, "sent back", wrong);
    let mutual = "scheme=mutual-sha256";
    let wrong = "both into account. The proof is not the one the server's key gives";
    check_handshake(
        &[mutual],
        &long,
        "its nonce. Then comes the client's proof",
        wrong,
    );
    check_handshake(
        &[mutual, "answer=replayed"],
        &long,
        "byte for byte. Then",
        wrong,
    );
    check_handshake(
        &[mutual, "answer=reflected"],
        &long,
        "sent back. In place",
        wrong,
    );
}

#[test]
fn a_piece_of_what_was_offered_is_no_message() {
    let verdicts = |script: &str| -> Vec<_> {
        let analysis = Analysis::new(&trace(System::TcpEcho, &[], script));
        let lanes = analysis.lanes.iter();
        let messages = lanes.flat_map(|lane| &lane.messages);
        messages.map(|message| message.integrity).collect()
    };
    // The recvs end where the sends do, and still each is a piece of "hello".
    let script = "c1 send hel | asked=5
         s1 recv 1024 hel
         c1 send l | asked=2
         c1 send o
         s1 recv 1024 l
         s1 recv 1024 o
         c1 send next
         s1 recv 1024 next";
    let (whole, part) = (Integrity::Whole, Integrity::Part);
    assert_eq!(verdicts(script), [part, part, part, whole]);
    let run = trace(System::TcpEcho, &[], script);
    for (step, part) in [
        (
            2,
            "It is 3 of the 5 bytes that client 1's send() #1 was given: a piece",
        ),
        (
            5,
            "It is 1 of the 2 bytes that client 1's send() #2 was given: a piece",
        ),
        (
            6,
            "It is all that client 1's send() #3 was given, 1 byte, and that was the rest of 5",
        ),
        (8, "It is exactly client 1's send() #4"),
    ] {
        let text = explained(&run, step);
        assert!(text.contains(part), "step {step}: {text}");
    }
    let together = "c1 send hel | asked=5
         c1 send lo
         s1 recv 1024 hello
         c1 send a
         c1 send b
         s1 recv 1024 ab";
    assert_eq!(verdicts(together), [whole, Integrity::Glued(2)]);
    // What is not offered again is another message.
    let given_up = "c1 send hel | asked=5
         c1 send other
         s1 recv 1024 hel
         s1 recv 1024 other";
    assert_eq!(verdicts(given_up), [whole, whole]);
}

#[test]
fn large_numbers_are_grouped() {
    let run = trace(
        System::TcpEcho,
        &[],
        "c1 send hello | asked=200000 unacked=1234567",
    );
    let text = explained(&run, 1);
    let part = "It was given 200,000 bytes; the kernel took only 5. The rest has to be offered \
                again. The send queue was full: it holds 1,234,567 bytes";
    assert!(text.contains(part), "{text}");
}

#[test]
fn chinese_words_stand_apart_from_numbers_in_front_of_them() {
    let run = trace(
        System::TcpEcho,
        &[],
        "c1 connect
         s1 accept
         s1 send HI
         c1 recv 9 HI",
    );
    let chinese = |step| explained_in("zh", &run, step);
    assert!(
        chinese(1).starts_with("客户端 1 调用了 connect()"),
        "{}",
        chinese(1)
    );
    assert!(chinese(1).contains("1.00 ms 后"), "{}", chinese(1));
    assert!(
        chinese(2).contains("取得了客户端 1 的连接"),
        "{}",
        chinese(2)
    );
    assert!(
        chinese(4).starts_with("客户端 1 的 recv(9) #1"),
        "{}",
        chinese(4)
    );
}

#[test]
fn chinese_explanations_use_chinese_punctuation_and_one_word_for_one_thing() {
    let catalog = catalog("zh");
    for key in catalog.keys() {
        let text = catalog.template(key).unwrap();
        dsl::check_chinese(key, text);
    }
}

/// What nobody watched is not said to have been read by nobody.
#[test]
fn bytes_are_unread_only_where_the_reader_was_watched_and_is_done() {
    let mut trace = trace(
        System::TcpEcho,
        &[],
        r"c1 connect
          s1 accept
          c1 send hello
          c1 send abc
          s1 recv 2 he",
    );
    dsl::check_says(&trace, 4, ["Nobody ever read it.", "始终没有人读它。"], &[]);
    let last = ["3 bytes of it were never read", "最后 3 字节始终没有人读"];
    dsl::check_says(&trace, 3, last, &[]);
    trace.connections[0].acceptor.observed.calls = false;
    let not = ["read", "读"];
    dsl::check_says(&trace, 4, ["handed 3 bytes", "3 字节"], &not);
}

/// That nobody accepts a connection is known when the run has ended, and not before.
#[test]
fn a_connection_that_is_not_accepted_yet_is_not_called_never_accepted() {
    for (script, is_said) in [
        ("c1 connect\n c1 close", true),
        ("c1 connect\n running", false),
    ] {
        let run = trace(System::TcpEcho, &[], script);
        let said = explained(&run, 1);
        assert_eq!(
            said.contains("never picked this connection up"),
            is_said,
            "{said}"
        );
    }
}

#[test]
fn what_a_reset_threw_away_is_not_called_under_way() {
    let script = |reset: &str| {
        format!(
            "s1 send abcdef
             s1 segment 0 PSH,ACK abc
             {reset}
             c1 recv 64 abc",
        )
    };
    let said = "3 more bytes were already on the way or waiting.";
    for (reset, is_said) in [
        ("s1 segment 3 RST,ACK", false),
        ("s1 segment 3 ACK", true),
        // The other end's reset says nothing of what this one has sent.
        ("c1 segment 0 RST,ACK", true),
    ] {
        let run = trace(System::TcpEcho, &[], &script(reset));
        let told = explained(&run, run.events().len());
        assert_eq!(told.contains(said), is_said, "{reset}: {told}");
    }
}
