//! One server under mixed load for a while: whether it grows. Looks at the
//! process from outside once a second, and prints what it saw as JSON.

mod clients;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::observe::{Observed, observe, settled};
use crate::programs;
use clients::Done;

const LOOK: Duration = Duration::from_secs(1);
/// How long the server may take to become idle again. Its own patience with
/// peers that vanished is below that.
const REST: Duration = Duration::from_secs(90);
/// How often a line tells how far it is.
const TELL: usize = 15;

/// Loads a server for `time`.
pub(crate) fn run(time: Duration) {
    programs::allow_descriptors();
    let echo = programs::echo();
    let servers = programs::serve(&[&format!("--bridge=echo=tcp:{}", echo.address)]);
    let id = servers.running.id();
    // Threads and tables that come with the first use stay: they are no growth.
    let warm = CancellationToken::new();
    let counts = Arc::new(Done::default());
    let first = clients::start(&servers, &counts, &warm);
    thread::sleep(Duration::from_secs(3));
    warm.cancel();
    first.join().expect("clients end");
    let idle = rest(id, None);

    let stop = CancellationToken::new();
    let counts = Arc::new(Done::default());
    let load = clients::start(&servers, &counts, &stop);
    let start = Instant::now();
    let mut samples = Vec::new();
    while start.elapsed() < time {
        thread::sleep(LOOK);
        let now = observe(id);
        samples.push(now);
        if samples.len() % TELL == 1 {
            eprintln!(
                "{:>4} s: {:>6} KiB resident, {:>4} descriptors, {:>3} threads; {counts}",
                start.elapsed().as_secs(),
                now.resident,
                now.descriptors,
                now.threads,
            );
        }
    }
    stop.cancel();
    load.join().expect("clients end");
    let end = rest(id, Some(idle));
    let row = |seen: &Observed| [seen.resident, seen.descriptors, seen.threads];
    println!(
        "{}",
        json!({
            "seconds": start.elapsed().as_secs(),
            "idle": row(&idle),
            "samples": samples.iter().map(row).collect::<Vec<_>>(),
            "end": row(&end),
            "done": counts.all().map(|(what, count)| {
                json!([what, count.load(Ordering::Relaxed)])
            }),
        })
    );
}

/// Looks until the process has come to rest: with as few descriptors and
/// threads as `idle`, or, without one, until it changes no more.
fn rest(id: u32, idle: Option<Observed>) -> Observed {
    let deadline = Instant::now() + REST;
    loop {
        let now = settled(id);
        let rests = if let Some(idle) = idle {
            now.descriptors <= idle.descriptors && now.threads <= idle.threads
        } else {
            // Threads of the runtime's pool leave after ten seconds without work.
            thread::sleep(Duration::from_secs(12));
            observe(id) == now
        };
        if rests || Instant::now() >= deadline {
            return now;
        }
    }
}
