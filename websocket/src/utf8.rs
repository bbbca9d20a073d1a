//! Whether text that comes in pieces is UTF-8, and where a stream can be cut so
//! that its pieces are.

use super::Violation;

/// The check of one message. A character may be cut between two pieces.
#[derive(Clone, Debug, Default)]
pub(super) struct Utf8 {
    /// The beginning of a character, `begun` bytes of it.
    cut: [u8; 4],
    begun: usize,
}

impl Utf8 {
    /// Checks the next piece; refuses the first byte that no text can have here.
    pub(super) fn handle_piece(&mut self, mut piece: &[u8]) -> Result<(), Violation> {
        while self.begun > 0
            && let Some((&next, rest)) = piece.split_first()
        {
            self.cut[self.begun] = next;
            self.begun += 1;
            piece = rest;
            match str::from_utf8(&self.cut[..self.begun]) {
                Ok(_) => self.begun = 0,
                Err(error) if error.error_len().is_some() => return Err(Violation::Text),
                Err(_) => {}
            }
        }
        let Err(error) = str::from_utf8(piece) else {
            return Ok(());
        };
        if error.error_len().is_some() {
            return Err(Violation::Text);
        }
        let cut = &piece[error.valid_up_to()..];
        self.cut[..cut.len()].copy_from_slice(cut);
        self.begun = cut.len();
        Ok(())
    }

    /// The message is over; refuses a character without its end.
    pub(super) fn handle_end(&self) -> Result<(), Violation> {
        if self.begun > 0 {
            return Err(Violation::Text);
        }
        Ok(())
    }
}

/// How many of `bytes` are UTF-8 without the character that their end cuts, of
/// which at most three bytes are there (RFC 3629, section 3). None if they hold
/// anything that no text holds.
pub fn cut_text(bytes: &[u8]) -> Option<usize> {
    match str::from_utf8(bytes) {
        Ok(_) => Some(bytes.len()),
        Err(error) => (error.error_len().is_none()).then(|| error.valid_up_to()),
    }
}
