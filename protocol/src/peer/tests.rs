//! Client against server in memory, with every byte passed by hand.

use bytes::Bytes;

mod conversations;
mod deadlines;
mod mutual;

use super::*;
use crate::Offset;
use crate::auth::{CHALLENGE_LEN, DEMO_KEY};
use crate::framing::{DEFAULT_MAX_FRAME, Delimiter, FrameError};

const NONCE: [u8; 32] = *b"0123456789abcdef0123456789abcdef";
const CLIENT_NONCE: [u8; 32] = *b"fedcba9876543210fedcba9876543210";
const DEADLINES: Deadlines = Deadlines {
    handshake: Some(Nanos(30)),
    frame: Some(Nanos(300)),
    idle: Some(Nanos(1_000)),
};

fn rules(system: System) -> Rules {
    Rules::new(system, DEFAULT_MAX_FRAME, Key::new(DEMO_KEY))
}

fn mutual_rules() -> Rules {
    rules(System::Auth).with_scheme(Scheme::MutualSha256)
}

/// The rules of every system, and of `auth` in either scheme.
fn all_rules() -> impl Iterator<Item = Rules> {
    System::ALL.into_iter().map(rules).chain([mutual_rules()])
}

/// Everything a server does with `chunks`, then silence, then EOF.
fn serve(system: System, chunks: &[&[u8]]) -> Vec<ServerOutput> {
    serve_by(&rules(system), chunks)
}

fn serve_by(rules: &Rules, chunks: &[&[u8]]) -> Vec<ServerOutput> {
    let mut server = Server::new(rules, NONCE);
    let mut outputs = Vec::new();
    let mut now = Nanos(0);
    for chunk in chunks {
        server.handle_chunk(chunk, now);
        outputs.extend(said(&mut server, now));
        if let Some(at) = server.poll_timeout() {
            now = at;
            server.handle_timeout(now);
            outputs.extend(said(&mut server, now));
        }
    }
    server.handle_eof();
    outputs.extend(said(&mut server, now));
    outputs
}

/// All that the server says next. Every answer is looked at.
fn said(server: &mut Server, now: Nanos) -> Vec<ServerOutput> {
    let mut outputs = Vec::new();
    while let Some(output) = server.poll_output() {
        match output {
            ServerOutput::Answered => drop(server.verify(now)),
            output => outputs.push(output),
        }
    }
    outputs
}

fn send(bytes: &'static [u8]) -> ServerOutput {
    ServerOutput::Send(Bytes::from_static(bytes))
}

fn message(bytes: &'static [u8]) -> ServerOutput {
    ServerOutput::Message(Bytes::from_static(bytes))
}

fn check(system: System, chunks: &[&[u8]], expected: &[ServerOutput]) {
    assert_eq!(serve(system, chunks), expected, "{system}: {chunks:?}");
}

#[test]
fn tcp_echo_answers_each_chunk() {
    check(
        System::TcpEcho,
        &[b"hello", b"\xe7\xb2\x98a"],
        &[
            message(b"hello"),
            send(b"HELLO"),
            message(b"\xe7\xb2\x98a"),
            send(b"\xe7\xb2\x98A"),
        ],
    );
}

#[test]
fn length_prefix_takes_header_and_body_stuck_together_and_says_nothing() {
    check(
        System::LengthPrefix,
        &[b"\x05\0\0\0hello\0\0\0\0\x01\0", b"\0\0x"],
        &[message(b"hello"), message(b""), message(b"x")],
    );
}

#[test]
fn ready_ack_answers_the_length_and_takes_the_body() {
    check(
        System::ReadyAck,
        &[b"5", b"hello", b"2", b"ab"],
        &[
            send(b"ready"),
            message(b"hello"),
            send(b"ready"),
            message(b"ab"),
        ],
    );
}

#[test]
fn ready_ack_waits_for_the_rest_of_a_split_length() {
    let mut server = Server::new(&rules(System::ReadyAck), NONCE);
    server.handle_chunk(b"1", Nanos(0));
    let first = server.poll_timeout().unwrap();
    assert_eq!(server.poll_output(), None);
    server.handle_chunk(b"2", Nanos(7));
    assert_eq!(server.poll_timeout(), Some(first + Nanos(7)));
    server.handle_timeout(first);
    assert_eq!(server.poll_output(), None, "not silent for long enough");
    server.handle_timeout(first + Nanos(7));
    assert_eq!(server.poll_output(), Some(send(b"ready")));
    server.handle_chunk(b"hello world!", Nanos(8));
    assert_eq!(server.poll_output(), Some(message(b"hello world!")));
}

