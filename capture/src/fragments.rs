//! IP packets that were sent in fragments, put together again (RFC 791, 3.2;
//! RFC 8200, 4.5). What came first counts.

use core::net::IpAddr;
use std::collections::BTreeMap;

use etherparse::LaxNetSlice;
use record::{Fragment, Link, Network};

/// Packets that are put together at the same time. A further one takes the place of
/// the oldest.
const MAX_PACKETS: usize = 1_024;
/// A fragment that comes so much later than the first one that came is of another
/// packet with the same number, in nanoseconds (RFC 8200, 4.5).
const TIMEOUT: u64 = 60_000_000_000;
/// Largest packet, in bytes: what the length fields can say.
const LARGEST: usize = 65_535;

/// Packets of which not all fragments have come.
#[derive(Debug, Default)]
pub(crate) struct Fragments<'a> {
    packets: BTreeMap<Key, Parts<'a>>,
    /// How many packets were begun.
    begun: u64,
}

/// Which packet a fragment is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    ends: [IpAddr; 2],
    identification: u32,
    protocol: u8,
}

/// What has come of a packet. Its bytes are those of the file: nothing is copied
/// before it is whole.
#[derive(Debug)]
struct Parts<'a> {
    /// Its number among those that were begun.
    number: u64,
    /// When its first fragment came.
    at: u64,
    /// The one with its first bytes.
    first: Option<Frame<'a>>,
    /// Where its bytes end, once the last fragment has come.
    end: Option<usize>,
    /// Bytes and where they stand, ascending, never overlapping.
    pieces: Vec<(usize, &'a [u8])>,
}

/// A frame as it was captured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    /// When it was captured.
    pub(crate) at: u64,
    /// What it begins with.
    pub(crate) link: Link,
    /// Its bytes.
    pub(crate) bytes: &'a [u8],
}

/// A frame that was put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Whole {
    /// When the fragment with its first bytes was captured.
    pub(crate) at: u64,
    /// What it begins with.
    pub(crate) link: Link,
    /// The headers of that fragment, as a packet has them that needs no fragments,
    /// and all bytes; those up to the first that is missing.
    pub(crate) bytes: Vec<u8>,
}

impl<'a> Fragments<'a> {
    /// Adds a fragment. What comes out is a packet that had to make room for it, as far
    /// as it had come, and the fragment's own if that was the last that was missing.
    pub(crate) fn add(
        &mut self,
        frame: Frame<'a>,
        network: &Network<'a>,
        fragment: Fragment,
    ) -> [Option<Whole>; 2] {
        let there = frame.bytes.len();
        let bytes = frame
            .bytes
            .get(fragment.at..network.end(there).min(there))
            .filter(|bytes| fragment.offset + bytes.len() <= LARGEST);
        let (Some(ends), Some(bytes)) = (network.addresses(), bytes) else {
            return [None, None];
        };
        let key = Key {
            ends,
            identification: fragment.identification,
            protocol: fragment.next_header,
        };
        let gone = self.make_room(key, frame.at).and_then(Parts::join);
        let number = self.begun;
        let parts = self.packets.entry(key).or_insert_with(|| Parts {
            number,
            at: frame.at,
            first: None,
            end: None,
            pieces: Vec::new(),
        });
        self.begun += u64::from(parts.number == number);
        if fragment.offset == 0 {
            parts.first.get_or_insert(frame);
        }
        if !fragment.more {
            let announced = network.end(there).saturating_sub(fragment.at);
            parts.end.get_or_insert(fragment.offset + announced);
        }
        parts.put(fragment.offset, bytes);
        let is_whole = parts.is_whole();
        let whole = is_whole.then(|| self.packets.remove(&key)).flatten();
        [gone, whole.and_then(Parts::join)]
    }

