//! Who makes a request: the connection's peer, or whom a proxy in front names.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName};

/// What proxies append the address of their client to.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Who made a request; in the request's extensions. The port is the
/// connection's, which may be a proxy's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Client(pub(super) SocketAddr);

impl Client {
    /// Whoever is at the far end of the last hop that is trusted. A proxy
    /// appends the address it saw, so only the end of the list is worth
    /// anything: what stands before it, the client may have written itself.
    /// Without a readable address the proxy counts as the client.
    pub(super) fn of(peer: SocketAddr, headers: &HeaderMap, proxies: &[IpAddr]) -> Self {
        let mut last = peer.ip().to_canonical();
        let values = headers.get_all(FORWARDED_FOR).iter().collect::<Vec<_>>();
        let named = values.iter().rev().flat_map(|value| {
            let hops = value.to_str().unwrap_or_default();
            hops.rsplit(',').map(|hop| address(hop.trim()))
        });
        for hop in named {
            let (true, Some(hop)) = (proxies.contains(&last), hop) else {
                break;
            };
            last = hop;
        }
        Self(SocketAddr::new(last, peer.port()))
    }
}

/// An address with or without a port.
fn address(hop: &str) -> Option<IpAddr> {
    let address = hop
        .parse::<SocketAddr>()
        .map(|address| address.ip())
        .or_else(|_| hop.trim_matches(['[', ']']).parse());
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(peer: &str, forwarded: &[&str], expected: &str) {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        let proxies = ["127.0.0.1", "192.0.2.1"].map(|proxy| proxy.parse().unwrap());
        let peer = SocketAddr::new(peer.parse().unwrap(), 5000);
        let client = Client::of(peer, &headers, &proxies).0;
        assert_eq!(client.ip().to_string(), expected, "{peer} {forwarded:?}");
    }

    #[test]
    fn a_stranger_is_who_it_is_whatever_it_writes() {
        check("198.51.100.7", &[], "198.51.100.7");
        check("198.51.100.7", &["203.0.113.1"], "198.51.100.7");
        check("::ffff:198.51.100.7", &["203.0.113.1"], "198.51.100.7");
    }

    #[test]
    fn a_proxy_names_its_client_last() {
        check("127.0.0.1", &["203.0.113.1"], "203.0.113.1");
        check("127.0.0.1", &["198.51.100.7, 203.0.113.1"], "203.0.113.1");
        check("127.0.0.1", &["198.51.100.7", "203.0.113.1"], "203.0.113.1");
        check("127.0.0.1", &["203.0.113.1:4711"], "203.0.113.1");
        check("127.0.0.1", &["[2001:db8::1]:4711"], "2001:db8::1");
        check("::ffff:127.0.0.1", &["2001:db8::1"], "2001:db8::1");
    }

    #[test]
    fn proxies_in_a_row_are_followed_as_far_as_they_are_trusted() {
        check("127.0.0.1", &["203.0.113.1, 192.0.2.1"], "203.0.113.1");
        check("127.0.0.1", &["203.0.113.1, 192.0.2.2"], "192.0.2.2");
    }

    #[test]
    fn a_proxy_that_names_nobody_is_the_client() {
        check("127.0.0.1", &[], "127.0.0.1");
        check("127.0.0.1", &["203.0.113.1, unknown"], "127.0.0.1");
        check("127.0.0.1", &["", ","], "127.0.0.1");
    }
}
