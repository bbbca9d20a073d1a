//! Which rows the view has, from top to bottom.

use trace::lane::Direction;
use trace::{ConnectionId, End, PartyId};

use super::TimeRowKind;
use crate::scene::StageModel;

/// Whether conversations of a party lie in the two halves of its rows, two in each.
pub(super) fn kinds_share(model: &StageModel<'_>, party: PartyId) -> bool {
    let all = model.conversations();
    let accepts = |id: &&ConnectionId| model.trace.party_at(**id, End::Acceptor) == Some(party);
    all.iter().filter(accepts).count() >= 2
}

/// The rows from top to bottom: between the two ends of a connection what lies
/// between them. A party whose row is not beside them has another one.
pub(super) fn kinds(model: &StageModel<'_>) -> Vec<TimeRowKind> {
    let conversations = model.conversations();
    let queued = conversations.len() > 1 && model.index.has_accept_queue();
    let mut kinds: Vec<TimeRowKind> = Vec::new();
    for id in conversations {
        let row = |end| match model.trace.party_at(id, end) {
            Some(party) if has_calls(model, id, end) => TimeRowKind::Calls(party),
            _ => TimeRowKind::Unobserved(id, end),
        };
        let (opener, acceptor) = (row(End::Opener), row(End::Acceptor));
        let mut between = between(model, id);
        if kinds.contains(&TimeRowKind::NotCaptured) {
            // Why nothing was captured is said once.
            between.retain(|kind| *kind != TimeRowKind::NotCaptured);
        }
        if kinds.last() == Some(&acceptor) {
            kinds.extend(between.into_iter().rev());
            kinds.push(opener);
            continue;
        }
        if kinds.last() != Some(&opener) {
            kinds.push(opener);
        }
        kinds.extend(between);
        if let (true, TimeRowKind::Calls(party)) = (queued, acceptor) {
            kinds.push(TimeRowKind::AcceptQueue(party));
        }
        kinds.push(acceptor);
    }
    kinds
}

/// Whether the calls at an end of a connection were watched, or one is there.
fn has_calls(model: &StageModel<'_>, id: ConnectionId, end: End) -> bool {
    model.trace.is_watched(id, end) || model.index.connection(id).has_calls(end)
}

/// From the opener's program to the acceptor's. What the kernel says of a
/// datagram socket's queue is the length of the next datagram alone.
fn between(model: &StageModel<'_>, id: ConnectionId) -> Vec<TimeRowKind> {
    let lane = |direction| model.analysis.lane(id, direction).is_some();
    let known = model.index.connection(id);
    let is_stream = !model.trace.is_datagrams(id);
    let sends = is_stream && known.has_send_queue;
    let recvs = is_stream && known.has_receive_queue;
    let up = TimeRowKind::UnderWay(id, Direction::FromOpener);
    let lanes = model.analysis.lanes.iter();
    let mut lanes = lanes.filter(|lane| lane.connection == id);
    let is_captured = model.trace.is_captured(id) || lanes.any(|lane| !lane.wire.is_empty());
    let wire = if is_captured {
        TimeRowKind::Wire(id)
    } else {
        TimeRowKind::NotCaptured
    };
    let rows = [
        (TimeRowKind::SendQueue(id), sends),
        (up, !sends && !recvs && lane(Direction::FromOpener)),
        (wire, true),
        (TimeRowKind::ReceiveQueue(id), recvs),
        (
            TimeRowKind::UnderWay(id, Direction::FromAcceptor),
            lane(Direction::FromAcceptor),
        ),
    ];
    let rows = rows.into_iter().filter(|(_, shown)| *shown);
    rows.map(|(kind, _)| kind).collect()
}
