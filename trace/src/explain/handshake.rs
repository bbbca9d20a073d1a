//! How a connection came about: its SYNs, and the wait to be accepted.

use protocol::Nanos;

use super::{Explanation, Facts};
use crate::text::{Sentence, Time};
use crate::{Call, End, Event, Flags};

/// Below this a wait is not worth a sentence.
const NOTABLE: Nanos = Nanos::from_millis(5);

impl Facts<'_> {
    pub(super) fn connect(&self) -> Explanation {
        let mut explanation = self.plain("explain.connect");
        let rest = &mut explanation.rest;
        rest.extend(self.unanswered());
        let later = self.trace.events()[self.index..].iter();
        let mut later = later.filter(|event| event.call == Call::Accept);
        let accept = later.find(|event| self.is_beside(event));
        // That nobody accepted it is known at the end, and where somebody watched who would.
        let is_watched = self.trace.is_watched(self.event.connection, End::Acceptor);
        let is_known = is_watched && self.trace.ending().is_some();
        rest.extend(match accept {
            Some(accept) => Some(
                Sentence::new("explain.connect.accepted")
                    .with("time", Time(accept.at - self.event.at).to_string()),
            ),
            None => is_known.then(|| Sentence::new("explain.connect.never-accepted")),
        });
        rest.extend(self.accept_queue());
        explanation
    }

    pub(super) fn accept(&self) -> Explanation {
        let mut explanation = self.plain("explain.accept");
        explanation.rest.extend(self.waited());
        let before = self.trace.events()[..self.index].iter();
        let sent = before
            .filter(|e| e.call == Call::Send && e.end == End::Opener)
            .filter(|e| self.is_beside(e));
        let sent: usize = sent.map(Event::len).sum();
        if sent > 0 {
            explanation
                .rest
                .push(self.say("explain.accept.early-bytes").with("n", sent));
        }
        explanation.rest.extend(self.accept_queue());
        explanation
    }

    fn is_beside(&self, event: &Event) -> bool {
        event.connection == self.event.connection
    }

    /// How long the connection was in the accept queue: since the handshake's
    /// last ACK where it was captured. Else only how long before connect()
    /// returned, which is after the handshake.
    fn waited(&self) -> Option<Sentence> {
        let before = &self.trace.events()[..self.index];
        let own = |event: &&Event| self.is_beside(event);
        let granted = before.iter().rposition(|event| {
            let syn = event.flags().has(Flags::SYN);
            syn && event.end == End::Acceptor && self.is_beside(event)
        });
        let ack = granted.and_then(|granted| {
            let mut segments = before[granted..].iter().filter(own);
            segments.find(|e| e.call == Call::Segment && e.end == End::Opener)
        });
        let connect = before.iter().rfind(|e| e.call == Call::Connect && own(e));
        let (key, since) = match (ack, connect) {
            (Some(ack), _) => ("explain.accept.waited", ack.at),
            (None, Some(connect)) if connect.took > Nanos(0) => {
                let returned = Nanos(connect.at.0.saturating_add(connect.took.0));
                ("explain.accept.after-connect", returned)
            }
            _ => return None,
        };
        let waited = Nanos(self.event.at.0.saturating_sub(since.0));
        let told = self.say(key).with("time", Time(waited).to_string());
        (waited >= NOTABLE).then_some(told)
    }

    /// SYNs of this connection that got no answer, and what the listening socket
    /// said it had dropped when connect() returned.
    fn unanswered(&self) -> Vec<Sentence> {
        let mut sentences = Vec::new();
        let segments = self.trace.events().iter();
        let segments = segments.filter(|e| e.call == Call::Segment && self.is_beside(e));
        let syns = segments.take_while(|e| e.end == End::Opener && e.flags().has(Flags::SYN));
        let syns: Vec<_> = syns.collect();
        if let [first, .., last] = &syns[..] {
            let later = Time(last.at - first.at).to_string();
            let again = self.say("explain.connect.syn-again");
            sentences.push(again.with("n", syns.len()).with("time", later));
        }
        let before = &self.trace.events()[..self.index];
        let known = before.iter().rev().find_map(|e| e.socket.listen_drops);
        let drops = self.event.socket.listen_drops.unwrap_or(0);
        if drops > known.unwrap_or(0) {
            sentences.push(Sentence::new("explain.connect.drops").with("n", u64::from(drops)));
        }
        sentences
    }

    /// How long before this SYN the same one was sent, without an answer.
    pub(super) fn syn_again(&self) -> Option<Sentence> {
        let before = self.trace.events()[..self.index].iter().rev();
        let mut before = before.filter(|e| e.call == Call::Segment && self.is_beside(e));
        let last = before.next()?;
        let same = last.end == self.event.end && last.flags() == self.event.flags();
        let later = Time(self.event.at - last.at).to_string();
        same.then(|| Sentence::new("explain.packet.syn-again").with("time", later))
    }
}
