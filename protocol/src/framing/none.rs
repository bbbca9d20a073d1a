//! No framing at all: a chunk is a message, which on a stream means that
//! whoever reads decides where messages end. Kept to show what goes wrong.

use std::collections::VecDeque;

use bytes::Bytes;

use super::{Decode, Frame, FrameError};
use crate::Offset;

#[derive(Debug)]
pub(super) struct Chunks {
    chunks: VecDeque<Bytes>,
    start: Offset,
}

impl Chunks {
    pub(super) fn new(start: Offset) -> Self {
        Self {
            chunks: VecDeque::new(),
            start,
        }
    }
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
        let mut decoder = Chunks::new(Offset(0));
        decoder.handle_chunk(b"hello");
        decoder.handle_chunk(b"abc");
        let frames: Vec<_> = std::iter::from_fn(|| decoder.poll_frame().unwrap()).collect();
        assert_eq!(frames.len(), 2);
        assert_eq!(&frames[0].body[..], b"hello");
        assert_eq!(frames[1].range(), Offset(5)..Offset(8));
    }
}
