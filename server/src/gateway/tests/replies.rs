//! Replies that are read late, or never.

use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use tokio::net::TcpSocket;
use tokio_util::task::TaskTracker;

use super::*;
use crate::gateway::connections::{self, Door};
use crate::gateway::unread::Bounds;

/// More than the kernel takes of a reply that nobody reads.
const LARGE: usize = 8 * 1024 * 1024;
/// What it takes at once.
const SMALL: usize = 100 * 1024;

/// Serves `/large` and `/small`; ends with its test.
struct Replying {
    address: SocketAddr,
    state: State,
    shutdown: CancellationToken,
}

impl Replying {
    async fn start(limits: Allowance) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Shared::new(Config::default(), CancellationToken::new()).unwrap();
        let state = State(Arc::new(shared));
        let body = |size: usize| Bytes::from(pattern(size));
        let (large, small) = (body(LARGE), body(SMALL));
        let router = Router::new()
            .route("/large", get(move || async move { large }))
            .route("/small", get(move || async move { small }));
        let door = Door {
            name: "page",
            listener: listener.into(),
            reserve: router.clone(),
            kept: state.operators,
            router,
            checks_host: true,
        };
        let (serving, shutdown) = (state.clone(), state.shutdown.clone());
        tokio::spawn(async move {
            connections::serve(door, serving, limits, &TaskTracker::new()).await;
        });
        Self {
            address,
            state,
            shutdown,
        }
    }

    /// Asks for `paths` at once, from a socket with little room.
    async fn ask(&self, paths: &[&str], headers: &str) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let mut stream = socket.connect(self.address).await.unwrap();
        let mut requests = String::new();
        for path in paths {
            let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
            requests += &request;
        }
        stream.write_all(requests.as_bytes()).await.unwrap();
        stream
    }

    fn given_up(&self) -> usize {
        let text = self.state.metrics.text().unwrap();
        let name = "stickylab_refusals_total{reason=\"Unread\"} ";
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.map_or(0, |count| count.parse().unwrap())
    }

    async fn until_given_up(&self, count: usize) {
        soon(async {
            while self.given_up() != count {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

impl Drop for Replying {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

fn impatient() -> Allowance {
    Allowance {
        unread: Bounds::within(Duration::from_millis(300)),
        ..Allowance::default()
    }
}

#[tokio::test]
async fn who_reads_nothing_is_reset() {
    let gateway = Replying::start(impatient()).await;
    let mut silent = gateway.ask(&["/large"], "").await;
    gateway.until_given_up(1).await;
    let error = soon(silent.read_to_end(&mut Vec::new())).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    // Also when HTTP is over, and the kernel holds all of the reply.
    let mut silent = gateway.ask(&["/small"], "Connection: close\r\n").await;
    gateway.until_given_up(2).await;
    let error = soon(silent.read_to_end(&mut Vec::new())).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn who_reads_late_has_everything() {
    let limits = Allowance {
        head: Duration::from_millis(50),
        ..Allowance::default()
    };
    let gateway = Replying::start(limits).await;
    for headers in ["", "Connection: close\r\n"] {
        let mut late = gateway.ask(&["/small"], headers).await;
        // HTTP is over: the head of a second request did not come in time.
        tokio::time::sleep(limits.head * 4).await;
        let mut got = Vec::new();
        soon(late.read_to_end(&mut got)).await.unwrap();
        assert!(got.ends_with(&pattern(SMALL)), "{} bytes", got.len());
    }
    assert_eq!(gateway.given_up(), 0);
}

#[tokio::test]
async fn a_source_over_its_bound_goes_on_when_it_has_read() {
    let bounds = Bounds {
        per_source: 64 * 1024,
        hurried: Duration::from_secs(20),
        ..Bounds::default()
    };
    let limits = Allowance {
        unread: bounds,
        ..Allowance::default()
    };
    let gateway = Replying::start(limits).await;
    let close = "Connection: close\r\n";
    let mut first = gateway.ask(&["/large"], close).await;
    let mut second = gateway.ask(&["/large"], close).await;
    let (mut one, mut other) = (Vec::new(), Vec::new());
    let both =
        async { tokio::try_join!(first.read_to_end(&mut one), second.read_to_end(&mut other)) };
    soon(both).await.unwrap();
    for got in [one, other] {
        assert!(got.ends_with(&pattern(LARGE)), "{} bytes", got.len());
    }
    assert_eq!(gateway.given_up(), 0);
}

#[tokio::test]
async fn an_operators_place_is_free_again_whoever_reads_nothing() {
    let limits = Allowance {
        admission: admission::Capacity {
            connections: 1,
            ..admission::Capacity::CONNECTIONS
        },
        ..Allowance::default()
    };
    let gateway = Replying::start(limits).await;
    let _only = TcpStream::connect(gateway.address).await.unwrap();
    // All kept places of one source, by peers whose receive window is closed.
    let kept = gateway.state.operators.div_ceil(4);
    let mut silent = Vec::new();
    for _ in 0..kept {
        silent.push(gateway.ask(&["/small"], "").await);
    }
    // Longer than this test: a peer may read nothing for 30 s elsewhere.
    gateway.until_given_up(kept).await;
    let mut operator = gateway.ask(&["/small"], "").await;
    let mut got = Vec::new();
    soon(operator.read_to_end(&mut got)).await.unwrap();
    assert!(got.ends_with(&pattern(SMALL)), "{} bytes", got.len());
}

#[tokio::test]
async fn requests_sent_at_once_are_answered_in_turn() {
    let gateway = Replying::start(Allowance::default()).await;
    let paths = [["/small"; 20], ["/large"; 20]].concat();
    let mut stream = gateway.ask(&paths[..22], "").await;
    let mut got = vec![0; 20 * SMALL + 2 * LARGE];
    soon(stream.read_exact(&mut got)).await.unwrap();
    assert_eq!(gateway.given_up(), 0);
}
