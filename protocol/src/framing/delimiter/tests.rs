use super::*;

fn crlf() -> Delimiter {
    Delimiter {
        delimiter: "\r\n".into(),
        maximum: 8,
        ..Delimiter::default()
    }
}

#[test]
fn a_delimiter_split_across_chunks_still_ends_the_message() {
    let mut decoder = crlf().decoder(Offset(0));
    decoder.handle_chunk(b"abc\r");
    assert_eq!(decoder.poll_frame(), Ok(None));
    decoder.handle_chunk(b"\n\r\n");
    let frame = decoder.poll_frame().unwrap().unwrap();
    assert_eq!((&frame.body[..], frame.trailer), (&b"abc"[..], 2));
    assert!(decoder.poll_frame().unwrap().unwrap().body.is_empty());
    assert_eq!(decoder.handle_eof(), Ok(()));
}

#[test]
fn a_message_without_end_is_refused_at_the_maximum() {
    let mut decoder = crlf().decoder(Offset(0));
    decoder.handle_chunk(b"12345678\r\n");
    assert_eq!(decoder.poll_frame().unwrap().unwrap().body.len(), 8);
    decoder.handle_chunk(b"1234567890");
    assert_eq!(
        decoder.poll_frame(),
        Err(FrameError::TooLarge {
            offset: Offset(10),
            length: 9,
            maximum: 8
        })
    );
}

/// Whatever part of the delimiter has come with it.
#[test]
fn a_message_one_byte_above_the_maximum_is_refused() {
    for chunks in [
        ["123456789\r\n", ""],
        ["123456789\r", "\n"],
        ["123456789", "\r\n"],
    ] {
        let mut decoder = crlf().decoder(Offset(0));
        let polled = chunks.map(|chunk| {
            decoder.handle_chunk(chunk.as_bytes());
            decoder.poll_frame()
        });
        let refused = Err(FrameError::TooLarge {
            offset: Offset(0),
            length: 9,
            maximum: 8,
        });
        assert!(polled.contains(&refused), "{chunks:?}: {polled:?}");
    }
}

#[test]
fn a_delimiter_has_a_length() {
    let of = |length| Delimiter {
        delimiter: "x".repeat(length).as_str().into(),
        ..Delimiter::default()
    };
    assert_eq!(of(0).validate(), Err(EncodeError::EmptyDelimiter));
    assert_eq!(of(256).validate(), Ok(()));
    assert_eq!(
        of(257).body(b"a"),
        Err(EncodeError::Oversized {
            size: 257,
            maximum: 256
        })
    );
}

#[test]
fn a_message_with_the_delimiter_in_it_is_not_sent() {
    assert_eq!(
        crlf().body(b"a\r\nb"),
        Err(EncodeError::ContainsDelimiter { at: 1 })
    );
    let doubled = Delimiter {
        delimiter: "aa".into(),
        maximum: 8,
        ..Delimiter::default()
    };
    assert_eq!(
        doubled.body(b"xa"),
        Err(EncodeError::ContainsDelimiter { at: 1 })
    );
}

fn any_line_end() -> Delimiter {
    Delimiter {
        delimiter: Marks::new(["\n", "\r\n", "\r"].map(Mark::from)),
        ..Delimiter::default()
    }
}

/// The messages of a stream cut at `cut`, and what its end means.
fn decode(settings: &Delimiter, stream: &[u8], cut: usize) -> (Vec<Vec<u8>>, Option<FrameError>) {
    let mut decoder = settings.decoder(Offset(0));
    let mut messages = Vec::new();
    let mut end = Offset(0);
    let mut drain = |decoder: &mut DelimiterDecoder| {
        while let Some(frame) = decoder.poll_frame().unwrap() {
            assert_eq!(frame.start, end);
            end = frame.range().end;
            messages.push(frame.body.to_vec());
        }
    };
    for chunk in [&stream[..cut], &stream[cut..]] {
        decoder.handle_chunk(chunk);
        drain(&mut decoder);
    }
    let ended = decoder.handle_eof();
    drain(&mut decoder);
    (messages, ended.err())
}

#[test]
fn line_ends_of_three_kinds_make_no_empty_messages() {
    let stream = b"a\nb\r\nc\rd\r\n";
    for cut in 0..=stream.len() {
        let (messages, ended) = decode(&any_line_end(), stream, cut);
        assert_eq!(messages, [b"a", b"b", b"c", b"d"], "cut at {cut}");
        assert_eq!(ended, None);
    }
    // Two ends of one kind are an empty message between them.
    let (messages, _) = decode(&any_line_end(), b"a\r\rb\r", 0);
    assert_eq!(messages, [&b"a"[..], b"", b"b"]);
}

/// A sender of lines that end in a carriage return waits for the answer to each.
#[test]
fn silence_ends_a_line_whose_end_could_become_a_longer_one() {
    let mut decoder = any_line_end().decoder(Offset(0));
    decoder.handle_chunk(b"a\r");
    assert_eq!(decoder.poll_frame(), Ok(None));
    assert!(decoder.awaits_quiet());
    decoder.handle_quiet();
    let frame = decoder.poll_frame().unwrap().unwrap();
    assert_eq!((&frame.body[..], frame.trailer), (&b"a"[..], 1));
    assert!(!decoder.awaits_quiet());
    // Had it been the first half of a line end, its second half is no line.
    for (chunk, header) in [("\nb\n", 1), ("b\n", 0), ("\n\n", 1)] {
        let mut decoder = decoder.clone();
        decoder.handle_chunk(chunk.as_bytes());
        let frame = decoder.poll_frame().unwrap().unwrap();
        let body = chunk.trim();
        assert_eq!((&frame.body[..], frame.header), (body.as_bytes(), header));
        assert_eq!(frame.range().end, Offset(2 + chunk.len() as u64));
    }
}

