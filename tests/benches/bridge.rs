//! What the bridge costs: round trips through `/bridge/tcp-echo` beside the
//! same round trips over a plain socket to the same server, in turn.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use tokio_tungstenite::tungstenite::Message;

const ROUNDS: usize = 7;
const TRIPS: usize = 2_000;

/// A server that ends with this program.
struct Served {
    child: Child,
    page: String,
    echo: String,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn main() {
    let served = serve();
    println!("round trips, median of {ROUNDS} rounds of {TRIPS} in turn");
    for size in [64, 1024] {
        let message = vec![b'X'; size];
        let mut direct = Vec::new();
        let mut bridged = Vec::new();
        for _ in 0..ROUNDS {
            // One after the other: tcp-echo serves one client at a time.
            direct.push(direct_trips(&served.echo, &message));
            bridged.push(bridged_trips(&served.page, &message));
        }
        let (direct, bridged) = (median(direct), median(bridged));
        println!(
            "{size:>5} B: bridge {:>6.1} µs, direct {:>6.1} µs, ratio {:.2}",
            micros(bridged),
            micros(direct),
            bridged.as_secs_f64() / direct.as_secs_f64(),
        );
    }
}

fn serve() -> Served {
    let program = std::env::var("STICKYLAB_BIN").expect("cargo xtask bench sets STICKYLAB_BIN");
    let mut command = Command::new(program);
    command.arg("serve").arg("--page=127.0.0.1:0");
    for system in ["udp-echo", "tcp-echo", "ready-ack", "length-prefix", "auth"] {
        command.arg(format!("--{system}=127.0.0.1:0"));
    }
    command.env("RUST_LOG", "error").stdout(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let out = child.stdout.take().expect("stdout is piped");
    let mut served = Served {
        child,
        page: String::new(),
        echo: String::new(),
    };
    let mut lines = BufReader::new(out).lines();
    while served.page.is_empty() || served.echo.is_empty() {
        let line = lines
            .next()
            .expect("it announces all listeners")
            .expect("lines are UTF-8");
        let words: Vec<_> = line.split(' ').collect();
        match words[..] {
            ["listening", "page", _, address] => address.clone_into(&mut served.page),
            ["listening", "tcp-echo", _, address] => address.clone_into(&mut served.echo),
            _ => {}
        }
    }
    // It prints every message: somebody has to read them.
    std::thread::spawn(move || lines.for_each(drop));
    served
}

fn direct_trips(address: &str, message: &[u8]) -> Duration {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    stream.set_nodelay(true).expect("a TCP option");
    let mut reply = vec![0; message.len()];
    let start = Instant::now();
    for _ in 0..TRIPS {
        stream.write_all(message).expect("the server reads");
        stream.read_exact(&mut reply).expect("the server replies");
    }
    start.elapsed()
}

fn bridged_trips(page: &str, message: &[u8]) -> Duration {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime starts");
    runtime.block_on(async {
        let url = format!("ws://{page}/bridge/tcp-echo");
        let (mut socket, _) = tokio_tungstenite::connect_async(url)
            .await
            .expect("the bridge answers");
        let start = Instant::now();
        for _ in 0..TRIPS {
            let sent = Message::binary(message.to_vec());
            socket.send(sent).await.expect("the bridge reads");
            let mut missing = message.len();
            while missing > 0 {
                let reply = socket.next().await.expect("open").expect("a message");
                missing -= reply.len();
            }
        }
        let taken = start.elapsed();
        socket.close(None).await.expect("it closes");
        while let Some(Ok(_)) = socket.next().await {}
        taken
    })
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6 / f64::from(u16::try_from(TRIPS).expect("few trips"))
}
