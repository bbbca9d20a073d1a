//! What stands above a row in a narrow view, in one line: whose it is at the left, what
//! it counts at the right. No text of it stands in the cursor's way.

use super::list::{Align, DrawList, Style};
use super::text::text_width;

/// Between two texts.
const SPACE: f64 = 8.0;
/// Between a text and the cursor.
const BESIDE: f64 = 4.0;
/// A name with less room is left out.
const LEAST: f64 = 20.0;

/// The texts of the line, and where it is.
pub(super) struct Headline<'a> {
    /// Left and right edge.
    pub(super) edges: (f64, f64),
    pub(super) y: f64,
    /// Names, the most important first.
    pub(super) names: [(&'a str, Style); 2],
    /// What is counted, and the room that it may take.
    pub(super) count: (&'a str, Style, f64),
    /// Where the cursor goes through the line.
    pub(super) cursor: Option<f64>,
}

impl DrawList {
    /// Adds the line.
    pub(super) fn headline(&mut self, line: &Headline<'_>) {
        let (left, right) = line.edges;
        let (count, style, room) = line.count;
        let wide = text_width(count, style.font).min(room).min(right - left);
        let (from, to) = line.beside((left, right), wide, true);
        let wide = wide.min(to - from);
        self.text((to, line.y), count, style.align(Align::End), wide);
        let free = to - wide - SPACE;
        let mut x = left;
        for (text, style) in line.names {
            let wide = text_width(text, style.font);
            let (from, to) = line.beside((x, free), wide, false);
            if to - from < LEAST {
                break;
            }
            self.text((from, line.y), text, style, to - from);
            x = from + wide.min(to - from) + SPACE;
        }
    }
}

impl Headline<'_> {
    /// The room between two edges, on one side of the cursor if it would cross a text
    /// of this width at the one end or (`at_right`) at the other: there if the text
    /// fits, else on the wider side.
    fn beside(&self, (left, right): (f64, f64), wide: f64, at_right: bool) -> (f64, f64) {
        let Some(cursor) = self.cursor else {
            return (left, right);
        };
        let before = (left, right.min(cursor - BESIDE));
        let behind = (left.max(cursor + BESIDE), right);
        let sides = if at_right {
            [behind, before]
        } else {
            [before, behind]
        };
        let room = |(from, to): (f64, f64)| to - from;
        let fitting = sides.into_iter().find(|side| room(*side) >= wide);
        fitting.unwrap_or_else(|| {
            if room(sides[0]) >= room(sides[1]) {
                sides[0]
            } else {
                sides[1]
            }
        })
    }
}
