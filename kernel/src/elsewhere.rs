//! Systems that are no Linux: nothing can be told.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use record::Counts;

use crate::{AsSocket, CaptureError, Datagram, Filter, Frame, Memory, Sending, Statistics};

/// Nothing is known here.
pub fn monotonic() -> Option<Duration> {
    None
}

/// Nothing is known here.
pub fn receive_queue(_: &impl AsSocket) -> Option<u32> {
    None
}

/// Nothing is known here.
pub fn send_queue(_: &impl AsSocket) -> Option<u32> {
    None
}

/// Nothing is known here.
pub fn unsent(_: &impl AsSocket) -> Option<u32> {
    None
}

/// Nothing is known here.
pub fn counts(_: &impl AsSocket) -> Option<Counts> {
    None
}

/// Nothing is known here.
pub fn sending(_: &impl AsSocket) -> Option<Sending> {
    None
}

/// Nothing is known here.
pub fn accept_queue(_: &impl AsSocket) -> Option<u32> {
    None
}

/// Nothing is known here.
pub fn memory(_: &impl AsSocket) -> Option<Memory> {
    None
}

/// There is no such option here.
pub fn count_drops(_: &impl AsSocket) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// There is no such option here.
pub fn cork(_: &impl AsSocket, _: bool) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// There is no such option here.
pub fn bind_address_no_port(_: &impl AsSocket) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// There is no such option here.
pub fn bound_unsent(_: &impl AsSocket, _: u32) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Not to be called here: see [`crate::SUPPORTED`].
pub fn send_more(_: &impl AsSocket, _: &[u8]) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Not to be called here: see [`crate::SUPPORTED`].
pub fn receive(_: &impl AsSocket, _: &mut [u8]) -> io::Result<Datagram> {
    Err(io::ErrorKind::Unsupported.into())
}

/// There are none here.
#[derive(Debug)]
pub struct Capture(Infallible);

impl Capture {
    /// Always [`CaptureError::Unsupported`].
    pub fn open(_: &Filter) -> Result<Self, CaptureError> {
        Err(CaptureError::Unsupported)
    }

    /// There are no frames.
    pub fn take(&mut self, _: impl FnMut(Frame<'_>)) -> io::Result<()> {
        match self.0 {}
    }

    /// There are none.
    pub fn statistics(&mut self) -> io::Result<Statistics> {
        match self.0 {}
    }
}

/// There are none here.
#[derive(Debug)]
pub struct Prepared(Infallible);

impl Prepared {
    /// Always [`CaptureError::Unsupported`].
    pub fn new() -> Result<Self, CaptureError> {
        Err(CaptureError::Unsupported)
    }

    /// Not to be called here.
    pub fn open(self, _: &Filter) -> Result<Capture, CaptureError> {
        match self.0 {}
    }
}
