//! Decoders that go on behind damage.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;

use super::{
    Byte, Checksum, Cobs, Decode, Decoder, Delimiter, Endian, Escaping, FrameError, Framing,
    LengthPrefix, Mark, Marked, Marks, Width,
};
use crate::Offset;

/// What came of a stream.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    messages: Vec<Bytes>,
    /// From where to where was skipped; stretches that follow each other are one.
    skipped: Vec<(u64, u64)>,
    /// Where what could not be decoded stands.
    errors: Vec<Offset>,
}

impl Outcome {
    fn take(&mut self, decoder: &mut Decoder, end: &mut Offset) {
        loop {
            let polled = decoder.poll_frame();
            if let Some(skipped) = decoder.poll_skipped() {
                assert_eq!(skipped.start, *end, "the stream is tiled");
                *end = skipped.end;
                match self.skipped.last_mut() {
                    Some(last) if last.1 == skipped.start.0 => last.1 = skipped.end.0,
                    _ => self.skipped.push((skipped.start.0, skipped.end.0)),
                }
            }
            match polled {
                Ok(Some(frame)) => {
                    assert_eq!(frame.start, *end, "the stream is tiled");
                    *end = frame.range().end;
                    self.messages.push(frame.body);
                }
                Ok(None) => return,
                Err(error) => self.errors.push(error.offset()),
            }
        }
    }
}

fn decode(framing: &Framing, chunks: &[&[u8]]) -> Outcome {
    let mut decoder = Decoder::new(framing);
    let (mut outcome, mut end) = (Outcome::default(), Offset(0));
    for chunk in chunks {
        decoder.handle_chunk(chunk);
        outcome.take(&mut decoder, &mut end);
    }
    let ended = decoder.handle_eof();
    outcome.take(&mut decoder, &mut end);
    outcome
        .errors
        .extend(ended.as_ref().err().map(FrameError::offset));
    let length: usize = chunks.iter().map(|chunk| chunk.len()).sum();
    if !outcome.skipped.is_empty() && ended.is_ok() && decoder.is_mid_frame() {
        assert_eq!(end.0, length as u64, "the stream is tiled to its end");
    }
    outcome
}

/// The same wherever the stream is cut: messages, what was skipped, and how many errors.
fn check(framing: &Framing, stream: &[u8], messages: &[&[u8]], skipped: &[(u64, u64)]) {
    for cut in 0..=stream.len() {
        let outcome = decode(framing, &[&stream[..cut], &stream[cut..]]);
        assert_eq!(outcome.messages, messages, "{framing:?} cut at {cut}");
        assert_eq!(outcome.skipped, skipped, "{framing:?} cut at {cut}");
        assert_eq!(
            outcome.errors.len(),
            skipped.len(),
            "{framing:?} cut at {cut}"
        );
    }
    let bytes: Vec<&[u8]> = stream.chunks(1).collect();
    assert_eq!(decode(framing, &bytes).skipped, skipped, "byte by byte");
}

fn with_magic() -> Framing {
    Framing::LengthPrefix(LengthPrefix {
        magic: Mark::from(&b"\xca\xfe"[..]),
        offset: 2,
        width: Width::Bytes(2),
        endian: Endian::Big,
        checksum: Checksum::Xor8,
        resynchronise: true,
        maximum: 8,
        ..LengthPrefix::default()
    })
}

#[test]
fn at_the_next_magic() {
    // A byte too many, a checksum that is wrong, a length above the maximum.
    let stream = b"\xca\xfe\0\x01a\x61x\xca\xfe\0\x01b\x62";
    check(&with_magic(), stream, &[b"a", b"b"], &[(6, 7)]);
    let stream = b"\xca\xfe\0\x01a\x60\xca\xfe\0\x01b\x62";
    check(&with_magic(), stream, &[b"b"], &[(0, 6)]);
    let stream = b"\xca\xfe\x01\x01\xca\xca\xfe\0\x01b\x62";
    check(&with_magic(), stream, &[b"b"], &[(0, 5)]);
    // The beginning of a magic that does not go on.
    let stream = b"?\xcax\xca\xfe\0\x01b\x62\xca";
    let outcome = decode(&with_magic(), &[stream]);
    assert_eq!(outcome.messages, [&b"b"[..]]);
    assert_eq!(outcome.skipped, [(0, 3)]);
    // No magic comes any more.
    check(
        &with_magic(),
        b"\xca\xfe\0\x01a\x61nonsense",
        &[b"a"],
        &[(6, 14)],
    );
}

