//! `stickylab show`: a saved trace, as `run` prints it.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use anyhow::{Context as _, Result, anyhow, bail};
use clap::Args;
use trace::Trace;

use super::output::{self, Packets};

/// Largest trace read, in bytes: far more than a run may have.
const MAX_FILE: u64 = 64 * 1024 * 1024;

#[derive(Debug, Args)]
pub(super) struct Show {
    /// What `stickylab run --json` printed; - reads standard input
    file: PathBuf,
    /// Writes the packets to FILE too, for Wireshark
    #[arg(long, value_name = "FILE", value_parser = output::pcapng_path)]
    pcapng: Option<PathBuf>,
}

impl Show {
    pub(super) fn run(self) -> Result<()> {
        let (name, text) = if self.file.as_os_str() == "-" {
            let name = "standard input".to_owned();
            let text = read(io::stdin().lock(), &name)?;
            (name, text)
        } else {
            let name = self.file.display().to_string();
            let file = File::open(&self.file).with_context(|| format!("cannot read {name}"))?;
            let text = read(file, &name)?;
            (name, text)
        };
        let trace = Trace::parse(&text).map_err(|error| anyhow!("{name}: {error}"))?;
        if let Some(path) = self.pcapng {
            Packets::open(path, &self.file)?.write(&trace)?;
        }
        output::print_lanes(None, &trace)
    }
}

fn read(source: impl Read, name: &str) -> Result<String> {
    let mut bytes = Vec::new();
    let mut source = source.take(MAX_FILE + 1);
    source
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read {name}"))?;
    if bytes.len() as u64 > MAX_FILE {
        bail!("{name} is no trace of a run: it has more than {MAX_FILE} bytes");
    }
    if bytes.trim_ascii().is_empty() {
        bail!("{name} is no trace of a run: it is empty");
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        anyhow!("{name} is no trace of a run: it is no UTF-8 at byte {at}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: impl Read, expected: Result<&str, &str>) {
        let read = read(source, "it").map_err(|error| error.to_string());
        assert_eq!(read.as_deref().map_err(String::as_str), expected);
    }

    #[test]
    fn a_file_is_read_to_its_end_or_refused() {
        check(&b"{}\n"[..], Ok("{}\n"));
        check(&b""[..], Err("it is no trace of a run: it is empty"));
        check(&b"\n \n"[..], Err("it is no trace of a run: it is empty"));
        check(
            &b"abc\xff"[..],
            Err("it is no trace of a run: it is no UTF-8 at byte 3"),
        );
        // Never ends: what is read of it has to.
        check(
            io::repeat(b'x'),
            Err("it is no trace of a run: it has more than 67108864 bytes"),
        );
    }
}
