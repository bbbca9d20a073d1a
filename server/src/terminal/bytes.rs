//! A lane byte by byte: every row shows the same bytes, with its own boundaries
//! between them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Range;

use anstyle::Style;
use protocol::Offset;
use trace::lane::Lane;

use super::glyph::{GONE, Glyph, NOTHING, glyphs};
use super::row::{Cell, CellRow, Place, edges};
use super::screen::{Screen, padded};
use super::{BAD, BLOCKS, DIM, HUES, NAMES, bytes_columns, offset_line};

/// `rows` of a lane, as many columns of them at a time as there are; none if that
/// takes too many lines.
pub(super) fn draw(lane: &Lane, rows: &[CellRow], screen: Screen) -> Option<String> {
    // A character of one column has at most 4 bytes.
    let most = 4 * bytes_columns(screen) * BLOCKS;
    if lane.end() > Offset(0) + most {
        return None;
    }
    let edges = edges(rows);
    let glyphs = glyphs(lane, &edges, screen);
    draw_from(0, &glyphs, rows, screen)
}

/// The same of the bytes of `glyphs`, the first of which is at `offset`; rows and their
/// edges count from there.
pub(super) fn draw_from(
    offset: u64,
    glyphs: &[Glyph],
    rows: &[CellRow],
    screen: Screen,
) -> Option<String> {
    let edges = edges(rows);
    let columns = bytes_columns(screen);
    let (mut text, mut start) = (String::new(), 0);
    for _ in 0..BLOCKS {
        let stop = fit(glyphs, &edges, start, columns);
        for row in rows {
            draw_row(&mut text, glyphs, row, &edges, start..stop);
        }
        text += &offset_line(screen, offset + start as u64);
        start = stop;
        if start >= glyphs.len() {
            return Some(text);
        }
    }
    None
}

/// The places at an offset where a box of any row begins or ends.
fn places(edges: &BTreeSet<Place>, offset: usize) -> impl Iterator<Item = Place> {
    let offset = offset as u64;
    edges.range((offset, 0)..(offset + 1, 0)).copied()
}

/// Columns between the byte before `offset` and the one behind it: boundaries, and
/// what has no bytes between two of them.
fn between(edges: &BTreeSet<Place>, offset: usize) -> usize {
    (2 * places(edges, offset).count()).saturating_sub(1)
}

/// How far a row gets in `columns`; at least one byte further.
fn fit(glyphs: &[Glyph], edges: &BTreeSet<Place>, start: usize, columns: usize) -> usize {
    let mut used = between(edges, start).max(1);
    let mut stop = start;
    for (index, glyph) in glyphs.iter().enumerate().skip(start) {
        used += glyph.columns + between(edges, index + 1);
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
    row: &CellRow,
    edges: &BTreeSet<Place>,
    range: Range<usize>,
) {
    *text += &padded(&row.name, NAMES);
    let mut style = Style::new();
    let mut switch = |text: &mut String, to: Style| {
        if style != to {
            let _ = write!(text, "{style:#}{to}");
            style = to;
        }
    };
    for index in range.start..=range.end {
        let last = index == range.end;
        // Behind the last byte of a line they stand on the next one.
        if !last || index == glyphs.len() {
            for (number, place) in places(edges, index).enumerate() {
                if number > 0 {
                    let before = (place.0, place.1 - 1);
                    let gone = row.empties.get(&before);
                    switch(
                        text,
                        if gone == Some(&true) {
                            BAD
                        } else {
                            Style::new()
                        },
                    );
                    text.push(match gone {
                        None => ' ',
                        Some(true) => GONE,
                        Some(false) => NOTHING,
                    });
                }
                switch(text, Style::new());
                let is_edge = row.edges.contains(&place);
                text.push(if is_edge { row.border } else { ' ' });
            }
        }
        let Some(glyph) = glyphs.get(index).filter(|_| !last) else {
            continue;
        };
        match row.cell(index as u64) {
            Cell::Absent => text.extend(std::iter::repeat_n(' ', glyph.columns)),
            Cell::Gone => {
                switch(text, BAD);
                text.extend(std::iter::repeat_n(GONE, glyph.columns));
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
