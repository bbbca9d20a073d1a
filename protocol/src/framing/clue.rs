//! What the bytes of a length that cannot be right may really be.

use std::fmt;

use super::{Endian, FrameError, Framing, LengthPrefix, Width};

/// What a length field's bytes look like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clue {
    /// The beginning of an HTTP request or response (RFC 9112): this text.
    Http(String),
    /// The beginning of a TLS record (RFC 8446, 5.1).
    Tls,
    /// The beginning of an SSH identification (RFC 4253, 4.2).
    Ssh,
    /// Text: a sender without a length in front, or a reader that has lost its place.
    Text(String),
    /// A length that is allowed, if it is read in the other byte order.
    OtherEndian {
        /// That order.
        endian: Endian,
        /// The length then.
        length: u64,
    },
}

/// What requests and responses begin with: methods (RFC 9110, 9.1; RFC 5789) and versions.
const HTTP: [&str; 11] = [
    "GET ", "HEAD ", "POST ", "PUT ", "DELETE ", "CONNECT ", "OPTIONS ", "TRACE ", "PATCH ",
    "HTTP/", "PRI * ",
];
/// Bytes that are looked at.
const MOST: usize = 8;

impl Clue {
    /// What the bytes at which a decoder of `framing` refused a length look like; `bytes`
    /// are those from its field on, as many as are known.
    pub fn of(framing: &Framing, bytes: &[u8]) -> Option<Self> {
        let bytes = &bytes[..bytes.len().min(MOST)];
        let whole = characters(bytes);
        let text = || whole.unwrap_or_default().trim_end().to_owned();
        let begins = |word: &str| {
            let length = word.len().min(bytes.len());
            length >= 3 && word.as_bytes().starts_with(&bytes[..length])
        };
        if HTTP.into_iter().any(begins) {
            return Some(Self::Http(text()));
        }
        if let [0x14..=0x17, 3, 0..=4, ..] = bytes {
            return Some(Self::Tls);
        }
        if begins("SSH-") {
            return Some(Self::Ssh);
        }
        if let Framing::LengthPrefix(prefix) = framing
            && let Some(swapped) = swapped(prefix, bytes)
        {
            return Some(swapped);
        }
        // What stands behind the field may be a length again.
        let field = match framing {
            Framing::LengthPrefix(prefix) => match prefix.width {
                Width::Bytes(width) => bytes.get(..usize::from(width)),
                Width::Varint | Width::Decimal => None,
            },
            _ => None,
        };
        let mut tried = [Some(bytes), field].into_iter().flatten();
        let found = tried.find_map(text_of);
        found.map(|text| Self::Text(text.trim_end().to_owned()))
    }

    /// The same of a refusal whose bytes are not at hand, but for what it says of them.
    pub fn of_error(framing: &Framing, error: &FrameError) -> Option<Self> {
        let (FrameError::TooLarge { length, .. } | FrameError::Negative { length, .. }) = error
        else {
            return None;
        };
        let Framing::LengthPrefix(prefix) = framing else {
            return None;
        };
        let Width::Bytes(width @ 2..=8) = prefix.width else {
            return None;
        };
        let field = length.to_be_bytes();
        let mut field = field[field.len() - usize::from(width)..].to_vec();
        if prefix.endian == Endian::Little {
            field.reverse();
        }
        Self::of(framing, &field)
    }
}

/// The characters that all of the bytes are; the last one may be cut off.
fn characters(bytes: &[u8]) -> Option<&str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).ok()
        }
        Err(_) => None,
    }
}

/// Whether characters are likely to be a text: three bytes or more, on one line or on several.
fn is_text(text: &str) -> bool {
    let is_odd = |c: char| c.is_control() && !matches!(c, '\r' | '\n' | '\t');
    text.trim().len() >= 3 && !text.chars().any(is_odd)
}

/// The text that bytes are. A reader that has lost its place may stand inside its first
/// character (RFC 3629, 3).
fn text_of(bytes: &[u8]) -> Option<&str> {
    if let Some(text) = characters(bytes).filter(|text| is_text(text)) {
        return Some(text);
    }
    let rest = bytes.iter().position(|byte| byte & 0xc0 != 0x80)?;
    let rest = (1..=3).contains(&rest).then(|| &bytes[rest..])?;
    characters(rest).filter(|text| is_text(text) && !text.is_ascii())
}

