//! Packets of other interfaces than loopback: two network namespaces with a link between
//! them, and a program under trace in one of them.

use std::process::Command;

use serde_json::Value;
use tests::python;

use super::{Place, of_type, read, stickylab};

/// Sends to the server at the other end of the link, then to its own address on that link,
/// and at last datagrams, of which the link takes each second one in fragments.
const CLIENT: &str = "
import socket, sys
def talk(host, port, bytes):
    c = socket.create_connection((host, port))
    c.sendall(bytes)
    c.shutdown(socket.SHUT_WR)
    while c.recv(4096):
        pass
    c.close()
talk('10.9.0.2', 7000, b'x' * 200000)
listener = socket.create_server(('10.9.0.1', 0))
c = socket.create_connection(listener.getsockname())
d, _ = listener.accept()
c.sendall(b'to myself')
d.recv(100)
c.close(); d.recv(1); d.close()
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for times in (1, 500, 2, 400):
    u.sendto(b'question' * times, ('10.9.0.2', 7001))
    u.recv(5000)
";

/// Answers one connection and four datagrams, and says when it is ready.
const SERVER: &str = "
import socket
listener = socket.create_server(('10.9.0.2', 7000))
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.bind(('10.9.0.2', 7001))
print('ready', flush=True)
c, _ = listener.accept()
while c.recv(65536):
    pass
c.sendall(b'thank you')
c.close()
for times in (1, 700, 2, 600):
    _, peer = u.recvfrom(5000)
    u.sendto(b'answer' * times, peer)
";

/// Two namespaces, `$0` the interpreter, `$1` the server; then the command.
const SCRIPT: &str = "
set -e
python=$1; server=$2; shift 2
ip link set lo up
unshare --net sh -c 'echo $$; exec sleep 60' > \"$PIDFILE\" &
other=$!
while ! [ -s \"$PIDFILE\" ]; do kill -0 $other; done
inside=$(cat \"$PIDFILE\")
trap 'kill $inside' EXIT
ip link add one type veth peer name two
ip link set two netns $inside
ip link set one up
# On a bridge each packet is seen twice: where it goes to, and on the port that it leaves by.
if ip link add bridge type bridge; then
    ip link set one master bridge
    ip link set bridge up
    ip address add 10.9.0.1/24 dev bridge
else
    ip address add 10.9.0.1/24 dev one
fi
nsenter --net --target $inside ip address add 10.9.0.2/24 dev two
nsenter --net --target $inside ip link set two up
mkfifo \"$PIDFILE.ready\"
nsenter --net --target $inside $python -c \"$server\" > \"$PIDFILE.ready\" &
read line < \"$PIDFILE.ready\"
\"$@\"
";

/// Offsets and lengths of the segments with data, or of the datagrams, that an end sent.
fn sent(lines: &[Value], connection: &Value, end: &str, call: &str) -> Vec<(u64, u64)> {
    let events = of_type(lines, "event").into_iter();
    let of_end = events.filter(|event| {
        event["connection"] == connection["connection"]
            && event["end"] == end
            && event["call"] == call
    });
    let ranges = of_end.map(|event| {
        let length = event["bytes"].as_str().unwrap_or_default().len() as u64 / 2;
        (event["offset"].as_u64().unwrap_or(0), length)
    });
    let mut ranges: Vec<_> = ranges.filter(|(_, length)| *length > 0).collect();
    ranges.sort_unstable();
    ranges
}

/// They follow each other, and no byte was seen twice.
fn check_once(ranges: &[(u64, u64)], bytes: u64) {
    let mut next = 0;
    for (offset, length) in ranges {
        assert_eq!(*offset, next, "{ranges:?}");
        next += length;
    }
    assert_eq!(next, bytes, "{ranges:?}");
}

#[test]
#[ignore = "needs CAP_NET_RAW and CAP_SYS_ADMIN"]
fn packets_are_captured_both_ways_on_the_interface_they_go_through() {
    let place = Place::new();
    let traced = stickylab(&["trace", "--json", &place.text("trace.jsonl"), "--"]);
    let mut command = Command::new("unshare");
    command.args(["--net", "sh", "-c", SCRIPT, "sh"]);
    command.args(["python3", SERVER]);
    command.arg(traced.get_program()).args(traced.get_args());
    command.args(["python3", "-c", CLIENT]);
    command.env("HOME", "/").env("PATH", python::path());
    command.env("PIDFILE", place.path("other"));
    let output = command.output().expect("unshare");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let lines = read(&place.path("trace.jsonl"));
    assert_eq!(lines[0]["capture"], "on", "{said}");
    assert_eq!(lines.last().expect("lines")["missed"], 0);
    let connections = of_type(&lines, "connection");
    let of = |address: &str, transport: &str| {
        let mut found = connections.iter().filter(|connection| {
            let acceptor = connection["acceptor"]["address"].as_str();
            connection["transport"] == transport
                && acceptor.is_some_and(|acceptor| acceptor.starts_with(address))
        });
        let one = found.next().expect("a connection");
        assert_eq!(found.next(), None);
        assert_eq!(one["opener"]["observed"]["packets"], true, "{one}");
        *one
    };
    let far = of("10.9.0.2:7000", "tcp");
    let segments = sent(&lines, far, "opener", "segment");
    check_once(&segments, 200_000);
    // Larger than what the link takes at once: cut by the device, if at all.
    assert!(segments.iter().any(|(_, length)| *length > 1448));
    check_once(&sent(&lines, far, "acceptor", "segment"), 9);
    // Through loopback, although the address is another interface's.
    let own = of("10.9.0.1:", "tcp");
    check_once(&sent(&lines, own, "opener", "segment"), 9);
    // Two whole ones, and two in three fragments each, of which the first alone has ports.
    let datagrams = of("10.9.0.2:7001", "udp");
    for (end, bytes) in [("opener", 8 * 903), ("acceptor", 6 * 1_303)] {
        let packets = sent(&lines, datagrams, end, "datagram");
        assert_eq!(packets.len(), 8, "{packets:?}");
        check_once(&packets, bytes);
    }
}
