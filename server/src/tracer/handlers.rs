//! Handlers of signals: whether one could interrupt a call of a thread (signal(7)).

use std::collections::{BTreeMap, HashMap};

use kernel::descriptor;
use kernel::tracee::{self, Thread};

/// The handlers that processes have set.
#[derive(Debug, Default)]
pub(super) struct Handlers {
    /// Of each process the signals that have one, and whether calls are restarted behind it
    /// (SA_RESTART, sigaction(2)).
    of: HashMap<Thread, BTreeMap<u64, bool>>,
}

impl Handlers {
    /// A process made another one, which has its handlers.
    pub(super) fn made(&mut self, process: Thread, child: Thread) {
        if let Some(signals) = self.of.get(&process).cloned() {
            self.of.insert(child, signals);
        }
    }

    /// A process is gone, or runs another program: that has no handlers yet.
    pub(super) fn forget(&mut self, process: Thread) {
        self.of.remove(&process);
    }

    /// A process sets the handler of a signal (rt_sigaction(2)).
    pub(super) fn set(&mut self, process: Thread, thread: Thread, [signal, action, ..]: [u64; 6]) {
        const SA_RESTART: u64 = 0x1000_0000;
        /// SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGPIPE and SIGSYS: of the program's
        /// own making. 32 and 33 are the C library's, for threads (nptl(7)).
        const OWN: [u64; 10] = [4, 5, 6, 7, 8, 11, 13, 31, 32, 33];
        if action == 0 || OWN.contains(&signal) {
            return;
        }
        let bytes = tracee::memory(thread, action, 16);
        let (Some(handler), Some(flags)) = (
            bytes.first_chunk().map(|word| u64::from_ne_bytes(*word)),
            bytes.last_chunk().map(|word| u64::from_ne_bytes(*word)),
        ) else {
            return;
        };
        let signals = self.of.entry(process).or_default();
        // Neither SIG_DFL nor SIG_IGN.
        if handler > 1 {
            signals.insert(signal, flags & SA_RESTART != 0);
        } else {
            signals.remove(&signal);
        }
    }

    /// Whether a signal may interrupt a thread in a call that is restarted where the handler has
    /// it so: one whose handler has not, and that is not blocked.
    pub(super) fn may_interrupt(&self, process: Thread, thread: Thread) -> bool {
        self.has(
            process,
            |is_restarted| !is_restarted,
            || descriptor::blocked(thread),
        )
    }

    /// Whether a signal may interrupt a thread in a call that is never restarted: any that has a
    /// handler, and that is not blocked. Some calls block others meanwhile, a bit each.
    pub(super) fn may_wake(&self, process: Thread, thread: Thread, blocked: Option<u64>) -> bool {
        self.has(
            process,
            |_| true,
            || blocked.or_else(|| descriptor::blocked(thread)),
        )
    }

    fn has(
        &self,
        process: Thread,
        interrupts: impl Fn(bool) -> bool,
        blocked: impl Fn() -> Option<u64>,
    ) -> bool {
        let Some(signals) = self.of.get(&process) else {
            return false;
        };
        let mut signals = signals
            .iter()
            .filter(|(_, is_restarted)| interrupts(**is_restarted))
            .peekable();
        if signals.peek().is_none() {
            return false;
        }
        // Where it is not known all are.
        let blocked = blocked().unwrap_or(u64::MAX);
        signals.any(|(signal, _)| (1..=64).contains(signal) && blocked >> (signal - 1) & 1 == 0)
    }
}
