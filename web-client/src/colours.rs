//! What the style sheet says of the stage's look, as plain values: what draw lists
//! are painted and written with. Pure.

use crate::scene::{Font, Ink};

/// Colours, opacities and font families.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Colours {
    /// Each ink's colour, as CSS writes it.
    pub inks: Vec<(Ink, String)>,
    /// Opacity of what has not happened yet, 0 to 1.
    pub ghost_alpha: f64,
    /// The same of texts about it.
    pub ghost_text_alpha: f64,
    /// Font families of the interface.
    pub sans: String,
    /// Font families of fixed width.
    pub mono: String,
}

impl Colours {
    /// The colour of an ink; grey where the style sheet has none.
    pub fn of(&self, ink: Ink) -> &str {
        let known = self.inks.iter().find(|(own, _)| *own == ink);
        known.map_or("#808080", |(_, colour)| colour)
    }

    /// The families of a font, and whether it is bold.
    pub fn family(&self, font: Font) -> (&str, bool) {
        match font {
            Font::Label | Font::Small => (&self.sans, false),
            Font::Strong => (&self.sans, true),
            Font::Mono | Font::MonoSmall => (&self.mono, false),
        }
    }

    /// A font as CSS writes it.
    pub fn font(&self, font: Font) -> String {
        let size = match font {
            Font::Label => "12px",
            Font::Strong | Font::Mono => "13px",
            Font::Small => "11px",
            Font::MonoSmall => "10px",
        };
        let (family, is_bold) = self.family(font);
        let weight = if is_bold { "bold " } else { "" };
        [weight, size, " ", family].concat()
    }
}
