//! Standard output and standard error that nobody reads.

use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tests::hmac::{KEY, hmac_md5};
use tests::{Datagrams, Finished, Serve, Server, Stream, eventually, http};

/// Bytes that an escape makes four times as many.
fn long() -> Vec<u8> {
    let body = vec![0xff; 60_000];
    [&60_000_u32.to_le_bytes()[..], &body].concat()
}

/// Everybody is served.
fn check_served(serve: &Serve) {
    let client = Datagrams::to(serve.system("udp-echo"));
    client.send(b"a");
    assert_eq!(client.receive(), b"A");
    let mut client = Stream::connect(serve.system("tcp-echo"));
    client.send(b"a");
    client.expect(b"A");
    let mut client = Stream::connect(serve.system("auth"));
    let challenge = client.take(32);
    client.send(&hmac_md5(KEY, &challenge));
    client.send(b"\x01\0\0\0a");
    client.expect(b"A");
    let mut client = Stream::connect(serve.system("ready-ack"));
    client.send(b"1\n");
    client.expect(b"ready");
    assert_eq!(http::get(serve.page, "/healthz", &[]).text(), "alive\n");
}

#[test]
fn a_full_standard_output_stops_no_listener_and_no_signal() {
    let serve = Serve::start(&[]);
    serve.program.out.pause();
    let mut sender = Stream::connect(serve.system("length-prefix"));
    let message = long();
    for _ in 0..100 {
        sender.send(&message);
    }
    // More than the queue holds: the rest is counted.
    let dropped = "stickylab_output_lines_dropped_total{stream=\"stdout\"} ";
    eventually("lines are dropped", || {
        let text = http::get(serve.page, "/metrics", &[]).text();
        let line = text.lines().find_map(|line| line.strip_prefix(dropped))?;
        (line != "0").then_some(())
    });
    check_served(&serve);
    serve.program.out.resume();
    let said =
        |line: &str| line.starts_with("dropped ") && line.contains(" lines: standard output");
    serve.program.out.wait_for("how many were dropped", said);
    // Still in order, and served as before.
    check_served(&serve);
    serve.program.out.pause();
    for _ in 0..100 {
        sender.send(&message);
    }
    let finished = serve.program.stop(Signal::TERM);
    let listening = finished.out.iter().take(6);
    assert!(
        listening
            .into_iter()
            .all(|line| line.starts_with("listening ")),
        "{:?}",
        &finished.out[..6]
    );
}

#[test]
fn a_signal_ends_a_server_whose_output_is_blocked() {
    for json in [&[][..], &["--json"]] {
        let server = Server::start("length-prefix", json);
        server.program.out.pause();
        let mut sender = server.connect();
        for _ in 0..10 {
            sender.send(&long());
        }
        // All are received: nothing of the sender waits any more.
        let mut other = server.connect();
        other.send(b"\xff\xff\xff\xff");
        assert_eq!(other.rest_or_reset().0, b"");
        server.stop();
    }
}

#[test]
fn a_full_standard_error_stops_no_listener_and_no_signal() {
    let serve = Serve::at("127.0.0.1:0", &[("RUST_LOG", "trace")], &[]);
    serve.program.err.pause();
    for _ in 0..250 {
        check_served(&serve);
    }
    // Far more waits than the pipe holds, which are 64 KiB.
    serve.program.err.resume();
    eventually("what waits is written", || {
        let bytes: usize = serve.program.err.all().iter().map(String::len).sum();
        (bytes > 100_000).then_some(())
    });
    serve.program.err.pause();
    for _ in 0..100 {
        check_served(&serve);
    }
    serve.program.stop(Signal::TERM);
}

#[test]
fn a_long_message_is_printed_in_part_with_its_length() {
    let server = Server::start("length-prefix", &[]);
    let mut client = server.connect();
    client.send(&long());
    let end = r"\xFF\... 60000 bytes in all";
    let line = server
        .program
        .out
        .wait_for("the message", |line| line.ends_with(end));
    assert!(line.len() < 70_000, "{}", line.len());
    let server = Server::start("length-prefix", &["--json"]);
    let mut client = server.connect();
    client.send(&long());
    let line = server
        .program
        .out
        .wait_for("the message", |line| line.starts_with('{'));
    let message: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(message["length"], 60_000);
    assert_eq!(message["bytes"].as_str().map(str::len), Some(2 * 16 * 1024));
}

/// Messages of one sender, far more than the queue of the output holds.
const MESSAGES: usize = 200;
/// A reader that takes nothing for so long holds back no sender.
const STUCK: Duration = Duration::from_secs(1);

/// What a server prints of [`MESSAGES`] messages for a reader that stops now and
/// then.
fn printed_for_a_slow_reader() -> Finished {
    let server = Server::start("length-prefix", &[]);
    server.program.out.pause();
    let mut sender = server.connect();
    let message = long();
    let writing = thread::spawn(move || {
        for _ in 0..MESSAGES {
            sender.send(&message);
        }
        sender
    });
    let printed = || count_messages(&server.program.out.all());
    let is_over =
        || printed() == MESSAGES || server.program.out.all().iter().any(|line| is_loss(line));
    for _ in 0..20 {
        server.program.out.resume();
        let before = printed();
        eventually("some are read", || {
            (printed() > before || is_over()).then_some(())
        });
        server.program.out.pause();
    }
    server.program.out.resume();
    eventually("all are read", || is_over().then_some(()));
    drop(writing.join().expect("all are sent"));
    server.stop()
}

fn count_messages(lines: &[String]) -> usize {
    let lines = lines.iter();
    lines.filter(|line| line.starts_with("message ")).count()
}

fn is_loss(line: &str) -> bool {
    line.starts_with("dropped ")
}

/// A loaded machine may stop the reader, or the thread that writes to it, for
/// [`STUCK`]: then lines are dropped rightly, and it is tried again.
#[test]
fn a_reader_that_is_merely_slow_loses_nothing() {
    for attempt in 1.. {
        let since = Instant::now();
        let finished = printed_for_a_slow_reader();
        if !finished.out.iter().any(|line| is_loss(line)) {
            assert_eq!(count_messages(&finished.out), MESSAGES);
            return;
        }
        let took = since.elapsed();
        assert!(
            took >= STUCK && attempt < 5,
            "attempt {attempt}, which took {took:?}, has lost lines"
        );
    }
}
