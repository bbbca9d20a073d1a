//! The command: what it says, what it keeps, and what it refuses.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Stdio;
use std::thread;

use rustix::process::Signal;
use serde_json::json;
use tests::{Program, python, run, stickylab};

use super::victim::Bench;

const STEPS: super::victim::Steps<'static> =
    &[(0, b"\x05\0\0\0hello"), (5, b"\x03\0\0\0bye"), (8, b"")];

/// The command of a server that takes its header whole, and a trace of a client of it.
fn wrong_header(bench: &Bench) -> (Vec<String>, String) {
    let mut command = bench.victim("header.py");
    command.push("wrong".to_owned());
    let trace = bench.write("client.jsonl", &super::victim::trace(STEPS));
    (command, trace)
}

#[test]
fn a_finding_is_said_and_both_traces_are_kept() {
    let bench = Bench::new();
    let (command, trace) = wrong_header(&bench);
    let junit = bench.path("junit.xml");
    let words: Vec<_> = command.iter().map(String::as_str).collect();
    let flags = [
        "--replay",
        &trace,
        "--junit",
        &junit,
        "--framing",
        "length-prefix",
    ];
    let judged = bench.chop(&[&flags[..], &["--budget", "10m"]].concat(), &words);
    assert_eq!(judged.code, Some(1), "{judged:#?}");
    let finding = judged.of_type("finding")[0];
    assert_eq!(
        finding["broke"],
        "one cut is enough: recv() #1 of connection 1 returned 1 of the header's 4 bytes"
    );
    assert_eq!(finding["schedule"], "c1:1");
    for file in finding["files"].as_array().expect("a list") {
        let file = file.as_str().expect("a path");
        let shown = run(stickylab(&["show", file]), b"");
        assert_eq!(shown.code, Some(0), "{shown:?}");
    }
    let report = fs::read_to_string(junit).expect("a report");
    assert!(
        report.contains("name=\"headers\"><failure message=\"one cut"),
        "{report}"
    );
    let families = judged.of_type("family");
    assert!(families.iter().any(|family| family["fate"] == "broke"));
}

#[test]
fn a_test_of_a_client_answers_as_its_server_did() {
    let bench = Bench::new();
    let path = bench.path("server");
    let listener = UnixListener::bind(&path).expect("a server");
    let serving = thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = BufReader::new(client.expect("a client"));
            let mut line = String::new();
            if client.read_line(&mut line).is_ok() && line == "stop\n" {
                return;
            }
            // A client that has gone away is one of those that are looked for.
            let _ = client
                .get_mut()
                .write_all("您好, how are you?\n".as_bytes());
            let _ = client.read_line(&mut line);
        }
    });
    let command = bench.victim("reply.py");
    let with = |word| -> Vec<&str> {
        let words = command.iter().map(String::as_str);
        words.chain([word, path.as_str()]).collect()
    };
    let judged = bench.chop(&["--budget", "10m"], &with("wrong"));
    let mut stopping = UnixStream::connect(&path).expect("a server");
    stopping.write_all(b"stop\n").expect("a server");
    serving.join().expect("it served");
    fs::remove_file(&path).expect("it was there");
    assert_eq!(judged.code, Some(1), "{judged:#?}");
    let test = judged.of_type("finding")[0]["test"].as_str();
    let test = test.expect("a file");
    for (word, code) in [("wrong", 1), ("mended", 0)] {
        Bench::tested(test, &with(word), Some(code), "reply.py");
    }
}

#[test]
fn cuts_are_needed_where_fewer_were_looked_for() {
    let bench = Bench::new();
    let (command, trace) = wrong_header(&bench);
    let words: Vec<_> = command.iter().map(String::as_str).collect();
    // Of a schedule that is given fewer cuts are not looked for.
    let flags = ["--replay", &trace, "--schedule", "c1:1,2"];
    let judged = bench.chop(&flags, &words);
    let finding = judged.of_type("finding")[0];
    assert_eq!(finding["fewest"], json!(false), "{finding}");
    let broke = finding["broke"].as_str().expect("text");
    let known = "2 cuts break it; fewer were not looked for to the end: ";
    assert!(broke.starts_with(known), "{broke}");
}

