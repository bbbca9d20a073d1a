use super::*;
use crate::framing::{Decode as _, Decoder, FrameError, Framing};

fn decode(prefix: &LengthPrefix, chunks: [&[u8]; 2]) -> Result<Vec<Bytes>, FrameError> {
    let mut decoder = Decoder::new(&Framing::LengthPrefix(prefix.clone()));
    let (mut bodies, mut end) = (Vec::new(), Offset(0));
    for chunk in chunks {
        decoder.handle_chunk(chunk);
        while let Some(frame) = decoder.poll_frame()? {
            assert_eq!(frame.start, end);
            end = frame.range().end;
            bodies.push(frame.body);
        }
    }
    decoder.handle_eof().map(|()| bodies)
}

/// Wherever the bytes are cut.
fn check(prefix: &LengthPrefix, bytes: &[u8], expected: &Result<Vec<&[u8]>, FrameError>) {
    for cut in 0..=bytes.len() {
        let decoded = decode(prefix, [&bytes[..cut], &bytes[cut..]]);
        let decoded = decoded.map(|b| b.iter().map(|b| b.to_vec()).collect::<Vec<_>>());
        let expected = expected.clone();
        assert_eq!(
            decoded,
            expected.map(|b| b.iter().map(|b| b.to_vec()).collect()),
            "{bytes:02x?}, cut at {cut}"
        );
    }
}

/// What is sent is `bytes`, and these are `message` again.
fn check_both(prefix: &LengthPrefix, message: &[u8], bytes: &[u8]) {
    check(prefix, bytes, &Ok(vec![message]));
    let header = prefix.header(message.len()).unwrap();
    let body = prefix.body(message).unwrap();
    assert_eq!([header, body].concat(), bytes, "{prefix:?}");
    assert_eq!(prefix.validate(), Ok(()));
}

#[test]
fn the_articles_header_is_little_endian_and_may_stick_to_anything() {
    let default = LengthPrefix::default();
    check(&default, b"\x05\0\0\0hello", &Ok(vec![b"hello"]));
    check(
        &default,
        b"\x05\0\0\0hello\x03\0\0\0abc",
        &Ok(vec![b"hello", b"abc"]),
    );
    check(&default, b"", &Ok(vec![]));
}

#[test]
fn a_zero_length_frame_is_an_empty_message() {
    check(
        &LengthPrefix::default(),
        b"\0\0\0\0\x01\0\0\0x",
        &Ok(vec![b"", b"x"]),
    );
}

