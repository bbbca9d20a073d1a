//! soak
use std::time::Duration;
pub(crate) fn run(_time: Duration) {}
