//! Which knob takes a cause away, and how far to turn it. No counterfactual is better
//! than one that may show nothing.

use std::cell::OnceCell;

use protocol::{Framing, Offset, System};

use crate::cause::{self, Boundary, Cause, Hold};
use crate::experiment::{LengthUnit, MAX_BUFFER, MAX_DELAY_MS};
use crate::knob::Knob;
use crate::lane::{Direction, Lane, Span};
use crate::{Analysis, Call, Client, End, Experiment, Message, Trace};

/// A gap between messages that lets a reader keep up that does not sleep, in
/// microseconds.
const GAP: u32 = 20_000;
/// The longest that all gaps of a client may take together, in microseconds:
/// a run must not end for having taken too long.
const PATIENCE: u64 = 10_000_000;
/// A wait before a recv within which a message's segments have all come, in
/// milliseconds.
const WAIT: u32 = 200;
/// A send that surely arrives in one piece, in bytes, where the wire was not
/// captured.
const ONE_PIECE: usize = 1_460;
/// What a framing puts around a message, at most, in bytes.
const FRAME: usize = 16;
/// A header that is sent for itself, at most, in bytes.
const HEADER: usize = 10;
/// What the kernel charges for a datagram beside its bytes, about.
const CHARGE: usize = 1024;

/// An experiment that differs in one knob, to see whether the cause was it.
/// [`remaining`] counts what it is to take away, before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counterfactual {
    /// The knob to turn.
    pub knob: Knob,
    /// What to turn it to.
    pub value: String,
}

/// The one knob that, turned, takes away what happened at the event with this
/// index: the boundaries that changed there, or the bytes that Nagle's
/// algorithm held back there. None where no knob surely does.
pub fn counterfactual_at(
    trace: &Trace,
    analysis: &Analysis,
    event: usize,
) -> Option<Counterfactual> {
    best(trace, analysis, Some(event))
}

/// The same for the earliest event of the run that has one.
pub fn counterfactual_of_run(trace: &Trace, analysis: &Analysis) -> Option<Counterfactual> {
    best(trace, analysis, None)
}

/// How much of what `knob` may take away there is in a run: the boundaries
/// with such a cause and the sends that Nagle's algorithm held back. To be
/// compared before and after it was turned.
pub fn remaining(trace: &Trace, analysis: &Analysis, knob: Knob) -> usize {
    let boundaries = analysis.lanes.iter().flat_map(|lane| {
        let causes = lane.boundaries.iter().map(|boundary| boundary.cause);
        causes.map(|cause| (lane.direction.sender(), cause))
    });
    let count = boundaries.filter(|(sender, cause)| treats(knob, *sender, *cause));
    let held = |end| {
        let own = |event: &usize| trace.events()[*event].end == end;
        cause::all_held_back(trace).filter(own).count()
    };
    let held = match knob {
        Knob::Nagle => held(End::Opener),
        Knob::ServerNagle => held(End::Acceptor),
        _ => 0,
    };
    count.count() + held
}

/// The knob of Nagle's algorithm at an end that sends.
const fn nagle(sender: End) -> Knob {
    match sender {
        End::Opener => Knob::Nagle,
        End::Acceptor => Knob::ServerNagle,
    }
}

/// Whether turning `knob` may take a `cause` away of what `sender` sent, if no counterfactual of it is offered either.
fn treats(knob: Knob, sender: End, cause: Cause) -> bool {
    match cause {
        Cause::ReaderLate { .. } => matches!(knob, Knob::Gap | Knob::ReadDelay | Knob::Serial),
        Cause::BufferSmall { .. } | Cause::DatagramCut { .. } => knob == Knob::Buffer,
        Cause::Merged { hold: Hold::Nagle } => knob == nagle(sender) || knob == Knob::Gap,
        Cause::Merged { .. } => knob == Knob::Gap,
        Cause::NotYetThere => knob == Knob::ReadDelay,
        Cause::DatagramDropped => {
            matches!(knob, Knob::ReceiveBuffer | Knob::ReadDelay | Knob::Gap)
        }
        Cause::DatagramLost | Cause::FragmentLost => knob == Knob::Loss,
        Cause::Split { .. } | Cause::Unknown => false,
    }
}

