//! The stage's colours by meaning; the style sheet says what they look like.

/// How many hues there are. Messages (or sends) take them in turn.
pub const HUES: u8 = 6;

/// A colour by what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ink {
    /// One of the hues, 0 to [`HUES`] − 1, in one of its parts.
    Hue(u8, Part),
    /// Text that matters.
    Text,
    /// Text beside it: labels, axes.
    Muted,
    /// Ticks, grids, tracks.
    Faint,
    /// Edges of chunks.
    Outline,
    /// The stage's own ground.
    Ground,
    /// Cursor, selection, what is happening now.
    Accent,
    /// The ground behind what is selected or pointed at.
    AccentSoft,
    /// As it was meant.
    Good,
    /// Not as it was meant: refused, cut off, wrong.
    Bad,
    /// The ground behind what went wrong.
    BadSoft,
}

/// What of a hue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The ground of a byte's cell.
    Fill,
    /// Its edge; also marks and ticks.
    Stroke,
    /// Its text.
    Text,
    /// The ribbon behind it: translucent.
    Ribbon,
}

impl Ink {
    /// The hue of the `index`th message or send.
    #[expect(clippy::cast_possible_truncation, reason = "less than HUES")]
    pub const fn hue(index: usize, part: Part) -> Self {
        Self::Hue((index % HUES as usize) as u8, part)
    }

    /// Every ink once.
    pub fn all() -> impl Iterator<Item = Self> {
        let parts = [Part::Fill, Part::Stroke, Part::Text, Part::Ribbon];
        let hues = (0..HUES).flat_map(move |hue| parts.map(|part| Self::Hue(hue, part)));
        hues.chain([
            Self::Text,
            Self::Muted,
            Self::Faint,
            Self::Outline,
            Self::Ground,
            Self::Accent,
            Self::AccentSoft,
            Self::Good,
            Self::Bad,
            Self::BadSoft,
        ])
    }

    /// The custom property of the style sheet that holds the colour, such as
    /// `--hue-0-fill` or `--ink-muted`.
    pub fn variable(self) -> String {
        let name = match self {
            Self::Hue(hue, part) => {
                let part = match part {
                    Part::Fill => "fill",
                    Part::Stroke => "stroke",
                    Part::Text => "text",
                    Part::Ribbon => "ribbon",
                };
                return ["--hue-", &hue.to_string(), "-", part].concat();
            }
            Self::Text => "text",
            Self::Muted => "muted",
            Self::Faint => "faint",
            Self::Outline => "outline",
            Self::Ground => "ground",
            Self::Accent => "accent",
            Self::AccentSoft => "accent-soft",
            Self::Good => "good",
            Self::Bad => "bad",
            Self::BadSoft => "bad-soft",
        };
        ["--ink-", name].concat()
    }
}
