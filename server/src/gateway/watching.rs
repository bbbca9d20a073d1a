//! The page for one record alone, which `--page` serves: whoever knows its address reads
//! the record's lines while they come. Nothing is run here.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State as Shared};
use axum::http::uri::PathAndQuery;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use tokio_util::sync::CancellationToken;

use super::connections::Door;
use super::{Allowance, Config, Listener, State, page, serve_doors, session};
use crate::journal::Journal;

/// Bytes of a secret: nobody guesses one of 2^128.
const SECRET: usize = 16;
/// How long a page may take to say goodbye: somebody waits for their prompt.
const FAREWELL: Duration = Duration::from_millis(150);

/// The first part of a record's path. Whoever knows it may read the record.
#[derive(Clone, Eq, PartialEq)]
pub struct Secret(String);

impl Secret {
    /// A new one, of the operating system's random numbers.
    #[expect(clippy::new_without_default, reason = "each is another one")]
    pub fn new() -> Self {
        let bytes: [u8; SECRET] = rand::random();
        Self(record::hex::encode(&bytes))
    }

    /// Whether it is `guess`. The time that it takes tells only whether the length is
    /// right.
    fn is(&self, guess: &str) -> bool {
        let (own, guess) = (self.0.as_bytes(), guess.as_bytes());
        if own.len() != guess.len() {
            return false;
        }
        let pairs = own.iter().zip(guess);
        let difference = pairs.fold(0, |all, (own, guess)| {
            std::hint::black_box(all | (own ^ guess))
        });
        difference == 0
    }
}

/// As it stands in an address.
impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is no secret of a secret.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Serves the page for `journal` below `/SECRET/` until `shutdown`. Every other path is
/// answered with 404.
///
/// # Errors
/// The system has no threads left.
pub fn serve_record(
    listener: Listener,
    config: Config,
    journal: Arc<Journal>,
    secret: Secret,
    shutdown: CancellationToken,
) -> io::Result<impl Future<Output = ()> + Send> {
    let config = Config {
        farewell: FAREWELL,
        ..config
    };
    let limits = Allowance::of(&config);
    let state = State(Arc::new(super::Shared::new(config, shutdown)?));
    let page = Door {
        name: "page",
        listener,
        router: router(state.clone(), journal, secret),
        reserve: Router::new().fallback(super::full),
        kept: 1,
        checks_host: true,
    };
    Ok(serve_doors(page, None, state, limits))
}

/// What lies below the secret.
#[derive(Clone)]
struct Guarded {
    secret: Secret,
    inside: TowerToHyperService<Router>,
}

fn router(state: State, journal: Arc<Journal>, secret: Secret) -> Router {
    let inside = Router::new()
        .route("/lab", get(session::watch))
        .with_state((state, journal))
        .merge(page::router())
        .fallback(nothing)
        .method_not_allowed_fallback(page::wrong_method);
    let guarded = Guarded {
        secret,
        inside: TowerToHyperService::new(inside),
    };
    Router::new().fallback(enter).with_state(guarded)
}

async fn nothing() -> Response {
    (StatusCode::NOT_FOUND, "there is nothing here\n").into_response()
}

/// Takes the secret off the path, if it is the right one.
async fn enter(Shared(guarded): Shared<Guarded>, mut request: Request) -> Response {
    let Some(path) = below(request.uri(), &guarded.secret) else {
        return nothing().await;
    };
    *request.uri_mut() = path;
    match guarded.inside.call(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

fn below(uri: &Uri, secret: &Secret) -> Option<Uri> {
    let path = uri.path_and_query().map(PathAndQuery::as_str)?;
    let (first, rest) = path.strip_prefix('/')?.split_once('/')?;
    if !secret.is(first) {
        return None;
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(["/", rest].concat().parse().ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_long_and_its_own() {
        let secret = Secret::new();
        assert_eq!(secret.to_string().len(), 2 * SECRET);
        assert_ne!(secret, Secret::new());
        assert_eq!(format!("{secret:?}"), "Secret", "no log has it");
        assert!(secret.is(&secret.to_string()));
        let mut other = secret.to_string();
        let last = if other.ends_with('0') { "1" } else { "0" };
        other.replace_range(2 * SECRET - 1.., last);
        assert!(!secret.is(&other) && !secret.is("") && !secret.is(&other[1..]));
    }

    #[test]
    fn only_what_lies_below_the_secret_is_there() {
        let secret = Secret("00ff".to_owned());
        let check = |uri: &str, expected: Option<&str>| {
            let below = below(&uri.parse().unwrap(), &secret);
            let below = below.map(|uri| uri.path_and_query().unwrap().to_string());
            assert_eq!(below.as_deref(), expected, "{uri}");
        };
        check("/00ff/", Some("/"));
        check("/00ff/style.css?x", Some("/style.css?x"));
        check("http://a/00ff/lab", Some("/lab"));
        check("/00ff", None);
        check("/00fe/", None);
        check("/", None);
        check("/lab", None);
        check("//00ff/", None);
        check("/00ff00ff/", None);
    }
}
