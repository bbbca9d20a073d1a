//! Draw lists to a canvas. Colours come from the style sheet; a style is set
//! only when it differs from the one before.

use std::cell::{Cell, RefCell};

use wasm_bindgen::prelude::*;
use web_sys::{CanvasPattern, CanvasRenderingContext2d, HtmlCanvasElement};

use crate::colours::Colours;
use crate::dom::{Missing, document, window};
use crate::scene::outline::{self, DASH, HATCH};
use crate::scene::{Align, DrawList, Font, Ink, Rect, Shape};

/// The colours and fonts as the style sheet has them now.
#[derive(Default)]
pub struct Palette {
    colours: Colours,
    hatches: RefCell<Vec<(Ink, CanvasPattern)>>,
}

impl Palette {
    /// Reads the colours through `canvas`, so that whatever the style sheet
    /// says (a variable, light or dark) comes out as a plain colour.
    pub fn read(canvas: &HtmlCanvasElement) -> Self {
        let own = canvas.style();
        let Ok(Some(computed)) = window().get_computed_style(canvas) else {
            return Self::default();
        };
        let value = |name: &str| computed.get_property_value(name).unwrap_or_default();
        let colours = Ink::all().map(|ink| {
            let variable = ["var(", &ink.variable(), ")"].concat();
            let _ = own.set_property("color", &variable);
            (ink, value("color"))
        });
        let inks = colours.collect();
        let _ = own.remove_property("color");
        let colours = Colours {
            inks,
            ghost_alpha: alpha(&value("--ghost-alpha")),
            ghost_text_alpha: alpha(&value("--ghost-text-alpha")),
            sans: value("--sans").trim().to_owned(),
            mono: value("--mono").trim().to_owned(),
        };
        Self {
            colours,
            hatches: RefCell::default(),
        }
    }

    /// The same as plain values.
    pub const fn colours(&self) -> &Colours {
        &self.colours
    }

    /// Diagonal lines, made once an ink.
    fn hatch(&self, ink: Ink) -> Option<CanvasPattern> {
        let mut hatches = self.hatches.borrow_mut();
        if let Some((_, made)) = hatches.iter().find(|(own, _)| *own == ink) {
            return Some(made.clone());
        }
        let tile: HtmlCanvasElement = document().create_element("canvas").ok()?.dyn_into().ok()?;
        tile.set_width(HATCH);
        tile.set_height(HATCH);
        let context = context(&tile)?;
        let side = f64::from(HATCH);
        context.set_stroke_style_str(self.colours.of(ink));
        context.set_line_width(1.0);
        context.begin_path();
        for shift in [-side, 0.0, side] {
            context.move_to(shift - 1.0, side + 1.0);
            context.line_to(shift + side + 1.0, -1.0);
        }
        context.stroke();
        let pattern = context.create_pattern_with_html_canvas_element(&tile, "repeat");
        let pattern = pattern.ok().flatten()?;
        hatches.push((ink, pattern.clone()));
        Some(pattern)
    }
}

/// A canvas and what its context is set to.
pub struct Painter {
    canvas: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
    size: Cell<(f64, f64, f64)>,
    fill: Option<Ink>,
    stroke: Option<Ink>,
    font: Option<Font>,
    align: Option<Align>,
    line: f64,
    dashed: bool,
    alpha: f64,
}

impl Painter {
    /// Paints on `canvas`.
    pub fn new(canvas: HtmlCanvasElement) -> Result<Self, Missing> {
        let context = context(&canvas).ok_or_else(|| Missing::of("canvas that can be painted"))?;
        Ok(Self {
            canvas,
            context,
            size: Cell::default(),
            fill: None,
            stroke: None,
            font: None,
            align: None,
            line: 0.0,
            dashed: false,
            alpha: 1.0,
        })
    }

