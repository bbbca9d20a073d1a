//! The colours, fonts and hatches that painting takes from the style sheet.

use std::cell::RefCell;

use wasm_bindgen::prelude::*;
use web_sys::{CanvasPattern, HtmlCanvasElement};

use super::context;
use crate::colours::Colours;
use crate::dom::{document, window};
use crate::scene::Ink;
use crate::scene::outline::HATCH;

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
    pub(super) fn hatch(&self, ink: Ink) -> Option<CanvasPattern> {
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

/// The style sheet's number, if it is one between 0 and 1.
fn alpha(value: &str) -> f64 {
    let alpha = js_sys::Number::parse_float(value.trim());
    if (0.0..=1.0).contains(&alpha) {
        alpha
    } else {
        0.35
    }
}
