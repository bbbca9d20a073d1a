//! What the kernel told of each client's connection beside the calls, in a few
//! lines: the waits and the fullest queues.

use std::fmt::Write as _;

use trace::lane::{Direction, Lane};
use trace::text::Time;
use trace::{Analysis, Call, ConnectionId, End, Event, Trace};

use protocol::Nanos;

use super::{BOLD, NAMES, name};

/// Replies that took no longer are not worth a number.
const PROMPT: Nanos = Nanos::from_millis(1);
/// Most replies that are listed.
const LISTED: usize = 12;

/// A table for each client; none where nothing was told.
pub(super) fn tables(trace: &Trace, analysis: &Analysis) -> String {
    let mut text = String::new();
    for lane in &analysis.lanes {
        if lane.direction == Direction::FromAcceptor {
            continue;
        }
        let id = lane.connection;
        let back = analysis.lane(id, Direction::FromAcceptor);
        let rows = [
            ("connect", connect(trace, id)),
            ("send queue", send_queue(trace, id)),
            ("recv queue", receive_queue(trace, id)),
            ("replies", back.and_then(|lane| replies(trace, lane))),
        ];
        if rows.iter().all(|(_, told)| told.is_none()) {
            continue;
        }
        let opener = name(trace, id, End::Opener);
        let _ = writeln!(text, "\n{BOLD}{opener} in the kernel{BOLD:#}");
        for (name, told) in rows {
            if let Some(told) = told {
                let _ = writeln!(text, "{name:NAMES$}{told}");
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
fn connect(trace: &Trace, id: ConnectionId) -> Option<String> {
    let connect = calls(trace, id, End::Opener, Call::Connect).next()?;
    let mut told = format!("connect() took {}", Time(connect.took));
    if let Some(waiting) = connect.socket.accept_queue {
        let _ = write!(told, ", then {waiting} in the accept queue");
    }
    match calls(trace, id, End::Acceptor, Call::Accept).next() {
        Some(accept) => {
            let wait = accept.at.0.saturating_sub(connect.at.0);
            let wait = Time(Nanos(wait));
            let _ = write!(told, "; accept() had it {wait} after connect() began");
            if let Some(waiting) = accept.socket.accept_queue {
                let _ = write!(told, ", before that {waiting} in the queue");
            }
        }
        None => told.push_str("; never accepted"),
    }
    Some(told)
}

/// The fullest send queue of the client, after its sends.
fn send_queue(trace: &Trace, id: ConnectionId) -> Option<String> {
    let sends = || calls(trace, id, End::Opener, Call::Send);
    let unacked = sends().filter_map(|send| send.socket.unacked).max()?;
    let unsent = sends().filter_map(|send| send.socket.unsent).max();
    if unacked == 0 {
        return Some("empty after each send()".to_owned());
    }
    let mut told = format!("up to {unacked} B after a send()");
    if let Some(unsent @ 1..) = unsent {
        let _ = write!(told, ", up to {unsent} B not even sent");
    }
    Some(told)
}

/// The fullest receive queue of the server, before its recvs. What datagram
/// sockets tell is the length of one datagram and no queue's.
fn receive_queue(trace: &Trace, id: ConnectionId) -> Option<String> {
    if trace.is_datagrams(id) {
        return None;
    }
    let recvs = calls(trace, id, End::Acceptor, Call::Recv);
    let waiting = recvs.filter_map(|recv| recv.socket.waiting).max()?;
    Some(format!(
        "up to {waiting} B before a recv() of the {}",
        name(trace, id, End::Acceptor)
    ))
}

/// The replies that the client waited for.
fn replies(trace: &Trace, lane: &Lane) -> Option<String> {
    let waits = lane.recvs.iter().enumerate().filter_map(|(number, recv)| {
        let took = trace.events().get(recv.event)?.took;
        (took > PROMPT).then(|| format!("#{} {}", number + 1, Time(took)))
    });
    let waits: Vec<_> = waits.collect();
    if lane.recvs.is_empty() {
        return None;
    }
    let mut told = format!(
        "{} of {} recv() calls waited longer than 1 ms",
        waits.len(),
        lane.recvs.len()
    );
    let listed = &waits[..waits.len().min(LISTED)];
    if !listed.is_empty() {
        let _ = write!(told, ": {}", listed.join(", "));
    }
    if waits.len() > listed.len() {
        let _ = write!(told, ", and {} more", waits.len() - listed.len());
    }
    Some(told)
}
