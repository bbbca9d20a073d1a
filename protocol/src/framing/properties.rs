//! Properties that hold for every framing, whatever the messages and wherever
//! the stream is cut.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Splits `bytes` at the given points (taken modulo the length).
fn chunks<'a>(bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut points: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    points.extend([0, bytes.len()]);
    points.sort_unstable();
    points
        .windows(2)
        .map(|pair| &bytes[pair[0]..pair[1]])
        .collect()
}

/// Plays the sender of `messages`, cut at `cuts`, against a decoder: behaves as
/// a peer must, so it waits for `ready` where the framing says so.
fn transmit(framing: &Framing, messages: &[Vec<u8>], cuts: &[usize]) -> Vec<Bytes> {
    let mut decoder = Decoder::new(framing);
    let mut bodies = Vec::new();
    let mut pending = Vec::new();
    let mut deliver = |decoder: &mut Decoder, bytes: &[u8]| {
        for chunk in chunks(bytes, cuts) {
            decoder.handle_chunk(chunk);
            while let Some(frame) = decoder.poll_frame().expect("valid stream") {
                bodies.push(frame.body);
            }
        }
    };
    for message in messages {
        let parts = framing.parts(message).expect("encodable message");
        pending.extend_from_slice(&parts.header);
        if framing.waits_for_ready() {
            deliver(&mut decoder, &pending);
            pending.clear();
            decoder.handle_quiet();
            assert_eq!(decoder.poll_reply(), Some(READY));
        }
        pending.extend_from_slice(&parts.body);
    }
    deliver(&mut decoder, &pending);
    if framing.waits_for_ready() {
        // An empty last body needs no further byte to be complete.
        deliver(&mut decoder, b"");
    }
    assert_eq!(decoder.handle_eof(), Ok(()));
    // What only the end completes.
    while let Some(frame) = decoder.poll_frame().expect("valid stream") {
        bodies.push(frame.body);
    }
    bodies
}

/// What may stand around a length, with a header that is dropped whole.
fn around(framing: Framing) -> impl Strategy<Value = Framing> {
    let checksums = proptest::sample::select(&Checksum::ALL[..]);
    let covers = proptest::sample::select(&Covers::ALL[..]);
    let magic = vec(any::<u8>(), 0..4);
    let all = (magic, 0_u32..4, -8_i32..1, checksums, covers, 0_u32..4);
    all.prop_map(
        move |(magic, further, adjustment, checksum, covers, trailer)| {
            let mut framing = framing.clone();
            if let Framing::LengthPrefix(prefix) = &mut framing {
                prefix.offset = further + u32::try_from(magic.len()).expect("a few");
                prefix.magic = Mark::from(&magic[..]);
                prefix.adjustment = adjustment;
                prefix.checksum = checksum;
                prefix.covers = covers;
                prefix.trailer = trailer + u32::try_from(checksum.width()).expect("a few");
            }
            framing
        },
    )
}

/// Messages between marks, and between several delimiters, with escapes.
fn escaped() -> impl Strategy<Value = Framing> {
    let marked = (1_u8..100, 100_u8..200, proptest::option::of(200_u8..)).prop_map(
        |(end, escape, start)| {
            Framing::Marked(Marked {
                start: start.map(Byte),
                end: Byte(end),
                escape: Byte(escape),
                escaping: if end % 2 == 0 {
                    Escaping::Slip
                } else {
                    Escaping::Xor
                },
                ..Marked::default()
            })
        },
    );
    let delimiter = any::<u8>().prop_map(|escape| {
        Framing::Delimiter(Delimiter {
            delimiter: Marks::new(["\n", "\r\n", "\r"].map(Mark::from)),
            escape: Some(Byte(escape)).filter(|escape| !b"\r\n".contains(&escape.0)),
            ..Delimiter::default()
        })
    });
    prop_oneof![marked, delimiter]
}

fn length_prefix() -> impl Strategy<Value = Framing> {
    let widths = proptest::sample::select(&Width::ALL[..]);
    let endians = proptest::sample::select(&Endian::ALL[..]);
    (widths, endians, any::<bool>(), any::<bool>()).prop_map(
        |(width, endian, signed, counts_header)| {
            Framing::LengthPrefix(LengthPrefix {
                width,
                endian,
                signed,
                counts_header: counts_header && matches!(width, Width::Bytes(_)),
                ..LengthPrefix::default()
            })
        },
    )
}

/// Any framing that marks messages off (so: not `none`): each with its default
/// settings, and some with others.
fn framing() -> impl Strategy<Value = Framing> {
    let mut marked = Framing::all().to_vec();
    marked.retain(|framing| *framing != Framing::None);
    prop_oneof![
        proptest::sample::select(marked),
        length_prefix(),
        length_prefix().prop_flat_map(around),
        escaped(),
        prop_oneof![Just("\n"), Just("\r\n"), Just("aa"), Just("--end--")].prop_map(|delimiter| {
            Framing::Delimiter(Delimiter {
                delimiter: delimiter.into(),
                ..Delimiter::default()
            })
        }),
        (1_u32..200, any::<u8>(), 0_u32..200).prop_map(|(size, pad, maximum)| {
            Framing::FixedSize(FixedSize { size, pad, maximum })
        }),
    ]
}

