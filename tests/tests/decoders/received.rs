//! `stickylab decoder --test-from`: a test with what was received in a trace. It passes with
//! the generated decoder, and fails where another message is expected.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tests::events::hex;
use tests::{Finished, installed, python, run, stickylab};

/// A trace of one connection, whose opener received these chunks, and then the end.
fn trace(chunks: &[&[u8]]) -> String {
    let calls = chunks.iter().map(|chunk| ("recv", *chunk));
    conversation(&calls.collect::<Vec<_>>())
}

/// A trace of one connection, whose opener made these calls and received the end; those called
/// `acceptor send` and `acceptor recv` are of the acceptor.
fn conversation(calls: &[(&str, &[u8])]) -> String {
    let mut lines = vec![
        r#"{"type":"run","version":5,"run":0,"kernel":"","capture":"unknown"}"#.to_owned(),
        r#"{"type":"party","party":1,"name":"client"}"#.to_owned(),
        r#"{"type":"connection","connection":1,"transport":"tcp","opener":{"party":1,"address":"127.0.0.1:5000","observed":{"calls":true}},"acceptor":{"address":"127.0.0.1:6379"}}"#.to_owned(),
    ];
    if calls.iter().any(|(call, _)| call.starts_with("acceptor")) {
        lines[1] += "\n{\"type\":\"party\",\"party\":2,\"name\":\"server\"}";
        let watched = r#""acceptor":{"party":2,"observed":{"calls":true},"#;
        lines[2] = lines[2].replace(r#""acceptor":{"#, watched);
    }
    let all = calls.iter().copied().chain([("recv", &b""[..])]);
    let mut sent = 0;
    for (index, (call, bytes)) in all.enumerate() {
        let offset = if call == "send" { sent } else { 0 };
        sent += if call == "send" { bytes.len() } else { 0 };
        let (party, end, call) = match call.split_once(' ') {
            Some((end, call)) => (2, end, call),
            None => (1, "opener", call),
        };
        lines.push(format!(
            r#"{{"type":"event","at":{},"party":{party},"connection":1,"end":"{end}","call":"{call}","offset":{offset},"asked":64,"bytes":"{}"}}"#,
            (index + 1) * 1000,
            hex(bytes)
        ));
    }
    let events = calls.len() + 1;
    lines.push(format!(
        r#"{{"type":"ended","events":{events},"why":"finished"}}"#
    ));
    lines.join("\n") + "\n"
}

/// A framing, and what is received.
struct Received {
    framing: &'static str,
    chunks: &'static [&'static [u8]],
}

const RECEIVED: [Received; 7] = [
    Received {
        framing: "length-prefix,width=2,endian=big,signed=false",
        chunks: &[b"\0\x05he", b"llo\0\x03a??\0", b"\x04good\0\x09cut"],
    },
    Received {
        framing: "json",
        chunks: &[b"{\"a\":1}[\"good", b"\"] 12", b"34"],
    },
    Received {
        framing: "delimiter,delimiter=hex:00",
        chunks: &[b"good\0\"\n\\\xff\0\0"],
    },
    Received {
        framing: "none",
        chunks: &[b"goo", b"good"],
    },
    Received {
        framing: "delimiter,delimiter=\\n,delimiter=\\r\\n,delimiter=\\r,maximum=5,resynchronise=true",
        chunks: &[b"a\ntoo ", b"long", b"\ngood\r"],
    },
    Received {
        framing: "ready-ack",
        chunks: &[b"5", b"he", b"llo", b"4\n", b"good", b"0\n"],
    },
    Received {
        framing: "cobs,maximum=5,resynchronise=true",
        chunks: &[b"\x02a\0\x09", b"b\0\x05", b"good\0cut"],
    },
];

fn decoder(arguments: &[&str], input: &str) -> String {
    let finished = run(
        stickylab(&[&["decoder"], arguments].concat()),
        input.as_bytes(),
    );
    assert_eq!(finished.code, Some(0), "{finished:?}");
    finished.out.join("\n") + "\n"
}