#[test]
fn a_test_of_another_program_is_not_judged() {
    let bench = Bench::new();
    let (command, trace) = wrong_header(&bench);
    let words: Vec<_> = command.iter().map(String::as_str).collect();
    let flags = ["--replay", &trace, "--schedule", "c1:1"];
    let judged = bench.chop(
        &[&flags[..], &["--framing", "length-prefix"]].concat(),
        &words,
    );
    let finding = judged.of_type("finding")[0];
    let test = finding["test"].as_str().expect("a file");
    Bench::tested(test, &["/no/such/program"], Some(2), "no program");
    Bench::tested(test, &["python3", "-c", ""], Some(2), "no server");
    // The printed command prints a test of a decoder.
    let decoder = finding["decoder"].as_str().expect("a command");
    let words: Vec<_> = decoder.split(' ').skip(1).collect();
    let printed = run(stickylab(&words), b"");
    assert_eq!(printed.code, Some(0), "{decoder}: {printed:?}");
    let has = |line: &String| line.contains("hello");
    assert!(printed.out.iter().any(has), "{printed:?}");
}

#[test]
fn what_cannot_be_judged_is_said() {
    let bench = Bench::new();
    let refused = |flags: &[&str], command: &[&str], why: &str| {
        let judged = bench.chop(flags, command);
        assert_eq!(judged.code, Some(2), "{judged:#?}");
        let said = judged.err;
        assert!(said.contains(why), "{said}");
    };
    refused(&[], &["true"], "makes no TCP or Unix stream connection");
    refused(&[], &["/no/such/program"], "cannot run /no/such/program");
    refused(&["--peer", "true"], &["true"], "does not listen");
    let fails = "import sys; sys.exit('cannot open its database')";
    let said = "of its standard error: cannot open its database";
    refused(&["--peer", "true"], &["python3", "-c", fails], said);
    // Of a peer that does not talk to it, it is said what became of it.
    let listens = "import socket; socket.create_server(('127.0.0.1', 0)).accept()[0].recv(1)";
    let listens = ["python3", "-c", listens];
    let missing =
        "does not connect to it, and ended with code 127. The last line of its standard error: ";
    refused(&["--peer", "/no/such/peer"], &listens, missing);
    let fails = "does not connect to it, and ended with code 3. The last line of its standard error: \
                 no key";
    refused(&["--peer", "echo no key >&2; exit 3"], &listens, fails);
    let leaves = "does not connect to it, and ended with code 0";
    refused(&["--peer", "true"], &listens, leaves);
    let connects = "python3 -c \"import os, socket; port = int(os.environ['STICKYLAB_PORT']); \
                    socket.create_connection(('127.0.0.1', port)); raise SystemExit('no key')\"";
    let fails =
        "receives nothing, and ended with code 1. The last line of its standard error: no key";
    refused(&["--peer", connects], &listens, fails);
    let (_held, port) = super::victim::port("127.77.1.11");
    let alone = format!("import socket; socket.create_connection(('127.77.1.11', {port}))");
    let fails = format!("its connection to 127.77.1.11:{port} fails before a byte");
    refused(&[], &["python3", "-c", &alone], &fails);
    refused(&["--mask", "("], &["true"], "is no regular expression");
    refused(
        &["--schedule", "c1:0"],
        &["true"],
        "is no rule of a schedule",
    );
    let random = "import os, socket; s = socket.create_server(('127.0.0.1', 0)); \
                  a = socket.create_connection(s.getsockname()); b, _ = s.accept(); \
                  a.send(os.urandom(64)); b.recv(64); print(os.urandom(9).hex())";
    let pair = "import socket; a, b = socket.socketpair(); a.send(b'x'); b.recv(1)";
    refused(
        &[],
        &["python3", "-c", pair],
        "makes no TCP or Unix stream connection",
    );
    refused(&[], &["python3", "-c", random], "not deterministic");
}

#[test]
fn a_client_whose_server_has_ended_is_not_survived() {
    let bench = Bench::new();
    let path = bench.path("server");
    let listener = UnixListener::bind(&path).expect("a server");
    let serving = thread::spawn(move || {
        // Enough for the runs as is, and for a few schedules.
        for client in listener.incoming().take(12) {
            let mut client = BufReader::new(client.expect("a client"));
            let mut line = String::new();
            let _ = client.read_line(&mut line);
            let _ = client.get_mut().write_all(b"how are you?\n");
            let _ = client.read_line(&mut line);
        }
    });
    let mut command = bench.victim("reply.py");
    command.extend(["mended".to_owned(), path]);
    let words: Vec<_> = command.iter().map(String::as_str).collect();
    let judged = bench.chop(&["--budget", "10m"], &words);
    serving.join().expect("it served");
    assert_eq!(judged.code, Some(2), "{judged:#?}");
}

