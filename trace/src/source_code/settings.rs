//! The names that templates may use: which kind of framing it is, and its settings.

use protocol::Framing;
use protocol::framing::{
    Checksum, Covers, Delimiter, Endian, Escaping, FixedSize, LengthPrefix, Mark, Marked, Width,
};

use super::template::Values;
use super::{Language, SourceError, literal};
use crate::framing;

/// Those of a framing.
pub(super) fn values(framing: &Framing, language: Language) -> Result<Values, SourceError> {
    framing.validate()?;
    let mut values = Values::default();
    values.word("framing", &literal::comment(&framing::write(framing)));
    values.word("language", &language.name());
    values.flag("resynchronise", framing.resynchronises());
    let maximum = match framing {
        Framing::None => {
            values.flag("none", true);
            0
        }
        Framing::ReadyAck(ready_ack) => {
            values.flag("ready_ack", true);
            values.flag("non_numeric", true);
            values.flag("beyond", true);
            ready_ack.maximum
        }
        Framing::FixedSize(fixed) => {
            fixed_size(fixed, &mut values);
            fixed.maximum
        }
        Framing::LengthPrefix(prefix) => {
            length_prefix(prefix, language, &mut values);
            prefix.maximum
        }
        Framing::Delimiter(settings) => {
            delimiter(settings, language, &mut values);
            settings.maximum
        }
        Framing::Marked(settings) => {
            marked(settings, &mut values);
            settings.maximum
        }
        Framing::Cobs(cobs) => {
            values.flag("cobs", true);
            values.flag("undecodable", true);
            cobs.maximum
        }
        Framing::Chunked(chunked) => {
            values.flag("chunked", true);
            values.flag("unexpected", true);
            values.flag("non_numeric", true);
            chunked.maximum
        }
        Framing::Json(json) => {
            values.flag("json", true);
            // The end of the stream ends a number.
            values.flag("tail", true);
            json.maximum
        }
    };
    values.word("maximum", &maximum);
    Ok(values)
}

fn fixed_size(fixed: &FixedSize, values: &mut Values) {
    values.flag("fixed_size", true);
    values.flag("capped", fixed.maximum < fixed.size);
    values.word("size", &fixed.size);
    values.word("pad", &literal::byte(fixed.pad));
}

