//! How many settings a framing has that had to be chosen.

#![expect(
    clippy::cast_precision_loss,
    reason = "lengths of settings and fields are exact"
)]

use protocol::Framing;
use protocol::framing::{Endian, LengthPrefix, Width};

use super::candidates::{is_usual_delimiter, is_usual_separator};

/// How many bits it takes to say the settings.
pub(super) fn complexity(framing: &Framing) -> f64 {
    match framing {
        Framing::LengthPrefix(prefix) => of_settings(prefix),
        Framing::FixedSize(_) => 6.0,
        Framing::Delimiter(delimiter) => {
            let marks = delimiter.delimiter.iter();
            let chosen = marks.filter(|mark| !is_usual_delimiter(mark));
            3.0 + chosen.map(|mark| 4.0 * mark.len() as f64).sum::<f64>()
        }
        _ => 2.0,
    }
}

fn of_settings(prefix: &LengthPrefix) -> f64 {
    let offset = if prefix.offset > 0 { 4.0 } else { 0.0 };
    let adjustment = match prefix.adjustment {
        0 if prefix.counts_header => 2.0,
        0 => 0.0,
        less if less < 0 => 2.5,
        _ => 5.0,
    };
    let trailer = if prefix.trailer > 0 { 5.0 } else { 0.0 };
    let endian = match prefix.endian {
        Endian::Big => 0.0,
        Endian::Little => 1.0,
    };
    let width = match prefix.width {
        Width::Bytes(1 | 2 | 4) => 1.0,
        Width::Varint => 2.0,
        _ => 3.0,
    };
    let separator = match prefix.width {
        Width::Decimal if !is_usual_separator(&prefix.separator) => {
            8.0 * prefix.separator.len() as f64
        }
        _ => 0.0,
    };
    let magic = if prefix.magic.is_empty() { 0.0 } else { 4.0 };
    offset + adjustment + trailer + endian + width + separator + magic
}
