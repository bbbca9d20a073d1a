//! The way of one byte through the layers of its lane: intersecting ranges.

use std::ops::Range;

use protocol::Offset;

use crate::lane::Lane;

/// The way of one byte through the layers; numbers count from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Itinerary {
    /// The byte's offset.
    pub offset: Offset,
    /// Its value, if it is known.
    pub byte: Option<u8>,
    /// The send that handed it over.
    pub send: Option<usize>,
    /// The packet of [`Lane::wire`] that carried it first; none: not captured.
    pub packet: Option<usize>,
    /// The recv that took it; none: never read.
    pub recv: Option<usize>,
    /// The message it belongs to, and as what.
    pub message: Option<(usize, Part)>,
    /// The character it is one byte of.
    pub character: Option<Character>,
}

/// Which part of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// In front of the message.
    Header,
    /// The message itself.
    Body,
    /// Behind it.
    Trailer,
}

/// A character of the UTF-8 text in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Character {
    /// The character.
    pub character: char,
    /// Offset of its first byte.
    pub start: Offset,
    /// How many bytes it has: 1 to 4.
    pub bytes: usize,
}

impl Lane {
    /// The way of the byte at `offset`; `None` where no byte was sent.
    pub fn itinerary(&self, offset: Offset) -> Option<Itinerary> {
        if offset >= self.end() {
            return None;
        }
        let here = offset..offset + 1;
        let message = self.message_at(offset).map(|index| {
            let body = self.messages[index].frame.body_range();
            let part = if offset < body.start {
                Part::Header
            } else if offset < body.end {
                Part::Body
            } else {
                Part::Trailer
            };
            (index, part)
        });
        let in_header = matches!(message, Some((_, Part::Header)));
        Some(Itinerary {
            offset,
            byte: self.bytes.get(offset),
            send: first(self.sends_in(here.clone())),
            packet: self.packet_at(offset),
            recv: first(self.recvs_in(here)),
            message,
            character: self.character_at(offset).filter(|_| !in_header),
        })
    }

    /// The character whose UTF-8 bytes include the one at `offset`.
    pub fn character_at(&self, offset: Offset) -> Option<Character> {
        self.bytes.get(offset)?;
        let earliest = offset.0.saturating_sub(3);
        (earliest..=offset.0).rev().find_map(|start| {
            let start = Offset(start);
            let rest = self.slice(start..start + 4);
            let valid = match std::str::from_utf8(rest) {
                Ok(text) => text,
                Err(error) => std::str::from_utf8(&rest[..error.valid_up_to()]).ok()?,
            };
            let character = valid.chars().next()?;
            let bytes = character.len_utf8();
            (start + bytes > offset).then_some(Character {
                character,
                start,
                bytes,
            })
        })
    }

    /// The character that a boundary at `offset` cuts in two, if it does.
    pub fn character_cut_at(&self, offset: Offset) -> Option<Character> {
        let character = self.character_at(offset)?;
        (character.start < offset).then_some(character)
    }
}

fn first(range: Range<usize>) -> Option<usize> {
    (!range.is_empty()).then_some(range.start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lane::tests::lane;

    #[test]
    fn a_byte_tells_its_way() {
        let lane = lane("a粘b".as_bytes(), &[1, 4], &[2, 2]);
        let way = lane.itinerary(Offset(3)).unwrap();
        assert_eq!(
            (way.send, way.recv, way.byte),
            (Some(1), Some(1), Some(0x98))
        );
        let character = way.character.unwrap();
        assert_eq!(
            (character.character, character.start, character.bytes),
            ('粘', Offset(1), 3)
        );
        let unread = lane.itinerary(Offset(4)).unwrap();
        assert_eq!(unread.recv, None);
        assert_eq!(lane.itinerary(Offset(5)), None);
        assert_eq!(lane.character_cut_at(Offset(2)).unwrap().character, '粘');
        assert_eq!(lane.character_cut_at(Offset(1)), None);
        assert_eq!(lane.character_cut_at(Offset(4)), None);
    }

    #[test]
    fn bytes_that_are_no_text_have_no_character() {
        let lane = lane(&[0x98, 0xff, b'a'], &[3], &[3]);
        assert_eq!(lane.character_at(Offset(0)), None);
        assert_eq!(lane.character_at(Offset(1)), None);
        assert_eq!(lane.character_at(Offset(2)).unwrap().character, 'a');
    }
}
