//! What the kernel and the wire saw, as `stickylab run --json` tells it. Tests
//! of the wire need CAP_NET_RAW and are ignored unless they are asked for.

use std::process::Command;

use serde_json::Value;
use tests::events::{Event, Trace, ranges};
use tests::{run, stickylab, workspace};

/// Runs `command` to a good end and reads its trace.
fn trace(command: Command) -> Trace {
    let finished = run(command, b"");
    assert_eq!(finished.code, Some(0), "{:?}", finished.err);
    assert!(finished.err.is_empty(), "{:?}", finished.err);
    let trace = Trace::read(&finished.out);
    assert_eq!(trace.why, "finished");
    trace
}

/// `stickylab run --json five-sends` with `settings`.
fn five_sends(settings: &[&str]) -> Command {
    let mut command = stickylab(&["run", "--json", "five-sends"]);
    for setting in settings {
        command.args(["--set", setting]);
    }
    command
}

/// The segments that carried bytes.
fn data<'a>(trace: &'a Trace, actor: &str) -> Vec<&'a Event> {
    let segments = trace.calls(actor, "segment", 1).into_iter();
    segments.filter(|event| !event.bytes.is_empty()).collect()
}

/// The numbers at this name beside these calls.
fn told(calls: &[&Event], name: &str) -> Vec<Option<u64>> {
    let numbers = calls.iter().map(|event| event.socket[name].as_u64());
    numbers.collect()
}

#[test]
#[ignore = "needs CAP_NET_RAW"]
fn five_segments_tile_the_sends_and_one_recv_takes_them() {
    let trace = trace(five_sends(&["messages=a\nb\nc\nd\ne", "read-delay=500"]));
    let recvs = trace.calls("server", "recv", 1);
    assert_eq!(recvs[0].bytes, b"abcde");
    assert_eq!(told(&recvs[..1], "waiting"), [Some(5)]);
    let sends = trace.calls("client1", "send", 1);
    assert_eq!(told(&sends, "unsent"), [Some(0); 5]);
    let close = trace.calls("client1", "close", 1)[0];
    assert_eq!(close.socket["counts"]["data-out"], 5);
    assert_eq!(trace.capture, "on");
    assert_eq!(trace.missed, Some(0));
    let segments = data(&trace, "client1");
    let places = |calls: &[&Event]| -> Vec<_> {
        let each = calls.iter();
        each.map(|event| (event.offset, event.bytes.clone()))
            .collect()
    };
    assert_eq!(places(&segments), places(&sends));
    for (send, segment) in sends.iter().zip(&segments) {
        assert!(send.at <= segment.at && segment.at <= recvs[0].at);
        assert_eq!(segment.header["flags"], 0x18, "PSH and ACK");
    }
    let first = trace.events.iter().find(|event| event.call == "segment");
    let first = &first.expect("a SYN").header;
    assert_eq!(first["flags"], 0x02);
    assert!(first["mss"].as_u64() > Some(536), "{first}");
}

#[test]
fn without_the_capability_everything_but_the_wire_is_there() {
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set=-net_raw", "--inh-caps=-net_raw"]);
    // Who is root has to give it up first; who is not has none to begin with.
    let plain = five_sends(&[]);
    if rustix::process::geteuid().is_root() {
        command.arg(plain.get_program());
    } else {
        command = Command::new(plain.get_program());
    }
    command.args(plain.get_args());
    let trace = trace(command);
    assert_eq!(trace.capture, "needs-cap-net-raw");
    assert_eq!(trace.missed, None);
    assert!(trace.events.iter().all(|event| event.header == Value::Null));
    let sends = trace.calls("client1", "send", 1);
    let recvs = trace.calls("server", "recv", 1);
    assert_eq!(ranges(&recvs), ranges(&sends));
    assert!(told(&recvs, "waiting").iter().all(Option::is_some));
    assert!(told(&sends, "unacked").iter().all(Option::is_some));
    let close = trace.calls("server", "close", 1)[0];
    assert!(close.socket["counts"]["segments-in"].as_u64() > Some(5));
}