/// The earliest counterfactual, of one event or of all.
fn best(trace: &Trace, analysis: &Analysis, only: Option<usize>) -> Option<Counterfactual> {
    // Without a plan there is no knob to turn.
    let experiment = trace.plan.as_ref()?;
    let wanted = |event: usize| only.is_none_or(|only| only == event);
    let mut found: Option<(usize, Counterfactual)> = None;
    for lane in &analysis.lanes {
        let sender = Sender::new(trace, experiment, lane);
        for boundary in lane.boundaries.iter().filter(|b| wanted(b.event)) {
            let is_earlier = found.as_ref().is_none_or(|(at, _)| boundary.event < *at);
            if is_earlier && let Some(counterfactual) = sender.counterfactual(boundary) {
                found = Some((boundary.event, counterfactual));
            }
        }
    }
    let held = match only {
        Some(event) => cause::held_back(trace, event).map(|_| event),
        None => cause::all_held_back(trace).next(),
    };
    match (held, found) {
        (Some(event), found) if found.as_ref().is_none_or(|(at, _)| event < *at) => {
            Some(off(nagle(trace.events()[event].end)))
        }
        (_, found) => found.map(|(_, counterfactual)| counterfactual),
    }
}

fn off(knob: Knob) -> Counterfactual {
    let value = "off".to_owned();
    Counterfactual { knob, value }
}

fn turned(knob: Knob, to: usize) -> Counterfactual {
    let value = to.to_string();
    Counterfactual { knob, value }
}

/// A lane and what its sender meant; what takes a walk is looked up once for
/// all its boundaries.
struct Sender<'a> {
    trace: &'a Trace,
    experiment: &'a Experiment,
    lane: &'a Lane,
    /// Where the gap comes before a send.
    starts: OnceCell<Vec<Offset>>,
    /// Event of the accept that came only after the other client was done.
    turn: OnceCell<Option<usize>>,
    blocked: OnceCell<bool>,
    pace: OnceCell<u64>,
}

impl<'a> Sender<'a> {
    fn new(trace: &'a Trace, experiment: &'a Experiment, lane: &'a Lane) -> Self {
        Self {
            trace,
            experiment,
            lane,
            starts: OnceCell::new(),
            turn: OnceCell::new(),
            blocked: OnceCell::new(),
            pace: OnceCell::new(),
        }
    }

    /// The counterfactual of a boundary.
    fn counterfactual(&self, boundary: &Boundary) -> Option<Counterfactual> {
        let experiment = self.experiment;
        match boundary.cause {
            // Sends that follow each other at once come out together anyway.
            Cause::ReaderLate { .. } if self.waited_for_its_turn(boundary.offset) => {
                let parted = self.is_start(boundary.offset) && self.keeps_up();
                parted.then(|| off(Knob::Serial))
            }
            Cause::Merged { hold: Hold::Nagle } => Some(off(nagle(self.lane.direction.sender()))),
            // A reader that does not sleep may be late all the same: measured on
            // loopback, that parted nothing.
            Cause::ReaderLate { .. } | Cause::Merged { .. } => self.apart(boundary.offset),
            Cause::BufferSmall { asked, waiting } => {
                // The client's own buffer has no knob.
                if asked != experiment.buffer || !self.in_one_piece(boundary.offset) {
                    return None;
                }
                let sent = total(experiment, |message| message.len().saturating_add(FRAME));
                let need = sent.max(waiting.unwrap_or(0) as usize);
                let need = need.max(asked as usize + 1);
                more(Knob::Buffer, need, asked)
            }
            Cause::NotYetThere => {
                let short = experiment.read_delay_ms < WAIT && !self.is_blocked();
                short.then(|| turned(Knob::ReadDelay, WAIT as usize))
            }
            Cause::DatagramCut { bytes } => {
                let longest = messages(experiment).map(Message::len).max().unwrap_or(0);
                let need = longest.max((experiment.buffer as usize).saturating_add(bytes));
                more(Knob::Buffer, need, experiment.buffer)
            }
            Cause::DatagramDropped => {
                let need = total(experiment, |message| message.len().saturating_add(CHARGE));
                let set = Some(experiment.receive_buffer).filter(|&size| size > 0);
                let larger = set.and_then(|size| more(Knob::ReceiveBuffer, need, size));
                larger.or_else(|| sooner(experiment)).or_else(|| self.gap())
            }
            // With as much room as was asked for, a queue may still be full.
            Cause::DatagramLost | Cause::FragmentLost => {
                let loses = self.experiment.link.as_ref().is_some_and(|link| {
                    let none = emulation::Share::default();
                    link.up.loss > none || link.down.loss > none
                });
                loses.then(|| Counterfactual {
                    knob: Knob::Loss,
                    value: "0%".to_owned(),
                })
            }
            // What cuts a send is the sender's queue, the reader's window and
            // the reader's pace together: no one knob.
            Cause::Split { .. } | Cause::Unknown => None,
        }
    }

