//! No framing at all: a chunk is a message, which on a stream means that
//! whoever reads decides where messages end. Kept to show what goes wrong.

use std::collections::VecDeque;

use bytes::Bytes;
use serde::Deserialize;

use super::{Decode, Format, Frame, FrameError};
use crate::Offset;

/// The settings: there are none.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Unframed {}

impl super::table::Table for Unframed {}

impl Format for Unframed {
    type Decoder = Chunks;

    fn decoder(&self, start: Offset) -> Chunks {
        Chunks {
            chunks: VecDeque::new(),
            start,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Chunks {
    chunks: VecDeque<Bytes>,
    start: Offset,
}

impl Decode for Chunks {
    fn handle_chunk(&mut self, chunk: &[u8]) {
        self.chunks.push_back(Bytes::copy_from_slice(chunk));
    }

    fn poll_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        Ok(self.chunks.pop_front().map(|body| {
            let start = self.start;
            self.start += body.len();
            Frame {
                start,
                header: 0,
                size: body.len(),
                body,
                trailer: 0,
            }
        }))
    }

    fn handle_eof(&mut self) -> Result<(), FrameError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chunk_comes_out_as_it_went_in() {
        let mut decoder = Unframed {}.decoder(Offset(0));
        decoder.handle_chunk(b"hello");
        decoder.handle_chunk(b"abc");
        let frames: Vec<_> = std::iter::from_fn(|| decoder.poll_frame().unwrap()).collect();
        assert_eq!(frames.len(), 2);
        assert_eq!(&frames[0].body[..], b"hello");
        assert_eq!(frames[1].range(), Offset(5)..Offset(8));
    }
}
