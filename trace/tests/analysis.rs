//! Literal traces in, lanes out.

#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod dsl;

use std::fmt::Write as _;

use dsl::{spans, trace};
use protocol::System;
use trace::lane::{Direction, Integrity, MessageKind};
use trace::{Analysis, ClientId, Trace};

/// The lanes as text: sends, recvs, messages with their verdicts, failure.
fn lanes(trace: &Trace) -> String {
    let mut text = String::new();
    for lane in Analysis::new(trace).lanes {
        let way = match lane.direction {
            Direction::FromOpener => "->",
            Direction::FromAcceptor => "<-",
        };
        let messages = lane.messages.iter().map(|message| {
            let body = message.frame.body.escape_ascii();
            let kind = match message.kind {
                MessageKind::Message => String::new(),
                kind => format!("{kind:?} "),
            };
            match message.integrity {
                Integrity::Whole => format!("{kind}{body}"),
                integrity => format!("{kind}{body}:{integrity:?}"),
            }
        });
        let messages = messages.collect::<Vec<_>>().join(" ");
        let (sends, recvs) = (spans(&lane.sends), spans(&lane.recvs));
        write!(
            text,
            "{}{way} [{sends}] [{recvs}] [{messages}]",
            ClientId::of(lane.connection).0
        )
        .unwrap();
        if let Some(failure) = lane.failure {
            write!(text, " {}@{}", failure.error, failure.event).unwrap();
        }
        text.push('\n');
    }
    text
}

