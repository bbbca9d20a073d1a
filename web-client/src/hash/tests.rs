//! Addresses, read and written.

use super::*;
use crate::sample;
use proptest::prelude::*;

#[test]
fn a_place_is_read() {
    let place =
        Place::parse("#lesson=five-sends&step=15&messages=a%0A%E7%B2%98&nonsense=1&buffer=5");
    assert_eq!(place.lesson, "five-sends");
    assert_eq!(place.step, Some(Stop::Step(15)));
    let knobs = vec![
        (Knob::Buffer.into(), "5".to_owned()),
        (Knob::Messages.into(), "a\n粘".to_owned()),
    ];
    assert_eq!(place.knobs, knobs);
    assert_eq!(place.unknown, ["nonsense"]);
    assert_eq!(Place::parse("step=last").step, Some(Stop::Last));
    assert_eq!(Place::parse("step=-1").step, None);
    assert_eq!(Place::parse("%zz&%&=&lesson=%e").lesson, "%e");
}

fn check(knobs: &[(Knob, &str)], expected: &str) {
    let lesson = sample::lesson("five-sends", protocol::System::TcpEcho, &["hello", "abc"]);
    let mut experiment = lesson.experiment.clone();
    for (knob, value) in knobs {
        knob.set(&mut experiment, value).unwrap();
    }
    let hash = write(&lesson, &experiment, Some(3), &Look::default());
    assert_eq!(hash, expected);
    let mut read = lesson.experiment.clone();
    assert_eq!(Place::parse(&hash).apply(&mut read), []);
    for knob in Knob::ALL {
        assert_eq!(knob.get(&read), knob.get(&experiment), "{knob} of {hash}");
    }
}

#[test]
fn only_what_differs_is_written_and_comes_back() {
    check(&[], "lesson=five-sends&step=3");
    check(&[(Knob::Buffer, "5")], "lesson=five-sends&step=3&buffer=5");
    check(
        &[
            (Knob::System, "auth"),
            (Knob::Clients, "2"),
            (Knob::Key2, "x & y"),
        ],
        "lesson=five-sends&step=3&system=auth&clients=2&key2=x%20%26%20y",
    );
    check(
        &[(Knob::Messages, "a\n\n粘")],
        "lesson=five-sends&step=3&messages=a%0A%0A%E7%B2%98",
    );
}

#[test]
fn what_can_not_be_followed_is_told() {
    let lesson = sample::lesson("five-sends", protocol::System::TcpEcho, &["hello"]);
    let mut experiment = lesson.experiment.clone();
    let faults = Place::parse("#buffer=many&colour=red&gap=5").apply(&mut experiment);
    let [Fault::Unknown(name), Fault::Knob(knob, value, _)] = &faults[..] else {
        panic!("{faults:?}");
    };
    assert_eq!(
        (name.as_str(), *knob, value.as_str()),
        ("colour", Knob::Buffer.into(), "many")
    );
    assert_eq!(Knob::Gap.get(&experiment), "5");
}

#[test]
fn how_the_stage_looks_comes_back() {
    let lesson = sample::lesson("five-sends", protocol::System::TcpEcho, &["hello"]);
    let check = |look: Look, expected: &str| {
        let hash = write(&lesson, &lesson.experiment, None, &look);
        assert_eq!(hash, ["lesson=five-sends", expected].concat());
        assert_eq!(Place::parse(&hash).look, look);
    };
    check(Look::default(), "");
    let look = Look {
        view: View::Time,
        axis: Some(Axis::Step),
        viewport: Viewport::of(0.25, 0.5).unwrap(),
        selection: Some(Target::Event(7)),
    };
    check(look, "&view=time&axis=step&zoom=0.25-0.5&select=event-7");
    for (direction, name) in [
        (Direction::FromOpener, "&select=to-server-1-17"),
        (Direction::FromAcceptor, "&select=to-client-1-17"),
    ] {
        let selection = Some(Target::Byte {
            connection: ConnectionId(1),
            direction,
            offset: Offset(17),
        });
        let look = Look {
            selection,
            ..Look::default()
        };
        check(look, name);
    }
    for nonsense in [
        "zoom=",
        "zoom=1",
        "zoom=0.5-0.2",
        "zoom=NaN-1",
        "select=x",
        "view=x",
    ] {
        assert_eq!(Place::parse(nonsense).look, Look::default(), "{nonsense}");
    }
}

proptest! {
    #[test]
    fn any_text_comes_back(text in ".*") {
        let mut encoded = String::new();
        encode(&mut encoded, &text);
        prop_assert!(encoded.is_ascii());
        prop_assert_eq!(decode(&encoded), text);
    }

    #[test]
    fn any_hash_is_read(hash in ".*") {
        let _ = Place::parse(&hash);
    }
}
