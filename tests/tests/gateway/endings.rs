//! How a bridged connection ends: who goes first × how × what is in flight.
//! The WebSocket is written by hand, the server is the test's own socket, so
//! that both can half-close and reset. Every cell is a test.
//!
//! | first, how | in flight | the server sees | the WebSocket sees |
//! |---|---|---|---|
//! | WebSocket, close frame | nothing | end | 1000, end |
//! | | to the server | all of it, end | 1000, end |
//! | | to the WebSocket | end | what the bridge had, 1000, end |
//! | WebSocket, FIN without close | nothing | end | end |
//! | | to the server | every whole message, end | end |
//! | | to the WebSocket | end | a beginning of it, end |
//! | WebSocket, reset | nothing | end | |
//! | | to the server | what had arrived, end | |
//! | | to the WebSocket | end | |
//! | server, FIN | nothing | | 1000, end |
//! | | to the server | | 1000, end |
//! | | to the WebSocket | | all of it, 1000, end |
//! | server, reset | nothing | | 1011, end |
//! | | to the server | | 1011, end |
//! | | to the WebSocket | | what had arrived, 1011, end |
//! | server, half-close | nothing | end | 1000, end |
//! | | to the server | all until the answer to the close, end | 1000, end |
//! | | to the WebSocket | end | all of it, 1000, end |
//!
//! "End" is a FIN, never a reset.

use tests::{Listener, Serve, Stream, eventually, http};

/// In flight: some messages, less than the kernel's buffers hold.
const MESSAGE: usize = 16 * 1024;
const MESSAGES: usize = 16;

fn sent() -> Vec<u8> {
    (0..=250).cycle().take(MESSAGE * MESSAGES).collect()
}

/// A WebSocket client that does only what it is told.
struct Web(Stream);

/// What a WebSocket saw up to the end of its connection.
#[derive(Debug, PartialEq)]
struct Seen {
    bytes: Vec<u8>,
    /// The code of the close frame.
    close: Option<u16>,
    reset: bool,
}

/// A masked frame; the mask is of zeros.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).expect("small messages");
    let mut frame = vec![first];
    if let Ok(short @ 0..126) = u8::try_from(length) {
        frame.push(0x80 | short);
    } else {
        frame.push(0xfe);
        frame.extend(length.to_be_bytes());
    }
    frame.extend([0; 4]);
    frame.extend_from_slice(payload);
    frame
}

