//! Whom limits count together, and why somebody is not let in.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Whom a limit counts together: one IPv4 address, or one IPv6 network of 64
/// bits, which is what one subscriber has (RFC 6177).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Source(IpAddr);

impl Source {
    /// The source an address belongs to.
    pub fn of(peer: SocketAddr) -> Self {
        Self(match peer.ip().to_canonical() {
            IpAddr::V6(address) => {
                let network = address.to_bits() & (u128::MAX << 64);
                IpAddr::V6(Ipv6Addr::from_bits(network))
            }
            address @ IpAddr::V4(_) => address,
        })
    }
}

/// Why somebody was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// All places are taken.
    #[error("all places are taken")]
    Full,
    /// The source has all the places one source may have.
    #[error("its source has all the places one source may have")]
    SourceFull,
    /// The source comes too often.
    #[error("its source comes too often")]
    TooFast,
    /// Too many have not proved who they are.
    #[error("too many connections have not proved who they are")]
    Unproven,
    /// The source failed to prove itself, and has to wait.
    #[error("its source failed to prove itself and has to wait")]
    Backoff,
}
