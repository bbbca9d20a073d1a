//! `run --pcapng` and `show --pcapng`: files that tshark reads without a
//! warning and that hold what the trace holds.

use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use tests::events::{Event, Trace, hex};
use tests::workspace::lessons;
use tests::{Finished, stickylab};

use super::{fields, with_dissector};

/// Expert infos from this severity on are errors (Wireshark's PI_ERROR).
const ERROR: u32 = 0x0080_0000;

/// One packet as tshark has it.
#[derive(Debug)]
struct Packet {
    nanos: u64,
    payload: String,
    syn: bool,
    ports: (u16, u16),
    comment: String,
}

/// Runs a lesson; its trace and its packets.
fn exported(folder: &TempDir, arguments: &[&str]) -> (Trace, Vec<Packet>) {
    let file = folder.path().join("run.pcapng");
    let path = file.to_str().expect("a plain path");
    let all = [&["run", "--json", "--pcapng", path], arguments].concat();
    let finished = tests::run(stickylab(&all), b"");
    check_written(&finished, path);
    (Trace::read(&finished.out), packets(&file))
}

/// It ended well, and the one line it had to say is about the file.
fn check_written(finished: &Finished, path: &str) {
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let [line] = &finished.err[..] else {
        panic!("one line: {:?}", finished.err);
    };
    assert!(
        line.contains("wrote") && line.contains(path),
        "{path} in {line}"
    );
}

/// Every packet of the file; none may be malformed.
fn packets(file: &Path) -> Vec<Packet> {
    let names = [
        "frame.time_epoch",
        "tcp.payload",
        "udp.payload",
        "tcp.flags",
        "tcp.srcport",
        "tcp.dstport",
        "udp.srcport",
        "udp.dstport",
        "frame.comment",
        "_ws.expert.severity",
        "_ws.malformed",
    ];
    let lines = fields(file, &[], &names);
    let packets = lines.iter().map(|values| {
        let [
            time,
            stream,
            datagram,
            flags,
            tcp_from,
            tcp_to,
            udp_from,
            udp_to,
            comment,
            severities,
            malformed,
        ] = &values[..]
        else {
            panic!("as many values as fields: {values:?}");
        };
        assert_eq!(malformed, "", "{values:?}");
        for severity in severities.split(',').filter(|text| !text.is_empty()) {
            let severity: u32 = severity.parse().expect("a number");
            assert!(severity < ERROR, "{values:?}");
        }
        let (seconds, fraction) = time.split_once('.').expect("a fraction");
        assert_eq!(fraction.len(), 9, "nanoseconds: {time}");
        let number = |text: &str| text.parse::<u64>().expect("a number");
        let port = |tcp: &str, udp: &str| [tcp, udp].concat().parse().expect("one port");
        let flags = flags.strip_prefix("0x").unwrap_or("0");
        let flags = u16::from_str_radix(flags, 16).expect("a hex number");
        Packet {
            nanos: number(seconds) * 1_000_000_000 + number(fraction),
            payload: [stream.as_str(), datagram].concat(),
            syn: flags & 2 != 0,
            ports: (port(tcp_from, udp_from), port(tcp_to, udp_to)),
            comment: comment.clone(),
        }
    });
    packets.collect()
}

#[test]
#[ignore = "needs CAP_NET_RAW"]
fn packets_of_ipv6_are_exported_as_such() {
    for lesson in ["five-sends", "udp-echo"] {
        let folder = TempDir::new().expect("a folder");
        let (trace, packets) = exported(&folder, &[lesson, "--set", "ip=6"]);
        assert_eq!(packets.len(), trace.packets().len(), "{lesson}");
        let file = folder.path().join("run.pcapng");
        for values in fields(&file, &[], &["ipv6.src", "ipv6.dst", "ip.src"]) {
            assert_eq!(values, ["::1", "::1", ""], "{lesson}");
        }
    }
}