fn check(system: System, settings: &[&str], script: &str, expected: &str) {
    let found = lanes(&trace(system, settings, script));
    let expected: Vec<_> = expected.lines().map(str::trim).collect();
    assert_eq!(found.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn behind_a_refusal_nothing_is_decoded_and_nothing_fails() {
    for (system, sent) in [
        (System::LengthPrefix, r"\x02\x00\x00\x00"),
        (System::Auth, "0123456789abcde"),
    ] {
        let script = [
            "c1 send ",
            sent,
            "\n s1 recv 64 ",
            sent,
            "\n s1 refuse | reason=frame-timeout\n c1 send hi\n s1 recv 64 hi\n s1 recv 64",
        ];
        let trace = trace(system, &["messages=hi"], &script.concat());
        let analysis = Analysis::new(&trace);
        let lane = &analysis.lanes[0];
        assert_eq!(lane.recvs.len(), 2, "they were read all the same");
        assert_eq!((lane.messages.len(), &lane.failure), (0, &None), "{system}");
    }
}

#[test]
fn glued_and_split_chunks() {
    check(
        System::TcpEcho,
        &[],
        "c1 send hello
         c1 send abc
         s1 recv 1024 helloabc
         c1 send 12345678
         s1 recv 5 12345
         s1 recv 5 678
         c1 send x
         s1 recv 5 x",
        "1-> [0..5 5..8 8..16 16..17] [0..8 8..13 13..16 16..17] [helloabc:Glued(2) 12345:Part 678:Part x]",
    );
}

#[test]
fn frames_are_found_wherever_the_chunks_end() {
    check(
        System::LengthPrefix,
        &[r"messages=hello\n\nab"],
        r"c1 send \x05\x00\x00\x00
          c1 send hello
          c1 send \x00\x00\x00\x00
          c1 send \x02\x00\x00\x00
          c1 send ab
          s1 recv 1024 \x05\x00
          s1 recv 1024 \x00\x00hello\x00\x00\x00\x00\x02\x00\x00
          s1 recv 1024 \x00ab
          s1 recv 1024",
        "1-> [0..4 4..9 9..13 13..17 17..19] [0..2 2..16 16..19] [hello  ab]",
    );
}

#[test]
fn a_length_in_characters_derails_the_stream() {
    check(
        System::LengthPrefix,
        &["messages=粘包", "length-unit=characters"],
        r"c1 send \x02\x00\x00\x00
          c1 send 粘包
          s1 recv 1024 \x02\x00\x00\x00粘包
          s1 close",
        r"1-> [0..4 4..10] [0..10] [\xe7\xb2:Wrong] negative length -2054363752 at offset 6@2",
    );
}

#[test]
fn the_handshake_comes_before_the_frames() {
    let challenge = "0123456789abcdef0123456789ABCDEF";
    let right = protocol::auth::Key::default().answer(challenge.as_bytes().try_into().unwrap());
    for (integrity, answer) in [("true", right), ("false", [b'x'; 16])] {
        let mut escaped = String::new();
        for byte in answer {
            write!(escaped, r"\x{byte:02x}").unwrap();
        }
        let script = format!(
            r"s1 send {challenge}
              c1 recv 1024 {challenge}
              c1 send {escaped}
              c1 send \x05\x00\x00\x00
              c1 send hello
              s1 recv 1024 {escaped}\x05\x00\x00\x00hello
              s1 send HELLO
              c1 recv 1024 HELLO"
        );
        let lanes = lanes(&trace(System::Auth, &[], &script));
        assert!(
            lanes.contains(&format!("Answer {{ right: {integrity} }}")),
            "{lanes}"
        );
        // Behind a wrong answer nothing is decoded.
        assert_eq!(lanes.contains(" hello]\n"), integrity == "true", "{lanes}");
        assert!(
            lanes.contains(&format!("[Challenge {challenge} HELLO]")),
            "{lanes}"
        );
    }
}

fn escaped(bytes: &[u8]) -> String {
    let mut escaped = String::new();
    for byte in bytes {
        write!(escaped, r"\x{byte:02x}").unwrap();
    }
    escaped
}

#[test]
fn in_a_mutual_handshake_each_proof_is_verified_over_what_was_observed() {
    use protocol::auth::mutual::{Nonces, Role};
    let (server, client) = ([b'S'; 32], [b'C'; 32]);
    let nonces = Nonces { server, client };
    let key = protocol::auth::Key::default();
    let right = [Role::Client, Role::Server].map(|role| escaped(&key.proof(role, &nonces)));
    let wrong = escaped(&[b'x'; 32]);
    let (server, client) = ("S".repeat(32), "C".repeat(32));
    for (own, theirs) in [(true, true), (false, true), (true, false)] {
        let own_proof = if own { &right[0] } else { &wrong };
        let theirs_proof = if theirs { &right[1] } else { &wrong };
        // Read in pieces that end where no field does.
        let script = format!(
            r"s1 send {server}
              c1 recv 1024 {server}
              c1 send {client}{own_proof}
              s1 recv 20 CCCCCCCCCCCCCCCCCCCC
              s1 recv 1024 CCCCCCCCCCCC{own_proof}
              s1 send {theirs_proof}
              c1 send \x01\x00\x00\x00a
              s1 recv 1024 \x01\x00\x00\x00a
              s1 send A
              c1 recv 1024 {theirs_proof}A"
        );
        let lanes = lanes(&trace(
            System::Auth,
            &["scheme=mutual-sha256", "messages=a"],
            &script,
        ));
        let (up, down) = lanes.split_once('\n').unwrap();
        assert!(
            up.contains(&format!("Nonce {client} Proof {{ right: {own} }}")),
            "{up}"
        );
        assert!(
            down.contains(&format!("Challenge {server} Proof {{ right: {theirs} }}")),
            "{down}"
        );
        // Behind a wrong proof nothing is decoded.
        assert_eq!(up.contains(" a]"), own, "{up}");
        assert_eq!(down.contains(" A]"), theirs, "{down}");
    }
}

#[test]
fn ready_marks_the_end_of_a_length() {
    check(
        System::ReadyAck,
        &[],
        "c1 send 5
         s1 recv 1024 5
         s1 send ready
         c1 recv 1024 ready
         c1 send hello
         s1 recv 1024 hello
         s1 recv 1024",
        "1-> [0..1 1..6] [0..1 1..6] [hello]
         1<- [0..5] [0..5] [Ready ready]",
    );
}

#[test]
fn a_body_that_does_not_wait_for_ready_is_left_over() {
    check(
        System::ReadyAck,
        &[],
        "c1 send 5
         c1 send hello
         s1 recv 1024 5hello
         s1 close",
        "1-> [0..1 1..6] [0..6] [] 5 bytes left over at offset 1: sent before the length was answered@2",
    );
}

#[test]
fn datagrams_keep_their_boundaries_and_lose_their_ends() {
    check(
        System::UdpEcho,
        &[],
        "c1 send 0123456789
         c1 send
         c1 send abc
         c1 send lost
         s1 recv 8 01234567
         s1 recv 8
         s1 recv 8 abc",
        "1-> [0..10 10..10 10..13 13..17] [0..8-2 10..10 10..13] [01234567:Cut(2)  abc]",
    );
}

#[test]
fn two_clients_have_lanes_of_their_own() {
    check(
        System::TcpEcho,
        &["clients=2"],
        "c1 send a
         c2 send b
         s1 recv 1024 a
         s1 send A
         c1 recv 1024 A",
        "1-> [0..1] [0..1] [a]
         1<- [0..1] [0..1] [A]
         2-> [0..1] [] []",
    );
}

#[test]
fn a_stream_that_ends_inside_a_frame_is_truncated() {
    check(
        System::LengthPrefix,
        &[],
        r"c1 send \x05\x00\x00\x00
          c1 send hel
          s1 recv 1024 \x05\x00\x00\x00hel
          s1 recv 1024",
        "1-> [0..4 4..7] [0..7] [] stream ended inside the frame at offset 4: 3 of 5 bytes@3",
    );
}
