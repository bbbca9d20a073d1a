//! `/lab`: a client in Python, and one in Rust where it has to violate the protocol.

use futures_util::{SinkExt as _, StreamExt as _};
use rustix::process::Signal;
use serde_json::{Value, json};
use tests::events::{Trace, ranges};
use tests::{PATIENCE, SYSTEMS, Serve, python};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::url;

#[test]
fn python_runs_each_system_and_everything_sent_is_received() {
    let serve = Serve::start(&[]);
    for system in SYSTEMS {
        let lines = python::check("lab.py", &[&url(&serve, "/lab"), system], b"");
        let trace = Trace::read(&lines);
        assert_eq!(trace.why, "finished", "{system}");
        trace.check_promises();
        let sends = trace.calls("client1", "send", 1);
        let recvs = trace.calls("server", "recv", 1);
        if system == "udp-echo" {
            // 40 bytes into a buffer of 16.
            let sizes: Vec<_> = recvs.iter().map(|e| e.bytes.len()).collect();
            assert_eq!(sizes, [5, 6, 16]);
            continue;
        }
        assert_eq!(ranges(&recvs), ranges(&sends), "{system}");
        assert!(recvs.iter().all(|e| e.asked == 16), "{system}");
        for pair in sends.windows(2) {
            assert!(
                pair[1].at - pair[0].at >= 2_000_000,
                "{system}: the gap is kept"
            );
        }
    }
}

#[test]
fn python_answers_the_challenge_itself_and_with_another_key_is_closed() {
    let serve = Serve::start(&[]);
    let arguments = [&url(&serve, "/lab"), "auth", "wan yifej"];
    let trace = Trace::read(&python::check("lab.py", &arguments, b""));
    assert_eq!(trace.why, "finished");
    let challenge = trace.calls("server", "send", 1);
    assert_eq!(challenge.len(), 1, "the challenge and nothing else");
    assert_eq!(challenge[0].bytes.len(), 32);
    let answer = trace.calls("client1", "send", 1)[0];
    let expected = python::hmac_md5("wan yifej", &tests::events::hex(&challenge[0].bytes));
    assert_eq!(tests::events::hex(&answer.bytes), expected);
}

