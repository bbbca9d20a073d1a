//! Where a server's messages go: nowhere, or to standard output, one a line.

use std::net::SocketAddr;

use protocol::System;
use serde::Serialize;

use crate::printable;
use crate::printer::{Printer, Share};

/// Most bytes of a message that are printed. Escaped they can be four times,
/// as JSON eight times as many.
pub const SHOWN: usize = 16 * 1024;

/// What a server does with the messages it has received.
#[derive(Clone, Debug, Default)]
pub enum Report {
    /// Nothing.
    #[default]
    Silent,
    /// Prints `message <system> <peer> <text>`, the text escaped
    /// (see [`printable::escape`]). Of a message longer than [`SHOWN`] it
    /// prints the beginning, then `\\... <length> bytes in all`, which no
    /// escaped text contains.
    Lines(Printer),
    /// Prints a JSON object: system, peer, the bytes in hex, and the text if
    /// they are UTF-8. Of a message longer than [`SHOWN`] both are the
    /// beginning, and `length` tells how many bytes it had.
    Json(Printer),
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
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<usize>,
}

impl Report {
    /// `peer` has sent `body`. Never waits.
    pub fn message(&self, system: System, peer: SocketAddr, body: &[u8]) {
        let (printer, line): (_, Line) = match self {
            Self::Silent => return,
            Self::Lines(printer) => (printer, text),
            Self::Json(printer) => (printer, json),
        };
        if !printer.refuses(beginning(body).len()) {
            printer.print(&line(system, peer, body));
        }
    }

    /// For the messages of one connection.
    pub fn of_connection(&self) -> Messages {
        match self {
            Self::Silent => Messages::Silent,
            Self::Lines(printer) => Messages::Printed(printer.share(), text),
            Self::Json(printer) => Messages::Printed(printer.share(), json),
        }
    }
}

/// Makes the line of a message: system, sender, bytes.
pub type Line = fn(System, SocketAddr, &[u8]) -> String;

/// The messages of one connection.
#[derive(Debug)]
pub enum Messages {
    /// They are not printed.
    Silent,
    /// They are printed as the function says.
    Printed(Share, Line),
}

impl Messages {
    /// `peer` has sent `body`. If many of its messages have not been written
    /// yet, waits for them, as long as somebody reads.
    pub async fn message(&mut self, system: System, peer: SocketAddr, body: &[u8]) {
        if let Self::Printed(share, line) = self {
            share.room().await;
            if !share.refuses(beginning(body).len()) {
                share.print(&line(system, peer, body));
            }
        }
    }
}

fn text(system: System, peer: SocketAddr, body: &[u8]) -> String {
    let shown = printable::escape(beginning(body));
    match body.len() {
        0..=SHOWN => format!("message {system} {peer} {shown}"),
        length => format!("message {system} {peer} {shown}\\... {length} bytes in all"),
    }
}

fn json(system: System, peer: SocketAddr, body: &[u8]) -> String {
    let shown = beginning(body);
    let message = Message {
        kind: "message",
        system,
        peer,
        text: std::str::from_utf8(shown).ok(),
        bytes: trace::hex::encode(shown),
        length: Some(body.len()).filter(|length| *length > SHOWN),
    };
    printable::json(&message).expect("text, numbers and names are JSON")
}

/// What is printed of a message; no character is cut in two.
fn beginning(body: &[u8]) -> &[u8] {
    if body.len() <= SHOWN {
        return body;
    }
    let is_border = |at: &usize| body[*at] & 0xc0 != 0x80;
    // A character has four bytes at most (RFC 3629).
    let border = (SHOWN - 3..=SHOWN).rev().find(is_border);
    &body[..border.unwrap_or(SHOWN)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: SocketAddr =
        SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 5000);

    fn check(line: Line, body: &[u8], expected: &str) {
        assert_eq!(line(System::TcpEcho, PEER, body), expected);
    }

    #[test]
    fn one_line_a_message() {
        check(
            text,
            b"\xe7\nlistening auth",
            r"message tcp-echo 127.0.0.1:5000 \xE7\nlistening auth",
        );
        check(
            json,
            b"hi\n",
            r#"{"type":"message","system":"tcp-echo","peer":"127.0.0.1:5000","text":"hi\n","bytes":"68690a"}"#,
        );
        check(
            json,
            b"\xff",
            r#"{"type":"message","system":"tcp-echo","peer":"127.0.0.1:5000","bytes":"ff"}"#,
        );
    }

    #[test]
    fn a_long_message_is_cut_and_its_length_told() {
        let whole = vec![b'x'; SHOWN];
        let line = text(System::Auth, PEER, &whole);
        assert!(line.ends_with("xxx"), "{}", line.len());
        let long = vec![0xff; 1 << 20];
        let line = text(System::Auth, PEER, &long);
        assert!(line.ends_with(r"\xFF\... 1048576 bytes in all"));
        assert!(line.len() < 4 * SHOWN + 100, "{}", line.len());
        let line = json(System::Auth, PEER, &long);
        assert!(line.ends_with(r#"ff","length":1048576}"#));
        assert!(line.len() < 2 * SHOWN + 200, "{}", line.len());
        // The worst of all: in JSON a control character is six.
        let line = json(System::Auth, PEER, &vec![1; 1 << 20]);
        assert!(line.contains("\\u0001") && line.len() < 8 * SHOWN + 200);
    }

    #[test]
    fn no_character_is_cut_in_two() {
        let length = |start: usize| {
            let mut body = vec![b'x'; start];
            body.resize_with(SHOWN + 100, || b'y');
            let at = start.min(SHOWN);
            body[at..at + 4].copy_from_slice("\u{1f600}".as_bytes());
            beginning(&body).len()
        };
        for start in SHOWN - 3..SHOWN {
            assert_eq!(length(start), start);
        }
        assert_eq!(length(SHOWN), SHOWN);
        assert_eq!(length(SHOWN - 4), SHOWN);
        assert_eq!(beginning(&vec![0x80; SHOWN + 1]).len(), SHOWN);
    }
}
