use protocol::System;

use super::*;
use crate::Experiment;
use crate::knob::{self, Knob};
use crate::lesson::Group;

const SMALL: &str = "[de]\ntitle = \"a\"\nquestion = \"b\"\nlook = \"c\"\n\n[experiment]\n\
                     system = \"tcp-echo\"\n\n[[experiment.clients]]\nmessages = [\"x\"]\n";

#[test]
fn a_lesson_of_ones_own_needs_one_language_and_no_place_in_the_list() {
    let lesson = parse("mine", SMALL).unwrap();
    assert_eq!(
        (lesson.id.as_str(), lesson.group, lesson.order),
        ("mine", Group::Own, 0)
    );
    assert_eq!(lesson.knobs, []);
    assert_eq!(lesson.words.get("de").unwrap().title, "a");
}

/// The small lesson with a part of it replaced.
fn check(replace: &str, by: &str, line: usize, key: &str, reason: &str) {
    assert!(SMALL.contains(replace), "{replace}");
    let text = SMALL.replacen(replace, by, 1);
    let error = parse("mine", &text).expect_err(&text);
    assert_eq!(
        (error.line, error.key.as_str()),
        (line, key),
        "{by}: {error}"
    );
    assert!(error.reason.contains(reason), "{by}: {error}");
}

#[test]
fn errors_name_their_line_and_their_key() {
    check(
        "system =",
        "sistem =",
        7,
        "experiment.sistem",
        "unknown field",
    );
    check(
        "\"tcp-echo\"",
        "\"tcp\"",
        7,
        "experiment.system",
        "unknown variant `tcp`",
    );
    check(
        "system = \"tcp-echo\"",
        "",
        6,
        "experiment",
        "missing field `system`",
    );
    check(
        "[de]",
        "[predict]\ncount = \"refusals\"\nchoices = [1, 2,\n 3, 2]\n[de]",
        4,
        "predict.choices[3]",
        "the guess 2 is offered already",
    );
    check(
        "[de]",
        "[predict]\ncount = \"refusals\"\nchoices = [0,1,2,3,4,5,6,7,8,9,10,11,\n12,13]\n[de]",
        4,
        "predict.choices[12]",
        "at most 12",
    );
    check("look = \"c\"", "", 1, "de", "missing field `look`");
    check("look =", "lock =", 4, "de.lock", "unknown field");
    check(
        "[de]",
        "colour = 1\n[de]",
        1,
        "colour",
        "unknown key `colour`",
    );
    check("[de]", "[German]", 1, "German", "unknown key `German`");
    check(
        "[de]",
        "group = \"mine\"\n[de]",
        1,
        "group",
        "unknown variant",
    );
    check(
        "[de]",
        "knobs = [\"gap\",\n \"gab\"]\n[de]",
        2,
        "knobs[1]",
        "unknown variant `gab`",
    );
    check(
        "[\"x\"]",
        "\"x\"",
        10,
        "experiment.clients[0].messages",
        "invalid type",
    );
    check(
        "[\"x\"]",
        "[\n\"x\",\n\"hex:0\"]",
        12,
        "experiment.clients[0].messages[1]",
        "hex",
    );
    check(
        "[\"x\"]",
        "[]\ngap-us = 5000001",
        11,
        "experiment.clients[0].gap-us",
        "5000000",
    );
    check(
        "\"tcp-echo\"",
        "\"tcp-echo\"\nread-delay-ms = 9999",
        8,
        "experiment.read-delay-ms",
        "5000",
    );
    check(
        "\"tcp-echo\"",
        "\"tcp-echo\"\nbuffer = -1",
        8,
        "experiment.buffer",
        "invalid value",
    );
    check(
        "\"tcp-echo\"",
        "\"tcp-echo\"\nbuffer = 1979-05-27",
        8,
        "experiment.buffer",
        "invalid type",
    );
    check("\"tcp-echo\"", "\"tcp-echo", 7, "", "");
    check("[experiment]", "[experiment", 6, "", "");
    check("\"a\"", "\"a\"\ntitle = \"b\"", 3, "", "duplicate key");
    let long = "#".repeat(MAX_LESSON + 1);
    assert!(
        parse("mine", &long)
            .unwrap_err()
            .reason
            .contains("at most 1048576")
    );
    let nothing = parse("mine", "").unwrap_err();
    assert!(nothing.reason.contains("no texts"), "{nothing}");
    let wrong = parse("mine", &SMALL.replace("system =", "sistem =")).unwrap_err();
    let said = "line 7, key experiment.sistem: unknown field `sistem`, expected one of";
    assert!(wrong.to_string().starts_with(said), "{wrong}");
}

#[test]
fn what_is_written_is_read_again() {
    let settings: [&[&str]; 5] = [
        &[],
        &[
            "system=auth",
            "clients=2",
            "gap.2=7",
            "key.1=\u{7f}\\\"\n\u{1}粘",
        ],
        &[
            "system=length-prefix",
            "framing=length-prefix,width=2,endian=big",
            "buffer=4",
        ],
        &[
            "framing=delimiter,delimiter=\\r\\n,delimiter=\\n",
            "client-framing=cobs",
            "recv-sizes=1 2",
        ],
        &["system=udp-echo", "messages=a×3\\nhex:00 ff\\n\\n\\\\×"],
    ];
    for settings in settings {
        let mut lesson = parse("mine", SMALL).unwrap();
        lesson.experiment = Experiment::new(System::TcpEcho, &["hello"]);
        knob::apply(&mut lesson.experiment, settings).unwrap();
        lesson.knobs = vec![Knob::Buffer, Knob::Gap];
        let text = write(&lesson);
        let read = parse("mine", &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(read, lesson, "{text}");
    }
}

#[test]
fn a_written_file_has_what_differs() {
    let mut lesson = parse("mine", SMALL).unwrap();
    knob::apply(
        &mut lesson.experiment,
        &["buffer=4", "nagle=on", "framing=fixed-size,size=3"],
    )
    .unwrap();
    assert_eq!(
        write(&lesson),
        "knobs = []\n\n[de]\ntitle = \"a\"\nquestion = \"b\"\nlook = \"c\"\n\n[experiment]\n\
         system = \"tcp-echo\"\nbuffer = 4\n\n[experiment.framing]\nkind = \"fixed-size\"\n\
         maximum = 1048576\npad = 32\nsize = 3\n\n[[experiment.clients]]\nmessages = [\"x\"]\n\
         nagle = true\n"
    );
}
