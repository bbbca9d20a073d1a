//! Writes a run as a pcapng file (draft-ietf-opsawg-pcapng), for Wireshark:
//! one section, an interface for each kind of link, one block a packet, and what was
//! missed. All numbers little-endian.

mod block;
mod comment;
mod headers;
mod packets;
mod synthetic;

use protocol::auth::Scheme;
use protocol::framing::{DEFAULT_MAX_FRAME, LengthPrefix, Width};
use protocol::{Framing, System};

use self::block::{Block, COMMENT};
use self::packets::Packets;
use crate::lane::Direction;
use crate::link::Capture;
use crate::text::grouped;
use crate::{Analysis, Header, Trace};

/// Longest text of a trace that goes into an option, in bytes.
const TEXT: usize = 256;
/// What stands before everything that was made up.
const SYNTHETIC: &str = "synthetic: made up from the calls, not captured";

/// Whether a trace has packets that were captured; else they are made up.
pub fn is_captured(trace: &Trace) -> bool {
    trace.head.capture == Capture::On || trace.events().iter().any(has_headers)
}

fn has_headers(event: &crate::Event) -> bool {
    let header = event.header.as_ref();
    header.is_some_and(|header| !header.raw.is_empty())
}

/// The run's packets with their times; each packet's comment names the send
/// and the recv it carried. If the wire was not captured, headers are made up
/// from the calls, and the comments of the section and of each packet say so.
///
/// Times count from the start of the run.
pub fn write(trace: &Trace, analysis: &Analysis) -> Vec<u8> {
    let real = is_captured(trace);
    let mut file = section(trace, real);
    let packets = Packets::new(trace, &mut file);
    if !real {
        synthetic::packets(trace, analysis, &mut |packet| {
            let mut text = SYNTHETIC.to_owned();
            if let Some(comment) = packet.comment {
                text.push_str("; ");
                text.push_str(&comment);
            }
            let header = Header {
                raw: packet.headers,
                length: u32::try_from(packet.payload.length).ok(),
                ..Header::default()
            };
            let kept = packet.payload.kept;
            packets.put(&mut file, packet.at, &header, kept, Some(&text));
        });
        return file;
    }
    for (index, event) in trace.events().iter().enumerate() {
        if let Some(header) = event.header.as_ref().filter(|_| has_headers(event)) {
            // What somebody else noted about it stays.
            let text = header.comment.as_deref().map(|text| front(text).to_owned());
            let text = text.or_else(|| comment::packet(trace, analysis, index));
            packets.put(&mut file, event.at.0, header, &event.bytes, text.as_deref());
        }
    }
    packets::statistics(trace, &mut file);
    file
}

/// The Section Header Block (4.1), in which the program and the run stand.
fn section(trace: &Trace, real: bool) -> Vec<u8> {
    let mut text = String::new();
    if !real {
        text.push_str(SYNTHETIC);
        text.push_str(match trace.head.capture {
            Capture::NeedsCapNetRaw => " (that needs CAP_NET_RAW)",
            Capture::Unsupported => " (this system can't)",
            _ => "",
        });
        text.push_str(". ");
    }
    match &trace.plan {
        Some(plan) => {
            text.push_str("A run of ");
            text.push_str(plan.system.name());
            text.push_str(" in Sticky Packet Lab. Times count from the start of the run.");
        }
        None => text
            .push_str("A record of Sticky Packet Lab. Times count from the start of the record."),
    }
    if let Some(missed) = trace.missed.filter(|&missed| missed > 0) {
        text.push_str(" Packets that the capture missed: ");
        text.push_str(&grouped(u64::from(missed)));
        text.push('.');
    }
    if trace.head.capture == Capture::On && trace.ending().is_some() && trace.missed.is_none() {
        text.push_str(" The capture broke off before the run was over: later packets are missing.");
    }
    dissect(&mut text, trace, real);
    let mut block = Block::new(0x0A0D_0D0A);
    // The magic tells the byte order; version 1.0; a length nobody knows yet.
    block.u32(0x1A2B_3C4D);
    block.u16(1);
    block.u16(0);
    block.u32(u32::MAX);
    block.u32(u32::MAX);
    block.option(COMMENT, text.as_bytes());
    block.option(3, front(&trace.head.kernel).as_bytes());
    let program = concat!("Sticky Packet Lab ", env!("CARGO_PKG_VERSION"));
    block.option(4, program.as_bytes());
    block.end_options();
    let mut file = Vec::new();
    block.finish(&mut file);
    file
}

