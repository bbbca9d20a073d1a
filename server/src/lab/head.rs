//! What a run's record says of itself: the program, the kernel, the clock.

use std::fs;
use std::sync::OnceLock;
use std::time::Instant;

use protocol::Nanos;
use record::{Capture, Clock, ClockName, Head, Note};

/// The head of a record whose times count from `started`.
pub fn head(started: Instant, capture: Capture) -> Head {
    // Asked once: a run should not read files while it measures.
    static BOOT: OnceLock<String> = OnceLock::new();
    Head {
        program: concat!("stickylab ", env!("CARGO_PKG_VERSION")).to_owned(),
        kernel: kernel(),
        boot: BOOT.get_or_init(|| read("random/boot_id")).clone(),
        clock: clock(started),
        capture,
        restriction: None,
        snap: None,
        added_per_call: None,
        note: Note::default(),
        note_language: None,
    }
}

/// Name and release, such as `Linux 6.18`; only the name where the kernel
/// does not tell its release through `/proc` (see proc(5)).
pub fn kernel() -> String {
    static KERNEL: OnceLock<String> = OnceLock::new();
    let ask = || match (read("ostype"), read("osrelease")) {
        (name, release) if name.is_empty() || release.is_empty() => std::env::consts::OS.to_owned(),
        (name, release) => format!("{name} {}", short(&release)),
    };
    KERNEL.get_or_init(ask).clone()
}

/// What the kernel says of itself (proc(5)); empty where it does not.
fn read(name: &str) -> String {
    let text = fs::read_to_string(format!("/proc/sys/kernel/{name}"));
    text.unwrap_or_default().trim().to_owned()
}

/// `6.18.5-1-amd64` → `6.18`.
fn short(release: &str) -> &str {
    let end = release
        .match_indices(|c: char| !c.is_ascii_digit())
        .nth(1)
        .map_or(release.len(), |(at, _)| at);
    &release[..end]
}

/// What the clock behind [`Instant`] showed at `started`; none where the system
/// does not tell.
fn clock(started: Instant) -> Option<Clock> {
    // The reading that was disturbed least.
    let readings = (0..16).filter_map(|_| {
        let before = Instant::now();
        let shown = kernel::monotonic()?;
        let between = before.elapsed();
        let since = before.saturating_duration_since(started) + between / 2;
        Some((between, shown.saturating_sub(since)))
    });
    let (_, zero) = readings.min()?;
    Some(Clock {
        name: ClockName::Monotonic,
        zero: Nanos::from(zero).0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_shortened() {
        assert_eq!(short("6.18.5-1-amd64"), "6.18");
        assert_eq!(short("6.6-generic"), "6.6");
        assert_eq!(short("7"), "7");
        assert!(!kernel().is_empty());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn heads_of_one_machine_can_be_put_together() {
        let before = kernel::monotonic().unwrap();
        let started = Instant::now();
        let after = kernel::monotonic().unwrap();
        let early = head(started, Capture::On);
        std::thread::sleep(std::time::Duration::from_millis(20));
        let late = head(started, Capture::On);
        assert_eq!(early.boot, late.boot);
        assert_eq!(early.boot.len(), 36, "a UUID: {}", early.boot);
        // However long ago it started: within what reading it takes.
        for head in [early, late] {
            let Clock { name, zero } = head.clock.unwrap();
            assert_eq!(name, ClockName::Monotonic);
            let slack = 10_000;
            let between = Nanos::from(before).0 - slack..=Nanos::from(after).0 + slack;
            assert!(between.contains(&zero), "{zero} is not in {between:?}");
        }
    }
}