#[test]
#[ignore = "needs CAP_NET_RAW"]
fn fragments_of_ipv6_are_put_together_again() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("run.pcapng");
    let path = file.to_str().expect("it is UTF-8");
    let arguments = ["run", "udp-echo", "--pcapng", path, "--set", "ip=6"];
    let mut command = stickylab(&arguments);
    command.args(["--set", "messages=a×65500", "--set", "buffer=1024"]);
    let finished = tests::run(command, b"");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let names = ["ipv6.fragment.count", "udp.length", "_ws.malformed"];
    let packets = fields(&file, &[], &names);
    let expected = [["", "", ""], ["2", "65508", ""], ["", "1032", ""]];
    assert_eq!(packets, expected);
}

#[test]
#[ignore = "needs CAP_NET_RAW"]
fn every_lesson_is_exported_as_it_was_captured() {
    // A fragment behind the first one has no ports (RFC 791): fragments.rs compares them.
    let whole = lessons().into_iter();
    for lesson in whole.filter(|lesson| lesson != "a-fragment-is-lost") {
        let folder = TempDir::new().expect("a folder");
        let (trace, packets) = exported(&folder, &[&lesson]);
        assert_eq!(trace.capture, "on", "{lesson}");
        let of_trace = |event: &&Event| (event.at, hex(&event.bytes));
        let captured: Vec<_> = trace.packets().iter().map(of_trace).collect();
        let read: Vec<_> = packets
            .iter()
            .map(|packet| (packet.nanos, packet.payload.clone()))
            .collect();
        assert_eq!(read, captured, "{lesson}");
        assert!(read.is_sorted_by_key(|(nanos, _)| *nanos), "{lesson}");
        for packet in packets.iter().filter(|packet| !packet.payload.is_empty()) {
            let names = ["send() #", "sendto() #"].map(|name| packet.comment.contains(name));
            assert!(names.contains(&true), "{lesson}: {packet:?}");
        }
    }
}

/// The trace's lines without the wire, as a program without the privilege
/// would have written them.
fn without_the_wire(lines: &[String]) -> String {
    let mut text = String::new();
    let mut events = 0;
    for line in lines {
        let mut line: Value = serde_json::from_str(line).expect("JSON");
        match line["type"].as_str() {
            Some("run") => line["capture"] = json!("needs-cap-net-raw"),
            Some("event") if line["header"].is_object() => continue,
            Some("event") => events += 1,
            _ => {
                line["events"] = json!(events);
                line.as_object_mut().expect("an object").remove("missed");
            }
        }
        text += &line.to_string();
        text.push('\n');
    }
    text
}

#[test]
fn without_a_capture_the_headers_are_synthetic_and_say_so() {
    for lesson in ["five-sends", "auth-accepted", "udp-echo", "accept-queue"] {
        let finished = tests::run(stickylab(&["run", lesson, "--json"]), b"");
        let text = without_the_wire(&finished.out);
        let lines: Vec<_> = text.lines().map(str::to_owned).collect();
        let trace = Trace::read(&lines);
        let folder = TempDir::new().expect("a folder");
        let file = folder.path().join("run.pcapng");
        let path = file.to_str().expect("a plain path");
        let command = stickylab(&["show", "-", "--pcapng", path]);
        let shown = tests::run(command, text.as_bytes());
        check_written(&shown, path);
        assert!(shown.err[0].contains("synthetic"), "{shown:?}");

        let packets = packets(&file);
        let section = std::fs::read(&file).expect("it is there");
        let section = String::from_utf8_lossy(&section[..400.min(section.len())]).into_owned();
        assert!(section.contains("synthetic"), "{lesson}: {section}");
        assert!(packets.is_sorted_by_key(|packet| packet.nanos), "{lesson}");
        let mut carried: Vec<_> = packets.iter().map(|packet| &packet.payload).collect();
        carried.retain(|payload| !payload.is_empty());
        let mut sent: Vec<_> = ["client1", "client2", "server"]
            .into_iter()
            .flat_map(|actor| (1..=2).flat_map(move |client| [(actor, client)]))
            .flat_map(|(actor, client)| trace.calls(actor, "send", client))
            .filter(|event| !event.bytes.is_empty())
            .collect();
        sent.sort_by_key(|event| event.at);
        let sent: Vec<_> = sent.iter().map(|event| hex(&event.bytes)).collect();
        assert_eq!(carried, sent.iter().collect::<Vec<_>>(), "{lesson}");
        for packet in &packets {
            assert!(packet.comment.contains("synthetic"), "{lesson}: {packet:?}");
        }
    }
}

