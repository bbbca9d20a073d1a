//! `stickylab run --link`: a real link between two namespaces, with a privilege and
//! without. These tests need network namespaces: as root, or with user namespaces.

use std::process::Command;
use std::thread;

use super::runs::trace;
use tests::events::{Event, Trace, ranges};
use tests::{Finished, by_somebody, run, stickylab};

/// One send of three segments, to a reader that reads all there is.
const ONE_SEND: [&str; 6] = [
    "five-sends",
    "--set",
    "read-delay=0",
    "--set",
    "buffer=65536",
    "--set=messages=a×3002",
];

/// What the link did to a packet.
fn lost(event: &Event) -> Option<&str> {
    event.header["transit"]["lost"].as_str()
}

/// When a packet was given to the receiver's kernel.
fn arrived(event: &Event) -> Option<u64> {
    event.header["transit"]["arrived"].as_u64()
}

/// The segments with data that an actor sent.
fn data<'a>(trace: &'a Trace, actor: &str) -> Vec<&'a Event> {
    let mut segments = trace.calls(actor, "segment", 1);
    segments.retain(|segment| !segment.bytes.is_empty());
    segments
}

fn check_segments(trace: &Trace) {
    assert_eq!((trace.capture.as_str(), trace.missed), ("on", Some(0)));
    let segments = data(trace, "client1");
    let sizes: Vec<_> = segments.iter().map(|segment| segment.bytes.len()).collect();
    assert_eq!(sizes, [1448, 1448, 106], "an MTU of 1,500 bytes");
    for packet in trace.packets() {
        let took = arrived(packet).expect("nothing is lost") - packet.at;
        assert!(took >= 20_000_000, "half of 40 ms: {packet:?}");
    }
    let connect = trace.calls("client1", "connect", 1)[0];
    let recv = trace.calls("server", "recv", 1)[0];
    assert!(
        recv.at >= connect.at + 60_000_000,
        "a round trip and a half"
    );
}

#[test]
fn each_packet_is_under_way_for_as_long_as_the_link_is() {
    let arguments = [&ONE_SEND[..], &["--link", "rtt=40ms"]].concat();
    check_segments(&trace(&arguments));
}

#[test]
fn a_link_carries_ipv6() {
    let arguments = [
        "--link",
        "rtt=40ms",
        "--set",
        "ip=6",
        "--set=clients=2",
        "--set=connections=2",
    ];
    let trace = trace(&[&ONE_SEND[..], &arguments].concat());
    assert_eq!((trace.capture.as_str(), trace.missed), ("on", Some(0)));
    // The header is 20 bytes longer than that of IPv4.
    let sizes: Vec<_> = data(&trace, "client1")
        .iter()
        .map(|s| s.bytes.len())
        .collect();
    assert_eq!(sizes, [1428, 1428, 146]);
    for packet in trace.packets() {
        let raw = packet.header["raw"].as_str().unwrap_or_default();
        // Ethernet and a header of version 6.
        assert_eq!(&raw[24..29], "86dd6", "{raw}");
    }
    let small = ["--link", "mtu=1000", "--set", "ip=6"];
    let finished = run(
        stickylab(&[&["run", "five-sends"], &small[..]].concat()),
        b"",
    );
    assert_ne!(finished.code, Some(0));
    let said = finished.err.join(" ");
    assert!(
        said.contains("mtu is 1000: it can be 1280 to 65535"),
        "{said}"
    );
}

#[test]
fn a_lost_segment_is_sent_again_and_nothing_behind_it_is_read_before() {
    let link = "rtt=20ms,loss=20%/0%,seed=1";
    let trace = trace(&[&ONE_SEND[..], &["--link", link]].concat());
    let segments = data(&trace, "client1");
    let gone: Vec<_> = segments.iter().filter(|s| lost(s).is_some()).collect();
    let [gone] = gone[..] else {
        panic!("one was chosen: {segments:?}");
    };
    assert_eq!((lost(gone), gone.offset), (Some("chance"), 1448));
    let mut again = segments
        .iter()
        .filter(|s| s.offset == 1448 && lost(s).is_none());
    let again = again.next().expect("the kernel sends it again");
    assert!(again.at > gone.at);
    let recvs = trace.calls("server", "recv", 1);
    let behind = recvs
        .iter()
        .find(|recv| recv.offset + recv.bytes.len() as u64 > 1448);
    let behind = behind.expect("all is read");
    assert!(Some(behind.at) >= arrived(again));
    assert_eq!(ranges(&recvs), [(0, 3002)]);
}

