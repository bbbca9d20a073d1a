//! Reads the gateway's lines.
//!
//! `serde_json` reads them too, in `trace::link`, and says precisely what is
//! wrong with a broken one. The page has no use for that, and its code would be
//! a fifth of the page's: so here it is `miniserde`, and one flat object.

use miniserde::Deserialize;
use miniserde::json;
use protocol::{Nanos, Offset};
use trace::link::Ending;
use trace::{Actor, Call, ClientId, Event, hex};

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
    message: Option<String>,
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
        },
        "event" => Heard::Event(event(fields)?),
        "ended" => Heard::Ended(named(&Ending::ALL, Ending::name, &fields.why?)?),
        "error" => Heard::Error(fields.message?),
        _ => return None,
    })
}

fn event(fields: Fields) -> Option<Event> {
    let bytes = match fields.bytes {
        Some(digits) => hex::decode(&digits)?,
        None => Vec::new(),
    };
    Some(Event {
        at: Nanos(fields.at?),
        took: Nanos(fields.took.unwrap_or_default()),
        actor: named(&Actor::ALL, Actor::name, &fields.actor?)?,
        client: ClientId::try_from(fields.client?).ok()?,
        call: named(&Call::ALL, Call::name, &fields.call?)?,
        offset: Offset(fields.offset.unwrap_or_default()),
        asked: fields.asked.unwrap_or_default(),
        bytes,
        error: fields.error,
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
        let mut experiment = Experiment::new(System::LengthPrefix, &["a\n\"b\"", "粘×3"]);
        experiment.framing = Some(protocol::Framing::None);
        check(Line::Run {
            version: VERSION,
            run: u32::MAX,
            kernel: "Linux 6.18".to_owned(),
            experiment,
        });
        for why in Ending::ALL {
            check(Line::Ended { events: 7, why });
        }
        check(Line::Error {
            message: "no\tgood".to_owned(),
        });
        for actor in Actor::ALL {
            for call in Call::ALL {
                let event = Event {
                    at: Nanos(u64::MAX / 2),
                    took: Nanos(0),
                    actor,
                    client: ClientId::Two,
                    call,
                    offset: Offset(5),
                    asked: 1024,
                    bytes: vec![0, 0xff],
                    error: Some("Broken pipe (os error 32)".to_owned()),
                };
                check(Line::Event(event.clone()));
                check(Line::Event(Event {
                    bytes: Vec::new(),
                    error: None,
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
