//! `stickylab lessons`: what can be run, one line each.

use std::fmt::Write as _;

use anyhow::Result;
use clap::Args;
use stickylab::lessons;

use super::output;
use super::screen::Spoken;

/// What can be run, one lesson a line.
#[derive(Debug, Args)]
pub(super) struct Lessons {
    #[command(flatten)]
    spoken: Spoken,
}

impl Lessons {
    pub(super) fn list(&self) -> Result<()> {
        let language = self.spoken.language();
        let lessons = lessons::all();
        let widest = lessons.iter().map(|l| l.id.len()).max().unwrap_or(0);
        let mut text = String::new();
        for lesson in lessons {
            let words = language.words(&lesson);
            let title = words.map_or_else(String::new, |words| words.title);
            writeln!(text, "{:widest$}  {title}", lesson.id)?;
        }
        output::print(text.as_bytes())
    }
}