#[test]
fn the_longest_delimiter_counts_and_bytes_of_any_value_do() {
    let settings = Delimiter {
        delimiter: Marks::new([&b"\xff"[..], b"\xff\xfe\xff", b"\0"].map(Mark::from)),
        ..Delimiter::default()
    };
    let stream = b"a\xff\xfeb\0c\xff\xfe\xffd\xff\xfe";
    for cut in 0..=stream.len() {
        let (messages, ended) = decode(&settings, stream, cut);
        assert_eq!(messages, [&b"a"[..], b"\xfeb", b"c", b"d"], "cut at {cut}");
        let (offset, have, need) = (Offset(11), 1, 2);
        assert_eq!(ended, Some(FrameError::Truncated { offset, have, need }));
    }
}

#[test]
fn an_escape_makes_a_delimiter_part_of_the_message() {
    let settings = Delimiter {
        escape: Some(Byte(b'\\')),
        ..Delimiter::default()
    };
    let sent = settings.body(b"a\nb\\").unwrap();
    assert_eq!(&sent[..], b"a\\\nb\\\\\n");
    for cut in 0..=sent.len() {
        let (messages, ended) = decode(&settings, &sent, cut);
        assert_eq!((&messages[..], ended), (&[b"a\nb\\".to_vec()][..], None));
    }
    // An escape in front of another byte is dropped as well.
    assert_eq!(decode(&settings, b"\\ab\n", 1).0, [b"ab"]);
    let same = Delimiter {
        escape: Some(Byte(b'\n')),
        ..Delimiter::default()
    };
    assert_eq!(same.validate(), Err(EncodeError::SameMarks));
}

#[test]
fn a_delimiter_that_is_kept_is_part_of_the_message() {
    let settings = Delimiter {
        keep: true,
        ..any_line_end()
    };
    let (messages, _) = decode(&settings, b"a\r\nb\n", 2);
    assert_eq!(messages, [&b"a\r\n"[..], b"b\n"]);
    for message in ["a", "a\n"] {
        assert_eq!(&settings.body(message.as_bytes()).unwrap()[..], b"a\n");
    }
}

#[test]
fn a_line_longer_than_allowed_is_refused_wherever_it_is_cut() {
    let settings = Delimiter {
        maximum: 3,
        ..Delimiter::default()
    };
    for cut in 0..=5 {
        let mut decoder = settings.decoder(Offset(0));
        let polled = [&b"abcd\n"[..cut], &b"abcd\n"[cut..]].map(|chunk| {
            decoder.handle_chunk(chunk);
            decoder.poll_frame()
        });
        let refused = FrameError::TooLarge {
            offset: Offset(0),
            length: 4,
            maximum: 3,
        };
        assert_eq!(polled.into_iter().find_map(Result::err), Some(refused));
    }
}

/// Sent behind another message, its first bytes would belong to the delimiter.
#[test]
fn a_message_that_makes_the_delimiter_before_it_longer_is_not_sent() {
    let settings = Delimiter {
        delimiter: Marks::new(["\r", "\r\n"].map(Mark::from)),
        ..Delimiter::default()
    };
    assert_eq!(&settings.body(b"a\nb").unwrap()[..], b"a\nb\r");
    let refused = EncodeError::ContainsDelimiter { at: 0 };
    assert_eq!(settings.body(b"\nb"), Err(refused));
}

#[test]
fn silence_ends_whatever_begins_with_a_delimiter() {
    let settings = Delimiter {
        delimiter: Marks::new(["a", "aab"].map(Mark::from)),
        ..Delimiter::default()
    };
    let mut decoder = settings.decoder(Offset(0));
    decoder.handle_chunk(b"xaa");
    assert_eq!(decoder.poll_frame(), Ok(None));
    assert!(decoder.awaits_quiet());
    decoder.handle_quiet();
    assert_eq!(&decoder.poll_frame().unwrap().unwrap().body[..], b"x");
    assert_eq!(&decoder.poll_frame().unwrap().unwrap().body[..], b"");
    assert!(!decoder.awaits_quiet() && !decoder.is_mid_frame());
    // The rest of the longer one does not come after all.
    decoder.handle_chunk(b"a");
    assert_eq!(decoder.poll_frame(), Ok(None));
    assert!(decoder.awaits_quiet());
    assert_eq!(decoder.handle_eof(), Ok(()));
    assert_eq!(&decoder.poll_frame().unwrap().unwrap().body[..], b"");
}

#[test]
fn escapes_do_not_count_for_the_maximum_and_a_kept_delimiter_has_none() {
    let settings = Delimiter {
        escape: Some(Byte(b'\\')),
        maximum: 4,
        ..Delimiter::default()
    };
    let sent = settings.body(b"\n\n\n\n").unwrap();
    for cut in 0..=sent.len() {
        let (messages, ended) = decode(&settings, &sent, cut);
        assert_eq!((&messages[..], ended), (&[b"\n\n\n\n".to_vec()][..], None));
    }
    let mut decoder = settings.decoder(Offset(0));
    decoder.handle_chunk(b"\\\n\\\n\\\n\\\n\\\n\n");
    let refused = FrameError::TooLarge {
        offset: Offset(0),
        length: 5,
        maximum: 4,
    };
    assert_eq!(decoder.poll_frame(), Err(refused));
    let kept = Delimiter {
        delimiter: "\n\\".into(),
        keep: true,
        ..settings
    };
    let (messages, ended) = decode(&kept, b"a\\\nb\n\\", 3);
    assert_eq!((&messages[..], ended), (&[b"a\nb\n\\".to_vec()][..], None));
}
