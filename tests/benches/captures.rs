//! What it takes to look into a capture of 100 MB and 100,000 packets: its list of
//! connections beside tshark's (`-q -z conv,tcp`), and one of its connections. Each is a
//! program that is started, reads the file and ends; round by round in turn.

use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::NamedTempFile;
use tests::stickylab;

const ROUNDS: usize = 7;
const PACKETS: u32 = 100_000;
/// Connections that go on at the same time.
const CONNECTIONS: u32 = 250;
/// Payload of each packet, in bytes: with headers and the file's own 1,040.
const PAYLOAD: u16 = 970;

fn main() {
    let file = capture();
    let size = file.as_file().metadata().map_or(0, |file| file.len());
    println!(
        "a capture of {} MB and {PACKETS} packets, {CONNECTIONS} connections, median of {ROUNDS} rounds in turn",
        size / 1_000_000
    );
    let path = file.path().to_str().expect("a plain path");
    let (mut listed, mut shown, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        listed.push(timed(stickylab(&["show", path]), "connections"));
        shown.push(timed(
            stickylab(&["show", path, "--connection", "7"]),
            "not observed",
        ));
        theirs.push(timed(tshark(file.path()), "TCP Conversations"));
    }
    let [listed, shown, theirs] = [listed, shown, theirs].map(median);
    println!(
        "{:>9}: stickylab {listed:.0} ms, tshark {theirs:.0} ms, ratio {:.2}",
        "list",
        listed / theirs
    );
    println!(
        "{:>9}: stickylab {shown:.0} ms, of a second, ratio {:.2}",
        "one",
        shown / 1_000.0
    );
}

fn tshark(file: &Path) -> Command {
    let program = std::env::var_os("TSHARK").unwrap_or_else(|| "tshark".into());
    let mut command = Command::new(program);
    command.env("WIRESHARK_CONFIG_DIR", "/nonexistent");
    command.args(["-n", "-q", "-z", "conv,tcp", "-r"]).arg(file);
    command
}

/// How long a program takes, in milliseconds; what it prints has `expected` in it.
fn timed(mut command: Command, expected: &str) -> f64 {
    let begun = Instant::now();
    let output = command.stderr(Stdio::null()).output();
    let took: Duration = begun.elapsed();
    let output = output.expect("the program starts");
    assert!(output.status.success(), "{command:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains(expected),
        "{expected} in what {command:?} prints"
    );
    took.as_secs_f64() * 1_000.0
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

/// The connections send in turn, one segment each; their handshakes come first.
fn capture() -> NamedTempFile {
    let file = NamedTempFile::new().expect("a file");
    let mut out = BufWriter::new(file.as_file());
    let mut write = |bytes: &[u8]| out.write_all(bytes).expect("room for it");
    write(&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    write(&[0, 0, 4, 0, 1, 0, 0, 0]);
    let payload: Vec<u8> = (b'a'..=b'z').cycle().take(usize::from(PAYLOAD)).collect();
    for number in 0..PACKETS {
        let (connection, turn) = (number % CONNECTIONS, number / CONNECTIONS);
        // SYN, SYN and ACK, ACK, then data.
        let (flags, is_back, data) = match turn {
            0 => (0x02, false, &[][..]),
            1 => (0x12, true, &[][..]),
            2 => (0x10, false, &[][..]),
            _ => (0x18, false, &payload[..]),
        };
        let sent = turn.saturating_sub(3) * u32::from(PAYLOAD);
        let (sequence, ack): (u32, u32) = match turn {
            0 => (1_000, 0),
            1 => (9_000, 1_001),
            _ => (1_001 + sent, 9_001),
        };
        let ends = [10_000 + connection, 80];
        let ends = if is_back { [ends[1], ends[0]] } else { ends };
        let length = 54 + u32::try_from(data.len()).expect("a short one");
        for field in [
            1_600_000_000 + number / 1_000,
            number % 1_000 * 1_000,
            length,
            length,
        ] {
            write(&field.to_le_bytes());
        }
        write(&[0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 8, 0, 0x45, 0]);
        write(&(length - 14).to_be_bytes()[2..]);
        write(&number.to_be_bytes()[2..]);
        write(&[0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        for end in ends {
            write(&end.to_be_bytes()[2..]);
        }
        write(&sequence.to_be_bytes());
        write(&ack.to_be_bytes());
        write(&[0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        write(data);
    }
    drop(out);
    file
}