/// The length in the other byte order, if that is allowed and says something.
fn swapped(prefix: &LengthPrefix, bytes: &[u8]) -> Option<Clue> {
    let Width::Bytes(width @ 2..=8) = prefix.width else {
        return None;
    };
    let field = bytes.get(..usize::from(width))?.iter();
    let fold = |length: u64, byte: &u8| length << 8 | u64::from(*byte);
    let (endian, length) = match prefix.endian {
        Endian::Little => (Endian::Big, field.fold(0, fold)),
        Endian::Big => (Endian::Little, field.rev().fold(0, fold)),
    };
    let is_allowed = (1..=u64::from(prefix.maximum)).contains(&length);
    is_allowed.then_some(Clue::OtherEndian { endian, length })
}

impl fmt::Display for Clue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(text) => write!(f, "the text {text:?}: HTTP"),
            Self::Tls => f.write_str("the beginning of a TLS record"),
            Self::Ssh => f.write_str("the text \"SSH-\": SSH"),
            Self::Text(text) => write!(f, "the text {text:?}"),
            Self::OtherEndian { endian, length } => {
                let order = match endian {
                    Endian::Little => "little",
                    Endian::Big => "big",
                };
                write!(f, "{length} if read {order}-endian")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framing::{Decode as _, Decoder};

    fn check(width: u8, endian: Endian, bytes: &[u8], expected: Option<&str>) {
        let framing = Framing::LengthPrefix(LengthPrefix {
            width: Width::Bytes(width),
            endian,
            ..LengthPrefix::default()
        });
        let clue = Clue::of(&framing, bytes).map(|clue| clue.to_string());
        assert_eq!(clue.as_deref(), expected, "{bytes:02x?}");
    }

    #[test]
    fn what_a_length_may_really_be() {
        let little = Endian::Little;
        check(
            4,
            little,
            b"GET / HTTP/1.1\r\n",
            Some("the text \"GET / HT\": HTTP"),
        );
        check(4, little, b"HTTP", Some("the text \"HTTP\": HTTP"));
        check(
            4,
            little,
            b"\x16\x03\x01\x02\0\x01",
            Some("the beginning of a TLS record"),
        );
        check(4, little, b"SSH-2.0-", Some("the text \"SSH-\": SSH"));
        check(4, little, b"\0\0\0\x05hell", Some("5 if read big-endian"));
        check(
            4,
            Endian::Big,
            b"\x05\0\0\0hell",
            Some("5 if read little-endian"),
        );
        check(4, little, "粘包了".as_bytes(), Some("the text \"粘包\""));
        check(4, little, "hello 粘".as_bytes(), Some("the text \"hello\""));
        check(4, little, b"hell", Some("the text \"hell\""));
        check(4, little, b"hi\nthere", Some("the text \"hi\\nthere\""));
        check(4, little, b"PING\r\n", Some("the text \"PING\""));
        // Inside a character: 粘 is e7 b2 98.
        check(4, little, b"\x98\xe5\x8c\x85!", Some("the text \"包!\""));
        // As of a length that counted characters: the next length stands behind the field.
        check(
            4,
            little,
            b"\x98\xe5\x8c\x85\x03\0\0\0bye",
            Some("the text \"包\""),
        );
        check(4, little, b"hell\x05\0\0\0", Some("the text \"hell\""));
        check(4, little, b"\x98\x85abcd", None);
        check(4, little, b"\n\n\n\n", None);
        check(4, little, b"\x01abc", None);
        check(4, little, b"\xff\xff\xff\xff", None);
        check(4, little, b"he", None);
    }

    #[test]
    fn a_refusal_tells_the_bytes_of_its_length() {
        let framing = Framing::LengthPrefix(LengthPrefix::default());
        for (bytes, expected) in [
            (b"GET ", "the text \"GET\": HTTP"),
            (b"\0\0\0\x05", "5 if read big-endian"),
        ] {
            let mut decoder = Decoder::new(&framing);
            decoder.handle_chunk(bytes);
            let error = decoder.poll_frame().unwrap_err();
            let clue = Clue::of_error(&framing, &error).map(|clue| clue.to_string());
            assert_eq!(clue.as_deref(), Some(expected));
        }
    }
}