/// Lengths that the dissector finds in a lesson's run, and whether there were
/// the steps of a handshake.
fn check_dissected(lesson: &str, settings: &[&str], system: &str, lengths: &[usize]) {
    let folder = TempDir::new().expect("a folder");
    let arguments = [&[lesson], settings].concat();
    let (_, packets) = exported(&folder, &arguments);
    let first = packets.iter().find(|packet| packet.syn);
    let server = first.expect("a connection").ports.1;
    let loaded = with_dissector(system, server);
    let mut arguments: Vec<_> = loaded.iter().map(String::as_str).collect();
    arguments.push("-2");
    let names = [
        format!("stickylab.{system}.length"),
        format!("stickylab.{system}.challenge"),
        format!("stickylab.{system}.answer"),
        "_ws.expert.severity".to_owned(),
    ];
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let mut found: Vec<usize> = Vec::new();
    let mut steps = Vec::new();
    for values in fields(&folder.path().join("run.pcapng"), &arguments, &names) {
        let [length, challenge, answer, severities] = &values[..] else {
            panic!("four fields: {values:?}");
        };
        let numbers = length.split(',').filter(|text| !text.is_empty());
        found.extend(numbers.map(|text| text.parse::<usize>().expect("a length")));
        for (name, bytes) in [("challenge", challenge), ("answer", answer)] {
            if !bytes.is_empty() {
                steps.push((name, bytes.len() / 2));
            }
        }
        let severities = severities.split(',').filter(|text| !text.is_empty());
        let mut severities = severities.map(|text| text.parse::<u32>().expect("a number"));
        assert!(severities.all(|severity| severity < ERROR), "{values:?}");
    }
    assert_eq!(found, lengths, "{lesson} {settings:?}");
    let expected: &[_] = match system {
        "auth" => &[("challenge", 32), ("answer", 16)],
        _ => &[],
    };
    assert_eq!(steps, expected, "{lesson} {settings:?}");
}

#[test]
fn the_dissector_names_every_frame_of_a_run() {
    // Nagle glues frames into one segment and splits them across two.
    for nagle in ["nagle=on", "nagle=off"] {
        let settings = ["--set", nagle];
        check_dissected("length-prefix", &settings, "length-prefix", &[5, 0, 6, 3]);
        check_dissected("ready-ack", &settings, "ready-ack", &[5, 6, 16]);
        check_dissected("auth-accepted", &settings, "auth", &[5, 6]);
    }
    // 200,000 bytes don't fit into one segment.
    let large = ["--set", "messages=a×200000\nb\nc"];
    check_dissected("length-prefix", &large, "length-prefix", &[200_000, 1, 1]);
    check_dissected("auth-accepted", &large, "auth", &[200_000, 1, 1]);
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let path = "/no/such/folder/run.pcapng";
    for arguments in [
        &["run", "five-sends", "--pcapng", path][..],
        &["show", "-", "--pcapng", path],
    ] {
        let trace = tests::run(stickylab(&["run", "udp-echo", "--json"]), b"");
        let mut input = Vec::new();
        for line in &trace.out {
            writeln!(input, "{line}").expect("a Vec takes everything");
        }
        let finished = tests::run(stickylab(arguments), &input);
        assert_eq!(finished.code, Some(1), "{finished:?}");
        assert!(finished.out.is_empty(), "{finished:?}");
        assert!(finished.err[0].contains(path), "{finished:?}");
    }
}
