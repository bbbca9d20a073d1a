//! Programs with one classic mistake each, and the same programs mended.

use std::fs;

use tests::workspace;

use super::victim::{Bench, Judged, Steps};

/// A mistake, and what of it has to be said.
struct Mistake {
    /// The program.
    file: &'static str,
    /// What it is called in the table of `docs/chop.md`.
    name: &'static str,
    /// Who talks to it; nobody, if it has its peer inside.
    steps: Steps<'static>,
    /// How the first schedule that is left begins.
    schedule: &'static str,
    /// Differences of which at least one is told.
    differences: &'static [&'static str],
    /// Whether a peer alone can show it.
    has_test: bool,
}

impl Mistake {
    /// Fails unless its row of the table says what was found: within how many schedules at most,
    /// and what is left of the one that broke it.
    fn check_row(&self, judged: &Judged) {
        let page = fs::read_to_string(workspace::root().join("docs/chop.md"));
        let page = page.expect("a page");
        let language = match self.file.rsplit_once('.') {
            Some((_, "py")) => "Python",
            Some((_, "mjs")) => "Node",
            Some((_, "c")) => "C",
            _ => "Rust",
        };
        let start = format!("| {} | {language} | ", self.name);
        let row = page.lines().find_map(|line| line.strip_prefix(&start));
        let row = row.unwrap_or_else(|| panic!("no row {start}"));
        let (within, schedule) = row.split_once(" | `").expect("two more columns");
        assert!(schedule.starts_with(self.schedule), "{start}{row}");
        let most: u64 = within.parse().expect("a number");
        let mut tried = 0;
        for family in judged.of_type("family") {
            tried += family["tried"].as_u64().expect("a number");
            if family["fate"] == "broke" {
                break;
            }
        }
        // A run that had to be repeated for want of time is another one.
        let is_steady = judged.of_type("judged")[0]["unsteady"] == 0;
        assert!(tried <= most || !is_steady, "{tried}: {start}{row}");
    }
}

/// Fails unless the mistake is found, and unless the mended program is not accused.
fn check(mistake: &Mistake) {
    let bench = Bench::new();
    let command = bench.victim(mistake.file);
    let with = |word: &'static str| -> Vec<&str> {
        let words = command.iter().map(String::as_str);
        words.chain([word]).collect()
    };
    let trace = bench.write("client.jsonl", &super::victim::trace(mistake.steps));
    let partner: &[&str] = if mistake.steps.is_empty() {
        &[]
    } else {
        &["--replay", &trace]
    };
    // Time enough for a loaded machine: it ends as soon as all families are tried.
    let flags = [partner, &["--budget", "10m", "--jobs", "1"]].concat();
    let judged = bench.chop(&flags, &with("wrong"));
    let file = mistake.file;
    assert_eq!(judged.code, Some(1), "{file}: {judged:#?}");
    let schedules = judged.schedules();
    assert!(
        schedules[0].starts_with(mistake.schedule),
        "{file}: {:#?}",
        judged.lines
    );
    mistake.check_row(&judged);
    let finding = judged.of_type("finding")[0];
    assert_eq!(finding["fewest"], true, "{file}: {finding:#}");
    let told = finding["differences"].as_array().expect("a list");
    assert!(
        told.iter()
            .any(|one| mistake.differences.contains(&one.as_str().expect("text"))),
        "{file}: {finding:#}"
    );
    // So does the test that was written, which the mended program passes; a kernel's own changes,
    // and a program that talks to itself, have none.
    let test = finding["test"].as_str();
    assert_eq!(test.is_some(), mistake.has_test, "{file}: {finding:#}");
    if let Some(test) = test {
        Bench::tested(test, &[], Some(1), file);
        Bench::tested(test, &with("mended"), Some(0), file);
    }
    // The shrunken schedule alone breaks it again, and the mended program survives it.
    let once = [partner, &["--schedule", schedules[0]]].concat();
    let again = bench.chop(&once, &with("wrong"));
    assert_eq!(again.code, Some(1), "{file}: {again:#?}");
    let mended = [partner, &["--budget", "3s"]].concat();
    bench.chop(&mended, &with("mended")).survived(file);
}

#[test]
fn a_header_by_one_recv_in_python() {
    check(&Mistake {
        file: "header.py",
        name: "a header is taken from one recv",
        steps: &[(0, b"\x05\0\0\0hello"), (5, b"\x03\0\0\0bye"), (8, b"")],
        schedule: "c1:1",
        differences: &["sent"],
        has_test: true,
    });
}

#[test]
fn one_recv_is_one_line_in_python() {
    check(&Mistake {
        file: "lines.py",
        name: "one recv is one line",
        steps: &[(0, b"one\n"), (5, b"two\n"), (10, b"")],
        schedule: "c1:",
        differences: &["sent"],
        has_test: true,
    });
}

#[test]
fn a_digest_by_one_recv_in_python() {
    check(&Mistake {
        file: "digest.py",
        name: "a digest is taken from one recv",
        steps: &[
            (0, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]),
            (7, b""),
        ],
        schedule: "c1:",
        differences: &["sent"],
        has_test: true,
    });
}

