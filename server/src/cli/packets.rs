//! `--pcapng FILE`: a run's packets as a file for Wireshark.

use std::path::PathBuf;

use anyhow::Result;
use stickylab::printable;
use trace::{Analysis, Trace, pcapng};

use super::target::{Input, Target};

/// Where the packets go.
#[derive(Debug)]
pub(super) struct Packets(Target);

impl Packets {
    /// Makes sure that `path` can be written, as [`Target::open`] does. `input` is what
    /// the packets come from.
    pub(super) fn open(path: PathBuf, input: Input<'_>) -> Result<Self> {
        Target::open(path, input).map(Self)
    }

    /// Writes the trace's packets: what is to be said of it.
    pub(super) fn write(self, trace: &Trace) -> Result<String> {
        let bytes = pcapng::write(trace, &Analysis::new(trace));
        let name = self.0.name();
        self.0.write(&bytes)?;
        let headers = if pcapng::is_captured(trace) {
            "packets as they were captured"
        } else {
            "synthetic headers around the bytes of the calls: the wire was not captured"
        };
        let name = printable::lines(&name);
        Ok(format!("wrote {name}: {} bytes, {headers}", bytes.len()))
    }
}
