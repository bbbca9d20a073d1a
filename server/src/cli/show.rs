//! `stickylab show`: a saved trace, as `run` prints it.

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use clap::Args;
use trace::Trace;

use super::input::{self, Kind};
use super::output;
use super::packets::Packets;
use super::screen::{Spoken, Stream};
use super::target::{self, Input};

/// A trace: far more bytes than a run may have.
const TRACE: Kind = Kind {
    none: "no trace of a run",
    most: 64 * 1024 * 1024,
};

#[derive(Debug, Args)]
pub(super) struct Show {
    /// What `stickylab run --json` printed; - reads standard input
    file: PathBuf,
    /// Writes the packets to FILE too, for Wireshark
    #[arg(long, value_name = "FILE", value_parser = target::path)]
    pcapng: Option<PathBuf>,
    #[command(flatten)]
    spoken: Spoken,
}

impl Show {
    pub(super) fn run(self) -> Result<()> {
        let is_standard = self.file.as_os_str() == "-";
        let (name, text) = if is_standard {
            ("standard input".to_owned(), input::read_standard(TRACE)?)
        } else {
            let name = self.file.display().to_string();
            (name, input::read_file(&self.file, TRACE)?)
        };
        let trace = Trace::parse(&text).map_err(|error| anyhow!("{name}: {error}"))?;
        if let Some(path) = self.pcapng {
            let input = if is_standard {
                Input::Standard
            } else {
                Input::File(&self.file)
            };
            Packets::open(path, input)?.write(&trace)?;
        }
        output::print_lanes(&trace, self.spoken.screen(Stream::Out))?;
        output::check_complete(&trace)
    }
}
