//! What the kernel told of each client's connection beside the calls, in a few
//! lines: the waits and the fullest queues.

use anstyle::Style;
use protocol::Nanos;
use trace::explain::end_speaker;
use trace::lane::{Direction, Lane};
use trace::text::{Sentence, Time};
use trace::{Analysis, Call, ConnectionId, End, Event, Flags, Trace};

use super::screen::Screen;
use super::{BOLD, name};

/// Replies that took no longer are not worth a number.
const PROMPT: Nanos = Nanos::from_millis(1);
/// Most replies that are listed.
const LISTED: usize = 12;

/// A table for each client; none where nothing was told.
pub(super) fn tables(trace: &Trace, analysis: &Analysis, screen: Screen) -> String {
    let mut text = String::new();
    for lane in &analysis.lanes {
        if lane.direction == Direction::FromAcceptor {
            continue;
        }
        let id = lane.connection;
        let back = analysis.lane(id, Direction::FromAcceptor);
        let rows = [
            ("terminal.connect", connect(trace, id)),
            ("terminal.send-queue", send_queue(trace, id)),
            ("terminal.recv-queue", receive_queue(trace, id)),
            (
                "terminal.replies",
                back.and_then(|lane| replies(trace, lane)),
            ),
        ];
        if rows.iter().all(|(_, told)| told.is_none()) {
            continue;
        }
        let opener = name(trace, id, End::Opener, screen);
        let title = Sentence::new("terminal.kernel").with("who", opener);
        text.push('\n');
        text += &screen.paragraph(BOLD, &screen.say(&title));
        for (name, told) in rows {
            if let Some(told) = told {
                let told: String = told.iter().map(|part| screen.say(part)).collect();
                text += &screen.named(Style::new(), &screen.text(name), &told);
            }
        }
    }
    text
}

fn calls(
    trace: &Trace,
    connection: ConnectionId,
    end: End,
    call: Call,
) -> impl Iterator<Item = &Event> {
    let events = trace.events().iter();
    events.filter(move |event| {
        event.connection == connection && (event.end, event.call) == (end, call)
    })
}

/// How long connect and accept took, and who waited in front of the latter.
fn connect(trace: &Trace, id: ConnectionId) -> Option<Vec<Sentence>> {
    let connect = calls(trace, id, End::Opener, Call::Connect).next()?;
    let time = |time| Time(time).to_string();
    let took = Sentence::new("terminal.connect-took").with("time", time(connect.took));
    let mut told = vec![took];
    let syns = calls(trace, id, End::Opener, Call::Segment);
    if let again @ 2.. = syns.filter(|syn| syn.flags().has(Flags::SYN)).count() {
        told.push(Sentence::new("terminal.connect-syns").with("n", again));
    }
    let queue = |key, waiting: u32| Sentence::new(key).with("n", u64::from(waiting));
    let waiting = connect.socket.accept_queue;
    told.extend(waiting.map(|waiting| queue("terminal.connect-queue", waiting)));
    match calls(trace, id, End::Acceptor, Call::Accept).next() {
        Some(accept) => {
            let wait = Nanos(accept.at.0.saturating_sub(connect.at.0));
            told.push(Sentence::new("terminal.connect-accepted").with("time", time(wait)));
            let waiting = accept.socket.accept_queue;
            told.extend(waiting.map(|waiting| queue("terminal.connect-queued", waiting)));
        }
        None => told.push(Sentence::new("terminal.connect-never")),
    }
    Some(told)
}

/// The fullest send queue of the client, after its sends.
fn send_queue(trace: &Trace, id: ConnectionId) -> Option<Vec<Sentence>> {
    let sends = || calls(trace, id, End::Opener, Call::Send);
    let unacked = sends().filter_map(|send| send.socket.unacked).max()?;
    let unsent = sends().filter_map(|send| send.socket.unsent).max();
    if unacked == 0 {
        return Some(vec![Sentence::new("terminal.send-queue-empty")]);
    }
    let bytes = |key, count: u32| Sentence::new(key).with("n", u64::from(count));
    let mut told = vec![bytes("terminal.send-queue-unacked", unacked)];
    let unsent = unsent.filter(|unsent| *unsent > 0);
    told.extend(unsent.map(|unsent| bytes("terminal.send-queue-unsent", unsent)));
    Some(told)
}

/// The fullest receive queue of the server, before its recvs. What datagram
/// sockets tell is the length of one datagram and no queue's.
fn receive_queue(trace: &Trace, id: ConnectionId) -> Option<Vec<Sentence>> {
    if trace.is_datagrams(id) {
        return None;
    }
    let recvs = calls(trace, id, End::Acceptor, Call::Recv);
    let waiting = recvs.filter_map(|recv| recv.socket.waiting).max()?;
    let told = Sentence::new("terminal.recv-queue-waiting")
        .with("n", u64::from(waiting))
        .with("who", end_speaker(trace, id, End::Acceptor));
    Some(vec![told])
}

/// The replies that the client waited for.
fn replies(trace: &Trace, lane: &Lane) -> Option<Vec<Sentence>> {
    let waits = lane.recvs.iter().enumerate().filter_map(|(number, recv)| {
        let took = trace.events().get(recv.event)?.took;
        (took > PROMPT).then(|| format!("#{} {}", number + 1, Time(took)))
    });
    let waits: Vec<_> = waits.collect();
    if lane.recvs.is_empty() {
        return None;
    }
    let counted = Sentence::new("terminal.replies-late")
        .with("n", waits.len())
        .with("all", lane.recvs.len());
    let mut told = vec![counted];
    let listed = &waits[..waits.len().min(LISTED)];
    if !listed.is_empty() {
        told.push(Sentence::new("terminal.replies-listed").with("list", listed.join(", ")));
    }
    if waits.len() > listed.len() {
        let more = waits.len() - listed.len();
        told.push(Sentence::new("terminal.replies-more").with("n", more));
    }
    Some(told)
}
