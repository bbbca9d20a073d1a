//! From an HTTP request to a WebSocket (RFC 6455, section 4.2).

use ::websocket::accept;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};
use axum::response::{IntoResponse, Response};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;

use super::super::reply::Replies;
use super::{MessageLimits, WebSocket};

const VERSION: HeaderValue = HeaderValue::from_static("13");
const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");

/// A connection that becomes a WebSocket once its response is written.
#[derive(Debug)]
pub(in crate::gateway) struct Upgrade {
    connection: OnUpgrade,
    accept: HeaderValue,
    /// The values of Sec-WebSocket-Protocol.
    offers: Vec<HeaderValue>,
}

/// The upgrade that `request` asks for, or the refusal: 426.
pub(in crate::gateway) fn upgrade(request: &mut Request) -> Result<Upgrade, Box<Response>> {
    let refuse = |why: &str| {
        let text = format!("a WebSocket client can connect here (ws://): {why}\n");
        let headers = [(UPGRADE, WEBSOCKET), (SEC_WEBSOCKET_VERSION, VERSION)];
        Box::new((StatusCode::UPGRADE_REQUIRED, headers, text).into_response())
    };
    let headers = request.headers();
    if request.method() != Method::GET || request.version() != Version::HTTP_11 {
        return Err(refuse("the request is no GET of HTTP/1.1"));
    }
    if !lists(headers, &CONNECTION, "upgrade") {
        return Err(refuse("Connection does not say upgrade"));
    }
    if !lists(headers, &UPGRADE, "websocket") {
        return Err(refuse("Upgrade does not say websocket"));
    }
    if headers.get(SEC_WEBSOCKET_VERSION) != Some(&VERSION) {
        return Err(refuse("Sec-WebSocket-Version is not 13"));
    }
    let accept = headers
        .get(SEC_WEBSOCKET_KEY)
        .and_then(|nonce| accept(nonce.to_str().ok()?))
        .and_then(|accept| HeaderValue::try_from(accept).ok())
        .ok_or_else(|| refuse("the upgrade's nonce is not 16 bytes in base64"))?;
    let connection = request
        .extensions_mut()
        .remove::<OnUpgrade>()
        .ok_or_else(|| refuse("the connection can't be upgraded"))?;
    let offers = request.headers().get_all(SEC_WEBSOCKET_PROTOCOL);
    let offers = offers.iter().cloned().collect();
    Ok(Upgrade {
        connection,
        accept,
        offers,
    })
}

impl Upgrade {
    /// The subprotocols that the client offers, in its order of preference
    /// (RFC 6455, section 4.1).
    pub(in crate::gateway) fn offered(&self) -> Vec<&str> {
        words(self.offers.iter()).collect()
    }

    /// The response, and the WebSocket once that is written. `subprotocol` is
    /// one of those that were offered. A client that offered some and is given
    /// none may fail the connection.
    pub(in crate::gateway) fn accept(
        self,
        limits: MessageLimits,
        subprotocol: Option<&'static str>,
    ) -> (Response, impl Future<Output = Option<WebSocket>>) {
        let headers = [
            (CONNECTION, HeaderValue::from_static("Upgrade")),
            (UPGRADE, WEBSOCKET),
            (SEC_WEBSOCKET_ACCEPT, self.accept),
        ];
        let switching = StatusCode::SWITCHING_PROTOCOLS;
        let mut response = (switching, headers, Body::empty()).into_response();
        if let Some(name) = subprotocol {
            let name = HeaderValue::from_static(name);
            response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, name);
        }
        let opened = async move {
            let upgraded = self.connection.await;
            let opened = upgraded.map_err(|error| error.to_string());
            match opened.and_then(|upgraded| open(upgraded, limits)) {
                Ok(web) => Some(web),
                Err(error) => {
                    tracing::debug!(error, "upgrade");
                    None
                }
            }
        };
        (response, opened)
    }
}

fn open(upgraded: Upgraded, limits: MessageLimits) -> Result<WebSocket, String> {
    // Without hyper between: each recv and send is the kernel's.
    let parts = upgraded
        .downcast::<TokioIo<Replies>>()
        .map_err(|_| "the connection is not one of the page's".to_owned())?;
    let stream = parts.io.into_inner().into_stream();
    let stream = stream.ok_or_else(|| "the connection was taken already".to_owned())?;
    Ok(WebSocket::new(stream, &parts.read_buf, limits))
}

/// Whether `token` is one of those that a header lists, in any case.
fn lists(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).iter();
    words(values).any(|word| word.eq_ignore_ascii_case(token))
}

/// The elements of lists (RFC 9110, section 5.6.1). What is not ASCII is none.
fn words<'a, V>(values: V) -> impl Iterator<Item = &'a str> + use<'a, V>
where
    V: Iterator<Item = &'a HeaderValue>,
{
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_its_tokens_in_any_case() {
        fn check(value: &'static str, expected: bool) {
            let mut headers = HeaderMap::new();
            headers.append(CONNECTION, HeaderValue::from_static("close"));
            headers.append(CONNECTION, HeaderValue::from_static(value));
            assert_eq!(lists(&headers, &CONNECTION, "upgrade"), expected, "{value}");
        }
        check("Upgrade", true);
        check("keep-alive, UPGRADE", true);
        check("upgraded", false);
        check("", false);
    }
}
