use super::*;

fn decoder() -> ReadyAckDecoder {
    ReadyAck::default().decoder(Offset(0))
}

fn check_refused(bytes: &[u8], expected: FrameError) {
    let mut decoder = decoder();
    decoder.handle_chunk(bytes);
    assert_eq!(decoder.poll_frame(), Err(expected), "{bytes:?}");
}

#[test]
fn a_length_split_in_two_is_one_number() {
    let mut decoder = decoder();
    decoder.handle_chunk(b"1");
    assert_eq!(decoder.poll_frame(), Ok(None));
    assert!(decoder.awaits_quiet());
    decoder.handle_chunk(b"2");
    assert_eq!(decoder.poll_frame(), Ok(None));
    decoder.handle_quiet();
    assert_eq!(decoder.poll_frame(), Ok(None));
    assert_eq!(decoder.poll_reply(), Some(READY));
    assert_eq!(decoder.poll_reply(), None);
    decoder.handle_chunk(b"hello");
    assert_eq!(decoder.poll_frame(), Ok(None));
    decoder.handle_chunk(b" world!");
    let frame = decoder.poll_frame().unwrap().unwrap();
    assert_eq!(&frame.body[..], b"hello world!");
    assert_eq!(frame.body_range(), Offset(2)..Offset(14));
    assert_eq!(decoder.handle_eof(), Ok(()));
}

#[test]
fn a_line_feed_ends_the_length_at_once() {
    for length in [&b"5\n"[..], b"5\r\n", b"005\n"] {
        let mut decoder = decoder();
        decoder.handle_chunk(length);
        assert_eq!(decoder.poll_frame(), Ok(None));
        assert_eq!(decoder.poll_reply(), Some(READY));
        decoder.handle_chunk(b"hello");
        let frame = decoder.poll_frame().unwrap().unwrap();
        assert_eq!(
            (&frame.body[..], frame.header),
            (&b"hello"[..], length.len())
        );
    }
}

#[test]
fn zero_is_an_empty_message() {
    let mut decoder = decoder();
    decoder.handle_chunk(b"0");
    decoder.handle_quiet();
    assert_eq!(decoder.poll_reply(), Some(READY));
    assert!(decoder.poll_frame().unwrap().unwrap().body.is_empty());
}

#[test]
fn the_next_length_may_stick_to_a_body() {
    let mut decoder = decoder();
    decoder.handle_chunk(b"2");
    decoder.handle_quiet();
    decoder.poll_reply();
    decoder.handle_chunk(b"ab3");
    assert_eq!(&decoder.poll_frame().unwrap().unwrap().body[..], b"ab");
    assert_eq!(decoder.poll_frame(), Ok(None));
    assert!(decoder.awaits_quiet());
}

#[test]
fn wrong_lengths_are_refused_where_they_stand() {
    check_refused(
        b"hello",
        FrameError::NonNumeric {
            offset: Offset(0),
            byte: b'h',
        },
    );
    check_refused(
        b"-5",
        FrameError::Negative {
            offset: Offset(0),
            length: -5,
        },
    );
    check_refused(
        b"5hello",
        FrameError::Leftover {
            offset: Offset(1),
            count: 5,
        },
    );
    check_refused(
        b"5\nhello",
        FrameError::Leftover {
            offset: Offset(2),
            count: 5,
        },
    );
    check_refused(
        b"1048577",
        FrameError::TooLarge {
            offset: Offset(0),
            length: 1_048_577,
            maximum: DEFAULT_MAX_FRAME,
        },
    );
    check_refused(
        b"\n",
        FrameError::NonNumeric {
            offset: Offset(0),
            byte: b'\n',
        },
    );
}

#[test]
fn endless_zeros_are_refused() {
    let mut decoder = decoder();
    decoder.handle_chunk(&[b'0'; 23]);
    assert!(matches!(
        decoder.poll_frame(),
        Err(FrameError::TooLarge { .. })
    ));
}

#[test]
fn eof_inside_the_body_or_behind_the_length_is_truncated() {
    let mut decoder = decoder();
    decoder.handle_chunk(b"5");
    assert_eq!(
        decoder.handle_eof(),
        Err(FrameError::Truncated {
            offset: Offset(1),
            have: 0,
            need: 5
        })
    );
    decoder.handle_quiet();
    decoder.poll_reply();
    decoder.handle_chunk(b"hel");
    assert_eq!(
        decoder.handle_eof(),
        Err(FrameError::Truncated {
            offset: Offset(1),
            have: 3,
            need: 5
        })
    );
}
