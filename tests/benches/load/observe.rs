//! What a process holds and takes while it is measured.

use std::thread;
use std::time::{Duration, Instant};

use tests::proc::{self, Status};

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
    let status = Status::of(id).expect("it is running");
    let descriptors = proc::descriptors(id).expect("it is running");
    Observed {
        resident: status.resident as u64,
        descriptors: descriptors.len() as u64,
        threads: status.threads as u64,
    }
}

/// Processor time of a process so far, in seconds: its own, and the kernel's
/// for it.
fn processor(id: u32) -> [f64; 2] {
    proc::cpu_times(id).map(|time| time.as_secs_f64())
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
