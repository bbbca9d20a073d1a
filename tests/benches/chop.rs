//! How many schedules `stickylab chop` tries in a second: of a small C server and of one in
//! Python, each with a fresh start and as one that goes on. And how many of the places of a
//! stream of 200 bytes it has cut in five seconds. Each figure is printed as a line of JSON.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tests::{python, recorded, stickylab};

const ROUNDS: usize = 7;
/// How long each is tried.
const BUDGET: &str = "3s";
const LONGER: &str = "5s";

/// An echo server for one connection after the other.
const C: &str = r"
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
int main(void) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int server = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(server, (struct sockaddr *)&address, sizeof address) || listen(server, 8)) return 1;
  for (;;) {
    int conn = accept(server, NULL, NULL);
    char bytes[4096];
    ssize_t count;
    while ((count = read(conn, bytes, sizeof bytes)) > 0)
      for (ssize_t sent = 0, more; sent < count; sent += more)
        if ((more = write(conn, bytes + sent, (size_t)(count - sent))) <= 0) return 1;
    close(conn);
  }
}
";
const PYTHON: &str = "\
import socket
server = socket.create_server(('127.0.0.1', 0))
while True:
    conn, _ = server.accept()
    with conn:
        while data := conn.recv(4096):
            conn.sendall(data)
";

fn main() {
    // `cargo bench` adds its own flag; a number of rounds may stand beside it.
    let rounds = std::env::args().find_map(|word| word.parse().ok());
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| {
        let path = folder.path().join(name);
        path.to_str().expect("text").to_owned()
    };
    let [source, compiled, script, short, long, found] = [
        "echo.c",
        "echo",
        "echo.py",
        "short.jsonl",
        "long.jsonl",
        "found",
    ]
    .map(path);
    fs::write(&source, C).expect("a file");
    fs::write(&script, PYTHON).expect("a file");
    let built = Command::new("cc")
        .args(["-O2", "-o", &compiled, &source])
        .status();
    assert!(built.expect("cc starts").success());
    // Each byte comes back, and then the connection ends.
    for (file, bytes) in [(&short, &[b'x'; 16][..]), (&long, &[b'x'; 200])] {
        let steps = [(0, bytes), (bytes.len(), b"")];
        fs::write(file, recorded::client(&steps)).expect("a file");
    }
    let c = [&*compiled];
    let in_python = ["python3", "-B", &*script];
    let mut figures: Vec<(&str, &str, Vec<f64>)> = Vec::new();
    let mut add = |what, unit, value| match figures.iter_mut().find(|(known, ..)| *known == what) {
        Some((.., values)) => values.push(value),
        None => figures.push((what, unit, vec![value])),
    };
    for round in 0..rounds.unwrap_or(ROUNDS) {
        eprintln!("chop: round {round}");
        for (what, flags, command) in [
            ("fresh-c", &[][..], &c[..]),
            ("reuse-c", &["--reuse"], &c),
            ("fresh-python", &[], &in_python),
            ("reuse-python", &["--reuse"], &in_python),
        ] {
            let lines = chop(&found, (&short, BUDGET), flags, command);
            let judged = lines.last().expect("a line");
            let number = |name: &str| judged[name].as_f64().expect("a number");
            assert_eq!(judged["survived"], true, "{what}: {judged}");
            add(what, "schedules/s", number("schedules") / number("seconds"));
        }
        let lines = chop(&found, (&long, LONGER), &["--side", "recv"], &c);
        let cuts = lines.iter().find(|line| line["family"] == "single-cuts");
        let tried = cuts.and_then(|cuts| cuts["tried"].as_f64());
        add("places", "places", tried.expect("a number"));
    }
    for (what, unit, rounds) in figures {
        let line = json!({"what": what, "subject": "stickylab", "unit": unit, "rounds": rounds});
        println!("{line}");
    }
}

/// What `chop --json` says of a server, to which a recorded client talks.
fn chop(
    found: &str,
    (client, budget): (&str, &str),
    flags: &[&str],
    server: &[&str],
) -> Vec<Value> {
    let own = [
        "chop", "--json", "--output", found, "--budget", budget, "--replay", client,
    ];
    let mut command = stickylab(&[&own, flags, &["--"], server].concat());
    command.env("PATH", python::path()).env("HOME", "/");
    let done = command.stdin(Stdio::null()).output().expect("it starts");
    assert!(
        done.status.success(),
        "{}: {done:?}",
        Path::new(server[0]).display()
    );
    let text = String::from_utf8_lossy(&done.stdout);
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}
