//! Small lessons and traces for tests.

use std::collections::HashMap;

use protocol::{Nanos, Offset, System, Transport};
use trace::lane::Direction;
use trace::lesson::{Group, Translations};
use trace::link::{Capture, Ending, Head};
use trace::text::Catalog;
use trace::{
    Analysis, Call, ClientId, ConnectionId, End, Event, Experiment, Flags, Header, Lesson, Loss,
    Nonces, Origin, Trace, Transit,
};

use crate::catalog;
use crate::language::Language;
use crate::scene::Index;

/// A lesson without a guess.
pub(crate) fn lesson(id: &str, system: System, messages: &[&str]) -> Lesson {
    Lesson {
        id: id.to_owned(),
        group: Group::Streams,
        order: 1,
        knobs: Vec::new(),
        predict: None,
        duel: None,
        shows: Vec::new(),
        words: Translations::default(),
        experiment: Experiment::new(system, messages),
    }
}

/// A capture file of datagrams, each from this port to port 9.
pub(crate) fn capture(datagrams: &[(u8, &[u8])]) -> Vec<u8> {
    // Classic, little-endian, microseconds, raw IP.
    let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    file.extend([0, 0, 4, 0, 101, 0, 0, 0]);
    for (number, (port, payload)) in datagrams.iter().enumerate() {
        let length = u8::try_from(payload.len()).unwrap();
        let [low, high] = [number, number / 256].map(|part| u8::try_from(part % 256).unwrap());
        let whole = length + 28;
        file.extend([0, 0, 0, 0, low, high, 0, 0, whole, 0, 0, 0, whole, 0, 0, 0]);
        file.extend([0x45, 0, 0, whole, 0, 0, 0, 0, 64, 17, 0, 0]);
        file.extend([127, 0, 0, 1, 127, 0, 0, 1]);
        file.extend([0, *port, 0, 9, 0, length + 8, 0, 0]);
        file.extend(*payload);
    }
    file
}

/// Nonces that are none: no test needs fresh ones.
pub(crate) fn nonces() -> Nonces {
    Nonces::default()
}

/// The English texts of the page.
pub(crate) fn catalog() -> Catalog {
    catalog::texts(Language::of("en").unwrap())
}

/// The Chinese texts of the page.
pub(crate) fn chinese() -> Catalog {
    catalog::texts(Language::of("zh").unwrap())
}

/// Calls one after the other, 10 µs apart: who (`c1`, `c2`; `s1`, `s2`: the
/// server about that client), which call, which bytes. Offsets follow.
pub(crate) fn events(calls: &[(&str, Call, &[u8])]) -> Vec<Event> {
    let mut sums: HashMap<(&str, Call), usize> = HashMap::new();
    let mut at = 0;
    let mut events = Vec::new();
    for &(who, call, bytes) in calls {
        at += 10_000;
        let client = if who.ends_with('1') {
            ClientId::FIRST
        } else {
            ClientId::SECOND
        };
        let sum = sums.entry((who, call)).or_default();
        let origin = if who.starts_with('s') {
            client.acceptor()
        } else {
            client.opener()
        };
        events.push(Event {
            took: Nanos(2_000),
            offset: Offset(*sum as u64),
            asked: match call {
                Call::Recv => 1024,
                _ => u32::try_from(bytes.len()).unwrap(),
            },
            bytes: bytes.to_vec(),
            ..Event::new(Nanos(at), origin, call)
        });
        *sum += bytes.len();
    }
    events
}

/// A finished run of those calls.
pub(crate) fn trace(experiment: Experiment, calls: &[(&str, Call, &[u8])]) -> Trace {
    let mut trace = Trace::new(experiment, Head::new("Linux 6.18", Capture::Unknown));
    for event in events(calls) {
        trace.insert(event);
    }
    trace.end(Ending::Finished, None, None);
    trace
}

/// Five sends, three recvs of them, and the echo, as in the picture.
pub(crate) fn five_sends() -> Trace {
    use Call::{Accept, Close, Connect, Recv, Send, Shutdown};
    let messages = ["hello", "abc", "粘包!", "ok", "bye"];
    let calls: &[(&str, Call, &[u8])] = &[
        ("c1", Connect, b""),
        ("s1", Accept, b""),
        ("c1", Send, b"hello"),
        ("c1", Send, b"abc"),
        ("c1", Send, "粘包!".as_bytes()),
        ("s1", Recv, b"helloabc"),
        ("s1", Send, b"HELLOABC"),
        ("c1", Recv, b"HELLOABC"),
        ("c1", Send, b"ok"),
        ("s1", Recv, "粘包!".as_bytes()),
        ("c1", Send, b"bye"),
        ("s1", Recv, b"okbye"),
        ("c1", Shutdown, b""),
        ("s1", Recv, b""),
        ("s1", Close, b""),
        ("c1", Close, b""),
    ];
    trace(Experiment::new(System::TcpEcho, &messages), calls)
}

/// Three parties and three connections: both ends of the first were watched, of
/// the second the acceptor, of the third only a packet was seen.
pub(crate) fn three_parties() -> Trace {
    let text = include_str!("../../tests/traces/three-parties.jsonl");
    Trace::parse(text).unwrap()
}