/// Which port the server had, and how Wireshark's dissector is told.
fn dissect(text: &mut String, trace: &Trace, real: bool) {
    let port = if real {
        trace.events().iter().find_map(server_port)
    } else {
        Some(synthetic::server(trace).port)
    };
    let Some(port) = port else {
        return;
    };
    let port = port.to_string();
    text.push_str(" The server's port is ");
    text.push_str(&port);
    let Some((protocol, preferences)) = dissector(trace) else {
        text.push('.');
        return;
    };
    let script = match protocol {
        FRAMED => "stickylab-framed.lua",
        _ => "stickylab.lua",
    };
    for part in [
        "; with ",
        script,
        " its messages are taken apart by: -d tcp.port==",
    ] {
        text.push_str(part);
    }
    for part in [&port, ",", protocol] {
        text.push_str(part);
    }
    for (preference, value) in preferences {
        text.push_str(" -o ");
        text.push_str(&quoted(&[protocol, ".", preference, ":", &value].concat()));
    }
}

/// The word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b",=:.-_".contains(&byte);
    if word.bytes().all(is_plain) {
        return word.to_owned();
    }
    ["'", &word.replace('\'', r"'\''"), "'"].concat()
}

/// The dissector's protocol that takes the short form of any framing.
const FRAMED: &str = "stickylab.framed";

/// A length field that stickylab.lua can be told of: a shape, and nothing around it.
fn is_plain(prefix: &LengthPrefix) -> bool {
    let LengthPrefix {
        width,
        endian,
        signed,
        counts_header,
        maximum,
        ..
    } = *prefix;
    let plain = LengthPrefix {
        width,
        endian,
        signed,
        counts_header,
        maximum,
        ..LengthPrefix::default()
    };
    matches!(width, Width::Bytes(1 | 2 | 4 | 8)) && *prefix == plain
}

/// The dissector's protocol, and those of its preferences that are not the default.
fn dissector(trace: &Trace) -> Option<(&'static str, Vec<(&'static str, String)>)> {
    let handshake = trace
        .plan
        .as_ref()
        .filter(|plan| plan.system == System::Auth);
    let framing = trace.framing(Direction::FromOpener);
    let reply = trace.framing(Direction::FromAcceptor);
    let is_plain = reply == Framing::None
        && match &framing {
            Framing::LengthPrefix(prefix) => is_plain(prefix),
            Framing::ReadyAck(_) => true,
            _ => false,
        };
    let protocol = match (handshake.map(|plan| plan.scheme), &framing) {
        (Some(Scheme::HmacMd5), Framing::LengthPrefix(_)) if is_plain => "stickylab.auth",
        (Some(Scheme::MutualSha256), Framing::LengthPrefix(_)) if is_plain => "stickylab.mutual",
        (None, Framing::ReadyAck(_)) if is_plain => "stickylab.ready-ack",
        (None, Framing::LengthPrefix(_)) if is_plain => "stickylab.length-prefix",
        (None, _) => return framed(&framing, &reply),
        _ => return None,
    };
    let mut preferences = Vec::new();
    let maximum = match framing {
        Framing::LengthPrefix(prefix) => {
            let usual = LengthPrefix::default();
            if prefix.width != usual.width {
                preferences.push(("width", prefix.width.to_string()));
            }
            if prefix.endian != usual.endian {
                preferences.push(("endian", "big".to_owned()));
            }
            if prefix.signed != usual.signed {
                preferences.push(("signed", "FALSE".to_owned()));
            }
            if prefix.counts_header != usual.counts_header {
                preferences.push(("counts_header", "TRUE".to_owned()));
            }
            prefix.maximum
        }
        Framing::ReadyAck(ready) => ready.maximum,
        _ => DEFAULT_MAX_FRAME,
    };
    if maximum != DEFAULT_MAX_FRAME {
        preferences.push(("maximum", maximum.to_string()));
    }
    Some((protocol, preferences))
}

/// What takes any framing of bytes alone apart: in ready-ack both directions belong together.
fn framed(
    framing: &Framing,
    reply: &Framing,
) -> Option<(&'static str, Vec<(&'static str, String)>)> {
    let told = [("framing", framing), ("reply", reply)];
    let told = told.into_iter();
    let told: Vec<_> = told
        .filter(|(_, framing)| **framing != Framing::None)
        .collect();
    let is_one_way = |(_, framing): &(&str, &Framing)| !framing.waits_for_ready();
    (!told.is_empty() && told.iter().all(is_one_way)).then(|| {
        let told = told.into_iter();
        let told = told.map(|(name, framing)| (name, crate::framing::write(framing)));
        (FRAMED, told.collect())
    })
}

/// The server's port, from a packet's own headers.
fn server_port(event: &crate::Event) -> Option<u16> {
    let [from, to] = event.header.as_ref()?.ports()?;
    Some(match event.end {
        crate::End::Acceptor => from,
        crate::End::Opener => to,
    })
}

