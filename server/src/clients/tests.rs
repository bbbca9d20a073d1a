//! The clients against our servers and against peers written by hand.

use std::io::{Cursor, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::servers::{Bound, Options};

const ANY: &str = "127.0.0.1:0";

#[derive(Clone, Default)]
struct Out(Arc<Mutex<Vec<u8>>>);

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs a client with `input`; gives what it printed and how it ended.
async fn talk(
    system: System,
    address: SocketAddr,
    agreed: Agreed,
    input: &[u8],
) -> (String, Result<(), Failure>) {
    let out = Out::default();
    let input = Cursor::new(input.to_vec());
    let mut console = Console::new(input, Box::new(out.clone()), false);
    let address = Endpoint::Server(address.into());
    let running = run(system, &address, agreed, &mut console);
    let ended = timeout(Duration::from_secs(10), running).await;
    let printed = out.0.lock().unwrap().clone();
    let printed = String::from_utf8(printed).unwrap();
    (printed, ended.expect("within 10 s"))
}

/// Runs a client against our own server.
async fn check(system: System, key: &[u8], input: &[u8], printed: &str, ending: &str) {
    let agreed = Agreed {
        key: Key::new(key),
        ..Agreed::default()
    };
    check_agreed(system, agreed, input, printed, ending).await;
}

/// The same, with another framing than the default.
async fn check_agreed(system: System, agreed: Agreed, input: &[u8], printed: &str, ending: &str) {
    let bound = Bound::bind(system, ANY.parse().unwrap()).unwrap();
    let address = bound.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let stop = shutdown.clone();
    let options = Options {
        max_frame: 100,
        framing: agreed.framing.clone(),
        ..Options::default()
    };
    let serving = tokio::spawn(async move { bound.serve(&options, stop).await });
    let framing = agreed.framing.clone();
    let (out, ended) = talk(system, address, agreed, input).await;
    assert_eq!(out, printed, "{system} {framing:?}");
    let said = ended.map_or_else(|error| error.to_string(), |()| String::new());
    assert!(
        said.contains(ending) && said.is_empty() == ending.is_empty(),
        "{system}: {said}"
    );
    shutdown.cancel();
    serving.await.unwrap();
}

const KEY: &[u8] = protocol::auth::DEMO_KEY;

#[tokio::test]
async fn every_client_with_its_own_server() {
    check(
        System::UdpEcho,
        KEY,
        b"hello\n\n\xe7",
        "HELLO\n\n\\xE7\n",
        "",
    )
    .await;
    check(
        System::TcpEcho,
        KEY,
        b"hello\n\nlo\xe7",
        "HELLO\nLO\\xE7\n",
        "",
    )
    .await;
    check(System::ReadyAck, KEY, b"hello\nyou\n", "", "").await;
    check(System::LengthPrefix, KEY, b"hello\n\nyou\n", "", "").await;
    check(System::Auth, KEY, b"hello\n\nyou\n", "HELLO\nYOU\n", "").await;
    check(System::Auth, KEY, b"", "", "").await;
}

#[tokio::test]
async fn framed_speaks_any_framing() {
    let alternatives = r"delimiter,delimiter=\n,delimiter=\r\n,delimiter=\r";
    let others = [
        "length-prefix,width=varint",
        alternatives,
        "length-prefix,width=1,checksum=xor8",
    ];
    let others = others.map(|text| trace::framing::parse(text).unwrap());
    for framing in Framing::all().into_iter().chain(others) {
        let (input, printed) = match framing {
            // Its sender waits for an answer to each length; that is all that comes back.
            Framing::ReadyAck(_) => ("hello\nyou\n", ""),
            Framing::Json(_) => ("[1,2]\n37\n", "[1,2]\n37\n"),
            _ => ("hello\nyou\n", "hello\nyou\n"),
        };
        let agreed = Agreed {
            framing,
            ..Agreed::default()
        };
        check_agreed(System::Framed, agreed, input.as_bytes(), printed, "").await;
    }
    check(System::Sink, KEY, b"hello\nyou\n", "", "").await;
}

/// What was decoded with one delimiter may contain another: it can't be sent back.
#[tokio::test]
async fn what_cannot_be_sent_back_is_refused() {
    let framing = "delimiter,delimiter=a,delimiter=b,keep=true";
    let bound = Bound::bind(System::Framed, ANY.parse().unwrap()).unwrap();
    let address = bound.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let stop = shutdown.clone();
    let options = Options {
        framing: trace::framing::parse(framing).unwrap(),
        ..Options::default()
    };
    let serving = tokio::spawn(async move { bound.serve(&options, stop).await });
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"xaxbxa").await.unwrap();
    let mut received = Vec::new();
    stream.read_to_end(&mut received).await.unwrap();
    assert_eq!(received, b"xa", "and then the end");
    shutdown.cancel();
    serving.await.unwrap();
}

/// Framed, an empty line of a pipe is an empty message.
#[tokio::test]
async fn an_empty_message_is_sent_where_a_framing_marks_it_off() {
    let zero: &[u8] = &[0; 4];
    let sent = [b"\x01\0\0\0a", zero, b"\x01\0\0\0b"].concat();
    let (_, ended) = against(System::LengthPrefix, b"a\n\nb\n", async |mut stream| {
        let mut received = Vec::new();
        stream.read_to_end(&mut received).await.unwrap();
        assert_eq!(received, sent);
    })
    .await;
    ended.unwrap();
}

