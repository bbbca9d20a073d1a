//! The flags for how many clients are let in and how long they may take, for
//! `serve` and `server`.

use std::num::NonZeroU32;
use std::time::Duration;

use clap::Args;
use protocol::Nanos;
use protocol::peer;
use stickylab::net::Descriptors;
use stickylab::net::admission::Capacity;
use stickylab::net::budget::Budget;

/// The shortest deadline: with a shorter one no client could be served.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_hours(24);

/// How many clients are let in, on each listener.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Limits of each listener")]
pub(super) struct Admission {
    /// Connections at a time. Default: 16384, or as many as there are file
    /// descriptors for (ulimit -Hn), in all listeners together
    #[arg(long, value_name = "N")]
    max_connections: Option<usize>,
    /// Connections at a time of one address (IPv6: of one /64). Default: 1024,
    /// or a quarter of the connections there are file descriptors for
    #[arg(long, value_name = "N")]
    max_per_source: Option<usize>,
    /// New connections a second of one address; twice as many at once
    #[arg(long, value_name = "N", default_value_t = Capacity::CONNECTIONS.rate)]
    rate_per_source: NonZeroU32,
    /// Connections at a time that have not answered auth's challenge; a
    /// quarter of them of one address.
    /// Default: 1024, or a quarter of the connections there are file descriptors for
    #[arg(long, value_name = "N")]
    max_unproven: Option<usize>,
}

impl Admission {
    /// What the flags say, else what `budget` offers.
    pub(super) fn limits(self, budget: &Budget) -> Capacity {
        let derived = budget.limits();
        let unproven = self.max_unproven.unwrap_or(derived.unproven);
        Capacity {
            connections: self.max_connections.unwrap_or(derived.connections),
            per_source: self.max_per_source.unwrap_or(derived.per_source),
            rate: self.rate_per_source,
            burst: self
                .rate_per_source
                .saturating_mul(NonZeroU32::MIN.saturating_add(1)),
            unproven,
            unproven_per_source: unproven.div_ceil(4),
        }
    }

    /// What all listeners share.
    pub(super) fn descriptors(self, budget: &Budget) -> Descriptors {
        let said = self.max_per_source.unwrap_or_default();
        Descriptors::new(budget.connections, budget.per_source.max(said))
    }

    /// Warns of flags whose values exceed what the descriptors allow.
    pub(super) fn warn(self, budget: &Budget) {
        warn_of_connections(budget, "--max-connections", self.max_connections);
        warn_of_connections(budget, "--max-per-source", self.max_per_source);
        warn_of_connections(budget, "--max-unproven", self.max_unproven);
    }
}

/// Warns if `flag` allows more connections than there are descriptors for.
pub(super) fn warn_of_connections(budget: &Budget, flag: &str, value: Option<usize>) {
    let most = budget.connections;
    let what = format!("at most {most} connections, of all listeners together");
    warn(flag, value, most, &what);
}

/// Warns if `flag` allows more runs than there are descriptors for.
pub(super) fn warn_of_runs(budget: &Budget, flag: &str, value: Option<usize>) {
    let most = budget.runs;
    warn(flag, value, most, &format!("at most {most} runs at a time"));
}

fn warn(flag: &str, value: Option<usize>, most: usize, what: &str) {
    if let Some(value) = value.filter(|value| *value > most) {
        tracing::warn!(
            "{flag} {value} is more than there are file descriptors for: {what}; \
             raise the limit of open files (ulimit -Hn)"
        );
    }
}

/// Says what was derived of `descriptors`; `lab`: whether there is one.
pub(super) fn tell(descriptors: Option<usize>, budget: &Budget, lab: bool) {
    let Some(descriptors) = descriptors else {
        return;
    };
    let Budget {
        connections,
        per_source,
        operators,
        sessions,
        runs,
    } = budget;
    let of_lab = if lab {
        format!(
            "; {sessions} lab sessions, {runs} runs at a time; {operators} more connections for \
             /healthz, /readyz and /metrics"
        )
    } else {
        String::new()
    };
    tracing::info!(
        "{descriptors} file descriptors: at most {connections} connections at a time, \
         {per_source} of one source{of_lab}"
    );
}

/// How long a client of the five systems may take.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Deadlines of each connection, 100ms to 24h")]
pub(super) struct Deadlines {
    /// For the answer to auth's challenge, from the connection on
    #[arg(long = "handshake-deadline", value_name = "TIME", default_value = "3s", value_parser = deadline)]
    handshake: Duration,
    /// For one frame, from its first byte to its last
    #[arg(long = "frame-deadline", value_name = "TIME", default_value = "30s", value_parser = deadline)]
    frame: Duration,
    /// For the next byte between two frames
    #[arg(long = "idle-deadline", value_name = "TIME", default_value = "10m", value_parser = deadline)]
    idle: Duration,
}

impl Deadlines {
    pub(super) fn all(self) -> peer::Deadlines {
        peer::Deadlines {
            handshake: Some(Nanos::from(self.handshake)),
            frame: Some(Nanos::from(self.frame)),
            idle: Some(Nanos::from(self.idle)),
        }
    }
}

/// A time that a client can be given.
pub(super) fn deadline(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if (SHORTEST..=LONGEST).contains(&time) {
        Ok(time)
    } else {
        Err("it can be 100ms to 24h".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        admission: Admission,
        #[command(flatten)]
        deadlines: Deadlines,
    }

    #[test]
    fn without_flags_the_limits_are_the_defaults() {
        let cli = Cli::try_parse_from(["stickylab"]).unwrap();
        let plenty = Budget::new(None, 8);
        assert_eq!(cli.admission.limits(&plenty), Capacity::CONNECTIONS);
        let few = Budget::new(Some(64), 0);
        assert_eq!(cli.admission.limits(&few), few.limits());
        let cli = Cli::try_parse_from(["stickylab", "--rate-per-source=5"]).unwrap();
        assert_eq!(cli.admission.limits(&plenty).burst.get(), 10);
        let flags = [
            "stickylab",
            "--max-connections=50",
            "--max-per-source=40",
            "--max-unproven=30",
        ];
        let cli = Cli::try_parse_from(flags).unwrap();
        let limits = cli.admission.limits(&few);
        assert_eq!(
            (limits.connections, limits.per_source, limits.unproven),
            (50, 40, 30)
        );
        assert_eq!(limits.unproven_per_source, 8);
        assert!(Cli::try_parse_from(["stickylab", "--rate-per-source=0"]).is_err());
    }

    #[test]
    fn without_flags_the_deadlines_are_the_defaults() {
        let cli = Cli::try_parse_from(["stickylab"]).unwrap();
        assert_eq!(cli.deadlines.all(), peer::Deadlines::SERVER);
        let cli = Cli::try_parse_from(["stickylab", "--frame-deadline=1s"]).unwrap();
        let frame = Some(Nanos::from(Duration::from_secs(1)));
        let expected = peer::Deadlines {
            frame,
            ..peer::Deadlines::SERVER
        };
        assert_eq!(cli.deadlines.all(), expected);
    }

    #[test]
    fn a_deadline_can_be_met_and_comes() {
        let allowed = |text: &str| deadline(text).is_ok();
        assert!(allowed("100ms") && allowed("30s") && allowed("24h"));
        assert!(!allowed("0s") && !allowed("99ms") && !allowed("25h"));
        assert!(!allowed("30") && !allowed("-1s") && !allowed("soon"));
    }
}
