//! What is wrong with what was typed, as sentences in the page's language.

use emulation::{LinkError, Part, Preset};
use protocol::Framing;
use protocol::framing::{EncodeError, Values};
use trace::ExperimentError;
use trace::experiment::NoMessage;
use trace::framing::{self, FramingError, WordError};
use trace::knob::{Domain, Knob, KnobError, Setting};
use trace::link::LessonFile;
use trace::text::{Catalog, Sentence, grouped};

use super::fields::NO_NUMBER;
use crate::app::Mistake;
use crate::scene::knob_value;

/// Why the experiment can't be run as its knobs stand.
pub(super) fn describe(mistake: &Mistake, catalog: &Catalog) -> String {
    let named = |key, knob: Knob| {
        let name = catalog.text(&["knob.", knob.name()].concat());
        Sentence::new(key).with("knob", name)
    };
    let sentence = match mistake {
        Mistake::Knob(Setting { knob, .. }, value, KnobError::Value { domain, .. }) => match domain
        {
            Domain::Number { least, most, .. } => named(
                match value.as_str() {
                    "" | NO_NUMBER => "mistake.number.none",
                    _ => "mistake.number",
                },
                *knob,
            )
            .with("value", value.clone())
            .with("least", knob_value(*knob, &least.to_string(), catalog))
            .with("most", knob_value(*knob, &most.to_string(), catalog)),
            Domain::Lines { most } => named("mistake.lines", *knob).with("most", *most),
            _ => named("mistake.value", *knob).with("value", value.clone()),
        },
        Mistake::Knob(_, _, KnobError::Framing { error, .. }) => {
            Sentence::new("mistake.framing").with("reason", no_framing(error))
        }
        Mistake::Knob(_, _, KnobError::Link { error, .. }) => {
            Sentence::new("mistake.link").with("reason", no_link(error))
        }
        Mistake::Knob(setting, value, _) => {
            named("mistake.value", setting.knob).with("value", value.clone())
        }
        Mistake::Experiment(error) => match error {
            ExperimentError::Clients(_) => Sentence::new("mistake.clients"),
            ExperimentError::Range {
                name,
                value,
                least,
                most,
            } => {
                let key = ["knob.", name].concat();
                let known = catalog.template(&key).map(str::to_owned);
                let knob = Knob::ALL.into_iter().find(|knob| knob.name() == *name);
                let shown = |value: usize| match knob {
                    Some(knob) => knob_value(knob, &value.to_string(), catalog),
                    None => grouped(value as u64),
                };
                Sentence::new("mistake.range")
                    .with("knob", known.unwrap_or_else(|| (*name).to_owned()))
                    .with("value", shown(*value))
                    .with("least", shown(*least))
                    .with("most", shown(*most))
            }
            ExperimentError::Message {
                client,
                message,
                error,
            } => Sentence::new("mistake.message")
                .with("client", u64::from(u8::from(*client)))
                .with("message", *message)
                .with("reason", encode(error)),
            ExperimentError::NoMessage {
                client,
                message,
                error,
            } => Sentence::new(match error {
                NoMessage::Hex(_) => "mistake.hex",
                NoMessage::Random => "mistake.random",
                NoMessage::File => "mistake.file",
            })
            .with("client", u64::from(u8::from(*client)))
            .with("message", *message),
            ExperimentError::Framing(error) => {
                Sentence::new("mistake.framing").with("reason", encode(error))
            }
            ExperimentError::Datagrams(_) => Sentence::new("mistake.datagrams"),
            ExperimentError::NothingToReplay(client) => {
                Sentence::new("mistake.replay").with("client", client.index() + 1)
            }
        },
    };
    catalog.render(&sentence)
}

