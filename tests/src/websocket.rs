//! A WebSocket client of a few lines (RFC 6455), so that every byte of a frame
//! is the test's own.

use std::io::{self, Read, Write};

/// What carries a frame's meaning (RFC 6455, section 5.2).
pub mod opcode {
    /// The next part of a message.
    pub const CONTINUATION: u8 = 0x0;
    /// UTF-8.
    pub const TEXT: u8 = 0x1;
    /// Bytes.
    pub const BINARY: u8 = 0x2;
    /// The end, with a code.
    pub const CLOSE: u8 = 0x8;
    /// Asks for a pong.
    pub const PING: u8 = 0x9;
    /// Answers a ping.
    pub const PONG: u8 = 0xa;
}

/// The bit of a message's last frame.
pub const LAST: u8 = 0x80;
/// The bit that says that a mask is there; clients must have one.
const MASKED: u8 = 0x80;
/// Instead of a length below it: the next two bytes, or the next eight, are it.
const MEDIUM: u8 = 0x7e;
const LONG: u8 = 0x7f;
/// A key of its own is for proxies, which aren't here.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// A head that is longer is none.
const MOST_HEAD: usize = 16 * 1024;

/// The request that asks for a WebSocket at `path`; `headers` are whole lines
/// without their ends.
pub fn upgrade(host: &str, path: &str, headers: &[&str]) -> String {
    let mut head = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n"
    );
    for header in headers {
        head += header;
        head += "\r\n";
    }
    head + "\r\n"
}

/// A masked frame as clients send them: `first` is an opcode, with or without
/// [`LAST`]. The mask is of zeros, so that the payload can be read in a trace.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = head(first, payload.len() as u64);
    bytes.extend_from_slice(payload);
    bytes
}

/// The head of a masked frame that claims `length` bytes of payload.
pub fn head(first: u8, length: u64) -> Vec<u8> {
    let mut bytes = vec![first];
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ 0..MEDIUM), _) => bytes.push(MASKED | short),
        (_, Ok(medium)) => {
            bytes.push(MASKED | MEDIUM);
            bytes.extend_from_slice(&medium.to_be_bytes());
        }
        _ => {
            bytes.push(MASKED | LONG);
            bytes.extend_from_slice(&length.to_be_bytes());
        }
    }
    bytes.extend_from_slice(&[0; 4]);
    bytes
}

/// Reads the head of an HTTP answer from `stream`, byte by byte so that
/// nothing behind it is taken.
pub fn read_head(stream: &mut impl Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") && bytes.len() < MOST_HEAD {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        bytes.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Asks for a WebSocket over `stream`; an answer that is not 101 is an error
/// that holds it.
pub fn open(stream: &mut (impl Read + Write), host: &str, path: &str) -> io::Result<()> {
    stream.write_all(upgrade(host, path, &[]).as_bytes())?;
    let head = read_head(stream)?;
    if head.starts_with("HTTP/1.1 101 ") {
        return Ok(());
    }
    Err(io::Error::other(head))
}

/// Reads one frame of a server: its opcode and its payload. Servers don't mask
/// and ours sends no fragments.
pub fn read_frame(stream: &mut impl Read) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 2];
    stream.read_exact(&mut head)?;
    let length = match head[1] {
        MEDIUM => {
            let mut length = [0; 2];
            stream.read_exact(&mut length)?;
            u64::from(u16::from_be_bytes(length))
        }
        LONG => {
            let mut length = [0; 8];
            stream.read_exact(&mut length)?;
            u64::from_be_bytes(length)
        }
        short => u64::from(short),
    };
    let mut payload = Vec::new();
    stream.take(length).read_to_end(&mut payload)?;
    if payload.len() as u64 != length || head[0] & LAST == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok((head[0] & 0x0f, payload))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_as_many_bytes_as_they_need() {
        let check = |length: u64, expected: &[u8]| {
            let head = head(LAST | opcode::BINARY, length);
            assert_eq!(head[1..head.len() - 4], *expected, "{length}");
        };
        check(0, &[0x80]);
        check(125, &[0xfd]);
        check(126, &[0xfe, 0, 126]);
        check(65_535, &[0xfe, 0xff, 0xff]);
        check(65_536, &[0xff, 0, 0, 0, 0, 0, 1, 0, 0]);
    }

    #[test]
    fn a_frame_that_is_cut_is_none() {
        let bytes = [LAST | opcode::TEXT, 3, b'a', b'b', b'c'];
        let read = |bytes: &[u8]| read_frame(&mut &bytes[..]).ok();
        assert_eq!(read(&bytes), Some((opcode::TEXT, b"abc".to_vec())));
        for cut in 0..bytes.len() {
            assert_eq!(read(&bytes[..cut]), None);
        }
    }
}
