mod attacks;
mod bounds;
mod decisions;
mod ends;
mod sends;
mod wire;

use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::time::{Duration, Instant};

use protocol::{Nanos, System, Transport};
use trace::link::{Capture, Ending, Line, Send};
use trace::{Call, ClientId, End, Event, Experiment, Message, PartyId, Reason, SERVER};

use super::{Conditions, Lab, LabError, Limits};

/// Everything a run said, its events in order of time.
struct Run {
    events: Vec<Event>,
    errors: Vec<String>,
    why: Ending,
    capture: Capture,
    missed: Option<u32>,
    dropped: Option<u32>,
}

impl Run {
    /// Takes all lines up to the last, and checks their order.
    fn of(mut lab: Lab) -> Self {
        let Some(Line::Run(begun)) = lab.blocking_line() else {
            panic!("a run begins with Run");
        };
        let capture = begun.head.capture;
        let (mut events, mut errors) = (Vec::new(), Vec::new());
        let (why, missed, dropped) = loop {
            match lab.blocking_line().expect("a run ends with Ended") {
                Line::Event(event) => events.push(event),
                Line::Error { message } => errors.push(message),
                Line::Ended(ended) => {
                    assert_eq!(ended.events as usize, events.len());
                    break (ended.why, ended.missed, ended.dropped);
                }
                Line::Party(_) | Line::Connection(_) => {}
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(lab.blocking_line(), None, "nothing after Ended");
        events.sort_by_key(|event| event.at);
        Self {
            events,
            errors,
            why,
            capture,
            missed,
            dropped,
        }
    }

    /// How many calls there were.
    fn count(&self) -> usize {
        let calls = self.events.iter().filter(|event| event.call.is_call());
        calls.count()
    }

    /// Where the lab cut something off, and why.
    fn cuts(&self) -> Vec<(usize, Reason)> {
        let events = self.events.iter().enumerate();
        let cuts = events.filter(|(_, event)| event.call == Call::Cut);
        cuts.filter_map(|(index, event)| Some((index, event.reason?)))
            .collect()
    }

    fn calls(&self, actor: PartyId, call: Call) -> impl Iterator<Item = &Event> {
        self.events
            .iter()
            .filter(move |event| event.party == actor && event.call == call)
    }

    /// All bytes of these calls; each must begin where the one before ended.
    fn stream(&self, actor: PartyId, call: Call, client: ClientId) -> Vec<u8> {
        let mut bytes = Vec::new();
        for event in self
            .calls(actor, call)
            .filter(|e| ClientId::of(e.connection).0 == client)
        {
            assert_eq!(event.offset.0, bytes.len() as u64, "{event:?}");
            bytes.extend(&event.bytes);
        }
        bytes
    }
}

fn sends(messages: &[&[u8]], gap: Duration) -> Vec<Send> {
    let send = |bytes: &&[u8]| Send {
        more: false,
        gap: gap.into(),
        bytes: bytes.to_vec(),
    };
    messages.iter().map(send).collect()
}

fn started(experiment: Experiment, limits: Limits) -> Result<Lab, LabError> {
    let conditions = Conditions {
        limits,
        ..Conditions::default()
    };
    Lab::start_under(conditions, experiment, 0)
}

/// One client sends `messages` in a row and closes after `hold`.
fn run(experiment: Experiment, messages: &[&[u8]], hold: Duration) -> Run {
    let lab = Lab::start(experiment, 0).unwrap();
    lab.send(ClientId::FIRST, sends(messages, Duration::ZERO));
    lab.close(ClientId::FIRST, hold.into());
    Run::of(lab)
}

/// Waits until nobody holds `address` any more.
fn freed(transport: Transport, address: SocketAddr) {
    let deadline = Instant::now() + Duration::from_secs(5);
    let bind = || match transport {
        Transport::Tcp => TcpListener::bind(address).map(drop),
        Transport::Udp => UdpSocket::bind(address).map(drop),
    };
    while let Err(error) = bind() {
        assert!(
            Instant::now() < deadline,
            "{address} is still held: {error}"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn each_stream_system_finishes_and_receives_what_was_sent() {
    for system in [System::TcpEcho, System::LengthPrefix, System::ReadyAck] {
        let messages: [&[u8]; 3] = [b"\x02\0\0\0", b"hi", b"\0\0\0\0"];
        let digits: [&[u8]; 1] = [b"3"];
        let messages = match system {
            System::ReadyAck => &digits[..],
            _ => &messages[..],
        };
        let run = run(Experiment::new(system, &[]), messages, Duration::ZERO);
        assert_eq!(run.why, Ending::Finished, "{system}");
        assert!(run.errors.is_empty(), "{:?}", run.errors);
        let sent = run.stream(ClientId::FIRST.party(), Call::Send, ClientId::FIRST);
        assert_eq!(sent, messages.concat(), "{system}");
        let received = run.stream(SERVER, Call::Recv, ClientId::FIRST);
        assert_eq!(received, sent, "{system}");
        for (actor, call) in [
            (ClientId::FIRST.party(), Call::Connect),
            (SERVER, Call::Accept),
            (ClientId::FIRST.party(), Call::Shutdown),
            (ClientId::FIRST.party(), Call::Close),
            (SERVER, Call::Close),
        ] {
            assert_eq!(
                run.calls(actor, call).count(),
                1,
                "{system} {actor:?} {call}"
            );
        }
    }
}

#[test]
fn an_echo_comes_back() {
    let run = run(
        Experiment::new(System::TcpEcho, &[]),
        &[b"hello"],
        Duration::ZERO,
    );
    let back = run.stream(ClientId::FIRST.party(), Call::Recv, ClientId::FIRST);
    assert_eq!(back, b"HELLO");
    assert!(
        run.calls(ClientId::FIRST.party(), Call::Recv)
            .last()
            .unwrap()
            .is_eof()
    );
}

#[test]
fn a_challenge_comes_and_a_wrong_answer_closes_the_client() {
    let lab = Lab::start(Experiment::new(System::Auth, &[]), 0).unwrap();
    lab.send(ClientId::FIRST, sends(&[&[0; 16]], Duration::ZERO));
    // No close: the server's end is the client's.
    let run = Run::of(lab);
    assert_eq!(run.why, Ending::Finished);
    let challenge = run.stream(ClientId::FIRST.party(), Call::Recv, ClientId::FIRST);
    assert_eq!(challenge.len(), 32);
    assert_eq!(run.calls(ClientId::FIRST.party(), Call::Close).count(), 1);
}

#[test]
fn datagrams_keep_their_boundaries_also_empty_ones() {
    let experiment = Experiment::new(System::UdpEcho, &[]);
    let hold = Duration::from_millis(50);
    let run = run(experiment, &[b"a", b"", b"bcd"], hold);
    assert_eq!(run.why, Ending::Finished);
    let lengths = |actor, call| -> Vec<usize> { run.calls(actor, call).map(Event::len).collect() };
    assert_eq!(lengths(ClientId::FIRST.party(), Call::Send), [1, 0, 3]);
    assert_eq!(lengths(SERVER, Call::Recv), [1, 0, 3]);
    assert_eq!(lengths(SERVER, Call::Send), [1, 0, 3]);
    assert_eq!(lengths(ClientId::FIRST.party(), Call::Recv), [1, 0, 3]);
    assert_eq!(run.calls(ClientId::FIRST.party(), Call::Close).count(), 1);
}

#[test]
fn an_empty_send_on_a_stream_is_a_call_and_nothing_else() {
    let run = run(
        Experiment::new(System::TcpEcho, &[]),
        &[b"", b"a", b""],
        Duration::ZERO,
    );
    let sizes: Vec<_> = run
        .calls(ClientId::FIRST.party(), Call::Send)
        .map(Event::len)
        .collect();
    assert_eq!(sizes, [0, 1, 0]);
    assert!(
        run.calls(ClientId::FIRST.party(), Call::Send)
            .all(|e| e.error.is_none())
    );
    let server = run.calls(SERVER, Call::Recv).filter(|e| !e.is_empty());
    assert_eq!(server.count(), 1);
}

#[test]
fn five_sends_and_a_slow_reader_are_one_recv() {
    let mut experiment = Experiment::new(System::TcpEcho, &[]);
    experiment.read_delay_ms = 100;
    let run = run(experiment, &[b"a", b"b", b"c", b"d", b"e"], Duration::ZERO);
    assert_eq!(run.calls(ClientId::FIRST.party(), Call::Send).count(), 5);
    let first = run.calls(SERVER, Call::Recv).next().unwrap();
    assert_eq!(first.bytes, b"abcde");
}

#[test]
fn gaps_are_kept_by_the_client() {
    fn check(gap: Duration) {
        let lab = Lab::start(Experiment::new(System::LengthPrefix, &[]), 0).unwrap();
        lab.send(ClientId::FIRST, sends(&[b"a", b"b", b"c", b"d"], gap));
        lab.close(ClientId::FIRST, Nanos(0));
        let run = Run::of(lab);
        let times: Vec<_> = run
            .calls(ClientId::FIRST.party(), Call::Send)
            .map(|e| e.at)
            .collect();
        assert_eq!(times.len(), 4);
        for pair in times.windows(2) {
            assert!(pair[1] - pair[0] >= gap.into(), "{gap:?}: {times:?}");
        }
    }
    check(Duration::from_millis(20));
    check(Duration::from_micros(300));
    check(Duration::from_micros(20));
}

#[test]
fn more_than_the_kernel_takes_is_sent_in_several_calls() {
    let mut experiment = Experiment::new(System::TcpEcho, &[]);
    experiment.echo = Some(false);
    experiment.read_delay_ms = 1;
    experiment.buffer = 64 * 1024;
    // A buffer that grows may take it all at once.
    experiment.clients[0].send_buffer = 64 * 1024;
    let big = vec![b'x'; 4 * 1024 * 1024 - 4096];
    let limits = Limits {
        bytes: 16 * 1024 * 1024,
        ..Limits::default()
    };
    let lab = started(experiment, limits).unwrap();
    lab.send(ClientId::FIRST, sends(&[&big], Duration::ZERO));
    lab.close(ClientId::FIRST, Nanos(0));
    let run = Run::of(lab);
    assert_eq!(run.why, Ending::Finished);
    assert_eq!(
        run.stream(ClientId::FIRST.party(), Call::Send, ClientId::FIRST),
        big
    );
    assert_eq!(run.stream(SERVER, Call::Recv, ClientId::FIRST), big);
    let asked: Vec<_> = run
        .calls(ClientId::FIRST.party(), Call::Send)
        .map(|e| e.asked)
        .collect();
    assert!(
        asked.len() > 1 && asked.is_sorted_by(|a, b| a > b),
        "{asked:?}"
    );
}

#[test]
fn a_serial_server_takes_the_second_client_when_the_first_has_left() {
    let mut experiment = Experiment::new(System::TcpEcho, &[]);
    experiment.clients.push(experiment.clients[0].clone());
    experiment.clients[1].start_ms = 20;
    let lab = Lab::start(experiment, 0).unwrap();
    lab.send(ClientId::SECOND, sends(&[b"two"], Duration::ZERO));
    lab.close(ClientId::SECOND, Nanos(0));
    lab.send(ClientId::FIRST, sends(&[b"one"], Duration::from_millis(60)));
    lab.close(ClientId::FIRST, Nanos(0));
    let run = Run::of(lab);
    assert_eq!(run.why, Ending::Finished);
    let of = |actor, call, client| {
        let mut calls = run
            .calls(actor, call)
            .filter(|e| ClientId::of(e.connection).0 == client);
        calls.next().unwrap().at
    };
    let second_sent = of(ClientId::SECOND.party(), Call::Send, ClientId::SECOND);
    let first_left = of(SERVER, Call::Close, ClientId::FIRST);
    let second_accepted = of(SERVER, Call::Accept, ClientId::SECOND);
    assert!(second_sent < first_left && first_left <= second_accepted);
    let back = run.stream(ClientId::SECOND.party(), Call::Recv, ClientId::SECOND);
    assert_eq!(back, b"TWO");
}

#[test]
fn four_clients_talk_at_the_same_time() {
    for system in [System::TcpEcho, System::UdpEcho] {
        let mut experiment = Experiment::new(system, &[]);
        experiment.serial = Some(false);
        experiment.clients = vec![experiment.clients[0].clone(); 4];
        let lab = Lab::start(experiment, 0).unwrap();
        for client in ClientId::ALL {
            let text = format!("i am {client}");
            lab.send(client, sends(&[text.as_bytes()], Duration::ZERO));
            lab.close(client, Nanos::from_millis(50));
        }
        let run = Run::of(lab);
        assert_eq!(run.why, Ending::Finished, "{system}");
        assert_eq!(run.errors, Vec::<String>::new());
        for client in ClientId::ALL {
            let back = run.stream(client.party(), Call::Recv, client);
            let expected = format!("I AM {client}");
            assert_eq!(back, expected.as_bytes(), "{system}");
        }
    }
}

#[test]
fn what_can_not_be_followed_is_named() {
    let limits = Limits {
        bytes: 1_000,
        ..Limits::default()
    };
    let lab = started(Experiment::new(System::TcpEcho, &[]), limits).unwrap();
    lab.send(ClientId::SECOND, sends(&[b"x"], Duration::ZERO));
    lab.send(ClientId::FIRST, sends(&[&[0; 1_000]], Duration::ZERO));
    lab.close(ClientId::FIRST, Nanos(0));
    let run = Run::of(lab);
    assert_eq!(run.why, Ending::Finished);
    assert_eq!(run.errors.len(), 2, "{:?}", run.errors);
    assert!(run.errors[0].contains("there is no client 2"));
    assert!(run.errors[1].contains("at most 1000 bytes"));
}

#[test]
fn an_impossible_experiment_is_not_started() {
    let mut experiment = Experiment::new(System::TcpEcho, &[]);
    experiment.clients[0].messages = vec![Message("a×999999999".to_owned())];
    let error = Lab::start(experiment, 0).unwrap_err();
    assert!(matches!(error, LabError::Experiment(_)));
    assert!(error.to_string().contains("message length is 999999999"));
}