    /// Takes out what a fragment of this packet, captured `at`, can't go with.
    fn make_room(&mut self, key: Key, at: u64) -> Option<Parts<'a>> {
        match self.packets.get(&key) {
            Some(parts) if at.saturating_sub(parts.at) > TIMEOUT => self.packets.remove(&key),
            None if self.packets.len() >= MAX_PACKETS => self.take_oldest(),
            _ => None,
        }
    }

    /// Whether no packet waits for a fragment.
    pub(crate) fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// A packet that never became whole, as far as it came: the one that was begun
    /// first. None if its headers never came.
    pub(crate) fn give_up(&mut self) -> Option<Whole> {
        self.take_oldest()?.join()
    }

    fn take_oldest(&mut self) -> Option<Parts<'a>> {
        let oldest = self.packets.iter().min_by_key(|(_, parts)| parts.number);
        let key = *oldest?.0;
        self.packets.remove(&key)
    }
}

impl<'a> Parts<'a> {
    /// Adds what of `bytes` was not there.
    fn put(&mut self, offset: usize, bytes: &'a [u8]) {
        let end = offset + bytes.len();
        let mut at = self
            .pieces
            .partition_point(|(start, piece)| start + piece.len() <= offset);
        let mut start = offset;
        while start < end {
            let next = self.pieces.get(at);
            let (stop, behind) = next.map_or((end, end), |&(next, piece)| {
                (end.min(next), next + piece.len())
            });
            if start < stop {
                let new = &bytes[start - offset..stop - offset];
                self.pieces.insert(at, (start, new));
                at += 1;
            }
            start = behind.max(stop);
            at += 1;
        }
    }

    /// How many bytes from the first on have come.
    fn known(&self) -> usize {
        let mut known = 0;
        for &(start, piece) in &self.pieces {
            if start > known {
                break;
            }
            known = start + piece.len();
        }
        known
    }

    fn is_whole(&self) -> bool {
        self.first.is_some() && self.end.is_some_and(|end| self.known() >= end)
    }

    /// The packet as far as it is known; none without its headers.
    fn join(self) -> Option<Whole> {
        let frame = self.first?;
        let known = self.known();
        let all = self.end.unwrap_or(known).max(known);
        let network = Network::of(frame.link, frame.bytes)?;
        let fragment = network.fragment()?;
        let mut bytes = frame.bytes[..network.start()].to_vec();
        match network.header()? {
            LaxNetSlice::Ipv4(ip) => {
                let mut header = ip.header().to_header();
                header.more_fragments = false;
                let length = header.header_len() + all;
                header.total_len = u16::try_from(length).ok()?;
                header.header_checksum = header.calc_header_checksum();
                bytes.extend_from_slice(&header.to_bytes());
            }
            LaxNetSlice::Ipv6(_) => {
                let headers = frame.bytes.get(network.start()..fragment.at - 8)?;
                bytes.extend(without_fragment(headers, fragment.next_header, all)?);
            }
            LaxNetSlice::Arp(_) => return None,
        }
        for (_, piece) in self.pieces.iter().take_while(|(start, _)| *start < known) {
            bytes.extend_from_slice(piece);
        }
        Some(Whole {
            at: frame.at,
            link: frame.link,
            bytes,
        })
    }
}

/// The IPv6 headers in front of the fragment header, as they are without it: the last
/// of them names what the fragment header named.
fn without_fragment(headers: &[u8], next_header: u8, payload: usize) -> Option<Vec<u8>> {
    const FIXED: usize = 40;
    let mut headers = headers.to_vec();
    let length = headers.len().checked_sub(FIXED)? + payload;
    let length = u16::try_from(length).ok()?.to_be_bytes();
    headers.get_mut(4..6)?.copy_from_slice(&length);
    // The chain of headers: the first field of each extension names the next one,
    // its second field is its length in units of 8 bytes beyond the first.
    let (mut names_next, mut at) = (6, FIXED);
    while at < headers.len() {
        names_next = at;
        at += 8 + 8 * usize::from(*headers.get(at + 1)?);
    }
    *headers.get_mut(names_next)? = next_header;
    Some(headers)
}
