//! Draw lists: shapes with symbolic colours in CSS pixels, painted in order,
//! and the rectangles that answer to the pointer.

use super::ink::Ink;
use super::target::Target;
use super::text::{Font, shorten, text_width};

/// What to paint, later shapes over earlier ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DrawList {
    /// Width of the canvas in CSS pixels.
    pub width: f64,
    /// Height of the canvas in CSS pixels; the scene decides it.
    pub height: f64,
    /// The shapes.
    pub shapes: Vec<Shape>,
    /// What can be pointed at; of several at a point the last counts.
    pub hits: Vec<Hit>,
    /// From which x to which the stretch is drawn that is zoomed and moved.
    pub area: (f64, f64),
    /// Where the cursor can be taken hold of.
    pub handle: Option<Rect>,
    /// From which y to which what the cursor is about is drawn.
    pub focus: Option<(f64, f64)>,
}

impl DrawList {
    /// What is at a point.
    pub fn target_at(&self, x: f64, y: f64) -> Option<Target> {
        let mut hits = self.hits.iter().rev();
        hits.find(|hit| hit.rect.contains(x, y))
            .map(|hit| hit.target)
    }

    /// Where x lies in the stretch that is drawn: 0 at its left end, 1 at its right.
    pub fn share(&self, x: f64) -> f64 {
        let (left, right) = self.area;
        (x - left) / (right - left).max(1.0)
    }

    /// Adds a line of text, shortened to `room`; nothing if nothing of it fits.
    pub(super) fn text(&mut self, at: (f64, f64), text: &str, style: Style, room: f64) {
        let text = shorten(text, style.font, room);
        if !text.is_empty() {
            self.shapes.push(Shape::Text {
                x: at.0,
                y: at.1,
                text,
                align: style.align,
                font: style.font,
                ink: style.ink,
                max_width: room,
                ghost: style.ghost,
            });
        }
    }

    /// Adds a vertical line.
    pub(super) fn vertical(&mut self, x: f64, y0: f64, y1: f64, ink: Ink, line: f64) {
        self.shapes.push(Shape::Line {
            x0: x,
            y0,
            x1: x,
            y1,
            ink,
            line,
            dashed: false,
            ghost: false,
        });
    }

    /// Adds a column one pixel wide that stands on `base`. Neighbours of one look
    /// are one shape.
    pub(super) fn column(&mut self, x: f64, base: f64, height: f64, ink: Ink, ghost: bool) {
        let y = base - height;
        let edges = [(x, y), (x + 1.0, y)];
        if let Some(Shape::Area {
            points,
            base: other,
            ink: same,
            ghost: haunts,
        }) = self.shapes.last_mut()
            && (*same, *haunts) == (ink, ghost)
            && (*other - base).abs() < 1e-6
            && let Some(last) = points.last_mut()
            && (last.0 - x).abs() < 1e-6
        {
            if (last.1 - y).abs() < 0.5 {
                last.0 = x + 1.0;
            } else {
                points.extend(edges);
            }
            return;
        }
        self.shapes.push(Shape::Area {
            points: edges.to_vec(),
            base,
            ink,
            ghost,
        });
    }

    /// Adds what keeps ribbons from running through a text, and lets the cursor's line
    /// end beside it.
    pub(super) fn ground(&mut self, x: f64, y: f64, width: f64) {
        let left = (x - 3.0).max(0.0);
        let right = (x + width + 3.0).min(self.width);
        self.shapes.push(Shape::Rect {
            rect: Rect::new(left, y - 7.0, right - left, 14.0),
            fill: Some(Ink::Ground),
            stroke: None,
            line: 0.0,
            radius: 3.0,
            dashed: false,
            ghost: false,
        });
    }

    /// Adds a place that answers to the pointer.
    pub(super) fn hit(&mut self, rect: Rect, target: Target) {
        self.hits.push(Hit { rect, target });
    }
}

/// How a text looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub(super) font: Font,
    pub(super) ink: Ink,
    pub(super) align: Align,
    pub(super) ghost: bool,
}

impl Style {
    pub(super) const fn new(font: Font, ink: Ink) -> Self {
        Self {
            font,
            ink,
            align: Align::Start,
            ghost: false,
        }
    }

    pub(super) const fn align(self, align: Align) -> Self {
        Self { align, ..self }
    }

    pub(super) const fn ghost(self, ghost: bool) -> Self {
        Self { ghost, ..self }
    }
}

/// A rectangle in CSS pixels, y downwards.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width, not negative.
    pub width: f64,
    /// Height, not negative.
    pub height: f64,
}

