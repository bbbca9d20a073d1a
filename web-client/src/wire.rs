//! Reads the gateway's lines.
//!
//! `serde_json` reads them too, in `trace::link`, and says precisely what is
//! wrong with a broken one. The page has no use for that, and its code would be
//! a fifth of the page's: so here it is `miniserde`, and one flat object.

use miniserde::Deserialize;
use miniserde::json;
use protocol::{Nanos, Offset};
use trace::link::{Capture, Ending};
use trace::{Actor, Call, ClientId, Counts, Event, Flags, Header, Socket, hex};

use crate::app::Heard;

/// Every field that a line can have.
#[derive(Deserialize)]
struct Fields {
    #[serde(rename = "type")]
    kind: String,
    version: Option<u32>,
    program: Option<String>,
    kernel: Option<String>,
    run: Option<u32>,
    at: Option<u64>,
    took: Option<u64>,
    actor: Option<String>,
    client: Option<u8>,
    call: Option<String>,
    offset: Option<u64>,
    asked: Option<u32>,
    bytes: Option<String>,
    error: Option<String>,
    why: Option<String>,
    capture: Option<String>,
    missed: Option<u32>,
    dropped: Option<u32>,
    message: Option<String>,
    socket: Option<SocketFields>,
    header: Option<HeaderFields>,
}

/// What the kernel told beside a call.
#[derive(Deserialize)]
struct SocketFields {
    waiting: Option<u32>,
    unacked: Option<u32>,
    unsent: Option<u32>,
    #[serde(rename = "accept-queue")]
    accept_queue: Option<u32>,
    length: Option<u32>,
    dropped: Option<u32>,
    counts: Option<CountFields>,
}

#[derive(Deserialize)]
struct CountFields {
    #[serde(rename = "segments-out")]
    segments_out: u32,
    #[serde(rename = "segments-in")]
    segments_in: u32,
    #[serde(rename = "data-out")]
    data_out: u32,
    #[serde(rename = "data-in")]
    data_in: u32,
    retransmitted: u32,
}

/// What a packet's headers said.
#[derive(Deserialize)]
struct HeaderFields {
    flags: Option<u8>,
    ack: Option<u64>,
    window: Option<u32>,
    mss: Option<u16>,
    raw: Option<String>,
}

/// What a line says; `None` if it is none this page knows.
pub fn read(text: &str) -> Option<Heard> {
    let fields: Fields = json::from_str(text).ok()?;
    Some(match fields.kind.as_str() {
        "hello" => Heard::Hello {
            version: fields.version?,
            program: fields.program?,
            kernel: fields.kernel?,
        },
        "run" => Heard::Run {
            run: fields.run?,
            kernel: fields.kernel?,
            capture: named(&Capture::ALL, Capture::name, &fields.capture?)?,
        },
        "event" => Heard::Event(event(fields)?),
        "ended" => Heard::Ended {
            why: named(&Ending::ALL, Ending::name, &fields.why?)?,
            missed: fields.missed,
            dropped: fields.dropped,
        },
        "error" => Heard::Error(fields.message?),
        _ => return None,
    })
}

fn event(fields: Fields) -> Option<Event> {
    let actor = named(&Actor::ALL, Actor::name, &fields.actor?)?;
    let client = ClientId::try_from(fields.client?).ok()?;
    let call = named(&Call::ALL, Call::name, &fields.call?)?;
    Some(Event {
        took: Nanos(fields.took.unwrap_or_default()),
        offset: Offset(fields.offset.unwrap_or_default()),
        asked: fields.asked.unwrap_or_default(),
        bytes: bytes(fields.bytes)?,
        error: fields.error,
        socket: fields.socket.map(Socket::from).unwrap_or_default(),
        header: match fields.header {
            Some(header) => Some(header.read()?),
            None => None,
        },
        ..Event::new(Nanos(fields.at?), actor, client, call)
    })
}

fn bytes(digits: Option<String>) -> Option<Vec<u8>> {
    digits.map_or(Some(Vec::new()), |digits| hex::decode(&digits))
}

