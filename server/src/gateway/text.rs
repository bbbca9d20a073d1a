//! How what a bridge's server sends goes to the WebSocket: as binary messages,
//! or as text where it is UTF-8.
//!
//! A recv may end within a character. The beginning of that, at most three
//! bytes, is held back until the next recv has its end. A recv that has bytes
//! in it which are not UTF-8 is a binary message as a whole. What is still held
//! back when the stream ends, or when nothing has come for a tick of the
//! keep-alive, is one, too. A datagram is a message by itself: nothing is held
//! back of it.

use ::websocket::{Opcode, cut_text};

/// The beginning of a character: at most three of the four bytes it may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    bytes: [u8; 3],
    length: usize,
}

impl std::ops::Deref for Held {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// What the messages to a WebSocket are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Binary, whatever is in them.
    Binary,
    /// Text where it is UTF-8; what is held back of the last recv.
    Text(Held),
}

impl Encoding {
    /// What stands before the bytes of the next recv.
    pub(super) fn held(&self) -> Held {
        match self {
            Self::Binary => Held::default(),
            Self::Text(held) => *held,
        }
    }

    /// What was held back and will have no end.
    pub(super) fn release(&mut self) -> Held {
        match self {
            Self::Binary => Held::default(),
            Self::Text(held) => std::mem::take(held),
        }
    }

    /// What `received` is sent as, what was held back before it included, and
    /// how many bytes of it; the others are held back. None: all of them are.
    pub(super) fn handle(&mut self, received: &[u8], is_stream: bool) -> Option<(Opcode, usize)> {
        let Self::Text(held) = self else {
            return Some((Opcode::Binary, received.len()));
        };
        let text = cut_text(received).filter(|length| is_stream || *length == received.len());
        let length = text.unwrap_or(received.len());
        let rest = &received[length..];
        *held = Held::default();
        held.bytes[..rest.len()].copy_from_slice(rest);
        held.length = rest.len();
        let opcode = text.map_or(Opcode::Binary, |_| Opcode::Text);
        (length > 0 || rest.is_empty()).then_some((opcode, length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Receives `recvs` one after the other; the messages that come of them,
    /// with what is released at the end.
    fn messages(recvs: &[&[u8]], is_stream: bool) -> Vec<(Opcode, Vec<u8>)> {
        let mut encoding = Encoding::Text(Held::default());
        let mut messages = Vec::new();
        for recv in recvs {
            let received = [&encoding.held(), *recv].concat();
            if let Some((opcode, length)) = encoding.handle(&received, is_stream) {
                messages.push((opcode, received[..length].to_vec()));
            }
        }
        let released = encoding.release();
        if !released.is_empty() {
            messages.push((Opcode::Binary, released.to_vec()));
        }
        assert_eq!(encoding, Encoding::Text(Held::default()));
        messages
    }

    fn check(recvs: &[&[u8]], expected: &[(Opcode, &[u8])]) {
        let expected: Vec<_> = (expected.iter())
            .map(|(opcode, bytes)| (*opcode, bytes.to_vec()))
            .collect();
        assert_eq!(messages(recvs, true), expected, "{recvs:?}");
    }

    const TEXT: Opcode = Opcode::Text;
    const BINARY: Opcode = Opcode::Binary;

    #[test]
    fn text_split_at_every_byte_is_text() {
        let text = "aß粘🦀z".as_bytes();
        for first in 0..=text.len() {
            for second in first..=text.len() {
                let recvs = [&text[..first], &text[first..second], &text[second..]];
                let recvs: Vec<_> = recvs.into_iter().filter(|recv| !recv.is_empty()).collect();
                let messages = messages(&recvs, true);
                for (opcode, bytes) in &messages {
                    assert_eq!(*opcode, TEXT, "{first} {second}");
                    assert!(str::from_utf8(bytes).is_ok());
                }
                let joined: Vec<_> = messages.into_iter().flat_map(|(_, bytes)| bytes).collect();
                assert_eq!(joined, text);
            }
        }
    }

    #[test]
    fn what_is_not_utf8_is_binary_and_text_begins_again_behind_it() {
        check(&[b"a\xff"], &[(BINARY, b"a\xff")]);
        check(
            &[b"\xff\xe7\xb2", b"\x98", b"a"],
            &[(BINARY, b"\xff\xe7\xb2"), (BINARY, b"\x98"), (TEXT, b"a")],
        );
        check(&[b"\xe7\xb2", b"a"], &[(BINARY, b"\xe7\xb2a")]);
        // A surrogate, which UTF-8 does not have (RFC 3629, section 3).
        check(&[b"\xed", b"\xa0\x80"], &[(BINARY, b"\xed\xa0\x80")]);
        check(
            &[b"a\xf0\x9f\xa6"],
            &[(TEXT, b"a"), (BINARY, b"\xf0\x9f\xa6")],
        );
        check(&[b"\xf0", b"\x9f", b"\xa6"], &[(BINARY, b"\xf0\x9f\xa6")]);
    }

    #[test]
    fn a_datagram_is_one_message() {
        let datagrams: [&[u8]; 4] = [b"", "粘".as_bytes(), b"\xe7\xb2", b"\x98"];
        let expected = [
            (TEXT, b"".to_vec()),
            (TEXT, "粘".into()),
            (BINARY, b"\xe7\xb2".to_vec()),
            (BINARY, b"\x98".to_vec()),
        ];
        assert_eq!(messages(&datagrams, false), expected);
    }

    #[test]
    fn binary_holds_nothing_back() {
        let mut encoding = Encoding::Binary;
        assert_eq!(encoding.handle(b"a\xe7", true), Some((BINARY, 2)));
        assert!(encoding.held().is_empty() && encoding.release().is_empty());
    }
}
