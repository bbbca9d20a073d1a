//! A session of a page that reads one record: its lines, as they come. All that the page
//! can ask for is whether the program is still there.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request as HttpRequest, State as Shared};
use axum::response::Response;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use trace::link::{Line, Request, VERSION};

use super::heartbeat::{ALIVE, Heartbeat};
use super::message::{Failure, Incoming, Message};
use super::{begin, patiently, read};
use crate::gateway::metrics::Service;
use crate::gateway::websocket::{Close, PIECE, WebSocket, code};
use crate::gateway::{KEEP_ALIVE, State};
use crate::journal::Journal;
use crate::lab::kernel;
use crate::net::TimeSlice;

/// Between two looks whether there are more lines: those of one look are written
/// together.
const TICK: Duration = Duration::from_millis(20);

/// Upgrades the request and passes on the record's lines.
pub(in crate::gateway) async fn watch(
    Shared((state, journal)): Shared<(State, Arc<Journal>)>,
    request: HttpRequest,
) -> Response {
    begin(state.clone(), request, move |web| async move {
        let _open = state.metrics.session(Service::Lab);
        let mut session = Session {
            web,
            incoming: Incoming::new(state.message_deadline),
            journal,
            read: 0,
            heartbeat: Heartbeat::default(),
            slice: TimeSlice::default(),
        };
        let ended = tokio::select! {
            ended = session.run() => ended,
            () = state.shutdown.cancelled() => {
                return session.web.close(code::AWAY, "the program has ended").await;
            }
        };
        match ended {
            Ok(close) => session.web.answer(close.as_ref()).await,
            Err(Failure::Violated(code, reason)) => session.web.close(code, &reason).await,
            Err(Failure::Gone(error)) => tracing::debug!(%error, "record session"),
        }
    })
}

/// A page that reads the record.
struct Session {
    web: WebSocket,
    incoming: Incoming,
    journal: Arc<Journal>,
    /// Lines that it was told.
    read: usize,
    heartbeat: Heartbeat,
    slice: TimeSlice,
}

impl Session {
    /// Until the page leaves; what it said then.
    async fn run(&mut self) -> Result<Option<Close>, Failure> {
        let hello = Line::Hello {
            version: VERSION,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            kernel: kernel(),
            record: true,
            grows: !self.journal.is_complete(),
        };
        self.web.queue(&hello.to_json());
        let mut length = self.journal.watch();
        let mut keep_alive = interval_at(Instant::now() + KEEP_ALIVE, KEEP_ALIVE);
        keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut answered = true;
        loop {
            patiently(self.web.flush()).await?;
            self.slice.pause_if_over().await;
            let has_more = *length.borrow_and_update() > self.read;
            tokio::select! {
                biased;
                message = self.incoming.next(&mut self.web) => {
                    answered = true;
                    match message? {
                        Message::Text(text) => self.handle(&text),
                        Message::Binary | Message::Control => {}
                        Message::Close(close) => return Ok(close),
                    }
                }
                () = self.heartbeat.next() => self.web.queue(ALIVE),
                () = std::future::ready(()), if has_more => self.pass_on(),
                changed = length.changed(), if !has_more => {
                    if changed.is_err() {
                        std::future::pending::<()>().await;
                    }
                    tokio::time::sleep(TICK).await;
                }
                _ = keep_alive.tick() => {
                    if !std::mem::take(&mut answered) {
                        return Err(io::Error::from(io::ErrorKind::TimedOut).into());
                    }
                    self.web.ping();
                }
            }
        }
    }

    /// Queues as many lines as are written at once.
    fn pass_on(&mut self) {
        for line in self.journal.read(self.read, PIECE) {
            self.web.queue(&line);
            self.read += 1;
        }
    }

    /// All that a page can ask for here is whether the program is still there.
    fn handle(&mut self, text: &[u8]) {
        if let Ok(Request::Watch) = read(text) {
            return self.heartbeat.start();
        }
        let message = "this page shows one record: nothing is run here".to_owned();
        self.web.queue(&Line::Error { message }.to_json());
    }
}
