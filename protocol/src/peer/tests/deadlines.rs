//! How long a client may take, by a clock of the tests.

use super::*;

/// What a server says to `chunks` at their times, and then to nothing at all.
fn late(system: System, chunks: &[(u64, &[u8])]) -> (u64, Option<Refusal>) {
    let mut server = Server::new(&rules(system), NONCE).within(DEADLINES);
    let refusal = |server: &mut Server, now| {
        said(server, Nanos(now))
            .into_iter()
            .find_map(|output| match output {
                ServerOutput::Refuse(refusal) => Some(refusal),
                _ => None,
            })
    };
    let mut chunks = chunks.iter().peekable();
    loop {
        let due = server.poll_timeout().expect("there is always a deadline");
        let now = if let Some(&(at, chunk)) = chunks.next_if(|(at, _)| *at <= due.0) {
            server.handle_chunk(chunk, Nanos(at));
            at
        } else {
            server.handle_timeout(due);
            due.0
        };
        if let Some(refusal) = refusal(&mut server, now) {
            assert!(server.is_closed() && server.poll_timeout().is_none());
            return (now, Some(refusal));
        }
        if server.is_closed() {
            return (now, None);
        }
    }
}

fn check_late(system: System, chunks: &[(u64, &[u8])], at: u64, refusal: Refusal) {
    assert_eq!(
        late(system, chunks),
        (at, Some(refusal)),
        "{system}: {chunks:?}"
    );
}

#[test]
fn who_does_not_answer_in_time_is_refused() {
    let answer = Key::new(DEMO_KEY).answer(&NONCE);
    let none = Refusal::HandshakeTimeout { have: 0, need: 16 };
    check_late(System::Auth, &[], 30, none);
    // A byte at a time does not put it off.
    let some = Refusal::HandshakeTimeout { have: 3, need: 16 };
    let drip: Vec<_> = (1..=3).map(|n| (n * 10 - 1, &answer[..1])).collect();
    check_late(System::Auth, &drip, 30, some);
    let idle = Refusal::Idle { offset: Offset(16) };
    check_late(System::Auth, &[(29, &answer[..])], 1_029, idle);
}

#[test]
fn a_frame_has_one_deadline_however_steadily_it_comes() {
    let drip: Vec<_> = (0..100).map(|n| (n * 10, &b"\x01"[..])).collect();
    let header = Refusal::FrameTimeout { offset: Offset(2) };
    check_late(System::LengthPrefix, &drip[..2], 300, header);
    let body = [(0, &b"\xff\0\0\0"[..])]
        .into_iter()
        .chain((1..100).map(|n| (n * 10, &b"x"[..])));
    let refusal = Refusal::FrameTimeout {
        offset: Offset(4 + 30),
    };
    check_late(
        System::LengthPrefix,
        &body.collect::<Vec<_>>(),
        300,
        refusal,
    );
    // A frame that is complete gives the next one its whole time.
    let frames = [(0, &b"\x01\0"[..]), (290, b"\0\0x\x01"), (580, b"\0\0\0")];
    let refusal = Refusal::FrameTimeout { offset: Offset(9) };
    check_late(System::LengthPrefix, &frames, 590, refusal);
}

#[test]
fn silence_between_frames_ends_the_connection_later() {
    let idle = |offset| Refusal::Idle {
        offset: Offset(offset),
    };
    check_late(System::TcpEcho, &[], 1_000, idle(0));
    check_late(System::TcpEcho, &[(400, b"a"), (900, b"b")], 1_900, idle(2));
    check_late(
        System::LengthPrefix,
        &[(500, b"\x01\0\0\0x")],
        1_500,
        idle(5),
    );
}

#[test]
fn the_silence_that_ends_a_length_is_no_deadline() {
    let mut server = Server::new(&rules(System::ReadyAck), NONCE).within(Deadlines::SERVER);
    server.handle_chunk(b"5", Nanos(0));
    assert_eq!(server.poll_timeout(), Some(LENGTH_SETTLE));
    server.handle_timeout(LENGTH_SETTLE);
    assert_eq!(server.poll_output(), Some(send(b"ready")));
    assert!(!server.is_closed());
}
