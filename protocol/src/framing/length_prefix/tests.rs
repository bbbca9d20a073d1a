use super::*;
use crate::framing::{Decoder, Framing};

fn decode(prefix: LengthPrefix, bytes: &[u8]) -> Result<Vec<Bytes>, FrameError> {
    let mut decoder = Decoder::new(&Framing::LengthPrefix(prefix));
    decoder.handle_chunk(bytes);
    let mut bodies = Vec::new();
    while let Some(frame) = decoder.poll_frame()? {
        bodies.push(frame.body);
    }
    decoder.handle_eof().map(|()| bodies)
}

fn check(prefix: LengthPrefix, bytes: &[u8], expected: &Result<Vec<&[u8]>, FrameError>) {
    let decoded = decode(prefix, bytes);
    let decoded = decoded.map(|b| b.iter().map(|b| b.to_vec()).collect::<Vec<_>>());
    let expected = expected.clone();
    assert_eq!(
        decoded,
        expected.map(|b| b.iter().map(|b| b.to_vec()).collect()),
        "{bytes:02x?}"
    );
}

#[test]
fn the_articles_header_is_little_endian_and_may_stick_to_anything() {
    let default = LengthPrefix::default();
    check(default, b"\x05\0\0\0hello", &Ok(vec![b"hello"]));
    check(
        default,
        b"\x05\0\0\0hello\x03\0\0\0abc",
        &Ok(vec![b"hello", b"abc"]),
    );
    check(default, b"", &Ok(vec![]));
}

#[test]
fn a_zero_length_frame_is_an_empty_message() {
    check(
        LengthPrefix::default(),
        b"\0\0\0\0\x01\0\0\0x",
        &Ok(vec![b"", b"x"]),
    );
}

#[test]
fn wrong_lengths_name_their_offset() {
    let default = LengthPrefix::default();
    check(
        default,
        b"\x01\0\0\0x\xff\xff\xff\xff",
        &Err(FrameError::Negative {
            offset: Offset(5),
            length: -1,
        }),
    );
    check(
        default,
        b"GET / HTTP/1.1\r\n",
        &Err(FrameError::TooLarge {
            offset: Offset(0),
            length: 542_393_671,
            maximum: DEFAULT_MAX_FRAME,
        }),
    );
    check(
        default,
        b"\x05\0\0\0hel",
        &Err(FrameError::Truncated {
            offset: Offset(4),
            have: 3,
            need: 5,
        }),
    );
    check(
        default,
        b"\x05\0",
        &Err(FrameError::Truncated {
            offset: Offset(0),
            have: 2,
            need: 4,
        }),
    );
}

#[test]
fn the_maximum_itself_is_accepted_and_one_more_is_not() {
    let prefix = LengthPrefix {
        maximum: 3,
        ..LengthPrefix::default()
    };
    check(prefix, b"\x03\0\0\0abc", &Ok(vec![b"abc"]));
    check(
        prefix,
        b"\x04\0\0\0abcd",
        &Err(FrameError::TooLarge {
            offset: Offset(0),
            length: 4,
            maximum: 3,
        }),
    );
}

#[test]
fn every_width_endianness_and_sign() {
    for (width, endian, signed, bytes) in [
        (Width::One, Endian::Big, false, &b"\x02ab"[..]),
        (Width::Two, Endian::Big, false, b"\0\x02ab"),
        (Width::Two, Endian::Little, true, b"\x02\0ab"),
        (Width::Four, Endian::Big, true, b"\0\0\0\x02ab"),
        (Width::Eight, Endian::Little, false, b"\x02\0\0\0\0\0\0\0ab"),
        (Width::Eight, Endian::Big, true, b"\0\0\0\0\0\0\0\x02ab"),
    ] {
        let prefix = LengthPrefix {
            width,
            endian,
            signed,
            ..LengthPrefix::default()
        };
        check(prefix, bytes, &Ok(vec![b"ab"]));
        let header = prefix.header(2).unwrap();
        assert_eq!(&header[..], &bytes[..width.bytes()]);
    }
}

#[test]
fn an_unsigned_field_of_all_ones_is_huge_not_negative() {
    let prefix = LengthPrefix {
        width: Width::Eight,
        signed: false,
        ..LengthPrefix::default()
    };
    check(
        prefix,
        &[0xff; 8],
        &Err(FrameError::TooLarge {
            offset: Offset(0),
            length: i128::from(u64::MAX),
            maximum: DEFAULT_MAX_FRAME,
        }),
    );
}

#[test]
fn a_length_may_count_its_header() {
    let prefix = LengthPrefix {
        counts_header: true,
        ..LengthPrefix::default()
    };
    check(prefix, b"\x06\0\0\0ab", &Ok(vec![b"ab"]));
    check(prefix, b"\x04\0\0\0", &Ok(vec![b""]));
    check(
        prefix,
        b"\x03\0\0\0",
        &Err(FrameError::ShorterThanHeader {
            offset: Offset(0),
            length: 3,
            header: 4,
        }),
    );
}

#[test]
fn a_narrow_field_refuses_what_it_cannot_say() {
    let prefix = LengthPrefix {
        width: Width::One,
        signed: true,
        counts_header: true,
        ..LengthPrefix::default()
    };
    assert_eq!(&prefix.header(126).unwrap()[..], b"\x7f");
    assert_eq!(
        prefix.header(127),
        Err(EncodeError::TooLarge {
            length: 127,
            maximum: 126
        })
    );
}