#[test]
fn what_is_glued_to_a_length_is_dropped_in_python() {
    check(&Mistake {
        file: "glued.py",
        name: "what comes with a length is dropped",
        steps: &[(0, b"5\nhello"), (0, b"!")],
        schedule: "c1:",
        differences: &["output"],
        has_test: true,
    });
}

#[test]
fn a_client_takes_one_recv_for_the_reply_in_python() {
    check(&Mistake {
        file: "client.py",
        name: "a client takes one recv for the reply",
        steps: &[],
        schedule: "c1o:",
        differences: &["output"],
        has_test: false,
    });
}

#[test]
fn characters_are_decoded_chunk_by_chunk_in_node() {
    check(&Mistake {
        file: "characters.mjs",
        name: "each chunk is decoded by itself",
        steps: &[(0, b"\xe7\xb2\x98\xe5\x8c\x85 abc")],
        schedule: "c1:",
        differences: &["sent"],
        has_test: true,
    });
}

#[test]
fn a_data_event_is_one_value_in_node() {
    check(&Mistake {
        file: "events.mjs",
        name: "a `data` event is one value",
        steps: &[(0, b"{\"n\":1}\n"), (2, b"{\"n\":22}\n"), (5, b"")],
        schedule: "c1:",
        differences: &["sent", "hangs"],
        has_test: true,
    });
}

#[test]
fn a_read_fills_its_buffer_in_c() {
    check(&Mistake {
        file: "short_read.c",
        name: "read() fills its buffer",
        steps: &[
            (0, &[1, 2, 3, 4, 5, 6, 7, 8]),
            (1, &[2, 2, 2, 2, 2, 2, 2, 2]),
            (2, b""),
        ],
        schedule: "c1:",
        differences: &["sent"],
        has_test: true,
    });
}

#[test]
fn a_write_takes_all_in_c() {
    check(&Mistake {
        file: "short_write.c",
        name: "write() takes all",
        steps: &[(0, b"!"), (35, b"")],
        schedule: "s1:",
        differences: &["sent"],
        has_test: false,
    });
}

#[test]
fn eagain_is_a_failure_in_c() {
    check(&Mistake {
        file: "would_block.c",
        name: "EAGAIN is a failure",
        steps: &[(0, b"hello")],
        schedule: "c1:eagain",
        differences: &["sent"],
        has_test: false,
    });
}

#[test]
fn eintr_is_a_failure_in_c() {
    check(&Mistake {
        file: "interrupted.c",
        name: "EINTR is a failure",
        // Until it is ready nothing is there: then a signal may interrupt it.
        steps: &[(1, b"hello")],
        schedule: "c1:eintr",
        differences: &["sent"],
        has_test: false,
    });
}

#[test]
fn an_interrupted_accept_is_the_end_in_c() {
    check(&Mistake {
        file: "accepting.c",
        name: "an interrupted accept() is the end",
        steps: &[(0, b"!"), (1, b"")],
        schedule: "accept:eintr@",
        differences: &["exit", "connections"],
        has_test: false,
    });
}

#[test]
fn an_interrupted_connect_is_a_failure_in_c() {
    check(&Mistake {
        file: "connecting.c",
        name: "an interrupted connect() is a failure",
        steps: &[],
        schedule: "connect:eintr@1",
        differences: &["exit", "output"],
        has_test: false,
    });
}

#[test]
fn an_interrupted_poll_is_a_failure_in_c() {
    check(&Mistake {
        file: "polling.c",
        name: "an interrupted poll() is a failure",
        steps: &[(0, b"!"), (1, b"")],
        schedule: "poll:eintr@",
        differences: &["exit", "connections"],
        has_test: false,
    });
}

#[test]
fn what_poll_said_before_it_was_interrupted_is_read_in_c() {
    check(&Mistake {
        file: "stale.c",
        name: "what poll() said before it was interrupted is read",
        // Nothing comes until it has said that nothing does.
        steps: &[(0, b"a"), (2, b"b"), (3, b"")],
        schedule: "poll:eintr@",
        differences: &["sent", "hangs"],
        has_test: false,
    });
}

#[test]
fn a_connection_that_poll_announced_is_there_in_c() {
    check(&Mistake {
        file: "emptied.c",
        name: "a connection that poll() announced is there",
        steps: &[(0, b"!"), (1, b"")],
        schedule: "accept:eagain@1",
        differences: &["exit", "connections"],
        has_test: false,
    });
}

#[test]
fn read_in_place_of_read_exact_in_rust() {
    check(&Mistake {
        file: "read.rs",
        name: "`read` in place of `read_exact`",
        steps: &[(0, b"0123456789abcdef"), (1, b"f123456789abcdef"), (2, b"")],
        schedule: "c1:",
        differences: &["sent"],
        has_test: true,
    });
}

#[test]
fn a_delimiter_is_looked_for_in_each_chunk_in_rust() {
    check(&Mistake {
        file: "delimiter.rs",
        name: "a delimiter is looked for in each chunk",
        steps: &[(0, b"hello\r\n"), (2, b"you\r\n"), (4, b"")],
        schedule: "c1:6",
        differences: &["sent", "hangs"],
        has_test: true,
    });
}
