use protocol::Offset;
use trace::ConnectionId;
use trace::lane::Direction;

use super::*;
use crate::literal::Notation;

/// A run of the lesson about streams, over, at this step.
fn at(step: usize) -> State {
    let mut state = online("#lesson=five-sends&step=last", true);
    play(&mut state, 1, &events());
    state.update(Message::StepTo(step));
    state
}

/// What is copied, and whether it is that exactly.
fn copy(state: &mut State, notation: Notation) -> (String, bool) {
    let effects = state.update(Message::CopyChunk(notation));
    let [Effect::CopyText { text, is_exact }] = &effects[..] else {
        panic!("{effects:?}");
    };
    (text.clone(), *is_exact)
}

fn byte(offset: u64) -> Message {
    Message::Select(Target::Byte {
        connection: ConnectionId(0),
        direction: Direction::FromOpener,
        offset: Offset(offset),
    })
}

#[test]
fn the_current_chunk_is_copied() {
    let mut state = at(3);
    assert_eq!(copy(&mut state, Notation::Text), ("hello".to_owned(), true));
    let (python, _) = copy(&mut state, Notation::Python);
    assert_eq!(python, "b\"hello\"");
    state.update(Message::StepTo(6));
    let (text, _) = copy(&mut state, Notation::Text);
    assert_eq!(text, "helloabc", "what one recv returned");
    state.update(Message::StepTo(1));
    assert_eq!(state.update(Message::CopyChunk(Notation::Hex)), []);
}

#[test]
fn of_a_byte_its_send_its_recv_and_its_message_can_be_copied() {
    let mut state = at(16);
    state.update(byte(6));
    let layers = state.chunk().unwrap().layers();
    assert_eq!(layers[0], (Layer::Recv, 0));
    assert!(layers.contains(&(Layer::Send, 1)), "{layers:?}");
    assert_eq!(copy(&mut state, Notation::Text).0, "helloabc");
    state.update(Message::CopyLayer(Layer::Send));
    assert_eq!(copy(&mut state, Notation::Text).0, "abc");
    // The choice stays for as long as there is such a part.
    state.update(byte(0));
    assert_eq!(copy(&mut state, Notation::Text).0, "hello");
    state.update(Message::CopyLayer(Layer::Packet));
    assert_eq!(copy(&mut state, Notation::Text).0, "helloabc", "no wire");
}

#[test]
fn a_message_is_copied_without_its_header() {
    let mut state = online("#lesson=five-sends&step=last", true);
    let mut experiment = Experiment::new(System::LengthPrefix, &["hello"]);
    experiment.buffer = 64;
    let calls: &[(&str, Call, &[u8])] = &[
        ("c1", Call::Send, b"\x05\0\0\0hello"),
        ("s1", Call::Recv, b"\x05\0\0\0hello"),
    ];
    let trace = sample::trace(experiment, calls);
    let lines: String = trace.lines().map(|line| line.to_json() + "\n").collect();
    state.update(Message::FileRead {
        name: "a.jsonl".to_owned(),
        content: Ok(lines.into_bytes()),
    });
    state.update(Message::StepTo(2));
    assert_eq!(copy(&mut state, Notation::Hex).0, "0500000068656c6c6f");
    state.update(Message::CopyLayer(Layer::Message));
    assert_eq!(copy(&mut state, Notation::C).0, "\"hello\"");
}

#[test]
fn what_is_no_utf8_is_said_to_be_replaced_and_only_as_text() {
    let mut state = at(16);
    // The first two bytes of a character stand in a chunk of their own.
    let mut events = events();
    events[2].bytes = vec![0xe7, 0xb2];
    state.update(Message::Run);
    play(&mut state, 2, &events[..3]);
    state.update(Message::StepTo(3));
    assert_eq!(
        copy(&mut state, Notation::Text),
        ("\u{fffd}".to_owned(), false)
    );
    assert_eq!(
        copy(&mut state, Notation::Rust),
        ("b\"\\xe7\\xb2\"".to_owned(), true)
    );
}

#[test]
fn what_became_of_it_is_said_until_another_chunk_is_inspected() {
    for leave in [Message::StepBy(1), byte(0), Message::CopyLayer(Layer::Send)] {
        let mut state = at(3);
        state.update(Message::ChunkCopied(ChunkCopied::Exactly));
        assert_eq!(state.chunk_copied(), Some(ChunkCopied::Exactly));
        state.update(leave);
        assert_eq!(state.chunk_copied(), None);
    }
}

#[test]
fn the_code_panel_has_a_decoder_for_the_framing_at_hand() {
    use protocol::Framing;
    use trace::source_code::Language;
    let mut state = online("#lab&system=length-prefix", true);
    assert_eq!(state.snippet(), Some("length-prefix"));
    assert_eq!(state.framing_at_hand().unwrap().name(), "length-prefix");
    assert!(!state.shows_decoder());
    state.update(Message::ShowDecoder);
    state.update(Message::DecoderLanguage(Language::Go));
    assert!(state.shows_decoder() && state.decoder_language() == Language::Go);
    let framing = state.framing_at_hand().unwrap();
    assert!(
        crate::catalog::decoder(&framing, Language::Go)
            .unwrap()
            .contains("package ")
    );
    // Another framing has another one.
    state.update(Message::KnobSet(Knob::Framing.into(), "cobs".to_owned()));
    assert_eq!(state.framing_at_hand().unwrap().name(), "cobs");
    for framing in Framing::all() {
        assert!(crate::catalog::decoder(&framing, Language::C).is_ok());
    }
    state.update(Message::KnobSet(Knob::System.into(), "tcp-echo".to_owned()));
    assert_eq!(state.framing_at_hand(), None);
    state.update(Message::CodeRole(Role::Client));
    assert!(!state.shows_decoder());
}
