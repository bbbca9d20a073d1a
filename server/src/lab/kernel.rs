//! Which kernel this is.

use std::fs;
use std::sync::OnceLock;

/// Name and release, such as `Linux 6.18`; only the name where the kernel
/// does not tell its release through `/proc` (see proc(5)).
pub fn kernel() -> String {
    // Asked once: a run should not read files while it measures.
    static KERNEL: OnceLock<String> = OnceLock::new();
    KERNEL.get_or_init(read).clone()
}

fn read() -> String {
    let read = |name| fs::read_to_string(format!("/proc/sys/kernel/{name}"));
    match (read("ostype"), read("osrelease")) {
        (Ok(name), Ok(release)) => format!("{} {}", name.trim(), short(release.trim())),
        _ => std::env::consts::OS.to_owned(),
    }
}

/// `6.18.5-1-amd64` → `6.18`.
fn short(release: &str) -> &str {
    let end = release
        .match_indices(|c: char| !c.is_ascii_digit())
        .nth(1)
        .map_or(release.len(), |(at, _)| at);
    &release[..end]
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
}