/// As much of a text as an option may hold.
fn front(text: &str) -> &str {
    let end = (0..=TEXT.min(text.len())).rfind(|&at| text.is_char_boundary(at));
    &text[..end.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Call, ClientId, Event, Experiment};
    use protocol::Nanos;

    fn trace(kernel: &str, capture: Capture) -> Trace {
        let experiment = Experiment::new(System::TcpEcho, &["hi"]);
        Trace::new(experiment, crate::link::Head::new(kernel, capture))
    }

    fn written(trace: &Trace) -> String {
        let file = write(trace, &Analysis::new(trace));
        assert_eq!(file.len() % 4, 0);
        String::from_utf8_lossy(&file).into_owned()
    }

    #[test]
    fn the_section_says_what_it_is() {
        let file = write(&trace("Linux 6.18", Capture::On), &Analysis::default());
        assert_eq!(file[..4], [0x0A, 0x0D, 0x0D, 0x0A]);
        #[rustfmt::skip]
        let fixed = [
            0x4D, 0x3C, 0x2B, 0x1A, 1, 0, 0, 0,
            0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        ];
        assert_eq!(file[8..24], fixed);
        // Its length stands at both of its ends, and the interface behind it.
        let length = usize::from(file[4]);
        assert_eq!(file[4..8], file[length - 4..length]);
        assert_eq!(file[length..length + 4], [1, 0, 0, 0]);
        let text = written(&trace("Linux 6.18", Capture::On));
        assert!(
            text.contains("Linux 6.18") && !text.contains("synthetic"),
            "{text}"
        );
        let text = written(&trace("Linux", Capture::NeedsCapNetRaw));
        assert!(
            text.contains("not captured (that needs CAP_NET_RAW)"),
            "{text}"
        );
        // A name of any length, cut between its characters.
        let long = "粘".repeat(100_000);
        let text = written(&trace(&long, Capture::On));
        assert!(text.contains(&"粘".repeat(85)) && !text.contains(&"粘".repeat(86)));
    }

    #[test]
    fn captured_packets_are_written_as_they_were() {
        let mut trace = trace("Linux", Capture::On);
        let hi = || b"hi".to_vec();
        trace.insert(Event {
            bytes: hi(),
            ..Event::new(Nanos(1), ClientId::FIRST.opener(), Call::Send)
        });
        trace.insert(Event {
            bytes: hi(),
            header: Some(Header {
                raw: b"HEADER".to_vec(),
                ..Header::default()
            }),
            ..Event::new(Nanos(2), ClientId::FIRST.opener(), Call::Segment)
        });
        let text = written(&trace);
        assert!(text.contains("HEADERhi\u{1}\0"), "{text:?}");
        assert!(text.contains("bytes of send() #1 of client 1"), "{text:?}");
    }

    #[test]
    fn the_advice_for_the_dissector_follows_the_framing() {
        let advice = |system, framing: Option<&str>, scheme| {
            let mut experiment = Experiment::new(system, &["hi"]);
            experiment.framing = framing.map(|json| serde_json::from_str(json).unwrap());
            experiment.scheme = scheme;
            let trace = Trace::new(experiment, crate::link::Head::new("", Capture::On));
            let (protocol, preferences) = dissector(&trace)?;
            let told = preferences.iter();
            let told = told.map(|(name, value)| format!(" {name}:{value}"));
            Some(protocol.to_owned() + &told.collect::<String>())
        };
        let article = Scheme::HmacMd5;
        let check = |system, framing, scheme, expected: Option<&str>| {
            assert_eq!(advice(system, framing, scheme).as_deref(), expected);
        };
        let prefix = System::LengthPrefix;
        check(prefix, None, article, Some("stickylab.length-prefix"));
        let wide = r#"{"kind":"length-prefix","width":2,"endian":"big","signed":false}"#;
        let told = "stickylab.length-prefix width:2 endian:big signed:FALSE";
        check(prefix, Some(wide), article, Some(told));
        let counts = r#"{"kind":"length-prefix","counts-header":true,"maximum":9}"#;
        let told = "stickylab.auth counts_header:TRUE maximum:9";
        check(System::Auth, Some(counts), article, Some(told));
        check(
            System::Auth,
            None,
            Scheme::MutualSha256,
            Some("stickylab.mutual"),
        );
        check(System::ReadyAck, None, article, Some("stickylab.ready-ack"));
        let lines = r#"{"kind":"delimiter"}"#;
        check(System::Auth, Some(lines), article, None);
        let told = "stickylab.framed framing:delimiter";
        check(prefix, Some(lines), article, Some(told));
        let wide = r#"{"kind":"length-prefix","width":3,"endian":"big"}"#;
        let told = "stickylab.framed framing:length-prefix,endian=big,width=3";
        check(prefix, Some(wide), article, Some(told));
        check(System::Auth, Some(wide), article, None);
        assert_eq!(
            quoted("a.framing:cobs,maximum=9"),
            "a.framing:cobs,maximum=9"
        );
        assert_eq!(quoted(r"a:d,delimiter=\r'"), r"'a:d,delimiter=\r'\'''");
        check(System::TcpEcho, None, article, None);
    }
}
