//! Draw lists to a canvas. Colours come from the style sheet; a style is set
//! only when it differs from the one before, and only what has changed is painted.

mod palette;

use wasm_bindgen::prelude::*;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

pub use palette::Palette;

use crate::dom::{Missing, document, window};
use crate::scene::outline::{self, DASH};
use crate::scene::{Align, DrawList, Font, Ink, Rect, Shape, damage};

/// A canvas and what its context is set to.
pub struct Painter {
    canvas: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
    /// Width, height, and pixels a CSS pixel, as they were set.
    size: (f64, f64, f64),
    pen: Pen,
    /// The only part that is painted, if not all is.
    part: Option<Rect>,
}

/// What a context is set to; nothing of it is known at first.
#[derive(Clone, Copy)]
struct Pen {
    fill: Option<Ink>,
    stroke: Option<Ink>,
    font: Option<Font>,
    align: Option<Align>,
    line: f64,
    dashed: bool,
    alpha: f64,
}

impl Pen {
    /// As a context is that was just made, or resized.
    const NEW: Self = Self {
        fill: None,
        stroke: None,
        font: None,
        align: None,
        line: 1.0,
        dashed: false,
        alpha: 1.0,
    };
}

impl Painter {
    /// Paints on `canvas`.
    pub fn new(canvas: HtmlCanvasElement) -> Result<Self, Missing> {
        let context = context(&canvas).ok_or_else(|| Missing::of("canvas that can be painted"))?;
        Ok(Self {
            canvas,
            context,
            size: (0.0, 0.0, 0.0),
            pen: Pen::NEW,
            part: None,
        })
    }

    /// Paints `list` in place of `before`, which was painted last; the canvas takes
    /// its height.
    pub fn paint(&mut self, list: &DrawList, before: &DrawList, palette: &Palette) {
        let ratio = window().device_pixel_ratio().clamp(1.0, 4.0);
        let is_blank = self.resize(list.width, list.height, ratio);
        let places = (!is_blank).then(|| damage(before, list)).flatten();
        let Some(places) = places else {
            return self.paint_all(list, palette);
        };
        let bounds: Vec<_> = list.shapes.iter().map(Shape::bounds).collect();
        for place in places {
            // At whole pixels nothing of a neighbour is cut through.
            let [left, top] = [place.x, place.y].map(|at| (at * ratio).floor() / ratio);
            let [right, bottom] =
                [place.right(), place.bottom()].map(|at| (at * ratio).ceil() / ratio);
            let part = Rect::new(left, top, right - left, bottom - top);
            let pen = self.pen;
            self.context.save();
            self.context.begin_path();
            self.context.rect(part.x, part.y, part.width, part.height);
            self.context.clip();
            self.context
                .clear_rect(part.x, part.y, part.width, part.height);
            self.part = Some(part);
            for (shape, bounds) in list.shapes.iter().zip(&bounds) {
                if bounds.meets(&part) {
                    self.shape(shape, palette);
                }
            }
            self.part = None;
            self.context.restore();
            self.pen = pen;
        }
    }

    fn paint_all(&mut self, list: &DrawList, palette: &Palette) {
        self.context.clear_rect(0.0, 0.0, list.width, list.height);
        for shape in &list.shapes {
            self.shape(shape, palette);
        }
    }