fn length_prefix(prefix: &LengthPrefix, language: Language, values: &mut Values) {
    values.flag("length_prefix", true);
    let mark = |mark: &Mark| literal::bytes(mark, language);
    let offset = i64::from(prefix.offset);
    let fixed = match prefix.width {
        Width::Bytes(width) => Some(i64::from(width)),
        Width::Varint | Width::Decimal => None,
    };
    let width = fixed.unwrap_or(0);
    let header = offset + width;
    values.flag("offset", offset > 0);
    values.flag("magic", !prefix.magic.is_empty());
    values.word("offset", &offset);
    values.word("magic", &mark(&prefix.magic));
    let mut front = prefix.magic.to_vec();
    front.resize(prefix.offset as usize, 0);
    values.word("front", &literal::bytes(&front, language));
    values.flag("fixed", fixed.is_some());
    values.flag("one_byte", width == 1);
    // More than 53 bits, which a double holds exactly, or than a signed number of 64 bits.
    values.flag("wider", width > 6);
    values.flag("beyond", fixed.is_none() || width == 8 && !prefix.signed);
    values.word(
        "mask",
        &format_args!("0x{:x}", u64::MAX >> (64 - 8 * width.max(1))),
    );
    values.word("width", &width);
    // The last of the field's bytes, counted from 0.
    values.word("last", &(width - 1).max(0));
    values.word("header", &header);
    values.word("bits", &(8 * width));
    values.word("sign_bit", &(8 * width - 1).max(0));
    values.word("unused_bits", &(64 - 8 * width));
    values.word("unused_bytes", &(8 - width));
    values.flag("widest", width == 8);
    values.flag("signed", fixed.is_some() && prefix.signed);
    values.flag("big", prefix.endian == Endian::Big);
    values.word("byte_order", &order(prefix.endian));
    let is_signed = fixed.is_some() && prefix.signed;
    values.word(
        "signed_argument",
        &if is_signed { ", signed=True" } else { "" },
    );
    values.flag("varint", prefix.width == Width::Varint);
    let decimal = prefix.width == Width::Decimal;
    values.flag("decimal", decimal);
    values.flag("non_numeric", decimal);
    values.word("separator", &mark(&prefix.separator));
    let long_separator = decimal && prefix.separator.len() > 1;
    values.flag("long_separator", long_separator);
    values.flag("unexpected", long_separator || !prefix.magic.is_empty());

    // What the length says beside the message, as the encoder of `protocol` has it.
    let strip = prefix.strip.map(i64::from);
    let dropped = fixed.map_or(0, |_| strip.map_or(0, |strip| (strip - header).max(0)));
    let overhead = if prefix.counts_header && fixed.is_some() {
        header
    } else {
        0
    };
    let adjustment = i64::from(prefix.adjustment);
    let beside = dropped + overhead - adjustment;
    let counts = overhead > 0;
    values.flag("counts_header", counts);
    values.flag("adjusted", overhead != adjustment);
    // A length near the largest number becomes more than that.
    let is_wide = matches!(
        prefix.width,
        Width::Bytes(8) | Width::Varint | Width::Decimal
    );
    values.flag("grows", is_wide && adjustment > overhead);
    values.word("growth", &(adjustment - overhead));
    values.flag("may_be_short", adjustment - overhead < dropped);
    values.word("shift", &signed(adjustment - overhead));
    values.word("adjustment", &adjustment);
    values.flag("dropped", dropped > 0);
    values.word("dropped", &dropped);
    values.flag("beside", beside != 0);
    values.flag("too_short", beside < 0);
    values.word("beside", &signed(beside));
    values.word("shortest", &-beside);
    // The message begins at `strip` where that is set, else behind the header.
    values.flag("strip", strip.is_some());
    values.word("strip", &strip.unwrap_or(header));

    let field = fixed.map_or(u64::MAX, |width| {
        let unused = 64 - 8 * u32::try_from(width).unwrap_or(8) + u32::from(prefix.signed);
        u64::MAX >> unused
    });
    let longest = i64::from(prefix.maximum) - dropped + beside;
    values.flag(
        "narrow",
        u64::try_from(longest).is_ok_and(|longest| longest > field),
    );
    values.word("field_maximum", &field);

    let checksum = prefix.checksum;
    let sum = i64::try_from(checksum.width()).unwrap_or(0);
    let trailer = if prefix.trailer == 0 {
        sum
    } else {
        i64::from(prefix.trailer)
    };
    values.flag("trailer", trailer > 0);
    values.word("trailer", &trailer);
    values.flag("checksum", checksum != Checksum::None);
    for (name, of) in [
        ("sum8", Checksum::Sum8),
        ("xor8", Checksum::Xor8),
        ("modbus", Checksum::Crc16Modbus),
        ("ccitt_false", Checksum::Crc16CcittFalse),
        ("crc32", Checksum::Crc32),
    ] {
        values.flag(name, checksum == of);
    }
    values.flag("one_byte_checksum", sum == 1);
    values.word("checksum_width", &sum);
    values.word("checksum_last", &(sum - 1).max(0));
    let endian = prefix.checksum_endian.unwrap_or(prefix.endian);
    values.flag("checksum_big", endian == Endian::Big);
    values.word("checksum_order", &order(endian));
    values.flag("covers_frame", prefix.covers == Covers::Frame);
    values.flag("before_checksum", trailer > sum);
    values.word("before_checksum", &(trailer - sum));
}

const fn order(endian: Endian) -> &'static str {
    match endian {
        Endian::Big => "big",
        Endian::Little => "little",
    }
}

