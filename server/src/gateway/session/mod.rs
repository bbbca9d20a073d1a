//! `/lab`: a page drives one experiment at a time, [`Request`]s in, [`Line`]s
//! out, one JSON object a text frame.

mod files;
mod heartbeat;
mod message;
mod order;
mod queue;
mod stage;
mod starting;
mod turns;
mod watching;
mod workers;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Request as HttpRequest, State as Shared};
use axum::response::Response;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use trace::ClientId;
use trace::link::{Line, MAX_REQUEST, Request, VERSION};

use super::bridge::{accept, place};
use super::client::Client;
use super::metrics::{Metrics, Reason, Service};
use super::websocket::{Close, MAX_FRAMES, MessageLimits, PIECE, WebSocket, code};
use super::{KEEP_ALIVE, State};
use crate::lab::{Room, kernel};
use crate::net::TimeSlice;
use crate::net::admission::Admission;
use crate::worker::{Runner, Told};
pub use files::Files;
use files::Telling;
use heartbeat::{ALIVE, Heartbeat};
pub(super) use message::DEADLINE;
use message::{Failure, Incoming, Message};
pub(super) use order::Share;
pub(super) use queue::Queue;
pub use queue::running_runs;
use stage::{Command, News, Postponed, Stage, news, room};
use turns::Turn;
pub(super) use turns::Turns;
pub(super) use watching::watch;
pub(super) use workers::Workers;

/// Commands that are kept for a run that waits, in bytes: from there on nothing
/// is read.
const EARLY: usize = 512 * 1024;
/// What a command, and each call in it, counts beside its bytes.
const COMMAND: usize = 64;
/// How long lines are written before another session has its turn.
const SLICE: Duration = Duration::from_millis(1);

/// Upgrades the request and starts a session.
pub(super) async fn open(
    Shared(state): Shared<State>,
    Extension(client): Extension<Client>,
    request: HttpRequest,
) -> Response {
    begin(state.clone(), request, move |web| async move {
        session(web, client, &state).await;
    })
}

