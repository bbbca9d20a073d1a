//! What a reader is to get of the messages that a sender means to send.

use protocol::framing::Decode as _;
use protocol::{Decoder, Framing};

/// What a framing gives back of a message: the message, and what of its frame is kept, such as
/// the delimiter of `keep=true` or the header of `strip=0`. The message itself where it cannot
/// be framed.
pub(super) fn given_back(framing: &Framing, message: Vec<u8>) -> Vec<u8> {
    let Ok(whole) = framing.whole(&message) else {
        return message;
    };
    let mut decoder = Decoder::new(framing);
    decoder.handle_chunk(&whole);
    match (decoder.poll_frame(), decoder.poll_frame()) {
        (Ok(Some(frame)), Ok(None)) if !decoder.is_mid_frame() => frame.body.to_vec(),
        _ => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_a_frame_is_given_back_with_it() {
        for (framing, message, expected) in [
            ("delimiter", "hi", "hi"),
            ("delimiter,keep=true", "hi", "hi\n"),
            // Two messages, or more than may be: nothing is known of them.
            ("delimiter,keep=true", "h\ni", "h\ni"),
            ("length-prefix,maximum=1", "hi", "hi"),
            ("length-prefix,width=2,endian=big", "hi", "hi"),
            (
                "length-prefix,width=2,endian=big,strip=0",
                "hi",
                "\0\u{2}hi",
            ),
            ("length-prefix,width=1,offset=1,strip=1", "hi", "\u{2}hi"),
            ("fixed-size,size=2", "hi", "hi"),
            ("ready-ack", "hi", "hi"),
            ("cobs", "hi", "hi"),
            ("json", "[1]", "[1]"),
        ] {
            let parsed = crate::framing::parse(framing).unwrap();
            let given = given_back(&parsed, message.into());
            assert_eq!(given, expected.as_bytes(), "{framing}");
        }
    }
}
