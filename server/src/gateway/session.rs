//! `/lab`: a page drives one experiment at a time, [`Request`]s in, [`Line`]s
//! out, one JSON object a text frame.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State as Shared;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade, close_code};
use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use futures_util::SinkExt;
use tokio::time::{Instant, interval_at, timeout};
use trace::link::{Line, Request, VERSION};

use super::State;
use super::bridge::{KEEP_ALIVE, accept, close, sized};
use super::client::Client;
use super::metrics::{Kind, Metrics, Reason};
use super::pump::{End, web_failed};
use crate::lab::{Lab, kernel};
use crate::net::admission::{Admission, Place};

/// Largest request, in bytes: all that an experiment may send, as hex in JSON.
const MAX_REQUEST: usize = 4 * 1024 * 1024;

/// Upgrades the request and starts a session.
pub(super) async fn open(
    Shared(state): Shared<State>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let upgrade = match accept(&headers, &state, upgrade) {
        Ok(upgrade) => upgrade,
        Err(refusal) => return *refusal,
    };
    sized(upgrade, MAX_REQUEST).on_upgrade(move |web| {
        let tracker = state.tracker.clone();
        tracker.track_future(async move {
            let _place = match state.sessions.admit(client.0, false) {
                Ok(place) => place,
                Err(refusal) => {
                    state.metrics.refused(Reason::Sessions);
                    state.sessions.log("lab", client.0, refusal);
                    let reason = format!("too many lab sessions ({refusal}): try again later");
                    return close(web, close_code::AGAIN, &reason).await;
                }
            };
            let _open = state.metrics.session(Kind::Lab);
            let mut session = Session {
                web,
                lab: None,
                client,
                runs: Arc::clone(&state.runs),
                metrics: state.metrics.clone(),
            };
            tokio::select! {
                ended = session.run() => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "lab session");
                        session.lab = None;
                        if let End::Broken(code, reason) = web_failed(error) {
                            close(session.web, code, &reason).await;
                        }
                    }
                }
                () = state.shutdown.cancelled() => {
                    close(session.web, close_code::AWAY, "the gateway is shutting down").await;
                }
            }
        })
    })
}

struct Session {
    web: WebSocket,
    /// The run that is going on, and its place. It ends with the session.
    lab: Option<(Lab, Place)>,
    client: Client,
    /// Places for the runs of all sessions.
    runs: Arc<Admission>,
    metrics: Metrics,
}

impl Session {
    /// Until the page leaves, however it does.
    async fn run(&mut self) -> Result<(), axum::Error> {
        self.say(&Line::Hello {
            version: VERSION,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            kernel: kernel(),
        })
        .await?;
        let mut keep_alive = interval_at(Instant::now() + KEEP_ALIVE, KEEP_ALIVE);
        let mut answered = true;
        loop {
            patiently(self.web.flush()).await?;
            tokio::select! {
                message = self.web.recv() => {
                    answered = true;
                    match message.transpose()? {
                        Some(Message::Text(text)) => self.follow(text.as_str()).await?,
                        Some(Message::Binary(_)) => {
                            self.refuse("requests are text: one JSON object a text frame").await?;
                        }
                        Some(Message::Ping(_) | Message::Pong(_)) => {}
                        Some(Message::Close(_)) | None => break,
                    }
                }
                line = next(&mut self.lab) => self.pass_on(line).await?,
                _ = keep_alive.tick() => {
                    if !std::mem::take(&mut answered) {
                        break;
                    }
                    patiently(self.web.feed(Message::Ping(Bytes::new()))).await?;
                }
            }
        }
        self.lab = None;
        patiently(self.web.close()).await
    }

    async fn follow(&mut self, text: &str) -> Result<(), axum::Error> {
        if text.len() > MAX_REQUEST {
            let length = text.len();
            let message = format!("a request of {length} bytes: at most {MAX_REQUEST} are read");
            return self.refuse(&message).await;
        }
        let request = match serde_json::from_str(text) {
            Ok(request) => request,
            Err(error) => return self.refuse(&format!("not a request: {error}")).await,
        };
        match (request, &self.lab) {
            (Request::Run { run, experiment }, _) => self.start(run, experiment).await,
            (Request::Send { client, sends }, Some((lab, _))) => {
                lab.send(client, sends);
                Ok(())
            }
            (Request::Close { client, after }, Some((lab, _))) => {
                lab.close(client, after);
                Ok(())
            }
            (Request::Stop, Some((lab, _))) => {
                lab.stop();
                Ok(())
            }
            // Its run ended while the request was on its way.
            (Request::Send { .. } | Request::Close { .. } | Request::Stop, None) => Ok(()),
        }
    }

    /// Ends the run before, to its last line, and starts the next.
    async fn start(&mut self, run: u32, experiment: trace::Experiment) -> Result<(), axum::Error> {
        if let Some((lab, _)) = &self.lab {
            lab.stop();
        }
        while self.lab.is_some() {
            let line = next(&mut self.lab).await;
            self.pass_on(line).await?;
        }
        let place = match self.runs.admit(self.client.0, false) {
            Ok(place) => place,
            Err(refusal) => {
                self.metrics.refused(Reason::Runs);
                let message = format!("run {run}: too many runs ({refusal}): try again later");
                return self.refuse(&message).await;
            }
        };
        // It blocks for the moment it takes to listen.
        let started = tokio::task::spawn_blocking(move || Lab::start(experiment, run)).await;
        match started {
            Ok(Ok(lab)) => {
                self.metrics.runs.inc();
                self.lab = Some((lab, place));
                Ok(())
            }
            Ok(Err(error)) => self.refuse(&format!("run {run}: {error}")).await,
            Err(error) => {
                self.refuse(&format!("run {run} could not start: {error}"))
                    .await
            }
        }
    }

    /// Passes on a line and all that are there behind it.
    async fn pass_on(&mut self, first: Option<Line>) -> Result<(), axum::Error> {
        let Some(first) = first else {
            self.lab = None;
            return Ok(());
        };
        self.say_of_run(&first).await?;
        while let Some(line) = self.lab.as_mut().and_then(|(lab, _)| lab.line_now()) {
            self.say_of_run(&line).await?;
        }
        Ok(())
    }

    async fn refuse(&mut self, message: &str) -> Result<(), axum::Error> {
        let message = message.to_owned();
        self.say(&Line::Error { message }).await
    }

    async fn say_of_run(&mut self, line: &Line) -> Result<(), axum::Error> {
        let left_out = self.lab.as_ref().map_or(0, |(lab, _)| lab.left_out());
        self.metrics.ran(line, left_out);
        self.say(line).await
    }

    /// Flushed when there is nothing more to say.
    async fn say(&mut self, line: &Line) -> Result<(), axum::Error> {
        let json = serde_json::to_string(line).map_err(axum::Error::new)?;
        patiently(self.web.feed(Message::text(json))).await
    }
}

/// A page that takes nothing for as long as this has vanished.
async fn patiently(
    taking: impl Future<Output = Result<(), axum::Error>>,
) -> Result<(), axum::Error> {
    match timeout(KEEP_ALIVE, taking).await {
        Ok(result) => result,
        Err(elapsed) => Err(axum::Error::new(elapsed)),
    }
}

/// The next line of the run, if one is going on.
async fn next(lab: &mut Option<(Lab, Place)>) -> Option<Line> {
    match lab {
        Some((lab, _)) => lab.line().await,
        None => std::future::pending().await,
    }
}
