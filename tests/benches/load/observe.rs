//! What /proc tells about a process: proc_pid_status(5), proc_pid_fd(5),
//! proc_pid_stat(5).

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

/// Processor time of a process so far, in seconds: its own, and the kernel's
/// for it. Its children's is not in it.
pub(crate) fn processor(id: u32) -> [f64; 2] {
    /// USER_HZ, the same on all that Linux runs on but Alpha.
    const TICKS: f64 = 100.0;
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).expect("it is running");
    // The name, in brackets, may hold anything.
    let fields = stat.rsplit_once(')').expect("its name is in brackets").1;
    let fields: Vec<_> = fields.split_whitespace().collect();
    [11, 12].map(|field| fields[field].parse::<f64>().expect("a number") / TICKS)
}

/// Does `work`, which tells how many a second; adds how much processor time of
/// process `id` each of them took, in microseconds.
pub(crate) fn spending(id: u32, work: impl FnOnce() -> f64) -> (f64, [f64; 2]) {
    let (before, start) = (processor(id), Instant::now());
    let rate = work();
    let count = rate * start.elapsed().as_secs_f64();
    let after = processor(id);
    (
        rate,
        [0, 1].map(|part| (after[part] - before[part]) / count * 1e6),
    )
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
