use protocol::auth::Scheme;
use protocol::{Framing, System};

use super::*;
use crate::{Answer, ClientId};

#[test]
fn every_knob_takes_its_own_value_back() {
    let mut experiment = Experiment::new(System::Auth, &["hello", "", "a×3"]);
    Knob::Clients.set(&mut experiment, "2").unwrap();
    for knob in Knob::ALL {
        assert_eq!(knob.name().parse(), Ok(knob));
        let before = experiment.clone();
        let value = knob.get(&experiment);
        knob.set(&mut experiment, &value).unwrap();
        assert_eq!(knob.get(&experiment), value, "{knob}");
        assert_eq!(experiment.rules(), before.rules(), "{knob}");
    }
}

/// Whichever is set first; and clients do not know it.
#[test]
fn the_server_accepts_max_frame_in_every_framing() {
    fn maximum(framing: &Framing) -> Option<u64> {
        serde_json::to_value(framing).unwrap()["maximum"].as_u64()
    }
    for framing in Framing::all().iter().skip(1).map(Framing::name) {
        let framing = format!("framing={framing}");
        for settings in [[framing.as_str(), "max-frame=3"], ["max-frame=3", &framing]] {
            let mut experiment = Experiment::new(System::TcpEcho, &["12345"]);
            apply(&mut experiment, &settings).unwrap();
            assert_eq!(
                maximum(&experiment.rules().framing),
                Some(3),
                "{settings:?}"
            );
            let client = experiment.client_rules(&experiment.clients[0]);
            assert_eq!(maximum(&client.framing), Some(1 << 20), "{settings:?}");
            assert_eq!(experiment.validate(), Ok(()));
        }
    }
}

#[test]
fn the_last_client_answers_otherwise() {
    let mut experiment = Experiment::new(System::Auth, &["hello"]);
    let settings = ["scheme=mutual-sha256", "answer=reflected", "clients=2"];
    apply(&mut experiment, &settings).unwrap();
    let answers = experiment.clients.iter().map(|client| client.answer);
    assert_eq!(
        answers.collect::<Vec<_>>(),
        [Answer::Own, Answer::Reflected]
    );
    assert_eq!(experiment.rules().scheme, Scheme::MutualSha256);
    apply(&mut experiment, &["answer=replayed"]).unwrap();
    assert_eq!(experiment.validate(), Ok(()));
    apply(&mut experiment, &["clients=1"]).unwrap();
    assert_eq!(Knob::Answer.get(&experiment), "own");
}

fn check_refused(setting: &str, part: &str) {
    let mut experiment = Experiment::new(System::TcpEcho, &["hello"]);
    let before = experiment.clone();
    let error = apply(&mut experiment, &[setting]).unwrap_err().to_string();
    assert!(error.contains(part), "{error}");
    assert_eq!(experiment, before, "a refused knob changes nothing");
}

#[test]
fn wrong_settings_say_what_would_be_right() {
    check_refused("bufer=5", "there are system, framing");
    check_refused("buffer=0", "a whole number from 1 to 1048576 (B)");
    check_refused("nagle=yes", "one of on, off");
    check_refused("messages2=x", "needs a client 2");
    check_refused("clients=5", "one of 1, 2, 3, 4");
    check_refused("scheme=md5", "one of hmac-md5, mutual-sha256");
    check_refused("answer=stolen", "one of own, replayed, reflected");
    check_refused("connections=0", "a whole number from 1 to 64");
    check_refused("connections=65536", "a whole number from 1 to 64");
    check_refused("max-per-source=1025", "a whole number from 0 to 1024");
    check_refused("deadline=5001", "a whole number from 0 to 5000 (ms)");
    check_refused("framing=lines", "there are none");
    check_refused("framing=length-prefix,width=9", "1 to 8 bytes wide");
    check_refused("framing=length-prefix,wide=2", "wide");
}

#[test]
fn there_are_as_many_clients_as_the_knob_says() {
    let mut experiment = Experiment::new(System::Auth, &["hello"]);
    let settings = ["answer=replayed", "clients=4", "messages.3=x", "gap.4=5"];
    apply(&mut experiment, &settings).unwrap();
    let clients = &experiment.clients;
    let messages: Vec<_> = (1..=4u8)
        .map(|client| {
            let client = ClientId::try_from(client).unwrap();
            let setting = Setting::of(Knob::Messages, client).unwrap();
            setting.get(&experiment)
        })
        .collect();
    assert_eq!(messages, ["hello", "hello", "x", "hello"]);
    // The last one replays what another has answered.
    let answers: Vec<_> = clients.iter().map(|client| client.answer).collect();
    assert_eq!(
        answers,
        [Answer::Own, Answer::Own, Answer::Own, Answer::Replayed]
    );
    let gaps: Vec<_> = clients.iter().map(|client| client.gap_us).collect();
    assert_eq!(gaps[..3], [gaps[0]; 3]);
    assert_ne!(gaps[3], gaps[0]);
    experiment.validate().unwrap();
    Knob::Clients.set(&mut experiment, "2").unwrap();
    assert_eq!(experiment.clients.len(), 2);
    assert_eq!(Knob::Clients.get(&experiment), "2");
}

