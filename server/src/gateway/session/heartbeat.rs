//! How a page learns that its gateway has stopped answering: one that asked for it is
//! told every second that the session is alive.

use std::future::pending;
use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

/// Between two lines that say so.
const PERIOD: Duration = Duration::from_secs(1);
/// [`Line::Alive`](trace::link::Line::Alive), which needs no turn to be written.
pub(super) const ALIVE: &str = "{\"type\":\"alive\"}";

/// When the next line is due; never before the page asked for them.
#[derive(Default)]
pub(super) struct Heartbeat(Option<Interval>);

impl Heartbeat {
    pub(super) fn start(&mut self) {
        self.0.get_or_insert_with(|| {
            let mut interval = interval_at(Instant::now() + PERIOD, PERIOD);
            // A session that was late has nothing to make up for.
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            interval
        });
    }

    pub(super) async fn next(&mut self) {
        match &mut self.0 {
            Some(interval) => drop(interval.tick().await),
            None => pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trace::link::Line;

    #[test]
    fn it_is_the_line_that_a_page_reads() {
        assert_eq!(Line::Alive.to_json(), ALIVE);
    }
}