/// Why a framing carries no message, or not this one.
pub(super) fn encode(error: &EncodeError) -> Sentence {
    match *error {
        EncodeError::TooLarge { length, maximum } => Sentence::new("encode.too-large")
            .with("n", length)
            .with("maximum", maximum),
        EncodeError::ContainsDelimiter { at } => {
            Sentence::new("encode.contains-delimiter").with("at", at)
        }
        EncodeError::EndsInPadding { .. } => Sentence::new("encode.ends-in-padding"),
        EncodeError::EmptyDelimiter => Sentence::new("encode.empty-delimiter"),
        EncodeError::Oversized { size, maximum } => Sentence::new("encode.oversized")
            .with("n", size)
            .with("maximum", maximum),
        EncodeError::ZeroSize => Sentence::new("encode.zero-size"),
        EncodeError::TooShort { length, minimum } => Sentence::new("encode.too-short")
            .with("n", length)
            .with("minimum", minimum),
        EncodeError::Setting { name, least } => Sentence::new("encode.setting")
            .with("name", name.to_owned())
            .with("least", least),
        EncodeError::NotWith { name, width } => Sentence::new("encode.not-with")
            .with("name", name.to_owned())
            .with("width", width.to_owned()),
        EncodeError::SameMarks => Sentence::new("encode.same-marks"),
        EncodeError::Empty => Sentence::new("encode.empty"),
        EncodeError::NotJson => Sentence::new("encode.not-json"),
    }
}

/// Why a file is no lesson, with the tag of the language that says so if it is not the page's.
pub(super) fn no_lesson(file: &LessonFile, catalog: &Catalog) -> (String, Option<&'static str>) {
    let told = file.mistake.as_ref().and_then(|mistake| {
        let framing = mistake.framing.as_deref().and_then(|text| {
            let error = framing::parse(text).err()?;
            Some(catalog.render(&no_framing(&error)))
        });
        let reason = framing.or_else(|| {
            let error = mistake.experiment.as_ref()?.validate().err()?;
            Some(describe(&Mistake::Experiment(error), catalog))
        })?;
        let place = if mistake.key.is_empty() {
            "file.lesson.line"
        } else {
            "file.lesson.at"
        };
        let sentence = Sentence::new(place)
            .with("line", mistake.line)
            .with("key", mistake.key.clone())
            .with("reason", reason);
        Some(catalog.render(&sentence))
    });
    match told {
        Some(told) => (told, None),
        None => (file.error.clone().unwrap_or_default(), Some("en")),
    }
}

/// A text that was given, or its beginning.
fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Why a text is no framing.
pub(super) fn no_framing(error: &FramingError) -> Sentence {
    match error {
        FramingError::Unknown(name) => Sentence::new("framing.mistake.unknown")
            .with("name", short(name))
            .with("names", Framing::NAMES.join(", ")),
        FramingError::SetsNothing(text) => {
            Sentence::new("framing.mistake.nothing").with("text", short(text))
        }
        FramingError::Word { framing, error, .. } => no_word(framing, error),
        FramingError::Settings { error, .. } => encode(error),
    }
}

/// What is wrong with a setting of the framing of this name.
fn no_word(framing: &'static str, error: &WordError) -> Sentence {
    match error {
        WordError::NoSetting(name) => {
            let known = Framing::named(framing);
            let known = known.as_ref().map_or(&[][..], Framing::settings);
            let names: Vec<_> = known.iter().map(|setting| setting.name).collect();
            Sentence::new(if names.is_empty() {
                "framing.mistake.none"
            } else {
                "framing.mistake.setting"
            })
            .with("framing", framing.to_owned())
            .with("name", short(name))
            .with("names", names.join(", "))
        }
        WordError::Twice(setting) => {
            Sentence::new("framing.mistake.twice").with("name", setting.name.to_owned())
        }
        WordError::TooMany => Sentence::new("framing.mistake.many"),
        WordError::Value { setting, word } => Sentence::new("framing.mistake.value")
            .with("set", [setting.name, "=", &short(word)].concat())
            .with("expected", expected(setting.values)),
    }
}

