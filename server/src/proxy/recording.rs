//! What of the proxy's calls is recorded: the numbers of connections, the bounds of the
//! record, and its way into the journal.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use record::{
    Connection, ConnectionId, End, Endpoint, MAX_CONNECTIONS, Observed, Origin, Party, PartyId,
    Transport,
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_util::sync::CancellationToken;
use trace::link::{Ended, Ending, Line};
use trace::{Event, Reason};

use crate::filter::{Address, Filter, Limits};
use crate::journal::Journal;
use crate::net::{EndRecorder, Meter, Recorder, Sink};

/// The proxy, the only party of its record.
const PROXY: PartyId = PartyId(1);
/// How long events are gathered before they are passed on: their reader is not woken
/// for each.
const TICK: Duration = Duration::from_millis(5);
/// Most events that are passed on at a time.
const BATCH: usize = 1_024;

/// What all connections of a proxy share.
#[derive(Debug)]
pub(super) struct Recording {
    recorder: Recorder,
    filter: Filter,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    numbers: Mutex<Numbers>,
    unrecorded: AtomicU64,
    /// Whether something was still open when the proxy was told to end.
    was_open: AtomicBool,
}

#[derive(Debug, Default)]
struct Numbers {
    /// Connections so far.
    made: u32,
    /// Those whose lines are still to be passed on, in front of their events.
    news: Vec<Connection>,
    /// The end of the latest connection.
    latest: Option<Origin>,
}

impl Shared {
    fn numbers(&self) -> MutexGuard<'_, Numbers> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The two connections that one of a client's makes: its own and the one to the server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    first: u32,
}

impl Recording {
    /// Times count from `started`. What the second part is told goes to `journal`.
    pub(super) fn start(
        started: Instant,
        limits: Limits,
        filter: Filter,
        journal: Arc<Journal>,
    ) -> (Self, Collector) {
        let (sender, events) = unbounded_channel();
        // One more says that there were too many.
        let most = limits.events.saturating_sub(1);
        let meter = Arc::new(Meter::new(most, limits.bytes, None));
        let shared = Arc::new(Shared::default());
        journal.append([Line::Party(Party {
            process: Some(std::process::id()),
            proxy: true,
            ..Party::new(PROXY, "proxy")
        })]);
        let this = Self {
            recorder: Recorder::keeping(
                limits.snap,
                started,
                Sink::metered(sender, Arc::clone(&meter)),
            ),
            filter,
            shared: Arc::clone(&shared),
        };
        let collector = Collector {
            started,
            journal,
            events,
            meter,
            shared,
            passed: 0,
        };
        (this, collector)
    }

