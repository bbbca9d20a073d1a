//! One run in a process of its own, from the side of whoever started it.

use std::collections::VecDeque;
use std::io::Write as _;
use std::process::{Child, ChildStdin, ExitStatus};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use trace::Experiment;
use trace::link::{Line, Request};

use super::exit::Exit;
use super::pipe::{Waiting, pass_on};
use super::said::{Reading, Said};
use super::spawner::Spawner;
use crate::lab::{Conditions, LabError, Room, Rooms};
use crate::priority::Priority;

/// How long a process that has closed its standard output may take to end.
const FAREWELL: Duration = Duration::from_secs(1);

/// A process and its run.
#[derive(Debug)]
pub(super) struct Process {
    child: Killer,
    requests: Sender<Asked>,
    said: UnboundedReceiver<Said>,
    rooms: Rooms,
    reading: Reading,
    /// What follows from the end of the process, and was not taken yet.
    last: VecDeque<Line>,
}

/// A request for the process, and the room that it takes until it is written.
type Asked = (Request, Option<Room>);

impl Process {
    pub(super) fn start(
        spawner: &Spawner,
        conditions: Conditions,
        experiment: Experiment,
        run: u32,
    ) -> Result<Self, LabError> {
        let failed = |error| LabError::Worker(format!("the run has no process: {error}"));
        let is_background = conditions.priority == Priority::Experiment;
        let mut child = spawner.spawn(is_background).map_err(failed)?;
        let pipes = (child.stdin.take(), child.stdout.take());
        let child = Killer(Arc::new(Mutex::new(child)));
        let (Some(input), Some(out)) = pipes else {
            return Err(LabError::Worker(
                "the run's process has no pipes".to_owned(),
            ));
        };
        let Conditions {
            backlog,
            held,
            stop,
            ..
        } = conditions;
        let (requests, asked) = channel();
        let (saying, said) = unbounded_channel();
        start("worker-input", move || write(input, &asked))?;
        let waiting = Waiting::new(backlog.clone());
        let rooms = Rooms::new(backlog);
        let (watched, ended, stopping) = (child.clone(), rooms.clone(), requests.clone());
        start("worker-output", move || {
            let mut stopping = Some(stopping);
            let say = |text| saying.send(Said::Text(text)).is_ok();
            let killed = pass_on(out, &waiting, say, || {
                if stop.is_cancelled()
                    && let Some(requests) = stopping.take()
                {
                    let _ = requests.send((Request::Stop, None));
                }
            });
            drop(stopping);
            let status = watched.end(killed.is_some());
            ended.close();
            drop(held);
            let _ = saying.send(Said::Exit(Exit { status, killed }));
        })?;
        let this = Self {
            child,
            requests,
            said,
            rooms,
            reading: Reading::new(run),
            last: VecDeque::new(),
        };
        let experiment = Box::new(experiment);
        this.request(Request::Run { run, experiment }, None);
        Ok(this)
    }

    /// Passes a request on. One that is too long for a line is several.
    pub(super) fn request(&self, request: Request, room: Option<Room>) {
        // A process that has ended needs none.
        let _ = self.requests.send((request, room));
    }

    /// The room of what was not written yet.
    pub(super) const fn rooms(&self) -> &Rooms {
        &self.rooms
    }

    /// Calls that were more than a run may have; known when it has ended.
    pub(super) const fn left_out(&self) -> u64 {
        self.reading.left_out
    }

    pub(super) async fn said(&mut self) -> Option<Said> {
        match self.last.pop_front() {
            Some(line) => Some(Said::Line(Box::new(line))),
            None => self.said.recv().await,
        }
    }

    pub(super) fn said_now(&mut self) -> Option<Said> {
        match self.last.pop_front() {
            Some(line) => Some(Said::Line(Box::new(line))),
            None => self.said.try_recv().ok(),
        }
    }

    pub(super) fn blocking_said(&mut self) -> Option<Said> {
        match self.last.pop_front() {
            Some(line) => Some(Said::Line(Box::new(line))),
            None => self.said.blocking_recv(),
        }
    }

    /// The line in what was said, and its JSON.
    pub(super) fn read(&mut self, said: Said) -> Option<(Line, String)> {
        match said {
            Said::Text(text) => match self.reading.read(&text.json) {
                Ok(Some(line)) => {
                    if matches!(line, Line::Error { .. }) {
                        self.reading.refuse();
                    }
                    return Some((line, text.json));
                }
                Ok(None) => return None,
                Err(why) => {
                    self.child.kill();
                    let why = format!("its process said what no run says: {why}");
                    self.last.extend(self.reading.fail(&why));
                }
            },
            Said::Exit(exit) => self.last.extend(self.reading.end(&exit)),
            Said::Line(line) => self.last.push_front(*line),
        }
        let line = self.last.pop_front()?;
        let json = line.to_json();
        Some((line, json))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill();
    }
}

fn start(name: &str, body: impl FnOnce() + Send + 'static) -> Result<(), LabError> {
    let thread = thread::Builder::new().name(name.to_owned());
    thread.spawn(move || {
        Priority::Work.apply();
        body();
    })?;
    Ok(())
}

/// Writes the requests, one JSON object a line, until nobody has more.
fn write(mut input: ChildStdin, asked: &Receiver<Asked>) {
    for (request, room) in asked {
        for part in request.parts() {
            let Ok(mut json) = serde_json::to_vec(&part) else {
                return;
            };
            json.push(b'\n');
            if input.write_all(&json).is_err() {
                // It has ended; that is told by its output.
                return;
            }
        }
        drop(room);
    }
}

/// A process that may be ended from several threads.
#[derive(Clone, Debug)]
struct Killer(Arc<Mutex<Child>>);

impl Killer {
    fn child(&self) -> MutexGuard<'_, Child> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends it now. One that has ended already is left alone.
    fn kill(&self) {
        // It has ended, or it cannot be helped.
        let _ = self.child().kill();
    }

    /// Waits for its end, which is at hand; how it ended.
    fn end(&self, now: bool) -> Option<ExitStatus> {
        if now {
            self.kill();
        }
        let deadline = Instant::now() + FAREWELL;
        loop {
            if let Ok(Some(status)) = self.child().try_wait() {
                return Some(status);
            }
            if Instant::now() >= deadline {
                self.kill();
                return self.child().wait().ok();
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}