#[test]
fn auth_accepts_the_right_answer_however_it_is_cut() {
    let answer = Key::new(DEMO_KEY).answer(&NONCE);
    let mut stream = answer.to_vec();
    stream.extend_from_slice(b"\x03\0\0\0abc");
    for cut in 1..stream.len() {
        check(
            System::Auth,
            &[&stream[..cut], &stream[cut..]],
            &[
                ServerOutput::Send(Bytes::from_static(&NONCE)),
                ServerOutput::Authenticated,
                message(b"abc"),
                send(b"ABC"),
            ],
        );
    }
}

#[test]
fn an_answer_is_looked_at_only_when_the_driver_says_so() {
    let wrong = [7; 64];
    for (rules, need) in [(rules(System::Auth), 16), (mutual_rules(), 64)] {
        for answer in [&wrong[..need], &right(&rules)] {
            let stream = [answer, b"\x03\0\0\0abc"].concat();
            let mut server = Server::new(&rules, NONCE).within(DEADLINES);
            assert!(server.poll_output().is_some(), "the challenge");
            // What comes before the driver has decided is kept.
            for chunk in stream.chunks(5) {
                server.handle_chunk(chunk, Nanos(1));
            }
            assert_eq!(server.poll_output(), Some(ServerOutput::Answered));
            assert_eq!(server.poll_output(), None);
            server.decline();
            let refused = ServerOutput::Refuse(Refusal::NotVerified);
            assert_eq!(said(&mut server, Nanos(1)), [refused]);
            assert!(server.is_closed() && !server.verify(Nanos(1)));
            assert_eq!(server.poll_output(), None);
        }
        let mut server = Server::new(&rules, NONCE).within(DEADLINES);
        assert!(server.poll_output().is_some(), "the challenge");
        assert!(!server.verify(Nanos(0)), "there is no answer yet");
        server.decline();
        let stream = [&right(&rules)[..], b"\x03\0\0\0abc"].concat();
        for chunk in stream.chunks(5) {
            server.handle_chunk(chunk, Nanos(1));
        }
        assert_eq!(said(&mut server, Nanos(2)).last(), Some(&send(b"ABC")));
        let idle = DEADLINES.idle.map(|idle| Nanos(2) + idle);
        assert_eq!(server.poll_timeout(), idle, "the handshake is over");
    }
    assert!(Refusal::NotVerified.is_of_the_handshake());
    assert!(!Refusal::NotVerified.is_no_answer());
}

