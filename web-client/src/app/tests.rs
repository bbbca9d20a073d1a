mod beside;
mod compare;
mod connecting;
mod dueling;
mod files;
mod finding;
mod following;
mod guessing;
mod inspecting;
mod lab;
mod lesson_files;
mod lessons;
mod link;
mod place;
mod repeating;
mod yours;

use protocol::System;
use trace::knob::Knob;
use trace::lesson::{Count, Predict};
use trace::link::{Capture, Ended, Ending, Head, Line, Plan, Request, Run, VERSION};
use trace::{Analysis, Call, Event, Experiment, Lesson};

use super::*;
use crate::{sample, scene};

fn lessons() -> Vec<Lesson> {
    let mut guess = sample::lesson("five-sends", System::TcpEcho, &["hello", "abc"]);
    guess.predict = Some(Predict {
        count: Count::ServerRecvs,
        choices: vec![1, 5],
    });
    vec![sample::lesson("udp", System::UdpEcho, &["hi"]), guess]
}

fn setup(hash: &str, reduced_motion: bool) -> Setup {
    Setup {
        lessons: lessons(),
        settings: Settings::default(),
        hash: hash.to_owned(),
        reduced_motion,
        nonces: sample::nonces,
    }
}

fn open(hash: &str, reduced_motion: bool) -> (State, Vec<Effect>) {
    State::open(setup(hash, reduced_motion))
}

fn heard(line: Line) -> Message {
    Message::Line(Box::new(line))
}

fn hello() -> Message {
    heard(Line::Hello {
        version: VERSION,
        program: "0.1.0".to_owned(),
        kernel: "Linux 6.18".to_owned(),
        record: false,
        grows: false,
    })
}

fn begun(run: u32, experiment: &Experiment) -> Message {
    heard(Line::Run(Run {
        version: VERSION,
        run,
        head: Head::new("Linux 6.18", Capture::Unknown),
        plan: Plan {
            experiment: Some(experiment.clone()),
            lesson: None,
            setup: trace::Setup::default(),
        },
    }))
}

fn ended() -> Message {
    heard(Line::Ended(Ended {
        events: 0,
        why: Ending::Finished,
        missed: None,
        dropped: None,
    }))
}

/// What was asked of the gateway, in short.
fn asked(effects: &[Effect]) -> Vec<String> {
    let requests = effects.iter().filter_map(|effect| match effect {
        Effect::SendToGateway(Request::Run { run, .. }) => {
            Some(["run ", &run.to_string()].concat())
        }
        Effect::SendToGateway(Request::Send { sends, .. }) => {
            Some(["send ", &sends.len().to_string()].concat())
        }
        Effect::SendToGateway(Request::Close { .. }) => Some("close".to_owned()),
        Effect::SendToGateway(Request::Stop) => Some("stop".to_owned()),
        _ => None,
    });
    requests.collect()
}

/// Plays a whole run with the given number.
fn play(state: &mut State, run: u32, events: &[Event]) {
    let experiment = state.experiment().clone();
    state.update(begun(run, &experiment));
    for event in events {
        state.update(heard(Line::Event(event.clone())));
    }
    state.update(ended());
}

fn events() -> Vec<Event> {
    sample::five_sends().events().to_vec()
}

/// With the gateway there; at the lesson about UDP where `hash` is empty.
fn online(hash: &str, reduced_motion: bool) -> State {
    let hash = if hash.is_empty() { "#lesson=udp" } else { hash };
    let (mut state, _) = open(hash, reduced_motion);
    state.update(hello());
    state
}
