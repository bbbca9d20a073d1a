//! Links by name.

/// A link that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// No link: the loopback interface of this machine.
    ThisMachine,
    /// A switch in the same room.
    Lan,
    /// A wireless network with others in it.
    Wifi,
    /// A cable through an ocean.
    Ocean,
    /// A telephone that moves.
    Mobile,
    /// A satellite that stands still, 36,000 km away.
    Satellite,
    /// A link that does everything a link may do, often.
    Lossy,
}

impl Preset {
    /// All of them, the nearest first.
    pub const ALL: [Self; 7] = [
        Self::ThisMachine,
        Self::Lan,
        Self::Wifi,
        Self::Ocean,
        Self::Mobile,
        Self::Satellite,
        Self::Lossy,
    ];

    /// The word for it in settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ThisMachine => "this-machine",
            Self::Lan => "lan",
            Self::Wifi => "wifi",
            Self::Ocean => "ocean",
            Self::Mobile => "mobile",
            Self::Satellite => "satellite",
            Self::Lossy => "lossy",
        }
    }

    /// Its settings; none where there is no link.
    pub const fn description(self) -> Option<&'static str> {
        Some(match self {
            Self::ThisMachine => return None,
            Self::Lan => "rtt=0.4ms,rate=1Gbit",
            Self::Wifi => "rtt=4ms,jitter=1ms,loss=0.1%,rate=50Mbit",
            Self::Ocean => "rtt=180ms,jitter=1ms,loss=0.01%,rate=100Mbit",
            Self::Mobile => "rtt=60ms,jitter=8ms,loss=0.5%,rate=10Mbit/50Mbit,queue=300",
            Self::Satellite => "rtt=600ms,jitter=2ms,loss=0.5%,rate=5Mbit/50Mbit",
            Self::Lossy => "rtt=40ms,jitter=2ms,loss=5%,duplicate=2%,reorder=3%",
        })
    }
}
