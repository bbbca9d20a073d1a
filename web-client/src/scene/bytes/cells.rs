//! The chunks of a row: boxes with a cell a byte, without cells where bytes
//! are too narrow to read, density where even chunks are too narrow.

use std::ops::Range;

use protocol::Offset;

use trace::rows::{Chunk, Layer};

use super::Group;
use super::row::ChunkRow;
use crate::literal;
use crate::scene::list::Style;
use crate::scene::{Align, DrawList, Font, Ink, Part, Rect, Shape, Target, text_width};

/// Width of the box of a call without bytes.
const EMPTY: f64 = 6.0;
/// Left and right of the bytes that are written into a box.
const MARGIN: f64 = 3.0;
/// Bytes are written into a box that leaves so much room: four characters.
const LEAST: f64 = 25.0;

impl Group<'_> {
    pub(super) fn chunks(&self, row: &ChunkRow, list: &mut DrawList) {
        if row.dense {
            self.density(row, list);
        } else {
            for chunk in &row.chunks {
                self.chunk(row, chunk, list);
            }
        }
        for empty in &row.empties {
            let x = self.layout.x(empty.range.start);
            let rect = Rect::new(x - EMPTY / 2.0, row.y, EMPTY, self.pitch.height);
            list.shapes
                .push(self.outline(rect, empty, Some(Ink::Ground)));
            list.hit(rect.inset(-2.0), Target::Event(empty.event));
        }
        if row.layer == Layer::Messages {
            self.refused(row, list);
        }
        if let (Some(offset), false) = (self.selected(), self.layout.is_readable()) {
            let x = self.layout.x(offset);
            if self.layout.shows(offset) {
                let bottom = row.y + self.pitch.height;
                list.vertical_around_texts(x, row.y, bottom, Ink::Accent, 2.0);
            }
        }
    }

    pub(super) fn chunk(&self, row: &ChunkRow, chunk: &Chunk, list: &mut DrawList) {
        if let Some(rect) = self.layout.span(&chunk.range, row.y, self.pitch.height) {
            let hit = Rect::new(rect.x, rect.y - 20.0, rect.width, rect.height + 20.0);
            list.hit(hit, Target::Event(chunk.event));
            let gap = if rect.width >= 6.0 { 1.0 } else { 0.0 };
            let outline = Rect::new(rect.x + gap, rect.y, rect.width - 2.0 * gap, rect.height);
            list.shapes.push(self.outline(outline, chunk, None));
            let mut painted = f64::NEG_INFINITY;
            for stretch in self.hues.within(&chunk.range) {
                // Several in one pixel can't be told apart.
                let right = self.layout.x(stretch.range.end);
                if right < painted + 1.0 {
                    continue;
                }
                painted = right;
                let hue = |part| Ink::hue(stretch.index, part);
                let style = Cell {
                    fill: Some(hue(Part::Fill)),
                    stroke: hue(Part::Stroke),
                    text: hue(Part::Text),
                    line: 1.0,
                    hatched: stretch.is_header,
                    dashed: false,
                    ghost: chunk.is_ahead,
                };
                self.cells(&stretch.range, row.y, style, list);
            }
        }
        if chunk.cut > 0 {
            self.gone(row, chunk, list);
        }
    }

    /// The box around a chunk, in the colour of what is going on with it.
    fn outline(&self, rect: Rect, chunk: &Chunk, fill: Option<Ink>) -> Shape {
        let target = Some(Target::Event(chunk.event));
        let current = self.shot.current().is_some_and(|(at, _)| at == chunk.event);
        let selected = self.shot.selection == target;
        let (stroke, line) = if current || selected {
            (Ink::Accent, 2.0)
        } else if self.shot.hover == target {
            (Ink::Accent, 1.0)
        } else if chunk.is_lost {
            (Ink::Bad, 1.5)
        } else {
            (Ink::Outline, 1.5)
        };
        Shape::Rect {
            rect,
            fill: if selected {
                Some(Ink::AccentSoft)
            } else {
                fill
            },
            stroke: Some(stroke),
            line,
            radius: 6.0_f64.min(rect.width / 2.0),
            dashed: chunk.is_ahead,
            ghost: chunk.is_ahead,
        }
    }

    /// What the reader had no room for.
    fn gone(&self, row: &ChunkRow, chunk: &Chunk, list: &mut DrawList) {
        let range = chunk.range.end..chunk.range.end + chunk.cut;
        let style = Cell {
            fill: None,
            stroke: Ink::Bad,
            text: Ink::Bad,
            line: 1.0,
            hatched: false,
            dashed: true,
            ghost: chunk.is_ahead,
        };
        self.cells(&range, row.y, style, list);
        if let Some(rect) = self.layout.span(&range, row.y, self.pitch.height) {
            list.hit(rect, Target::Event(chunk.event));
            let middle = rect.y + rect.height / 2.0;
            list.shapes.push(Shape::Line {
                x0: rect.x,
                y0: middle,
                x1: rect.right(),
                y1: middle,
                ink: Ink::Bad,
                line: 1.5,
                dashed: false,
                ghost: chunk.is_ahead,
            });
        }
    }

    /// The bytes that the decoder refused, on the row of the messages.
    fn refused(&self, row: &ChunkRow, list: &mut DrawList) {
        let Some((range, event)) = self.rows.refused() else {
            return;
        };
        let Some(rect) = self.layout.span(&range, row.y, self.pitch.height) else {
            return;
        };
        let ghost = !self.shot.has_happened(event);
        list.hit(rect, Target::Event(event));
        list.shapes.push(Shape::Rect {
            rect: Rect::new(
                rect.x + 1.0,
                rect.y,
                (rect.width - 2.0).max(1.0),
                rect.height,
            ),
            fill: Some(Ink::BadSoft),
            stroke: Some(Ink::Bad),
            line: 1.5,
            radius: 6.0,
            dashed: ghost,
            ghost,
        });
        let style = Cell {
            fill: None,
            stroke: Ink::Bad,
            text: Ink::Bad,
            line: 1.0,
            hatched: false,
            dashed: false,
            ghost,
        };
        if self.layout.is_readable() {
            self.cells(&range, row.y, style, list);
        }
    }

    /// Bytes of one look: a cell each, or one box where they are too narrow.
    fn cells(&self, range: &Range<Offset>, y: f64, style: Cell, list: &mut DrawList) {
        let inner = (y + 6.0, self.pitch.height - 12.0);
        if !self.layout.is_readable() {
            if let Some(rect) = self.layout.span(range, inner.0, inner.1) {
                let gap = if rect.width >= 8.0 { 2.0 } else { 0.0 };
                let rect = Rect::new(rect.x + gap, rect.y, rect.width - 2.0 * gap, rect.height);
                style.draw(rect, list);
                self.excerpt(range, rect, style, list);
            }
            return;
        }
        let cell = self.layout.cell;
        // Two hex digits have to fit into the narrowest cell.
        let gap = match cell {
            24.0.. => 2.0,
            16.0.. => 1.0,
            _ => 0.75,
        };
        let mut at = range.start;
        while at < range.end {
            if let Some(whole) = self.layout.span(&(at..at + 1), inner.0, inner.1) {
                let width = (whole.width - 2.0 * gap).max(1.0);
                let rect = Rect::new(whole.x + gap, whole.y, width, whole.height);
                let chosen = self.selected() == Some(at);
                let known = self.lane.slice(at..at + 1).first().copied();
                let accented = Cell {
                    // What is not known has no value to colour.
                    fill: style.fill.filter(|_| known.is_some()),
                    dashed: style.dashed || known.is_none(),
                    stroke: if chosen { Ink::Accent } else { style.stroke },
                    line: if chosen { 2.5 } else { style.line },
                    ..style
                };
                accented.draw(rect, list);
                if whole.width > cell - 0.5
                    && let Some(byte) = known
                {
                    glyph(byte, rect, style, list);
                }
                let target = Target::Byte {
                    connection: self.lane.connection,
                    direction: self.lane.direction,
                    offset: at,
                };
                list.hit(whole, target);
            }
            at += 1;
        }
    }

    /// In a box whose bytes have no cells: the first of them in sight, as text if
    /// they are text, else in hexadecimal.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative, and no longer than the bytes in memory"
    )]
    fn excerpt(&self, range: &Range<Offset>, rect: Rect, style: Cell, list: &mut DrawList) {
        let room = rect.width - 2.0 * MARGIN;
        if room < LEAST {
            return;
        }
        let start = range.start.max(Offset(self.layout.first.ceil() as u64));
        // No character is narrower.
        let most = (room / 5.0) as usize + 4;
        let bytes = self.lane.slice(start..range.end.min(start + most));
        let mut text = written(bytes);
        if start + bytes.len() < range.end {
            text.push('…');
        }
        let at = (rect.x + MARGIN, rect.y + rect.height / 2.0);
        let style = Style::new(Font::MonoSmall, style.text).ghost(style.ghost);
        list.text(at, &text, style, room);
    }

    /// One column a pixel, as high as it has chunks.
    fn density(&self, row: &ChunkRow, list: &mut DrawList) {
        let counts = row.columns().iter().map(|column| column.count);
        let most = counts.max().unwrap_or(1).max(1);
        let base = row.y + self.pitch.height;
        for column in row.columns() {
            let share = f64::from(column.count) / f64::from(most);
            let height = self.pitch.height * (0.25 + 0.75 * share);
            let ink = column
                .hue
                .map_or(Ink::Outline, |hue| Ink::hue(hue, Part::Stroke));
            let ghost = !self.shot.has_happened(column.first);
            list.column(column.x, base, height, ink, ghost);
        }
    }
}

