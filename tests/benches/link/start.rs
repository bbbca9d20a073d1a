//! How long the process of a run takes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::{run, stickylab};

/// Started so often in a round.
const TIMES: usize = 20;
/// How long one waits for its request, as the gateway's does.
const WAIT: Duration = Duration::from_millis(100);

/// From the start to the run's first line, and from the first request to it where the
/// process was there already: medians, in milliseconds.
pub(crate) fn measure() -> [(&'static str, f64); 2] {
    let request = request();
    let cold = (0..TIMES).map(|_| first_line(&request, None)).collect();
    let warm = (0..TIMES)
        .map(|_| first_line(&request, Some(WAIT)))
        .collect();
    [("start-new", median(cold)), ("start-waiting", median(warm))]
}

fn median(mut took: Vec<f64>) -> f64 {
    took.sort_by(f64::total_cmp);
    took[took.len() / 2]
}

/// The request for a lesson's run.
fn request() -> String {
    let finished = run(stickylab(&["run", "--json", "five-sends"]), b"");
    let head: Value = serde_json::from_str(&finished.out[0]).expect("a trace's first line");
    json!({"type": "run", "run": 1, "experiment": head["experiment"]}).to_string() + "\n"
}

fn first_line(request: &str, wait: Option<Duration>) -> f64 {
    let mut command = stickylab(&["lab-worker", "--background"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut begun = Instant::now();
    let mut child = command.spawn().expect("it starts");
    let mut input = child.stdin.take().expect("a pipe");
    if let Some(wait) = wait {
        thread::sleep(wait);
        begun = Instant::now();
    }
    input.write_all(request.as_bytes()).expect("it reads");
    let mut line = String::new();
    let out = child.stdout.take().expect("a pipe");
    BufReader::new(out).read_line(&mut line).expect("a line");
    let took = begun.elapsed();
    assert!(line.contains("\"type\":\"run\""), "{line}");
    drop(input);
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    took.as_secs_f64() * 1_000.0
}
