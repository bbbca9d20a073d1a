//! A lane of more bytes than anybody reads: each box by its number in its row
//! and its size, over the same offsets still.
//!
//! ```text
//! send()     │#1 200 B│#2 200 B│#3 200 B│  3 sends
//! recv()     │#1 200 B│××××××××│#2 200 B│  2 recvs, 1 dropped
//! ```

use std::fmt::Write as _;
use std::ops::Range;

use anstyle::Style;
use trace::lane::Lane;
use trace::text::Sentence;

use super::glyph::GONE;
use super::row::{BOUNDARY, Cell, CellRow, Place, edges};
use super::screen::{Screen, padded};
use super::{BAD, BLOCKS, DIM, HUES, NAMES, bytes_columns, offset_line};

/// Behind the size of a packet that a link lost.
const LOST: &str = " ✗";

/// `rows` of a lane, as many columns of them at a time as there are; what is left
/// after many lines is counted.
pub(super) fn draw(lane: &Lane, rows: &[CellRow], screen: Screen) -> String {
    let columns = bytes_columns(screen);
    let edges: Vec<Place> = edges(rows).into_iter().collect();
    let rows: Vec<_> = rows.iter().map(|row| (row, boxes(row, &edges))).collect();
    let widths = widths(&rows, edges.len().saturating_sub(1));
    let (mut text, mut start) = (String::new(), 0);
    for _ in 0..BLOCKS {
        let stop = fit(&widths, start, columns);
        for (row, boxes) in &rows {
            draw_row(&mut text, row, boxes, &edges, &widths, start..stop);
        }
        let (offset, _) = edges.get(start).copied().unwrap_or_default();
        text += &offset_line(screen, offset);
        start = stop;
        if start >= widths.len() {
            return text;
        }
    }
    let left = lane.end().0.saturating_sub(edges[start].0);
    let left = screen.say(&Sentence::new("terminal.not-drawn").with("n", left));
    let _ = writeln!(text, "{DIM}{:NAMES$}  {left}", "");
    for (row, _) in &rows {
        let _ = writeln!(text, "{}  {}", padded(&row.name, NAMES), row.counts);
    }
    let _ = write!(text, "{DIM:#}");
    text
}

/// What a row has between two of its edges.
struct Piece {
    /// Stretches between the edges of all rows, as indices.
    stretches: Range<usize>,
    /// Its number and size; none for what is gone.
    label: Option<String>,
    hue: usize,
}

/// The boxes of a row; what it has no box for is left out.
fn boxes(row: &CellRow, edges: &[Place]) -> Vec<Piece> {
    let own: Vec<Place> = row.edges.iter().copied().collect();
    let place = |edge| edges.partition_point(|&other| other < edge);
    let mut boxes = Vec::new();
    let mut number = 0;
    for two in own.windows(2) {
        let size = two[1].0 - two[0].0;
        let (is_gone, hue) = match (row.empties.get(&two[0]), row.cell(two[0].0)) {
            (Some(gone), _) => (*gone, 0),
            (None, Cell::Gone) if size > 0 => (true, 0),
            (None, Cell::Byte { hue, .. }) if size > 0 => (false, hue),
            _ => continue,
        };
        let label = (!is_gone).then(|| {
            number += 1;
            let lost = if row.lost.contains(&number) { LOST } else { "" };
            format!("#{number} {size} B{lost}")
        });
        boxes.push(Piece {
            stretches: place(two[0])..place(two[1]),
            label,
            hue,
        });
    }
    boxes
}

/// Columns of each stretch: as few as leave room for every label.
fn widths(rows: &[(&CellRow, Vec<Piece>)], stretches: usize) -> Vec<usize> {
    let mut widths = vec![1; stretches];
    let all = rows.iter().flat_map(|(_, boxes)| boxes);
    let mut all: Vec<_> = all.collect();
    all.sort_by_key(|piece| piece.stretches.end);
    for piece in all {
        let needed = piece.label.as_deref().map_or(1, width);
        let missing = needed.saturating_sub(columns(&widths[piece.stretches.clone()]));
        if let Some(last) = widths[piece.stretches.clone()].last_mut() {
            *last += missing;
        }
    }
    widths
}

/// Columns of a label.
fn width(label: &str) -> usize {
    label.chars().count()
}

/// Columns of neighbouring stretches with what stands between them.
fn columns(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + widths.len().saturating_sub(1)
}

/// How far a row gets in `columns`; at least one stretch further.
fn fit(widths: &[usize], start: usize, columns: usize) -> usize {
    let mut used = 1;
    let mut stop = start;
    for width in widths.iter().skip(start) {
        used += width + 1;
        if used > columns && stop > start {
            break;
        }
        stop += 1;
    }
    stop
}

fn draw_row(
    text: &mut String,
    row: &CellRow,
    boxes: &[Piece],
    edges: &[Place],
    widths: &[usize],
    range: Range<usize>,
) {
    *text += &padded(&row.name, NAMES);
    let border = |at: usize| match edges.get(at) {
        Some(edge) if row.edges.contains(edge) => BOUNDARY,
        _ => ' ',
    };
    let mut at = range.start;
    while at < range.end {
        text.push(border(at));
        let next = boxes.partition_point(|piece| piece.stretches.end <= at);
        let piece = boxes.get(next).filter(|piece| piece.stretches.start <= at);
        let Some(piece) = piece else {
            text.extend(std::iter::repeat_n(' ', widths[at]));
            at += 1;
            continue;
        };
        // A box that goes on below is named there again.
        let end = piece.stretches.end.min(range.end);
        let room = columns(&widths[at..end]);
        let (style, content) = match &piece.label {
            None => (BAD, GONE.to_string().repeat(room)),
            Some(label) if width(label) > room => (Style::new(), "…".to_owned()),
            Some(label) if label.ends_with(LOST) => (BAD, label.clone()),
            Some(label) => (HUES[piece.hue % HUES.len()].on_default(), label.clone()),
        };
        let _ = write!(text, "{style}{content:room$}{style:#}");
        at = end;
    }
    if range.end >= widths.len() {
        let _ = write!(text, "{}  {DIM}{}{DIM:#}", border(range.end), row.counts);
    }
    text.push('\n');
}
