//! The stage's fonts, and how wide text is at most, without a canvas to ask.

/// A font of the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Font {
    /// The interface's font, 12 px.
    Label,
    /// The same, bold, 13 px.
    Strong,
    /// The same, 11 px.
    Small,
    /// Fixed width, 13 px.
    Mono,
    /// Fixed width, 10 px: for narrow cells.
    MonoSmall,
}

impl Font {
    /// Its size in CSS pixels.
    pub const fn size(self) -> f64 {
        match self {
            Self::Label => 12.0,
            Self::Strong | Self::Mono => 13.0,
            Self::Small => 11.0,
            Self::MonoSmall => 10.0,
        }
    }
}

/// Width of `text` in CSS pixels: an estimate that errs on the wide side, so
/// that what fits by it fits on the screen.
pub fn text_width(text: &str, font: Font) -> f64 {
    let ems: f64 = text.chars().map(|c| em(c, font)).sum();
    ems * font.size()
}

fn em(character: char, font: Font) -> f64 {
    if is_wide(character) {
        return 1.0;
    }
    match font {
        Font::Mono | Font::MonoSmall => 0.62,
        _ => match character {
            'm' | 'w' | 'M' | 'W' | '@' | '%' | '—' | '→' | '←' | '↑' | '↓' | '●' | '×' | '…'
            | '✓' | '✗' => 1.0,
            'A'..='Z' => 0.75,
            ' ' | '·' | '.' | ',' | ':' | ';' | '\'' | 'i' | 'j' | 'l' | 'f' | 't' | 'r' | '('
            | ')' => 0.42,
            _ if font == Font::Strong => 0.7,
            _ => 0.64,
        },
    }
}

/// Whether a character takes the room of two (CJK, full-width forms, emoji).
fn is_wide(character: char) -> bool {
    matches!(character,
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}' | '\u{1f300}'..='\u{1faff}' | '\u{20000}'..='\u{3fffd}')
}

/// `text`, or as much of it as fits into `room` with `…` behind; nothing if
/// not even one character does.
pub fn shorten(text: &str, font: Font, room: f64) -> String {
    if text_width(text, font) <= room {
        return text.to_owned();
    }
    let mut left = room - em('…', font) * font.size();
    let mut short = String::new();
    for character in text.chars() {
        left -= em(character, font) * font.size();
        if left < 0.0 {
            break;
        }
        short.push(character);
    }
    if !short.is_empty() {
        short.truncate(short.trim_end().len());
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_count_double() {
        assert!((text_width("粘包", Font::Label) - 24.0).abs() < 1e-9);
        assert!(text_width("ab", Font::Label) < 24.0);
    }

    #[test]
    fn what_does_not_fit_is_shortened_or_dropped() {
        assert_eq!(shorten("hello", Font::Mono, 100.0), "hello");
        assert_eq!(shorten("hello", Font::Mono, 30.0), "he…");
        assert_eq!(shorten("hello", Font::Mono, 5.0), "");
        for room in 0..80 {
            let room = f64::from(room);
            let short = shorten("a 粘 send #4 · 2 B", Font::Label, room);
            assert!(text_width(&short, Font::Label) <= room);
        }
    }
}