/// What values a setting of a framing takes.
pub(super) fn expected(values: Values) -> Sentence {
    match values {
        Values::Flag => Sentence::new("setting.mistake.flag"),
        Values::Number { least, most } => Sentence::new("setting.mistake.number")
            .with("least", least.to_string())
            .with("most", most.to_string()),
        Values::Words(words) => {
            Sentence::new("setting.mistake.words").with("words", words.join(", "))
        }
        Values::Byte => Sentence::new("setting.mistake.byte"),
        Values::Bytes { least, most } => Sentence::new("setting.mistake.bytes")
            .with("least", least)
            .with("most", most),
        Values::Alternatives { most } => {
            Sentence::new("setting.mistake.alternatives").with("most", most)
        }
        Values::Optional(values) => expected(*values),
    }
}

/// Why a text is no link.
fn no_link(error: &LinkError) -> Sentence {
    match error {
        LinkError::Unknown(word) => Sentence::new("mistake.link.unknown")
            .with("word", word.clone())
            .with("parts", Part::ALL.map(Part::name).join(", "))
            .with("names", Preset::ALL.map(Preset::name).join(", ")),
        LinkError::Value { part, value } => Sentence::new("mistake.link.value")
            .with("set", [part.name(), "=", value].concat())
            .with("expected", Sentence::new(takes(*part))),
        LinkError::OneForBoth(part) => {
            Sentence::new("mistake.link.one").with("name", part.name().to_owned())
        }
        LinkError::Twice(first, second) if first == second => {
            Sentence::new("mistake.link.twice").with("name", first.name().to_owned())
        }
        LinkError::Twice(first, second) => Sentence::new("mistake.link.same")
            .with("first", first.name().to_owned())
            .with("second", second.name().to_owned()),
        LinkError::NoLink => Sentence::new("mistake.link.none"),
    }
}

/// What a setting of a link takes.
const fn takes(part: Part) -> &'static str {
    match part {
        Part::Rtt => "mistake.link.rtt",
        Part::Delay | Part::Jitter => "mistake.link.time",
        Part::Loss | Part::Duplicate | Part::Reorder => "mistake.link.share",
        Part::Rate => "mistake.link.rate",
        Part::Queue => "mistake.link.queue",
        Part::Mtu => "mistake.link.mtu",
        Part::Seed => "mistake.link.seed",
    }
}

#[cfg(test)]
mod tests {
    use protocol::System;
    use trace::Experiment;

    use super::*;
    use crate::catalog;
    use crate::language::Language;

    /// What a text is told to be wrong with in English; in each language it is a sentence.
    fn told(sentence: &Sentence) -> String {
        let mut english = None;
        for language in Language::all() {
            let text = catalog::texts(language).render(sentence);
            assert!(!text.contains(['[', '{']), "{language:?}: {text}");
            if language.tag() == "zh" {
                let words = text.split(|c: char| !c.is_ascii_alphabetic());
                let is_english = |word: &str| ["the", "is", "are", "it", "a"].contains(&word);
                assert!(!words.clone().any(is_english), "{text}");
            }
            english.get_or_insert(text);
        }
        english.unwrap_or_default()
    }

    #[test]
    fn what_is_no_framing_is_told_in_each_language() {
        for (text, part) in [
            (
                "lines",
                "no framing is called “lines”: there are none, ready",
            ),
            ("delimiter,x", "“x” sets nothing"),
            ("none,size=2", "none has no settings"),
            (
                "delimiter,width=2",
                "delimiter has no setting “width”: it has delimiter, ",
            ),
            ("cobs,maximum=1,maximum=2", "maximum stands there twice"),
            (
                "length-prefix,width=9",
                "“width=9” is not possible. One of these is expected: 1, ",
            ),
            (
                "length-prefix,maximum=many",
                "“maximum=many” is not possible. A whole number from 0 to ",
            ),
            ("delimiter,keep=2", "true or false"),
            ("marked,end=256", "One byte is expected"),
            ("delimiter,delimiter=hex:0", "One or more are expected"),
            ("length-prefix,magic=hex:0", "0 to "),
            ("length-prefix,magic=abc", "offset must be at least 3"),
            (
                "length-prefix,width=varint,counts-header=true",
                "counts-header can't be set where the length is varint",
            ),
            ("delimiter,delimiter=", "empty"),
        ] {
            let error = framing::parse(text).expect_err(text);
            let found = told(&no_framing(&error));
            assert!(found.contains(part), "{text}: {found}");
        }
        let many = ["delimiter", &",delimiter=a".repeat(17)].concat();
        let error = framing::parse(&many).expect_err("too many");
        assert!(told(&no_framing(&error)).contains("16"));
    }

