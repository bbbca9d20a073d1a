//! Whatever a trace holds, a file of whole blocks comes out.

#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod dsl;

use dsl::trace;
use proptest::prelude::*;
use protocol::{Nanos, Offset, System};
use trace::link::Capture;
use trace::{Analysis, Call, ClientId, End, Event, Flags, Header, Socket, Trace, pcapng};

/// The types of the file's blocks, each of the length that it says twice.
fn blocks(trace: &Trace) -> Vec<u32> {
    let file = pcapng::write(trace, &Analysis::new(trace));
    let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    let (mut at, mut kinds) = (0, Vec::new());
    while at < file.len() {
        let length = word(at + 4) as usize;
        assert_eq!(length % 4, 0);
        assert_eq!(word(at + length - 4) as usize, length);
        kinds.push(word(at));
        at += length;
    }
    kinds
}

#[test]
fn a_run_without_capture_has_a_packet_for_each_step_of_its_connection() {
    let run = trace(
        System::TcpEcho,
        &[],
        "c1 connect
         s1 accept
         c1 send hello
         s1 recv 1024 hello
         s1 send HELLO
         c1 recv 1024 HELLO
         c1 shutdown
         s1 close
         c1 close",
    );
    // Handshake 3, sends 2, FINs 2, the last ACK.
    assert_eq!(blocks(&run)[..2], [0x0A0D_0D0A, 1]);
    assert_eq!(blocks(&run)[2..], [6; 8]);
    let file = pcapng::write(&run, &Analysis::new(&run));
    let text = String::from_utf8_lossy(&file);
    let comment = "synthetic: made up from the calls, not captured; bytes of send() #1 of \
                   client 1; read by recv() #1 of server";
    assert!(text.contains(comment), "{text}");
}

/// What the file says of the run, as text.
fn said(trace: &Trace) -> String {
    let file = pcapng::write(trace, &Analysis::new(trace));
    String::from_utf8_lossy(&file).into_owned()
}

#[test]
fn the_section_names_the_port_and_how_to_take_the_run_apart() {
    let script = "c1 segment 0 SYN
         s1 segment 0 SYN,ACK";
    // Ethernet, 20 bytes of IPv4, and 20 of TCP behind ports 43,981 and 40,001.
    let mut raw = [0; 34];
    raw[12..15].copy_from_slice(&[8, 0, 0x45]);
    raw[23] = 6;
    let mut rest = [0; 16];
    rest[8] = 0x50;
    let (theirs, ours) = ([0xab, 0xcd], [0x9c, 0x41]);
    for first in [0, 1] {
        let mut run = trace(System::Auth, &[], "running");
        run.head.capture = Capture::On;
        for event in &trace(System::Auth, &[], script).events()[first..] {
            let mut event = event.clone();
            let header = event.header.as_mut().unwrap();
            let ports = match event.end {
                End::Acceptor => [ours, theirs],
                End::Opener => [theirs, ours],
            };
            header.raw = [&raw[..], &ports.concat(), &rest].concat();
            run.insert(event);
        }
        let text = said(&run);
        let part = "The server's port is 40001; with stickylab.lua its messages are taken apart \
                    by: -d tcp.port==40001,stickylab.auth";
        assert!(text.contains(part), "{text}");
        assert!(!text.contains("broke off"), "the run goes on");
        run.end(trace::link::Ending::Finished, Some(0), None);
        assert!(!said(&run).contains("broke off"));
        run.end(trace::link::Ending::Finished, None, None);
        assert!(said(&run).contains("The capture broke off before the run was over"));
    }
    for (system, setting, part) in [
        (
            System::LengthPrefix,
            "buffer=9",
            "8001,stickylab.length-prefix",
        ),
        (System::ReadyAck, "buffer=9", "8000,stickylab.ready-ack"),
        (
            System::ReadyAck,
            "framing=length-prefix",
            "8000,stickylab.length-prefix",
        ),
        (System::TcpEcho, "buffer=9", "The server's port is 8000."),
    ] {
        let text = said(&trace(system, &[setting], "c1 send hi"));
        assert!(text.contains(part), "{part}: {text}");
        assert_eq!(text.contains("-d tcp.port"), system != System::TcpEcho);
    }
}

/// How many bytes a send had is what a file says: of those that it does not have there are no
/// packets, but for one.
#[test]
fn bytes_that_were_not_kept_do_not_fill_the_file() {
    let mut run = trace(System::TcpEcho, &[], "c1 connect\n s1 accept");
    for number in 0..200 {
        run.insert(Event {
            asked: u32::MAX,
            length: Some(u32::MAX),
            offset: Offset(number * u64::from(u32::MAX)),
            ..Event::new(
                Nanos::from_millis(number + 10),
                ClientId::FIRST.opener(),
                Call::Send,
            )
        });
    }
    let kinds = blocks(&run);
    assert_eq!(kinds[2..], [6; 203]);
}

fn event() -> impl Strategy<Value = Event> {
    let picks = (any::<bool>(), 0_usize..2, 0_usize..8, any::<u8>());
    let sizes = (any::<u64>(), any::<u64>(), 0_usize..70_000, 0_u32..9);
    let options = (any::<bool>(), any::<bool>(), proptest::option::of(0_u32..4));
    (picks, sizes, options).prop_map(|(picks, sizes, options)| {
        let (opener, client, call, flags) = picks;
        let client = ClientId::ALL[client];
        let (at, offset, length, asked) = sizes;
        let (raw, small, told) = options;
        Event {
            offset: Offset(if small { offset % 9 } else { offset }),
            asked,
            bytes: vec![7; if small { length % 9 } else { length }],
            socket: Socket {
                waiting: told,
                dropped: told,
                length: told,
                ..Socket::default()
            },
            header: raw.then(|| Header {
                flags: Flags(flags),
                ack: Offset(offset),
                mss: told.and_then(|told| u16::try_from(told).ok()),
                raw: vec![1; asked as usize],
                ..Header::default()
            }),
            ..Event::new(
                Nanos(at),
                if opener {
                    client.opener()
                } else {
                    client.acceptor()
                },
                Call::ALL[call],
            )
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_trace_is_too_weird(
        events in proptest::collection::vec(event(), 0..24),
        udp: bool,
        on: bool,
        over in proptest::option::of((0_u32..2, 0_u32..4)),
    ) {
        let system = if udp { System::UdpEcho } else { System::TcpEcho };
        let mut weird = trace(system, &["clients=2"], "running");
        weird.head.capture = if on { Capture::On } else { Capture::Unsupported };
        for event in events {
            weird.insert(event);
        }
        if let Some((missed, dropped)) = over {
            weird.end(trace::link::Ending::Finished, Some(missed), Some(dropped));
        }
        blocks(&weird);
        for step in 0..=weird.events().len() {
            let _ = dsl::explained(&weird, step);
        }
    }
}
