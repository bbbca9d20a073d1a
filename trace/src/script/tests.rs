//! What clients do, as text.

use super::*;
use crate::knob;
use protocol::System;
use protocol::auth::Key;
use protocol::auth::mutual::{Nonces as Pair, Role};

const NONCES: Nonces = [
    [0xc1; NONCE_LEN],
    [0xc2; NONCE_LEN],
    [0xc3; NONCE_LEN],
    [0xc4; NONCE_LEN],
];

fn recv(bytes: &[u8]) -> Event {
    event(ClientId::FIRST, Call::Recv, bytes)
}

fn event(client: ClientId, call: Call, bytes: &[u8]) -> Event {
    Event {
        asked: 1024,
        bytes: bytes.to_vec(),
        ..Event::new(Nanos(0), client.opener(), call)
    }
}

/// The commands after each of `received`, as text: sends as `gap:bytes`.
fn check(system: System, settings: &[&str], received: &[&[u8]], expected: &str) {
    let mut experiment = Experiment::new(system, &["hi", "粘"]);
    knob::apply(&mut experiment, settings).unwrap();
    experiment.validate().unwrap();
    let mut script = Script::new(&experiment, NONCES);
    let mut text = describe(&mut script);
    for chunk in received {
        script.handle_event(&recv(chunk));
        text += " / ";
        text += &describe(&mut script);
    }
    assert_eq!(text, expected, "{system} {settings:?}");
}

