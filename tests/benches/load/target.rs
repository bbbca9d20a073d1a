//! Where load goes and what it looks like on the wire there: plain bytes, or
//! WebSocket messages (RFC 6455) made ready before the clock runs and replies
//! counted by their headers, so that the generator costs all the same.

use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Any but zero: a server has to unmask.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
/// No answer to an upgrade is longer.
const HEAD: usize = 8192;
const CLOSE: u8 = 8;

/// Where to connect to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    /// The path of the upgrade; none: plain TCP.
    pub(crate) path: Option<&'static str>,
}

impl Target {
    pub(crate) fn plain(address: SocketAddr) -> Self {
        Self {
            address,
            path: None,
        }
    }

    pub(crate) fn websocket(address: SocketAddr, path: &'static str) -> Self {
        Self {
            address,
            path: Some(path),
        }
    }

    /// A connection, upgraded where it has to be.
    pub(crate) async fn connect(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(self.address).await?;
        self.upgrade(stream).await
    }

    /// Upgrades `stream` where it has to be.
    pub(crate) async fn upgrade(&self, mut stream: TcpStream) -> io::Result<TcpStream> {
        stream.set_nodelay(true)?;
        let Some(request) = self.request() else {
            return Ok(stream);
        };
        stream.write_all(request.as_bytes()).await?;
        let mut head = Vec::with_capacity(512);
        while !is_whole(&head)? {
            if stream.read_buf(&mut head).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(stream)
    }

    /// The same as [`connect`](Self::connect), for calls that block.
    pub(crate) fn connect_blocking(&self) -> io::Result<std::net::TcpStream> {
        let mut stream = std::net::TcpStream::connect(self.address)?;
        stream.set_nodelay(true)?;
        let Some(request) = self.request() else {
            return Ok(stream);
        };
        stream.write_all(request.as_bytes())?;
        let mut head = Vec::with_capacity(512);
        let mut room = [0; 512];
        while !is_whole(&head)? {
            match stream.read(&mut room)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => head.extend_from_slice(&room[..count]),
            }
        }
        Ok(stream)
    }

    /// The request for an upgrade, where there has to be one.
    fn request(&self) -> Option<String> {
        let path = self.path?;
        Some(format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            self.address
        ))
    }

    /// `body` as it is sent.
    pub(crate) fn message(&self, body: &[u8]) -> Vec<u8> {
        match self.path {
            None => body.to_vec(),
            Some(_) => frame(2, body),
        }
    }

    /// What ends a conversation; nothing over plain TCP.
    pub(crate) fn farewell(&self) -> Vec<u8> {
        match self.path {
            None => Vec::new(),
            Some(_) => frame(CLOSE, &1000_u16.to_be_bytes()),
        }
    }

    pub(crate) fn replies(&self) -> Replies {
        Replies {
            framed: self.path.is_some(),
            ..Replies::default()
        }
    }
}

/// Whether `head` is the whole answer to an upgrade. No server speaks first
/// here, so nothing follows it. An error if the answer is another one.
fn is_whole(head: &[u8]) -> io::Result<bool> {
    let whole = head.ends_with(b"\r\n\r\n");
    if whole && head.starts_with(b"HTTP/1.1 101") || !whole && head.len() <= HEAD {
        return Ok(whole);
    }
    let head = String::from_utf8_lossy(head).into_owned();
    Err(io::Error::other(head))
}

fn frame(opcode: u8, body: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode];
    match u16::try_from(body.len()) {
        Ok(length @ 0..126) => frame.push(0x80 + u8::try_from(length).expect("below 126")),
        Ok(length) => {
            frame.push(0x80 + 126);
            frame.extend(length.to_be_bytes());
        }
        Err(_) => {
            frame.push(0x80 + 127);
            frame.extend((body.len() as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    let mask = MASK.iter().cycle();
    frame.extend(body.iter().zip(mask).map(|(byte, mask)| byte ^ mask));
    frame
}

/// Finds the bytes of replies in what a socket gave, however it was cut.
#[derive(Debug, Default)]
pub(crate) struct Replies {
    framed: bool,
    /// A header not complete yet.
    header: Vec<u8>,
    /// Of the frame at hand.
    left: usize,
    control: bool,
    /// Whether the peer said that it closes.
    pub(crate) closed: bool,
}

impl Replies {
    /// How many bytes of replies `chunk` has; `each` sees them.
    pub(crate) fn take(&mut self, mut chunk: &[u8], mut each: impl FnMut(&[u8])) -> usize {
        if !self.framed {
            each(chunk);
            return chunk.len();
        }
        let mut count = 0;
        while !chunk.is_empty() {
            if self.left == 0 {
                self.header.push(chunk[0]);
                chunk = &chunk[1..];
                self.begin();
                continue;
            }
            let (body, rest) = chunk.split_at(self.left.min(chunk.len()));
            self.left -= body.len();
            chunk = rest;
            if !self.control {
                each(body);
                count += body.len();
            }
        }
        count
    }

    /// Counts only.
    pub(crate) fn count(&mut self, chunk: &[u8]) -> usize {
        self.take(chunk, |_| {})
    }

    /// Begins a frame if its header is complete (RFC 6455, 5.2).
    fn begin(&mut self) {
        let &[first, second, ref extended @ ..] = &self.header[..] else {
            return;
        };
        assert_eq!(second & 0x80, 0, "a server does not mask");
        let wide = match second {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        if extended.len() < wide {
            return;
        }
        let length = match wide {
            0 => usize::from(second),
            _ => extended
                .iter()
                .fold(0, |length, byte| length << 8 | usize::from(*byte)),
        };
        self.left = length;
        self.control = first & 0x08 != 0;
        self.closed |= first & 0x0f == CLOSE;
        self.header.clear();
    }
}