#[test]
fn a_second_client_does_what_the_first_says_and_not_how() {
    let mut experiment = Experiment::new(System::TcpEcho, &["hello"]);
    let settings = ["connections=24", "piece=1", "gap=7", "clients=2"];
    apply(&mut experiment, &settings).unwrap();
    let [first, second] = &experiment.clients[..] else {
        panic!("two clients");
    };
    assert_eq!((first.connections, first.piece), (24, 1));
    assert_eq!((second.connections, second.piece), (1, 0));
    assert_eq!((second.gap_us, &second.messages), (7, &first.messages));
}

#[test]
fn settings_as_on_the_command_line() {
    let mut experiment = Experiment::new(System::TcpEcho, &["hello"]);
    let settings = [
        r"messages=a\nb",
        "framing=delimiter",
        "buffer=4K",
        "gap=5ms",
        "max-frame=1MiB",
    ];
    apply(&mut experiment, &settings).unwrap();
    assert_eq!(experiment.clients[0].messages.len(), 2);
    assert_eq!(experiment.rules().framing.name(), "delimiter");
    assert_eq!((experiment.buffer, experiment.max_frame), (4_096, 1 << 20));
    assert_eq!(experiment.clients[0].gap_us, 5_000);
}

#[test]
fn a_framing_has_its_settings() {
    let mut experiment = Experiment::new(System::LengthPrefix, &["hello"]);
    assert_eq!(Knob::Framing.get(&experiment), "length-prefix");
    let setting = "framing=length-prefix,counts-header=true,endian=big,width=2";
    apply(&mut experiment, &[setting, "max-frame=9"]).unwrap();
    let header = experiment.rules().framing.header(5).unwrap();
    assert_eq!(&header[..], b"\x00\x07");
    // The bound is a knob by itself, and does not stand in the framing's text.
    let text = Knob::Framing.get(&experiment);
    assert_eq!(["framing=", &text].concat(), setting);
}

/// A system resets the framing of the lesson, not the one that is set beside it.
#[test]
fn the_system_is_set_first() {
    for settings in [
        ["framing=delimiter", "system=length-prefix"],
        ["system=length-prefix", "framing=delimiter"],
    ] {
        let mut experiment = Experiment::new(System::TcpEcho, &["hello"]);
        let knobs = apply(&mut experiment, &settings).unwrap();
        assert_eq!(knobs, [Knob::System, Knob::Framing]);
        assert_eq!(experiment.system, System::LengthPrefix);
        assert_eq!(experiment.rules().framing.name(), "delimiter");
    }
}

#[test]
fn a_knob_applies_where_it_changes_something() {
    let applies = |knob: Knob, system, settings: &[&str]| {
        let mut experiment = Experiment::new(system, &["hello"]);
        apply(&mut experiment, settings).unwrap();
        knob.applies(&experiment)
    };
    assert!(!applies(Knob::Nagle, System::UdpEcho, &[]));
    assert!(applies(Knob::Nagle, System::TcpEcho, &[]));
    assert!(!applies(Knob::Key, System::TcpEcho, &[]));
    assert!(!applies(Knob::MaxFrame, System::TcpEcho, &[]));
    assert!(applies(
        Knob::MaxFrame,
        System::TcpEcho,
        &["framing=delimiter"]
    ));
    assert!(!applies(
        Knob::Answer,
        System::Auth,
        &["scheme=hmac-md5", "system=tcp-echo"]
    ));
}

#[test]
fn values_of_framings_and_links_have_names() {
    let name = |knob: Knob, value: &str| knob.domain().name_of(value);
    assert_eq!(
        name(Knob::Framing, "length-prefix,width=2"),
        Some("length-prefix")
    );
    assert_eq!(name(Knob::ClientFraming, ""), None);
    assert_eq!(name(Knob::Framing, "length"), None);
    let mut experiment = Experiment::new(System::TcpEcho, &["a"]);
    for preset in Knob::Link.domain().names() {
        Knob::Link.set(&mut experiment, preset).expect("a link");
        let value = Knob::Link.get(&experiment);
        assert_eq!(name(Knob::Link, &value), Some(preset), "{value}");
        if preset != "this-machine" {
            // Another seed is the same link, another delay is not.
            Knob::LinkSeed.set(&mut experiment, "7").expect("a seed");
            assert_eq!(name(Knob::Link, &Knob::Link.get(&experiment)), Some(preset));
            Knob::Rtt.set(&mut experiment, "7ms").expect("a delay");
            assert_eq!(name(Knob::Link, &Knob::Link.get(&experiment)), None);
        }
    }
    assert!(Knob::Buffer.domain().names().is_empty());
}
