//! Close frames (RFC 6455, sections 5.5.1 and 7.4).

use super::Violation;

/// Codes to close with.
pub mod code {
    /// All is said.
    pub const NORMAL: u16 = 1000;
    /// The server goes away.
    pub const AWAY: u16 = 1001;
    /// The peer broke the protocol.
    pub const PROTOCOL: u16 = 1002;
    /// Text that is no UTF-8.
    pub const INVALID: u16 = 1007;
    /// The peer may not do what it did.
    pub const POLICY: u16 = 1008;
    /// A message is too large.
    pub const SIZE: u16 = 1009;
    /// Something failed on the server's side.
    pub const ERROR: u16 = 1011;
    /// Try again later.
    pub const AGAIN: u16 = 1013;
}

/// Longest reason, in bytes: a control frame has 125, and the code takes two.
const MAX_REASON: usize = 123;

/// What a close frame says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// Why, as a number.
    pub code: u16,
    /// Why, in words; may be empty.
    pub reason: String,
}

impl Close {
    /// Reads a close frame's payload; an empty one says nothing.
    pub(super) fn decode(payload: &[u8]) -> Result<Option<Self>, Violation> {
        if payload.is_empty() {
            return Ok(None);
        }
        let (code, reason) = payload.split_first_chunk().ok_or(Violation::CloseCode)?;
        let code = u16::from_be_bytes(*code);
        if !is_sendable(code) {
            return Err(Violation::CloseCode);
        }
        let reason = str::from_utf8(reason).map_err(|_| Violation::Text)?;
        let reason = reason.to_owned();
        Ok(Some(Self { code, reason }))
    }

    /// The payload that says so; a reason that is too long is cut.
    pub fn payload(&self) -> Vec<u8> {
        let end = self.reason.floor_char_boundary(MAX_REASON);
        let mut payload = self.code.to_be_bytes().to_vec();
        payload.extend_from_slice(&self.reason.as_bytes()[..end]);
        payload
    }
}

/// Whether a code may stand in a frame: 1004, 1005, 1006 and 1015 are said
/// about connections, never on them.
const fn is_sendable(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}
