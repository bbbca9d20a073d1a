//! How a connection ends on one side, it ends on the other.

use rustix::process::Signal;
use tests::{Listener, Stream, nobody_tcp};

use super::{Proxy, pair};

#[test]
fn a_half_close_stays_one() {
    let server = Listener::new();
    let proxy = Proxy::of(server.address(), &[]);
    let (mut client, mut peer) = pair(&proxy, &server);
    client.send(b"question");
    client.finish();
    assert_eq!(peer.rest(), b"question");
    // Long after its own end the client still hears.
    for part in [b"first ", b"second"] {
        peer.send(part);
        client.expect(part);
    }
    peer.finish();
    assert!(client.rest().is_empty());
    drop((client, peer));
    // The other way round.
    let (mut client, mut peer) = pair(&proxy, &server);
    peer.send(b"hello");
    peer.finish();
    assert_eq!(client.rest(), b"hello");
    client.send(b"still here");
    peer.expect(b"still here");
    drop(client);
    assert!(peer.rest().is_empty());
    drop(peer);
    let record = proxy.stop(Signal::TERM);
    assert_eq!(record.ending(), "finished");
    let failed = record.lines.iter().filter(|line| !line["error"].is_null());
    assert_eq!(failed.count(), 0);
}

#[test]
fn a_reset_is_passed_on_behind_what_came_before_it() {
    let server = Listener::new();
    let proxy = Proxy::of(server.address(), &[]);
    let (mut client, mut peer) = pair(&proxy, &server);
    client.send(b"last words");
    peer.expect(b"last words");
    client.reset();
    assert_eq!(peer.rest_or_reset(), (Vec::new(), true));
    // From the server's side, and its last words are not read before.
    let (mut client, mut peer) = pair(&proxy, &server);
    peer.send(b"refused");
    client.expect(b"refused");
    peer.reset();
    assert_eq!(client.rest_or_reset(), (Vec::new(), true));
    let record = proxy.stop(Signal::INT);
    assert!(record.calls(1).contains(&"recv failed".to_owned()));
    assert!(record.calls(4).contains(&"recv failed".to_owned()));
}

#[test]
fn what_a_server_says_before_it_closes_with_unread_bytes_arrives() {
    let server = Listener::new();
    let proxy = Proxy::of(server.address(), &[]);
    let (mut client, mut peer) = pair(&proxy, &server);
    client.send(b"x");
    peer.expect(b"x");
    client.send(b"never read");
    // Until it has arrived there, close() would not be a reset.
    tests::eventually("bytes that wait", || (!peer.is_silent()).then_some(()));
    peer.send(b"busy\n");
    drop(peer);
    client.expect(b"busy\n");
    assert!(client.rest_or_reset().1, "close() with unread bytes resets");
    proxy.stop(Signal::INT);
}

#[test]
fn where_nobody_listens_the_client_is_reset_and_the_next_is_served() {
    let (_held, nobody) = nobody_tcp();
    let proxy = Proxy::of(nobody, &[]);
    let mut client = Stream::connect(proxy.address());
    assert_eq!(client.rest_or_reset(), (Vec::new(), true));
    let mut another = Stream::connect(proxy.address());
    assert!(another.rest_or_reset().1);
    let record = proxy.stop(Signal::INT);
    // Said once, until it is there again.
    let said = record.finished.err.iter();
    let said = said
        .filter(|line| line.contains("cannot connect to tcp "))
        .count();
    assert_eq!(said, 1, "{:?}", record.finished.err);
    assert_eq!(record.calls(1), ["accept", "close"]);
    assert_eq!(record.calls(2), ["connect failed"]);
    assert_eq!(record.calls(4), ["connect failed"]);
    // The list says what happened, and not that half of it was closed.
    let listed = record.shown.out.join("\n");
    assert_eq!(listed.matches("reset by acceptor").count(), 2, "{listed}");
    let refused = listed.lines().filter(|line| line.ends_with("  refused"));
    assert_eq!(refused.count(), 2, "{listed}");
    assert!(!listed.contains("half"), "{listed}");
}

#[test]
fn its_end_closes_what_is_open() {
    let server = Listener::new();
    let proxy = Proxy::of(server.address(), &[]);
    let (mut client, mut peer) = pair(&proxy, &server);
    client.send(b"hello");
    peer.expect(b"hello");
    let record = proxy.stop(Signal::TERM);
    assert!(client.rest().is_empty() && peer.rest().is_empty());
    assert_eq!(record.ending(), "stopped");
    for connection in [1, 2] {
        assert_eq!(
            record.calls(connection).last().map(String::as_str),
            Some("close")
        );
    }
}
