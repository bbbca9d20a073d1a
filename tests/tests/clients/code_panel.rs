//! The delimiter clients that the page's code panel shows, built and run: a
//! message that its own mark would end early is never sent.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tests::{Listener, Program, python, run, workspace};

const C: &str = r#"
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#define MARK "||"
#define MARK_LEN 2
static ssize_t send_all(int fd, const char *buf, size_t n) {
    return send(fd, buf, n, 0) == (ssize_t)n ? 0 : -1;
}
int main(int argc, char **argv) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_port = htons(atoi(argv[1]));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct sockaddr *server = (struct sockaddr *)&address;
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char **messages = argv + 2, buf[1024];
    size_t count = argc - 2;
"#;
const PYTHON: &str = r#"
import sys
from socket import SHUT_WR, create_connection
DELIMITER, BUFFER = b"||", 1024
server, messages = ("127.0.0.1", int(sys.argv[1])), sys.argv[2:]
"#;
const RUST: &str = r#"
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
const DELIMITER: &[u8] = b"||";
const BUFFER: usize = 1024;
fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut messages: Vec<String> = std::env::args().skip(1).collect();
    let port: u16 = messages.remove(0).parse()?;
    let server = ("127.0.0.1", port);
"#;

/// A program around the snippet with this ending, in `folder`.
fn source(folder: &Path, front: &str, ending: &str, behind: &str) -> PathBuf {
    let snippet = workspace::read(format!("static/code/delimiter.client.{ending}"));
    let path = folder.join(format!("client.{ending}"));
    fs::write(&path, [front, &snippet, behind].concat()).expect("a file");
    path
}

fn build(compiler: &str, source: &Path, program: &Path) {
    let mut command = Command::new(compiler);
    command.arg(source).arg("-o").arg(program);
    let finished = run(command, b"");
    assert_eq!(finished.code, Some(0), "{finished:?}");
}

/// What arrives of `messages`, and whether the program ended well.
fn sent(mut program: Command, messages: &[&str]) -> (String, bool) {
    let listener = Listener::new();
    program.arg(listener.address().port().to_string());
    let program = Program::start(program.args(messages));
    let arrived = listener.accept().rest();
    let arrived = String::from_utf8(arrived).expect("ASCII");
    (arrived, program.finish().code == Some(0))
}

#[test]
#[cfg(target_os = "linux")]
fn the_shown_clients_refuse_what_would_come_out_as_two() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let c = source(folder, C, "c", "return 0; }");
    let rust = source(folder, RUST, "rs", "Ok(()) }");
    let script = source(folder, PYTHON, "py", "");
    let (by_c, by_rust) = (folder.join("by-c"), folder.join("by-rust"));
    build("cc", &c, &by_c);
    build("rustc", &rust, &by_rust);
    let programs: [(&str, &dyn Fn() -> Command); 3] = [
        ("C", &|| Command::new(&by_c)),
        ("Rust", &|| Command::new(&by_rust)),
        ("Python", &|| {
            let mut command = python::python();
            command.arg(&script);
            command
        }),
    ];
    for (language, program) in programs {
        for (messages, expected, is_well) in [
            (&["a|b", "", "|c"][..], "a|b|||||c||", true),
            (&["ok", "x|"], "ok||", false),
            (&["ok", "y||z"], "ok||", false),
        ] {
            let (arrived, ended_well) = sent(program(), messages);
            assert_eq!(arrived, expected, "{language}: {messages:?}");
            assert_eq!(ended_well, is_well, "{language}: {messages:?}");
        }
    }
}
