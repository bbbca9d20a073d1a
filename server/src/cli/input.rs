//! Files that are read: lessons, traces and captures.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};

/// What a file is read as.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    /// What it is, such as `no trace` if it is none.
    pub(super) none: &'static str,
    /// Most bytes that are read.
    pub(super) most: u64,
}

/// The text of a file. A file without end is refused, too.
pub(super) fn read_file(path: &Path, kind: Kind) -> Result<String> {
    let name = path.display().to_string();
    let file = File::open(path).with_context(|| format!("cannot read {name}"))?;
    read(file, &name, kind)
}

/// The text of `source`, which is called `name`.
pub(super) fn read(source: impl Read, name: &str, kind: Kind) -> Result<String> {
    text(read_any(source, name, |_| kind)?, name, kind)
}

/// All of `source`, which is called `name`; its first bytes tell `kind` what it is read
/// as.
pub(super) fn read_any(
    mut source: impl Read,
    name: &str,
    kind: impl FnOnce(&[u8]) -> Kind,
) -> Result<Vec<u8>> {
    /// As many as tell the formats apart.
    const HEAD: u64 = 64;
    let mut bytes = Vec::new();
    let context = || format!("cannot read {name}");
    let head = source.by_ref().take(HEAD).read_to_end(&mut bytes);
    head.with_context(context)?;
    let Kind { none, most } = kind(&bytes);
    let mut rest = source.take(most + 1 - HEAD.min(most));
    rest.read_to_end(&mut bytes).with_context(context)?;
    if bytes.len() as u64 > most {
        bail!("{name} is {none}: it has more than {most} bytes");
    }
    if bytes.trim_ascii().is_empty() {
        bail!("{name} is {none}: it is empty");
    }
    Ok(bytes)
}

/// `bytes`, which are what is called `name`, as text.
pub(super) fn text(bytes: Vec<u8>, name: &str, kind: Kind) -> Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        anyhow!("{name} is {}: it is no UTF-8 at byte {at}", kind.none)
    })
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    const KIND: Kind = Kind {
        none: "no trace",
        most: 1_000_000,
    };

    fn check(source: impl Read, expected: Result<&str, &str>) {
        let read = read(source, "it", KIND).map_err(|error| error.to_string());
        assert_eq!(read.as_deref().map_err(String::as_str), expected);
    }

    #[test]
    fn a_file_is_read_to_its_end_or_refused() {
        check(&b"{}\n"[..], Ok("{}\n"));
        check(&b""[..], Err("it is no trace: it is empty"));
        check(&b"\n \n"[..], Err("it is no trace: it is empty"));
        check(
            &b"abc\xff"[..],
            Err("it is no trace: it is no UTF-8 at byte 3"),
        );
        // Never ends: what is read of it has to.
        check(
            io::repeat(b'x'),
            Err("it is no trace: it has more than 1000000 bytes"),
        );
    }
}
