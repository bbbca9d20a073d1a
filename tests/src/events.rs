//! Traces as their readers get them: JSON objects, one a line.

use std::cmp::Reverse;

use serde_json::Value;

/// One observed call, packet or decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Nanoseconds since the run began.
    pub at: u64,
    /// `client1`, `client2` or `server`.
    pub actor: String,
    /// Whose connection it is about: 1 or 2.
    pub client: u64,
    /// Which of its connections: 0 is its conversation.
    pub connection: u64,
    /// `connect`, `accept`, `send`, `recv`, `shutdown` or `close`; of a packet
    /// `segment` or `datagram`, of a decision `refuse` or `cut`.
    pub call: String,
    /// Where in the stream its bytes begin.
    pub offset: u64,
    /// Bytes offered, or room given.
    pub asked: u64,
    /// Bytes transferred.
    pub bytes: Vec<u8>,
    /// What the kernel said if the call failed.
    pub error: Option<String>,
    /// Why it was decided.
    pub reason: Option<String>,
    /// What the kernel told beside the call; null: nothing.
    pub socket: Value,
    /// What a packet's headers said; null for calls.
    pub header: Value,
}

impl Event {
    /// The event in a line `{"type":"event",…}`; none in other lines.
    pub fn of(line: &Value) -> Option<Self> {
        if line["type"] != "event" {
            return None;
        }
        let number = |name: &str| line[name].as_u64().unwrap_or(0);
        // Clients 3 and 4 have numbers of their own.
        let (pair, place) = match number("connection") {
            place @ 256.. => (2, place - 256),
            place => (0, place),
        };
        let text = |name: &str| line[name].as_str().map(str::to_owned);
        Some(Self {
            at: line["at"].as_u64().expect("every event has a time"),
            actor: match line["party"].as_u64().expect("somebody called") {
                0 => "server".to_owned(),
                client => format!("client{client}"),
            },
            client: pair + place % 2 + 1,
            connection: place / 2,
            call: text("call").expect("some call"),
            offset: number("offset"),
            asked: number("asked"),
            bytes: unhex(line["bytes"].as_str().unwrap_or_default()),
            error: text("error"),
            reason: text("reason"),
            socket: line["socket"].clone(),
            header: line["header"].clone(),
        })
    }

    /// Whether it is this actor's call of this name.
    pub fn is(&self, actor: &str, call: &str) -> bool {
        self.actor == actor && self.call == call
    }
}

/// Bytes from pairs of hex digits.
pub fn unhex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2), "{text}");
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex digits"))
        .collect()
}

/// Bytes as pairs of hex digits.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a String takes everything");
    }
    text
}

/// A whole run.
#[derive(Debug)]
pub struct Trace {
    /// The `experiment` of the `run` line.
    pub experiment: Value,
    /// By time.
    pub events: Vec<Event>,
    /// The `why` of the `ended` line.
    pub why: String,
    /// The `capture` of the `run` line.
    pub capture: String,
    /// The `missed` of the `ended` line.
    pub missed: Option<u64>,
    /// The `dropped` of the `ended` line.
    pub dropped: Option<u64>,
}

impl Trace {
    /// Reads the lines of one run: `run` first, `ended` last, events between.
    pub fn read(lines: &[String]) -> Self {
        let parse = |line: &String| -> Value {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
        };
        let lines: Vec<_> = lines.iter().map(parse).collect();
        let [first, middle @ .., last] = &lines[..] else {
            panic!("at least two lines: {lines:?}");
        };
        assert_eq!(first["type"], "run", "{first}");
        assert_eq!(first["version"], 5, "{first}");
        assert_eq!(last["type"], "ended", "{last}");
        let event = |line| Event::of(line).unwrap_or_else(|| panic!("no event: {line}"));
        let named = |line: &&Value| line["type"] == "party" || line["type"] == "connection";
        let middle = middle.iter().filter(|line| !named(line));
        let events: Vec<_> = middle.map(event).collect();
        assert_eq!(last["events"].as_u64(), Some(events.len() as u64));
        let mut trace = Self {
            experiment: first["experiment"].clone(),
            events,
            why: last["why"].as_str().expect("a reason").to_owned(),
            capture: first["capture"].as_str().expect("a word").to_owned(),
            missed: last["missed"].as_u64(),
            dropped: last["dropped"].as_u64(),
        };
        // Nanoseconds tell almost all calls apart; the sort keeps the rest.
        trace.events.sort_by_key(|event| event.at);
        trace
    }

