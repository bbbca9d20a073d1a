//! What the kernel and the wire saw, as `stickylab run --json` tells it. Tests
//! of the wire need CAP_NET_RAW and are ignored unless they are asked for.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
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
fn a_datagram_of_ipv6_that_loopback_has_no_room_for_is_fragments() {
    let mut command = stickylab(&["run", "--json", "udp-echo"]);
    // Both ways; the packet that each would be is longer than 65,536 bytes.
    for setting in ["ip=6", "messages=a×65500\nb×65500", "buffer=65536"] {
        command.args(["--set", setting]);
    }
    let trace = trace(command);
    assert_eq!((trace.capture.as_str(), trace.missed), ("on", Some(0)));
    for (actor, letters) in [("client1", b"ab"), ("server", b"AB")] {
        let fragments = trace.calls(actor, "datagram", 1);
        assert_eq!(fragments.len(), 4, "{actor}");
        for (datagram, letter) in fragments.chunks(2).zip(letters) {
            let pieces = datagram.iter().map(|event| &event.header["fragment"]);
            let pieces: Vec<_> = pieces.collect();
            let [first, second] = &pieces[..] else {
                panic!("two: {actor}");
            };
            assert_eq!(first["identification"], second["identification"]);
            let offset = datagram[0].bytes.len();
            assert_eq!(
                (&first["offset"], &first["of"]),
                (&0.into(), &65_500.into())
            );
            assert_eq!(
                (&second["offset"], &second["of"]),
                (&offset.into(), &65_500.into())
            );
            let bytes: Vec<_> = datagram.iter().flat_map(|event| &event.bytes).collect();
            assert_eq!(bytes, vec![letter; 65_500], "{actor}");
        }
    }
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

/// `plain` in a user namespace in which no further one may be made, without the capability.
fn restricted(plain: &Command) -> Command {
    let mut command = Command::new("unshare");
    let script = "echo 0 > /proc/sys/user/max_user_namespaces && \
                  exec setpriv --bounding-set=-net_raw --inh-caps=-net_raw \"$@\"";
    command.args(["--user", "--map-root-user", "sh", "-c", script, "sh"]);
    command.arg(plain.get_program()).args(plain.get_args());
    command
}

/// A run needs no privilege for its wire: it has a network of its own then.
#[test]
fn an_ordinary_user_has_the_wire() {
    let folder = tempfile::tempdir().expect("a folder");
    let plain = five_sends(&["read-delay=500"]);
    let mut command = if rustix::process::geteuid().is_root() {
        // Where everybody may run it.
        let program = folder.path().join("stickylab");
        fs::copy(plain.get_program(), &program).expect("a copy");
        let everybody = fs::Permissions::from_mode(0o755);
        for path in [folder.path(), &program] {
            fs::set_permissions(path, everybody.clone()).expect("permissions");
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
        command.arg(program);
        command
    } else {
        Command::new(plain.get_program())
    };
    command.args(plain.get_args());
    let trace = trace(command);
    assert_eq!(trace.capture, "on");
    assert_eq!(trace.missed, Some(0));
    let sends = trace.calls("client1", "send", 1);
    assert_eq!(ranges(&data(&trace, "client1")), ranges(&sends));
}

/// Root that has given up the capability may capture in a network of its own, too.
#[test]
fn a_capability_that_was_given_up_is_not_needed() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let plain = five_sends(&[]);
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set=-net_raw", "--inh-caps=-net_raw"]);
    command.arg(plain.get_program()).args(plain.get_args());
    assert_eq!(trace(command).capture, "on");
}

#[test]
fn where_it_may_not_capture_the_lanes_say_which_setting_forbids_it() {
    let finished = run(restricted(&stickylab(&["run", "five-sends"])), b"");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let text = finished.out.join(" ");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "setcap cap_net_raw+ep",
        "user.max_user_namespaces = 0",
        "TCP_INFO",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn without_the_capability_everything_but_the_wire_is_there() {
    let trace = trace(restricted(&five_sends(&[])));
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
