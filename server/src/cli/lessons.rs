//! `stickylab lessons`: what can be run, one line each.

use std::io::Write as _;

use anyhow::Result;
use stickylab::lessons;

pub(super) fn list() -> Result<()> {
    let lessons = lessons::all();
    let widest = lessons.iter().map(|l| l.id.len()).max().unwrap_or(0);
    let mut out = std::io::stdout().lock();
    for lesson in lessons {
        let words = lesson.words.get(lessons::LANGUAGE);
        let title = words.map_or("", |words| &words.title);
        writeln!(out, "{:widest$}  {title}", lesson.id)?;
    }
    Ok(())
}
