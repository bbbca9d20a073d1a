use proptest::prelude::*;
use proptest::sample;

use super::*;
use crate::framing::{parse, write};

fn field(text: &str, name: &str) -> Field {
    let form = Form::of(text).unwrap_or_else(|| panic!("{text}"));
    let mut fields = form.fields.into_iter();
    let found = fields.find(|field| field.setting.name == name);
    found.unwrap_or_else(|| panic!("{text}: {name}"))
}

#[test]
fn a_field_has_what_the_short_form_says_or_the_default() {
    let check = |text: &str, name: &str, word: &str| {
        let found = field(text, name);
        assert_eq!(
            (found.word.as_str(), found.mistake),
            (word, None),
            "{text} {name}"
        );
    };
    check("length-prefix", "width", "4");
    check("length-prefix,width=2,endian=big", "endian", "big");
    check("length-prefix", "separator", ":");
    check("length-prefix", "strip", "");
    check("length-prefix,strip=0x10", "strip", "16");
    check("length-prefix,signed=false", "signed", "false");
    check("delimiter", "delimiter", r"\n");
    check(
        r"delimiter,delimiter=\r\n,delimiter=\x2c",
        "delimiter",
        "\\r\\n\n\\x2c",
    );
    check("marked", "end", "0xc0");
    check("marked,end=126", "end", "0x7e");
    check("marked,end=~", "end", "~");
    assert_eq!(Form::of("lines"), None);
    assert_eq!(Form::of(""), None);
    assert_eq!(
        Form::of(&("delimiter,delimiter=".to_owned() + &"a".repeat(LONGEST))),
        None
    );
    assert_eq!(Form::of("none").map(|form| form.fields.len()), Some(0));
}

#[test]
fn what_is_wrong_is_told_at_its_field() {
    let value = |text: &str, name: &str| {
        assert_eq!(
            field(text, name).mistake,
            Some(Wrong::Value),
            "{text} {name}"
        );
        assert!(parse(text).is_err(), "{text}");
    };
    value("length-prefix,offset=257", "offset");
    value("length-prefix,offset=", "offset");
    value("length-prefix,width=9", "width");
    value("length-prefix,endian=middle", "endian");
    value("length-prefix,strip=-1", "strip");
    value("length-prefix,separator=", "separator");
    value("length-prefix,maximum=1073741825", "maximum");
    value("length-prefix,signed=yes", "signed");
    value("delimiter,delimiter=", "delimiter");
    value("delimiter,delimiter=hex:0", "delimiter");
    value("marked,end=256", "end");
    value("fixed-size,size=0", "size");
    let settings = |text: &str, name: &str| {
        let found = field(text, name).mistake;
        assert!(
            matches!(found, Some(Wrong::Settings(_))),
            "{text}: {found:?}"
        );
        let wrong = Form::of(text).unwrap().fields.into_iter();
        assert_eq!(wrong.filter(|field| field.mistake.is_some()).count(), 1);
        assert!(parse(text).is_err(), "{text}");
    };
    settings("length-prefix,magic=abc", "offset");
    settings("length-prefix,resynchronise=true", "magic");
    settings("length-prefix,checksum=crc32,trailer=2", "trailer");
    settings(
        "length-prefix,width=varint,counts-header=true",
        "counts-header",
    );
    settings("marked,end=1,escape=1", "escape");
    settings("delimiter,escape=10", "escape");
    assert!(!Form::of("length-prefix,width=2").unwrap().is_wrong());
}

