//! Datagrams that are sent in fragments: the packets of a run as tshark sees them apart, and
//! the datagrams that it and `show` put together of them.
//!
//! The run has a network of its own and captures there without a privilege.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;
use tests::events::{Event, Trace, hex};
use tests::{run, stickylab};

use super::fields;

const LESSON: &str = "a-fragment-is-lost";

/// A packet, of which the payload is what stands behind the IP header and, in the first
/// fragment, behind the UDP header.
#[derive(Debug, PartialEq, Eq)]
struct Fragment {
    nanos: u64,
    identification: u64,
    /// Bytes of the datagram in front of it, the UDP header included.
    offset: u64,
    more: bool,
    payload: String,
}

/// Bytes of a UDP header (RFC 768).
const HEADER: u64 = 8;

fn number(text: &str) -> u64 {
    let (digits, radix) = text
        .strip_prefix("0x")
        .map_or((text, 10), |digits| (digits, 16));
    u64::from_str_radix(digits, radix).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn nanos(seconds: &str) -> u64 {
    let (seconds, fraction) = seconds.split_once('.').expect("a fraction");
    assert_eq!(fraction.len(), 9, "nanoseconds: {fraction}");
    number(seconds) * 1_000_000_000 + number(fraction)
}

/// The packets as tshark has them where it puts nothing together.
fn apart(file: &Path) -> Vec<Fragment> {
    let names = [
        "frame.time_epoch",
        "ip.id",
        "ip.frag_offset",
        "ip.flags.mf",
        "ip.len",
        "udp.payload",
        "data.data",
    ];
    let lines = fields(file, &["-o", "ip.defragment:FALSE"], &names);
    let fragments = lines.iter().map(|values| {
        let [time, identification, offset, more, length, datagram, data] = &values[..] else {
            panic!("as many values as fields: {values:?}");
        };
        // What follows a UDP header has both names.
        let payload = if datagram.is_empty() { data } else { datagram };
        let is_first = number(offset) == 0;
        let headers = 20 + if is_first { HEADER } else { 0 };
        assert_eq!(
            payload.len() as u64 / 2,
            number(length) - headers,
            "{values:?}"
        );
        Fragment {
            nanos: nanos(time),
            identification: number(identification),
            // In units of 8 bytes (RFC 791, 3.1).
            offset: number(offset) * 8,
            more: number(more) == 1,
            payload: payload.clone(),
        }
    });
    fragments.collect()
}

/// What the record says of the same packet.
fn recorded(packet: &Event) -> Fragment {
    let fragment = &packet.header["fragment"];
    let field = |name: &str| fragment[name].as_u64().expect("a fragment has it");
    let end = field("offset") + packet.bytes.len() as u64;
    let is_first = field("offset") == 0;
    Fragment {
        nanos: packet.at,
        identification: field("identification"),
        offset: if is_first {
            0
        } else {
            field("offset") + HEADER
        },
        more: end < field("of"),
        payload: hex(&packet.bytes),
    }
}

/// The datagrams that tshark puts together: the ports, and the payload.
fn together(file: &Path) -> Vec<([u64; 2], String)> {
    let names = [
        "udp.srcport",
        "udp.dstport",
        "udp.length",
        "udp.payload",
        "ip.fragment.count",
    ];
    let options = ["-o", "ip.defragment:TRUE", "-Y", "udp"];
    let lines = fields(file, &options, &names);
    let datagrams = lines.iter().map(|values| {
        let [from, to, length, payload, count] = &values[..] else {
            panic!("as many values as fields: {values:?}");
        };
        assert!(number(count) > 1, "{count} fragments");
        assert_eq!(payload.len() as u64 / 2, number(length) - HEADER);
        ([number(from), number(to)], payload.clone())
    });
    datagrams.collect()
}

/// The same of `show`, which reads the file.
fn shown(file: &Path) -> Vec<([u64; 2], String)> {
    let path = file.to_str().expect("a plain path");
    let finished = run(stickylab(&["show", path, "--json"]), b"");
    assert_eq!(finished.code, Some(0), "{:?}", finished.err);
    let lines: Vec<Value> = finished
        .out
        .iter()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let is_connection = |line: &&Value| line["type"] == "connection";
    let connections: Vec<_> = lines.iter().filter(is_connection).collect();
    let [connection] = connections[..] else {
        panic!("one connection: {connections:?}");
    };
    let port = |end: &str| {
        let address = connection[end]["address"].as_str().expect("it is known");
        number(address.rsplit(':').next().expect("a port"))
    };
    let datagrams = lines.iter().filter(|line| line["call"] == "datagram");
    let datagrams = datagrams.map(|line| {
        assert!(line["header"]["fragment"].is_null(), "{line}");
        let ports = match line["end"].as_str() {
            Some("opener") => [port("opener"), port("acceptor")],
            _ => [port("acceptor"), port("opener")],
        };
        (ports, line["bytes"].as_str().expect("bytes").to_owned())
    });
    datagrams.collect()
}

#[test]
fn fragments_are_the_same_apart_and_put_together() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("run.pcapng");
    let path = file.to_str().expect("a plain path");
    let finished = run(stickylab(&["run", LESSON, "--json", "--pcapng", path]), b"");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let trace = Trace::read(&finished.out);
    let packets: Vec<_> = trace.packets().into_iter().map(recorded).collect();
    assert_eq!(apart(&file), packets);
    // Three to the server at least: of each, three fragments of at most 1500 bytes.
    let offsets: BTreeSet<_> = packets.iter().map(|packet| packet.offset).collect();
    assert_eq!(Vec::from_iter(offsets), [0, 1480, 2960]);
    assert!(packets.len() >= 9, "{}", packets.len());

    // What was lost on the link had been sent: a file of packets does not tell.
    // One is whole with its last fragment there and begins with its first one here, so that the
    // order of the two ways may be another one.
    let [mut datagrams, mut own] = [together(&file), shown(&file)];
    assert_eq!(datagrams.len() * 3, packets.len());
    datagrams.sort();
    own.sort();
    assert_eq!(own, datagrams);
    let sent = ["client1", "server"].map(|actor| trace.calls(actor, "send", 1));
    let mut sent: Vec<_> = sent.iter().flatten().map(|send| hex(&send.bytes)).collect();
    let mut carried: Vec<_> = datagrams.into_iter().map(|(_, payload)| payload).collect();
    sent.sort();
    carried.sort();
    assert_eq!(carried, sent);
}
