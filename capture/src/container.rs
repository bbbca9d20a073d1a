//! The two formats of capture files, as packets with their times and links.

mod bytes;
mod pcap;
mod pcapng;

use record::Link;

use self::pcap::Pcap;
use self::pcapng::Pcapng;

/// A packet as it stands in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packet<'a> {
    /// Nanoseconds since 1970, or since what the file counts from.
    pub(crate) at: u64,
    /// What its bytes begin with.
    pub(crate) link: Link,
    /// Where it was captured: the interface, and whether it came in or went out, as
    /// far as the file says.
    pub(crate) place: Place,
    /// What was captured of it.
    pub(crate) bytes: &'a [u8],
    /// How many bytes it had.
    pub(crate) length: usize,
    /// What somebody noted about it.
    pub(crate) comment: Option<&'a str>,
}

/// Where a packet was captured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// Number of the interface within its section.
    pub(crate) interface: u32,
    /// In, out or unknown; numbers of the format.
    pub(crate) direction: u32,
}

/// Where and why a file can't be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is damaged at byte {offset}: {fault}")]
pub struct Damage {
    /// Where the header, packet or block begins that can't be read, in bytes.
    pub offset: usize,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The file ends in the middle of it.
    #[error("the file ends in the middle of a packet or block")]
    CutOff,
    /// A block's length is none: too short, no multiple of 4, or not the same at both
    /// of its ends.
    #[error("a block's length is wrong")]
    Length,
    /// A section's byte order is unknown, or a block stands in front of all sections.
    #[error("no section begins here")]
    Section,
    /// A packet of an interface that the section does not describe.
    #[error("a packet's interface is not described")]
    Interface,
}

/// A file while it is read.
#[derive(Clone, Debug)]
pub(crate) enum File<'a> {
    Pcap(Pcap<'a>),
    Pcapng(Pcapng<'a>),
}

/// Whether `bytes` begin as a capture file does. Those of a compressed one do not.
pub fn is_capture(bytes: &[u8]) -> bool {
    Pcap::is_one(bytes) || Pcapng::is_one(bytes)
}

impl<'a> File<'a> {
    /// The file with these bytes; none if they are no capture's.
    pub(crate) fn new(bytes: &'a [u8]) -> Option<Self> {
        if Pcapng::is_one(bytes) {
            return Some(Self::Pcapng(Pcapng::new(bytes)));
        }
        Pcap::new(bytes).map(Self::Pcap)
    }

    /// The next packet; none at the end. After an error nothing more comes.
    pub(crate) fn next_packet(&mut self) -> Result<Option<Packet<'a>>, Damage> {
        match self {
            Self::Pcap(pcap) => pcap.next_packet(),
            Self::Pcapng(pcapng) => pcapng.next_packet(),
        }
    }

    /// The system on which was captured, and the program, as far as the file says so.
    pub(crate) fn origin(&self) -> [Option<&'a str>; 2] {
        match self {
            Self::Pcap(_) => [None, None],
            Self::Pcapng(pcapng) => pcapng.origin(),
        }
    }

    /// How many packets the capture missed, as far as the file says so.
    pub(crate) fn missed(&self) -> Option<u64> {
        match self {
            Self::Pcap(_) => None,
            Self::Pcapng(pcapng) => pcapng.missed(),
        }
    }
}
