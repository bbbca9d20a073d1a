//! An event as a line.

use trace::link::Capture;
use trace::{Connection, ConnectionId, End, Endpoint, Origin, Party, PartyId, Setup, Transport};

use super::*;

/// A record of `chat` and `server`, whose calls and packets these are: at the opener's end,
/// which, and which bytes; one a millisecond.
fn record(transport: Transport, framing: &str, calls: &[(bool, Call, &[u8])]) -> Trace {
    let framing = trace::framing::parse(framing).unwrap();
    let setup = Setup {
        opener_framing: Some(framing.clone()),
        acceptor_framing: Some(framing),
        ..Setup::default()
    };
    let mut trace = Trace::without_plan(setup, Head::new("test", Capture::On));
    let mut end = |number, name| {
        trace.add_party(Party::new(PartyId(number), name));
        Endpoint {
            party: Some(PartyId(number)),
            ..Endpoint::default()
        }
    };
    let (opener, acceptor) = (end(1, "chat"), end(2, "\u{1b}[31mserver"));
    trace.add_connection(Connection {
        connection: ConnectionId(7),
        transport,
        opener,
        acceptor,
    });
    let mut offsets = [0; 3];
    for (at, &(is_opener, call, bytes)) in (1..).zip(calls) {
        let origin = Origin {
            party: PartyId(if is_opener { 1 } else { 2 }),
            connection: ConnectionId(7),
            end: if is_opener {
                End::Opener
            } else {
                End::Acceptor
            },
        };
        let event = Event::new(Nanos(at * 1_000_000), origin, call);
        // All bytes go one way here.
        let offset = match call {
            Call::Send => &mut offsets[0],
            Call::Segment => &mut offsets[1],
            _ => &mut offsets[2],
        };
        trace.insert(Event {
            offset: Offset(*offset),
            asked: 100,
            bytes: bytes.to_vec(),
            ..event
        });
        *offset += bytes.len() as u64;
    }
    trace
}

fn check(trace: &Trace, columns: usize, is_utf8: bool, expected: &[&str]) {
    let screen = Screen::new(columns, crate::lessons::Language::ENGLISH, is_utf8);
    let analysis = Analysis::new(trace);
    let all = 0..trace.events().len();
    let lines = all.filter_map(|index| call(trace, &analysis, index, screen));
    assert_eq!(lines.collect::<Vec<_>>(), expected);
}

#[test]
fn a_line_says_who_what_and_what_it_means() {
    let trace = record(
        Transport::Tcp,
        "delimiter",
        &[
            (true, Call::Connect, b""),
            (true, Call::Send, b"one\nt"),
            (true, Call::Segment, b""),
            (true, Call::Segment, b"one\nt"),
            (true, Call::Send, b"wo\n"),
            (false, Call::Recv, b"one\ntwo\n"),
            (false, Call::Recv, b""),
        ],
    );
    let expected = [
        r"   0.001000  7  chat → \x1B[31mserver  connect()",
        r"   0.002000  7  chat → \x1B[31mserver  send()          5 B  one\nt",
        // A segment without payload is no line.
        r"   0.004000  7  chat → \x1B[31mserver  wire            5 B  one\nt",
        r"   0.005000  7  chat → \x1B[31mserver  send()          3 B  wo\n",
        r"   0.006000  7  \x1B[31mserver ← chat  recv()          8 B  one\ntwo\n  bytes of 2 sends, 2 messages",
        r"   0.007000  7  \x1B[31mserver ← chat  recv()          0 B  end of the stream",
    ];
    check(&trace, 200, true, &expected);
}

#[test]
fn what_is_refused_and_what_failed_is_said() {
    let calls: &[(bool, Call, &[u8])] =
        &[(true, Call::Send, b"GET "), (false, Call::Recv, b"GET ")];
    let mut trace = record(Transport::Tcp, "length-prefix", calls);
    let failed = Event {
        error: Some("Broken pipe\u{202e}".to_owned()),
        ..Event::new(Nanos(3_000_000), trace.events()[0].origin(), Call::Send)
    };
    trace.insert(failed);
    let screen = Screen::new(200, crate::lessons::Language::ENGLISH, true);
    let analysis = Analysis::new(&trace);
    let line = |index| call(&trace, &analysis, index, screen).unwrap();
    assert!(line(1).contains("0 messages, "), "{}", line(1));
    assert!(line(1).contains("542,393,671"), "{}", line(1));
    assert!(
        line(2).ends_with(r"failed: Broken pipe\xE2\x80\xAE"),
        "{}",
        line(2)
    );
}

#[test]
fn long_bytes_are_cut_and_no_terminal_obeys_them() {
    let text = "粘包".repeat(200);
    let calls: &[(bool, Call, &[u8])] = &[(true, Call::Send, text.as_bytes())];
    let trace = record(Transport::Unix, "none", calls);
    let start = r"   0.001000  7  chat → \x1B[31mserver  send()      1,200 B  ";
    check(&trace, 78, true, &[&format!("{start}粘包粘包粘包粘包…")]);
    check(&trace, 78, false, &[&format!(r"{start}\e7\b2\98...")]);
    let datagrams: &[(bool, Call, &[u8])] = &[
        (true, Call::Send, b""),
        (true, Call::Datagram, b""),
        (false, Call::Recv, b""),
    ];
    let expected = [
        r"   0.001000  7  chat → \x1B[31mserver  send()          0 B",
        r"   0.002000  7  chat → \x1B[31mserver  wire            0 B",
        r"   0.003000  7  \x1B[31mserver ← chat  recv()          0 B",
    ];
    check(
        &record(Transport::Udp, "none", datagrams),
        100,
        true,
        &expected,
    );
}
