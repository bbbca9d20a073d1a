//! The command line: help, mistakes, signals, and runs without a browser.

#[path = "cli/addresses.rs"]
mod addresses;
#[path = "wireshark/capture.rs"]
mod capture;
#[path = "cli/captures.rs"]
mod captures;
#[path = "cli/cases.rs"]
mod cases;
#[path = "cli/descriptors.rs"]
mod descriptors;
#[path = "cli/duel.rs"]
mod duel;
#[path = "cli/foreign.rs"]
mod foreign;
#[path = "cli/guess.rs"]
mod guess;
#[path = "cli/handshakes.rs"]
mod handshakes;
#[path = "cli/help.rs"]
mod help;
#[cfg(target_os = "linux")]
#[path = "cli/links.rs"]
mod links;
#[path = "cli/messages.rs"]
mod messages;
#[cfg(target_os = "linux")]
#[path = "cli/networks.rs"]
mod networks;
#[path = "cli/observed.rs"]
mod observed;
#[path = "cli/outputs.rs"]
mod outputs;
#[path = "cli/packing.rs"]
mod packing;
#[path = "cli/peers.rs"]
mod peers;
#[path = "cli/prose.rs"]
mod prose;
#[path = "cli/runs.rs"]
mod runs;
#[path = "cli/show.rs"]
mod show;
#[path = "cli/signals.rs"]
mod signals;
#[path = "cli/streams.rs"]
mod streams;
#[path = "cli/terminal.rs"]
mod terminal;
#[path = "cli/times.rs"]
mod times;

use tests::{Finished, run, stickylab};

/// Runs `stickylab` with `arguments` to its end.
fn call(arguments: &[&str]) -> Finished {
    run(stickylab(arguments), b"")
}

/// A command that cannot be followed: exit code 1, nothing on standard
/// output, and one line that has all of `parts` in it.
fn check_error(arguments: &[&str], parts: &[&str]) {
    let finished = call(arguments);
    assert_eq!(finished.code, Some(1), "{arguments:?}: {finished:?}");
    assert!(finished.out.is_empty(), "{finished:?}");
    let [line] = &finished.err[..] else {
        panic!("one line: {finished:?}");
    };
    for part in parts {
        assert!(line.contains(part), "{part:?} in {line}");
    }
}

/// A command line that is none: exit code 2, and the first line says why.
fn check_usage(arguments: &[&str], part: &str) {
    let finished = call(arguments);
    assert_eq!(finished.code, Some(2), "{arguments:?}: {finished:?}");
    assert!(finished.out.is_empty(), "{finished:?}");
    assert!(finished.err[0].contains(part), "{part:?} in {finished:?}");
}
