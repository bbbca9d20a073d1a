//! What a server derives from the number of file descriptors it may have.

use rustix::process::Signal;
use tests::{Program, http, stickylab};

/// `stickylab` with `arguments`, within what `ulimit` with `limits` says.
fn limited(limits: &str, arguments: &[&str]) -> Program {
    Program::start(&mut tests::limited(limits, &stickylab(arguments)))
}

/// The line about it has all of `parts`; gives what else the program logged.
fn check(limits: &str, arguments: &[&str], parts: &[&str]) -> Vec<String> {
    let program = limited(limits, arguments);
    let listens = |line: &str| line.starts_with("listening ");
    program.out.wait_for("it listens", listens);
    let finished = program.stop(Signal::TERM);
    let about = |line: &&String| line.contains(" file descriptors: at most ");
    let line = finished.err.iter().find(about).expect("a line about it");
    for part in parts {
        assert!(line.contains(part), "{part} in {line}");
    }
    finished.complaints().into_iter().cloned().collect()
}

const SERVER: [&str; 4] = ["server", "auth", "--listen", "127.0.0.1:0"];
const SERVE: [&str; 13] = [
    "serve",
    "--page",
    "127.0.0.1:0",
    "--udp-echo",
    "127.0.0.1:0",
    "--tcp-echo",
    "127.0.0.1:0",
    "--ready-ack",
    "127.0.0.1:0",
    "--length-prefix",
    "127.0.0.1:0",
    "--auth",
    "127.0.0.1:0",
];

#[test]
fn the_soft_limit_is_raised_and_the_rest_derived() {
    // The soft limit is no limit.
    let raised = [
        "1024 file descriptors: at most 974 connections",
        "243 of one source",
    ];
    assert_eq!(
        check("-Sn 100 && ulimit -Hn 1024", &SERVER, &raised),
        [""; 0]
    );
    let few = [
        "64 file descriptors: at most 28 connections",
        " 7 of one source",
    ];
    assert_eq!(check("-n 64", &SERVER, &few), [""; 0]);
    let page = [
        "1024 file descriptors: at most 958 connections",
        "239 of one source; 256 lab sessions, 8 runs at a time; 16 more connections for /healthz",
    ];
    let many_runs = [&SERVE[..], &["--max-runs=8"]].concat();
    assert_eq!(check("-n 1024", &many_runs, &page), [""; 0]);
    let few = ["64 file descriptors: at most 14 connections"];
    let said = check("-n 64", &many_runs, &few);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("--max-runs 8 is more than"), "{said:?}");
    assert!(said[0].contains("at most 7 runs at a time"), "{said:?}");
    let all = [
        "file descriptors: at most ",
        " of one source; 256 lab sessions",
    ];
    assert_eq!(check("-Sn 128", &SERVE, &all), [""; 0]);
}

#[test]
fn a_flag_that_promises_more_than_there_is_is_told() {
    let arguments = [
        &SERVER[..],
        &["--max-connections=5000", "--max-per-source=30"],
    ]
    .concat();
    let said = check("-n 64", &arguments, &["64 file descriptors"]);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].contains("--max-connections 5000 is more than there are file descriptors for"));
    assert!(said[1].contains("--max-per-source 30 is more than"));
}

#[test]
fn with_64_descriptors_the_page_is_served_and_nobody_runs_into_the_limit() {
    let program = limited("-n 64", &SERVE);
    let start = "listening page tcp ";
    let line = program.out.wait_for(start, |line| line.starts_with(start));
    let page = line[start.len()..].parse().expect("an address");
    let idle: Vec<_> = (0..100)
        .map(|_| std::net::TcpStream::connect(page).expect("the kernel takes it"))
        .collect();
    // Its source has all the places it may have, and still:
    for path in ["/healthz", "/readyz", "/metrics"] {
        let reply = tests::eventually(path, || {
            let reply = http::try_get(page, path)?;
            (reply.status == 200).then_some(reply)
        });
        drop(reply);
    }
    drop(idle);
    let finished = program.stop(Signal::TERM);
    let accept = finished.err.iter().find(|line| line.contains("accept:"));
    assert_eq!(accept, None);
}
