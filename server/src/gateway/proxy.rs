//! Proxies in front of the page, as the operator names them: whom they name in
//! `X-Forwarded-For` is the client.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net};

/// Leading bits of an IPv4-mapped IPv6 address (RFC 4291, section 2.5.5.2).
const MAPPED: u8 = 96;

/// One address, or a network such as `10.0.0.0/8` or `2001:db8::/32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(IpNet);

/// Why a network can't be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// Neither an address nor a network.
    #[error(
        "\"{0}\" is no address and no network: write an address such as 192.0.2.7 or 2001:db8::7, or a network such as 10.0.0.0/8"
    )]
    Unreadable(String),
    /// The address has bits behind the prefix.
    #[error(
        "\"{given}\" has bits behind its prefix: write {network} for the network, or the address alone"
    )]
    Bits {
        /// What was given.
        given: String,
        /// The network it is in.
        network: IpNet,
    },
}

impl Network {
    /// Whether `address` belongs to it. An IPv4-mapped IPv6 address counts as
    /// the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        Self(address.to_canonical().into())
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let given = || text.chars().take(100).collect();
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(address.into());
        }
        let network: IpNet = text
            .parse()
            .map_err(|_| NetworkError::Unreadable(given()))?;
        if network.trunc() != network {
            return Err(NetworkError::Bits {
                given: given(),
                network: network.trunc(),
            });
        }
        Ok(Self(canonical(network)))
    }
}

/// The IPv4 network that a network of IPv4-mapped addresses stands for.
fn canonical(network: IpNet) -> IpNet {
    let mapped = |address: Ipv6Addr| address.to_ipv4_mapped();
    if let IpNet::V6(v6) = network
        && let (Some(address), Some(length)) =
            (mapped(v6.addr()), v6.prefix_len().checked_sub(MAPPED))
        && let Ok(v4) = Ipv4Net::new(address, length)
    {
        return v4.into();
    }
    network
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.prefix_len() == self.0.max_prefix_len() {
            self.0.addr().fmt(f)
        } else {
            self.0.fmt(f)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_its_addresses_and_no_other() {
        fn check(network: &str, inside: &[&str], outside: &[&str]) {
            let network: Network = network.parse().unwrap();
            for (addresses, expected) in [(inside, true), (outside, false)] {
                for address in addresses {
                    let contains = network.contains(address.parse().unwrap());
                    assert_eq!(contains, expected, "{address} in {network}");
                }
            }
        }
        check(
            "192.0.2.7",
            &["192.0.2.7", "::ffff:192.0.2.7"],
            &["192.0.2.8", "::1"],
        );
        check(
            "10.0.0.0/8",
            &["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"],
            &["11.0.0.0", "9.255.255.255"],
        );
        check("10.0.0.0/31", &["10.0.0.1"], &["10.0.0.2"]);
        check("0.0.0.0/0", &["203.0.113.9"], &["2001:db8::1"]);
        check(
            "2001:db8::/32",
            &["2001:db8:ffff::1"],
            &["2001:db9::", "10.0.0.1"],
        );
        check("::1", &["::1"], &["::2", "127.0.0.1"]);
        check("::ffff:10.0.0.0/104", &["10.9.9.9"], &["11.0.0.0"]);
        check("::ffff:192.0.2.7", &["192.0.2.7"], &["192.0.2.6"]);
    }

    #[test]
    fn a_mistake_is_named_with_what_to_write() {
        fn check(text: &str, part: &str) {
            let error = text.parse::<Network>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
        check("", "no address and no network");
        check("localhost", "no address and no network");
        check("10.0.0.0/33", "no address and no network");
        check("10.0.0.0/-1", "no address and no network");
        check("2001:db8::/129", "no address and no network");
        check("10.0.0.1:80", "no address and no network");
        check("10.1.2.3/8", "write 10.0.0.0/8");
        check("2001:db8::1/32", "write 2001:db8::/32");
    }
}