/// A page.
pub(super) struct Page(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Page {
    /// Connects and takes the greeting.
    pub(super) async fn open(serve: &Serve) -> Self {
        let connected = connect_async(url(serve, "/lab")).await;
        let mut page = Self(connected.expect("the gateway upgrades").0);
        let hello = page.line().await;
        assert_eq!(hello["type"], "hello");
        assert_eq!(hello["version"], 5);
        assert!(!hello["kernel"].as_str().unwrap_or_default().is_empty());
        page
    }

    pub(super) async fn say(&mut self, request: &Value) {
        self.say_text(&request.to_string()).await;
    }

    async fn say_text(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.expect("it is open");
    }

    pub(super) async fn line(&mut self) -> Value {
        loop {
            let message = timeout(PATIENCE, self.0.next()).await;
            let message = message.expect("in time").expect("open").expect("whole");
            if let Message::Text(text) = message {
                return serde_json::from_str(&text).expect("JSON");
            }
        }
    }

    /// The next line of this type; those before it are passed over.
    pub(super) async fn next(&mut self, kind: &str) -> Value {
        loop {
            let line = self.line().await;
            if line["type"] == kind {
                return line;
            }
        }
    }

    pub(super) async fn run(&mut self, run: u32, experiment: Value) {
        self.say(&json!({"type": "run", "run": run, "experiment": experiment}))
            .await;
    }
}

pub(super) fn echo() -> Value {
    json!({"system": "tcp-echo", "clients": [{"messages": []}]})
}

#[tokio::test]
async fn what_is_no_request_is_an_error_line_and_the_session_goes_on() {
    let serve = Serve::start(&[]);
    let mut page = Page::open(&serve).await;
    for text in [
        "",
        "hello",
        "[]",
        "{}",
        r#"{"type":"connect","to":"192.0.2.1:80"}"#,
        r#"{"type":"send","client":5,"sends":[]}"#,
        r#"{"type":"send","client":1,"sends":[{"bytes":"abc"}]}"#,
        r#"{"type":"run","run":-1,"experiment":{}}"#,
        r#"{"type":"run","run":1,"experiment":{"system":"smtp","clients":[]}}"#,
        r#"{"type":"run","run":1,"experiment":{"system":"tcp-echo","address":"192.0.2.1:80","clients":[]}}"#,
    ] {
        page.say_text(text).await;
        let line = page.line().await;
        assert_eq!(line["type"], "error", "{text}: {line}");
        assert!(!line["message"].as_str().unwrap_or_default().is_empty());
    }
    page.0
        .send(Message::binary(b"{}".to_vec()))
        .await
        .expect("open");
    assert_eq!(page.line().await["type"], "error");
    page.run(1, echo()).await;
    assert_eq!(page.line().await["type"], "run");
}

#[tokio::test]
async fn an_experiment_that_is_too_much_is_refused_by_name() {
    let serve = Serve::start(&[]);
    let mut page = Page::open(&serve).await;
    for (change, part) in [
        (json!({"buffer": 0}), "buffer"),
        (json!({"buffer": 1_048_577}), "buffer"),
        (json!({"read-delay-ms": 60_000}), "read-delay"),
        (json!({"backlog": 1000}), "backlog"),
        (json!({"clients": []}), "clients"),
        (
            json!({"clients": [{"messages": ["a×999999999"]}]}),
            "message length",
        ),
    ] {
        let mut experiment = echo();
        let fields = experiment.as_object_mut().expect("an object");
        fields.extend(change.as_object().expect("an object").clone());
        page.run(5, experiment).await;
        let line = page.line().await;
        assert_eq!(line["type"], "error", "{change}: {line}");
        let message = line["message"].as_str().unwrap_or_default();
        assert!(
            message.contains("run 5") && message.contains(part),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_new_run_ends_the_one_before_with_its_last_line_first() {
    let serve = Serve::start(&[]);
    let mut page = Page::open(&serve).await;
    page.run(1, echo()).await;
    assert_eq!(page.next("run").await["run"], 1);
    page.run(2, echo()).await;
    let mut lines = Vec::new();
    while lines
        .last()
        .is_none_or(|line: &Value| line["type"] != "run")
    {
        lines.push(page.line().await);
    }
    let ended = &lines[lines.len() - 2];
    assert_eq!(ended["type"], "ended", "{lines:?}");
    assert_eq!(ended["why"], "stopped");
    assert_eq!(lines.last().expect("the second run")["run"], 2);
    page.say(&json!({"type": "stop"})).await;
    assert_eq!(page.next("ended").await["why"], "stopped");
    // Commands to a run that is over are nothing to complain about.
    page.say(&json!({"type": "close", "client": 1})).await;
    page.run(3, echo()).await;
    assert_eq!(page.line().await["run"], 3);
}

/// What a run's own server refuses is in the trace, and no news of a listener.
#[tokio::test]
async fn refusals_of_a_private_server_are_not_logged_as_a_listeners() {
    let serve = Serve::start(&[]);
    let mut page = Page::open(&serve).await;
    let clients = json!([{"messages": []}]);
    page.run(1, json!({"system": "auth", "clients": clients}))
        .await;
    let wrong = "00".repeat(16);
    page.say(&json!({"type": "send", "client": 1, "sends": [{"bytes": wrong}]}))
        .await;
    loop {
        let event = page.next("event").await;
        if event["call"] == "refuse" {
            assert_eq!(event["reason"], "wrong-answer");
            break;
        }
    }
    assert_eq!(page.next("ended").await["why"], "finished");
    // The same of a listener is logged.
    let mut client = tests::Stream::connect(serve.system("auth"));
    client.take(32);
    client.send(&[0; 16]);
    client.rest();
    let finished = serve.program.stop(Signal::TERM);
    let refused = finished.err.iter().filter(|line| line.contains("refused"));
    let refused: Vec<_> = refused.collect();
    assert_eq!(refused.len(), 1, "{:?}", finished.err);
}

#[tokio::test]
async fn sessions_run_side_by_side_each_with_its_own_server() {
    let serve = Serve::start(&[]);
    let mut pages = Vec::new();
    for run in 0..10 {
        let mut page = Page::open(&serve).await;
        page.run(run, echo()).await;
        let bytes = format!("{:02x}", b'a' + u8::try_from(run).expect("small"));
        page.say(&json!({"type": "send", "client": 1, "sends": [{"bytes": bytes}]}))
            .await;
        pages.push(page);
    }
    for (run, page) in pages.iter_mut().enumerate() {
        let expected = format!("{:02x}", b'A' + u8::try_from(run).expect("small"));
        loop {
            let event = page.next("event").await;
            if event["party"] == 1 && event["call"] == "recv" {
                assert_eq!(event["bytes"], expected.as_str());
                break;
            }
        }
        page.say(&json!({"type": "close", "client": 1})).await;
        assert_eq!(page.next("ended").await["why"], "finished");
    }
}

#[tokio::test]
async fn two_clients_of_a_serial_server_take_turns() {
    let serve = Serve::start(&[]);
    let mut page = Page::open(&serve).await;
    let clients = json!([{"messages": []}, {"messages": [], "start-ms": 50}]);
    page.run(1, json!({"system": "tcp-echo", "clients": clients}))
        .await;
    for (client, bytes) in [(2, "62"), (1, "61")] {
        page.say(&json!({"type": "send", "client": client, "sends": [{"bytes": bytes}]}))
            .await;
    }
    let mut lines = vec![page.next("run").await];
    let mut told = Vec::new();
    while lines.last().is_some_and(|line| line["type"] != "ended") {
        let line = page.line().await;
        if line["call"] == "recv" && line["bytes"].is_string() && line["party"] != 0 {
            // A client closes once it has its reply; only then is the next one served.
            told.push(line["party"].clone());
            page.say(&json!({"type": "close", "client": line["party"]}))
                .await;
        }
        lines.push(line);
    }
    assert_eq!(told, [json!(1), json!(2)]);
    let lines: Vec<_> = lines.iter().map(Value::to_string).collect();
    let trace = Trace::read(&lines);
    trace.check_promises();
    let first_left = trace.calls("server", "close", 1)[0].at;
    let second_accepted = trace.calls("server", "accept", 2)[0].at;
    assert!(first_left <= second_accepted);
}
