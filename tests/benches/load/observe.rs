//! What /proc tells about a process: proc_pid_status(5), proc_pid_fd(5).

use std::thread;
use std::time::{Duration, Instant};

/// A process at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Observed {
    /// Resident memory, in KiB.
    pub(crate) resident: u64,
    /// Open descriptors.
    pub(crate) descriptors: u64,
    pub(crate) threads: u64,
}

/// Looks at process `id`, which must be running.
pub(crate) fn observe(id: u32) -> Observed {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("it is running");
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        number.unwrap_or_else(|| panic!("{name} is not in /proc/{id}/status"))
    };
    let descriptors = std::fs::read_dir(format!("/proc/{id}/fd")).expect("it is running");
    Observed {
        resident: field("VmRSS:"),
        descriptors: descriptors.count() as u64,
        threads: field("Threads:"),
    }
}

/// Looks until memory has stayed the same for half a second, or ten seconds
/// are over.
pub(crate) fn settled(id: u32) -> Observed {
    const LOOK: Duration = Duration::from_millis(100);
    let deadline = Instant::now() + Duration::from_secs(10);
    let (mut last, mut same) = (observe(id), 0);
    while same < 5 && Instant::now() < deadline {
        thread::sleep(LOOK);
        let now = observe(id);
        same = if now == last { same + 1 } else { 0 };
        last = now;
    }
    last
}
