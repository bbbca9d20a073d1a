//! The command that is printed of a finding runs it once more, with all that the program was given.

use std::fs;
use std::process::{Command, Stdio};

use tests::{python, stickylab};

use super::victim::{Bench, Judged};

#[test]
fn the_command_that_is_printed_breaks_it_again() {
    let bench = Bench::new();
    // What it does depends on what it reads, and what it prints is another number each time.
    let server = bench.write(
        "a server.py",
        "import os, socket, sys\n\
         word = sys.stdin.readline().encode()\n\
         print('run -%d' % os.getpid())\n\
         if word != b'hello\\n': raise SystemExit('no word')\n\
         client, _ = socket.create_server(('127.0.0.1', 0)).accept()\n\
         client.sendall(word + client.recv(64))\n",
    );
    let trace = bench.write(
        "client.jsonl",
        &super::victim::trace(&[(0, b"you\n"), (10, b"")]),
    );
    let output = bench.path("what was found");
    let input = bench.write("input", "hello\n");
    let flags = ["chop", "--json", "--replay", &trace, "--mask=-[0-9]+"];
    let flags = [&flags[..], &["--schedule", "c1:1", "--output", &output]].concat();
    let command = ["--", "python3", "-B", &server];
    let run = |mut command: Command, input: Stdio| -> Judged {
        command.env("PATH", python::path()).env("HOME", "/");
        let done = command.stdin(input).output();
        Judged::of(&done.expect("it starts"))
    };
    let opened = fs::File::open(&input).expect("a file");
    let program = stickylab(&[&flags[..], &command].concat());
    let binary = program.get_program().to_owned();
    let judged = run(program, opened.into());
    assert_eq!(judged.code, Some(1), "{judged:#?}");
    let again = judged.of_type("finding")[0]["again"].as_str();
    let again = again.expect("a command");
    let written = bench.path("what was found/chop-c1-1.jsonl");
    fs::remove_file(&written).expect("a trace");
    let mut shell = Command::new("sh");
    let defined = "stickylab() { command=$1; shift; \"$STICKYLAB\" $command --json \"$@\"; }";
    shell
        .env("STICKYLAB", binary)
        .arg("-c")
        .arg(format!("{defined}; {again}"));
    let again = run(shell, Stdio::null());
    assert_eq!(again.code, Some(1), "{again:#?}");
    assert_eq!(again.schedules(), ["c1:1"]);
    assert!(fs::exists(written).expect("a folder"), "{again:#?}");
}
