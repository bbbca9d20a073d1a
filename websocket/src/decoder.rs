//! A client's bytes to pieces of messages.

use std::ops::Range;

use super::header::ClientHeader;
use super::utf8::Utf8;
use super::{Close, Opcode, Violation, unmask};

/// What a message may have.
#[derive(Clone, Copy, Debug)]
pub struct MessageLimits {
    /// Bytes of payload.
    pub message: u64,
    /// Frames, control frames between them not counted.
    pub frames: u32,
}

/// What comes next in a client's bytes. Ranges are where the payload lies,
/// unmasked, in what [`Decoder::decode`] was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// The next piece of a message: all of it that has arrived, may be empty.
    Data {
        /// Where it lies.
        payload: Range<usize>,
        /// Whether the message is text; then what has come so far is UTF-8.
        text: bool,
        /// Whether the message ends with this piece.
        end: bool,
    },
    /// The client asks for a pong with this payload.
    Ping(Range<usize>),
    /// The client answers a ping.
    Pong,
    /// The client's last frame.
    Close(Option<Close>),
}

/// The message at hand.
#[derive(Clone, Debug)]
struct Message {
    text: Option<Utf8>,
    /// Bytes announced by its frames so far.
    length: u64,
    frames: u32,
}

/// The data frame at hand.
#[derive(Clone, Copy, Debug)]
struct Frame {
    last: bool,
    /// Bytes of it that have not been decoded.
    missing: u64,
    key: [u8; 4],
}

/// Decodes one connection. After a violation it is of no use any more.
#[derive(Clone, Debug)]
pub struct Decoder {
    limits: MessageLimits,
    message: Option<Message>,
    frame: Option<Frame>,
}

impl Decoder {
    /// A connection whose head has just been read.
    pub const fn new(limits: MessageLimits) -> Self {
        Self {
            limits,
            message: None,
            frame: None,
        }
    }

    /// Bytes of the frame at hand that have not been decoded.
    pub fn missing(&self) -> u64 {
        self.frame.map_or(0, |frame| frame.missing)
    }

    /// Whether a message has begun whose last byte has not been decoded.
    pub const fn is_within_message(&self) -> bool {
        self.message.is_some()
    }

    /// Decodes from the beginning of `bytes`. Returns how many of them are
    /// done with, and what they were; nothing: need more bytes. Those that
    /// are not done with have to be given again.
    pub fn decode(&mut self, bytes: &mut [u8]) -> Result<(usize, Option<Item>), Violation> {
        if let Some(frame) = self.frame {
            let (count, item) = self.piece(frame, 0, bytes)?;
            return Ok((count, item));
        }
        let Some(header) = ClientHeader::decode(bytes)? else {
            return Ok((0, None));
        };
        if header.opcode.is_control() {
            return control(&header, bytes);
        }
        let frame = self.begin(&header)?;
        self.frame = Some(frame);
        self.piece(frame, header.size, bytes)
    }

    /// Begins a frame of a message, if its message may have it.
    fn begin(&mut self, header: &ClientHeader) -> Result<Frame, Violation> {
        let message = match (&mut self.message, header.opcode) {
            (Some(message), Opcode::Continuation) => message,
            (None, Opcode::Continuation) => return Err(Violation::Continuation),
            (Some(_), _) => return Err(Violation::Interleaved),
            (none, opcode) => none.insert(Message {
                text: (opcode == Opcode::Text).then(Utf8::default),
                length: 0,
                frames: 0,
            }),
        };
        message.length = message.length.saturating_add(header.length);
        message.frames += 1;
        if message.length > self.limits.message {
            return Err(Violation::TooLarge {
                length: message.length,
                most: self.limits.message,
            });
        }
        if message.frames > self.limits.frames {
            return Err(Violation::TooManyFrames(self.limits.frames));
        }
        Ok(Frame {
            last: header.last,
            missing: header.length,
            key: header.key,
        })
    }

    /// Takes what there is of the frame's payload, from `start` on.
    fn piece(
        &mut self,
        frame: Frame,
        start: usize,
        bytes: &mut [u8],
    ) -> Result<(usize, Option<Item>), Violation> {
        let there = bytes.len() - start;
        let count = usize::try_from(frame.missing).map_or(there, |missing| missing.min(there));
        if count == 0 && frame.missing > 0 {
            return Ok((start, None));
        }
        let payload = start..start + count;
        let key = unmask(frame.key, &mut bytes[payload.clone()]);
        let missing = frame.missing - count as u64;
        let end = frame.last && missing == 0;
        let utf8 = self
            .message
            .as_mut()
            .and_then(|message| message.text.as_mut());
        let text = utf8.is_some();
        if let Some(utf8) = utf8 {
            utf8.handle_piece(&bytes[payload.clone()])?;
            if end {
                utf8.handle_end()?;
            }
        }
        self.frame = (missing > 0).then_some(Frame {
            missing,
            key,
            ..frame
        });
        if end {
            self.message = None;
        }
        Ok((payload.end, Some(Item::Data { payload, text, end })))
    }
}

/// A control frame, once it is there as a whole.
fn control(header: &ClientHeader, bytes: &mut [u8]) -> Result<(usize, Option<Item>), Violation> {
    // At most 125 bytes.
    let length = usize::try_from(header.length).unwrap_or(usize::MAX);
    let end = header.size.saturating_add(length);
    let Some(payload) = bytes.get_mut(header.size..end) else {
        return Ok((0, None));
    };
    unmask(header.key, payload);
    let item = match header.opcode {
        Opcode::Close => Item::Close(Close::decode(payload)?),
        Opcode::Ping => Item::Ping(header.size..end),
        _ => Item::Pong,
    };
    Ok((end, Some(item)))
}