#[test]
#[ignore = "needs CAP_NET_RAW"]
fn datagrams_that_the_kernel_dropped_are_on_the_wire_and_nowhere_else() {
    let messages = format!("messages={}", ["0123456789×10"; 60].join("\n"));
    let mut command = stickylab(&["run", "--json", "udp-echo"]);
    for setting in [&messages, "receive-buffer=4096", "read-delay=2"] {
        command.args(["--set", setting]);
    }
    let trace = trace(command);
    let sends = trace.calls("client1", "send", 1).len();
    let recvs = trace.calls("server", "recv", 1);
    let dropped = trace.dropped.expect("the kernel counts them");
    assert_eq!(sends - recvs.len(), usize::try_from(dropped).expect("few"));
    assert!(dropped > 0);
    assert_eq!(told(&recvs[..1], "dropped"), [Some(0)]);
    assert_eq!(trace.capture, "on");
    assert_eq!(trace.calls("client1", "datagram", 1).len(), sends);
}

/// A link as short as Ethernet's, in a network namespace of its own: the
/// kernel hands over more than one segment's worth and leaves the cutting to
/// the device (GSO).
#[test]
#[ignore = "needs CAP_NET_RAW and CAP_SYS_ADMIN"]
fn what_leaves_the_kernel_may_be_larger_than_a_segment() {
    let plain = five_sends(&["messages=x×200000", "buffer=65536", "read-delay=0"]);
    let mut command = Command::new("unshare");
    let script = "ip link set lo mtu 1500 up && exec \"$@\"";
    command.args(["--net", "sh", "-c", script, "sh"]);
    command.arg(plain.get_program()).args(plain.get_args());
    let trace = trace(command);
    assert_eq!(trace.capture, "on");
    let syn = trace.calls("server", "segment", 1)[0];
    assert_eq!(syn.header["mss"], 1460);
    let segments = data(&trace, "client1");
    assert_eq!(ranges(&segments), [(0, 200_000)]);
    let longest = segments.iter().map(|segment| segment.bytes.len()).max();
    assert!(longest > Some(1460), "{longest:?}");
    // Cut as the kernel says, they are the segments that it counted.
    let cut = segments.iter().map(|segment| {
        let length = segment.bytes.len() as u64;
        let gso = segment.header["gso"].as_u64();
        assert_eq!(gso.is_some(), length > 1460, "{length} {gso:?}");
        gso.map_or(1, |gso| length.div_ceil(gso))
    });
    let close = trace.calls("client1", "close", 1)[0];
    let counted = &close.socket["counts"]["data-out"];
    assert_eq!(Some(cut.sum()), counted.as_u64());
}

/// What `run --json` prints of a lesson file of the tests.
fn lesson(name: &str, settings: &[&str]) -> trace::Trace {
    let path = workspace::root().join("tests/lessons").join(name);
    let mut command = stickylab(&["run", "--json"]);
    command.arg(path);
    for setting in settings {
        command.args(["--set", setting]);
    }
    let finished = run(command, b"");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    trace::Trace::parse(&finished.out.join("\n")).expect("a trace")
}

/// The keys of the sentences that explain a step.
fn sentences(run: &trace::Trace, event: usize) -> Vec<&'static str> {
    let explanation = trace::explain(run, &trace::Analysis::new(run), event + 1);
    explanation.rest.iter().map(|said| said.key).collect()
}

#[test]
#[ignore = "needs CAP_NET_RAW"]
fn a_full_window_is_not_blamed_on_nagle() {
    for nagle in ["nagle=on", "nagle=off"] {
        let run = lesson("window-not-nagle.toml", &[nagle]);
        let said = (0..run.events().len()).flat_map(|event| sentences(&run, event));
        let said: Vec<_> = said.collect();
        for key in ["explain.send.window", "cause.merged.window"] {
            assert!(said.contains(&key), "{nagle}: {key}: {said:?}");
        }
        for key in ["explain.send.nagle", "cause.merged.nagle"] {
            assert!(!said.contains(&key), "{nagle}: {key}: {said:?}");
        }
    }
}

#[test]
#[ignore = "needs CAP_NET_RAW"]
fn a_syn_that_the_full_queue_dropped_did_not_wait_in_it() {
    let run = lesson("syn-dropped.toml", &[]);
    let client = trace::ClientId::SECOND;
    let find = |call| {
        let mut events = run.events().iter();
        events.position(|event| event.call == call && event.connection == client.connection(0))
    };
    let connect = find(trace::Call::Connect).expect("it connects");
    let said = sentences(&run, connect);
    for key in ["explain.connect.syn-again", "explain.connect.drops"] {
        assert!(said.contains(&key), "{key}: {said:?}");
    }
    let took = run.events()[connect].took;
    assert!(took >= protocol::Nanos::from_millis(900), "{took:?}");
    let accept = find(trace::Call::Accept).expect("it is accepted");
    let said = sentences(&run, accept);
    assert!(!said.contains(&"explain.accept.waited"), "{said:?}");
}