fn describe(script: &mut Script) -> String {
    let commands = std::iter::from_fn(|| script.poll_command());
    let described = commands.map(|command| match command {
        Request::Send { sends, .. } => {
            let sends = sends
                .iter()
                .map(|send| format!("{}:{}", send.gap.0 / 1000, send.bytes.escape_ascii()));
            sends.collect::<Vec<_>>().join(" ")
        }
        Request::Close { after, .. } => format!("close {}", after.0 / 1_000_000),
        other => panic!("{other:?} is no client's command"),
    });
    described.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_length_prefix_client_sends_header_and_body_and_leaves() {
    check(
        System::LengthPrefix,
        &["gap=7"],
        &[],
        r"0:\x02\x00\x00\x00 0:hi 7:\x03\x00\x00\x00 0:\xe7\xb2\x98 close 0",
    );
}

#[test]
fn pieces_are_sent_a_gap_apart() {
    check(
        System::LengthPrefix,
        &["piece=3", "gap=7", "messages=hello"],
        &[],
        r"0:\x05\x00\x00 7:\x00 7:hel 7:lo close 0",
    );
    check(
        System::TcpEcho,
        &["piece=1", "gap=7", "messages=ab\n\nc"],
        &[b"ABC"],
        "0:a 7:b 7: 7:c close 2000 / close 0",
    );
}

/// A datagram is read by one recv, however little room that gives.
#[test]
fn a_small_buffer_does_not_make_a_client_wait_longer_for_datagrams() {
    let patience = |settings: &[&str]| {
        check(
            System::UdpEcho,
            settings,
            &[],
            "0:hi 0:\\xe7\\xb2\\x98 close 540",
        );
    };
    patience(&["read-delay=10"]);
    patience(&["read-delay=10", "buffer=1"]);
}

/// On a busy machine a conversation takes longer than one reply may: what is still to be
/// said is said.
#[test]
fn patience_begins_anew_while_replies_come() {
    let mut experiment = Experiment::new(System::TcpEcho, &["a", "b", "c"]);
    experiment.clients[0].turns = true;
    let mut script = Script::new(&experiment, NONCES);
    assert_eq!(describe(&mut script), "0:a close 2000");
    let mut reply = |at, bytes: &[u8]| {
        let at = Nanos::from_millis(at);
        script.handle_event(&Event { at, ..recv(bytes) });
        describe(&mut script)
    };
    assert_eq!(reply(1_900, b"A"), "0:b close 2000");
    assert_eq!(reply(3_800, b"B"), "0:c close 2000");
    assert_eq!(reply(5_700, b"C"), "close 0");

    let experiment = Experiment::new(System::TcpEcho, &["long"]);
    let mut script = Script::new(&experiment, NONCES);
    assert_eq!(describe(&mut script), "0:long close 2000");
    let mut reply = |at, bytes: &[u8]| {
        let at = Nanos::from_millis(at);
        script.handle_event(&Event { at, ..recv(bytes) });
        describe(&mut script)
    };
    assert_eq!(reply(499, b"L"), "");
    assert_eq!(reply(500, b"O"), "close 2000");
    assert_eq!(reply(501, b"N"), "");
    assert_eq!(reply(502, b"G"), "close 0");
}

#[test]
fn what_happens_on_further_connections_is_none_of_the_script() {
    let experiment = Experiment::new(System::TcpEcho, &["hi"]);
    let mut script = Script::new(&experiment, NONCES);
    describe(&mut script);
    script.handle_event(&Event {
        connection: ClientId::FIRST.connection(1),
        ..recv(b"")
    });
    assert_eq!(describe(&mut script), "");
    script.handle_event(&recv(b""));
    assert_eq!(describe(&mut script), "close 0");
}

#[test]
fn a_length_in_characters_is_the_articles_mistake() {
    check(
        System::LengthPrefix,
        &["length-unit=characters", "messages=粘", "hold=3"],
        &[],
        r"0:\x01\x00\x00\x00 0:\xe7\xb2\x98 close 3",
    );
}

#[test]
fn a_ready_ack_client_waits_for_each_ready() {
    check(
        System::ReadyAck,
        &[],
        &[b"rea", b"dy", b"ready"],
        r"0:2 close 2000 /  / 0:hi 0:3 close 2000 / 0:\xe7\xb2\x98 close 0",
    );
}

#[test]
fn an_echo_client_leaves_when_all_bytes_are_back() {
    check(
        System::TcpEcho,
        &[],
        &[b"HI\xe7", b"\xb2\x98"],
        r"0:hi 0:\xe7\xb2\x98 close 2000 /  / close 0",
    );
}

#[test]
fn an_auth_client_answers_the_challenge_first() {
    let answer = protocol::auth::Key::default().answer(&[7; 32]);
    check(
        System::Auth,
        &["messages=a"],
        &[&[7; 20], &[7; 12], b"A"],
        &format!(
            r"close 2000 /  / 0:{} 0:\x01\x00\x00\x00 0:a close 2000 / close 0",
            answer.escape_ascii()
        ),
    );
}

#[test]
fn a_datagram_client_counts_replies_empty_ones_too() {
    check(
        System::UdpEcho,
        &["messages=hi\n"],
        &[b"HI", b""],
        "0:hi 0: close 500 /  / close 0",
    );
}

#[test]
fn an_empty_message_on_a_stream_is_a_send_of_nothing() {
    check(System::TcpEcho, &["messages="], &[], "0: close 0");
}

#[test]
fn a_server_that_leaves_ends_the_script() {
    check(System::ReadyAck, &[], &[b""], "0:2 close 2000 / close 0");
}

const MUTUAL: &str = "scheme=mutual-sha256";
const NS: [[u8; 32]; 2] = [[0x51; 32], [0x52; 32]];

fn key() -> Key {
    Key::default()
}

fn proof(role: Role, client: ClientId) -> [u8; 32] {
    let pair = Pair {
        server: NS[client.index()],
        client: NONCES[client.index()],
    };
    key().proof(role, &pair)
}

/// The nonce and the proof of a client that knows the key.
fn mutual_answer(client: ClientId) -> Vec<u8> {
    [NONCES[client.index()], proof(Role::Client, client)].concat()
}

#[test]
fn a_mutual_client_sends_no_message_before_the_servers_proof() {
    let right = proof(Role::Server, ClientId::FIRST);
    check(
        System::Auth,
        &[MUTUAL, "messages=a"],
        &[&NS[0], &right[..31], &right[31..], b"A"],
        &format!(
            r"close 2000 / 0:{} close 2000 /  / 0:\x01\x00\x00\x00 0:a close 2000 / close 0",
            mutual_answer(ClientId::FIRST).escape_ascii()
        ),
    );
    check(
        System::Auth,
        &[MUTUAL],
        &[&NS[0], &[0; 32]],
        &format!(
            "close 2000 / 0:{} close 2000 / close 0",
            mutual_answer(ClientId::FIRST).escape_ascii()
        ),
    );
}

/// Two clients, the second of which answers with `answer`; both get their
/// challenge, the first then `observes` the rest of its handshake. What the
/// second is told to send after each, in the same text as above.
fn second(settings: &[&str], observes: &[(ClientId, Call, &[u8])]) -> String {
    let mut experiment = Experiment::new(System::Auth, &["a"]);
    knob::apply(&mut experiment, &["clients=2"]).unwrap();
    knob::apply(&mut experiment, settings).unwrap();
    experiment.validate().unwrap();
    let mut script = Script::new(&experiment, NONCES);
    while script.poll_command().is_some() {}
    let mut told = Vec::new();
    for (client, call, bytes) in observes {
        script.handle_event(&event(*client, *call, bytes));
        while let Some(command) = script.poll_command() {
            match command {
                Request::Send {
                    client: ClientId::SECOND,
                    sends,
                } => {
                    let sends = sends
                        .iter()
                        .map(|send| send.bytes.escape_ascii().to_string());
                    told.extend(sends);
                }
                Request::Close {
                    client: ClientId::SECOND,
                    after: Nanos(0),
                } => {
                    told.push("close".to_owned());
                }
                _ => {}
            }
        }
        told.push("/".to_owned());
    }
    told.join(" ")
}

const ONE: ClientId = ClientId::FIRST;
const TWO: ClientId = ClientId::SECOND;

#[test]
fn a_replay_is_what_the_other_client_sent_as_soon_as_it_was_seen() {
    let answer = key().answer(&NS[0]);
    let follows = r"\x01\x00\x00\x00 a";
    let expected = format!("/ / / {} {follows} / close /", answer.escape_ascii());
    let observed: &[(_, _, &[u8])] = &[
        (TWO, Call::Recv, &NS[1]),
        (ONE, Call::Recv, &NS[0]),
        (ONE, Call::Send, &answer[..9]),
        (ONE, Call::Send, &answer[9..]),
        (TWO, Call::Recv, b""),
    ];
    assert_eq!(second(&["answer=replayed"], observed), expected);

    let answer = mutual_answer(ONE);
    let expected = format!("/ / {} / close /", answer.escape_ascii());
    let observed: &[(_, _, &[u8])] = &[
        (ONE, Call::Recv, &NS[0]),
        (ONE, Call::Send, &answer),
        // Only now is the second one challenged.
        (TWO, Call::Recv, &NS[1]),
        (TWO, Call::Recv, b""),
    ];
    assert_eq!(second(&[MUTUAL, "answer=replayed"], observed), expected);
}

#[test]
fn a_replay_of_nothing_is_never_sent() {
    let observed: &[(_, _, &[u8])] = &[
        (TWO, Call::Recv, &NS[1]),
        (ONE, Call::Recv, b""),
        (TWO, Call::Recv, b""),
        (ONE, Call::Send, &[7; 64]),
    ];
    for scheme in ["scheme=hmac-md5", MUTUAL] {
        assert_eq!(
            second(&[scheme, "answer=replayed"], observed),
            "/ / close / /"
        );
    }
}

#[test]
fn a_reflection_is_the_challenge_and_what_the_server_proved_to_the_other() {
    let observed: &[(_, _, &[u8])] = &[
        (TWO, Call::Recv, &NS[1][..20]),
        (TWO, Call::Recv, &NS[1][20..]),
    ];
    let follows = r"\x01\x00\x00\x00 a";
    let expected = format!("/ {} {follows} /", NS[1][..16].escape_ascii());
    assert_eq!(second(&["answer=reflected"], observed), expected);

    let right = proof(Role::Server, ONE);
    let observed: &[(_, _, &[u8])] = &[
        (TWO, Call::Recv, &NS[1]),
        (ONE, Call::Recv, &NS[0]),
        (ONE, Call::Recv, &right[..9]),
        (ONE, Call::Recv, &right[9..]),
    ];
    let reflected = [NS[1], right].concat();
    let expected = format!("/ / / {} /", reflected.escape_ascii());
    assert_eq!(second(&[MUTUAL, "answer=reflected"], observed), expected);
    // The other one is refused: there is no proof to reflect.
    let observed: &[(_, _, &[u8])] = &[
        (TWO, Call::Recv, &NS[1]),
        (ONE, Call::Recv, &NS[0]),
        (ONE, Call::Recv, b""),
    ];
    let expected = format!("/ / {} /", [NS[1], NS[1]].concat().escape_ascii());
    assert_eq!(second(&[MUTUAL, "answer=reflected"], observed), expected);
}