#[test]
fn wrong_lengths_name_their_offset() {
    let default = LengthPrefix::default();
    check(
        &default,
        b"\x01\0\0\0x\xff\xff\xff\xff",
        &Err(FrameError::Negative {
            offset: Offset(5),
            length: -1,
        }),
    );
    check(
        &default,
        b"GET / HTTP/1.1\r\n",
        &Err(FrameError::TooLarge {
            offset: Offset(0),
            length: 542_393_671,
            maximum: DEFAULT_MAX_FRAME,
        }),
    );
    check(
        &default,
        b"\x05\0\0\0hel",
        &Err(FrameError::Truncated {
            offset: Offset(4),
            have: 3,
            need: 5,
        }),
    );
    check(
        &default,
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
    check(&prefix, b"\x03\0\0\0abc", &Ok(vec![b"abc"]));
    check(
        &prefix,
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
        (Width::Bytes(1), Endian::Big, false, &b"\x02ab"[..]),
        (Width::Bytes(2), Endian::Big, false, b"\0\x02ab"),
        (Width::Bytes(2), Endian::Little, true, b"\x02\0ab"),
        (Width::Bytes(4), Endian::Big, true, b"\0\0\0\x02ab"),
        (Width::Bytes(3), Endian::Big, false, b"\0\0\x02ab"),
        (Width::Bytes(3), Endian::Little, true, b"\x02\0\0ab"),
        (
            Width::Bytes(8),
            Endian::Little,
            false,
            b"\x02\0\0\0\0\0\0\0ab",
        ),
        (Width::Bytes(8), Endian::Big, true, b"\0\0\0\0\0\0\0\x02ab"),
    ] {
        let prefix = LengthPrefix {
            width,
            endian,
            signed,
            ..LengthPrefix::default()
        };
        check_both(&prefix, b"ab", bytes);
    }
}

#[test]
fn an_unsigned_field_of_all_ones_is_huge_not_negative() {
    let prefix = LengthPrefix {
        width: Width::Bytes(8),
        signed: false,
        ..LengthPrefix::default()
    };
    check(
        &prefix,
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
    check(&prefix, b"\x06\0\0\0ab", &Ok(vec![b"ab"]));
    check(&prefix, b"\x04\0\0\0", &Ok(vec![b""]));
    check(
        &prefix,
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
        width: Width::Bytes(1),
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

fn unsigned(width: Width) -> LengthPrefix {
    LengthPrefix {
        width,
        endian: Endian::Big,
        signed: false,
        ..LengthPrefix::default()
    }
}

#[test]
fn three_bytes_of_length() {
    check_both(&unsigned(Width::Bytes(3)), b"hello", b"\0\0\x05hello");
    let negative = LengthPrefix {
        signed: true,
        ..unsigned(Width::Bytes(3))
    };
    let error = FrameError::Negative {
        offset: Offset(0),
        length: -2,
    };
    check(&negative, b"\xff\xff\xfe", &Err(error));
}

/// The fields of Netty's documentation: what is in front of a length, and what of it stays.
#[test]
fn a_length_behind_other_fields_that_counts_all_of_the_frame() {
    let counted = LengthPrefix {
        offset: 1,
        adjustment: -3,
        strip: Some(3),
        ..unsigned(Width::Bytes(2))
    };
    check(&counted, b"\x01\0\x08hello", &Ok(vec![b"hello"]));
    check_both(&counted, b"hello", b"\0\0\x08hello");
    let same = LengthPrefix {
        counts_header: true,
        adjustment: 0,
        strip: None,
        ..counted.clone()
    };
    check_both(&same, b"hello", b"\0\0\x08hello");
    let kept = LengthPrefix {
        strip: Some(1),
        ..counted.clone()
    };
    check(&kept, b"\x01\0\x08hello", &Ok(vec![b"\0\x08hello"]));
    let shorter = FrameError::BelowAdjustment {
        offset: Offset(1),
        length: 2,
        adjustment: -3,
    };
    check(&counted, b"\x01\0\x02", &Err(shorter));
    // What is dropped behind the header is filled with zeros where it is sent.
    let dropped = LengthPrefix {
        strip: Some(4),
        ..unsigned(Width::Bytes(2))
    };
    check_both(&dropped, b"ab", b"\0\x04\0\0ab");
}

#[test]
fn a_checksum_behind_the_body() {
    let xor = LengthPrefix {
        checksum: Checksum::Xor8,
        ..unsigned(Width::Bytes(2))
    };
    check_both(&xor, b"hello", b"\0\x05hello\x62");
    let wrong = FrameError::Checksum {
        offset: Offset(7),
        said: 0x63,
        computed: 0x62,
    };
    check(&xor, b"\0\x05hello\x63", &Err(wrong));
    let truncated = FrameError::Truncated {
        offset: Offset(2),
        have: 5,
        need: 6,
    };
    check(&xor, b"\0\x05hello", &Err(truncated));
    let crc = LengthPrefix {
        checksum: Checksum::Crc16Modbus,
        checksum_endian: Some(Endian::Little),
        covers: Covers::Frame,
        trailer: 3,
        ..unsigned(Width::Bytes(1))
    };
    // Over the length too: 09 and the digits.
    let sum = Checksum::Crc16Modbus.of([b"\x09", b"123456789"]);
    let low = u8::try_from(sum & 0xff).unwrap();
    let high = u8::try_from(sum >> 8).unwrap();
    let framed = [&b"\x09123456789\0"[..], &[low, high]].concat();
    check_both(&crc, b"123456789", &framed);
}

#[test]
fn a_varint_in_front() {
    let varint = unsigned(Width::Varint);
    check_both(&varint, b"hello", b"\x05hello");
    check_both(&varint, b"", b"\0");
    let long = [7; 300];
    check_both(&varint, &long, &[&b"\xac\x02"[..], &long].concat());
    let stream = [&b"\x05hello\xac\x02"[..], &long, &[0xff; 11]].concat();
    let offset = Offset(308);
    check(&varint, &stream, &Err(FrameError::EndlessVarint { offset }));
    let too_large = FrameError::TooLarge {
        offset: Offset(0),
        length: i128::from(u64::MAX),
        maximum: DEFAULT_MAX_FRAME,
    };
    let most = b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
    check(&varint, most, &Err(too_large));
}

#[test]
fn a_length_in_digits() {
    // Netstrings, whose comma is a trailer.
    let netstring = LengthPrefix {
        trailer: 1,
        ..unsigned(Width::Decimal)
    };
    check(&netstring, b"5:hello,0:,", &Ok(vec![b"hello", b""]));
    // Redis: $5\r\nhello\r\n
    let bulk = LengthPrefix {
        magic: "$".into(),
        offset: 1,
        separator: "\r\n".into(),
        trailer: 2,
        ..unsigned(Width::Decimal)
    };
    check(&bulk, b"$5\r\nhello\r\n", &Ok(vec![b"hello"]));
    assert_eq!(&bulk.header(10).unwrap()[..], b"$10\r\n");
    let unexpected = |offset, byte, expected| {
        Err(FrameError::Unexpected {
            offset: Offset(offset),
            byte,
            expected,
        })
    };
    check(&bulk, b"*2\r\n", &unexpected(0, b'*', b'$'));
    check(&bulk, b"$2\rx", &unexpected(3, b'x', b'\n'));
    let digit = |offset, byte| {
        let offset = Offset(offset);
        Err(FrameError::NonNumeric { offset, byte })
    };
    check(&bulk, b"$-1\r\n", &digit(1, b'-'));
    check(&bulk, b"$\r\n", &digit(1, b'\r'));
    check(&bulk, b"$12a", &digit(3, b'a'));
    let endless = decode(&bulk, [&[&b"$"[..], &[b'1'; 30]].concat(), b""]);
    assert!(matches!(endless, Err(FrameError::TooLarge { .. })));
}

#[test]
fn a_magic_in_front() {
    // Bitcoin's header: magic, 12 bytes of command, length, 4 bytes of checksum.
    let bitcoin = LengthPrefix {
        magic: Mark::from(&b"\xf9\xbe\xb4\xd9"[..]),
        offset: 16,
        adjustment: 4,
        strip: Some(24),
        endian: Endian::Little,
        ..unsigned(Width::Bytes(4))
    };
    let frame = b"\xf9\xbe\xb4\xd9version\0\0\0\0\0\x02\0\0\0\x5d\xf6\xe0\xe2ab";
    check(&bitcoin, frame, &Ok(vec![b"ab"]));
    let refused = FrameError::Unexpected {
        offset: Offset(2),
        byte: 0xb5,
        expected: 0xb4,
    };
    check(&bitcoin, b"\xf9\xbe\xb5", &Err(refused));
}

#[test]
fn settings_that_no_frame_could_satisfy_are_refused() {
    let setting = |name, least| Err(EncodeError::Setting { name, least });
    let refused = |prefix: LengthPrefix| prefix.validate();
    let plain = || unsigned(Width::Decimal);
    let magic = "abc".into();
    assert_eq!(
        refused(LengthPrefix { magic, ..plain() }),
        setting("offset", 3)
    );
    let separator = Mark::default();
    assert_eq!(
        refused(LengthPrefix {
            separator,
            ..plain()
        }),
        setting("separator", 1)
    );
    let checksum = Checksum::Crc32;
    let short = LengthPrefix {
        checksum,
        trailer: 3,
        ..plain()
    };
    assert_eq!(refused(short), setting("trailer", 4));
    let strip = LengthPrefix {
        strip: Some(1),
        ..plain()
    };
    let not_with = EncodeError::NotWith {
        name: "strip",
        width: "decimal",
    };
    assert_eq!(refused(strip), Err(not_with));
    let oversized = LengthPrefix {
        trailer: 257,
        ..plain()
    };
    let (size, maximum) = (257, 256);
    assert_eq!(
        refused(oversized),
        Err(EncodeError::Oversized { size, maximum })
    );
    let negative = LengthPrefix {
        adjustment: 7,
        ..plain()
    };
    let (length, minimum) = (6, 7);
    let too_short = EncodeError::TooShort { length, minimum };
    assert_eq!(negative.header(6), Err(too_short));
    assert_eq!(&negative.header(7).unwrap()[..], b"0:");
}