    /// Gives the canvas this size; tells whether it is blank now.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a canvas is a few thousand pixels wide"
    )]
    fn resize(&mut self, width: f64, height: f64, ratio: f64) -> bool {
        let before = std::mem::replace(&mut self.size, (width, height, ratio));
        if before == self.size {
            return false;
        }
        let height_css = [&(height.round() as u32).to_string(), "px"].concat();
        let _ = self.canvas.style().set_property("height", &height_css);
        self.canvas.set_width((width * ratio).round() as u32);
        self.canvas.set_height((height * ratio).round() as u32);
        // Setting the size of a canvas resets its whole state.
        let _ = self.context.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0);
        self.context.set_text_baseline("middle");
        self.pen = Pen::NEW;
        true
    }

    /// Nothing that is set or painted counts any more: the colours have changed, or the
    /// browser has lost it.
    pub const fn forget(&mut self) {
        // No canvas has this size.
        self.size = (0.0, 0.0, 0.0);
    }

    fn shape(&mut self, shape: &Shape, palette: &Palette) {
        match shape {
            Shape::Rect {
                rect,
                fill,
                stroke,
                line,
                radius,
                dashed,
                ghost,
            } => {
                self.set_ghost(*ghost, palette);
                self.rect(rect, *radius);
                if let Some(ink) = fill {
                    self.set_fill(*ink, palette);
                    self.context.fill();
                }
                if let Some(ink) = stroke {
                    self.set_stroke(*ink, *line, *dashed, palette);
                    self.context.stroke();
                }
            }
            Shape::Hatch { rect, ink, ghost } => {
                self.set_ghost(*ghost, palette);
                if let Some(pattern) = palette.hatch(*ink) {
                    self.context.set_fill_style_canvas_pattern(&pattern);
                    self.pen.fill = None;
                    let Rect {
                        x,
                        y,
                        width,
                        height,
                    } = *rect;
                    self.context.fill_rect(x, y, width, height);
                }
            }
            Shape::Text {
                x,
                y,
                text,
                align,
                font,
                ink,
                max_width,
                ghost,
            } => {
                let alpha = if *ghost {
                    palette.colours().ghost_text_alpha
                } else {
                    1.0
                };
                self.set_alpha(alpha);
                self.set_fill(*ink, palette);
                self.set_font(*font, *align, palette);
                let _ = self
                    .context
                    .fill_text_with_max_width(text, *x, *y, *max_width);
            }
            Shape::Line {
                x0,
                y0,
                x1,
                y1,
                ink,
                line,
                dashed,
                ghost,
            } => {
                self.set_ghost(*ghost, palette);
                self.set_stroke(*ink, *line, *dashed, palette);
                self.context.begin_path();
                self.context.move_to(*x0, *y0);
                self.context.line_to(*x1, *y1);
                self.context.stroke();
            }
            Shape::Ribbon {
                top,
                bottom,
                ink,
                ghost,
            } => {
                self.polygon(outline::ribbon(top, bottom), *ink, *ghost, palette);
            }
            Shape::Area {
                points,
                base,
                ink,
                ghost,
            } => {
                let points = self.part.map_or(&points[..], |part| {
                    outline::points_within(points, part.x, part.right())
                });
                self.polygon(outline::area(points, *base), *ink, *ghost, palette);
            }
            Shape::Circle {
                x,
                y,
                radius,
                fill,
                stroke,
            } => {
                self.set_ghost(false, palette);
                self.set_fill(*fill, palette);
                self.context.begin_path();
                let _ = self
                    .context
                    .arc(*x, *y, *radius, 0.0, std::f64::consts::TAU);
                self.context.fill();
                if let Some(ink) = stroke {
                    self.set_stroke(*ink, 2.0, false, palette);
                    self.context.stroke();
                }
            }
        }
    }

    fn rect(&self, rect: &Rect, radius: f64) {
        self.context.begin_path();
        if radius > 0.0 {
            let radius = radius.min(rect.width / 2.0).min(rect.height / 2.0);
            // Fails for a negative radius only.
            let _ = self.context.round_rect_with_f64(
                rect.x,
                rect.y,
                rect.width,
                rect.height,
                radius.max(0.0),
            );
        } else {
            self.context.rect(rect.x, rect.y, rect.width, rect.height);
        }
    }

    fn polygon(
        &mut self,
        points: impl IntoIterator<Item = (f64, f64)>,
        ink: Ink,
        ghost: bool,
        palette: &Palette,
    ) {
        self.set_ghost(ghost, palette);
        self.set_fill(ink, palette);
        self.context.begin_path();
        for (x, y) in points {
            self.context.line_to(x, y);
        }
        self.context.fill();
    }

    fn set_fill(&mut self, ink: Ink, palette: &Palette) {
        if self.pen.fill.replace(ink) != Some(ink) {
            self.context.set_fill_style_str(palette.colours().of(ink));
        }
    }

    #[expect(clippy::float_cmp, reason = "the same number as was set")]
    fn set_stroke(&mut self, ink: Ink, line: f64, dashed: bool, palette: &Palette) {
        if self.pen.stroke.replace(ink) != Some(ink) {
            self.context.set_stroke_style_str(palette.colours().of(ink));
        }
        if self.pen.line != line {
            self.pen.line = line;
            self.context.set_line_width(line);
        }
        if self.pen.dashed != dashed {
            self.pen.dashed = dashed;
            let pattern = js_sys::Array::new();
            if dashed {
                for length in DASH {
                    pattern.push(&length.into());
                }
            }
            let _ = self.context.set_line_dash(&pattern);
        }
    }

    fn set_font(&mut self, font: Font, align: Align, palette: &Palette) {
        if self.pen.font.replace(font) != Some(font) {
            self.context.set_font(&palette.colours().font(font));
        }
        if self.pen.align.replace(align) != Some(align) {
            self.context.set_text_align(match align {
                Align::Start => "left",
                Align::Middle => "center",
                Align::End => "right",
            });
        }
    }

    fn set_ghost(&mut self, ghost: bool, palette: &Palette) {
        self.set_alpha(if ghost {
            palette.colours().ghost_alpha
        } else {
            1.0
        });
    }

    #[expect(clippy::float_cmp, reason = "the same number as was set")]
    fn set_alpha(&mut self, alpha: f64) {
        if self.pen.alpha != alpha {
            self.pen.alpha = alpha;
            self.context.set_global_alpha(alpha);
        }
    }
}

/// A canvas of its own with `list` on it, so many pixels a CSS pixel; none where the
/// browser has no room for it.
pub fn picture(list: &DrawList, palette: &Palette, scale: f64) -> Option<HtmlCanvasElement> {
    let canvas: HtmlCanvasElement = document().create_element("canvas").ok()?.dyn_into().ok()?;
    let mut painter = Painter::new(canvas.clone()).ok()?;
    painter.resize(list.width, list.height, scale);
    painter.paint_all(list, palette);
    Some(canvas)
}

fn context(canvas: &HtmlCanvasElement) -> Option<CanvasRenderingContext2d> {
    canvas.get_context("2d").ok()??.dyn_into().ok()
}
