//! The command line of `stickylab decoder`.

use tests::{Finished, run, stickylab};

fn decoder(arguments: &[&str]) -> Finished {
    run(stickylab(&[&["decoder"], arguments].concat()), b"")
}

#[test]
fn a_framing_without_a_decoder_is_refused_and_nothing_is_printed() {
    for (framing, part) in [
        ("none", "none: nothing marks messages off"),
        ("ready-ack", "ready-ack: only the sender's silence"),
        (
            "cobs,resynchronise=true",
            "cobs: resynchronise is not supported",
        ),
    ] {
        let finished = decoder(&["--framing", framing, "--language", "c"]);
        assert_eq!(finished.code, Some(1), "{finished:?}");
        assert!(finished.out.is_empty(), "{finished:?}");
        assert!(finished.err[0].contains(part), "{finished:?}");
    }
}

#[test]
fn only_what_the_framing_needs_is_printed() {
    for language in ["python", "javascript", "go", "java", "c", "rust"] {
        let source = |framing| {
            let finished = decoder(&["--framing", framing, "--language", language]);
            assert_eq!(finished.code, Some(0), "{finished:?}");
            finished.out.join("\n")
        };
        let two_bytes = source("length-prefix,width=2,endian=big,signed=false");
        for word in [
            "varint",
            "checksum",
            "crc",
            "negative",
            "MAGIC",
            "adjustment",
            "json",
            "%if",
            "%end",
            "{{",
        ] {
            assert!(
                !two_bytes.contains(word),
                "{language}: {word} in\n{two_bytes}"
            );
        }
        assert!(source("length-prefix,width=varint").contains("varint"));
    }
}
