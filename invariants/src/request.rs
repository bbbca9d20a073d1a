//! What a page sends to `/lab`, as the gateway reads it: JSON text.

use protocol::{Nanos, Offset};
use trace::experiment::{MAX_MESSAGE, MAX_TOTAL};
use trace::knob::Knob;
use trace::link::Request;
use trace::{Call, Event, Experiment, Script};

/// A request reads as it was written; what passes `validate` is bounded, can
/// be played, and each of its knobs takes the value that it shows.
pub fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(request) = serde_json::from_str::<Request>(text) else {
        return;
    };
    let json = serde_json::to_string(&request).expect("a request is JSON");
    let again: Request = serde_json::from_str(&json).expect("as it was written");
    assert_eq!(again, request);
    if let Request::Run { experiment, .. } = request {
        check_experiment(&experiment);
    }
}

/// An experiment from elsewhere, validated or not.
pub(crate) fn check_experiment(experiment: &Experiment) {
    for knob in Knob::ALL {
        // Shown before anything is validated.
        let _ = (knob.get(experiment), knob.applies(experiment));
    }
    if experiment.validate().is_err() {
        return;
    }
    let mut total = 0;
    for client in &experiment.clients {
        let framing = experiment.client_rules(client).framing;
        for message in &client.messages {
            let text = message.bytes();
            assert_eq!(text.len(), message.len());
            assert!(text.len() <= MAX_MESSAGE);
            assert!(framing.parts_unchecked(&text).is_ok());
            total += text.len();
        }
    }
    assert!(total <= MAX_TOTAL);
    check_knobs(experiment);
    play(experiment);
}

/// A knob set to what it shows shows the same.
fn check_knobs(experiment: &Experiment) {
    for knob in Knob::ALL {
        let value = knob.get(experiment);
        let mut turned = experiment.clone();
        match knob.set(&mut turned, &value) {
            // A line break inside a message makes it two.
            Ok(()) if value.contains('\r') => {}
            Ok(()) => assert_eq!(knob.get(&turned), value, "{knob}"),
            Err(error) => {
                let second = matches!(knob, Knob::Messages2 | Knob::Key2);
                let lines = matches!(knob, Knob::Messages | Knob::Messages2);
                let many = lines && value.lines().count() > trace::experiment::MAX_MESSAGES;
                let missing = second && experiment.clients.len() == 1;
                assert!(many || missing, "{knob}: {error}");
            }
        }
    }
}

/// Clients send no more than they were to, whatever their server says.
fn play(experiment: &Experiment) {
    // A header each, nonce and proof, an end.
    const EACH: usize = 128;
    let mut script = Script::new(experiment, [[1; 32], [2; 32], [3; 32], [4; 32]]);
    let mut sent = 0;
    let mut drain = |script: &mut Script| {
        while let Some(request) = script.poll_command() {
            match request {
                Request::Send { client, sends } => {
                    assert!(experiment.client(client).is_some());
                    sent += sends.iter().map(|send| send.bytes.len()).sum::<usize>();
                }
                Request::Close { client, .. } => assert!(experiment.client(client).is_some()),
                Request::Run { .. }
                | Request::Part { .. }
                | Request::Stop
                | Request::Watch
                | Request::Read { .. } => panic!("{request:?}"),
            }
        }
    };
    drain(&mut script);
    let said: [&[u8]; 5] = [&[7; 32], b"ready", b"HELLO", b"READY", b""];
    for (at, bytes) in said.into_iter().enumerate() {
        for client in trace::ClientId::ALL {
            script.handle_event(&Event {
                offset: Offset(0),
                bytes: bytes.to_vec(),
                ..Event::new(Nanos(at as u64), client.opener(), Call::Recv)
            });
            drain(&mut script);
        }
    }
    let framed = experiment.clients.iter().map(|client| {
        let framing = experiment.client_rules(client).framing;
        let messages = client.messages.iter();
        let framed = messages.map(|message| {
            let parts = framing
                .parts_unchecked(&message.bytes())
                .expect("validated");
            parts.header.len() + parts.body.len() + EACH
        });
        framed.sum::<usize>() + EACH
    });
    assert!(sent <= framed.sum());
}
