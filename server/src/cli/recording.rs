//! What is recorded of other people's programs, and where it goes: the flags that `trace`
//! and `proxy` have in common.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use stickylab::filter::{Filter, Limits, Pattern};
use trace::{Setup, Trace};

use super::framing::Framings;
use super::packets::Packets;
use super::target::{self, Input, Target};
use super::{output, size};

#[derive(Debug, Args)]
pub(super) struct Recording {
    #[command(flatten)]
    framings: Framings,
    /// Writes the trace to FILE in place of the lanes
    #[arg(long, value_name = "FILE", value_parser = target::path)]
    json: Option<PathBuf>,
    /// Writes the packets to FILE too, for Wireshark; where none were captured, packets
    /// with the bytes of the calls
    #[arg(long, value_name = "FILE", value_parser = target::path)]
    pcapng: Option<PathBuf>,
    /// Records only connections that this fits: tcp, udp, unix, :PORT, IP, IP:PORT or a
    /// path, of either end; may be given again
    #[arg(long, value_name = "FILTER")]
    only: Vec<Pattern>,
    /// Keeps the first SIZE bytes of each call, and of each packet; all are counted
    #[arg(long, value_name = "SIZE", value_parser = size::snap)]
    snap: Option<u32>,
    /// Most bytes of all calls together that are kept
    #[arg(long, value_name = "SIZE", default_value = "16MiB", value_parser = size::record)]
    max_bytes: usize,
    /// Most events that are kept
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = size::events)]
    max_events: u32,
}

/// What is recorded, ready to begin.
pub(super) struct Opened {
    /// What is known of all connections.
    pub(super) setup: Setup,
    pub(super) limits: Limits,
    pub(super) filter: Filter,
    pub(super) files: Files,
}

/// The files that a record is written to.
pub(super) struct Files {
    json: Option<Target>,
    packets: Option<Packets>,
}

impl Recording {
    /// Opens its files: nothing is run in vain.
    pub(super) fn open(self) -> Result<Opened> {
        let json = self.json.map(|path| Target::open(path, Input::Nothing));
        let packets = self.pcapng.map(|path| Packets::open(path, Input::Nothing));
        Ok(Opened {
            setup: self.framings.setup(),
            limits: Limits {
                events: self.max_events,
                bytes: self.max_bytes,
                snap: self.snap,
            },
            filter: Filter(self.only),
            files: Files {
                json: json.transpose()?,
                packets: packets.transpose()?,
            },
        })
    }
}

impl Files {
    /// Writes `trace` to each, and gives what is to be said of it to `say`; tells whether
    /// one of them has the whole trace, so that it need not be shown.
    pub(super) fn write(self, trace: &Trace, say: impl Fn(&str)) -> Result<bool> {
        if let Some(packets) = self.packets {
            say(&packets.write(trace)?);
        }
        let Some(target) = self.json else {
            return Ok(false);
        };
        say(&output::write_lines(target, trace)?);
        Ok(true)
    }
}
