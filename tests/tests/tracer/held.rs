//! `--link`: the program in the foreground is held until those in the background listen. These
//! tests need network namespaces: as root, or with user namespaces.

use rustix::process::Signal;
use tests::Program;

use super::Place;
use super::link::{as_itself, python, trace};

/// A server that takes a while to listen; its arguments are the transport and its host.
const LATE_SERVER: &str = "import socket, sys, time
time.sleep(0.2)
if sys.argv[1] == 'udp':
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind((sys.argv[2], 9000))
    data, peer = datagrams.recvfrom(5)
    datagrams.sendto(data.upper(), peer)
else:
    with socket.create_server((sys.argv[2], 9000)) as listener:
        connection, peer = listener.accept()
        connection.sendall(connection.recv(5, socket.MSG_WAITALL).upper())
        connection.close()
";
/// Its client, which tries once.
const HASTY_CLIENT: &str = "import socket, sys
kind = socket.SOCK_DGRAM if sys.argv[1] == 'udp' else socket.SOCK_STREAM
with socket.socket(socket.AF_INET, kind) as connection:
    connection.connect((sys.argv[2], 9000))
    connection.sendall(b'hello')
    print(connection.recv(5, socket.MSG_WAITALL).decode())
";
/// What is said of a background that does not listen.
const SILENT: &str = "listens on no port after 10 s";

#[test]
fn the_foreground_begins_when_the_background_listens() {
    let place = Place::new();
    let server = python(&place, "server.py", LATE_SERVER);
    for transport in ["tcp", "udp"] {
        for (side, other, host) in [("a", "b", "10.0.0.1"), ("b", "a", "10.0.0.2")] {
            let server = format!("{server} {transport} {host}");
            let link = ["--link", "rtt=1ms", &format!("--{side}"), &server];
            let client = ["--side", other, "--", "python3", "-c", HASTY_CLIENT];
            let client = [&client[..], &[transport, host]].concat();
            let (command, _) = trace(&place, &[&link[..], &client].concat());
            let finished = as_itself(command);
            assert_eq!(
                (finished.code, &finished.out[..]),
                (Some(0), &["HELLO".to_owned()][..]),
                "{transport}, side {side}: {finished:?}"
            );
            assert!(!finished.err.join("\n").contains(SILENT), "{finished:?}");
        }
    }
}

#[test]
fn the_foreground_begins_though_the_background_never_listens() {
    let place = Place::new();
    // Of two, one listens. A socket of neither kind is no port, and neither is a datagram to
    // its own host.
    let silent = python(
        &place,
        "silent.py",
        "import signal, socket
listener = socket.socket(socket.AF_UNIX)
listener.bind('\\0')
listener.listen()
question = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
question.sendto(b'?', ('127.0.0.1', 53))
question.sendmsg([b'?'], [], 0, ('127.0.0.1', 53))
signal.pause()
",
    );
    let listens = python(
        &place,
        "listens.py",
        "import signal, socket
listener = socket.create_server(('', 9000))
signal.pause()
",
    );
    let link = ["--link", "rtt=1ms", "--b", &listens, "--b", &silent];
    let (command, _) = trace(&place, &[&link[..], &["--", "echo", "begun"]].concat());
    let finished = as_itself(command);
    let said = finished.err.join("\n");
    assert_eq!((finished.code, finished.out.len()), (Some(0), 1), "{said}");
    assert!(
        said.contains(&format!("side b: {silent}: {SILENT}")),
        "{said}"
    );
    // It is said before, too.
    let soon = format!("side b: {silent}: listens on no port after 1 s: CMD is run once it does");
    assert!(said.contains(&soon), "{said}");
}

#[test]
fn who_listens_on_the_loopback_of_the_other_side_alone_is_named() {
    let place = Place::new();
    let listens = python(
        &place,
        "listens.py",
        "import signal, socket, sys
kind = socket.SOCK_DGRAM if sys.argv[1] == 'udp' else socket.SOCK_STREAM
sock = socket.socket(socket.AF_INET, kind)
sock.bind(('127.0.0.1', 9000))
if sys.argv[1] == 'tcp':
    sock.listen()
signal.pause()
",
    );
    for transport in ["tcp", "udp"] {
        for (side, is_named) in [("a", false), ("b", true)] {
            let server = format!("{listens} {transport}");
            let link = ["--link", "rtt=1ms", &format!("--{side}"), &server];
            let (command, _) = trace(&place, &[&link[..], &["--", "echo", "begun"]].concat());
            let finished = as_itself(command);
            let said = finished.err.join("\n");
            assert_eq!(
                (finished.code, finished.out.len()),
                (Some(0), 1),
                "{transport} on {side}: {said}"
            );
            let named =
                format!("side b: {server}: listens on 127.0.0.1 alone: side a cannot reach it");
            assert_eq!(
                said.contains(&named),
                is_named,
                "{transport} on {side}: {said}"
            );
            assert!(!said.contains(SILENT), "{said}");
        }
    }
}

#[test]
fn that_nothing_crossed_the_link_is_said() {
    const CROSSED: &str = "no packet crossed the link";
    let place = Place::new();
    let server = python(&place, "server.py", LATE_SERVER);
    let client = python(&place, "client.py", HASTY_CLIENT);
    // All that sh starts is on its side.
    let both = format!(
        "({server} tcp 127.0.0.1) & \
         until ({client} tcp 127.0.0.1 2>/dev/null); do :; done; wait"
    );
    let link = ["--link", "rtt=40ms,loss=1%", "--"];
    let (command, _) = trace(&place, &[&link[..], &["sh", "-c", &both]].concat());
    let finished = as_itself(command);
    assert_eq!(finished.out, ["HELLO"], "{:?}", finished.err);
    assert!(finished.err.concat().contains(CROSSED));
    let away = format!("{server} tcp 10.0.0.2");
    let link = ["--link", "rtt=1ms", "--b", &away, "--", "sh", "-c"];
    let there = format!("{client} tcp 10.0.0.2");
    let (command, _) = trace(&place, &[&link[..], &[&there]].concat());
    let finished = as_itself(command);
    assert_eq!(finished.out, ["HELLO"], "{:?}", finished.err);
    assert!(!finished.err.concat().contains(CROSSED));
}

#[test]
fn the_foreground_begins_when_the_background_has_ended_and_is_told_if_it_cannot() {
    let place = Place::new();
    let link = [
        "--link",
        "rtt=1ms",
        "--b",
        "exit 0",
        "--a",
        "sh -c 'exit 0' &",
    ];
    let (command, _) = trace(&place, &[&link[..], &["--", "echo", "begun"]].concat());
    let finished = as_itself(command);
    assert_eq!((finished.code, finished.out.len()), (Some(0), 1));
    assert!(!finished.err.join("\n").contains(SILENT), "{finished:?}");

    let (command, _) = trace(&place, &[&link[..], &["--", "/no/such/program"]].concat());
    let finished = as_itself(command);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let said = finished.err.join("\n");
    assert!(said.contains("cannot run /no/such/program"), "{said}");
}

#[test]
fn a_signal_ends_the_foreground_while_it_is_held() {
    let place = Place::new();
    let silent = python(
        &place,
        "silent.py",
        "import signal
print('up', flush=True)
signal.pause()
",
    );
    let link = ["--link", "rtt=1ms", "--b", &silent];
    let (mut command, _) = trace(&place, &[&link[..], &["--", "sleep", "1000"]].concat());
    let program = Program::start(&mut command);
    program.out.wait_for("the background", |line| line == "up");
    program.signal(Signal::TERM);
    assert_eq!(program.finish().code, None);
}
