//! A lane byte by byte: every row shows the same bytes, with its own boundaries
//! between them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Range;

use anstyle::Style;
use trace::lane::Lane;

use super::{BAD, BLOCKS, Cell, DIM, HUES, NAMES, Row, edges, index};

/// `rows` of a lane, `columns` of them at a time; none if that takes too many
/// lines.
pub(super) fn draw(lane: &Lane, rows: &[Row], columns: usize) -> Option<String> {
    let (glyphs, edges) = (glyphs(lane), edges(rows));
    let (mut text, mut start) = (String::new(), 0);
    for _ in 0..BLOCKS {
        let stop = fit(&glyphs, &edges, start, columns);
        for row in rows {
            draw_row(&mut text, &glyphs, row, &edges, start..stop);
        }
        let offset = format!("offset {start}");
        let _ = writeln!(text, "{DIM}{:NAMES$}{offset}{DIM:#}", "");
        start = stop;
        if start >= glyphs.len() {
            return Some(text);
        }
    }
    None
}

/// A byte as it is shown in every row of its lane.
struct Glyph {
    text: String,
    columns: usize,
}

/// How far a row gets in `columns`; at least one byte further.
fn fit(glyphs: &[Glyph], edges: &BTreeSet<u64>, start: usize, columns: usize) -> usize {
    let mut used = 1;
    let mut stop = start;
    for (index, glyph) in glyphs.iter().enumerate().skip(start) {
        used += glyph.columns + usize::from(edges.contains(&(index as u64 + 1)));
        if used > columns && stop > start {
            break;
        }
        stop = index + 1;
    }
    stop
}

fn draw_row(
    text: &mut String,
    glyphs: &[Glyph],
    row: &Row,
    edges: &BTreeSet<u64>,
    range: Range<usize>,
) {
    let name = if range.start == 0 { row.name } else { "" };
    let _ = write!(text, "{name:NAMES$}");
    if range.is_empty() {
        text.push('│');
    }
    let mut style = Style::new();
    let mut switch = |text: &mut String, to: Style| {
        if style != to {
            let _ = write!(text, "{style:#}{to}");
            style = to;
        }
    };
    for index in range.start..=range.end {
        let offset = index as u64;
        let last = index == range.end;
        if edges.contains(&offset) && (!last || index == glyphs.len()) && !range.is_empty() {
            switch(text, Style::new());
            text.push(if row.edges.contains(&offset) {
                '│'
            } else {
                ' '
            });
        }
        let Some(glyph) = glyphs.get(index).filter(|_| !last) else {
            continue;
        };
        match row.cells[index] {
            Cell::Absent => text.extend(std::iter::repeat_n(' ', glyph.columns)),
            Cell::Gone => {
                switch(text, BAD);
                text.extend(std::iter::repeat_n('×', glyph.columns));
            }
            Cell::Byte { hue, header } => {
                let hue = HUES[hue % HUES.len()].on_default();
                switch(text, if header { hue.underline() } else { hue });
                *text += &glyph.text;
            }
        }
    }
    switch(text, Style::new());
    if range.end == glyphs.len() {
        let _ = write!(text, "  {DIM}{}{DIM:#}", row.counts);
    }
    text.push('\n');
}

/// The lane's bytes in one or two columns each: itself, or in hex. What is no
/// text by its nature (challenge, answer, binary length) is all in hex.
fn glyphs(lane: &Lane) -> Vec<Glyph> {
    let mut binary = vec![false; lane.bytes.len()];
    for message in &lane.messages {
        let start = message.range().start;
        let range = if message.kind.is_of_the_handshake() {
            message.range()
        } else {
            start..message.frame.body_range().start
        };
        let digits = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_digit);
        if !digits(lane.slice(range.clone()))
            && let Some(bytes) = binary.get_mut(index(range.start)..index(range.end))
        {
            bytes.fill(true);
        }
    }
    let glyphs = lane.bytes.iter().zip(binary).map(|(&byte, binary)| {
        let text = match byte {
            b'!'..=b'~' if !binary => char::from(byte).to_string(),
            b' ' if !binary => "␠".to_owned(),
            _ => format!("{byte:02x}"),
        };
        Glyph {
            columns: text.chars().count(),
            text,
        }
    });
    glyphs.collect()
}
