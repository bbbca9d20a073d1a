//! Damage behind which both decoders go on.

use super::*;

/// What is told of a stream that goes on behind a line that is too large.
const DAMAGED: &[u8] = b"ok\ntoo long\nfine\n";

#[test]
fn behind_damage_both_go_on() {
    let framing = "delimiter,maximum=4,resynchronise=true";
    check(
        framing,
        DAMAGED,
        &[3, 9, 5],
        Opponent::OnePerRecv,
        "agrees in 2",
    );
    check(
        framing,
        DAMAGED,
        &[3, 9, 5],
        Opponent::BufferCleared,
        "agrees in 2",
    );
    check(
        framing,
        DAMAGED,
        &[3, 9, 5],
        Opponent::SplitEachRecv,
        "agrees in 2",
    );
    check(
        framing,
        DAMAGED,
        &[3, 5, 4, 5],
        Opponent::DelimiterAtEnd,
        "agrees in 2",
    );
    check(
        framing,
        DAMAGED,
        &[3, 9, 5],
        Opponent::OneRecv,
        "parts behind 1 at #2 offset 12: It took all of chunk #2, 9 bytes, for one message. In \
         fact a frame has to be refused here, and decoding goes on behind it. A length of 8 at \
         offset 3: more than the 4 bytes allowed.",
    );
    check(
        framing,
        DAMAGED,
        &[3, 14],
        Opponent::OnePerRecv,
        "agrees in 2",
    );
    check(
        framing,
        DAMAGED,
        &[12, 5],
        Opponent::BufferCleared,
        "parts behind 1 at #1 offset 3: It took the first message of its buffer and cleared the \
         buffer: 9 bytes of chunk #1, from offset 3 on, are lost. In fact a frame has to be \
         refused here, and decoding goes on behind it. A length of 8 at offset 3: more than the 4 \
         bytes allowed.",
    );
}

#[test]
fn a_length_is_believed_where_the_right_decoder_goes_on() {
    let framing = "length-prefix,width=1,magic=a,offset=1,maximum=20,resynchronise=true";
    let stream = b"a\x02ok?a\x7fa\x02on";
    check(
        framing,
        stream,
        &[4, 8],
        Opponent::WaitAll,
        "parts behind 1 at #2 offset 11: It took `7f` for a length of 127 and waits until 127 \
         bytes have come. In fact a message of 4 bytes, with what marks it off, is from offset 7 \
         to 11.",
    );
    check(
        framing,
        stream,
        &[4, 8],
        Opponent::OnePerRecv,
        "agrees in 2",
    );
}

#[test]
fn who_counts_characters_finds_no_magic() {
    let framing = |resynchronise| {
        let text = format!("length-prefix,width=1,magic=a,offset=1,resynchronise={resynchronise}");
        parse(&text).unwrap()
    };
    for opponent in Opponent::ALL {
        let counts = matches!(opponent, Opponent::Characters | Opponent::Utf16Units);
        let is_kept = opponent.fits(&framing(true)) == opponent.fits(&framing(false));
        assert_eq!(is_kept, !counts, "{opponent}");
    }
}
