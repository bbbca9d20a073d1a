//! How a bridged connection ends: who goes first × how × what is in flight.
//! The WebSocket is written by hand, the server is the test's own socket, so
//! that both can half-close and reset. Every cell is a test.
//!
//! | first, how | in flight | the server sees | the WebSocket sees |
//! |---|---|---|---|
//! | WebSocket, close frame | nothing | end | once the server has ended: 1000, end |
//! | | to the server | all of it, end | once the server has ended: 1000, end |
//! | | to the WebSocket | end | all of it, 1000, end |
//! | | replies to come | end | all of them, 1000, end |
//! | | replies to come, and the server stays | end | all of them, 1000 after 2 s of silence, end |
//! | | replies without end | end | what came in 5 s, 1000, end |
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

use std::time::{Duration, Instant};

use tests::websocket::frame;
use tests::{Listener, Serve, Stream, eventually, http};

use super::web::{MESSAGE, Web};

/// In flight: some messages, less than the kernel's buffers hold.
const MESSAGES: usize = 8;

fn sent() -> Vec<u8> {
    (0..=250).cycle().take(MESSAGE * MESSAGES).collect()
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
    check_server(&mut it.server, b"");
    drop(it.server);
    check_web(&mut it.web, b"", Some(1000));
}

#[test]
fn websocket_closes_behind_messages_to_the_server() {
    let mut it = Bridged::open();
    it.web.send(&sent());
    it.web.close();
    check_server(&mut it.server, &sent());
    drop(it.server);
    check_web(&mut it.web, b"", Some(1000));
}

#[test]
fn websocket_closes_with_messages_to_it_on_their_way() {
    let mut it = Bridged::open();
    it.server.send(&sent());
    it.web.close();
    check_server(&mut it.server, b"");
    drop(it.server);
    check_web(&mut it.web, &sent(), Some(1000));
}

#[test]
fn websocket_closes_right_behind_its_messages_and_has_every_reply() {
    let mut it = Bridged::open();
    it.web.send(&sent());
    it.web.close();
    // A reply to each message, the first of them once the server knows that no
    // more will come, and the last ones behind a pause.
    check_server(&mut it.server, &sent());
    let replies: Vec<_> = sent().to_ascii_uppercase();
    for reply in replies.chunks(MESSAGE) {
        it.server.send(reply);
    }
    assert_eq!(it.web.take(replies.len()), replies);
    assert!(it.web.0.is_silent(), "the close is not answered yet");
    it.server.send(b"the last");
    drop(it.server);
    check_web(&mut it.web, b"the last", Some(1000));
}

#[test]
fn websocket_closes_and_the_server_stays() {
    let mut it = Bridged::open();
    it.web.close();
    check_server(&mut it.server, b"");
    it.server.send(b"a reply");
    let begun = Instant::now();
    check_web(&mut it.web, b"a reply", Some(1000));
    let took = begun.elapsed();
    assert!(took >= Duration::from_secs(1), "{took:?}");
}

#[test]
fn websocket_closes_and_replies_have_no_end() {
    let mut it = Bridged::open();
    it.web.close();
    check_server(&mut it.server, b"");
    let mut server = it.server;
    let replies = std::thread::spawn(move || while server.try_send(b"tick") {});
    let seen = it.web.rest();
    assert_eq!((seen.close, seen.reset), (Some(1000), false));
    assert!(seen.bytes.starts_with(b"ticktick"));
    drop(it.serve);
    replies.join().expect("a server that is told");
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
    let mut it = Bridged::open();
    it.web.0.reset();
    check_server(&mut it.server, b"");
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
    let mut it = Bridged::open();
    drop(it.server);
    assert_eq!(it.web.closed(), (Vec::new(), 1000));
    it.web.close();
    check_web(&mut it.web, b"", None);
}

#[test]
fn server_closes_and_messages_to_it_go_nowhere() {
    let mut it = Bridged::open();
    drop(it.server);
    assert_eq!(it.web.closed(), (Vec::new(), 1000));
    // The server's kernel answers these with a reset, which is no news.
    it.web.send(&sent());
    it.web.close();
    check_web(&mut it.web, b"", None);
}

#[test]
fn server_closes_behind_bytes_to_the_websocket() {
    let mut it = Bridged::open();
    it.server.send(&sent());
    drop(it.server);
    let (bytes, code) = it.web.closed();
    assert_eq!(code, 1000);
    assert!(bytes == sent(), "{} bytes", bytes.len());
    it.web.close();
    check_web(&mut it.web, b"", None);
}

#[test]
fn server_resets() {
    let mut it = Bridged::open();
    // A reset before the bridge knows that it is connected would be a 1013.
    it.web.send(b"?");
    it.server.expect(b"?");
    it.server.reset();
    assert_eq!(it.web.closed(), (Vec::new(), 1011));
    it.web.close();
    check_web(&mut it.web, b"", None);
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
