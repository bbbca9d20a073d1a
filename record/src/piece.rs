//! Datagrams that are sent in fragments, because they are longer than a packet may be: which
//! of them a fragment is of (RFC 791, 2.3; RFC 8200, 4.5).

use core::net::IpAddr;
use std::collections::VecDeque;

use protocol::Offset;
use serde::{Deserialize, Serialize};

use crate::{Fragment, Network};

/// Datagrams of which fragments may still come. A further one takes the place of the oldest.
const MOST: usize = 256;
/// Of a UDP header, in bytes (RFC 768).
const HEADER: usize = 8;
/// UDP among the protocols of IP.
const UDP: u8 = 17;

/// Which part of a datagram a packet carries, where that was sent in fragments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// The number that the sender's kernel gave the datagram; its fragments have it in common.
    pub identification: u32,
    /// Where the packet's payload begins in that of the datagram.
    pub offset: u32,
    /// Payload of the whole datagram, in bytes.
    pub of: u32,
}

/// A fragment and the place of its datagram.
#[derive(Clone, Debug)]
pub struct Fragmentary<'a, K> {
    /// What the datagram is of.
    pub key: K,
    /// The datagram's offset in that.
    pub base: Offset,
    /// Which part it carries.
    pub piece: Piece,
    /// The headers in front of the payload.
    pub raw: &'a [u8],
    /// The payload.
    pub bytes: &'a [u8],
}

/// A fragment that is none of UDP, is cut off, or whose first one was not seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unplaced;

/// The datagrams that were begun.
#[derive(Clone, Debug)]
pub struct Pieces<K> {
    begun: VecDeque<Begun<K>>,
}

#[derive(Clone, Debug)]
struct Begun<K> {
    ends: [IpAddr; 2],
    identification: u32,
    place: Option<(K, Offset)>,
    of: u32,
}

impl<K> Default for Pieces<K> {
    fn default() -> Self {
        Self {
            begun: VecDeque::new(),
        }
    }
}

impl<K: Copy> Pieces<K> {
    /// Finds the place of a fragment, which is the IP packet in `frame`. Only the first one
    /// of a datagram has its ports (of sender and receiver) and its length in bytes: `place`
    /// says of these what the datagram is of, and at which offset. None where it is of
    /// nothing.
    ///
    /// # Errors
    /// [`Unplaced`].
    pub fn place<'a>(
        &mut self,
        frame: &'a [u8],
        network: &Network<'a>,
        fragment: &Fragment,
        place: impl FnOnce([u16; 2], usize) -> Option<(K, Offset)>,
    ) -> Result<Option<Fragmentary<'a, K>>, Unplaced> {
        let ends = network.addresses().ok_or(Unplaced)?;
        let end = network.end(frame.len());
        let payload = frame.get(fragment.at..end).ok_or(Unplaced)?;
        if fragment.next_header != UDP {
            return Err(Unplaced);
        }
        let is_first = fragment.offset == 0;
        if is_first {
            let header = payload.first_chunk::<HEADER>().ok_or(Unplaced)?;
            let word = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
            let of = usize::from(word(4)).checked_sub(HEADER).ok_or(Unplaced)?;
            self.begin(Begun {
                ends,
                identification: fragment.identification,
                place: place([word(0), word(2)], of),
                of: u32::try_from(of).map_err(|_| Unplaced)?,
            });
        }
        let mut begun = self.begun.iter().rev();
        let begun = begun
            .find(|begun| begun.ends == ends && begun.identification == fragment.identification)
            .ok_or(Unplaced)?;
        let Some((key, base)) = begun.place else {
            return Ok(None);
        };
        let skipped = if is_first { HEADER } else { 0 };
        let offset = (fragment.offset + skipped)
            .checked_sub(HEADER)
            .ok_or(Unplaced)?;
        let bytes = &payload[skipped..];
        if offset + bytes.len() > begun.of as usize {
            return Err(Unplaced);
        }
        Ok(Some(Fragmentary {
            key,
            base,
            piece: Piece {
                identification: fragment.identification,
                offset: u32::try_from(offset).map_err(|_| Unplaced)?,
                of: begun.of,
            },
            raw: &frame[..fragment.at + skipped],
            bytes,
        }))
    }

    fn begin(&mut self, begun: Begun<K>) {
        if self.begun.len() >= MOST {
            self.begun.pop_front();
        }
        self.begun.push_back(begun);
    }
}

#[cfg(test)]
mod tests {
    use crate::Link;

    use super::*;

    /// An Ethernet frame with a fragment of UDP from 10.0.0.1 to 10.0.0.2.
    fn fragment(identification: u16, offset: u16, more: bool, payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![0; 12];
        frame.extend([8, 0, 0x45, 0]);
        frame.extend(u16::try_from(20 + payload.len()).unwrap().to_be_bytes());
        frame.extend(identification.to_be_bytes());
        let field = (offset / 8) | if more { 0x2000 } else { 0 };
        frame.extend(field.to_be_bytes());
        frame.extend([64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        frame.extend(payload);
        frame
    }

    fn place(
        pieces: &mut Pieces<u8>,
        frame: &[u8],
    ) -> Result<Option<(Piece, Vec<u8>, usize)>, Unplaced> {
        let network = Network::of(Link::ETHERNET, frame).ok_or(Unplaced)?;
        let fragment = network.fragment().ok_or(Unplaced)?;
        let found = pieces.place(frame, &network, &fragment, |ports, length| {
            assert_eq!((ports, length), ([1, 2], 20));
            Some((7, Offset(100)))
        })?;
        Ok(found.map(|found| {
            assert_eq!((found.key, found.base), (7, Offset(100)));
            (found.piece, found.bytes.to_vec(), found.raw.len())
        }))
    }

    #[test]
    fn fragments_are_of_the_datagram_whose_first_one_had_their_number() {
        let mut pieces = Pieces::default();
        let first = fragment(
            9,
            0,
            true,
            &[&[0, 1, 0, 2, 0, 28, 0, 0][..], &[1; 8]].concat(),
        );
        let second = fragment(9, 16, false, &[2; 12]);
        let piece = |offset| Piece {
            identification: 9,
            offset,
            of: 20,
        };
        assert_eq!(place(&mut pieces, &second), Err(Unplaced), "too early");
        let found = place(&mut pieces, &first);
        assert_eq!(found, Ok(Some((piece(0), vec![1; 8], 42))));
        let found = place(&mut pieces, &second);
        assert_eq!(found, Ok(Some((piece(8), vec![2; 12], 34))));
        let beyond = fragment(9, 16, false, &[2; 13]);
        assert_eq!(place(&mut pieces, &beyond), Err(Unplaced));
        let other = fragment(8, 16, false, &[2; 12]);
        assert_eq!(place(&mut pieces, &other), Err(Unplaced));
        for end in 0..first.len() {
            assert_eq!(place(&mut pieces, &first[..end]), Err(Unplaced), "{end}");
        }
    }
}
