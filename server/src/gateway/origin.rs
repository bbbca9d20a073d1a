//! Refuses WebSockets that a foreign page opened: browsers let any page
//! connect anywhere, so the server has to look (RFC 6455, section 10.2).

use axum::http::header::{HOST, HeaderMap, ORIGIN};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

/// An `Origin` that is not this server's own page.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Foreign {
    origin: String,
    host: String,
}

/// Compares `Origin`, where there is one, with `Host`. Only browsers send an
/// `Origin`; other programs need none.
pub(super) fn check(headers: &HeaderMap) -> Result<(), Foreign> {
    let mut origins = headers.get_all(ORIGIN).iter();
    let Some(origin) = origins.next() else {
        return Ok(());
    };
    let host = headers.get(HOST).map_or(&b""[..], HeaderValue::as_bytes);
    let authority = [&b"http://"[..], b"https://"]
        .into_iter()
        .find_map(|scheme| origin.as_bytes().strip_prefix(scheme));
    let same = authority.is_some_and(|a| !a.is_empty() && a.eq_ignore_ascii_case(host));
    if same && origins.next().is_none() {
        return Ok(());
    }
    let printable = |bytes: &[u8]| bytes.escape_ascii().to_string();
    Err(Foreign {
        origin: printable(origin.as_bytes()),
        host: printable(host),
    })
}

impl IntoResponse for Foreign {
    fn into_response(self) -> Response {
        let text = format!(
            "the page at {} may not connect here: only pages of {} may, and programs that send no Origin\n",
            self.origin, self.host
        );
        (StatusCode::FORBIDDEN, text).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_own_page_or_no_page() {
        fn case(origins: &[&str], host: &str, allowed: bool) {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().unwrap());
            for origin in origins {
                headers.append(ORIGIN, origin.parse().unwrap());
            }
            assert_eq!(check(&headers).is_ok(), allowed, "{origins:?} at {host}");
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
}
