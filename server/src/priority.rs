//! How much processor time a thread gets beside the threads that move bytes.

/// A thread's claim to processor time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priority {
    /// As the program was started with.
    #[default]
    Normal,
    /// Behind what moves a few bytes now and then: connections whose peers never
    /// let them wait.
    Bulk,
    /// Behind everything that moves bytes: work whose amount a peer chooses.
    Work,
    /// Behind that work, too: the programs of an experiment, which may wait by
    /// looking at the clock all the time.
    Experiment,
}

impl Priority {
    /// What is added to the nice value. A class of its own (SCHED_IDLE) would
    /// get no time at all beside other programs that are busy, nor would 19.
    const fn increment(self) -> i32 {
        match self {
            Self::Normal => 0,
            Self::Bulk => 3,
            Self::Work => 5,
            Self::Experiment => 10,
        }
    }

    /// Sets it for the calling thread, whatever it inherited. Only Linux has a
    /// nice value for each thread (setpriority(2), "C library/kernel
    /// differences"); elsewhere all threads are alike.
    pub fn apply(self) {
        if self != Self::Normal {
            lower(self.increment());
        }
    }
}

#[cfg(target_os = "linux")]
fn lower(increment: i32) {
    use rustix::process::{getpriority_process, setpriority_process};
    use std::sync::OnceLock;

    // What the first thread that is lowered had: as the program was started.
    static NORMAL: OnceLock<i32> = OnceLock::new();
    let normal = *NORMAL.get_or_init(|| getpriority_process(None).unwrap_or(0));
    if let Err(error) = setpriority_process(None, (normal + increment).min(19)) {
        tracing::debug!(%error, "setpriority");
    }
}

#[cfg(not(target_os = "linux"))]
const fn lower(_: i32) {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::thread;

    use super::*;

    fn nice() -> i32 {
        rustix::process::getpriority_process(None).expect("a thread has one")
    }

    #[test]
    fn a_thread_gives_way_and_no_other_does() {
        let before = nice();
        let levels = [
            Priority::Normal,
            Priority::Bulk,
            Priority::Work,
            Priority::Experiment,
        ];
        let nices = levels.map(|priority| {
            let lowered = thread::spawn(move || {
                priority.apply();
                nice()
            });
            lowered.join().unwrap()
        });
        assert_eq!(nices, [0, 3, 5, 10].map(|more| (before + more).min(19)));
        assert_eq!(nice(), before);
    }
}