    /// The calls of one actor about one client's conversation, by time.
    pub fn calls(&self, actor: &str, call: &str, client: u64) -> Vec<&Event> {
        let events = self.events.iter();
        events
            .filter(|e| e.is(actor, call) && (e.client, e.connection) == (client, 0))
            .collect()
    }

    /// The packets that were captured, by time.
    pub fn packets(&self) -> Vec<&Event> {
        let events = self.events.iter();
        events.filter(|event| event.header.is_object()).collect()
    }

    /// How many clients it has.
    pub fn clients(&self) -> u64 {
        let clients = self.experiment["clients"].as_array();
        clients.expect("an experiment has clients").len() as u64
    }

    /// Checks what the kernel promises: over TCP what was received is a prefix
    /// of what was sent, each way, and over UDP whole datagrams or their
    /// beginnings. Returns for each client what it sent and what arrived.
    pub fn check_promises(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let udp = self.experiment["system"] == "udp-echo";
        let mut streams = Vec::new();
        for client in 1..=self.clients() {
            let actor = format!("client{client}");
            let up = self.check_way(&actor, "server", client, udp);
            self.check_way("server", &actor, client, udp);
            streams.push(up);
        }
        streams
    }

    fn check_way(&self, from: &str, to: &str, client: u64, udp: bool) -> (Vec<u8>, Vec<u8>) {
        let sends = self.calls(from, "send", client);
        let recvs = self.calls(to, "recv", client);
        let (sent, received) = (contiguous(&sends), contiguous(&recvs));
        if udp {
            check_datagrams(&sends, &recvs, self.experiment["link"].is_null());
        } else {
            assert!(
                sent.starts_with(&received),
                "{to} received what {from} did not send:\n{sends:?}\n{recvs:?}"
            );
        }
        (sent, received)
    }
}

/// The bytes of calls, each of which must begin where the one before ended.
fn contiguous(calls: &[&Event]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for event in calls {
        assert_eq!(event.offset, bytes.len() as u64, "{event:?}");
        assert!(event.bytes.len() as u64 <= event.asked, "{event:?}");
        bytes.extend_from_slice(&event.bytes);
    }
    bytes
}

/// Each received datagram is the beginning of a sent one, as long as there was
/// room for; on loopback they keep their order, and over a link they may come in another one
/// and twice.
fn check_datagrams(sends: &[&Event], recvs: &[&Event], is_loopback: bool) {
    let mut left = sends.iter();
    for recv in recvs {
        let room = usize::try_from(recv.asked).expect("a buffer's size");
        let fits = |send: &&&Event| {
            let kept = send.bytes.len().min(room);
            recv.bytes == send.bytes[..kept] && recv.at >= send.at
        };
        let is_sent = if is_loopback {
            left.any(|send| fits(&send))
        } else {
            sends.iter().any(|send| fits(&send))
        };
        assert!(is_sent, "{recv:?} is none of {sends:?}");
    }
}

/// The ranges of offsets that calls transferred, empty ones left out, longest
/// possible: two that touch are one.
pub fn ranges(calls: &[&Event]) -> Vec<(u64, u64)> {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    let mut calls: Vec<_> = calls
        .iter()
        .map(|e| (e.offset, e.offset + e.bytes.len() as u64))
        .filter(|(start, end)| start < end)
        .collect();
    calls.sort_by_key(|&(start, end)| (start, Reverse(end)));
    for (start, end) in calls {
        match ranges.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => ranges.push((start, end)),
        }
    }
    ranges
}