/// Runs the tests of a language with `test`, which gets a folder with the decoder in the file
/// called `frames` and the test in the file called `name`. `good` is in a message as the
/// language writes it, and `evil` is another one.
fn check(
    language: &str,
    [frames, name]: [&str; 2],
    [good, evil]: [&str; 2],
    test: impl Fn(&Path) -> Vec<Command>,
) {
    for Received { framing, chunks } in RECEIVED {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        let told = ["--framing", framing, "--language", language];
        let write = |name: &str, text: &str| fs::write(folder.join(name), text).expect("a file");
        write(frames, &decoder(&told, ""));
        let source = decoder(&[&told[..], &["--test-from", "-"]].concat(), &trace(chunks));
        write(name, &source);
        let done = all(test(folder), folder);
        assert!(done.status.success(), "{framing}: {done:?}\n{source}");
        // The last time it stands there is in a message.
        let at = source.rfind(good).expect("a message has it");
        write(
            name,
            &[&source[..at], evil, &source[at + good.len()..]].concat(),
        );
        let done = all(test(folder), folder);
        assert!(!done.status.success(), "{framing}: {done:?}");
        let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
        assert!(said.contains("message"), "{framing}: {said}");
    }
}

/// Runs commands until one fails: what the last one said.
fn all(commands: Vec<Command>, folder: &Path) -> Output {
    let mut last = None;
    for mut command in commands {
        let done = command.current_dir(folder).output();
        let done = done.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let is_well = done.status.success();
        last = Some(done);
        if !is_well {
            break;
        }
    }
    last.expect("a command")
}

#[test]
fn in_python() {
    check("python", ["frames.py", "test.py"], ["good", "evil"], |_| {
        let mut program = python::python();
        program.arg("test.py");
        vec![program]
    });
}

#[test]
fn in_javascript() {
    let names = ["frames.mjs", "test.mjs"];
    check("javascript", names, [&hex(b"good"), &hex(b"evil")], |_| {
        let mut program = Command::new(installed("NODE", "node"));
        program.arg("test.mjs");
        vec![program]
    });
}

#[test]
fn in_go() {
    check(
        "go",
        ["frames.go", "frames_test.go"],
        ["good", "evil"],
        |folder| {
            fs::write(folder.join("go.mod"), "module frames\n\ngo 1.18\n").expect("a file");
            let mut program = super::languages::go_in(folder);
            program.arg("test");
            vec![program]
        },
    );
}

#[test]
fn in_java() {
    let names = ["Frames.java", "FramesTest.java"];
    check("java", names, [&hex(b"good"), &hex(b"evil")], |_| {
        let mut compiler = Command::new(installed("JAVAC", "javac"));
        compiler.args(["Frames.java", "FramesTest.java"]);
        let mut program = Command::new(installed("JAVA", "java"));
        program.args(["-Xshare:auto", "-XX:TieredStopAtLevel=1", "FramesTest"]);
        vec![compiler, program]
    });
}

#[test]
fn in_c() {
    check("c", ["frames.h", "test.c"], ["good", "evil"], |folder| {
        let mut compiler = Command::new("cc");
        compiler.args([
            "-std=c11", "-Wall", "-Wextra", "-Werror", "test.c", "-o", "test",
        ]);
        vec![compiler, Command::new(folder.join("test"))]
    });
}

#[test]
fn in_rust() {
    check(
        "rust",
        ["frames.rs", "test.rs"],
        ["good", "evil"],
        |folder| {
            let mut compiler = Command::new("rustc");
            compiler.args(["--edition", "2021", "-D", "warnings", "-C", "debuginfo=0"]);
            compiler.args(["--test", "test.rs", "-o", "test"]);
            vec![compiler, Command::new(folder.join("test"))]
        },
    );
}

fn refused(arguments: &[&str], input: &str) -> String {
    let told = [
        "decoder",
        "--framing",
        "json",
        "--language",
        "c",
        "--test-from",
        "-",
    ];
    let finished: Finished = run(stickylab(&[&told, arguments].concat()), input.as_bytes());
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.out.is_empty(), "{finished:?}");
    finished.err.join("\n")
}

