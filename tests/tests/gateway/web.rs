//! A WebSocket client over a bare connection, which can half-close and reset.

use tests::websocket::{frame, upgrade};
use tests::{Serve, Stream};

/// Bytes of each message that is sent, the last one may have fewer.
pub(super) const MESSAGE: usize = 16 * 1024;

/// A WebSocket client that does only what it is told.
pub(super) struct Web(pub(super) Stream);

/// What a WebSocket saw up to the end of its connection.
#[derive(Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) bytes: Vec<u8>,
    /// The code of the close frame.
    pub(super) close: Option<u16>,
    pub(super) reset: bool,
}

impl Web {
    pub(super) fn open(serve: &Serve) -> Self {
        let mut stream = Stream::connect(serve.page);
        let request = upgrade(&serve.page.to_string(), "/bridge/mine", &[]);
        stream.send(request.as_bytes());
        stream.expect(b"HTTP/1.1 101 ");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.extend(stream.take(1));
        }
        Self(stream)
    }

    pub(super) fn send(&mut self, bytes: &[u8]) {
        for message in bytes.chunks(MESSAGE) {
            self.0.send(&frame(0x82, message));
        }
    }

    pub(super) fn close(&mut self) {
        self.0.send(&frame(0x88, &1000_u16.to_be_bytes()));
    }

    /// The next `count` bytes, in however many messages.
    pub(super) fn take(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while bytes.len() < count {
            let (opcode, payload) = self.next();
            assert_eq!(opcode, 2, "after {} bytes", bytes.len());
            bytes.extend(payload);
        }
        bytes
    }

    /// The close frame's code, with the payload before it.
    pub(super) fn closed(&mut self) -> (Vec<u8>, u16) {
        let mut bytes = Vec::new();
        loop {
            let (opcode, payload) = self.next();
            match opcode {
                2 => bytes.extend(payload),
                8 => return (bytes, u16::from_be_bytes([payload[0], payload[1]])),
                _ => panic!("opcode {opcode}"),
            }
        }
    }

    fn next(&mut self) -> (u8, Vec<u8>) {
        let head = self.0.take(2);
        let wide = match head[1] {
            126 => self.0.take(2),
            127 => self.0.take(8),
            short => vec![short],
        };
        let length = wide
            .iter()
            .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        (head[0] & 0x0f, self.0.take(length))
    }

    /// Everything to the end of the connection, whatever that is.
    pub(super) fn rest(&mut self) -> Seen {
        let (wire, reset) = self.0.rest_or_reset();
        let mut left = &wire[..];
        let (mut bytes, mut close) = (Vec::new(), None);
        while let [first, short, behind @ ..] = left {
            let extended = match short {
                126 => 2,
                127 => 8,
                _ => 0,
            };
            let Some((extended, behind)) = behind.split_at_checked(extended) else {
                break;
            };
            let length = match extended {
                [] => usize::from(*short),
                _ => (extended.iter()).fold(0, |sum, byte| sum << 8 | usize::from(*byte)),
            };
            // The last frame may be cut off.
            let (payload, behind) = behind.split_at(length.min(behind.len()));
            match first & 0x0f {
                2 => bytes.extend_from_slice(payload),
                8 => close = Some(u16::from_be_bytes([payload[0], payload[1]])),
                other => panic!("opcode {other}"),
            }
            left = behind;
        }
        Seen {
            bytes,
            close,
            reset,
        }
    }
}