    /// Whether the bytes beside `offset` waited for the server to be done with
    /// the other client.
    fn waited_for_its_turn(&self, offset: Offset) -> bool {
        let send = self.lane.sends_in(offset..offset + 1).start;
        let Some(send) = self.lane.sends.get(send) else {
            return false;
        };
        let turn = *self.turn.get_or_init(|| self.turn());
        turn.is_some_and(|accept| send.event < accept)
    }

    fn turn(&self) -> Option<usize> {
        if !self.experiment.is_serial() || self.lane.direction != Direction::FromOpener {
            return None;
        }
        let events = self.trace.events();
        let accept = events.iter().position(|event| {
            event.call == Call::Accept && event.connection == self.lane.connection
        })?;
        let mut before = events[..accept].iter();
        let other = before.any(|event| {
            event.call == Call::Close
                && event.end == End::Acceptor
                && event.connection != self.lane.connection
        });
        other.then_some(accept)
    }

    /// Whether the sender's kernel once took only a part: then the pace is the
    /// reader's, whatever the sender does.
    fn is_blocked(&self) -> bool {
        let partial = |send: &Span| {
            let event = self.trace.events().get(send.event);
            event.is_some_and(|event| event.asked as usize > event.len())
        };
        let find = || self.lane.sends.iter().any(partial);
        *self.blocked.get_or_init(find)
    }

    /// Whether the send that has the byte at `offset` came as one packet.
    fn in_one_piece(&self, offset: Offset) -> bool {
        let sends = self.lane.sends_in(offset..offset + 1);
        let send = self
            .lane
            .sends
            .get(sends.start)
            .filter(|_| !sends.is_empty());
        send.is_some_and(|send| match self.lane.packets_in(&send.range()) {
            0 => send.len() <= ONE_PIECE && !self.is_blocked(),
            packets => packets == 1 && !self.is_blocked(),
        })
    }

    /// A gap between messages, if that is what parts the bytes at `offset`
    /// from those before.
    fn apart(&self, offset: Offset) -> Option<Counterfactual> {
        let parted = self.is_start(offset) && !self.is_blocked();
        self.gap().filter(|_| parted)
    }

    /// Whether the sender makes its gap before the byte at `offset`.
    fn is_start(&self, offset: Offset) -> bool {
        let starts = || starts(self.experiment, self.lane);
        let starts = self.starts.get_or_init(starts);
        starts.binary_search(&offset).is_ok()
    }

    /// Whether the client's gap is wide enough for the reader.
    fn keeps_up(&self) -> bool {
        let client = self.experiment.client_of(self.lane.connection);
        client.is_some_and(|client| {
            u64::from(client.gap_us) >= *self.pace.get_or_init(|| pace(self.experiment))
        })
    }

