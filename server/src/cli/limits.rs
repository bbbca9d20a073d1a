//! The flags for how many clients are let in, for `serve` and `server`.

use std::num::NonZeroU32;

use clap::Args;
use stickylab::net::admission::Limits;

/// How many clients are let in, on each listener.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Limits of each listener")]
pub(super) struct Admission {
    /// Connections at a time
    #[arg(long, value_name = "N", default_value_t = Limits::CONNECTIONS.connections)]
    max_connections: usize,
    /// Connections at a time of one address (IPv6: of one /64)
    #[arg(long, value_name = "N", default_value_t = Limits::CONNECTIONS.per_source)]
    max_per_source: usize,
    /// New connections a second of one address; twice as many at once
    #[arg(long, value_name = "N", default_value_t = Limits::CONNECTIONS.rate)]
    rate_per_source: NonZeroU32,
    /// Connections at a time that have not answered auth's challenge; a
    /// quarter of them of one address
    #[arg(long, value_name = "N", default_value_t = Limits::CONNECTIONS.unproven)]
    max_unproven: usize,
}

impl Admission {
    pub(super) fn limits(self) -> Limits {
        Limits {
            connections: self.max_connections,
            per_source: self.max_per_source,
            rate: self.rate_per_source,
            burst: self
                .rate_per_source
                .saturating_mul(NonZeroU32::MIN.saturating_add(1)),
            unproven: self.max_unproven,
            unproven_per_source: self.max_unproven.div_ceil(4),
        }
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
    }

    #[test]
    fn without_flags_the_limits_are_the_defaults() {
        let cli = Cli::try_parse_from(["stickylab"]).unwrap();
        assert_eq!(cli.admission.limits(), Limits::CONNECTIONS);
        let cli = Cli::try_parse_from(["stickylab", "--rate-per-source=5"]).unwrap();
        assert_eq!(cli.admission.limits().burst.get(), 10);
        assert!(Cli::try_parse_from(["stickylab", "--rate-per-source=0"]).is_err());
    }
}