    /// Paints `list` in place of what is there; the canvas takes its height.
    pub fn paint(&mut self, list: &DrawList, palette: &Palette) {
        let ratio = window().device_pixel_ratio().clamp(1.0, 4.0);
        self.paint_at(ratio, list, palette);
    }

    /// The same with so many pixels a CSS pixel.
    fn paint_at(&mut self, ratio: f64, list: &DrawList, palette: &Palette) {
        self.resize(list.width, list.height, ratio);
        self.context.clear_rect(0.0, 0.0, list.width, list.height);
        for shape in &list.shapes {
            self.shape(shape, palette);
        }
        self.set_ghost(false, palette);
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a canvas is a few thousand pixels wide"
    )]
    fn resize(&mut self, width: f64, height: f64, ratio: f64) {
        if self.size.replace((width, height, ratio)) == (width, height, ratio) {
            return;
        }
        let height_css = [&(height.round() as u32).to_string(), "px"].concat();
        let _ = self.canvas.style().set_property("height", &height_css);
        self.canvas.set_width((width * ratio).round() as u32);
        self.canvas.set_height((height * ratio).round() as u32);
        // Setting the size of a canvas resets its whole state.
        let _ = self.context.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0);
        self.context.set_text_baseline("middle");
        self.fill = None;
        self.stroke = None;
        self.font = None;
        self.align = None;
        self.line = 1.0;
        self.dashed = false;
        self.alpha = 1.0;
    }

    /// After a change of theme nothing that is set counts any more.
    pub fn forget_styles(&mut self) {
        self.fill = None;
        self.stroke = None;
        self.font = None;
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
                    self.fill = None;
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
                    palette.colours.ghost_text_alpha
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
        if self.fill.replace(ink) != Some(ink) {
            self.context.set_fill_style_str(palette.colours.of(ink));
        }
    }

    #[expect(clippy::float_cmp, reason = "the same number as was set")]
    fn set_stroke(&mut self, ink: Ink, line: f64, dashed: bool, palette: &Palette) {
        if self.stroke.replace(ink) != Some(ink) {
            self.context.set_stroke_style_str(palette.colours.of(ink));
        }
        if self.line != line {
            self.line = line;
            self.context.set_line_width(line);
        }
        if self.dashed != dashed {
            self.dashed = dashed;
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
        if self.font.replace(font) != Some(font) {
            self.context.set_font(&palette.colours.font(font));
        }
        if self.align.replace(align) != Some(align) {
            self.context.set_text_align(match align {
                Align::Start => "left",
                Align::Middle => "center",
                Align::End => "right",
            });
        }
    }

    fn set_ghost(&mut self, ghost: bool, palette: &Palette) {
        self.set_alpha(if ghost {
            palette.colours.ghost_alpha
        } else {
            1.0
        });
    }

    #[expect(clippy::float_cmp, reason = "the same number as was set")]
    fn set_alpha(&mut self, alpha: f64) {
        if self.alpha != alpha {
            self.alpha = alpha;
            self.context.set_global_alpha(alpha);
        }
    }
}

/// A canvas of its own with `list` on it, so many pixels a CSS pixel; none where the
/// browser has no room for it.
pub fn picture(list: &DrawList, palette: &Palette, scale: f64) -> Option<HtmlCanvasElement> {
    let canvas: HtmlCanvasElement = document().create_element("canvas").ok()?.dyn_into().ok()?;
    Painter::new(canvas.clone())
        .ok()?
        .paint_at(scale, list, palette);
    Some(canvas)
}

/// The style sheet's number, if it is one between 0 and 1.
fn alpha(value: &str) -> f64 {
    let alpha = js_sys::Number::parse_float(value.trim());
    if (0.0..=1.0).contains(&alpha) {
        alpha
    } else {
        0.35
    }
}

fn context(canvas: &HtmlCanvasElement) -> Option<CanvasRenderingContext2d> {
    canvas.get_context("2d").ok()??.dyn_into().ok()
}