/// A run in which `messages` were sent as they are framed and read in chunks
/// of these sizes (over and over), one read behind every `every`th
/// send; what is left is read at the end.
pub(crate) fn chunked(system: System, messages: &[String], sizes: &[usize], every: usize) -> Trace {
    let texts: Vec<_> = messages.iter().map(String::as_str).collect();
    let mut experiment = Experiment::new(system, &texts);
    let framing = experiment.rules().framing;
    let mut pieces = Vec::new();
    for message in messages {
        let parts = framing.parts(message.as_bytes()).unwrap();
        pieces.extend((!parts.header.is_empty()).then(|| parts.header.to_vec()));
        pieces.push(parts.body.to_vec());
    }
    if system == System::UdpEcho {
        experiment.buffer = u32::try_from(sizes[0].max(1)).unwrap();
    }
    let stream = pieces.concat();
    let mut calls: Vec<(&str, Call, &[u8])> = Vec::new();
    let (mut sent, mut read) = (0, 0);
    let mut sizes = sizes.iter().copied().cycle();
    let mut next = |read: &mut usize, sent: usize| {
        let start = *read;
        *read = sent.min(start + sizes.next().unwrap_or(1).max(1));
        start..*read
    };
    let udp = system == System::UdpEcho;
    for (index, piece) in pieces.iter().enumerate() {
        calls.push(("c1", Call::Send, piece));
        sent += piece.len();
        if udp {
            let room = experiment.buffer as usize;
            calls.push(("s1", Call::Recv, &piece[..piece.len().min(room)]));
        } else if index % every == 0 && read < sent {
            calls.push(("s1", Call::Recv, &stream[next(&mut read, sent)]));
        }
    }
    while !udp && read < sent {
        calls.push(("s1", Call::Recv, &stream[next(&mut read, sent)]));
    }
    let mut events = events(&calls);
    if udp {
        let recvs = events.iter_mut().filter(|event| event.call == Call::Recv);
        recvs.for_each(|event| event.asked = experiment.buffer);
    }
    let mut trace = Trace::new(experiment, Head::new("Linux 6.18", Capture::Unknown));
    for event in events {
        trace.insert(event);
    }
    trace.end(Ending::Finished, None, None);
    trace
}

/// The same run with its wire captured: a packet a send, an acknowledgment a
/// segment, what the kernel told beside the calls.
pub(crate) fn wired(trace: &Trace) -> Trace {
    let experiment = trace.plan.clone().unwrap();
    let udp = experiment.transport() == Transport::Udp;
    let mut wired = Trace::new(
        experiment,
        Head::new(trace.head.kernel.clone(), Capture::On),
    );
    let mut sums: HashMap<(ConnectionId, Direction), (usize, usize)> = HashMap::new();
    for event in trace.events() {
        let mut event = event.clone();
        let direction = trace::direction(&event);
        let sum = direction.map(|direction| sums.entry((event.connection, direction)).or_default());
        match (event.call, sum) {
            (Call::Send, Some((sent, _))) => {
                let length = event.len();
                *sent += length;
                event.socket.unacked = u32::try_from(length).ok();
                event.socket.unsent = Some(0);
                let call = if udp { Call::Datagram } else { Call::Segment };
                if udp || length > 0 {
                    let flags = if udp { Flags(0) } else { Flags(0x18) };
                    let carried = packet(&event, call, event.origin(), 1_000, flags);
                    wired.insert(Event {
                        offset: event.offset,
                        bytes: event.bytes.clone(),
                        ..carried
                    });
                }
                if !udp && length > 0 {
                    let (client, _) = ClientId::of(event.connection);
                    let reader = match event.end {
                        End::Acceptor => client.opener(),
                        End::Opener => client.acceptor(),
                    };
                    let mut answer = packet(&event, call, reader, 2_500, Flags::ACK);
                    answer.header.as_mut().unwrap().ack = event.end();
                    wired.insert(answer);
                }
            }
            (Call::Recv, Some((sent, read))) => {
                event.socket.waiting = u32::try_from(*sent - *read).ok();
                *read += event.len();
            }
            (Call::Connect, _) if !udp => {
                wired.insert(packet(
                    &event,
                    Call::Segment,
                    event.origin(),
                    500,
                    Flags::SYN,
                ));
                event.socket.accept_queue = Some(1);
            }
            (Call::Accept, _) => event.socket.accept_queue = Some(1),
            _ => {}
        }
        wired.insert(event);
    }
    wired.end(Ending::Finished, Some(0), None);
    wired
}

/// The same over a link that takes so many nanoseconds each way and loses the first segment
/// with these bytes; it is sent again so much later.
pub(crate) fn linked(trace: &Trace, delay: u64, lost: &[u8]) -> Trace {
    let wired = wired(trace);
    let mut linked = Trace::new(wired.plan.clone().unwrap(), wired.head.clone());
    for event in wired.events() {
        let sent = event.at;
        let mut pass = |mut event: Event, at: Nanos, is_lost: bool| {
            event.at = at;
            if let Some(header) = &mut event.header {
                header.transit = Some(Transit {
                    lost: is_lost.then_some(Loss::Chance),
                    arrived: (!is_lost).then_some(Nanos(at.0 + delay)),
                    ..Transit::default()
                });
            }
            linked.insert(event);
        };
        let is_lost = event.call.is_packet() && !lost.is_empty() && event.bytes == lost;
        if is_lost {
            pass(event.clone(), Nanos(sent.0 + 2 * delay), false);
        }
        pass(event.clone(), sent, is_lost);
    }
    linked.end(Ending::Finished, Some(0), None);
    linked
}

/// What is looked up of a run, for as long as the tests go on.
pub(crate) fn index(trace: &Trace, analysis: &Analysis) -> &'static Index {
    Box::leak(Box::new(Index::new(trace, analysis)))
}

/// A packet without payload, `after` ns behind `call`.
pub(crate) fn packet(near: &Event, call: Call, origin: Origin, after: u64, flags: Flags) -> Event {
    Event {
        header: Some(Header {
            flags,
            window: 65_536,
            ..Header::default()
        }),
        ..Event::new(Nanos(near.at.0 + after), origin, call)
    }
}