proptest! {
    #[test]
    fn any_messages_in_any_chunks_come_out_the_same(
        framing in framing(),
        messages in vec(vec(any::<u8>(), 0..100), 0..8),
        cuts in vec(any::<usize>(), 0..20),
    ) {
        // What a framing refuses to send is not part of the property.
        let messages: Vec<_> =
            messages.into_iter().filter(|m| framing.parts(m).is_ok()).collect();
        let decoded = transmit(&framing, &messages, &cuts);
        prop_assert_eq!(decoded, messages);
    }

    #[test]
    fn one_message_survives_every_split_position(
        framing in framing(),
        message in vec(any::<u8>(), 0..40),
    ) {
        if framing.parts(&message).is_ok() {
            for cut in 0..60 {
                let decoded = transmit(&framing, std::slice::from_ref(&message), &[cut]);
                prop_assert_eq!(&decoded, std::slice::from_ref(&message));
            }
        }
    }

    #[test]
    fn no_bytes_make_a_decoder_panic_or_hold_more_than_it_was_given(
        framing in prop_oneof![framing(), Just(Framing::None)],
        input in vec(vec(any::<u8>(), 0..64), 0..16),
    ) {
        let mut decoder = Decoder::new(&framing);
        let mut yielded = 0;
        for chunk in &input {
            decoder.handle_chunk(chunk);
            while let Ok(Some(frame)) = decoder.poll_frame() {
                prop_assert_eq!(frame.range().start.0, yielded);
                yielded = frame.range().end.0;
            }
            if decoder.awaits_quiet() {
                decoder.handle_quiet();
                decoder.poll_reply();
            }
        }
        let total: usize = input.iter().map(Vec::len).sum();
        prop_assert!(yielded <= total as u64);
        let _ = decoder.handle_eof();
    }

    #[test]
    fn the_length_of_a_body_is_known_without_the_message(
        framing in prop_oneof![framing(), Just(Framing::None)],
        message in vec(any::<u8>(), 0..100),
    ) {
        if let Ok(parts) = framing.parts(&message) {
            let most = framing.body_length(message.len());
            prop_assert!(parts.body.len() <= most);
            let depends = match &framing {
                Framing::Marked(_) | Framing::Cobs(_) => true,
                Framing::Delimiter(delimiter) => delimiter.escape.is_some(),
                _ => false,
            };
            prop_assert!(depends || parts.body.len() == most);
        }
    }

    #[test]
    fn a_framing_accepts_at_most_what_it_is_limited_to(
        framing in framing(),
        message in vec(any::<u8>(), 5..100),
    ) {
        let limited = framing.clone().with_at_most(4);
        let sizes_itself = framing.body_length(0) == framing.body_length(1);
        if !sizes_itself {
            prop_assert!(limited.parts(&message).is_err());
        }
    }

    #[test]
    fn a_failed_decoder_stays_failed(rest in vec(any::<u8>(), 0..64)) {
        let mut decoder = Decoder::new(&Framing::LengthPrefix(LengthPrefix::default()));
        decoder.handle_chunk(&[0xff; 4]);
        let first = decoder.poll_frame();
        prop_assert!(first.is_err());
        decoder.handle_chunk(&rest);
        prop_assert_eq!(decoder.poll_frame(), first.clone());
        prop_assert_eq!(decoder.handle_eof().map(|()| None), first);
    }

    #[test]
    fn what_a_frame_lacks_leads_to_its_end(
        framing in framing(),
        messages in vec(vec(any::<u8>(), 0..60), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut stream = Vec::new();
        for message in &messages {
            let Ok(parts) = framing.parts(message) else { continue };
            stream.extend_from_slice(&parts.header);
            stream.extend_from_slice(&parts.body);
        }
        let mut decoder = Decoder::new(&framing);
        decoder.handle_chunk(&stream);
        let frames = std::iter::from_fn(|| decoder.poll_frame().ok().flatten());
        let ends: Vec<_> = frames.map(|frame| frame.range().end.0).collect();
        let mut decoder = Decoder::new(&framing);
        let cut = cut.index(stream.len() + 1);
        decoder.handle_chunk(&stream[..cut]);
        while let Ok(Some(_)) = decoder.poll_frame() {}
        if let Some(lacking) = decoder.lacks() {
            let end = cut as u64 + lacking;
            let is_behind = end > stream.len() as u64;
            prop_assert!(is_behind || ends.contains(&end), "{lacking} behind {cut}: {ends:?}");
        }
    }

    #[test]
    fn frames_tile_the_stream(
        framing in prop_oneof![length_prefix(), length_prefix().prop_flat_map(around)],
        messages in vec(vec(any::<u8>(), 0..60), 1..6),
    ) {
        let mut decoder = Decoder::new(&framing);
        let mut sent = 0;
        for message in &messages {
            let Ok(parts) = framing.parts(message) else { continue };
            sent += parts.header.len() + parts.body.len();
            decoder.handle_chunk(&parts.header);
            decoder.handle_chunk(&parts.body);
        }
        let mut end = Offset(0);
        while let Some(frame) = decoder.poll_frame().expect("valid stream") {
            prop_assert_eq!(frame.range().start, end);
            end = frame.range().end;
        }
        prop_assert_eq!(end, Offset(0) + sent);
    }
}
