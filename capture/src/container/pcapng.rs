//! The newer format (draft-ietf-opsawg-pcapng): sections of blocks.
//!
//! ```text
//! block:     type 4 | length 4 | body, padded to 4 bytes | length 4
//! section:   byte order 4 | version 2, 2 | section's length 8 | options
//! interface: link 2 | reserved 2 | snap length 4 | options
//! packet:    interface 4 | time 4, 4 | captured 4 | length 4 | bytes, padded | options
//! option:    code 2 | length 2 | value, padded
//! ```

use record::Link;

use super::bytes::{Order, index};
use super::{Damage, Fault, Packet, Place};

/// Types of blocks.
const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;
/// Tells the byte order of a section.
const BYTE_ORDER: u32 = 0x1a2b_3c4d;
/// Of a block's type and of both its lengths, in bytes.
const FRAME: usize = 12;
/// Longest text that is kept, in bytes.
const TEXT: usize = 1_024;

/// A pcapng file while it is read.
#[derive(Clone, Debug)]
pub(crate) struct Pcapng<'a> {
    bytes: &'a [u8],
    at: usize,
    /// None before the first section.
    order: Option<Order>,
    interfaces: Vec<Interface>,
    /// Time of the last packet: simple packets have none of their own.
    last: u64,
    /// Missed packets of sections that are over.
    missed_before: Option<u64>,
    /// The system on which was captured, and the program, as the first section that
    /// says so has them.
    system: Option<&'a str>,
    program: Option<&'a str>,
}

/// An interface on which was captured.
#[derive(Clone, Copy, Debug)]
struct Interface {
    link: Link,
    snap: usize,
    /// Nanoseconds are `ticks * nanos / per`.
    nanos: u64,
    per: u64,
    /// Seconds that are added to each time.
    offset: i64,
    /// Packets that it missed, if that was said.
    missed: Option<u64>,
}

