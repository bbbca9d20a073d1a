//! What Linux tells of a process and its sockets (proc(5)). Nothing else in the
//! tests reads `/proc`.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// The length of one tick of CPU time. The kernel counts in 1/100 s for
/// programs, whatever it counts in for itself (time(7), `USER_HZ`).
const TICK: Duration = Duration::from_millis(10);
/// The fields of `stat` behind the name: the state, the parent, and the time in
/// user mode, behind which stands the time in the kernel.
const STATE: usize = 0;
const PARENT: usize = 1;
const USER_TIME: usize = 11;

/// Some lines of /proc/PID/status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// How many threads.
    pub threads: usize,
    /// Resident memory, in KiB.
    pub resident: usize,
}

impl Status {
    /// That of process `pid`; none if it is gone.
    pub fn of(pid: u32) -> Option<Self> {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse().ok()
        };
        Some(Self {
            threads: field("Threads:")?,
            resident: field("VmRSS:")?,
        })
    }
}

/// The open descriptors of process `pid`, as links to what they are; none if it
/// is gone.
pub fn descriptors(pid: u32) -> Option<Vec<PathBuf>> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).ok()?;
    let paths = entries.map(|entry| Some(entry.ok()?.path()));
    paths.collect()
}

/// The CPU time that process `pid` has taken so far, in user mode and in the
/// kernel, in steps of 10 ms. Its children's is not in it.
pub fn cpu_times(pid: u32) -> [Duration; 2] {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it is running");
    let fields = behind_the_name(&stat);
    [USER_TIME, USER_TIME + 1].map(|field| {
        let ticks: u32 = fields[field].parse().expect("a number of ticks");
        TICK * ticks
    })
}

/// Both of [`cpu_times`] together.
pub fn cpu_time(pid: u32) -> Duration {
    cpu_times(pid).iter().sum()
}

/// Whether all threads of process `pid` are stopped: SIGSTOP returns before they
/// are.
pub fn is_stopped(pid: u32) -> bool {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("it is running");
    tasks.flatten().all(|task| {
        let stat = fs::read_to_string(task.path().join("stat")).unwrap_or_default();
        behind_the_name(&stat).get(STATE) == Some(&"T")
    })
}

/// The processes that process `pid` has started, and those that they have.
pub fn descendants(pid: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").expect("processes can be listed");
    let numbers = entries.flatten().map(|entry| entry.file_name());
    let all = numbers.filter_map(|name| {
        let child: u32 = name.to_str()?.parse().ok()?;
        let stat = fs::read_to_string(format!("/proc/{child}/stat")).ok()?;
        let parent: u32 = behind_the_name(&stat).get(PARENT)?.parse().ok()?;
        Some((child, parent))
    });
    let all: Vec<_> = all.collect();
    let mut found = vec![pid];
    let mut at = 0;
    while let Some(&parent) = found.get(at) {
        let children = all.iter().filter(|(_, other)| *other == parent);
        found.extend(children.map(|(child, _)| child));
        at += 1;
    }
    found.split_off(1)
}

/// Whether process `pid` was started with this argument.
pub fn has_argument(pid: u32, argument: &str) -> bool {
    let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    // A program that names its process itself may put blanks between them.
    let mut words = command.split(|byte| matches!(byte, 0 | b' '));
    words.any(|word| word == argument.as_bytes())
}

/// The fields of a `stat` file behind the name, which is in brackets and may
/// hold anything.
fn behind_the_name(stat: &str) -> Vec<&str> {
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    fields.split_whitespace().collect()
}

/// A table of sockets of the network namespace of process `pid`, such as `tcp`:
/// the fields of each line. Empty if there is no such table.
pub fn sockets(pid: u32, table: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default();
    let lines = text.lines().skip(1);
    let fields = lines.map(|line| line.split_whitespace().map(str::to_owned).collect());
    fields.collect()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_grows_with_work() {
        let before = cpu_time(std::process::id());
        crate::eventually("10 ms of work", || {
            let sum: u64 = (0..100_000).map(std::hint::black_box).sum();
            std::hint::black_box(sum);
            (cpu_time(std::process::id()) > before).then_some(())
        });
    }

    #[test]
    fn a_name_may_hold_brackets_and_blanks() {
        let fields = behind_the_name("7 (a) S (b) T 1 2");
        assert_eq!(fields[STATE], "T");
    }

    #[test]
    fn what_a_program_started_is_found_with_its_arguments() {
        let mut child = std::process::Command::new("sleep");
        let mut child = child.arg("60").spawn().expect("sleep");
        let found = descendants(std::process::id());
        let is_there = found.contains(&child.id()) && has_argument(child.id(), "60");
        child.kill().expect("it is running");
        child.wait().expect("it has ended");
        assert!(is_there, "{found:?}");
        assert!(!has_argument(std::process::id(), "60"));
    }

    #[test]
    fn a_program_that_runs_is_not_stopped() {
        assert!(!is_stopped(std::process::id()));
    }
}
