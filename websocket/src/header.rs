//! A frame's header, and the mask.

use super::Violation;

/// Longest header of a client's frame, in bytes: 2, the length's 8, the key's 4.
pub const MAX_HEADER: usize = 14;
/// Most bytes of payload a control frame may have.
const MAX_CONTROL: u64 = 125;

/// What a frame is (RFC 6455, section 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    /// The next part of a message.
    Continuation,
    /// Begins a message of UTF-8.
    Text,
    /// Begins a message of bytes.
    Binary,
    /// The last frame of its sender.
    Close,
    /// Asks for a pong with the same payload.
    Ping,
    /// Answers a ping.
    Pong,
}

/// Whether a frame whose first byte is `first` carries a part of a message.
pub fn carries_data(first: u8) -> bool {
    Opcode::of(first & 0x0f).is_ok_and(|opcode| !opcode.is_control())
}

impl Opcode {
    const fn number(self) -> u8 {
        match self {
            Self::Continuation => 0,
            Self::Text => 1,
            Self::Binary => 2,
            Self::Close => 8,
            Self::Ping => 9,
            Self::Pong => 10,
        }
    }

    const fn of(number: u8) -> Result<Self, Violation> {
        Ok(match number {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => return Err(Violation::Opcode(number)),
        })
    }

    /// Whether it stands beside messages instead of carrying them.
    pub const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// What stands before a client's payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ClientHeader {
    pub(super) last: bool,
    pub(super) opcode: Opcode,
    /// Bytes of payload.
    pub(super) length: u64,
    pub(super) key: [u8; 4],
    /// Bytes of the header itself.
    pub(super) size: usize,
}

impl ClientHeader {
    /// The header at the beginning of `bytes`; none if it is not complete.
    /// Whatever can be refused is refused at the first byte that shows it.
    pub(super) fn decode(bytes: &[u8]) -> Result<Option<Self>, Violation> {
        let Some((&first, rest)) = bytes.split_first() else {
            return Ok(None);
        };
        if first & 0x70 != 0 {
            return Err(Violation::Reserved);
        }
        let last = first & 0x80 != 0;
        let opcode = Opcode::of(first & 0x0f)?;
        if opcode.is_control() && !last {
            return Err(Violation::Control);
        }
        let Some((&second, rest)) = rest.split_first() else {
            return Ok(None);
        };
        if second & 0x80 == 0 {
            return Err(Violation::Unmasked);
        }
        let Some((length, rest)) = length(second & 0x7f, rest)? else {
            return Ok(None);
        };
        if opcode.is_control() && length > MAX_CONTROL {
            return Err(Violation::Control);
        }
        let Some((&key, rest)) = rest.split_first_chunk() else {
            return Ok(None);
        };
        Ok(Some(Self {
            last,
            opcode,
            length,
            key,
            size: bytes.len() - rest.len(),
        }))
    }
}

/// The length that begins with these 7 bits, and what stands behind it.
fn length(short: u8, rest: &[u8]) -> Result<Option<(u64, &[u8])>, Violation> {
    let (length, least, rest) = match short {
        126 => match rest.split_first_chunk() {
            Some((bytes, rest)) => (u64::from(u16::from_be_bytes(*bytes)), 126, rest),
            None => return Ok(None),
        },
        127 => match rest.split_first_chunk() {
            Some((bytes, rest)) => (u64::from_be_bytes(*bytes), 1 << 16, rest),
            None => return Ok(None),
        },
        _ => (u64::from(short), 0, rest),
    };
    if length < least || length >> 63 != 0 {
        return Err(Violation::Length);
    }
    Ok(Some((length, rest)))
}

/// What stands before a server's payload: a whole message, without a mask.
#[derive(Clone, Copy, Debug)]
pub struct Header {
    bytes: [u8; Self::MAX],
    size: usize,
}

impl Header {
    /// Longest header of a server's frame, in bytes.
    pub const MAX: usize = 10;

    /// The header of a frame with `length` bytes of payload.
    pub fn new(opcode: Opcode, length: usize) -> Self {
        let mut bytes = [0; Self::MAX];
        bytes[0] = 0x80 | opcode.number();
        let size = match (u8::try_from(length), u16::try_from(length)) {
            (Ok(short @ 0..126), _) => {
                bytes[1] = short;
                2
            }
            (_, Ok(length)) => {
                bytes[1] = 126;
                bytes[2..4].copy_from_slice(&length.to_be_bytes());
                4
            }
            _ => {
                bytes[1] = 127;
                bytes[2..].copy_from_slice(&(length as u64).to_be_bytes());
                10
            }
        };
        Self { bytes, size }
    }
}

impl AsRef<[u8]> for Header {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.size]
    }
}

/// Applies a mask, or takes it off again (RFC 6455, section 5.3). Returns the
/// key as it has to be for the byte behind `bytes`.
pub fn unmask(mut key: [u8; 4], bytes: &mut [u8]) -> [u8; 4] {
    // Wide enough for any machine's vectors: the compiler makes one of them.
    let mut wide = [0; 64];
    for (byte, key) in wide.iter_mut().zip(key.iter().cycle()) {
        *byte = *key;
    }
    let (chunks, rest) = bytes.as_chunks_mut::<64>();
    for chunk in chunks {
        for (byte, key) in chunk.iter_mut().zip(&wide) {
            *byte ^= key;
        }
    }
    for (byte, key) in rest.iter_mut().zip(&wide) {
        *byte ^= key;
    }
    key.rotate_left(rest.len() % 4);
    key
}
