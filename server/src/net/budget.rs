//! How many file descriptors there are, and what is derived from that.

use super::admission::Capacity;

/// Descriptors that are nobody's: standard input and output, the runtimes'
/// own, listeners, files that are read, and connections that have been
/// accepted and are about to be refused; and the pipes of the process that waits for the
/// next run.
const OWN: usize = 34;
/// Connections kept for `/healthz`, `/readyz` and `/metrics`, at most.
const OPERATORS: usize = 16;
/// What one run in the lab takes: two pipes to its process, which has its own sockets. That
/// was measured, and is tested.
const RUN: usize = 2;
/// One source has at most this part of all connections.
const SOURCES: usize = 4;
/// Lab sessions at a time, at most.
const SESSIONS: usize = 256;

/// Raises the soft limit of open files to the hard one (see setrlimit(2)), and
/// returns how many this process may have; none if there is no limit, or none
/// that is known here.
#[cfg(unix)]
pub fn raise_limit() -> Option<usize> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    /// What macOS lets a process have whatever the hard limit says (`OPEN_MAX`).
    const ALLOWED: u64 = 10_240;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let soft = current?;
    let wanted = [
        maximum,
        maximum.map_or(Some(ALLOWED), |hard| Some(hard.min(ALLOWED))),
    ];
    for limit in wanted {
        let raised = Rlimit {
            current: limit,
            maximum,
        };
        let is_more = limit.is_none_or(|limit| limit > soft);
        if is_more && setrlimit(Resource::Nofile, raised).is_ok() {
            break;
        }
    }
    let limit = getrlimit(Resource::Nofile).current?;
    Some(usize::try_from(limit).unwrap_or(usize::MAX))
}

/// Raises the limit of open files; there is none here.
#[cfg(not(unix))]
pub fn raise_limit() -> Option<usize> {
    None
}

/// What a process can offer with the descriptors there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Connections at a time, of all listeners together. A bridge is another
    /// one beside that of its client.
    pub connections: usize,
    /// The same of one source.
    pub per_source: usize,
    /// Connections kept for the operator's requests.
    pub operators: usize,
    /// Lab sessions at a time.
    pub sessions: usize,
    /// Runs in the lab that go on at a time, of those there would be.
    pub runs: usize,
}

impl Budget {
    /// With `descriptors` (none: as many as anybody wants), and `runs` that
    /// would go on at a time in the lab (0: there is no lab).
    pub fn new(descriptors: Option<usize>, runs: usize) -> Self {
        let all = descriptors.unwrap_or(usize::MAX / 2);
        let operators = (all / 16).clamp(2, OPERATORS);
        let left = all.saturating_sub(OWN.min(all / 2) + operators);
        // Half of them at most is for runs: who only looks on has to get in.
        let affordable = (left / 2 / RUN).max(1);
        let for_runs = (runs.min(affordable) * RUN).min(left / 2);
        let connections = (left - for_runs).max(1);
        Self {
            connections,
            per_source: (connections / SOURCES).max(1),
            operators,
            sessions: (connections / 2).clamp(1, SESSIONS),
            runs: runs.min(affordable),
        }
    }

    /// The limits of each listener where no flag says otherwise.
    pub fn limits(&self) -> Capacity {
        let network = Capacity::CONNECTIONS;
        let unproven = self.per_source.min(network.unproven);
        Capacity {
            connections: self.connections.min(network.connections),
            per_source: self.per_source.min(network.per_source),
            unproven,
            unproven_per_source: unproven.div_ceil(SOURCES),
            ..network
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_offered_is_there() {
        for descriptors in (16..3_000).chain([4_096, 65_536, 1 << 20, 1 << 30]) {
            for runs in [0, 1, 2, 8, 64] {
                let budget = Budget::new(Some(descriptors), runs);
                let Budget {
                    connections,
                    operators,
                    ..
                } = budget;
                let own = OWN.min(descriptors / 2);
                // A run that needs more than there is fails by name.
                let runs = (budget.runs * RUN).min((descriptors - own - operators) / 2);
                let sum = own + operators + connections + runs;
                assert!(sum <= descriptors, "{descriptors}: {budget:?}");
                assert!(budget.per_source <= connections.div_ceil(SOURCES));
                assert!(budget.sessions <= connections);
                let limits = budget.limits();
                assert!(limits.connections <= connections);
                assert!(limits.unproven_per_source <= limits.unproven);
            }
        }
    }

    #[test]
    fn what_is_derived() {
        let check = |descriptors, expected: [usize; 5]| {
            let budget = Budget::new(descriptors, 4);
            let derived = [
                budget.connections,
                budget.per_source,
                budget.operators,
                budget.sessions,
                budget.runs,
            ];
            assert_eq!(derived, expected, "{descriptors:?}");
        };
        check(Some(64), [20, 5, 4, 10, 4]);
        check(Some(1_024), [966, 241, 16, 256, 4]);
        check(Some(4_096), [4_038, 1_009, 16, 256, 4]);
        check(Some(1 << 20), [1_048_518, 262_129, 16, 256, 4]);
        let plenty = Budget::new(None, 4).limits();
        assert_eq!(plenty, Capacity::CONNECTIONS);
        assert_eq!(
            Budget::new(Some(1 << 20), 4).limits(),
            Capacity::CONNECTIONS
        );
        let server = Budget::new(Some(1_024), 0);
        assert_eq!((server.connections, server.runs), (974, 0));
    }

    #[cfg(unix)]
    #[test]
    fn the_soft_limit_is_the_hard_one() {
        use rustix::process::{Resource, getrlimit};
        let raised = raise_limit();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(raised.map(|raised| raised as u64), limit.current);
        if cfg!(target_os = "linux") {
            assert_eq!(limit.current, limit.maximum);
        }
    }
}
