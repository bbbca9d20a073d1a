//! Who makes a request: the connection's peer, or whom a proxy in front names.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::http::{HeaderMap, HeaderName};

use super::proxy::Network;

/// What proxies append the address of their client to.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// The scheme of the request that the proxy received.
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The far end of a connection to the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Peer {
    /// Of a TCP connection.
    Tcp(SocketAddr),
    /// Of a Unix socket: a proxy on this machine, which is trusted. Who may
    /// connect to it is decided by the socket file's permissions.
    Local,
}

impl Peer {
    /// Its address; that of a local peer is 127.0.0.1, port 0.
    pub(super) fn address(self) -> SocketAddr {
        match self {
            Self::Tcp(address) => address,
            Self::Local => (Ipv4Addr::LOCALHOST, 0).into(),
        }
    }

    /// Whether it is a proxy whose word about its clients counts.
    pub(super) fn is_proxy(self, proxies: &[Network]) -> bool {
        match self {
            Self::Tcp(address) => is_any(proxies, address.ip()),
            Self::Local => true,
        }
    }
}

fn is_any(proxies: &[Network], address: IpAddr) -> bool {
    proxies.iter().any(|network| network.contains(address))
}

/// Who made a request; in the request's extensions. The port is the
/// connection's, which may be a proxy's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Client(pub(super) SocketAddr);

impl Client {
    /// The peer of the last trusted hop. A proxy
    /// appends the address it saw, so only the end of the list is worth
    /// anything: what stands before it, the client may have written itself.
    /// Without a readable address the proxy counts as the client.
    pub(super) fn of(peer: Peer, headers: &HeaderMap, proxies: &[Network]) -> Self {
        let mut trusted = peer.is_proxy(proxies);
        let mut last = peer.address().ip().to_canonical();
        let values = headers.get_all(FORWARDED_FOR).iter().collect::<Vec<_>>();
        let named = values.iter().rev().flat_map(|value| {
            let hops = value.to_str().unwrap_or_default();
            hops.rsplit(',').map(|hop| address(hop.trim()))
        });
        for hop in named {
            let (true, Some(hop)) = (trusted, hop) else {
                break;
            };
            last = hop;
            trusted = is_any(proxies, hop);
        }
        Self(SocketAddr::new(last, peer.address().port()))
    }
}

/// The scheme of the URL that a client asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    /// What a trusted proxy says in `X-Forwarded-Proto`; there is no TLS here.
    pub(super) fn of(peer: Peer, headers: &HeaderMap, proxies: &[Network]) -> Self {
        let told = headers.get_all(FORWARDED_PROTO).iter().next_back();
        let told = told.and_then(|value| value.to_str().ok()?.rsplit(',').next());
        let https = told.is_some_and(|scheme| scheme.trim().eq_ignore_ascii_case("https"));
        if https && peer.is_proxy(proxies) {
            Self::Https
        } else {
            Self::Http
        }
    }

    /// As it stands in a URL.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
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

    fn proxies() -> [Network; 3] {
        ["127.0.0.1", "192.0.2.1", "10.0.0.0/8"].map(|proxy| proxy.parse().unwrap())
    }

    fn check(peer: &str, forwarded: &[&str], expected: &str) {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        let peer = match peer {
            "unix" => Peer::Local,
            peer => Peer::Tcp(SocketAddr::new(peer.parse().unwrap(), 5000)),
        };
        let client = Client::of(peer, &headers, &proxies()).0;
        assert_eq!(client.ip().to_string(), expected, "{peer:?} {forwarded:?}");
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
        check("10.9.8.7", &["203.0.113.1, 10.1.1.1"], "203.0.113.1");
        check("11.0.0.1", &["203.0.113.1"], "11.0.0.1");
    }

    #[test]
    fn who_comes_over_a_unix_socket_is_a_proxy() {
        check("unix", &[], "127.0.0.1");
        check("unix", &["203.0.113.1"], "203.0.113.1");
        check("unix", &["198.51.100.7, 203.0.113.1"], "203.0.113.1");
        check("unix", &["203.0.113.1, 192.0.2.1"], "203.0.113.1");
    }

    #[test]
    fn the_scheme_is_what_a_trusted_proxy_says() {
        fn check(peer: &str, told: &[&str], expected: Scheme) {
            let mut headers = HeaderMap::new();
            for value in told {
                headers.append(FORWARDED_PROTO, value.parse().unwrap());
            }
            let peer = Peer::Tcp(SocketAddr::new(peer.parse().unwrap(), 5000));
            assert_eq!(Scheme::of(peer, &headers, &proxies()), expected, "{told:?}");
        }
        check("127.0.0.1", &["https"], Scheme::Https);
        check("127.0.0.1", &["http, HTTPS"], Scheme::Https);
        check("127.0.0.1", &["http", "https"], Scheme::Https);
        check("127.0.0.1", &["https", "http"], Scheme::Http);
        check("127.0.0.1", &["https,http"], Scheme::Http);
        check("127.0.0.1", &["wss", ""], Scheme::Http);
        check("127.0.0.1", &[], Scheme::Http);
        check("198.51.100.7", &["https"], Scheme::Http);
    }

    #[test]
    fn a_proxy_that_names_nobody_is_the_client() {
        check("127.0.0.1", &[], "127.0.0.1");
        check("127.0.0.1", &["203.0.113.1, unknown"], "127.0.0.1");
        check("127.0.0.1", &["", ","], "127.0.0.1");
    }
}
