//! The command line of `stickylab decoder`.

use tests::{Finished, run, stickylab};

fn decoder(arguments: &[&str]) -> Finished {
    run(stickylab(&[&["decoder"], arguments].concat()), b"")
}

#[test]
fn settings_that_no_frame_satisfies_are_refused_and_nothing_is_printed() {
    let settings = "length-prefix,width=1,maximum=2000000000";
    let finished = decoder(&["--framing", settings, "--language", "c"]);
    assert_ne!(finished.code, Some(0), "{finished:?}");
    assert!(finished.out.is_empty(), "{finished:?}");
}

#[test]
fn where_nothing_marks_messages_off_the_source_says_so() {
    for language in ["python", "javascript", "go", "java", "c", "rust"] {
        let finished = decoder(&["--framing", "none", "--language", language]);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        let source = finished.out.join("\n");
        assert!(source.contains("There are no messages"), "{source}");
        assert!(!source.to_lowercase().contains("maximum"), "{source}");
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