    /// A gap within which the reader has taken all of a message.
    fn gap(&self) -> Option<Counterfactual> {
        let gap = u32::try_from(*self.pace.get_or_init(|| pace(self.experiment))).ok()?;
        let fits = |client: &Client| {
            let all = client.messages.len() as u64 * u64::from(gap);
            client.gap_us < gap && all <= PATIENCE
        };
        let clients = &self.experiment.clients;
        let several = clients.iter().any(|client| client.messages.len() > 1);
        let fits = gap <= 1_000 * MAX_DELAY_MS && clients.iter().all(fits);
        (several && fits).then(|| turned(Knob::Gap, gap as usize))
    }
}

/// Where in a lane's stream the gap comes before a send: the starts of all
/// messages but the first. The server's replies part where their messages do.
fn starts(experiment: &Experiment, lane: &Lane) -> Vec<Offset> {
    if lane.direction == Direction::FromAcceptor {
        // One reply a send; what waited for a serial server comes at once, and so do
        // the replies to a message that takes several recvs, where no framing joins them.
        let longest = messages(experiment).map(Message::len).max().unwrap_or(0);
        let in_parts =
            experiment.rules().framing == Framing::None && longest > experiment.buffer as usize;
        let at_once = in_parts || experiment.is_serial() && experiment.clients.len() > 1;
        let sends = lane
            .sends
            .iter()
            .filter(|send| !at_once && !send.is_empty());
        return sends.map(|send| send.start).collect();
    }
    let Some(client) = experiment.client_of(lane.connection) else {
        return Vec::new();
    };
    let framing = experiment.client_rules(client).framing;
    let mut at = Offset(match experiment.system {
        System::Auth => experiment.scheme.client_len() as u64,
        _ => 0,
    });
    let mut starts = Vec::new();
    for message in &client.messages {
        let message = message.bytes();
        // A validated experiment has no message that its framing can't carry.
        let Ok(parts) = framing.parts_unchecked(&message) else {
            break;
        };
        // Digits depend on what the length says.
        let header = match client.length_unit {
            LengthUnit::Bytes => Ok(parts.header),
            unit => framing.header_saying(unit.said(&message)),
        };
        let Ok(header) = header else {
            break;
        };
        starts.push(at);
        at += header.len() + parts.body.len();
    }
    starts.into_iter().skip(1).collect()
}

/// How long the reader takes for a message, in microseconds.
fn pace(experiment: &Experiment) -> u64 {
    let framing = &experiment.rules().framing;
    let longest = messages(experiment).map(Message::len).max().unwrap_or(0);
    let framed = framing.body_length(longest);
    // A header is a send of its own.
    let header = match framing.header(0) {
        Ok(header) if header.is_empty() => 0,
        _ => HEADER,
    };
    let room = experiment.buffer.max(1) as usize;
    let reads = framed.div_ceil(room).max(1) + header.div_ceil(room);
    // A message may come just when the reader has begun to sleep.
    let slept = (reads as u64 + 1).saturating_mul(u64::from(experiment.read_delay_ms));
    slept.saturating_mul(1_000).max(u64::from(GAP))
}

/// The reader doesn't sleep.
fn sooner(experiment: &Experiment) -> Option<Counterfactual> {
    (experiment.read_delay_ms > 0).then(|| turned(Knob::ReadDelay, 0))
}

/// A round number of at least `need` bytes that a buffer knob takes, if that
/// is more than `now`.
fn more(knob: Knob, need: usize, now: u32) -> Option<Counterfactual> {
    let need = need.min(MAX_BUFFER as usize).next_power_of_two();
    (need > now as usize).then(|| turned(knob, need))
}

fn messages(experiment: &Experiment) -> impl Iterator<Item = &Message> {
    experiment
        .clients
        .iter()
        .flat_map(|client| &client.messages)
}

fn total(experiment: &Experiment, length: impl Fn(&Message) -> usize) -> usize {
    messages(experiment)
        .map(length)
        .fold(0, usize::saturating_add)
}
