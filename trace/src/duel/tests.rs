mod damage;
mod lengths;
mod properties;
mod texts;

use texts::rendered;

use super::*;
use crate::framing::parse;

/// Whether the opponent has the same messages as the right decoder, or where they part, and
/// what is said of it.
fn told(framing: &str, bytes: &[u8], sizes: &[usize], opponent: Opponent) -> String {
    let framing = parse(framing).unwrap();
    assert!(opponent.fits(&framing), "{opponent}");
    let stream = Stream::new(bytes, sizes.to_vec());
    let duel = duel(&stream, &framing, opponent);
    let agreed = duel.agreed;
    let Some(parting) = duel.parting else {
        return format!("agrees in {agreed}");
    };
    let said: Vec<_> = parting.sentences().iter().map(rendered).collect();
    format!(
        "parts behind {agreed} at #{} offset {}: {}",
        parting.chunk.number,
        parting.at,
        said.join(" ")
    )
}

/// All of a stream at once and expected.
fn check(framing: &str, bytes: &[u8], sizes: &[usize], opponent: Opponent, expected: &str) {
    assert_eq!(
        told(framing, bytes, sizes, opponent),
        expected,
        "{opponent}, {sizes:?}"
    );
}

const FRAMES: &[u8] = b"\x05\0\0\0hello\x02\0\0\0ok";
const LINES: &[u8] = b"hello\nok\n";

#[test]
fn one_recv_for_one_message() {
    check(
        "delimiter",
        LINES,
        &[6, 3],
        Opponent::OneRecv,
        "agrees in 2",
    );
    check(
        "delimiter",
        LINES,
        &[9],
        Opponent::OneRecv,
        "parts behind 0 at #1 offset 6: It took all of chunk #1, 9 bytes, for one message. In \
         fact a message of 6 bytes, with what marks it off, is from offset 0 to 6.",
    );
    check(
        "delimiter",
        LINES,
        &[6, 2],
        Opponent::OneRecv,
        "parts behind 1 at #2 offset 8: It took all of chunk #2, 2 bytes, for one message. In \
         fact no message is complete here.",
    );
}

#[test]
fn a_part_of_a_header_for_the_header() {
    let header = Opponent::HeaderWhole;
    check("length-prefix", FRAMES, &[9, 6], header, "agrees in 2");
    check(
        "length-prefix",
        FRAMES,
        &[4, 5, 4, 2],
        header,
        "agrees in 2",
    );
    check(
        "length-prefix",
        FRAMES,
        &[2, 13],
        header,
        "parts behind 0 at #2 offset 7: Its recv() of the 4-byte header returned 2 bytes, and \
         it took `05 00` for the whole header: a length of 5. In fact a message of 9 bytes, with \
         what marks it off, is from offset 0 to 9.",
    );
    // Big-endian the two bytes that have come are zero: a message of no bytes, at once.
    check(
        "length-prefix,endian=big",
        b"\0\0\0\x05hello",
        &[2, 7],
        header,
        "parts behind 0 at #1 offset 2: Its recv() of the 4-byte header returned 2 bytes, and \
         it took `00 00` for the whole header: a length of 0. In fact no message is complete here.",
    );
    // The front of a header in which the length has not begun.
    check(
        "length-prefix,offset=2,width=2",
        b"\x07\x07\x01\0x",
        &[1, 4],
        header,
        "parts behind 0 at #1 offset 1: Its recv() of the 4-byte header returned 1 byte, and it \
         took `07` for the whole header: a length of 0. In fact no message is complete here.",
    );
    // 0xff is -1, for which a loop that reads until all have come does not begin.
    check(
        "length-prefix,width=2",
        b"\xff\0",
        &[1, 1],
        header,
        "parts behind 0 at #1 offset 1: Its recv() of the 2-byte header returned 1 byte, and it \
         took `ff` for the whole header: a length of -1. In fact no message is complete here.",
    );
}