impl Web {
    fn open(serve: &Serve) -> Self {
        let mut stream = Stream::connect(serve.page);
        let request = format!(
            "GET /bridge/mine HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            serve.page
        );
        stream.send(request.as_bytes());
        stream.expect(b"HTTP/1.1 101 ");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.extend(stream.take(1));
        }
        Self(stream)
    }

    fn send(&mut self, bytes: &[u8]) {
        for message in bytes.chunks(MESSAGE) {
            self.0.send(&frame(0x82, message));
        }
    }

    fn close(&mut self) {
        self.0.send(&frame(0x88, &1000_u16.to_be_bytes()));
    }

    /// The close frame's code, with the payload before it.
    fn closed(&mut self) -> (Vec<u8>, u16) {
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
    fn rest(&mut self) -> Seen {
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

/// A bridge with one connection through it.
struct Bridged {
    serve: Serve,
    web: Web,
    server: Stream,
}

impl Bridged {
    fn open() -> Self {
        let target = Listener::new();
        let serve = Serve::start(&["--bridge", &format!("mine=tcp:{}", target.address())]);
        let web = Web::open(&serve);
        let server = target.accept();
        Self { serve, web, server }
    }

    /// Sends to the server what it does not read yet; with the bridge, or behind it.
    fn up(&mut self) {
        self.web.send(&sent());
        self.arrived("Up");
    }

    /// The same the other way.
    fn down(&mut self) {
        self.server.send(&sent());
        self.arrived("Down");
    }

    /// Until the bridge has taken all that was sent one way.
    fn arrived(&self, way: &str) {
        let line = format!(
            "stickylab_bridge_bytes_total{{way=\"{way}\"}} {}",
            MESSAGE * MESSAGES
        );
        eventually(&line, || {
            let metrics = http::get(self.serve.page, "/metrics", &[]).text();
            metrics.lines().any(|other| other == line).then_some(())
        });
    }
}

/// The server sees exactly `bytes`, then the end of the stream.
fn check_server(server: &mut Stream, bytes: &[u8]) {
    let (seen, reset) = server.rest_or_reset();
    assert!(!reset, "after {} bytes", seen.len());
    assert!(seen == bytes, "{} bytes of {}", seen.len(), bytes.len());
}

/// The WebSocket sees exactly `bytes`, a close with `code`, then the end.
fn check_web(web: &mut Web, bytes: &[u8], code: Option<u16>) {
    let seen = web.rest();
    assert_eq!(
        (seen.close, seen.reset),
        (code, false),
        "after {} bytes",
        seen.bytes.len()
    );
    assert!(
        seen.bytes == bytes,
        "{} bytes of {}",
        seen.bytes.len(),
        bytes.len()
    );
}

#[test]
fn websocket_closes() {
    let mut it = Bridged::open();
    it.web.close();
    check_web(&mut it.web, b"", Some(1000));
    check_server(&mut it.server, b"");
}

#[test]
fn websocket_closes_behind_messages_to_the_server() {
    let mut it = Bridged::open();
    it.web.send(&sent());
    it.web.close();
    // The answer comes before the server has read anything.
    check_web(&mut it.web, b"", Some(1000));
    check_server(&mut it.server, &sent());
}

#[test]
fn websocket_closes_with_messages_to_it_on_their_way() {
    let mut it = Bridged::open();
    it.down();
    it.web.close();
    check_web(&mut it.web, &sent(), Some(1000));
    check_server(&mut it.server, b"");
}

#[test]
fn websocket_ends_without_a_close() {
    let mut it = Bridged::open();
    it.web.0.finish();
    check_web(&mut it.web, b"", None);
    check_server(&mut it.server, b"");
}

#[test]
fn websocket_ends_without_a_close_in_the_middle_of_a_message() {
    let mut it = Bridged::open();
    it.web.send(&sent());
    let half = frame(0x82, &[1; 100]);
    it.web.0.send(&half[..50]);
    it.web.0.finish();
    check_web(&mut it.web, b"", None);
    check_server(&mut it.server, &sent());
}

#[test]
fn websocket_ends_without_a_close_and_without_reading() {
    let mut it = Bridged::open();
    it.down();
    it.web.0.finish();
    check_server(&mut it.server, b"");
    let seen = it.web.rest();
    assert_eq!((seen.close, seen.reset), (None, false));
    assert!(sent().starts_with(&seen.bytes));
}

#[test]
fn websocket_resets() {
    let Bridged {
        web, mut server, ..
    } = Bridged::open();
    web.0.reset();
    check_server(&mut server, b"");
}

#[test]
fn websocket_resets_behind_messages_to_the_server() {
    let mut it = Bridged::open();
    it.up();
    it.web.0.reset();
    check_server(&mut it.server, &sent());
}

#[test]
fn websocket_resets_without_reading() {
    let mut it = Bridged::open();
    it.down();
    it.web.0.reset();
    check_server(&mut it.server, b"");
}

#[test]
fn server_closes() {
    let Bridged {
        serve: _serve,
        mut web,
        server,
    } = Bridged::open();
    drop(server);
    assert_eq!(web.closed(), (Vec::new(), 1000));
    web.close();
    check_web(&mut web, b"", None);
}

#[test]
fn server_closes_and_messages_to_it_go_nowhere() {
    let Bridged {
        serve: _serve,
        mut web,
        server,
    } = Bridged::open();
    drop(server);
    assert_eq!(web.closed(), (Vec::new(), 1000));
    // The server's kernel answers these with a reset, which is no news.
    web.send(&sent());
    web.close();
    check_web(&mut web, b"", None);
}

#[test]
fn server_closes_behind_bytes_to_the_websocket() {
    let Bridged {
        serve: _serve,
        mut web,
        mut server,
    } = Bridged::open();
    server.send(&sent());
    drop(server);
    let (bytes, code) = web.closed();
    assert_eq!(code, 1000);
    assert!(bytes == sent(), "{} bytes", bytes.len());
    web.close();
    check_web(&mut web, b"", None);
}

#[test]
fn server_resets() {
    let Bridged {
        serve: _serve,
        mut web,
        mut server,
    } = Bridged::open();
    // A reset before the bridge knows that it is connected would be a 1013.
    web.send(b"?");
    server.expect(b"?");
    server.reset();
    assert_eq!(web.closed(), (Vec::new(), 1011));
    web.close();
    check_web(&mut web, b"", None);
}

#[test]
fn server_resets_with_messages_to_it_unread() {
    let mut it = Bridged::open();
    it.up();
    it.server.reset();
    assert_eq!(it.web.closed(), (Vec::new(), 1011));
    it.web.close();
    check_web(&mut it.web, b"", None);
}

#[test]
fn server_resets_behind_bytes_to_the_websocket() {
    let mut it = Bridged::open();
    it.down();
    it.server.reset();
    let (bytes, code) = it.web.closed();
    assert_eq!(code, 1011);
    assert!(bytes == sent(), "{} bytes", bytes.len());
    it.web.close();
    check_web(&mut it.web, b"", None);
}

#[test]
fn server_half_closes() {
    let mut it = Bridged::open();
    it.server.finish();
    assert_eq!(it.web.closed(), (Vec::new(), 1000));
    it.web.close();
    check_web(&mut it.web, b"", None);
    check_server(&mut it.server, b"");
}

#[test]
fn server_half_closes_and_goes_on_reading() {
    let mut it = Bridged::open();
    it.server.finish();
    assert_eq!(it.web.closed(), (Vec::new(), 1000));
    it.web.send(&sent());
    it.web.close();
    check_web(&mut it.web, b"", None);
    check_server(&mut it.server, &sent());
}

#[test]
fn server_half_closes_behind_bytes_to_the_websocket() {
    let mut it = Bridged::open();
    it.server.send(&sent());
    it.server.finish();
    let (bytes, code) = it.web.closed();
    assert_eq!(code, 1000);
    assert!(bytes == sent(), "{} bytes", bytes.len());
    it.web.close();
    check_web(&mut it.web, b"", None);
    check_server(&mut it.server, b"");
}