/// Another server than ours.
#[tokio::test]
async fn a_reply_of_another_length_is_printed_as_it_comes() {
    for (reply, expected) in [("hi", "hi\n"), ("HELLO!", "HELLO\n!\n"), ("粘", "粘\n")] {
        let (out, ended) = against(System::TcpEcho, b"hello\n", async |mut stream| {
            let mut buffer = [0; 16];
            assert_eq!(stream.read(&mut buffer).await.unwrap(), 5);
            stream.write_all(reply.as_bytes()).await.unwrap();
            // The client has not left when it has printed.
            tokio::time::sleep(Duration::from_millis(400)).await;
            stream.shutdown().await.unwrap();
            let _ = stream.read(&mut buffer).await;
        })
        .await;
        assert_eq!(out, expected);
        assert!(ended.is_err(), "{reply}");
    }
}

#[tokio::test]
async fn a_refusal_is_an_error() {
    check(
        System::Auth,
        b"wrong",
        b"hello\n",
        "",
        "refused: the server closed",
    )
    .await;
    check(
        System::Auth,
        b"wrong",
        b"",
        "",
        "refused: the server closed",
    )
    .await;
    let long = [b'x'; 101];
    check(System::Auth, KEY, &long, "", "refused: the server closed").await;
    check(System::ReadyAck, KEY, &long, "", "1 message unfinished").await;
    check(
        System::LengthPrefix,
        KEY,
        &long,
        "",
        "closed the connection first",
    )
    .await;
}

#[tokio::test]
async fn nobody_there_is_one_line_with_what_to_do() {
    let nobody = tokio::net::TcpSocket::new_v4().unwrap();
    nobody.bind(ANY.parse().unwrap()).unwrap();
    let address = nobody.local_addr().unwrap();
    let (_, ended) = talk(System::TcpEcho, address, Agreed::default(), b"hello\n").await;
    let line = ended.unwrap_err().to_string();
    assert!(
        line.contains(&format!("nobody listens on tcp {address}")),
        "{line}"
    );
    assert!(line.contains("stickylab server tcp-echo"), "{line}");
}

/// Runs a client against a peer written by hand.
async fn against<Peer>(
    system: System,
    input: &[u8],
    peer: impl FnOnce(TcpStream) -> Peer,
) -> (String, Result<(), Failure>)
where
    Peer: Future<Output = ()>,
{
    let listener = TcpListener::bind(ANY).await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = async {
        let (stream, _) = listener.accept().await.unwrap();
        peer(stream).await;
    };
    tokio::join!(talk(system, address, Agreed::default(), input), serving).0
}

#[tokio::test]
async fn a_reply_in_pieces_is_one_reply() {
    let (out, ended) = against(System::TcpEcho, b"hello\nyou\n", async |mut stream| {
        let mut buffer = [0; 16];
        assert_eq!(stream.read(&mut buffer).await.unwrap(), 5);
        for piece in [&b"H"[..], b"EL", b"LO"] {
            stream.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        assert_eq!(stream.read(&mut buffer).await.unwrap(), 3);
        stream.write_all(b"YOU").await.unwrap();
        assert_eq!(stream.read(&mut buffer).await.unwrap(), 0);
    })
    .await;
    assert_eq!(out, "HELLO\nYOU\n");
    ended.unwrap();
}

#[tokio::test]
async fn a_server_that_leaves_after_one_message_is_no_refusal_unless_there_are_more() {
    for (input, closed_early) in [(&b"hello\n"[..], false), (b"hello\nyou\n", true)] {
        let (_, ended) = against(System::ReadyAck, input, async |mut stream| {
            let mut buffer = [0; 16];
            assert_eq!(stream.read(&mut buffer).await.unwrap(), 1);
            stream.write_all(b"ready").await.unwrap();
            stream.read_exact(&mut buffer[..5]).await.unwrap();
            assert_eq!(&buffer[..5], b"hello");
            stream.shutdown().await.unwrap();
            // Stays until the client has noticed.
            let _ = stream.read(&mut buffer).await;
        })
        .await;
        match ended {
            Ok(()) => assert!(!closed_early),
            // The next length may have been on its way already.
            Err(Failure::ClosedEarly(_) | Failure::Protocol(_)) => assert!(closed_early),
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn an_echo_of_much_does_not_lock_up() {
    let mut input = vec![b'a'; 16 << 20];
    input.push(b'\n');
    let (out, ended) = against(System::TcpEcho, &input, async |mut stream| {
        let (mut reading, mut writing) = stream.split();
        tokio::io::copy(&mut reading, &mut writing).await.unwrap();
    })
    .await;
    ended.unwrap();
    assert_eq!(out.len(), input.len());
}

#[tokio::test]
async fn a_lost_datagram_is_not_waited_for_forever() {
    let deaf = UdpSocket::bind(ANY).await.unwrap();
    let address = deaf.local_addr().unwrap();
    let (out, ended) = talk(System::UdpEcho, address, Agreed::default(), b"hello\n").await;
    assert_eq!(out, "");
    assert!(matches!(ended, Err(Failure::Lost(1))), "{ended:?}");
}