#[test]
fn the_rest_of_a_chunk_is_lost() {
    let dropped = Opponent::RestDropped;
    // What belongs to a message that has begun is read exactly: nothing is lost.
    check("length-prefix", FRAMES, &[6, 9], dropped, "agrees in 2");
    check(
        "length-prefix",
        FRAMES,
        &[11, 4],
        dropped,
        "parts behind 1 at #1 offset 9: It threw away the last 2 bytes of chunk #1, from offset \
         9 on: they came behind the first message in it. In fact no message is complete here.",
    );
    let cleared = Opponent::BufferCleared;
    check("length-prefix", FRAMES, &[3, 6, 6], cleared, "agrees in 2");
    check(
        "length-prefix",
        FRAMES,
        &[6, 9],
        cleared,
        "parts behind 1 at #2 offset 9: It took the first message of its buffer and cleared the \
         buffer: 6 bytes of chunk #2, from offset 9 on, are lost. In fact a message of 6 bytes, \
         with what marks it off, is from offset 9 to 15.",
    );
    let one = Opponent::OnePerRecv;
    check("length-prefix", FRAMES, &[11, 4], one, "agrees in 2");
    check(
        "length-prefix",
        FRAMES,
        &[15],
        one,
        "parts behind 1 at #1 offset 15: It took no second message for chunk #1: 6 bytes stay \
         in its buffer until recv() returns again. In fact a message of 6 bytes, with what marks \
         it off, is from offset 9 to 15.",
    );
}

#[test]
fn a_delimiter_in_one_recv_only() {
    let at_end = Opponent::DelimiterAtEnd;
    check("delimiter", LINES, &[3, 3, 3], at_end, "agrees in 2");
    check(
        "delimiter",
        LINES,
        &[9],
        at_end,
        "parts behind 0 at #1 offset 6: It took all up to the delimiter at the end of chunk #1, \
         9 bytes, for one message. In fact a message of 6 bytes, with what marks it off, is from \
         offset 0 to 6.",
    );
    check(
        "delimiter",
        LINES,
        &[7, 2],
        at_end,
        "parts behind 0 at #1 offset 6: No delimiter is at the end of chunk #1: it \
         looked nowhere else and went on reading. In fact a message of 6 bytes, with what marks it off, \
         is from offset 0 to 6.",
    );
    // A delimiter that comes in two pieces is at the end of neither.
    let windows = r"delimiter,delimiter=\r\n";
    check(
        windows,
        b"hello\r\n",
        &[6, 1],
        at_end,
        "parts behind 0 at #2 offset 7: No delimiter is at the end of chunk #2: it \
         looked nowhere else and went on reading. In fact a message of 7 bytes, with what marks it off, \
         is from offset 0 to 7.",
    );
    let each = Opponent::SplitEachRecv;
    check("delimiter", LINES, &[9], each, "agrees in 2");
    check(
        "delimiter",
        LINES,
        &[7, 2],
        each,
        "parts behind 1 at #1 offset 7: It took the last 1 byte of chunk #1 for a message: no \
         delimiter stands behind it yet. In fact no message is complete here.",
    );
}

#[test]
fn psh_ends_a_message() {
    let check = |pushes: &[usize], expected: &str| {
        let mut stream = Stream::new(LINES, vec![5]);
        stream.pushes = Some(pushes.to_vec());
        let duel = duel(&stream, &parse("delimiter").unwrap(), Opponent::Psh);
        let at = duel
            .parting
            .map(|parting| (parting.chunk.number, parting.at));
        assert_eq!(format!("{} {at:?}", duel.agreed), expected);
    };
    check(&[6, 9], "2 None");
    check(&[3, 6, 9], "0 Some((1, 3))");
    check(&[9], "0 Some((2, 6))");
}

#[test]
fn two_frames_split_at_every_position() {
    let boundary = 9;
    for at in 1..FRAMES.len() {
        let agrees = |opponent| {
            let text = told("length-prefix", FRAMES, &[at, FRAMES.len()], opponent);
            text.starts_with("agrees in 2")
        };
        let is_in_a_header = (1..4).contains(&at) || (boundary + 1..boundary + 4).contains(&at);
        assert_eq!(agrees(Opponent::OneRecv), at == boundary, "{at}");
        assert_eq!(agrees(Opponent::HeaderWhole), !is_in_a_header, "{at}");
        assert_eq!(agrees(Opponent::RestDropped), at <= boundary, "{at}");
        assert_eq!(agrees(Opponent::BufferCleared), at == boundary, "{at}");
        assert_eq!(agrees(Opponent::OnePerRecv), at >= boundary, "{at}");
        assert!(agrees(Opponent::Characters), "{at}");
        assert!(agrees(Opponent::AllocateFirst), "{at}");
        assert!(agrees(Opponent::WaitAll), "{at}");
        assert!(!agrees(Opponent::OtherEndian), "{at}");
        assert!(!agrees(Opponent::HeaderCount), "{at}");
    }
    for at in 1..LINES.len() {
        let agrees = |opponent| {
            let text = told("delimiter", LINES, &[at, LINES.len()], opponent);
            text.starts_with("agrees in 2")
        };
        for opponent in [
            Opponent::OneRecv,
            Opponent::DelimiterAtEnd,
            Opponent::SplitEachRecv,
            Opponent::BufferCleared,
        ] {
            assert_eq!(agrees(opponent), at == 6, "{opponent} {at}");
        }
        assert_eq!(agrees(Opponent::OnePerRecv), at >= 6, "{at}");
    }
}

