//! A framing as it is written: its kind, and those of its settings that differ
//! from the default. One flat object, so that reading it stays small.

use serde::Deserialize;

use super::{Delimiter, Endian, FixedSize, Framing, LengthPrefix, ReadyAck, Width};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    kind: Kind,
    width: Option<Width>,
    endian: Option<Endian>,
    signed: Option<bool>,
    counts_header: Option<bool>,
    maximum: Option<u32>,
    delimiter: Option<String>,
    size: Option<u32>,
    pad: Option<u8>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    None,
    ReadyAck,
    LengthPrefix,
    Delimiter,
    FixedSize,
}

impl From<Settings> for Framing {
    fn from(settings: Settings) -> Self {
        match settings.kind {
            Kind::None => Self::None,
            Kind::ReadyAck => {
                let default = ReadyAck::default();
                Self::ReadyAck(ReadyAck {
                    maximum: settings.maximum.unwrap_or(default.maximum),
                })
            }
            Kind::LengthPrefix => {
                let default = LengthPrefix::default();
                Self::LengthPrefix(LengthPrefix {
                    width: settings.width.unwrap_or(default.width),
                    endian: settings.endian.unwrap_or(default.endian),
                    signed: settings.signed.unwrap_or(default.signed),
                    counts_header: settings.counts_header.unwrap_or(default.counts_header),
                    maximum: settings.maximum.unwrap_or(default.maximum),
                })
            }
            Kind::Delimiter => {
                let default = Delimiter::default();
                Self::Delimiter(Delimiter {
                    delimiter: settings.delimiter.unwrap_or(default.delimiter),
                    maximum: settings.maximum.unwrap_or(default.maximum),
                })
            }
            Kind::FixedSize => {
                let default = FixedSize::default();
                Self::FixedSize(FixedSize {
                    size: settings.size.unwrap_or(default.size),
                    pad: settings.pad.unwrap_or(default.pad),
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_defaults_may_be_left_out() {
        for framing in [
            Framing::None,
            Framing::ReadyAck(ReadyAck { maximum: 7 }),
            Framing::LengthPrefix(LengthPrefix {
                width: Width::Two,
                endian: Endian::Big,
                signed: false,
                counts_header: true,
                maximum: 9,
            }),
            Framing::Delimiter(Delimiter {
                delimiter: "||".to_owned(),
                maximum: 5,
            }),
            Framing::FixedSize(FixedSize { size: 3, pad: 0 }),
        ] {
            let json = serde_json::to_string(&framing).unwrap();
            assert_eq!(serde_json::from_str::<Framing>(&json).unwrap(), framing);
        }
        let short = serde_json::from_str(r#"{"kind":"length-prefix","signed":false}"#);
        let expected = LengthPrefix {
            signed: false,
            ..LengthPrefix::default()
        };
        assert_eq!(short.ok(), Some(Framing::LengthPrefix(expected)));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for json in [
            r#"{"kind":"magic"}"#,
            r#"{"kind":"length-prefix","width":3}"#,
            r#"{"kind":"none","colour":1}"#,
            "{}",
        ] {
            assert!(serde_json::from_str::<Framing>(json).is_err(), "{json}");
        }
    }
}