/// Upgrades the request; `session` has its WebSocket, on threads of the lab's own.
fn begin<Session>(
    state: State,
    mut request: HttpRequest,
    session: impl FnOnce(WebSocket) -> Session + Send + 'static,
) -> Response
where
    Session: Future<Output = ()> + Send + 'static,
{
    let upgrade = match accept(&mut request, &state) {
        Ok(upgrade) => upgrade,
        Err(refusal) => return *refusal,
    };
    let place = place(&request);
    let limits = MessageLimits {
        message: MAX_REQUEST as u64,
        frames: MAX_FRAMES,
    };
    // Its protocol has no name that a client could offer: none is selected.
    let (response, opened) = upgrade.accept(limits, None);
    let tracker = state.tracker.clone();
    tracker.spawn(async move {
        let Some(web) = opened.await else { return };
        let web = match web.detach() {
            Ok(web) => web,
            Err(error) => return tracing::debug!(%error, "lab session"),
        };
        let (tracker, workers) = (state.tracker.clone(), Arc::clone(&state.workers));
        let session = async move {
            match web.attach() {
                Ok(web) => session(web).await,
                Err(error) => tracing::debug!(%error, "lab session"),
            }
            drop(place);
        };
        if let Some(workers) = workers.handle() {
            tracker.spawn_on(session, workers);
        }
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
    let _open = state.metrics.session(Service::Lab);
    let mut session = Session {
        web,
        incoming: Incoming::new(state.message_deadline),
        held: None,
        stage: Stage::Idle,
        turn: state.turns.of(client.0),
        client,
        runs: Arc::clone(&state.runs),
        queue: Arc::clone(&state.queue),
        runner: state.runner.clone(),
        metrics: state.metrics.clone(),
        keep_alive: state.keep_alive,
        heartbeat: Heartbeat::default(),
        files: Telling::of(state.files.as_ref()),
        slice: TimeSlice::default(),
    };
    let ended = tokio::select! {
        ended = session.run() => ended,
        () = state.shutdown.cancelled() => {
            return session.web.close(code::AWAY, "the gateway is shutting down").await;
        }
    };
    let Session { web, stage, .. } = session;
    drop(stage);
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

struct Session {
    web: WebSocket,
    incoming: Incoming,
    held: Option<Postponed>,
    stage: Stage,
    /// Shared with the other sessions of its source.
    turn: Arc<Turn>,
    client: Client,
    /// Places for the runs of all sessions, those that wait included.
    runs: Arc<Admission>,
    queue: Arc<Queue>,
    runner: Runner,
    metrics: Metrics,
    keep_alive: Duration,
    heartbeat: Heartbeat,
    files: Telling,
    slice: TimeSlice,
}

impl Session {
    /// Until the page leaves; what it said then.
    async fn run(&mut self) -> Result<Option<Close>, Failure> {
        self.say(&Line::Hello {
            version: VERSION,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            kernel: kernel(),
            record: false,
            grows: false,
        })
        .await?;
        let mut keep_alive = interval_at(Instant::now() + self.keep_alive, self.keep_alive);
        // Two at once would leave no time for an answer between them.
        keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut answered = true;
        loop {
            patiently(self.web.flush()).await?;
            self.slice.pause_if_over().await;
            let reads = self.reads();
            tokio::select! {
                message = self.incoming.next(&mut self.web), if reads => {
                    answered = true;
                    match message? {
                        Message::Text(text) => self.handle_text(&text).await?,
                        Message::Binary => {
                            self.refuse("requests are text: one JSON object a text frame").await?;
                        }
                        Message::Control => {}
                        Message::Close(close) => return Ok(close),
                    }
                }
                room = room(&mut self.held) => self.pass_in(room),
                news = news(&mut self.stage) => match news {
                    News::Told(Some(told)) => self.pass_on(told).await,
                    News::Told(None) => self.stage = Stage::Idle,
                    News::Standing(standing) => self.move_up(standing).await?,
                },
                () = self.heartbeat.next() => self.web.queue(ALIVE),
                said = self.files.next() => self.web.queue(&said),
                _ = keep_alive.tick() => {
                    // While nothing is read there is no answer to be seen.
                    if !std::mem::take(&mut answered) && reads {
                        return Err(io::Error::from(io::ErrorKind::TimedOut).into());
                    }
                    self.web.ping();
                }
            }
        }
    }

    /// Whether there is room for what the page may say next.
    fn reads(&self) -> bool {
        match &self.stage {
            Stage::Waits(waiting) => waiting.size < EARLY,
            _ => self.held.is_none(),
        }
    }

    async fn handle_text(&mut self, text: &[u8]) -> io::Result<()> {
        let request = self.turn.work(|| read(text)).await;
        match request {
            Ok(Request::Run { run, experiment }) => self.start(run, *experiment).await,
            Ok(Request::Part { client, bytes }) => {
                self.hold(client, Command::Part(bytes));
                Ok(())
            }
            Ok(Request::Send { client, sends }) => {
                self.hold(client, Command::Send(sends));
                Ok(())
            }
            Ok(Request::Close { client, after }) => {
                self.hold(client, Command::Close(after));
                Ok(())
            }
            Ok(Request::Stop) => self.stop().await,
            Ok(Request::Watch) => {
                self.heartbeat.start();
                self.files.watch();
                Ok(())
            }
            Ok(Request::Read { name, text }) => self.read_file(&name, &text).await,
            Err(message) => self.refuse(&message).await,
        }
    }

    /// Passes a command on as soon as there is room for it. Without a run it is
    /// for one that ended while the request was on its way.
    fn hold(&mut self, client: ClientId, command: Command) {
        let (calls, bytes) = command.count();
        match &mut self.stage {
            Stage::Idle => {}
            Stage::Waits(waiting) => {
                let size = bytes + (calls + 1) * COMMAND;
                waiting.size += size;
                let held = self.turn.backlog().hold(size);
                waiting.early.push((client, command, held));
            }
            Stage::Goes(lab) => {
                self.held = Some(Postponed {
                    client,
                    command,
                    room: Box::pin(lab.room(calls, bytes)),
                });
            }
        }
    }

    fn pass_in(&mut self, room: Option<Room>) {
        let (Some(held), Stage::Goes(lab), Some(room)) = (self.held.take(), &self.stage, room)
        else {
            return;
        };
        held.command.tell(lab, held.client, Some(room));
    }

    /// Passes on a line, and those behind it as far as there is time.
    async fn pass_on(&mut self, first: Told) {
        let turn = Arc::clone(&self.turn);
        turn.work(|| self.write(first)).await;
    }

    fn write(&mut self, first: Told) {
        let (since, mut next) = (Instant::now(), Some(first));
        while let (Some(told), Stage::Goes(lab)) = (next, &mut self.stage) {
            if let Some((line, json)) = lab.read(told) {
                self.metrics.ran(&line, lab.left_out());
                self.web.queue(&json);
            }
            let enough = self.web.queued() >= PIECE || since.elapsed() >= SLICE;
            next = if enough { None } else { lab.told_now() };
        }
    }

    async fn refuse(&mut self, message: &str) -> io::Result<()> {
        let message = message.to_owned();
        self.say(&Line::Error { message }).await
    }

    /// Flushed when there is nothing more to say.
    async fn say(&mut self, line: &Line) -> io::Result<()> {
        let json = self.turn.work(|| line.to_json()).await;
        self.web.queue(&json);
        if self.web.queued() >= PIECE {
            patiently(self.web.flush()).await?;
        }
        Ok(())
    }
}

/// The request in `text`, if it is one that can be followed.
fn read(text: &[u8]) -> Result<Request, String> {
    let request: Request =
        serde_json::from_slice(text).map_err(|error| format!("not a request: {error}"))?;
    if let Request::Run { run, experiment } = &request {
        let valid = experiment.validate();
        valid.map_err(|error| format!("run {run}: {error}"))?;
    }
    Ok(request)
}

/// A page that has not taken all of it in this time has vanished.
async fn patiently(taking: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    match timeout(KEEP_ALIVE, taking).await {
        Ok(result) => result,
        Err(elapsed) => Err(elapsed.into()),
    }
}