#[test]
fn a_longer_delimiter_is_waited_for_without_parting() {
    // With \r alone it is not known yet whether \n follows: no difference is made of that.
    let framing = r"delimiter,delimiter=\r,delimiter=\r\n";
    for opponent in [Opponent::OneRecv, Opponent::DelimiterAtEnd] {
        check(framing, b"a\rb\r\n", &[2, 3], opponent, "agrees in 2");
    }
    let text = told(framing, b"a\r\nb\r", &[2, 3], Opponent::OneRecv);
    assert!(
        text.starts_with("parts behind 0 at #2 offset 2: It took all of chunk #1, 2"),
        "{text}"
    );
}

#[test]
fn both_may_refuse() {
    let framing = parse("length-prefix").unwrap();
    let stream = Stream::new(b"\x02\0\0\0ok\xff\xff\xff\x7f", vec![6, 4]);
    let duel = duel(&stream, &framing, Opponent::HeaderWhole);
    assert_eq!((duel.agreed, duel.parting), (1, None));
    assert!(duel.refused.is_some());
}

#[test]
fn opponents_fit_where_their_mistake_can_be_made() {
    let names = |framing: &str| {
        let all = Opponent::fitting(&parse(framing).unwrap()).into_iter();
        all.map(Opponent::name).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names("none"), "");
    assert_eq!(names("ready-ack"), "one-recv silence psh");
    assert_eq!(
        names("delimiter"),
        "one-recv buffer-cleared one-per-recv delimiter-at-end split-each-recv silence psh"
    );
    assert_eq!(
        names("length-prefix"),
        "one-recv header-whole rest-dropped buffer-cleared one-per-recv characters utf16-units \
         other-endian header-count allocate-first wait-all silence psh"
    );
    // One byte has no order, and comes whole.
    assert_eq!(
        names("length-prefix,width=1"),
        "one-recv rest-dropped buffer-cleared one-per-recv characters utf16-units header-count \
         allocate-first wait-all silence psh"
    );
    assert_eq!(
        names("fixed-size"),
        "one-recv rest-dropped buffer-cleared one-per-recv silence psh"
    );
}

#[test]
fn names_and_chunks_are_read_or_refused() {
    for opponent in Opponent::ALL {
        assert_eq!(opponent.name().parse(), Ok(opponent));
        let written = serde_json::to_value(opponent).unwrap();
        assert_eq!(written, opponent.name());
    }
    let error = "one_recv".parse::<Opponent>().unwrap_err().to_string();
    assert!(
        error.contains("\"one_recv\": there are one-recv, header-whole"),
        "{error}"
    );
    for (text, expected) in [
        ("recorded", Some(Cuts::Recorded)),
        ("whole", Some(Cuts::Whole)),
        ("4", Some(Cuts::Sizes(vec![4]))),
        ("1,4,3", Some(Cuts::Sizes(vec![1, 4, 3]))),
        ("", None),
        ("0", None),
        ("1,0", None),
        ("1,,2", None),
        ("-1", None),
        ("99999999999999999999999", None),
        ("four", None),
    ] {
        let read = text.parse::<Cuts>().ok();
        assert_eq!(read, expected, "{text}");
        if let Some(cuts) = read {
            assert_eq!(cuts.to_string(), text);
        }
    }
    let many = "1,".repeat(2_000) + "1";
    assert!(many.parse::<Cuts>().unwrap_err().to_string().len() < 200);
}