/// How bytes look.
#[derive(Clone, Copy)]
struct Cell {
    fill: Option<Ink>,
    stroke: Ink,
    text: Ink,
    /// Width of the edge.
    line: f64,
    hatched: bool,
    dashed: bool,
    ghost: bool,
}

impl Cell {
    fn draw(self, rect: Rect, list: &mut DrawList) {
        let edged = rect.width >= 3.0;
        list.shapes.push(Shape::Rect {
            rect,
            fill: if edged { self.fill } else { Some(self.stroke) },
            stroke: edged.then_some(self.stroke),
            line: self.line,
            radius: if edged {
                3.0_f64.min(rect.width / 3.0)
            } else {
                0.0
            },
            dashed: self.dashed,
            ghost: self.ghost,
        });
        if self.hatched && edged {
            list.shapes.push(Shape::Hatch {
                rect,
                ink: self.stroke,
                ghost: self.ghost,
            });
        }
    }
}

/// Bytes as text with its escapes if they are text without other control characters, but for
/// a character that is cut off at the end; else as hex digits.
fn written(bytes: &[u8]) -> String {
    let whole = match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_some() => 0,
        Err(error) => error.valid_up_to(),
        Ok(text) => text.len(),
    };
    match std::str::from_utf8(&bytes[..whole]) {
        Ok(text) if !text.is_empty() && !text.contains(is_no_text) => literal::shown(text.chars()),
        _ => bytes.iter().flat_map(|&byte| digits(byte)).collect(),
    }
}

