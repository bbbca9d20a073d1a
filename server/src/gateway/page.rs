//! The page and its assets, embedded by the build script, and the headers
//! that keep a browser from trusting anything else.

use std::sync::OnceLock;

use axum::Router;
use axum::http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::response::Response;
use memory_serve::CacheControl;

/// Only what this server serves, WebAssembly among it; no inline script, no
/// frame around it.
const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
     style-src 'self'; img-src 'self' data:; connect-src 'self'; object-src 'none'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

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
        })
        .clone()
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