impl From<SocketFields> for Socket {
    fn from(fields: SocketFields) -> Self {
        Self {
            waiting: fields.waiting,
            unacked: fields.unacked,
            unsent: fields.unsent,
            accept_queue: fields.accept_queue,
            length: fields.length,
            dropped: fields.dropped,
            counts: fields.counts.map(|counts| Counts {
                segments_out: counts.segments_out,
                segments_in: counts.segments_in,
                data_out: counts.data_out,
                data_in: counts.data_in,
                retransmitted: counts.retransmitted,
            }),
        }
    }
}

impl HeaderFields {
    fn read(self) -> Option<Header> {
        Some(Header {
            flags: Flags(self.flags.unwrap_or_default()),
            ack: Offset(self.ack.unwrap_or_default()),
            window: self.window.unwrap_or_default(),
            mss: self.mss,
            raw: bytes(self.raw)?,
        })
    }
}

fn named<T: Copy>(all: &[T], name: impl Fn(T) -> &'static str, wanted: &str) -> Option<T> {
    all.iter().copied().find(|one| name(*one) == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::System;
    use trace::Experiment;
    use trace::link::{Line, VERSION};

    /// What the gateway writes is read as it was meant.
    fn check(line: Line) {
        let text = serde_json::to_string(&line).unwrap();
        assert_eq!(read(&text), Some(line.into()), "{text}");
    }

    #[test]
    fn every_line_of_the_gateway_is_understood() {
        check(Line::Hello {
            version: VERSION,
            program: "0.1.0".to_owned(),
            kernel: "Linux \"6.18\" 粘".to_owned(),
        });
        let mut experiment = Experiment::new(System::LengthPrefix, &["a\n\"b\"", "粘×3"]);
        experiment.framing = Some(protocol::Framing::None);
        check(Line::Run {
            version: VERSION,
            run: u32::MAX,
            kernel: "Linux 6.18".to_owned(),
            experiment,
            capture: Capture::NeedsCapNetRaw,
        });
        for why in Ending::ALL {
            check(Line::Ended {
                events: 7,
                why,
                missed: Some(3),
                dropped: None,
            });
        }
        check(Line::Error {
            message: "no\tgood".to_owned(),
        });
        for actor in Actor::ALL {
            for call in Call::ALL {
                let event = Event {
                    offset: Offset(5),
                    asked: 1024,
                    bytes: vec![0, 0xff],
                    error: Some("Broken pipe (os error 32)".to_owned()),
                    socket: Socket {
                        waiting: Some(0),
                        unacked: Some(1),
                        unsent: Some(2),
                        accept_queue: Some(3),
                        length: Some(4),
                        dropped: Some(u32::MAX),
                        counts: Some(Counts {
                            segments_out: 5,
                            segments_in: 6,
                            data_out: 7,
                            data_in: 8,
                            retransmitted: 9,
                        }),
                    },
                    header: Some(Header {
                        flags: Flags(0x12),
                        ack: Offset(u64::MAX / 4),
                        window: 65_483,
                        mss: Some(65_495),
                        raw: vec![0xfe, 1],
                    }),
                    ..Event::new(Nanos(u64::MAX / 2), actor, ClientId::Two, call)
                };
                check(Line::Event(event.clone()));
                check(Line::Event(Event {
                    bytes: Vec::new(),
                    error: None,
                    socket: Socket::default(),
                    header: Some(Header::default()),
                    asked: 0,
                    took: Nanos(1),
                    ..event
                }));
            }
        }
    }

    #[test]
    fn what_is_no_line_is_nothing() {
        for text in [
            "",
            "{}",
            r#"{"type":"later"}"#,
            r#"{"type":"ended"}"#,
            r#"{"type":"ended","why":"bored"}"#,
            r#"{"type":"event","at":1,"actor":"server","client":3,"call":"recv"}"#,
            r#"{"type":"event","at":1,"actor":"server","client":1,"call":"recv","bytes":"0"}"#,
            r#"{"type":"event","at":-1,"actor":"server","client":1,"call":"recv"}"#,
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