fn is_no_text(character: char) -> bool {
    character.is_control() && literal::escape(character).is_none()
}

fn digits(byte: u8) -> [char; 2] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    [byte >> 4, byte & 15].map(|digit| char::from(DIGITS[usize::from(digit)]))
}

/// A byte as text: the ASCII character or its escape, else two hex digits.
fn glyph(byte: u8, rect: Rect, style: Cell, list: &mut DrawList) {
    let text: String = match byte {
        b' ' => "␣".to_owned(),
        0x21..=0x7e => char::from(byte).to_string(),
        _ => match literal::escape(char::from(byte)) {
            Some(escape) => escape.to_owned(),
            None => digits(byte).iter().collect(),
        },
    };
    let fonts = [Font::Mono, Font::MonoSmall].into_iter();
    let mut fitting = fonts.filter(|&font| text_width(&text, font) <= rect.width);
    let Some(font) = fitting.next() else {
        return;
    };
    let at = (rect.x + rect.width / 2.0, rect.y + rect.height / 2.0);
    let style = Style::new(font, style.text)
        .align(Align::Middle)
        .ghost(style.ghost);
    list.text(at, &text, style, rect.width);
}

#[cfg(test)]
mod tests {
    use super::written;

    #[test]
    fn bytes_in_a_box_are_text_or_digits() {
        assert_eq!(written(b"hello you"), "hello you");
        assert_eq!(written("粘包".as_bytes()), "粘包");
        assert_eq!(written(&"粘包".as_bytes()[..4]), "粘", "cut off");
        assert_eq!(written(&"粘".as_bytes()[..2]), "e7b2");
        assert_eq!(written(b"\x05\0\0\0"), "05000000");
        assert_eq!(written(b"a\xffb"), "61ff62");
        assert_eq!(written(b"a|b\r\n"), r"a|b\r\n");
        assert_eq!(written(b"a\tb\\n"), r"a\tb\\n");
        assert_eq!(written(b"a\n\0"), "610a00");
        assert_eq!(written(b""), "");
    }
}
