//! Where a server's messages go: nowhere, or to standard output, one a line.

use std::io::Write as _;
use std::net::SocketAddr;

use protocol::System;
use serde::Serialize;
use tracing::debug;

use crate::printable;

/// What a server does with the messages it has received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Report {
    /// Nothing.
    #[default]
    Silent,
    /// Prints `message <system> <peer> <text>`, the text escaped
    /// (see [`printable::escape`]).
    Lines,
    /// Prints a JSON object: system, peer, the bytes in hex, and the text if
    /// they are UTF-8.
    Json,
}

#[derive(Serialize)]
struct Message<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    system: System,
    peer: SocketAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    bytes: String,
}

impl Report {
    /// `peer` has sent `body`.
    pub fn message(self, system: System, peer: SocketAddr, body: &[u8]) {
        if let Some(line) = self.line(system, peer, body) {
            print_line(&line);
        }
    }

    fn line(self, system: System, peer: SocketAddr, body: &[u8]) -> Option<String> {
        match self {
            Self::Silent => None,
            Self::Lines => Some(format!(
                "message {system} {peer} {}",
                printable::escape(body)
            )),
            Self::Json => {
                let message = Message {
                    kind: "message",
                    system,
                    peer,
                    text: std::str::from_utf8(body).ok(),
                    bytes: trace::hex::encode(body),
                };
                serde_json::to_string(&message).ok()
            }
        }
    }
}

/// Prints `line` at once. A closed standard output stops no server.
pub fn print_line(line: &str) {
    let mut out = std::io::stdout().lock();
    if let Err(error) = writeln!(out, "{line}").and_then(|()| out.flush()) {
        debug!("standard output: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(report: Report, body: &[u8], expected: Option<&str>) {
        let peer = SocketAddr::from(([127, 0, 0, 1], 5000));
        let line = report.line(System::TcpEcho, peer, body);
        assert_eq!(line.as_deref(), expected);
    }

    #[test]
    fn one_line_a_message() {
        check(Report::Silent, b"hi", None);
        check(
            Report::Lines,
            b"\xe7\nlistening auth",
            Some(r"message tcp-echo 127.0.0.1:5000 \xE7\nlistening auth"),
        );
        check(
            Report::Json,
            b"hi\n",
            Some(
                r#"{"type":"message","system":"tcp-echo","peer":"127.0.0.1:5000","text":"hi\n","bytes":"68690a"}"#,
            ),
        );
        check(
            Report::Json,
            b"\xff",
            Some(r#"{"type":"message","system":"tcp-echo","peer":"127.0.0.1:5000","bytes":"ff"}"#),
        );
    }
}
