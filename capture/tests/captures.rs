//! Capture files byte by byte, and what they observed.

#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

#[path = "captures/build.rs"]
mod build;
#[path = "captures/doubles.rs"]
mod doubles;
#[path = "captures/files.rs"]
mod files;
#[path = "captures/fragments.rs"]
mod fragments;
#[path = "captures/fronts.rs"]
mod fronts;
#[path = "captures/links.rs"]
mod links;
#[path = "captures/properties.rs"]
mod properties;
#[path = "captures/streams.rs"]
mod streams;

use std::fmt::Write as _;

use capture::{Choice, Contents, read};
use record::Event;

/// All that the file with these bytes observed.
fn contents(file: &[u8]) -> Contents {
    read(file, Choice::All, usize::MAX).expect("a capture")
}

/// An event as `#0 opener 0+5 ack 3 PSH,ACK`, a datagram without the last three.
fn line(event: &Event) -> String {
    let header = event.header.as_ref().expect("a packet has one");
    let mut line = format!(
        "#{} {} {}+{}",
        event.connection.0,
        event.end,
        event.offset,
        event.len()
    );
    if let Some(length) = header.length {
        write!(line, " of {length}").unwrap();
    }
    if header.flags.0 != 0 {
        write!(line, " ack {} {}", header.ack, header.flags.names()).unwrap();
    }
    line
}

/// The events of a file.
fn check(file: &[u8], expected: &[&str]) -> Contents {
    let contents = contents(file);
    let lines: Vec<_> = contents.record.events().iter().map(line).collect();
    assert_eq!(lines, expected);
    // A list says of each connection what its events say.
    let listed = capture::list(file).expect("a capture");
    assert_eq!(listed.connections, contents.connections);
    let summaries = contents.record.summaries();
    for (connection, summary) in &contents.connections {
        assert_eq!(summaries[&connection.connection], *summary);
    }
    contents
}
