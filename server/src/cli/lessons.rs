//! `stickylab lessons`: what can be run, one line each.

use std::io::Write as _;

use anyhow::Result;
use stickylab::lessons;

pub(super) fn list() -> Result<()> {
    let lessons = lessons::all();
    let widest = lessons.iter().map(|l| l.id.len()).max().unwrap_or(0);
    let mut out = std::io::stdout().lock();
    for lesson in lessons {
        writeln!(out, "{:widest$}  {}", lesson.id, lesson.en.title)?;
    }
    Ok(())
}