impl<'a> Pcapng<'a> {
    /// Whether a file with these bytes begins as one.
    pub(super) fn is_one(bytes: &[u8]) -> bool {
        // The same in both orders.
        Order::Little.u32(bytes, 0) == Some(SECTION) && order(bytes).is_some()
    }

    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            order: None,
            interfaces: Vec::new(),
            last: 0,
            missed_before: None,
            system: None,
            program: None,
        }
    }

    pub(super) fn next_packet(&mut self) -> Result<Option<Packet<'a>>, Damage> {
        while self.at < self.bytes.len() {
            match self.block() {
                Ok(Some(packet)) => return Ok(Some(packet)),
                Ok(None) => {}
                Err(fault) => {
                    let offset = std::mem::replace(&mut self.at, usize::MAX);
                    return Err(Damage { offset, fault });
                }
            }
        }
        Ok(None)
    }

    /// The system on which was captured, and the program.
    pub(super) const fn origin(&self) -> [Option<&'a str>; 2] {
        [self.system, self.program]
    }

    /// What the interfaces said that they missed.
    pub(super) fn missed(&self) -> Option<u64> {
        let all = self.interfaces.iter().map(|interface| interface.missed);
        all.chain([self.missed_before])
            .flatten()
            .reduce(u64::saturating_add)
    }

    /// Reads the block here and goes behind it.
    fn block(&mut self) -> Result<Option<Packet<'a>>, Fault> {
        let block = self.bytes.get(self.at..).unwrap_or_default();
        let is_section = Order::Little.u32(block, 0) == Some(SECTION);
        let order = if is_section {
            if block.len() < FRAME {
                return Err(Fault::CutOff);
            }
            order(block).ok_or(Fault::Section)?
        } else {
            self.order.ok_or(Fault::Section)?
        };
        let kind = order.u32(block, 0).ok_or(Fault::CutOff)?;
        let length = index(order.u32(block, 4).ok_or(Fault::CutOff)?);
        if length < FRAME || !length.is_multiple_of(4) {
            return Err(Fault::Length);
        }
        let block = block.get(..length).ok_or(Fault::CutOff)?;
        if order.u32(block, length - 4).map(index) != Some(length) {
            return Err(Fault::Length);
        }
        let body = &block[8..length - 4];
        let found = match kind {
            SECTION => {
                self.missed_before = self.missed();
                self.interfaces.clear();
                self.order = Some(order);
                let bytes = body.get(16..).unwrap_or_default();
                for (code, value) in (Options { order, bytes }) {
                    match code {
                        3 => self.system = self.system.or_else(|| text(value)),
                        4 => self.program = self.program.or_else(|| text(value)),
                        _ => {}
                    }
                }
                None
            }
            INTERFACE => {
                let interface = Interface::read(order, body).ok_or(Fault::Length)?;
                self.interfaces.push(interface);
                None
            }
            STATISTICS => {
                self.count(order, body);
                None
            }
            ENHANCED_PACKET | OBSOLETE_PACKET => Some(self.packet(order, kind, body)?),
            SIMPLE_PACKET => Some(self.simple(order, body)?),
            _ => None,
        };
        if let Some(packet) = &found {
            self.last = packet.at;
        }
        self.at += length;
        Ok(found)
    }

    /// An Enhanced Packet Block (4.3), or a Packet Block, which came before it.
    fn packet(&self, order: Order, kind: u32, body: &'a [u8]) -> Result<Packet<'a>, Fault> {
        let number = |at| order.u32(body, at).ok_or(Fault::Length);
        let identifier = if kind == ENHANCED_PACKET {
            number(0)?
        } else {
            u32::from(order.u16(body, 0).ok_or(Fault::Length)?)
        };
        let interface = self.interface(identifier)?;
        let ticks = u64::from(number(4)?) << 32 | u64::from(number(8)?);
        let captured = index(number(12)?);
        let end = captured.checked_add(20).ok_or(Fault::Length)?;
        let bytes = body.get(20..end).ok_or(Fault::Length)?;
        let behind = body.get(end.next_multiple_of(4)..).unwrap_or_default();
        let options = Options {
            order,
            bytes: behind,
        };
        let (mut comment, mut direction) = (None, 0);
        for (code, value) in options {
            match code {
                1 => comment = comment.or_else(|| text(value)),
                // Its two lowest bits say whether it came in or went out.
                2 => direction = order.u32(value, 0).unwrap_or(0) & 3,
                _ => {}
            }
        }
        Ok(Packet {
            at: interface.nanos(ticks),
            link: interface.link,
            place: Place {
                interface: identifier,
                direction,
            },
            bytes,
            length: index(number(16)?).max(bytes.len()),
            comment,
        })
    }

    /// A Simple Packet Block (4.4), of the first interface and without a time.
    fn simple(&self, order: Order, body: &'a [u8]) -> Result<Packet<'a>, Fault> {
        let interface = self.interface(0)?;
        let length = index(order.u32(body, 0).ok_or(Fault::Length)?);
        let captured = length.min(interface.snap);
        let end = captured.checked_add(4).ok_or(Fault::Length)?;
        let bytes = body.get(4..end).ok_or(Fault::Length)?;
        Ok(Packet {
            at: self.last,
            link: interface.link,
            place: Place::default(),
            bytes,
            length,
            comment: None,
        })
    }

    fn interface(&self, number: u32) -> Result<&Interface, Fault> {
        self.interfaces.get(index(number)).ok_or(Fault::Interface)
    }

    /// An Interface Statistics Block (4.6): the last one of an interface counts.
    fn count(&mut self, order: Order, body: &[u8]) {
        let number = order.u32(body, 0).map_or(usize::MAX, index);
        let Some(interface) = self.interfaces.get_mut(number) else {
            return;
        };
        let bytes = body.get(12..).unwrap_or_default();
        // Dropped by the interface, and by the system.
        let missed = Options { order, bytes }
            .filter(|(code, _)| matches!(code, 5 | 7))
            .filter_map(|(_, value)| order.u64(value, 0));
        interface.missed = missed.reduce(u64::saturating_add).or(interface.missed);
    }
}

impl Interface {
    /// The body of an Interface Description Block (4.2).
    fn read(order: Order, body: &[u8]) -> Option<Self> {
        let snap = order.u32(body, 4)?;
        let mut this = Self {
            link: Link(order.u16(body, 0)?),
            // 0 is no limit.
            snap: if snap == 0 { usize::MAX } else { index(snap) },
            nanos: 1_000,
            per: 1,
            offset: 0,
            missed: None,
        };
        let bytes = body.get(8..).unwrap_or_default();
        for (code, value) in (Options { order, bytes }) {
            match (code, value) {
                (9, [resolution, ..]) => this.resolve(*resolution),
                (14, _) => this.offset = order.u64(value, 0).map_or(0, u64::cast_signed),
                _ => {}
            }
        }
        Some(this)
    }

    /// Sets what a tick of its clock is: 10 to a negative power of a second, or 2 if
    /// the highest bit is set.
    fn resolve(&mut self, resolution: u8) {
        let power = u32::from(resolution & 0x7f);
        let (nanos, per) = if resolution & 0x80 == 0 && power <= 9 {
            (10_u64.pow(9 - power), 1)
        } else if resolution & 0x80 == 0 {
            (1, 10_u64.checked_pow(power - 9).unwrap_or(u64::MAX))
        } else {
            (1_000_000_000, 1_u64.checked_shl(power).unwrap_or(u64::MAX))
        };
        (self.nanos, self.per) = (nanos, per);
    }

    /// A time of its clock in nanoseconds; saturates.
    fn nanos(&self, ticks: u64) -> u64 {
        let nanos = u128::from(ticks) * u128::from(self.nanos) / u128::from(self.per);
        let offset = i128::from(self.offset) * 1_000_000_000;
        let nanos = i128::try_from(nanos).unwrap_or(i128::MAX);
        let nanos = nanos.saturating_add(offset).max(0);
        u64::try_from(nanos).unwrap_or(u64::MAX)
    }
}

/// The options of a block: their codes and values. One that is cut off ends them.
struct Options<'a> {
    order: Order,
    bytes: &'a [u8],
}

impl<'a> Iterator for Options<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let code = self.order.u16(self.bytes, 0)?;
        let length = usize::from(self.order.u16(self.bytes, 2)?);
        let value = self.bytes.get(4..4 + length)?;
        let behind = (4 + length).next_multiple_of(4);
        self.bytes = self.bytes.get(behind..).unwrap_or_default();
        (code != 0).then_some((code, value))
    }
}

/// The byte order of the section that begins here.
fn order(bytes: &[u8]) -> Option<Order> {
    let orders = [Order::Little, Order::Big].into_iter();
    let mut orders = orders.filter(|order| order.u32(bytes, 8) == Some(BYTE_ORDER));
    orders.next()
}

/// As much of a text as is kept; none of what is no UTF-8.
fn text(value: &[u8]) -> Option<&str> {
    let text = core::str::from_utf8(value).ok()?;
    let end = (0..=TEXT.min(text.len())).rfind(|&at| text.is_char_boundary(at));
    text.get(..end?)
}
