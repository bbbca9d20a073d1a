//! Refuses requests that another page made in its reader's name. Browsers let
//! any page connect anywhere (RFC 6455, section 10.2), and a name of the
//! attacker's may lead to this machine (DNS rebinding), so both the `Host` and
//! the `Origin` of a request have to be looked at.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use axum::http::header::{HOST, HeaderMap, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderName, HeaderValue, Request, StatusCode};
use axum::response::{IntoResponse, Response};

use super::client::Scheme;

/// Most bytes of a header that a message repeats.
const MOST_SHOWN: usize = 100;

/// An origin whose pages may connect, such as `https://lab.example:8443`
/// (RFC 6454): a scheme, a host, and the port unless it is the scheme's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    scheme: &'static str,
    authority: String,
}

/// Why an origin can't be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is no origin: write http://HOST, https://HOST or either with :PORT, and nothing behind it"
)]
pub struct OriginError(String);

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let refuse = || OriginError(text.chars().take(100).collect());
        let (scheme, authority) = ["http", "https"]
            .into_iter()
            .find_map(|scheme| {
                let rest = text.strip_prefix(scheme)?;
                Some((scheme, rest.strip_prefix("://")?))
            })
            .ok_or_else(refuse)?;
        let allowed =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
        if authority.is_empty() || !authority.chars().all(allowed) {
            return Err(refuse());
        }
        Ok(Self {
            scheme,
            authority: authority.to_ascii_lowercase(),
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

/// Why a request is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Foreign {
    /// It has no `Host`, or more than one (RFC 9112, section 3.2).
    Hosts(usize),
    /// It is meant for another host.
    Host {
        host: String,
        /// How its client reaches this server.
        scheme: Scheme,
    },
    /// The page that made it is another's.
    Origin { origin: String, host: String },
}

/// Refuses a request whose host is neither an IP address, nor `localhost`, nor
/// the host of an allowed origin. An address needs no list: rebinding takes a
/// name.
///
/// `scheme` is how the client reaches this server, for the hint.
pub(super) fn check_host<B>(
    request: &Request<B>,
    scheme: Scheme,
    allowed: &[Origin],
) -> Result<(), Foreign> {
    let host = host(request)?;
    let own = host.is_some_and(|host| {
        is_local_name(host)
            || allowed
                .iter()
                .any(|origin| origin.authority.eq_ignore_ascii_case(host))
    });
    if own {
        return Ok(());
    }
    Err(Foreign::Host {
        host: named_host(request),
        scheme,
    })
}

/// Refuses an `Origin` that is neither the host's own nor allowed. Only
/// browsers send one; other programs need none.
pub(super) fn check_origin<B>(request: &Request<B>, allowed: &[Origin]) -> Result<(), Foreign> {
    let headers = request.headers();
    if !headers.contains_key(ORIGIN) {
        return Ok(());
    }
    let host = host(request)?;
    let origin = only(headers, &ORIGIN)
        .and_then(|origin| origin.to_str().ok())
        .and_then(|origin| origin.parse::<Origin>().ok());
    let same = origin.is_some_and(|origin| {
        host.is_some_and(|host| origin.authority.eq_ignore_ascii_case(host))
            || allowed.contains(&origin)
    });
    if same {
        return Ok(());
    }
    Err(Foreign::Origin {
        origin: printable(headers.get(ORIGIN)),
        host: named_host(request),
    })
}

/// The host that a request is for: that of its target where it has one, since
/// `Host` has to be ignored then (RFC 9112, section 3.2.2). None: it is no text.
fn host<B>(request: &Request<B>) -> Result<Option<&str>, Foreign> {
    let headers = request.headers();
    let Some(host) = only(headers, &HOST) else {
        return Err(Foreign::Hosts(headers.get_all(HOST).iter().count()));
    };
    let target = request.uri().authority().map(Authority::as_str);
    Ok(target.or_else(|| host.to_str().ok()))
}

/// The same for a message.
fn named_host<B>(request: &Request<B>) -> String {
    match request.uri().authority() {
        Some(target) => target.as_str().chars().take(MOST_SHOWN).collect(),
        None => printable(request.headers().get(HOST)),
    }
}

/// The value of a header that stands there once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

/// Whether `host`, with or without a port, is an IP address or `localhost`.
fn is_local_name(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        // The colons of an IPv6 address stand in brackets.
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    if port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return false;
    }
    let bare = name
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    match bare {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            name.eq_ignore_ascii_case("localhost")
                || matches!(name.parse::<IpAddr>(), Ok(IpAddr::V4(_)))
        }
    }
}

fn printable(value: Option<&HeaderValue>) -> String {
    let bytes = value.map_or(&b""[..], HeaderValue::as_bytes);
    let shown = &bytes[..bytes.len().min(MOST_SHOWN)];
    shown.escape_ascii().to_string()
}

