//! What a link does, each way.

use protocol::Nanos;

use crate::{Rate, Share};

/// Longest delay of a way, and largest jitter.
pub const MAX_DELAY: Nanos = Nanos(5_000_000_000);
/// Most packets that wait for their turn.
pub const MAX_QUEUE: u32 = 10_000;
/// Smallest MTU in bytes: each IPv4 host takes packets of this size (RFC 791, 3.1).
pub const MIN_MTU: u32 = 576;
/// Largest MTU in bytes: the largest IPv4 packet (RFC 791, 3.1).
pub const MAX_MTU: u32 = 65_535;
/// Slowest rate, in bits a second.
pub const MIN_RATE: u64 = 8_000;
/// Fastest rate, in bits a second.
pub const MAX_RATE: u64 = 100_000_000_000;

/// What a link does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkSettings {
    /// From the client's side to the server's: from side A to side B.
    pub up: Way,
    /// From the server's side to the client's.
    pub down: Way,
    /// Most bytes of an IP packet, header included.
    pub mtu: u32,
    /// What the choice of packets follows from.
    pub seed: u64,
}

/// What it does to packets that go one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// How long a packet is under way.
    pub delay: Nanos,
    /// By how much the delay of a packet differs from that at most, up or down, evenly.
    /// Packets stay in their order.
    pub jitter: Nanos,
    /// The share of packets that are lost.
    pub loss: Share,
    /// The share of those that arrive which arrive twice.
    pub duplicate: Share,
    /// The share of those that arrive which are held back, so that later ones overtake them.
    pub reorder: Share,
    /// How fast bits go in, the Ethernet header's included.
    pub rate: Rate,
    /// Packets that wait for their turn at most; one more is lost. Without a rate none
    /// waits.
    pub queue: u32,
}

impl Default for LinkSettings {
    /// A link that is only there: no delay, no loss, an MTU of 1,500 bytes.
    fn default() -> Self {
        Self {
            up: Way::default(),
            down: Way::default(),
            mtu: 1_500,
            seed: 1,
        }
    }
}

impl Default for Way {
    fn default() -> Self {
        Self {
            delay: Nanos(0),
            jitter: Nanos(0),
            loss: Share::default(),
            duplicate: Share::default(),
            reorder: Share::default(),
            rate: Rate::default(),
            queue: 1_000,
        }
    }
}

/// One of the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The round trip: the delays of both ways together, half each.
    Rtt,
    /// The delay of a way.
    Delay,
    /// [`Way::jitter`]
    Jitter,
    /// [`Way::loss`]
    Loss,
    /// [`Way::duplicate`]
    Duplicate,
    /// [`Way::reorder`]
    Reorder,
    /// [`Way::rate`]
    Rate,
    /// [`Way::queue`]
    Queue,
    /// [`LinkSettings::mtu`]
    Mtu,
    /// [`LinkSettings::seed`]
    Seed,
}

impl Part {
    /// All of them, in the order in which they are written.
    pub const ALL: [Self; 10] = [
        Self::Rtt,
        Self::Delay,
        Self::Jitter,
        Self::Loss,
        Self::Duplicate,
        Self::Reorder,
        Self::Rate,
        Self::Queue,
        Self::Mtu,
        Self::Seed,
    ];

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rtt => "rtt",
            Self::Delay => "delay",
            Self::Jitter => "jitter",
            Self::Loss => "loss",
            Self::Duplicate => "duplicate",
            Self::Reorder => "reorder",
            Self::Rate => "rate",
            Self::Queue => "queue",
            Self::Mtu => "mtu",
            Self::Seed => "seed",
        }
    }

    /// What it takes, in English.
    pub const fn domain(self) -> &'static str {
        match self {
            Self::Rtt => "a time of up to 10s, such as 40ms",
            Self::Delay | Self::Jitter => "a time of up to 5s, such as 20ms",
            Self::Loss | Self::Duplicate | Self::Reorder => "a share from 0% to 100%, such as 1%",
            Self::Rate => "unlimited, or 8kbit to 100Gbit, such as 20Mbit",
            Self::Queue => "1 to 10,000 packets",
            Self::Mtu => "576 to 65,535 bytes",
            Self::Seed => "a whole number",
        }
    }
}

/// Why a text describes no link.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// There is no such setting and no such preset.
    #[error(
        "a link has no \"{0}\": it has rtt, delay, jitter, loss, duplicate, reorder, rate, queue, mtu and seed, or is one of this-machine, lan, wifi, ocean, mobile, satellite and lossy"
    )]
    Unknown(String),
    /// The setting does not take that value.
    #[error("{name} can't be \"{value}\": it takes {domain}", name = .part.name(), domain = .part.domain())]
    Value {
        /// Which setting.
        part: Part,
        /// The value given.
        value: String,
    },
    /// Two values for what both ways have in common.
    #[error("{} is one for both ways: give one value", .0.name())]
    OneForBoth(Part),
    /// A setting stands there a second time; the round trip is the sum of both delays.
    #[error("{} is there twice: give it once", twice(*.0, *.1))]
    Twice(Part, Part),
    /// No link has parts.
    #[error("this-machine is no link: it has no settings")]
    NoLink,
}

fn twice(first: Part, second: Part) -> String {
    let (first, second) = (first.name(), second.name());
    if first == second {
        return first.to_owned();
    }
    [first, " (or ", second, ")"].concat()
}