/// A server that answers `line`, an expression, with ten bytes, and sends the rest of a short
/// send once its peer has taken the first part; and a peer of it that takes one recv() for all.
fn short_sends(bench: &Bench, answer: &str, line: &str) -> (String, String) {
    let taken = bench.path("taken");
    let server = format!(
        "import os, socket, time\n\
         server = socket.create_server(('127.0.0.1', 0))\n\
         taken = '{taken}' + str(server.getsockname()[1])\n\
         if os.path.exists(taken): os.unlink(taken)\n\
         client, _ = server.accept()\n\
         while line := client.recv(64):\n\
         \x20   answer = {answer}\n\
         \x20   count = client.send(answer)\n\
         \x20   while count < len(answer) and not os.path.exists(taken): time.sleep(0.001)\n\
         \x20   client.sendall(answer[count:])\n"
    );
    let peer = format!(
        "import os, socket\n\
         port = os.environ['STICKYLAB_PORT']\n\
         client = socket.create_connection(('127.0.0.1', int(port)))\n\
         for number in range(2):\n\
         \x20   client.sendall({line})\n\
         \x20   if len(client.recv(10)) != 10: break\n\
         client.close()\n\
         open('{taken}' + port, 'w').close()\n"
    );
    let server = bench.write("server.py", &server);
    let peer = bench.write("peer.py", &peer);
    (server, ["python3 -B ", &peer].concat())
}