    #[test]
    fn what_is_wrong_with_a_lesson_is_told_in_each_language() {
        let text = |framing: &str| {
            [
                "[de]\ntitle = \"a\"\nquestion = \"b\"\nlook = \"c\"\n\n[experiment]\n\
                 system = \"length-prefix\"\nframing = ",
                framing,
                "\n\n[[experiment.clients]]\nmessages = [\"x\"]\n",
            ]
            .concat()
        };
        let told = |framing: &str, tag: &str| {
            let error = trace::lesson::file::parse("a", &text(framing)).expect_err(framing);
            let said = error.to_string();
            let file = LessonFile {
                mistake: error.mistake().map(Box::new),
                ..LessonFile::refused("a.toml", said)
            };
            let language = Language::of(tag).expect(tag);
            no_lesson(&file, &catalog::texts(language))
        };
        let zh = |framing: &str| told(framing, "zh");
        for (framing, reason) in [
            ("{ kind = \"lines\" }", "没有名为“lines”的分帧"),
            (
                "{ kind = \"length-prefix\", width = 9 }",
                "“width=9”不可用。应为其中之一",
            ),
            ("{ kind = \"cobs\", width = 9 }", "没有设置“width”"),
            ("{ kind = \"fixed-size\", size = 0 }", "这种分帧不可用"),
        ] {
            let (said, language) = zh(framing);
            let place = "第 8 行，键 experiment.framing：";
            assert!(said.starts_with(place), "{framing}: {said}");
            assert!(said.contains(reason), "{framing}: {said}");
            assert_eq!(language, None);
        }
        let (said, _) = told("{ kind = \"lines\" }", "en");
        let place = "line 8, key experiment.framing: no framing is called “lines”";
        assert!(said.starts_with(place), "{said}");
        // What is said by the reader of the file alone is in English, and told to be.
        let (said, language) = zh("7");
        assert_eq!(
            (said.starts_with("line 8, key"), language),
            (true, Some("en"))
        );
    }

    #[test]
    fn what_is_no_link_is_told_in_each_language() {
        for (text, part) in [
            ("colour=1", "a link has no “colour=1”: it has rtt, delay"),
            ("loss=2", "“loss=2” is not possible. A share from 0%"),
            ("rtt=1", "up to 10s"),
            ("delay=1", "up to 5s"),
            ("rate=1", "8kbit"),
            ("queue=0", "1 to 10,000 packets"),
            ("mtu=1", "576"),
            ("seed=x", "A whole number"),
            ("mtu=600/700", "mtu is one for both ways"),
            ("loss=1%,loss=1%", "loss stands there twice"),
            ("rtt=1ms,delay=1ms", "rtt and delay set the same"),
            ("this-machine,loss=1%", "this-machine is no link"),
        ] {
            let found = told(&no_link(&emulation::parse(text).expect_err(text)));
            assert!(found.contains(part), "{text}: {found}");
        }
    }

    #[test]
    fn a_mistake_of_a_knob_is_told_in_the_pages_language() {
        let mut experiment = Experiment::new(System::TcpEcho, &["a"]);
        for (knob, value) in [(Knob::Framing, "lines"), (Knob::Link, "loss=2")] {
            let error = knob.set(&mut experiment, value).expect_err(value);
            let mistake = Mistake::Knob(knob.into(), value.to_owned(), error);
            for language in Language::all() {
                let text = describe(&mistake, &catalog::texts(language));
                let is_english = text.contains(" can't be ") || text.contains("there are");
                assert_eq!(is_english, language.tag() == "en", "{text}");
            }
        }
    }
}
