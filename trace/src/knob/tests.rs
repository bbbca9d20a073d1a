use super::*;

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

#[test]
fn the_last_client_answers_otherwise() {
    let mut experiment = Experiment::new(System::Auth, &["hello"]);
    for setting in ["scheme=mutual-sha256", "answer=reflected", "clients=2"] {
        apply(&mut experiment, setting).unwrap();
    }
    let answers = experiment.clients.iter().map(|client| client.answer);
    assert_eq!(
        answers.collect::<Vec<_>>(),
        [Answer::Own, Answer::Reflected]
    );
    assert_eq!(experiment.rules().scheme, Scheme::MutualSha256);
    apply(&mut experiment, "answer=replayed").unwrap();
    assert_eq!(experiment.validate(), Ok(()));
    apply(&mut experiment, "clients=1").unwrap();
    assert_eq!(Knob::Answer.get(&experiment), "own");
}

fn check_refused(setting: &str, part: &str) {
    let mut experiment = Experiment::new(System::TcpEcho, &["hello"]);
    let before = experiment.clone();
    let error = apply(&mut experiment, setting).unwrap_err().to_string();
    assert!(error.contains(part), "{error}");
    assert_eq!(experiment, before, "a refused knob changes nothing");
}

#[test]
fn wrong_settings_say_what_would_be_right() {
    check_refused("bufer=5", "there are system, framing");
    check_refused("buffer=0", "a whole number from 1 to 1048576 (B)");
    check_refused("nagle=yes", "one of on, off");
    check_refused("messages2=x", "needs two clients");
    check_refused("clients=3", "one of 1, 2");
    check_refused("scheme=md5", "one of hmac-md5, mutual-sha256");
    check_refused("answer=stolen", "one of own, replayed, reflected");
}

#[test]
fn settings_as_on_the_command_line() {
    let mut experiment = Experiment::new(System::TcpEcho, &["hello"]);
    apply(&mut experiment, r"messages=a\nb").unwrap();
    apply(&mut experiment, "framing=delimiter").unwrap();
    assert_eq!(experiment.clients[0].messages.len(), 2);
    assert_eq!(experiment.rules().framing.name(), "delimiter");
}