#[test]
fn what_is_to_be_tested_is_there_and_is_one_direction() {
    let one = trace(&[b"[1]"]);
    let said = refused(&["--connection", "7"], &one);
    assert!(said.contains("has no connection 7"), "{said}");
    let said = refused(&["--direction", "opener"], &one);
    assert!(said.contains("no bytes of a stream"), "{said}");
    let both = one.replace(
        r#"{"type":"ended","events":2"#,
        "{\"type\":\"event\",\"at\":9000,\"party\":1,\"connection\":1,\"end\":\"opener\",\
         \"call\":\"send\",\"asked\":3,\"bytes\":\"5b325d\"}\n{\"type\":\"ended\",\"events\":3",
    );
    let said = refused(&[], &both);
    assert!(
        said.contains("--direction opener or --direction acceptor"),
        "{said}"
    );
    // Of one call only the first byte was kept.
    let cut = one.replace(r#""bytes":"5b315d""#, r#""length":3,"bytes":"5b""#);
    let cut = cut.replace(r#""run":0,"#, r#""run":0,"snap":1,"#);
    let said = refused(&[], &cut);
    assert!(said.contains("the bytes from 1 on"), "{said}");
    let said = refused(&[], "no trace\n");
    assert!(said.contains("neither a trace nor a capture"), "{said}");
    // A file is replaced as a whole, and not where nothing is to be written.
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("test.c");
    let path = file.display().to_string();
    refused(&["--output", &path], &both);
    assert!(!file.exists());
    let told = ["--framing", "json", "--language", "c", "--test-from", "-"];
    let chosen = ["--direction", "opener", "--output", &path];
    let printed = decoder(&[&told[..], &chosen].concat(), &both);
    assert_eq!(printed.trim(), "");
    let written = fs::read_to_string(&file).expect("it was written");
    assert!(written.contains("what each send was given"), "{written}");
}

#[test]
fn a_name_of_a_file_is_no_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(r"a\u000aclass Evil {}");
    fs::write(&file, trace(&[b"[1]"])).expect("a file");
    let path = file.display().to_string();
    let told = [
        "--framing",
        "json",
        "--language",
        "java",
        "--test-from",
        &path,
    ];
    let source = decoder(&told, "");
    // Java reads such an escape in comments too.
    assert!(!source.contains(r"\u"), "{source}");
    assert!(source.contains(r"a\x5cu000aclass Evil"), "{source}");
}

/// What proves who somebody is stands in front of the frames, and is none of them.
#[test]
fn a_test_begins_behind_the_handshake() {
    let ran = run(stickylab(&["run", "auth-accepted", "--json"]), b"");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let told = [
        "--framing",
        "length-prefix",
        "--language",
        "python",
        "--direction",
        "opener",
        "--test-from",
        "-",
    ];
    let source = decoder(&told, &(ran.out.join("\n") + "\n"));
    // Whether the message comes with its header is up to the kernel.
    let begins = "CHUNKS = [\n    b\"\\x05\\x00\\x00\\x00";
    assert!(source.contains(begins), "{source}");
    assert!(
        source.contains("MESSAGES = [\n    b\"hello\",\n"),
        "{source}"
    );
}

/// The elements of a list in a test in Python.
fn list(source: &str, name: &str) -> Vec<String> {
    let begin = [name, " = [\n"].concat();
    let (_, behind) = source.split_once(&begin).expect("a list");
    let (list, _) = behind.split_once("]\n").expect("its end");
    list.lines().map(|line| line.trim().to_owned()).collect()
}

#[test]
fn a_silence_is_where_the_reader_answered() {
    let told = ["--framing", "ready-ack", "--language", "python"];
    let from = ["--test-from", "-", "--direction", "acceptor"];
    let source = |calls: &[(&str, &[u8])]| decoder(&[told, from].concat(), &conversation(calls));
    let calls: [(&str, &[u8]); 7] = [
        ("recv", b"1"),
        ("recv", b"1"),
        ("send", b"ready"),
        ("recv", b"hello"),
        ("recv", b", you!"),
        ("recv", b"0\n"),
        ("send", b"ready"),
    ];
    let source_of_one = source(&calls);
    let chunks = [
        r#"b"1","#,
        r#"b"1","#,
        r#"b"","#,
        r#"b"hello","#,
        r#"b", you!","#,
        r#"b"0\n","#,
    ];
    assert_eq!(
        list(&source_of_one, "CHUNKS")[..6],
        chunks,
        "{source_of_one}"
    );
    let messages = [r#"b"hello, you!","#, r#"b"","#];
    assert_eq!(list(&source_of_one, "MESSAGES"), messages);
    // When the other end received the answer does not matter.
    let calls: [(&str, &[u8]); 7] = [
        ("acceptor send", b"12hello, you!!10"),
        ("recv", b"12"),
        ("send", b"ready"),
        ("recv", b"hello, "),
        ("recv", b"you!!1"),
        ("acceptor recv", b"ready"),
        ("recv", b"0"),
    ];
    let source_of_both = source(&calls);
    let chunks = [
        r#"b"12","#,
        r#"b"","#,
        r#"b"hello, ","#,
        r#"b"you!!1","#,
        r#"b"0","#,
    ];
    assert_eq!(list(&source_of_both, "CHUNKS"), chunks, "{source_of_both}");
}
