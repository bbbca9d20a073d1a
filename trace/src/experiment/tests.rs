use super::*;

#[test]
fn messages_repeat_without_being_built() {
    assert_eq!(Message("ab×3".to_owned()).bytes(), b"ababab");
    assert_eq!(Message("a×b".to_owned()).bytes(), "a×b".as_bytes());
    assert_eq!(Message("粘×2".to_owned()).len(), 6);
    let huge = Message(format!("ab×{}", usize::MAX));
    assert_eq!(huge.len(), usize::MAX);
    assert!(huge.bytes().len() <= MAX_MESSAGE);
}

fn check_refused(change: impl FnOnce(&mut Experiment), part: &str) {
    let mut experiment = Experiment::new(System::LengthPrefix, &["hello"]);
    experiment.validate().expect("the default is fine");
    change(&mut experiment);
    let error = experiment.validate().unwrap_err().to_string();
    assert!(error.contains(part), "{error}");
}

#[test]
fn what_is_too_much_is_refused_by_name() {
    check_refused(|e| e.clients.clear(), "1 to 4 clients, not 0");
    check_refused(
        |e| e.clients = vec![Client::default(); 5],
        "1 to 4 clients, not 5",
    );
    check_refused(|e| e.buffer = 0, "buffer is 0");
    check_refused(|e| e.read_delay_ms = 5_001, "read-delay is 5001");
    check_refused(|e| e.key.clear(), "key is 0");
    check_refused(|e| e.deadline_ms = 5_001, "deadline is 5001");
    check_refused(|e| e.max_per_source = 1_025, "max-per-source is 1025");
    check_refused(|e| e.clients[0].connections = 65, "connections is 65");
    check_refused(|e| e.clients[0].connections = 0, "connections is 0");
    check_refused(
        |e| {
            e.clients[0].connections = 64;
            e.clients.push(e.clients[0].clone());
        },
        "connections in all is 128: it can be 1 to 65",
    );
    check_refused(|e| e.clients[0].piece = MAX_BUFFER + 1, "piece is 1048577");
    check_refused(
        |e| {
            e.clients[0].piece = 1;
            e.framing = Some(Framing::FixedSize(protocol::framing::FixedSize {
                size: 10_001,
                pad: 0,
                ..Default::default()
            }));
        },
        "pieces in all is 10001: it can be 0 to 10000",
    );
    check_refused(
        |e| {
            e.clients[0].piece = 2;
            e.clients[0].messages = vec![Message("a×20001".to_owned())];
        },
        "pieces in all is 10003: it can be 0 to 10000",
    );
    check_refused(
        |e| e.clients[0].messages = vec![Message("a×999999999".to_owned())],
        "message length is 999999999",
    );
    check_refused(
        |e| e.clients[0].messages = vec![Message("a×200000".to_owned()); 6],
        "bytes in all is 1200000",
    );
    check_refused(
        |e| e.clients[0].messages = vec![Message("hex:0".to_owned())],
        "message 1: behind hex: there are pairs",
    );
    check_refused(
        |e| e.recv_sizes = vec![1; 17],
        "recv-sizes is 17: it can be 0 to 16",
    );
    check_refused(
        |e| e.recv_sizes = vec![0],
        "recv-sizes is 0: it can be 1 to",
    );
    check_refused(|e| e.close_after = 1_001, "close-after is 1001");
    let fixed = |size| {
        Framing::FixedSize(protocol::framing::FixedSize {
            size,
            pad: 0,
            ..Default::default()
        })
    };
    check_refused(
        |e| e.framing = Some(fixed(u32::MAX)),
        "framing: a frame or delimiter of 4294967295 bytes is more than the 1048576",
    );
    check_refused(
        |e| {
            e.framing = Some(fixed(1 << 20));
            e.clients[0].messages = vec![Message("a".to_owned()); 1_000];
        },
        "bytes in all, framed is 3145728: it can be 0 to 2097152",
    );
    check_refused(
        |e| {
            e.system = System::UdpEcho;
            e.framing = Some(Framing::LengthPrefix(
                protocol::framing::LengthPrefix::default(),
            ));
        },
        "datagrams are messages already",
    );
}

#[test]
fn defaults_come_from_the_system() {
    let echo = Experiment::new(System::TcpEcho, &[]);
    assert!(echo.is_serial());
    assert_eq!(echo.rules().reply, Reply::Uppercase);
    let json = serde_json::to_string(&echo).unwrap();
    assert_eq!(serde_json::from_str::<Experiment>(&json).unwrap(), echo);
}

#[test]
fn a_replay_needs_an_answer_of_another_client() {
    let mut experiment = Experiment::new(System::Auth, &["hello"]);
    experiment.clients[0].answer = Answer::Replayed;
    let alone = ExperimentError::NothingToReplay(ClientId::FIRST);
    assert_eq!(experiment.validate(), Err(alone));
    experiment.clients.push(Client::default());
    assert_eq!(experiment.validate(), Ok(()));
    experiment.clients[1].answer = Answer::Reflected;
    assert!(experiment.validate().is_err());
    experiment.clients.swap(0, 1);
    let error = experiment.validate().unwrap_err();
    assert_eq!(error, ExperimentError::NothingToReplay(ClientId::SECOND));
    // Without a challenge nobody answers.
    experiment.system = System::TcpEcho;
    assert_eq!(experiment.validate(), Ok(()));
}

#[test]
fn what_is_as_ever_is_not_written() {
    let mut experiment = Experiment::new(System::Auth, &["hello"]);
    let text = serde_json::to_string(&experiment).unwrap();
    assert!(
        !text.contains("scheme") && !text.contains("answer"),
        "{text}"
    );
    experiment.scheme = Scheme::MutualSha256;
    experiment.clients[0].answer = Answer::Reflected;
    let text = serde_json::to_string(&experiment).unwrap();
    assert!(text.contains("\"scheme\":\"mutual-sha256\""), "{text}");
    assert!(text.contains("\"answer\":\"reflected\""), "{text}");
    assert_eq!(
        serde_json::from_str::<Experiment>(&text).unwrap(),
        experiment
    );
}

/// A naive client does not look whether a message contains the delimiter.
#[test]
fn a_delimiter_inside_a_message_is_no_mistake() {
    let mut experiment = Experiment::new(System::LengthPrefix, &["hello"]);
    experiment.framing = Some(Framing::Delimiter(protocol::framing::Delimiter {
        delimiter: "l".into(),
        ..protocol::framing::Delimiter::default()
    }));
    assert_eq!(experiment.validate(), Ok(()));
}

#[test]
fn messages_may_be_bytes() {
    let message = Message("hex:ff fe×2".to_owned());
    assert_eq!(
        (message.bytes(), message.len()),
        (b"\xff\xfe\xff\xfe".to_vec(), 4)
    );
    assert!(Message("hex:f".to_owned()).mistake().is_some());
    assert_eq!(Message("text".to_owned()).mistake(), None);
}
