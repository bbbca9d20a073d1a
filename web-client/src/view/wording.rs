//! How bytes that a peer chose are written: as text, and in hexadecimal.

use std::fmt::Write as _;

use crate::literal;

/// Bytes as text of at most `most` characters, line feeds and the like as `\n`: what is no text
/// shows as `·`.
pub(super) fn text(bytes: &[u8], most: usize) -> String {
    let decoded = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * most)]);
    let mut characters = decoded.chars();
    let mut text = literal::shown(characters.by_ref().take(most));
    if characters.next().is_some() || bytes.len() > 4 * most {
        text.push('…');
    }
    text
}

/// A kernel's name, cut to what any kernel needs: a file may hold anything.
pub(super) fn kernel(name: &str) -> String {
    text(name.as_bytes(), 60)
}

/// Bytes as hex digits, at most `most` of them.
pub(super) fn hex(bytes: &[u8], most: usize) -> String {
    let mut text = String::new();
    for byte in &bytes[..bytes.len().min(most)] {
        // A String takes everything.
        let _ = write!(text, "{byte:02x}");
    }
    if bytes.len() > most {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_as_far_as_they_are_text() {
        assert_eq!(text("粘包!\n".as_bytes(), 10), "粘包!\\n");
        assert_eq!(text(&[b'a', 0xff, 0], 10), "a··");
        assert_eq!(text(b"hello", 3), "hel…");
        assert_eq!(text(b"", 3), "");
        assert_eq!(kernel("Linux 6.18"), "Linux 6.18");
        assert_eq!(kernel(&"粘".repeat(5_000)).chars().count(), 61);
        assert_eq!(hex(&[0xe7, 0xb2, 0x98], 2), "e7b2…");
    }
}
