//! Reads the gateway's lines.
//!
//! `serde_json` reads them too, in `trace::link`, and says precisely what is
//! wrong with a broken one. The page has no use for that, and its code would be
//! a fifth of the page's: so here it is `miniserde`, and one kind of object.

mod experiment;
mod object;

use protocol::{Nanos, Offset};
use trace::link::{Capture, Ending};
use trace::{Actor, Call, ClientId, Counts, Event, Experiment, Flags, Header, Reason, Socket, hex};

use crate::app::Heard;
use object::Object;

/// What a line says; `None` if it is none this page knows. Fields it does not
/// know are ignored.
pub fn read(text: &str) -> Option<Heard> {
    let mut fields = Object::parse(text)?;
    Some(match fields.text("type")??.as_str() {
        "hello" => Heard::Hello {
            version: fields.small("version")??,
            program: fields.text("program")??,
            kernel: fields.text("kernel")??,
        },
        "queued" => Heard::Queued {
            run: fields.small("run")??,
            place: fields.small("place")??,
        },
        "run" => {
            fields.small("version")??;
            if fields.any_null(&["capture"]) {
                return None;
            }
            Heard::Run {
                run: fields.small("run")??,
                kernel: fields.text("kernel")??,
                capture: match fields.text("capture")? {
                    Some(capture) => named(&Capture::ALL, Capture::name, &capture)?,
                    None => Capture::default(),
                },
            }
        }
        "event" => Heard::Event(event(fields)?),
        "ended" => Heard::Ended {
            events: fields.small("events")??,
            why: named(&Ending::ALL, Ending::name, &fields.text("why")??)?,
            missed: fields.small("missed")?,
            dropped: fields.small("dropped")?,
        },
        "error" => Heard::Error(fields.text("message")??),
        _ => return None,
    })
}

/// The version that a line names, whatever else is in it.
pub fn version(text: &str) -> Option<u32> {
    Object::parse(text)?.small("version")?
}

/// The experiment in a `run` line, not validated; `None` if it has none that
/// this page knows.
pub fn experiment(text: &str) -> Option<Experiment> {
    experiment::read(Object::parse(text)?.object("experiment")??)
}

/// The experiment of a lesson, the same by itself.
pub fn lesson(text: &str) -> Option<Experiment> {
    experiment::read(Object::parse(text)?)
}

fn event(mut fields: Object) -> Option<Event> {
    if fields.any_null(&["took", "offset", "asked", "bytes", "socket"]) {
        return None;
    }
    let actor = named(&Actor::ALL, Actor::name, &fields.text("actor")??)?;
    let client = ClientId::try_from(u8::try_from(fields.small("client")??).ok()?).ok()?;
    let call = named(&Call::ALL, Call::name, &fields.text("call")??)?;
    Some(Event {
        took: Nanos(fields.number("took")?.unwrap_or_default()),
        offset: Offset(fields.number("offset")?.unwrap_or_default()),
        asked: fields.small("asked")?.unwrap_or_default(),
        bytes: bytes(fields.text("bytes")?)?,
        error: fields.text("error")?,
        connection: match fields.small("connection")? {
            Some(connection) => u16::try_from(connection).ok()?,
            None => 0,
        },
        reason: match fields.text("reason")? {
            Some(reason) => Some(named(&Reason::ALL, Reason::name, &reason)?),
            None => None,
        },
        socket: match fields.object("socket")? {
            Some(socket) => self::socket(socket)?,
            None => Socket::default(),
        },
        header: match fields.object("header")? {
            Some(header) => Some(self::header(header)?),
            None => None,
        },
        ..Event::new(Nanos(fields.number("at")??), actor, client, call)
    })
}

fn bytes(digits: Option<String>) -> Option<Vec<u8>> {
    digits.map_or(Some(Vec::new()), |digits| hex::decode(&digits))
}

fn socket(mut fields: Object) -> Option<Socket> {
    Some(Socket {
        waiting: fields.small("waiting")?,
        unacked: fields.small("unacked")?,
        unsent: fields.small("unsent")?,
        accept_queue: fields.small("accept-queue")?,
        length: fields.small("length")?,
        dropped: fields.small("dropped")?,
        counts: match fields.object("counts")? {
            Some(mut counts) => Some(Counts {
                segments_out: counts.small("segments-out")??,
                segments_in: counts.small("segments-in")??,
                data_out: counts.small("data-out")??,
                data_in: counts.small("data-in")??,
                retransmitted: counts.small("retransmitted")??,
            }),
            None => None,
        },
    })
}

fn header(mut fields: Object) -> Option<Header> {
    if fields.any_null(&["flags", "ack", "window", "raw"]) {
        return None;
    }
    Some(Header {
        flags: Flags(fields.byte("flags")?.unwrap_or_default()),
        ack: Offset(fields.number("ack")?.unwrap_or_default()),
        window: fields.small("window")?.unwrap_or_default(),
        gso: match fields.small("gso")? {
            Some(gso) => Some(u16::try_from(gso).ok()?),
            None => None,
        },
        mss: match fields.small("mss")? {
            Some(mss) => Some(u16::try_from(mss).ok()?),
            None => None,
        },
        raw: bytes(fields.text("raw")?)?,
    })
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
        check(Line::Queued {
            run: u32::MAX,
            place: 1,
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
                    reason: Some(Reason::HandshakeTimeout),
                    connection: u16::MAX,
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
                        gso: Some(8_192),
                        raw: vec![0xfe, 1],
                    }),
                    ..Event::new(Nanos(u64::MAX / 2), actor, ClientId::Two, call)
                };
                check(Line::Event(event.clone()));
                check(Line::Event(Event {
                    bytes: Vec::new(),
                    error: None,
                    reason: None,
                    connection: 0,
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
    fn lines_of_version_1_are_understood() {
        let run = r#"{"type":"run","version":1,"run":7,"kernel":"Linux 6.1","experiment":{}}"#;
        let expected = Heard::Run {
            run: 7,
            kernel: "Linux 6.1".to_owned(),
            capture: Capture::Unknown,
        };
        assert_eq!(read(run), Some(expected));
    }

    #[test]
    fn what_is_no_line_is_nothing() {
        for text in [
            "",
            "{}",
            r#"{"type":"later"}"#,
            r#"{"type":"ended"}"#,
            r#"{"type":"queued","run":1}"#,
            r#"{"type":"ended","why":"bored","events":1}"#,
            r#"{"type":"ended","why":"finished"}"#,
            r#"{"type":"run","run":1,"kernel":"Linux 6.18"}"#,
            r#"{"type":"run","version":1,"run":1,"kernel":"Linux 6.18","capture":"maybe"}"#,
            r#"{"type":"event","at":1,"actor":"server","client":3,"call":"recv"}"#,
            r#"{"type":"event","at":1,"actor":"server","client":1,"call":"recv","bytes":"0"}"#,
            r#"{"type":"event","at":1,"actor":"server","client":1,"call":"refuse","reason":"mood"}"#,
            r#"{"type":"event","at":1,"actor":"server","client":1,"call":"recv","connection":65536}"#,
            r#"{"type":"event","at":-1,"actor":"server","client":1,"call":"recv"}"#,
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