/// A number that is added, with its sign.
fn signed(number: i64) -> String {
    if number < 0 {
        ["- ", &number.unsigned_abs().to_string()].concat()
    } else {
        ["+ ", &number.to_string()].concat()
    }
}

fn delimiter(settings: &Delimiter, language: Language, values: &mut Values) {
    let marks = &settings.delimiter;
    let is_one = marks.len() == 1 && settings.escape.is_none();
    values.flag(if is_one { "delimiter" } else { "delimiters" }, true);
    let all = |marks: &[&[u8]]| {
        let all: Vec<_> = marks.iter().map(|mark| element(mark, language)).collect();
        let all = all.join(", ");
        match language {
            Language::Go => ["{", &all, "}"].concat(),
            _ => all,
        }
    };
    let first: &[u8] = marks.first().map_or(b"", |mark| mark);
    values.word("delimiter", &literal::bytes(first, language));
    values.word("delimiter_length", &first.len());
    values.flag("one_byte_delimiter", first.len() == 1);
    let plain: Vec<&[u8]> = marks.iter().map(|mark| &**mark).collect();
    values.word("delimiters", &all(&plain));
    values.word("delimiter_count", &plain.len());
    values.flag("several", plain.len() > 1);
    values.flag("keep", settings.keep);
    values.flag("escape", settings.escape.is_some());
    let escape = settings.escape.map_or(0, |escape| escape.0);
    values.word("escape", &literal::byte(escape));
    let longest = plain.iter().map(|mark| mark.len()).max().unwrap_or(0);
    values.word("longest_delimiter", &longest);
    // Bytes at which the search for the end of a message looks closer.
    let mut begins: Vec<u8> = plain
        .iter()
        .filter_map(|mark| mark.first().copied())
        .collect();
    begins.extend(settings.escape.map(|escape| escape.0));
    begins.sort_unstable();
    begins.dedup();
    values.word("begins", &literal::bytes(&begins, language));
    // One delimiter begins another: the end of the stream may complete a message.
    let is_ambiguous = plain.iter().any(|mark| {
        plain
            .iter()
            .any(|other| other.len() > mark.len() && other.starts_with(mark))
    });
    values.flag("tail", is_ambiguous);
    // What may not stand at the front of a message: it would make the delimiter before it
    // a longer one.
    let rests: Vec<&[u8]> = plain
        .iter()
        .filter_map(|mark| mark.strip_prefix(first))
        .filter(|rest| !rest.is_empty())
        .collect();
    values.flag("rests", !rests.is_empty());
    values.word("rests", &all(&rests));
    values.word("rest_count", &rests.len());
    // What may not stand at the end of a framed message: what follows could make it a
    // longer delimiter.
    let fronts: Vec<&[u8]> = plain
        .iter()
        .flat_map(|mark| (first.len() + 1..mark.len()).map(|length| &mark[..length]))
        .collect();
    values.flag("fronts", !fronts.is_empty());
    values.word("fronts", &all(&fronts));
    values.word("front_count", &fronts.len());
}

/// One of a list of byte sequences.
fn element(bytes: &[u8], language: Language) -> String {
    let written = literal::bytes(bytes, language);
    match language {
        Language::C => ["{", &written, ", ", &bytes.len().to_string(), "}"].concat(),
        _ => written,
    }
}

fn marked(settings: &Marked, values: &mut Values) {
    values.flag("marked", true);
    values.flag("undecodable", true);
    values.flag("unexpected", settings.start.is_some());
    values.flag("start", settings.start.is_some());
    let start = settings.start.unwrap_or(settings.end);
    for (name, byte) in [
        ("start", start),
        ("end", settings.end),
        ("escape", settings.escape),
    ] {
        values.word(name, &literal::byte(byte.0));
    }
    values.flag("slip", settings.escaping == Escaping::Slip);
    values.flag("xor", settings.escaping == Escaping::Xor);
}
