//! The experiment in a `run` line, as trace files have it. Read as strictly as
//! `serde` does with `deny_unknown_fields`: a field that the page does not know
//! might be a knob that matters.

use protocol::Framing;
use protocol::framing::{Delimiter, Endian, FixedSize, LengthPrefix, ReadyAck, Width};
use trace::{Answer, Client, Experiment, LengthUnit, Message};

use super::object::{Object, Value};

/// The experiment, not validated; `None` if the page knows none such.
pub(super) fn read(mut fields: Object) -> Option<Experiment> {
    if fields.any_null(&[
        "buffer",
        "read-delay-ms",
        "receive-buffer",
        "max-frame",
        "backlog",
        "key",
    ]) {
        return None;
    }
    let default = Experiment::new(fields.text("system")??.parse().ok()?, &[]);
    let clients = fields.list("clients")?.into_iter().map(client);
    let experiment = Experiment {
        framing: match fields.object("framing")? {
            Some(framing) => Some(self::framing(framing)?),
            None => None,
        },
        echo: fields.bool("echo")?,
        buffer: fields.small("buffer")?.unwrap_or(default.buffer),
        read_delay_ms: fields.small("read-delay-ms")?.unwrap_or_default(),
        receive_buffer: fields.small("receive-buffer")?.unwrap_or_default(),
        max_frame: fields.small("max-frame")?.unwrap_or(default.max_frame),
        backlog: fields.small("backlog")?.unwrap_or(default.backlog),
        serial: fields.bool("serial")?,
        deadline_ms: fields.small("deadline-ms")?.unwrap_or_default(),
        max_per_source: fields.small("max-per-source")?.unwrap_or_default(),
        key: fields.text("key")?.unwrap_or(default.key),
        scheme: match fields.text("scheme")? {
            Some(name) => name.parse().ok()?,
            None => default.scheme,
        },
        clients: clients.collect::<Option<_>>()?,
        system: default.system,
    };
    fields.is_empty().then_some(experiment)
}

fn client(value: Value) -> Option<Client> {
    let Value::Object(mut fields) = value else {
        return None;
    };
    if fields.any_null(&[
        "start-ms",
        "gap-us",
        "hold-ms",
        "nagle",
        "send-buffer",
        "length-unit",
        "turns",
        "key",
    ]) {
        return None;
    }
    let messages = fields
        .list("messages")?
        .into_iter()
        .map(|value| match value {
            Value::Text(text) => Some(Message(text)),
            _ => None,
        });
    let client = Client {
        messages: messages.collect::<Option<_>>()?,
        start_ms: fields.small("start-ms")?.unwrap_or_default(),
        gap_us: fields.small("gap-us")?.unwrap_or_default(),
        hold_ms: fields.small("hold-ms")?.unwrap_or_default(),
        nagle: fields.bool("nagle")?.unwrap_or_default(),
        send_buffer: fields.small("send-buffer")?.unwrap_or_default(),
        length_unit: match fields.text("length-unit")?.as_deref() {
            None | Some("bytes") => LengthUnit::Bytes,
            Some("characters") => LengthUnit::Characters,
            Some(_) => return None,
        },
        connections: match fields.small("connections")? {
            Some(connections) => u16::try_from(connections).ok()?,
            None => 1,
        },
        piece: fields.small("piece")?.unwrap_or_default(),
        turns: fields.bool("turns")?.unwrap_or_default(),
        key: fields.text("key")?.unwrap_or_else(|| Client::default().key),
        answer: match fields.text("answer")?.as_deref() {
            None | Some("own") => Answer::Own,
            Some("replayed") => Answer::Replayed,
            Some("reflected") => Answer::Reflected,
            Some(_) => return None,
        },
    };
    fields.is_empty().then_some(client)
}