impl Rect {
    /// A rectangle from its left upper corner.
    pub const fn new(x: f64, y: f64, width: f64, height: f64) -> Self {
        Self {
            x,
            y,
            width,
            height,
        }
    }

    /// The right edge.
    pub fn right(&self) -> f64 {
        self.x + self.width
    }

    /// The lower edge.
    pub fn bottom(&self) -> f64 {
        self.y + self.height
    }

    /// The same, smaller by `by` on every side.
    #[must_use]
    pub fn inset(&self, by: f64) -> Self {
        let by_x = by.min(self.width / 2.0);
        let by_y = by.min(self.height / 2.0);
        Self::new(
            self.x + by_x,
            self.y + by_y,
            self.width - 2.0 * by_x,
            self.height - 2.0 * by_y,
        )
    }

    /// Whether the point lies in it; left and upper edge belong to it.
    pub fn contains(&self, x: f64, y: f64) -> bool {
        x >= self.x && x < self.right() && y >= self.y && y < self.bottom()
    }
}

/// One shape. `ghost` shapes are what has not happened yet at the cursor: they
/// are painted faint (with the alpha of CSS `--ghost-alpha`).
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A rectangle with rounded corners.
    Rect {
        /// Where.
        rect: Rect,
        /// What it is filled with.
        fill: Option<Ink>,
        /// What its edge is drawn with.
        stroke: Option<Ink>,
        /// Width of the edge's line.
        line: f64,
        /// Radius of its corners.
        radius: f64,
        /// Whether the edge is dashed.
        dashed: bool,
        /// Not yet.
        ghost: bool,
    },
    /// Diagonal lines filling a rectangle.
    Hatch {
        /// Where; nothing is painted outside.
        rect: Rect,
        /// The lines' colour.
        ink: Ink,
        /// Not yet.
        ghost: bool,
    },
    /// One line of text.
    Text {
        /// Where `align` puts it.
        x: f64,
        /// Its vertical middle (`textBaseline = "middle"`).
        y: f64,
        /// The text, shortened already.
        text: String,
        /// Which end of it stands at `x`.
        align: Align,
        /// Its font.
        font: Font,
        /// Its colour.
        ink: Ink,
        /// It must not be painted wider than this (`fillText`'s last argument).
        max_width: f64,
        /// Not yet.
        ghost: bool,
    },
    /// A straight line.
    Line {
        /// One end, x.
        x0: f64,
        /// One end, y.
        y0: f64,
        /// Other end, x.
        x1: f64,
        /// Other end, y.
        y1: f64,
        /// Its colour.
        ink: Ink,
        /// Its width.
        line: f64,
        /// Whether it is dashed.
        dashed: bool,
        /// Not yet.
        ghost: bool,
    },
    /// The same bytes in two rows, joined.
    Ribbon {
        /// Its upper edge.
        top: Edge,
        /// Its lower edge.
        bottom: Edge,
        /// Its colour.
        ink: Ink,
        /// Not yet.
        ghost: bool,
    },
    /// A filled area under a line of points, down to `base`.
    Area {
        /// The line's points, x ascending.
        points: Vec<(f64, f64)>,
        /// y of the lower edge.
        base: f64,
        /// What it is filled with.
        ink: Ink,
        /// Not yet.
        ghost: bool,
    },
    /// A filled circle.
    Circle {
        /// Its middle, x.
        x: f64,
        /// Its middle, y.
        y: f64,
        /// Its radius.
        radius: f64,
        /// Its colour.
        fill: Ink,
        /// What its edge is drawn with, 2 px wide.
        stroke: Option<Ink>,
    },
}

impl Shape {
    /// The rectangle a text takes, by the estimate of its width; none for what
    /// is no text.
    pub(super) fn text_box(&self) -> Option<Rect> {
        let Self::Text {
            x,
            y,
            text,
            align,
            font,
            ..
        } = self
        else {
            return None;
        };
        let width = text_width(text, *font);
        let left = match align {
            Align::Start => *x,
            Align::Middle => x - width / 2.0,
            Align::End => x - width,
        };
        let height = font.size();
        Some(Rect::new(left, y - height / 2.0, width, height))
    }
}

/// A horizontal edge of a ribbon.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// Left end.
    pub x0: f64,
    /// Right end.
    pub x1: f64,
    /// Height.
    pub y: f64,
}

/// Which end of a text stands at its x.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// The left end.
    Start,
    /// The middle.
    Middle,
    /// The right end.
    End,
}

/// A place that answers to the pointer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// Where.
    pub rect: Rect,
    /// What is there.
    pub target: Target,
}