impl IntoResponse for Foreign {
    fn into_response(self) -> Response {
        match self {
            Self::Hosts(count) => {
                let text = format!(
                    "a request names its host once, in one Host header: this one has {count}\n"
                );
                (StatusCode::BAD_REQUEST, text).into_response()
            }
            Self::Host { host, scheme } => {
                let scheme = scheme.name();
                let text = format!(
                    "this server is not {host:?}: call it by its address, or let it be called so with --allow-origin {scheme}://{host}\n"
                );
                (StatusCode::MISDIRECTED_REQUEST, text).into_response()
            }
            Self::Origin { origin, host } => {
                let text = format!(
                    "the page at {origin} may not connect here: pages of {host} may, programs that send no Origin, and what --allow-origin names, such as --allow-origin {origin}\n"
                );
                (StatusCode::FORBIDDEN, text).into_response()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(target: &str, hosts: &[&str], origins: &[&str]) -> Request<()> {
        let mut request = Request::get(target);
        for (name, values) in [(HOST, hosts), (ORIGIN, origins)] {
            for value in values {
                request = request.header(&name, *value);
            }
        }
        request.body(()).unwrap()
    }

    fn from(host: &str, origins: &[&str]) -> Request<()> {
        request("/", &[host], origins)
    }

    #[test]
    fn only_the_own_page_or_no_page() {
        fn case(origins: &[&str], host: &str, allowed: bool) {
            let checked = check_origin(&from(host, origins), &[]);
            assert_eq!(checked.is_ok(), allowed, "{origins:?} at {host}");
        }
        case(&[], "127.0.0.1:7878", true);
        case(&["http://127.0.0.1:7878"], "127.0.0.1:7878", true);
        case(&["https://Lab.example"], "lab.example", true);
        case(&["http://127.0.0.1:7879"], "127.0.0.1:7878", false);
        case(&["http://127.0.0.1"], "127.0.0.1:7878", false);
        case(&["http://localhost:7878"], "127.0.0.1:7878", false);
        case(&["http://evil.example"], "127.0.0.1:7878", false);
        case(
            &["http://127.0.0.1:7878.evil.example"],
            "127.0.0.1:7878",
            false,
        );
        case(&["null"], "127.0.0.1:7878", false);
        case(&["file://"], "127.0.0.1:7878", false);
        case(&["http://a:1", "http://evil.example"], "a:1", false);
    }

    #[test]
    fn a_name_that_leads_here_is_not_this_server() {
        fn case(host: &str, expected: bool) {
            let checked = check_host(&from(host, &[]), Scheme::Http, &[]);
            assert_eq!(checked.is_ok(), expected, "{host}");
        }
        case("127.0.0.1:7878", true);
        case("localhost:7878", true);
        case("LocalHost", true);
        case("[::1]:7878", true);
        case("[::1]", true);
        case("192.0.2.7", true);
        case("evil.example", false);
        case("evil.example:7878", false);
        case("localhost.evil.example", false);
        case("127.0.0.1.evil.example:7878", false);
        case("127.0.0.1:7878:1", false);
        case("127.0.0.1:http", false);
        case("::1", false);
        case("", false);
    }

    #[test]
    fn a_request_names_its_host_once() {
        fn case(target: &str, hosts: &[&str], expected: &Result<(), Foreign>) {
            let request = request(target, hosts, &[]);
            assert_eq!(
                &check_host(&request, Scheme::Http, &[]),
                expected,
                "{target} {hosts:?}"
            );
        }
        case("/", &["localhost"], &Ok(()));
        case("/", &[], &Err(Foreign::Hosts(0)));
        case("/", &["localhost", "localhost"], &Err(Foreign::Hosts(2)));
        let foreign = || {
            Err(Foreign::Host {
                host: "evil.example".to_owned(),
                scheme: Scheme::Http,
            })
        };
        // The target's host counts, whatever `Host` says.
        case("http://evil.example/", &["localhost"], &foreign());
        case("http://localhost/", &["evil.example"], &Ok(()));
        case("http://localhost/", &[], &Err(Foreign::Hosts(0)));
    }

    #[test]
    fn the_hint_has_the_scheme_that_the_client_uses() {
        let checked = check_host(&from("lab.example", &[]), Scheme::Https, &[]);
        let host = "lab.example".to_owned();
        let scheme = Scheme::Https;
        assert_eq!(checked, Err(Foreign::Host { host, scheme }));
    }

    #[test]
    fn what_is_allowed_is_let_in_exactly() {
        let allowed: Vec<Origin> = vec!["https://Lab.example:8443".parse().unwrap()];
        let host = |host| check_host(&from(host, &[]), Scheme::Http, &allowed).is_ok();
        assert!(host("lab.example:8443") && host("LAB.example:8443"));
        assert!(!host("lab.example") && !host("evil.lab.example:8443"));
        let origin = |origin| check_origin(&from("127.0.0.1:1", &[origin]), &allowed).is_ok();
        assert!(origin("https://lab.example:8443"));
        assert!(!origin("http://lab.example:8443"));
        for wrong in [
            "lab.example",
            "ftp://a",
            "http://",
            "http://a/",
            "https://a b",
        ] {
            assert!(wrong.parse::<Origin>().is_err(), "{wrong}");
        }
        assert_eq!(allowed[0].to_string(), "https://lab.example:8443");
    }
}
