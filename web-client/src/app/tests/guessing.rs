//! Guesses at the framing of a connection, and of all to one address.

use record::{End, PartyId};
use trace::lane::Direction;

use super::yours::{call, connection, frame, live};
use super::*;

#[test]
fn framings_are_guessed_and_one_of_them_chosen() {
    let mut state = live();
    let bodies: [&[u8]; 4] = [
        b"hello",
        b"how are you?",
        b"fine",
        b"and you? or not at all",
    ];
    let (mut sent, mut at) = (0, 0);
    for body in bodies {
        let length = u16::try_from(body.len()).unwrap();
        let frame = [&length.to_be_bytes()[..], body].concat();
        for kind in [Call::Send, Call::Recv] {
            at += 1;
            let mut event = call(1, at, kind, &frame);
            event.offset = protocol::Offset(sent);
            state.update(heard(Line::Event(event)));
        }
        sent += frame.len() as u64;
        at += 1;
        let mut answer = call(1, at, Call::Send, b"ok\n");
        answer.end = End::Acceptor;
        answer.party = PartyId(2);
        answer.offset = protocol::Offset(at - 3);
        state.update(heard(Line::Event(answer)));
    }
    frame(&mut state);
    assert!(state.guessed().is_none(), "nobody asked");
    state.update(Message::GuessFramings);
    let guessed = state.guessed().unwrap();
    let [(to, first), (back, second)] = &guessed.directions[..] else {
        panic!("{guessed:?}");
    };
    assert_eq!(
        (*to, *back),
        (Direction::FromOpener, Direction::FromAcceptor)
    );
    let text = trace::framing::write(&first[0].usual());
    assert_eq!(text, "length-prefix,endian=big,signed=false,width=2");
    assert_eq!(trace::framing::write(&second[0].usual()), "delimiter");
    // Choosing one frames the direction, and the others stay to be compared.
    state.update(Message::FramingSet(Direction::FromOpener, text));
    assert_eq!(state.analysis().lanes[0].messages.len(), bodies.len());
    assert!(state.guessed().is_some());
    // They are of this connection; asked again they are gone.
    state.update(Message::ConnectionChosen(2));
    assert!(state.guessed().is_none());
    state.update(Message::GuessFramings);
    assert!(
        state
            .guessed()
            .is_some_and(|guessed| guessed.directions.is_empty()),
        "no bytes yet"
    );
    state.update(Message::GuessFramings);
    assert!(state.guessed().is_none());
}

const LINES: [&[u8]; 5] = [
    b"a line\n",
    b"another one\n",
    b"the third\n",
    b"and a fourth that is longer\n",
    b"the last\n",
];

#[test]
fn all_connections_to_one_address_are_guessed_together() {
    let bytes = |state: &State| {
        let guessed = state.guessed().expect("it was asked for");
        let [(Direction::FromOpener, found)] = &guessed.directions[..] else {
            panic!("{guessed:?}");
        };
        (guessed.connections, found[0].evidence.bytes)
    };
    let mut state = live();
    for number in 1..=3 {
        let mut connection = connection(number);
        let port = if number == 3 { "81" } else { "80" };
        connection.acceptor.address = Some(["192.0.2.1:", port].concat());
        state.update(heard(Line::Connection(connection)));
        let mut offset = 0;
        for line in LINES {
            for kind in [Call::Send, Call::Recv] {
                let mut event = call(number, offset + 1, kind, line);
                event.offset = protocol::Offset(offset);
                state.update(heard(Line::Event(event)));
            }
            offset += line.len() as u64;
        }
    }
    frame(&mut state);
    state.update(Message::ConnectionChosen(1));
    state.update(Message::GuessFramings);
    assert_eq!(bytes(&state), (2, 2 * LINES.concat().len()));
    state.update(Message::ConnectionChosen(3));
    state.update(Message::GuessFramings);
    assert_eq!(
        bytes(&state),
        (1, LINES.concat().len()),
        "nobody else is connected there"
    );
}

#[test]
fn of_many_connections_the_one_on_the_stage_is_looked_at() {
    let mut state = live();
    // 60 KiB each: of 20 not all are looked at.
    let mut line = vec![b'x'; 60 * 1024];
    line[60 * 1024 - 1] = b'\n';
    for number in 1..=20 {
        let mut connection = connection(number);
        connection.acceptor.address = Some("192.0.2.1:80".to_owned());
        state.update(heard(Line::Connection(connection)));
        let short: &[u8] = if number == 20 { b"a\nb\nc\n" } else { &line };
        for kind in [Call::Send, Call::Recv] {
            let mut event = call(number, 1, kind, short);
            event.offset = protocol::Offset(0);
            state.update(heard(Line::Event(event)));
        }
    }
    frame(&mut state);
    state.update(Message::ConnectionChosen(20));
    state.update(Message::GuessFramings);
    let guessed = state.guessed().expect("it was asked for");
    // It, and as many others as 1 MiB has room for.
    assert_eq!(guessed.connections, 1 + 17);
}

/// A capture of TCP packets without options: from which port to which, the number of the first
/// byte, the bytes.
fn segments(all: &[(u16, u16, u32, &[u8])]) -> Vec<u8> {
    // Classic, little-endian, microseconds, raw IP.
    let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    file.extend([0, 0, 4, 0, 101, 0, 0, 0]);
    for (at, (from, to, sequence, bytes)) in (0_u32..).zip(all) {
        let [first, second, third, last] = at.to_be_bytes();
        let length = u8::try_from(40 + bytes.len()).unwrap();
        file.extend([0; 4]);
        file.extend([last, third, second, first]);
        file.extend([length, 0, 0, 0, length, 0, 0, 0]);
        file.extend([0x45, 0, 0, length, third, last, 0, 0]);
        file.extend([64, 6, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1]);
        file.extend([from.to_be_bytes(), to.to_be_bytes()].concat());
        file.extend(sequence.to_be_bytes());
        file.extend([0, 0, 0, 0, 0x50, 0x10, 2, 0, 0, 0, 0, 0]);
        file.extend(*bytes);
    }
    file
}

#[test]
fn connections_of_a_large_capture_are_guessed_together() {
    let mut all = Vec::new();
    for port in [1_001, 1_002, 1_003] {
        let mut sequence = 1;
        for line in LINES {
            all.push((port, 9, sequence, line));
            sequence += u32::try_from(line.len()).unwrap();
        }
    }
    // More than the page takes, of another connection in front of the last one.
    let last = all.split_off(2 * LINES.len());
    all.extend(vec![(7, 8, 1, &b""[..]); crate::file::MAX_EVENTS + 1]);
    all.extend(last);
    let mut state = online("", true);
    state.update(Message::FileRead {
        name: "large.pcap".to_owned(),
        content: Ok(segments(&all)),
    });
    assert_eq!(state.refused_file(), None);
    state.update(Message::GuessFramings);
    let guessed = state.guessed().expect("it was asked for");
    let [(Direction::FromOpener, found)] = &guessed.directions[..] else {
        panic!("{guessed:?}");
    };
    assert_eq!(guessed.connections, 3);
    assert_eq!(trace::framing::write(&found[0].usual()), "delimiter");
    assert_eq!(found[0].evidence.bytes, 3 * LINES.concat().len());
}
