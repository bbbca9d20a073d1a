//! `/lab`: a page drives one experiment at a time, [`Request`]s in, [`Line`]s
//! out, one JSON object a text frame.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Request as HttpRequest, State as Shared};
use axum::response::Response;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use trace::link::{Line, Request, VERSION};

use super::bridge::{accept, place};
use super::client::Client;
use super::metrics::{Kind, Metrics, Reason};
use super::websocket::{Close, End, Event, Limits, MAX_FRAMES, WebSocket, code};
use super::{KEEP_ALIVE, State};
use crate::lab::{Lab, kernel};
use crate::net::admission::{Admission, Place};

/// Largest request, in bytes: all that an experiment may send, as hex in JSON.
const MAX_REQUEST: usize = 4 * 1024 * 1024;

/// Upgrades the request and starts a session.
pub(super) async fn open(
    Shared(state): Shared<State>,
    Extension(client): Extension<Client>,
    mut request: HttpRequest,
) -> Response {
    let upgrade = match accept(&mut request, &state) {
        Ok(upgrade) => upgrade,
        Err(refusal) => return *refusal,
    };
    let place = place(&request);
    let (response, opened) = upgrade.accept(Limits {
        message: MAX_REQUEST as u64,
        frames: MAX_FRAMES,
    });
    let tracker = state.tracker.clone();
    tracker.spawn(async move {
        if let Some(web) = opened.await {
            session(web, client, &state).await;
        }
        drop(place);
    });
    response
}

async fn session(web: WebSocket, client: Client, state: &State) {
    let _place = match state.sessions.admit(client.0, false) {
        Ok(place) => place,
        Err(refusal) => {
            state.metrics.refused(Reason::Sessions);
            state.sessions.log("lab", client.0, refusal);
            let reason = format!("too many lab sessions ({refusal}): try again later");
            return web.close(code::AGAIN, &reason).await;
        }
    };
    let _open = state.metrics.session(Kind::Lab);
    let mut session = Session {
        web,
        request: Vec::new(),
        lab: None,
        client,
        runs: Arc::clone(&state.runs),
        metrics: state.metrics.clone(),
        keep_alive: state.keep_alive,
    };
    let ended = tokio::select! {
        ended = session.run() => ended,
        () = state.shutdown.cancelled() => {
            return session.web.close(code::AWAY, "the gateway is shutting down").await;
        }
    };
    let Session { web, lab, .. } = session;
    drop(lab);
    match ended {
        Ok(close) => web.answer(close.as_ref()).await,
        Err(Failure::Violated(code, reason)) => {
            state.metrics.refused(match code {
                code::SIZE => Reason::TooBig,
                _ => Reason::Protocol,
            });
            web.close(code, &reason).await;
        }
        Err(Failure::Gone(error)) => tracing::debug!(%error, "lab session"),
    }
}

/// Why a session ends without a close of the page's.
enum Failure {
    /// The page broke a rule of WebSocket; the code and reason to close with.
    Violated(u16, String),
    /// It is not there any more.
    Gone(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Gone(error)
    }
}

/// What the page sent.
enum Message {
    Text(String),
    Binary,
    Control,
    Close(Option<Close>),
}

struct Session {
    web: WebSocket,
    /// What has come of the request at hand.
    request: Vec<u8>,
    /// The run that is going on, and its place. It ends with the session.
    lab: Option<(Lab, Place)>,
    client: Client,
    /// Places for the runs of all sessions.
    runs: Arc<Admission>,
    metrics: Metrics,
    keep_alive: Duration,
}

impl Session {
    /// Until the page leaves; what it said then.
    async fn run(&mut self) -> Result<Option<Close>, Failure> {
        self.say(&Line::Hello {
            version: VERSION,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            kernel: kernel(),
        })
        .await?;
        let mut keep_alive = interval_at(Instant::now() + self.keep_alive, self.keep_alive);
        // Two at once would leave no time for an answer between them.
        keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut answered = true;
        loop {
            patiently(self.web.flush()).await?;
            tokio::select! {
                message = message(&mut self.web, &mut self.request) => {
                    answered = true;
                    match message? {
                        Message::Text(text) => self.follow(&text).await?,
                        Message::Binary => {
                            self.refuse("requests are text: one JSON object a text frame").await?;
                        }
                        Message::Control => {}
                        Message::Close(close) => return Ok(close),
                    }
                }
                line = next(&mut self.lab) => self.pass_on(line).await?,
                _ = keep_alive.tick() => {
                    if !std::mem::take(&mut answered) {
                        return Err(io::Error::from(io::ErrorKind::TimedOut).into());
                    }
                    self.web.ping();
                }
            }
        }
    }

    async fn follow(&mut self, text: &str) -> io::Result<()> {
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
    async fn start(&mut self, run: u32, experiment: trace::Experiment) -> io::Result<()> {
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
                self.runs.log("lab run", self.client.0, refusal);
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
    async fn pass_on(&mut self, first: Option<Line>) -> io::Result<()> {
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

    async fn refuse(&mut self, message: &str) -> io::Result<()> {
        let message = message.to_owned();
        self.say(&Line::Error { message }).await
    }

    async fn say_of_run(&mut self, line: &Line) -> io::Result<()> {
        let left_out = self.lab.as_ref().map_or(0, |(lab, _)| lab.left_out());
        self.metrics.ran(line, left_out);
        self.say(line).await
    }

    /// Flushed when there is nothing more to say.
    async fn say(&mut self, line: &Line) -> io::Result<()> {
        let json = serde_json::to_string(line)?;
        patiently(self.web.say(&json)).await
    }
}

/// The next message; what has come of it is kept in `begun`, so that this is
/// safe to cancel.
async fn message(web: &mut WebSocket, begun: &mut Vec<u8>) -> Result<Message, Failure> {
    loop {
        let (text, end) = match web.event().await {
            Ok(Event::Data { text, end }) => (text, end),
            Ok(Event::Control) => return Ok(Message::Control),
            Err(End::Closed(close)) => return Ok(Message::Close(close)),
            Err(End::Gone) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            Err(End::Violated(violation)) => {
                return Err(Failure::Violated(violation.code(), violation.to_string()));
            }
        };
        let piece = web.payload();
        begun.extend_from_slice(piece);
        web.pass(piece.len());
        if !end {
            continue;
        }
        let message = std::mem::take(begun);
        return match String::from_utf8(message) {
            Ok(message) if text => Ok(Message::Text(message)),
            // The decoder lets no other text pass.
            _ => Ok(Message::Binary),
        };
    }
}

/// A page that has not taken all of it in this time has vanished.
async fn patiently(taking: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    match timeout(KEEP_ALIVE, taking).await {
        Ok(result) => result,
        Err(elapsed) => Err(elapsed.into()),
    }
}

/// The next line of the run, if one is going on.
async fn next(lab: &mut Option<(Lab, Place)>) -> Option<Line> {
    match lab {
        Some((lab, _)) => lab.line().await,
        None => std::future::pending().await,
    }
}