#[test]
fn datagrams_are_lost_doubled_and_overtaken_as_the_recvs_show() {
    let link = "rtt=10ms,loss=20%/0%,duplicate=20%/0%,reorder=20%/0%,seed=5";
    let set = [
        "--set",
        "messages=a\nb\nc\nd\ne\nf\ng\nh\ni\nj",
        "--set",
        "gap=0",
    ];
    let trace = trace(&[&["udp-echo", "--link", link][..], &set].concat());
    let datagrams = trace.calls("client1", "datagram", 1);
    let mut expected: Vec<_> = datagrams
        .iter()
        .filter(|datagram| lost(datagram).is_none())
        .flat_map(|datagram| {
            let twice = datagram.header["transit"]["twice"] == true;
            let at = arrived(datagram).expect("it was not lost");
            vec![(at, datagram.bytes.clone()); if twice { 2 } else { 1 }]
        })
        .collect();
    expected.sort_by_key(|(at, _)| *at);
    let expected: Vec<_> = expected.into_iter().map(|(_, bytes)| bytes).collect();
    let read = trace.calls("server", "recv", 1);
    let read: Vec<_> = read.iter().map(|recv| recv.bytes.clone()).collect();
    assert_eq!(read, expected);
    let is_so = |name: &str| datagrams.iter().any(|d| d.header["transit"][name] == true);
    let is_lost = datagrams.iter().any(|datagram| lost(datagram).is_some());
    assert!(is_lost && is_so("twice") && is_so("late"), "{datagrams:?}");
}

#[test]
fn a_datagram_above_the_mtu_is_fragments_and_is_lost_with_one_of_them() {
    let link = "rtt=4ms,loss=20%/0%,seed=2";
    let messages = "messages=a×4000\nb×4000\nc×4000\nd×4000\ne×4000\nf×4000";
    let set = ["--set", messages, "--set", "gap=0"];
    let trace = trace(&[&["udp-echo", "--link", link][..], &set].concat());
    assert_eq!(trace.missed, Some(0));
    let fragments = trace.calls("client1", "datagram", 1);
    let mut whole = Vec::new();
    for datagram in fragments.chunks(3) {
        let offsets = [0, 1472, 2952];
        for (fragment, offset) in datagram.iter().zip(offsets) {
            let piece = &fragment.header["fragment"];
            assert_eq!(
                (&piece["offset"], &piece["of"]),
                (&offset.into(), &4000.into())
            );
        }
        let bytes: Vec<_> = datagram.iter().flat_map(|f| f.bytes.clone()).collect();
        assert_eq!(bytes, vec![bytes[0]; 4000]);
        if datagram.iter().all(|fragment| lost(fragment).is_none()) {
            whole.push(bytes);
        }
    }
    assert!(
        (1..6).contains(&whole.len()),
        "some are lost: {fragments:?}"
    );
    let read = trace.calls("server", "recv", 1);
    // The reader has less room than a datagram.
    let read: Vec<_> = read.iter().map(|recv| recv.bytes[0]).collect();
    let arrived: Vec<_> = whole.iter().map(|bytes| bytes[0]).collect();
    assert_eq!(read, arrived);
}

/// Runs it as a user without privileges who may run it.
fn as_somebody(arguments: &[&str]) -> Finished {
    by_somebody(stickylab(arguments))
}

#[test]
fn a_user_without_privileges_has_a_link_and_the_wire() {
    let arguments = [&["run", "--json"][..], &ONE_SEND, &["--link", "rtt=40ms"]].concat();
    let finished = as_somebody(&arguments);
    assert_eq!(
        (finished.code, &finished.err[..]),
        (Some(0), &[][..]),
        "are user namespaces allowed? {finished:?}"
    );
    check_segments(&Trace::read(&finished.out));
    // Without a link the packets of the loopback interface are captured all the same.
    let finished = as_somebody(&["run", "--json", "five-sends"]);
    assert_eq!(
        (finished.code, &finished.err[..]),
        (Some(0), &[][..]),
        "{finished:?}"
    );
    let trace = Trace::read(&finished.out);
    assert_eq!((trace.capture.as_str(), trace.missed), ("on", Some(0)));
    assert!(!data(&trace, "client1").is_empty());
}

