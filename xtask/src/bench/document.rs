//! BENCHMARKS.md as a file: its sections are written by different programs, and each
//! leaves the others as they are.

use std::path::Path;

use anyhow::{Context, Result};

/// The section of the decoders, which is written whenever they are measured.
pub(super) const DECODER: &str = "## Decoder";
/// The section of tracing, which is written whenever that is measured.
pub(super) const TRACE: &str = "## Tracing";
/// The page's section, likewise.
pub(super) const PAGE: &str = "## Page";
/// The section of links, likewise.
pub(super) const LINK: &str = "## Links";
/// The section of schedules, likewise.
pub(super) const CHOP: &str = "## Schedules";
/// The soak's section, which only the soak writes.
pub(crate) const SOAK: &str = "## Soak";
/// Sections that are written each by itself: the last ones, in this order.
const APART: [&str; 6] = [DECODER, TRACE, PAGE, LINK, CHOP, SOAK];

/// Writes everything but the sections that are written by themselves; they
/// stay as they are.
pub(super) fn write(path: &Path, sections: &str) -> Result<()> {
    let old = std::fs::read_to_string(path).unwrap_or_default();
    save(
        path,
        &joined(sections, APART.map(|heading| section_of(&old, heading))),
    )
}

/// Writes the soak's section; the others stay as they are.
pub(crate) fn write_soak(path: &Path, soak: &str) -> Result<()> {
    write_apart(path, SOAK, soak)
}

/// Writes the section of this heading; the others stay as they are.
pub(super) fn write_apart(path: &Path, heading: &str, text: &str) -> Result<()> {
    let old = std::fs::read_to_string(path).unwrap_or_else(|_| "# Benchmarks\n".to_owned());
    save(path, &with_section(&old, heading, text))
}

/// The file `old` with another section of this heading.
fn with_section(old: &str, heading: &str, text: &str) -> String {
    let starts = APART.iter().filter_map(|heading| start_of(old, heading));
    let others = &old[..starts.min().unwrap_or(old.len())];
    let section = |other| {
        if other == heading {
            text
        } else {
            section_of(old, other)
        }
    };
    joined(others, APART.map(section))
}

fn joined(others: &str, sections: [&str; APART.len()]) -> String {
    let mut text = others.trim_end().to_owned();
    for section in sections.map(str::trim).iter().filter(|s| !s.is_empty()) {
        text += "\n\n";
        text += section;
    }
    text + "\n"
}

fn start_of(text: &str, heading: &str) -> Option<usize> {
    let heading = format!("\n{heading}\n");
    text.find(&heading).map(|at| at + 1)
}

/// The section with this heading; empty if there is none.
fn section_of<'a>(text: &'a str, heading: &str) -> &'a str {
    let Some(start) = start_of(text, heading) else {
        return "";
    };
    let section = &text[start..];
    let end = section[heading.len()..].find("\n## ");
    &section[..end.map_or(section.len(), |end| heading.len() + end)]
}

fn save(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_written_apart_and_in_their_order() {
        let first = "# Benchmarks\n\n## Bridges\n\na\n";
        let soak = with_section(first, SOAK, "## Soak\n\nb\n");
        assert_eq!(soak, "# Benchmarks\n\n## Bridges\n\na\n\n## Soak\n\nb\n");
        let both = with_section(&soak, PAGE, "## Page\n\nc");
        let expected = "# Benchmarks\n\n## Bridges\n\na\n\n## Page\n\nc\n\n## Soak\n\nb\n";
        assert_eq!(both, expected);
        assert_eq!(with_section(&both, SOAK, "## Soak\n\nb"), expected);
        let kept = APART.map(|heading| section_of(&both, heading));
        assert_eq!(joined(first, kept), expected);
    }
}