fn framing(mut fields: Object) -> Option<Framing> {
    let kind = fields.text("kind")??;
    let prefix = LengthPrefix::default();
    // All of them whatever the kind, as `protocol` reads them.
    let prefix = LengthPrefix {
        width: match fields.byte("width")? {
            Some(width) => Width::try_from(width).ok()?,
            None => prefix.width,
        },
        endian: match fields.text("endian")?.as_deref() {
            None => prefix.endian,
            Some("little") => Endian::Little,
            Some("big") => Endian::Big,
            Some(_) => return None,
        },
        signed: fields.bool("signed")?.unwrap_or(prefix.signed),
        counts_header: fields
            .bool("counts_header")?
            .unwrap_or(prefix.counts_header),
        maximum: prefix.maximum,
    };
    let maximum = fields.small("maximum")?;
    let delimiter = fields.text("delimiter")?;
    let fixed = FixedSize::default();
    let fixed = FixedSize {
        size: fields.small("size")?.unwrap_or(fixed.size),
        pad: fields.byte("pad")?.unwrap_or(fixed.pad),
    };
    let framing = match kind.as_str() {
        "none" => Framing::None,
        "ready-ack" => Framing::ReadyAck(ReadyAck {
            maximum: maximum.unwrap_or(ReadyAck::default().maximum),
        }),
        "length-prefix" => Framing::LengthPrefix(LengthPrefix {
            maximum: maximum.unwrap_or(prefix.maximum),
            ..prefix
        }),
        "delimiter" => {
            let default = Delimiter::default();
            Framing::Delimiter(Delimiter {
                delimiter: delimiter.unwrap_or(default.delimiter),
                maximum: maximum.unwrap_or(default.maximum),
            })
        }
        "fixed-size" => Framing::FixedSize(fixed),
        _ => return None,
    };
    fields.is_empty().then_some(framing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{experiment, version};
    use proptest::prelude::*;
    use protocol::System;
    use protocol::auth::Scheme;
    use trace::link::{Capture, Line, VERSION};

    fn framing() -> impl Strategy<Value = Framing> {
        let width = prop::sample::select(Width::ALL.to_vec());
        let endian = prop::sample::select(Endian::ALL.to_vec());
        prop_oneof![
            Just(Framing::None),
            any::<u32>().prop_map(|maximum| Framing::ReadyAck(ReadyAck { maximum })),
            (width, endian, any::<(bool, bool, u32)>()).prop_map(
                |(width, endian, (signed, counts_header, maximum))| {
                    Framing::LengthPrefix(LengthPrefix {
                        width,
                        endian,
                        signed,
                        counts_header,
                        maximum,
                    })
                }
            ),
            (".*", any::<u32>()).prop_map(|(delimiter, maximum)| Framing::Delimiter(Delimiter {
                delimiter,
                maximum
            })),
            any::<(u32, u8)>().prop_map(|(size, pad)| Framing::FixedSize(FixedSize { size, pad })),
        ]
    }

    fn client() -> impl Strategy<Value = Client> {
        let unit = prop::sample::select(LengthUnit::ALL.to_vec());
        let numbers = any::<(u32, u32, u32, u32, u16, u32)>();
        let messages = prop::collection::vec(".*".prop_map(Message), 0..4);
        let answer = prop::sample::select(Answer::ALL.to_vec());
        let key = (".*", answer);
        (messages, numbers, any::<(bool, bool)>(), unit, key).prop_map(
            |(messages, numbers, (nagle, turns), length_unit, (key, answer))| Client {
                messages,
                start_ms: numbers.0,
                gap_us: numbers.1,
                hold_ms: numbers.2,
                nagle,
                send_buffer: numbers.3,
                length_unit,
                connections: numbers.4,
                piece: numbers.5,
                turns,
                key,
                answer,
            },
        )
    }

    prop_compose! {
        fn experiments()(
            system in prop::sample::select(System::ALL.to_vec()),
            framing in prop::option::of(framing()),
            echo in any::<Option<bool>>(),
            serial in any::<Option<bool>>(),
            numbers in any::<(u32, u32, u32, u32, u32, u32, u32)>(),
            key in ".*",
            scheme in prop::sample::select(Scheme::ALL.to_vec()),
            clients in prop::collection::vec(client(), 0..3),
        ) -> Experiment {
            Experiment {
                system,
                framing,
                echo,
                buffer: numbers.0,
                read_delay_ms: numbers.1,
                receive_buffer: numbers.2,
                max_frame: numbers.3,
                backlog: numbers.4,
                serial,
                deadline_ms: numbers.5,
                max_per_source: numbers.6,
                key,
                scheme,
                clients,
            }
        }
    }

    fn run(experiment: Experiment) -> String {
        let line = Line::Run {
            version: VERSION,
            run: 7,
            kernel: "Linux".to_owned(),
            experiment,
            capture: Capture::On,
        };
        serde_json::to_string(&line).unwrap()
    }

    proptest! {
        #[test]
        fn every_experiment_is_read_as_it_was_written(written in experiments()) {
            let line = run(written.clone());
            prop_assert_eq!(experiment(&line), Some(written));
            prop_assert_eq!(version(&line), Some(VERSION));
        }
    }

    /// As `serde` reads it, which fills in what is left out.
    fn check(json: &str) {
        let line = [r#"{"type":"run","version":2,"experiment":"#, json, "}"].concat();
        let expected = serde_json::from_str::<Experiment>(json).ok();
        assert_eq!(experiment(&line), expected, "{json}");
    }

    #[test]
    fn what_is_left_out_or_too_much_is_as_serde_has_it() {
        for system in System::ALL {
            let name = system.name();
            check(
                &[
                    r#"{"system":""#,
                    name,
                    r#"","clients":[{"messages":["a"]}]}"#,
                ]
                .concat(),
            );
        }
        for json in [
            "{}",
            r#"{"system":"auth"}"#,
            r#"{"clients":[]}"#,
            r#"{"system":"auth","clients":[{}]}"#,
            r#"{"system":"auth","scheme":"md5","clients":[]}"#,
            r#"{"system":"auth","scheme":"hmac-md5","clients":[]}"#,
            r#"{"system":"auth","clients":[{"messages":[],"answer":"reflected"}]}"#,
            r#"{"system":"auth","clients":[{"messages":[],"answer":"stolen"}]}"#,
            r#"{"system":"auth","clients":[],"framing":null}"#,
            r#"{"system":"auth","clients":[],"framing":{}}"#,
            r#"{"system":"auth","clients":[],"framing":{"kind":"magic"}}"#,
            r#"{"system":"auth","clients":[],"framing":{"kind":"none","endian":"middle"}}"#,
            r#"{"system":"auth","clients":[],"framing":{"kind":"delimiter"}}"#,
            r#"{"system":"auth","clients":[],"framing":{"kind":"fixed-size","size":9}}"#,
            r#"{"system":"auth","clients":[],"framing":{"kind":"ready-ack"}}"#,
            r#"{"system":"auth","clients":[],"framing":{"kind":"length-prefix","width":8}}"#,
            r#"{"system":"auth","clients":[],"newer":0}"#,
            r#"{"system":"auth","system":"auth","clients":[]}"#,
            r#"{"system":"auth","clients":[{"messages":[],"newer":0}]}"#,
            r#"{"system":"auth","clients":[{"messages":[1]}]}"#,
            "[]",
            "null",
        ] {
            check(json);
        }
        assert_eq!(version(r#"{"type":"hello","version":3}"#), Some(3));
        assert_eq!(version(r#"{"type":"hello"}"#), None);
    }
}