#[test]
fn behind_the_next_delimiter() {
    let lines = Framing::Delimiter(Delimiter {
        delimiter: Marks::new(["\n", "\r\n", "\r"].map(Mark::from)),
        escape: Some(Byte(b'\\')),
        maximum: 3,
        resynchronise: true,
        ..Delimiter::default()
    });
    check(
        &lines,
        b"ab\ntoo long\\\n!\r\nc\n",
        &[b"ab", b"c"],
        &[(3, 16)],
    );
    check(&lines, b"ab\ntoo long", &[b"ab"], &[(3, 11)]);
}

#[test]
fn at_the_next_mark() {
    let hdlc = Marked {
        end: Byte(0x7e),
        escape: Byte(0x7d),
        escaping: Escaping::Xor,
        resynchronise: true,
        maximum: 3,
        ..Marked::default()
    };
    // An aborted frame (RFC 1662, 4.3), and one that is too large.
    let stream = b"\x7ea\x7d\x7eb\x7etoo large\x7ec\x7e";
    check(
        &Framing::Marked(hdlc),
        stream,
        &[b"b", b"c"],
        &[(0, 4), (6, 16)],
    );
    let started = Framing::Marked(Marked {
        start: Some(Byte(2)),
        end: Byte(3),
        ..hdlc
    });
    // A frame whose end is missing, and bytes between two frames.
    let stream = b"\x02a\x02b\x03??\x02c\x03";
    check(&started, stream, &[b"b", b"c"], &[(0, 2), (5, 7)]);
}

#[test]
fn behind_the_next_zero() {
    let cobs = Framing::Cobs(Cobs {
        resynchronise: true,
        maximum: 3,
    });
    let stream = b"\x02a\0\x09b\0\0\x02c\0\x06large\0\x02d\0";
    check(&cobs, stream, &[b"a", b"c", b"d"], &[(3, 6), (10, 17)]);
}

#[test]
fn without_a_magic_there_is_no_place_to_go_on_at() {
    let text = Framing::LengthPrefix(LengthPrefix {
        resynchronise: true,
        ..LengthPrefix::default()
    });
    let error = text.validate().expect_err("no magic").to_string();
    assert_eq!(error, "magic must be at least 1 with these settings");
}

#[test]
fn an_error_stays_where_it_is_not_set() {
    let lines = Framing::Delimiter(Delimiter {
        maximum: 3,
        ..Delimiter::default()
    });
    let mut decoder = Decoder::new(&lines);
    decoder.handle_chunk(b"too long\nab\n");
    let refused = |polled| matches!(polled, Err(FrameError::TooLarge { .. }));
    assert!(refused(decoder.poll_frame()) && refused(decoder.poll_frame()));
    assert_eq!(decoder.poll_skipped(), None);
}

fn settings() -> impl Strategy<Value = Framing> {
    let lines = Delimiter {
        delimiter: Marks::new(["\n", "\r\n"].map(Mark::from)),
        maximum: 4,
        resynchronise: true,
        ..Delimiter::default()
    };
    let cobs = Cobs {
        resynchronise: true,
        maximum: 4,
    };
    let slip = Marked {
        resynchronise: true,
        maximum: 4,
        ..Marked::default()
    };
    prop_oneof![
        Just(with_magic()),
        Just(Framing::Delimiter(lines)),
        Just(Framing::Cobs(cobs)),
        Just(Framing::Marked(slip)),
        Just(Framing::Marked(Marked {
            start: Some(Byte(2)),
            ..slip
        })),
    ]
}

proptest! {
    /// Damage that ends at a mark costs what it damaged and no more, cut anywhere.
    #[test]
    fn what_comes_behind_damage_is_whole(
        framing in settings(),
        damage in vec(prop_oneof![any::<u8>(), Just(0xca_u8), Just(b'\r'), Just(0xc0_u8)], 0..40),
        cuts in vec(0_usize..80, 0..8),
    ) {
        let parts = |message: &[u8]| {
            let parts = framing.parts(message).expect("a message that can be sent");
            [&parts.header[..], &parts.body].concat()
        };
        // Long enough that what the damage announces has come.
        let behind = parts(b"abc").repeat(16);
        let stream = [&damage[..], &behind].concat();
        let mut points: Vec<_> = cuts.iter().map(|cut| cut % (stream.len() + 1)).collect();
        points.extend([0, stream.len()]);
        points.sort_unstable();
        let chunks: Vec<_> = points.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
        let outcome = decode(&framing, &chunks);
        let whole = decode(&framing, &[&stream]);
        prop_assert_eq!(&outcome.messages, &whole.messages);
        prop_assert_eq!(&outcome.skipped, &whole.skipped);
        let last = outcome.messages.iter().rev().take_while(|message| ***message == *b"abc");
        prop_assert!(last.count() >= 12, "{:?}", outcome);
    }
}
