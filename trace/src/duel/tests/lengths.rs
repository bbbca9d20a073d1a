//! Decoders that read a length wrong, or believe it.

use protocol::framing::{Endian, LengthPrefix, Width};

use super::{FRAMES, check};
use crate::duel::Opponent;

#[test]
fn characters_for_bytes() {
    let bytes = "\x09\0\0\0粘包!ok\x02\0\0\0ok".as_bytes();
    check(
        "length-prefix",
        bytes,
        &[bytes.len()],
        Opponent::Characters,
        "parts behind 0 at #1 offset 13: It took `09 00 00 00` for a length of 9 characters, and \
         that many are 13 bytes here. In fact a message of 13 bytes, with what marks it off, is \
         from offset 0 to 13.",
    );
    check(
        "length-prefix",
        FRAMES,
        &[1],
        Opponent::Characters,
        "agrees in 2",
    );
    check(
        "length-prefix",
        FRAMES,
        &[4],
        Opponent::Utf16Units,
        "agrees in 2",
    );
}

#[test]
fn characters_beyond_the_basic_plane_are_two_units_of_utf16() {
    // One character of four bytes, behind which the stream has three more.
    let bytes = "\x04\0\0\0😀abc".as_bytes();
    check(
        "length-prefix",
        bytes,
        &[bytes.len()],
        Opponent::Characters,
        "parts behind 0 at #1 offset 8: It took `04 00 00 00` for a length of 4 characters, and \
         that many are 7 bytes here. In fact a message of 8 bytes, with what marks it off, is \
         from offset 0 to 8.",
    );
    check(
        "length-prefix",
        bytes,
        &[bytes.len()],
        Opponent::Utf16Units,
        "parts behind 0 at #1 offset 8: It took `04 00 00 00` for a length of 4 characters, and \
         that many are 6 bytes here. In fact a message of 8 bytes, with what marks it off, is \
         from offset 0 to 8.",
    );
    // What is no UTF-8 is a character a byte, and one that is cut by a chunk is one.
    check(
        "length-prefix",
        b"\x02\0\0\0\xff\xfe",
        &[1],
        Opponent::Characters,
        "agrees in 1",
    );
    check(
        "length-prefix,width=varint",
        "\x02é".as_bytes(),
        &[2, 1],
        Opponent::Characters,
        "parts behind 0 at #2 offset 3: It took `02` for a length of 2 characters, has 1 of them \
         and waits for the others. In fact a message of 3 bytes, with what marks it off, is from \
         offset 0 to 3.",
    );
}

#[test]
fn a_setting_of_the_length_is_wrong() {
    check(
        "length-prefix",
        FRAMES,
        &[15],
        Opponent::OtherEndian,
        "parts behind 0 at #1 offset 9: It took `05 00 00 00` for a length of 83,886,080. A \
         length of 83,886,080 at offset 0: more than the 1,048,576 bytes allowed. In fact a \
         message of 9 bytes, with what marks it off, is from offset 0 to 9.",
    );
    // The same from both ends.
    let same = b"\x01\x01".iter().chain(&[b'x'; 257]).copied();
    let same: Vec<u8> = same.collect();
    let two = "length-prefix,width=2,signed=false";
    check(two, &same, &[7], Opponent::OtherEndian, "agrees in 1");
    check(
        "length-prefix",
        FRAMES,
        &[15],
        Opponent::HeaderCount,
        "parts behind 0 at #1 offset 5: It took `05 00 00 00` for a length of 5 that counts its \
         4-byte header. In fact a message of 9 bytes, with what marks it off, is from offset 0 \
         to 9.",
    );
    check(
        "length-prefix,counts-header=true",
        b"\x05\0\0\0h\x05\0\0\0x",
        &[10],
        Opponent::HeaderCount,
        "parts behind 0 at #1 offset 5: It took `05 00 00 00` for a length of 5 behind its \
         4-byte header. In fact a message of 5 bytes, with what marks it off, is from offset 0 \
         to 5.",
    );
    // Only as long as no message is complete does it make no difference.
    check(
        "length-prefix",
        b"\x05\0\0",
        &[3],
        Opponent::HeaderCount,
        "agrees in 0",
    );
}

#[test]
fn any_length_is_believed() {
    let huge = b"\x02\0\0\0ok\xff\xff\xff\x7f";
    check(
        "length-prefix",
        b"\x02\0\0\0ok",
        &[1],
        Opponent::AllocateFirst,
        "agrees in 1",
    );
    check(
        "length-prefix",
        huge,
        &[8, 2],
        Opponent::AllocateFirst,
        "parts behind 1 at #2 offset 6: It took `ff ff ff 7f` for a length of 2,147,483,647 and \
         allocates 2,147,483,647 bytes before any of them has come. In fact the stream has to be \
         refused here. A length of 2,147,483,647 at offset 6: more than the 1,048,576 bytes \
         allowed.",
    );
    check(
        "length-prefix",
        b"\xff\xff\xff\xff",
        &[4],
        Opponent::WaitAll,
        "parts behind 0 at #1 offset 0: It took `ff ff ff ff` for a length of -1 and waits until \
         18,446,744,073,709,551,615 bytes have come. In fact the stream has to be refused here. A \
         length of -1 at offset 0: negative.",
    );
    // What the end cuts off.
    check(
        "length-prefix",
        b"\x05\0\0\0hel",
        &[4],
        Opponent::WaitAll,
        "parts behind 0 at #2 offset 7: When the stream ended, its recv() with MSG_WAITALL \
         returned 3 of 5 bytes, and it took them for the whole message. In fact no message is \
         complete here.",
    );
    check(
        "length-prefix",
        b"\x05\0\0\0hel",
        &[4],
        Opponent::AllocateFirst,
        "agrees in 0",
    );
    check(
        "chunked",
        b"FFFFFFFF\r\n",
        &[10],
        Opponent::AllocateFirst,
        "parts behind 0 at #1 offset 0: It took `46 46 46 46 46 46 46 46` for a length of 4,294,967,295 and allocates 4,294,967,295 bytes before any of them has come. In fact the \
         stream has to be refused here. A length of 4,294,967,295 at offset 0: more than the 1,048,576 bytes allowed.",
    );
}

#[test]
fn a_short_field_is_a_number_of_its_own_width() {
    let prefix = LengthPrefix {
        width: Width::Bytes(4),
        endian: Endian::Big,
        ..LengthPrefix::default()
    };
    for (field, expected) in [
        (&b""[..], 0),
        (b"\x01", 1),
        (b"\xff", -1),
        (b"\x01\x00", 256),
        (b"\x80\0\0\0", -2_147_483_648),
    ] {
        assert_eq!(prefix.number(field), expected, "{field:?}");
    }
}