/// What a client that knows the key answers by `rules`.
fn right(rules: &Rules) -> Vec<u8> {
    let mut client = Client::new(rules, CLIENT_NONCE);
    client.handle_chunk(&NONCE).expect("a challenge");
    match client.poll_output() {
        Some(ClientOutput::Send(answer)) => answer.to_vec(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn auth_refuses_wrong_and_missing_answers() {
    let challenge = ServerOutput::Send(Bytes::from_static(&NONCE));
    check(
        System::Auth,
        &[&[0; 16], b"\x03\0\0\0abc"],
        &[
            challenge.clone(),
            ServerOutput::Refuse(Refusal::WrongAnswer),
        ],
    );
    check(
        System::Auth,
        &[&[0; 9]],
        &[
            challenge,
            ServerOutput::Refuse(Refusal::NoAnswer { have: 9, need: 16 }),
        ],
    );
}

#[test]
fn a_bad_frame_behind_the_handshake_is_counted_from_the_first_byte() {
    let mut stream = Key::new(DEMO_KEY).answer(&NONCE).to_vec();
    stream.extend_from_slice(b"\xff\xff\xff\xff");
    let outputs = serve(System::Auth, &[&stream]);
    let refusal = Refusal::Frame(FrameError::Negative {
        offset: Offset(16),
        length: -1,
    });
    assert_eq!(refusal.offset(), Offset(16));
    assert_eq!(outputs.last(), Some(&ServerOutput::Refuse(refusal)));
}

#[test]
fn good_frames_before_a_bad_one_are_kept() {
    check(
        System::LengthPrefix,
        &[b"\x01\0\0\0a\xff\xff\xff\xff", b"\x01\0\0\0b"],
        &[
            message(b"a"),
            ServerOutput::Refuse(Refusal::Frame(FrameError::Negative {
                offset: Offset(5),
                length: -1,
            })),
        ],
    );
}

/// Asking first, and answered: the reply to one message comes before the
/// `ready` that lets the next one go.
#[test]
fn replies_come_before_the_next_ready() {
    let mut rules = rules(System::ReadyAck);
    rules.reply = Reply::Uppercase;
    for size in 1..=20 {
        let mut client = Client::new(&rules, CLIENT_NONCE);
        for message in [&b"ab"[..], b"", b"ready", b"c"] {
            client.handle_message(message).unwrap();
        }
        let mut said = Vec::new();
        // `ready`, then what the message before it is answered with.
        let heard = b"readyABreadyreadyREADYreadyC";
        for chunk in heard.chunks(size) {
            client.handle_chunk(chunk).unwrap();
            said.extend(std::iter::from_fn(|| client.poll_output()));
        }
        let send = |bytes| ClientOutput::Send(Bytes::from_static(bytes));
        let reply = |bytes| ClientOutput::Reply(Bytes::from_static(bytes));
        let sends = [b"2", &b"ab"[..], b"0", b"5", b"ready", b"1", b"c"].map(send);
        let replies = [b"AB", &b"READY"[..], b"C"].map(reply);
        let (asked, answered): (Vec<_>, Vec<_>) = said
            .into_iter()
            .partition(|output| matches!(output, ClientOutput::Send(_)));
        assert_eq!((&asked[..], &answered[..]), (&sends[..], &replies[..]));
        assert!(client.is_idle());
        assert_eq!(client.handle_eof(), Ok(()));
    }
    let mut client = Client::new(&rules, CLIENT_NONCE);
    client.handle_message(b"ab").unwrap();
    client.handle_message(b"c").unwrap();
    client.handle_chunk(b"readyA").unwrap();
    assert_eq!(
        client.handle_eof(),
        Err(ClientError::Closed { unanswered: 2 }),
        "one has half of its reply, one waits for its ready"
    );
}

#[test]
fn a_client_tells_what_is_wrong_with_its_server() {
    let mut client = Client::new(&rules(System::ReadyAck), CLIENT_NONCE);
    client.handle_message(b"hello").unwrap();
    assert_eq!(
        client.handle_chunk(b"reject"),
        Err(ClientError::NotReady(Bytes::from_static(b"rejec")))
    );
    let mut client = Client::new(&rules(System::TcpEcho), CLIENT_NONCE);
    client.handle_message(b"hi").unwrap();
    assert_eq!(
        client.handle_chunk(b"HI!"),
        Err(ClientError::Unexpected {
            bytes: Bytes::from_static(b"!")
        })
    );
    let mut client = Client::new(&rules(System::Auth), CLIENT_NONCE);
    assert!(!client.can_send());
    client.handle_chunk(&NONCE).unwrap();
    assert_eq!(client.handle_eof(), Err(ClientError::Rejected));
    let mut client = Client::new(&rules(System::TcpEcho), CLIENT_NONCE);
    client.handle_message(b"hi").unwrap();
    client.handle_chunk(b"H").unwrap();
    assert_eq!(
        client.handle_eof(),
        Err(ClientError::Closed { unanswered: 1 })
    );
}

/// Damage costs what it damaged: what follows is answered.
#[test]
fn a_server_goes_on_behind_what_it_cannot_decode_if_its_framing_does() {
    let mut rules = Rules::new(System::TcpEcho, 1024, Key::default());
    rules.framing = Framing::Delimiter(Delimiter {
        maximum: 3,
        resynchronise: true,
        ..Delimiter::default()
    });
    let mut server = Server::new(&rules, [0; CHALLENGE_LEN]);
    server.handle_chunk(b"ab\ntoo long\ncd\n", Nanos(0));
    let outputs: Vec<_> = std::iter::from_fn(|| server.poll_output()).collect();
    let too_large = FrameError::TooLarge {
        offset: Offset(3),
        length: 8,
        maximum: 3,
    };
    let expected = [
        ServerOutput::Message(Bytes::from_static(b"ab")),
        ServerOutput::Send(Bytes::from_static(b"AB")),
        ServerOutput::Skipped(too_large),
        ServerOutput::Message(Bytes::from_static(b"cd")),
        ServerOutput::Send(Bytes::from_static(b"CD")),
    ];
    assert_eq!(outputs, expected);
    assert!(!server.is_closed());
}