/// Runs it in a user namespace in which there are to be no others.
pub(super) fn without_user_namespaces(arguments: &[&str]) -> Finished {
    let script = "echo 0 > /proc/sys/user/max_user_namespaces \
        && exec setpriv --bounding-set=-all --inh-caps=-all \"$@\"";
    let command = stickylab(arguments);
    let mut without = Command::new("unshare");
    without.args(["--user", "--map-root-user", "sh", "-c", script, "sh"]);
    without.arg(command.get_program()).args(command.get_args());
    without.env("LC_ALL", "C.UTF-8");
    run(without, b"")
}

#[test]
fn without_user_namespaces_a_run_says_so_and_goes_over_loopback() {
    let finished = without_user_namespaces(&["run", "--json", "five-sends", "--link", "rtt=40ms"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let said = finished.err.join("\n");
    for part in [
        "there is no link",
        "loopback",
        "user.max_user_namespaces is 0",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let trace = Trace::read(&finished.out);
    assert_eq!(trace.capture, "needs-cap-net-raw");
    assert!(
        trace.experiment["link"].is_null(),
        "the plan is what was run"
    );
    assert_eq!(ranges(&trace.calls("server", "recv", 1)), [(0, 20)]);
}

/// How many segments of an end began with something that had been on the wire before, up to
/// a time. New data goes out in order, so that is all that begins before the furthest end.
fn sent_again(segments: &[&Event], until: u64) -> u64 {
    let (mut reached, mut syns, mut again) = (0, 0, 0);
    for segment in segments.iter().filter(|segment| segment.at <= until) {
        let has = |flag: u64| segment.header["flags"].as_u64().unwrap_or(0) & flag != 0;
        if has(2) {
            syns += 1;
            again += u64::from(syns > 1);
            continue;
        }
        // A FIN has a number of its own.
        let end = segment.offset + segment.bytes.len() as u64 + u64::from(has(1));
        if end > segment.offset {
            again += u64::from(segment.offset < reached);
            reached = reached.max(end);
        }
    }
    again
}

/// What the reader got had been on the wire, and each segment that the kernel counts as
/// sent again is there a second time.
fn check_lossy(seed: usize) {
    let link = format!("rtt=4ms,loss=10%,duplicate=2%,reorder=3%,jitter=1ms,seed={seed}");
    let trace = trace(&[&ONE_SEND[..], &["--set=echo=on", "--link", &link]].concat());
    assert_eq!(trace.missed, Some(0), "seed {seed}");
    for (sender, reader) in [("client1", "server"), ("server", "client1")] {
        let segments = trace.calls(sender, "segment", 1);
        for recv in trace.calls(reader, "recv", 1) {
            let mut next = recv.offset;
            let end = recv.offset + recv.bytes.len() as u64;
            while next < end {
                let carrier = segments.iter().find(|segment| {
                    let has = segment.offset..segment.offset + segment.bytes.len() as u64;
                    has.contains(&next) && arrived(segment).is_some_and(|at| at <= recv.at)
                });
                let carrier = carrier.unwrap_or_else(|| panic!("seed {seed}: byte {next}"));
                next = carrier.offset + carrier.bytes.len() as u64;
            }
        }
        for close in trace.calls(sender, "close", 1) {
            let Some(counted) = close.socket["counts"]["retransmitted"].as_u64() else {
                continue;
            };
            // The counts are read before the call is stamped.
            let found = sent_again(&segments, close.at);
            assert!(
                found >= counted,
                "seed {seed}: {found} of {counted} of {sender}"
            );
        }
    }
}

#[test]
fn in_a_hundred_runs_over_a_lossy_link_nothing_is_read_that_the_wire_did_not_carry() {
    thread::scope(|scope| {
        for part in 0..10 {
            scope.spawn(move || (part * 10..part * 10 + 10).for_each(check_lossy));
        }
    });
}

#[test]
fn datagrams_on_a_slow_link_are_waited_for() {
    // Each takes a quarter of a second to go in.
    let messages = "messages=a×900\nb×900\nc×900";
    let slow = ["udp-echo", "--link", "rate=32kbit", "--set", messages];
    let trace = trace(&[&slow[..], &["--set", "gap=0"]].concat());
    let received = trace.calls("server", "recv", 1);
    let whole = received.iter().filter(|recv| recv.bytes.len() == 900);
    assert_eq!(whole.count(), 3, "{received:?}");
}
