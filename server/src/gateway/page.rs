//! The page and its assets, embedded by the build script, and the headers
//! that keep a browser from trusting anything else.

use std::sync::OnceLock;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap,
    HeaderName, HeaderValue, IF_NONE_MATCH, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::middleware::{self, Next};
use axum::response::Response;
use memory_serve::CacheControl;

/// Only what this server serves, WebAssembly among it; no inline script, no
/// frame around it.
const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
     style-src 'self'; img-src 'self' data:; connect-src 'self'; object-src 'none'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Most characters of a request that an answer repeats.
const MOST_SHOWN: usize = 100;

/// The assets' routes. File names hold no hash, so a browser asks each time
/// whether its copy is still good, and is told so by the ETag.
pub(super) fn router() -> Router {
    // Building it compresses and leaks: once a process is enough.
    static ROUTER: OnceLock<Router> = OnceLock::new();
    ROUTER
        .get_or_init(|| {
            memory_serve::load!()
                .html_cache_control(CacheControl::NoCache)
                .cache_control(CacheControl::NoCache)
                // Best brotli takes a debug build seconds; a release build
                // did it when it was compiled.
                .enable_brotli(cfg!(not(debug_assertions)))
                .enable_gzip(true)
                .into_router()
                .route_layer(middleware::from_fn(tagged))
        })
        .clone()
}

/// Gives each encoding of an asset an entity tag of its own: a strong tag
/// stands for the bytes that were sent, not for what they decode to (RFC 9110,
/// section 8.8.3.3). The tag that the assets come with names their content
/// alone, so conditional requests are answered here.
async fn tagged(mut request: Request, next: Next) -> Response {
    let headers = request.headers_mut();
    let known: Vec<_> = headers.get_all(IF_NONE_MATCH).iter().cloned().collect();
    headers.remove(IF_NONE_MATCH);
    let mut response = next.run(request).await;
    let Some(tag) = tag_of(response.headers()) else {
        return response;
    };
    let fresh = response.status() == StatusCode::OK && lists(&known, &tag);
    let headers = response.headers_mut();
    headers.insert(ETAG, tag);
    if fresh {
        for name in [CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE] {
            headers.remove(name);
        }
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
    }
    response
}

/// The tag of a response: its content's, and its encoding's name.
fn tag_of(headers: &HeaderMap) -> Option<HeaderValue> {
    let content = headers.get(ETAG)?;
    let Some(encoding) = headers.get(CONTENT_ENCODING) else {
        return Some(content.clone());
    };
    let content = content.to_str().ok()?.strip_suffix('"')?;
    let encoding = encoding.to_str().ok()?;
    HeaderValue::try_from(format!("{content}-{encoding}\"")).ok()
}

/// Whether `If-None-Match` lists `tag`, by the weak comparison (RFC 9110,
/// section 13.1.2): a proxy may have made a strong tag weak.
fn lists(known: &[HeaderValue], tag: &HeaderValue) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let Ok(tag) = tag.to_str().map(opaque) else {
        return false;
    };
    let known = known.iter().filter_map(|value| value.to_str().ok());
    known
        .flat_map(|value| value.split(','))
        .any(|known| known.trim() == "*" || opaque(known) == tag)
}

/// The answer where nothing is: 404.
pub(super) async fn nothing(request: Request) -> (StatusCode, String) {
    let path: String = request.uri().path().chars().take(MOST_SHOWN).collect();
    let text = format!(
        "there is nothing at {path:?}: the page is at /, its WebSockets are at /lab and /bridge/NAME\n"
    );
    (StatusCode::NOT_FOUND, text)
}

/// The answer to a method that is none of this server's: 405.
pub(super) async fn wrong_method(request: Request) -> (StatusCode, String) {
    let method: String = request.method().as_str().chars().take(MOST_SHOWN).collect();
    let text = format!("there is no {method:?} here: ask with GET or HEAD\n");
    (StatusCode::METHOD_NOT_ALLOWED, text)
}

/// Adds the security headers, and to text its encoding.
pub(super) fn headers(mut response: Response) -> Response {
    const ALWAYS: [(HeaderName, &str); 4] = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (X_FRAME_OPTIONS, "DENY"),
        (CONTENT_SECURITY_POLICY, POLICY),
    ];
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let utf8 = match headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes) {
        Some(b"text/html") => "text/html; charset=utf-8",
        Some(b"text/css") => "text/css; charset=utf-8",
        Some(b"text/javascript") => "text/javascript; charset=utf-8",
        _ => return response,
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(utf8));
    response
}
