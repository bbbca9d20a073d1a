//! Unix sockets on either side.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;

use rustix::process::Signal;
use tests::{Listener, Stream};

use super::{Proxy, hex};

#[test]
fn a_proxy_to_itself_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = format!("unix:{}/own", folder.path().display());
    let command = tests::stickylab(&["proxy", "--listen", &path, "--to", &path]);
    let finished = tests::run(command, b"");
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let [line] = &finished.err[..] else {
        panic!("one line: {finished:?}");
    };
    assert!(line.contains("where the proxy itself listens"), "{line}");
}

#[test]
fn tcp_to_unix() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("server");
    let listener = UnixListener::bind(&path).expect("a path");
    let server = thread::spawn(move || {
        let (mut peer, _) = listener.accept().expect("a connection");
        let mut said = Vec::new();
        peer.read_to_end(&mut said).expect("an end");
        peer.write_all(&said).expect("it listens");
    });
    let proxy = Proxy::start(":0", &format!("unix:{}", path.display()), &[]);
    let mut client = Stream::connect(proxy.address());
    client.send(b"echo");
    client.finish();
    assert_eq!(client.rest(), b"echo");
    server.join().expect("it has echoed");
    let record = proxy.stop(Signal::INT);
    let connections = record.of_type("connection");
    assert_eq!(connections[0]["transport"], "tcp");
    assert_eq!(connections[1]["transport"], "unix");
    assert_eq!(
        connections[1]["acceptor"]["address"],
        path.to_str().expect("UTF-8")
    );
    assert_eq!(record.bytes(2, "recv"), hex(b"echo"));
    assert_eq!(record.bytes(1, "send"), hex(b"echo"));
}

#[test]
fn unix_to_tcp_and_its_file_goes_with_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("proxy");
    let server = Listener::new();
    let listen = format!("unix:{}", path.display());
    let proxy = Proxy::start(&listen, &server.address().to_string(), &["--only", "tcp"]);
    assert_eq!(proxy.listening, format!("unix {}", path.display()));
    let mut client = UnixStream::connect(&path).expect("it listens");
    let mut peer = server.accept();
    client.write_all(b"hello").expect("it is there");
    peer.expect(b"hello");
    client.shutdown(Shutdown::Write).expect("it is connected");
    assert!(peer.rest().is_empty());
    peer.send(b"bye");
    drop(peer);
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).expect("an end");
    assert_eq!(rest, b"bye");
    let record = proxy.stop(Signal::INT);
    assert!(!path.exists());
    // One of both connections fits, so both are recorded.
    assert_eq!(record.of_type("connection").len(), 2);
    assert_eq!(record.bytes(1, "recv"), hex(b"hello"));
}
