//! Calls as sentences name them: whose, and which of that party's calls on the
//! connection, by the number that the rows show.

use std::ops::Range;

use super::{Facts, end_speaker};
use crate::lane::Lane;
use crate::text::Sentence;
use crate::{Analysis, Call, Trace};

/// Sends or recvs of a lane, by their indices: `the server's recv() #2 to #3`.
pub fn calls(
    trace: &Trace,
    analysis: &Analysis,
    lane: &Lane,
    call: Call,
    numbers: Range<usize>,
) -> Sentence {
    let is_many = numbers.len() > 1;
    let is_udp = trace.is_datagrams(lane.connection);
    let key = match (speaks_elsewhere(trace, analysis, lane, call), is_udp) {
        (false, _) if is_many => "explain.calls",
        (false, _) => "explain.call",
        (true, false) if is_many => "explain.calls.here",
        (true, false) => "explain.call.here",
        (true, true) if is_many => "explain.calls.peer",
        (true, true) => "explain.call.peer",
    };
    let end = match call {
        Call::Send => lane.direction.sender(),
        _ => lane.direction.reader(),
    };
    let name = call.name_on(trace.transport(lane.connection));
    Sentence::new(key)
        .with("who", end_speaker(trace, lane.connection, end))
        .with("peer", end_speaker(trace, lane.connection, end.other()))
        .with("call", [name, "()"].concat())
        .with("first", numbers.start + 1)
        .with("last", numbers.end)
}

/// Whether the party that made such calls on `lane` made some on another
/// connection too: they are numbered by connection.
fn speaks_elsewhere(trace: &Trace, analysis: &Analysis, lane: &Lane, call: Call) -> bool {
    let caller = |lane: &Lane| {
        let (end, made) = match call {
            Call::Send => (lane.direction.sender(), &lane.sends),
            _ => (lane.direction.reader(), &lane.recvs),
        };
        let party = trace.party_at(lane.connection, end);
        party.filter(|_| !made.is_empty())
    };
    let Some(party) = caller(lane) else {
        return false;
    };
    let mut others = analysis.lanes.iter();
    others.any(|other| other.connection != lane.connection && caller(other) == Some(party))
}

impl Facts<'_> {
    /// The send or recv that is explained, such as `the server's recv(1024) #2`;
    /// without a number where the rows give it none.
    pub(super) fn made(&self) -> Sentence {
        let name = self.call_name();
        let call = match self.event.call {
            Call::Recv => [name, "(", &self.event.asked.to_string(), ")"].concat(),
            _ => [name, "()"].concat(),
        };
        let numbered = self.lane.and_then(|lane| {
            let number = self.number(self.spans(lane))?;
            Some(self.calls(lane, self.event.call, number..number + 1))
        });
        let named = numbered.unwrap_or_else(|| self.say("explain.call.unnumbered"));
        named.with("call", call)
    }

    pub(super) fn sends(&self, lane: &Lane, sends: Range<usize>) -> Sentence {
        self.calls(lane, Call::Send, sends)
    }

    pub(super) fn recvs(&self, lane: &Lane, recvs: Range<usize>) -> Sentence {
        self.calls(lane, Call::Recv, recvs)
    }

    fn calls(&self, lane: &Lane, call: Call, numbers: Range<usize>) -> Sentence {
        calls(self.trace, self.analysis, lane, call, numbers)
    }

    /// The call of the event by the name that the program uses.
    pub(super) fn call_name(&self) -> &'static str {
        let transport = self.trace.transport(self.event.connection);
        self.event.call.name_on(transport)
    }
}