#[test]
fn a_field_changes_the_short_form() {
    let check = |text: &str, name: &str, value: &str, expected: &str| {
        assert_eq!(with(text, name, value), expected, "{text} {name} {value}");
    };
    check("length-prefix", "width", "3", "length-prefix,width=3");
    check("length-prefix,width=3", "width", "4", "length-prefix");
    check(
        "length-prefix,width=3,endian=big",
        "width",
        "2",
        "length-prefix,width=2,endian=big",
    );
    check("length-prefix,strip=3", "strip", "", "length-prefix");
    check("length-prefix", "offset", "", "length-prefix,offset=");
    check(
        "delimiter",
        "delimiter",
        "\\r\\n\n\\n",
        r"delimiter,delimiter=\r\n,delimiter=\n",
    );
    check(
        "delimiter,keep=true",
        "delimiter",
        ",",
        r"delimiter,keep=true,delimiter=\x2c",
    );
    check(
        r"delimiter,delimiter=a,delimiter=b",
        "delimiter",
        r"\n",
        "delimiter",
    );
    check("delimiter", "delimiter", "", "delimiter,delimiter=");
    check("marked", "end", "0x7e", "marked,end=0x7e");
    check("fixed-size", "pad", " ", r"fixed-size,pad=\x20");
    check("fixed-size", "size", "7 ", "fixed-size,size=7 ");
    check(
        "delimiter",
        "delimiter",
        "hex:0d ",
        "delimiter,delimiter=hex:0d ",
    );
    check(
        "delimiter",
        "delimiter",
        r"\,",
        r"delimiter,delimiter=\\\x2c",
    );
    check(
        "delimiter",
        "delimiter",
        "a b ",
        r"delimiter,delimiter=a b\x20",
    );
}

#[test]
fn every_field_of_every_framing_goes_through_the_short_form() {
    for framing in Framing::all() {
        let name = framing.name();
        for at in Form::of(name).unwrap().fields {
            // What stands in the field already changes nothing.
            assert_eq!(with(name, at.setting.name, &at.word), name);
            let word = match within(at.setting.values) {
                Values::Flag => {
                    if at.word == "true" {
                        "false"
                    } else {
                        "true"
                    }
                }
                Values::Number { .. } => "17",
                Values::Words(words) => words.last().unwrap(),
                Values::Byte => "0x21",
                Values::Bytes { .. } => r"\0a",
                Values::Alternatives { .. } => "b\n\\x2c",
                Values::Optional(_) => panic!("optional twice"),
            };
            let text = with(name, at.setting.name, word);
            let found = field(&text, at.setting.name);
            assert_eq!(
                (found.word.as_str(), found.mistake == Some(Wrong::Value)),
                (word, false),
                "{text}"
            );
            if let Ok(framing) = parse(&text) {
                let again = Form::of(&write(&framing)).unwrap();
                assert_eq!(Some(again), Form::of(&text), "{text}");
            }
        }
    }
}

proptest! {
    /// Whatever is typed anywhere, there is a form, and it says as much as the short form.
    #[test]
    fn any_text_in_any_fields(
        framing in sample::select(Framing::all().to_vec()),
        typed in proptest::collection::vec((any::<sample::Index>(), ".{0,12}"), 0..6),
        tail in ".{0,12}",
    ) {
        let mut text = framing.name().to_owned();
        let settings = framing.settings();
        if !settings.is_empty() {
            for (index, value) in &typed {
                text = with(&text, index.get(settings).name, value);
                prop_assert!(Form::of(&text).is_some(), "{}", text);
            }
        }
        let form = Form::of(&text);
        if parse(&text).is_ok() {
            prop_assert!(!form.unwrap().is_wrong(), "{}", text);
        }
        let _ = Form::of(&(text + "," + &tail));
    }

    /// What is typed as a mark is read as the bytes that it means, also by those who trim
    /// the short form first.
    #[test]
    fn a_mark_that_is_typed_is_the_mark_that_is_read(
        typed in "[ ,\\\\nx2c\u{3000}a]{1,8}",
    ) {
        let text = with("delimiter", "delimiter", &typed);
        let framing = parse(text.trim()).unwrap();
        let mark: Mark = meant(&typed).parse().unwrap();
        prop_assert_eq!(framing.value("delimiter"), mark.written().into_owned(), "{}", text);
    }
}
