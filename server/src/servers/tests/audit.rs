//! A server's decisions, as its auditor receives them.

use std::sync::{Mutex, PoisonError};

use trace::Reason;

use super::*;
use crate::net::{Audit, Auditor, Decision};

/// Takes down what was decided: `None` for an authenticated client.
#[derive(Clone, Debug, Default)]
struct Book(Arc<Mutex<Vec<Entry>>>);

type Entry = (System, SocketAddr, Option<Reason>, u64);

impl Auditor for Book {
    fn decided(&self, system: System, peer: SocketAddr, decision: Decision<'_>) {
        let entry = (system, peer, decision.reason(), decision.offset().0);
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.push(entry);
    }
}

impl Book {
    /// Waits for `count` entries.
    async fn entries(&self, count: usize) -> Vec<Entry> {
        soon(async {
            loop {
                let entries = self.0.lock().unwrap().clone();
                if entries.len() >= count {
                    return entries;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    }
}

/// The system refuses a client that sends `bytes` and then nothing more.
async fn check(system: System, bytes: &[u8], expected: (Reason, u64)) {
    let book = Book::default();
    let options = Options {
        audit: Audit::to(book.clone()),
        ..Options::default()
    };
    let running = Running::start(system, &options);
    let mut client = running.connect().await;
    let peer = client.local_addr().unwrap();
    client.write_all(bytes).await.unwrap();
    client.shutdown().await.unwrap();
    let (reason, offset) = expected;
    let expected = [(system, peer, Some(reason), offset)];
    assert_eq!(book.entries(1).await, expected, "{bytes:?}");
    running.end().await;
}

#[tokio::test]
async fn refusals_are_told_with_their_reason_and_place() {
    check(System::Auth, &[0; 16], (Reason::WrongAnswer, 0)).await;
    check(System::Auth, &[0; 3], (Reason::NoAnswer, 3)).await;
    let negative = b"\x02\0\0\0ok\xff\xff\xff\xff";
    check(System::LengthPrefix, negative, (Reason::BadFrame, 6)).await;
    check(System::ReadyAck, b"-1", (Reason::BadFrame, 0)).await;
}

#[tokio::test]
async fn who_proved_itself_and_who_found_no_place_is_told() {
    let book = Book::default();
    let options = Options {
        audit: Audit::to(book.clone()),
        limits: Capacity {
            per_source: 1,
            ..Capacity::CONNECTIONS
        },
        ..Options::default()
    };
    let running = Running::start(System::Auth, &options);
    let mut first = running.connect().await;
    let mut challenge = [0; 32];
    soon(first.read_exact(&mut challenge)).await.unwrap();
    let answer = Key::default().answer(&challenge);
    first.write_all(&answer).await.unwrap();
    book.entries(1).await;
    let mut second = running.connect().await;
    expect_eof(&mut second).await;
    let (first, second) = (first.local_addr().unwrap(), second.local_addr().unwrap());
    let expected = [
        (System::Auth, first, None, 0),
        (System::Auth, second, Some(Reason::SourceFull), 0),
    ];
    assert_eq!(book.entries(2).await, expected);
    running.end().await;
}

#[tokio::test]
async fn answers_given_at_once_are_looked_at_as_often_as_is_forgiven() {
    for (scheme, length) in [(Scheme::HmacMd5, 16), (Scheme::MutualSha256, 64)] {
        let book = Book::default();
        let options = Options {
            audit: Audit::to(book.clone()),
            scheme,
            ..Options::default()
        };
        let running = Running::start(System::Auth, &options);
        let mut clients = Vec::new();
        for _ in 0..40 {
            let mut client = running.connect().await;
            soon(client.read_exact(&mut [0; 32])).await.unwrap();
            clients.push(client);
        }
        let started = Instant::now();
        for client in &mut clients {
            client.write_all(&vec![7; length]).await.unwrap();
        }
        let entries = book.entries(clients.len()).await;
        let told = |reason| {
            entries
                .iter()
                .filter(|entry| entry.2 == Some(reason))
                .count()
        };
        // One more for each wait that is over meanwhile: 100 ms, 200 ms …
        let later = (started.elapsed().as_millis() / 100 + 1).ilog2() as usize;
        let looked_at = told(Reason::WrongAnswer);
        assert!(
            (5..=5 + later).contains(&looked_at),
            "{scheme}: {looked_at}"
        );
        assert_eq!(looked_at + told(Reason::Backoff), clients.len());
        for client in &mut clients {
            expect_eof(client).await;
        }
        running.end().await;
    }
}

#[tokio::test]
async fn a_loop_that_was_broken_is_told() {
    #[derive(Clone, Debug, Default)]
    struct Loops(Arc<AtomicUsize>);
    impl Auditor for Loops {
        fn decided(&self, _: System, _: SocketAddr, decision: Decision<'_>) {
            if matches!(decision, Decision::LoopBroken) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
    let loops = Loops::default();
    let options = Options {
        audit: Audit::to(loops.clone()),
        ..Options::default()
    };
    let running = Running::start(System::UdpEcho, &options);
    let mirror = bind_udp(ANY.parse().unwrap()).unwrap();
    mirror.connect(running.address).await.unwrap();
    mirror.send(b"forged").await.unwrap();
    let mut buffer = [0; 16];
    let mut hops = 0;
    // It sends back whatever comes, until nothing comes any more.
    while loops.0.load(Ordering::Relaxed) == 0 {
        let echo = mirror.recv(&mut buffer);
        match tokio::time::timeout(Duration::from_millis(20), echo).await {
            Ok(count) => {
                hops += 1;
                mirror.send(&buffer[..count.unwrap()]).await.unwrap();
            }
            Err(_) => assert!(hops < 1_000),
        }
    }
    assert_eq!(hops, usize::from(crate::net::echoes::BUDGET) + 1);
    mirror.send(b"HELLO").await.unwrap();
    let count = soon(mirror.recv(&mut buffer)).await.unwrap();
    assert_eq!(&buffer[..count], b"HELLO");
    running.end().await;
}

#[tokio::test]
async fn a_deadline_that_passed_is_told() {
    let deadlines = protocol::peer::Deadlines {
        frame: Some(protocol::Nanos::from_millis(30)),
        ..protocol::peer::Deadlines::NONE
    };
    let book = Book::default();
    let listener = listen_tcp(ANY.parse().unwrap(), 5).unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let config = StreamConfig {
        deadlines,
        audit: Audit::to(book.clone()),
        ..length_prefix::config(&Options::default())
    };
    let serving = tokio::spawn(serve_stream(listener, config, shutdown.clone()));
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"\x05\0").await.unwrap();
    let peer = client.local_addr().unwrap();
    let expected = [(System::LengthPrefix, peer, Some(Reason::FrameTimeout), 2)];
    assert_eq!(book.entries(1).await, expected);
    expect_eof(&mut client).await;
    shutdown.cancel();
    soon(serving).await.unwrap();
}

#[tokio::test]
async fn datagrams_over_the_rate_are_told() {
    let one = std::num::NonZeroU32::MIN;
    let book = Book::default();
    let config = DatagramConfig {
        admission: crate::net::Admission::new(Capacity {
            rate: one,
            burst: one,
            ..Capacity::DATAGRAMS
        }),
        audit: Audit::to(book.clone()),
        ..udp_echo::config(&Options::default())
    };
    let socket = bind_udp(ANY.parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let serving = tokio::spawn(serve_datagrams(socket, config, shutdown.clone()));
    let client = bind_udp(ANY.parse().unwrap()).unwrap();
    for _ in 0..2 {
        client.send_to(b"hi", address).await.unwrap();
    }
    let peer = client.local_addr().unwrap();
    let expected = [(System::UdpEcho, peer, Some(Reason::TooFast), 0)];
    assert_eq!(book.entries(1).await, expected);
    shutdown.cancel();
    soon(serving).await.unwrap();
}