    /// Numbers for a connection of a client, whose addresses and transports these are;
    /// none if it is not to be recorded.
    pub(super) fn begin(&self, ends: &[(Transport, Option<Address<'_>>)]) -> Option<Pair> {
        let addresses: Vec<_> = ends.iter().filter_map(|(_, address)| *address).collect();
        let mut transports = ends.iter().map(|(transport, _)| *transport);
        if !transports.any(|transport| self.filter.wants(transport, &addresses)) {
            return None;
        }
        let mut numbers = self.shared.numbers();
        if numbers.made as usize + 2 > MAX_CONNECTIONS {
            self.shared.unrecorded.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        numbers.made += 2;
        Some(Pair {
            first: numbers.made - 1,
        })
    }

    /// The proxy's end of the connection from a client, which is known from now on.
    pub(super) fn accepted(
        &self,
        pair: Pair,
        transport: Transport,
        [client, own]: [Option<String>; 2],
    ) -> EndRecorder {
        let connection = Connection {
            connection: ConnectionId(pair.first),
            transport,
            opener: theirs(client),
            acceptor: ours(own),
        };
        self.announce(connection, End::Acceptor)
    }

    /// The proxy's end of the connection to the server.
    pub(super) fn opened(
        &self,
        pair: Pair,
        transport: Transport,
        [own, server]: [Option<String>; 2],
    ) -> EndRecorder {
        let connection = Connection {
            connection: ConnectionId(pair.first + 1),
            transport,
            opener: ours(own),
            acceptor: theirs(server),
        };
        self.announce(connection, End::Opener)
    }

    fn announce(&self, connection: Connection, end: End) -> EndRecorder {
        let origin = Origin {
            party: PROXY,
            connection: connection.connection,
            end,
        };
        let mut numbers = self.shared.numbers();
        numbers.latest = Some(origin);
        numbers.news.push(connection);
        drop(numbers);
        self.recorder.end(origin)
    }

    /// How many clients' connections a record had no room for.
    pub(super) fn unrecorded(&self) -> u64 {
        self.shared.unrecorded.load(Ordering::Relaxed)
    }

    /// Nothing more comes; whether something was open until then.
    pub(super) fn stopped(&self, was_open: bool) {
        self.shared.was_open.store(was_open, Ordering::Relaxed);
    }
}

/// An end whose calls are the proxy's.
fn ours(address: Option<String>) -> Endpoint {
    Endpoint {
        party: Some(PROXY),
        address,
        observed: Observed {
            calls: true,
            queues: kernel::SUPPORTED,
            packets: false,
        },
    }
}

/// An end of which only the address is known.
fn theirs(address: Option<String>) -> Endpoint {
    Endpoint {
        address,
        ..Endpoint::default()
    }
}

/// Takes what was recorded into the journal.
#[derive(Debug)]
pub(super) struct Collector {
    started: Instant,
    journal: Arc<Journal>,
    events: UnboundedReceiver<Event>,
    meter: Arc<Meter>,
    shared: Arc<Shared>,
    /// Events so far.
    passed: u32,
}

impl Collector {
    /// Until `over`, when all has been recorded.
    pub(super) async fn run(mut self, over: CancellationToken) {
        let mut batch = Vec::new();
        let mut cut = false;
        loop {
            tokio::select! {
                biased;
                count = self.events.recv_many(&mut batch, BATCH) => match count {
                    0 => break,
                    _ => self.pass_on(batch.drain(..)),
                },
                () = over.cancelled() => break,
            }
            if !cut && self.meter.full().is_some() && self.events.is_empty() {
                cut = true;
                self.cut();
            }
            tokio::select! {
                () = tokio::time::sleep(TICK) => {}
                () = over.cancelled() => {}
            }
        }
        while let Ok(event) = self.events.try_recv() {
            self.pass_on(std::iter::once(event));
        }
        if !cut && self.meter.full().is_some() {
            self.cut();
        }
        self.pass_on(std::iter::empty());
        let was_open = self.shared.was_open.load(Ordering::Relaxed);
        let why = match (self.meter.full(), was_open) {
            (Some(_), _) => Ending::Limit,
            (None, true) => Ending::Stopped,
            (None, false) => Ending::Finished,
        };
        self.journal.append([Line::Ended(Ended {
            events: self.passed,
            why,
            missed: None,
            dropped: None,
        })]);
    }

    /// Connections are known before their first event is made, and their lines stand in
    /// front of it.
    fn pass_on(&mut self, events: impl Iterator<Item = Event>) {
        let events: Vec<_> = events.collect();
        let news = std::mem::take(&mut self.shared.numbers().news);
        for event in &events {
            self.meter.taken(event);
            self.passed += 1;
        }
        let lines = news.into_iter().map(Line::Connection);
        self.journal
            .append(lines.chain(events.into_iter().map(Line::Event)));
    }

    /// The last event says that a bound was reached.
    fn cut(&mut self) {
        let latest = self.shared.numbers().latest;
        let (Some(origin), Some(reason)) = (latest, self.meter.full()) else {
            return;
        };
        let event = Event {
            reason: Some(reason),
            ..Event::new(self.started.elapsed().into(), origin, Reason::call(reason))
        };
        self.meter.waits(&event);
        self.pass_on(std::iter::once(event));
    }
}
