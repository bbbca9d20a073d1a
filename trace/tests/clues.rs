//! What is said of lengths that cannot be right, from literal traces, in both languages.

#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod dsl;

use dsl::{catalog, trace};
use protocol::System;
use trace::Analysis;
use trace::explain::clues;
use trace::lane::Direction;

/// The reader of `chunks`, in `framing`, is told `expected`.
fn check(framing: &str, chunks: &[&str], language: &str, expected: &[&str]) {
    let mut script = String::new();
    for chunk in chunks {
        for part in ["c1 send ", chunk, "\ns1 recv 4096 ", chunk, "\n"] {
            script.push_str(part);
        }
    }
    script += "c1 shutdown\ns1 recv 4096\n";
    let mut trace = trace(System::LengthPrefix, &[], &script);
    let framing = trace::framing::parse(framing).unwrap();
    trace.plan.as_mut().unwrap().framing = Some(framing.clone());
    let analysis = Analysis::new(&trace);
    let lane = analysis
        .lane(trace.connections[0].connection, Direction::FromOpener)
        .unwrap();
    let catalog = catalog(language);
    let said: Vec<_> = clues(lane, &framing)
        .iter()
        .map(|s| catalog.render(s))
        .collect();
    assert_eq!(said, expected, "{chunks:?}");
}

/// Where its first bytes are an allowed length, are no number, or no mark.
#[test]
fn a_browser_at_any_port() {
    let request = r"GET\x20/\x20HTTP/1.1\x0d\x0aHost:\x20x\x0d\x0a\x0d\x0a";
    for framing in [
        "length-prefix,width=2,endian=big",
        "length-prefix,width=1",
        "length-prefix,width=varint",
        "length-prefix,width=decimal",
        "length-prefix,magic=hex:aa55,offset=2",
        "chunked",
        "json",
    ] {
        check(
            framing,
            &[request],
            "en",
            &["Its bytes are the text \"GET / HT\": somebody speaks HTTP here."],
        );
    }
}

#[test]
fn a_browser_at_a_port_of_lengths() {
    let request = r"GET\x20/\x20HTTP/1.1\x0d\x0aHost:\x20x\x0d\x0a\x0d\x0a";
    check(
        "length-prefix",
        &[request],
        "en",
        &["Its bytes are the text \"GET / HT\": somebody speaks HTTP here."],
    );
    check(
        "length-prefix",
        &[request],
        "zh",
        &["这些字节是文本“GET / HT”：对方说的是 HTTP。"],
    );
    check(
        "length-prefix",
        &[r"\x16\x03\x01\x02\x00\x01\x00"],
        "en",
        &["Its bytes are the beginning of a TLS record: somebody speaks TLS here."],
    );
}

#[test]
fn the_other_byte_order() {
    check(
        "length-prefix",
        &[r"\x00\x00\x00\x05hello"],
        "en",
        &[
            "Read big-endian it is 5.",
            "With endian=big all bytes are 1 whole message.",
        ],
    );
    check(
        "length-prefix,endian=big",
        &[r"\x05\x00\x00\x00hello", r"\x02\x00\x00\x00ab"],
        "zh",
        &[
            "按小端读是 5。",
            "设 endian=little 后，全部字节正好是 2 条完整的消息。",
        ],
    );
}

#[test]
fn a_length_that_counts_its_header() {
    check(
        "length-prefix,width=2,endian=big",
        &[r"\x00\x07hello", r"\x00\x04ab"],
        "en",
        &[
            "Each length counts its header, too: 2 too many each time. With counts-header=true all \
           bytes are 2 whole messages.",
        ],
    );
    check(
        "length-prefix,width=2,endian=big",
        &[r"\x00\x07hello"],
        "zh",
        &[
            "每个长度都把头部也算了进去：每次多 2。设 counts-header=true 后，全部字节正好是 1 条完整的消息。",
        ],
    );
}

#[test]
fn another_width() {
    check(
        "length-prefix,endian=big",
        &[r"\x00\x00\x05hello", r"\x00\x00\x02ab"],
        "en",
        &["With width=3 all bytes are 2 whole messages."],
    );
}

#[test]
fn nothing_is_said_of_a_stream_that_was_cut_off() {
    check("length-prefix", &[r"\x05\x00\x00\x00hel"], "en", &[]);
    check("delimiter", &["hello"], "en", &[]);
}