#[test]
fn who_sends_the_rest_is_not_told_to() {
    let bench = Bench::new();
    let (server, peer) = short_sends(&bench, "b'0123456789'", "b'x'");
    let junit = bench.path("junit.xml");
    let flags = ["--peer", &peer, "--schedule", "s1:1", "--junit", &junit];
    let judged = bench.chop(&flags, &["python3", "-B", &server]);
    assert_eq!(judged.code, Some(2), "{judged:#?}");
    let finding = judged.of_type("finding")[0];
    assert_eq!(finding["whose"], "peer", "{judged:#?}");
    let why = finding["why"].as_str().expect("text");
    assert!(
        why.starts_with("All was sent, in more than one send()"),
        "{why}"
    );
    assert_eq!(judged.of_type("family")[0]["fate"], "peer-broke");
    assert_eq!(judged.of_type("judged")[0]["verdict"], "peer-broke");
    let report = fs::read_to_string(junit).expect("a report");
    assert!(report.contains("failures=\"0\" errors=\"1\""), "{report}");
    assert!(report.contains("><error message="), "{report}");
    // In words, with what the marks mean.
    let output = bench.path("found");
    let flags = ["chop", "--peer", &peer, "--schedule", "s1:1", "--output"];
    let flags = flags.into_iter().chain([&*output, "--lang", "en", "--"]);
    let all: Vec<_> = flags.chain(["python3", "-B", &*server]).collect();
    let mut program = stickylab(&all);
    program.env("PATH", python::path()).env("HOME", "/");
    let told = program.env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
    let told = told.output().expect("stickylab starts");
    let text = String::from_utf8_lossy(&told.stdout);
    assert_eq!(told.status.code(), Some(2), "{text}");
    for part in [
        "short sends !",
        "! broke its peer",
        "peer broke    one cut is enough",
        "exit          2: ",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn who_does_not_look_for_more_after_a_short_send_is_told_to() {
    let bench = Bench::new();
    // It sends the rest once it may, and then waits for nothing any more.
    let server = bench.write(
        "server.py",
        "import select, socket\n\
         server = socket.create_server(('127.0.0.1', 0))\n\
         client, _ = server.accept()\n\
         client.setblocking(False)\n\
         poll = select.epoll()\n\
         poll.register(client, select.EPOLLIN)\n\
         left = b''\n\
         while True:\n\
         \x20   for _, events in poll.poll():\n\
         \x20       if events & select.EPOLLIN:\n\
         \x20           if not client.recv(64): raise SystemExit\n\
         \x20           left = b'0123456789'\n\
         \x20       left = left[client.send(left):]\n\
         \x20       if left: poll.modify(client, select.EPOLLOUT)\n\
         \x20       elif events & select.EPOLLOUT: poll.modify(client, 0)\n",
    );
    let peer = bench.write(
        "peer.py",
        "import os, socket\n\
         port = int(os.environ['STICKYLAB_PORT'])\n\
         client = socket.create_connection(('127.0.0.1', port))\n\
         for number in range(2):\n\
         \x20   client.sendall(b'x')\n\
         \x20   client.recv(10, socket.MSG_WAITALL)\n",
    );
    let peer = format!("python3 -B {peer}");
    let trace = super::victim::trace(&[(0, b"x"), (10, b"x"), (20, b"")]);
    let trace = bench.write("client.jsonl", &trace);
    for partner in [["--peer", &peer], ["--replay", &trace]] {
        let flags = [&partner[..], &["--schedule", "s1:1"]].concat();
        let judged = bench.chop(&flags, &["python3", "-B", &server]);
        assert_eq!(judged.code, Some(1), "{partner:?}: {judged:#?}");
        let finding = judged.of_type("finding")[0];
        assert_eq!(finding["whose"], "program", "{partner:?}: {judged:#?}");
    }
}

#[test]
fn random_schedules_that_there_are_none_of_are_told_of() {
    let bench = Bench::new();
    let (server, peer) = short_sends(&bench, "b'0123456789'", "b'x'");
    let flags = ["--peer", &peer, "--side", "send", "--budget", "10m"];
    let judged = bench.chop(&flags, &["python3", "-B", &server]);
    assert_eq!(judged.code, Some(2), "{judged:#?}");
    let families = judged.of_type("family");
    let last = families.last().expect("a family");
    assert_eq!(
        (&last["family"], &last["fate"]),
        (&json!("random"), &json!("not-tried")),
        "{judged:#?}"
    );
}

#[test]
fn a_mistake_of_the_program_is_told_before_one_of_its_peer() {
    let bench = Bench::new();
    // It answers each line, and takes what one recv() returns for one.
    let answer = "b'0123456789' if line.endswith(b'\\n') else b'no such line\\n'";
    let (server, peer) = short_sends(&bench, answer, "b'a line\\n'");
    let flags = ["--peer", &peer, "--budget", "10m"];
    let judged = bench.chop(&flags, &["python3", "-B", &server]);
    assert_eq!(judged.code, Some(1), "{judged:#?}");
    let whose: Vec<_> = judged
        .of_type("finding")
        .iter()
        .map(|finding| finding["whose"].clone())
        .collect();
    assert!(whose.contains(&json!("program")), "{judged:#?}");
    assert!(whose.contains(&json!("peer")), "{judged:#?}");
    assert_eq!(judged.of_type("judged")[0]["verdict"], "broke");
}

#[test]
fn a_framing_that_does_not_fit_is_said_and_is_said_again() {
    let bench = Bench::new();
    let (command, trace) = wrong_header(&bench);
    let words: Vec<_> = command.iter().map(String::as_str).collect();
    for (framing, connections) in [
        ("length-prefix", json!([])),
        ("length-prefix,endian=big", json!([1])),
    ] {
        let flags = [
            "--replay",
            &trace,
            "--schedule",
            "c1:1",
            "--framing",
            framing,
        ];
        let judged = bench.chop(&flags, &words);
        assert_eq!(judged.of_type("judged")[0]["unfitting"], connections);
        let again = judged.of_type("finding")[0]["again"].as_str();
        let again = again.expect("a command");
        assert!(again.contains(&format!("--framing {framing} ")), "{again}");
    }
}

#[test]
fn the_page_has_the_run_as_is_above_the_one_that_broke() {
    let bench = Bench::new();
    let (command, trace) = wrong_header(&bench);
    let found = bench.path("found");
    let flags = ["chop", "--replay", &trace, "--schedule", "c1:1", "--output"];
    let words = command.iter().map(String::as_str);
    let flags = flags.into_iter().chain([&*found, "--page", "--"]);
    let all: Vec<_> = flags.chain(words).collect();
    let mut program = stickylab(&all);
    program.env("PATH", python::path()).env("HOME", "/");
    let mut program = Program::start(&mut program);
    // It is given to the program, all of it.
    program.close_input();
    let line = program
        .err
        .wait_for("the page", |line| line.contains("page http"));
    assert!(line.ends_with("/#yours&compare=1,2"), "{line}");
    program.signal(Signal::INT);
    assert_eq!(program.finish().code, Some(1));
}
