//! What watching costs: the same echo server with a plain listener, with a
//! tapped one and a client nobody registered, with a watched client, and with
//! one whose packets are captured too; in turn, within one run, on one processor.

use std::hint::black_box;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, SocketAddrV4, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_getcpu, sched_setaffinity};
use socket2::{Domain, Socket, Type};
use stickylab::net::{Recorder, listen_tcp};
use stickylab::servers::{Options, serve_stream, tcp_echo};
use tokio::sync::mpsc::unbounded_channel;
use tokio_util::sync::CancellationToken;
use trace::ClientId;

const ROUNDS: usize = 11;
const TRIPS: usize = 2_000;
/// Bytes there and back to measure the throughput.
const STREAM: usize = 16 << 20;
/// How often events and packets are taken away, as the lab does.
const TICK: Duration = Duration::from_millis(2);
const NAMES: [&str; 4] = ["plain", "unwatched", "watched", "captured"];

fn main() {
    pin();
    let plain = Server::start(false);
    let tapped = Server::start(true);
    let mut measured = Vec::new();
    let sizes = [64, 1024];
    println!("median of {ROUNDS} rounds in turn, on one processor; ratios to a plain listener");
    for _ in 0..ROUNDS {
        let round = [0, 1, 2, 3].map(|kind| {
            let server = if kind == 0 { &plain } else { &tapped };
            let trips = sizes.map(|size| {
                let (mut stream, _capture) = server.connect(kind);
                round_trips(&mut stream, size)
            });
            let (stream, _capture) = server.connect(kind);
            [trips[0], trips[1], throughput(stream)]
        });
        measured.push(round);
    }
    let of = |kind: usize, what: usize| median(measured.iter().map(|round| round[kind][what]));
    for (kind, name) in NAMES.iter().enumerate() {
        let trip = |what| {
            let trips = f64::from(u16::try_from(TRIPS).expect("few trips"));
            let (time, plain) = (of(kind, what), of(0, what));
            let micros = time.as_secs_f64() * 1e6 / trips;
            let size = sizes[what];
            let ratio = time.as_secs_f64() / plain.as_secs_f64();
            format!("{size} B {micros:>5.1} µs {ratio:.2}")
        };
        let (time, plain) = (of(kind, 2), of(0, 2));
        let rate = f64::from(u32::try_from(STREAM >> 20).expect("few MiB")) / time.as_secs_f64();
        println!(
            "{name:>10}: round trips {}, {}; echo {rate:>5.0} MiB/s {:.2}",
            trip(0),
            trip(1),
            plain.as_secs_f64() / time.as_secs_f64(),
        );
    }
}

/// Keeps all threads on one processor: else what is measured is how long the
/// scheduler takes to wake another one, which differs from run to run.
fn pin() {
    let mut here = CpuSet::new();
    here.set(sched_getcpu());
    sched_setaffinity(None, &here).expect("a thread may narrow its own set");
}

/// A server on a thread of its own; it ends with the program.
struct Server {
    address: SocketAddr,
    recorder: Recorder,
}

impl Server {
    fn start(tapped: bool) -> Self {
        let (sink, mut events) = unbounded_channel();
        let recorder = Recorder::new(Instant::now(), sink);
        let recording = recorder.clone();
        let (ready, address) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime starts");
            runtime.block_on(async {
                let any = SocketAddr::from(([127, 0, 0, 1], 0));
                let listener = listen_tcp(any, 5).expect("a port is free");
                let address = listener.local_addr().expect("it has an address");
                ready.send(address).expect("somebody waits for it");
                let config = tcp_echo::config(&Options::default());
                let never = CancellationToken::new();
                if tapped {
                    serve_stream(recording.tap_listener(listener), config, never).await;
                } else {
                    serve_stream(listener, config, never).await;
                }
            });
        });
        thread::spawn(move || {
            loop {
                while let Ok(event) = events.try_recv() {
                    black_box(event);
                }
                thread::sleep(TICK);
            }
        });
        Self {
            address: address.recv().expect("it listens"),
            recorder,
        }
    }

    /// A connection, watched from `kind` 2 on and captured from 3 on.
    fn connect(&self, kind: usize) -> (TcpStream, Option<Capture>) {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        socket.bind(&any.into()).expect("a port is free");
        socket.set_tcp_nodelay(true).expect("a TCP option");
        let own = socket.local_addr().expect("it is bound").as_socket();
        let own = own.expect("an internet address");
        if kind >= 2 {
            self.recorder.register(own, ClientId::FIRST.acceptor());
        }
        let capture = (kind >= 3).then(|| Capture::start(v4(self.address), v4(own)));
        let server = self.address.into();
        socket.connect(&server).expect("the server listens");
        (socket.into(), capture)
    }
}

fn v4(address: SocketAddr) -> SocketAddrV4 {
    match address {
        SocketAddr::V4(address) => address,
        SocketAddr::V6(_) => unreachable!("all of this is on 127.0.0.1"),
    }
}

/// A capture that is read on a thread of its own until it is dropped.
struct Capture(Arc<AtomicBool>);

impl Capture {
    fn start(server: SocketAddrV4, client: SocketAddrV4) -> Self {
        let filter = kernel::Filter {
            protocol: kernel::Protocol::Tcp,
            server: server.into(),
            clients: vec![client.into()],
        };
        let over = Arc::new(AtomicBool::new(false));
        match kernel::Capture::open(&filter) {
            Err(error) => eprintln!("not captured: {error:?}"),
            Ok(mut capture) => {
                let over = Arc::clone(&over);
                thread::spawn(move || {
                    while !over.load(Ordering::Relaxed) {
                        let copy = |frame: kernel::Frame<'_>| drop(black_box(frame.bytes.to_vec()));
                        capture.take(copy).expect("it goes on");
                        thread::sleep(TICK);
                    }
                });
            }
        }
        Self(over)
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn round_trips(stream: &mut TcpStream, size: usize) -> Duration {
    let message = vec![b'x'; size];
    let mut reply = vec![0; size];
    let start = Instant::now();
    for _ in 0..TRIPS {
        stream.write_all(&message).expect("the server reads");
        stream.read_exact(&mut reply).expect("the server replies");
    }
    start.elapsed()
}

/// How long the bytes take there and back, written and read at the same time.
fn throughput(mut stream: TcpStream) -> Duration {
    let mut writing = stream.try_clone().expect("a descriptor is free");
    let start = Instant::now();
    let writer = thread::spawn(move || {
        let bytes = vec![b'x'; 64 << 10];
        for _ in 0..STREAM / bytes.len() {
            writing.write_all(&bytes).expect("the server reads");
        }
    });
    let mut room = vec![0; 64 << 10];
    let mut left = STREAM;
    while left > 0 {
        left -= stream.read(&mut room).expect("the server replies");
    }
    writer.join().expect("all was written");
    start.elapsed()
}

fn median(times: impl Iterator<Item = Duration>) -> Duration {
    let mut times: Vec<_> = times.collect();
    times.sort_unstable();
    times[times.len() / 2]
}
