//! What `stickylab trace --json` adds to the calls of a program, beside strace with a
//! filter (`--seccomp-bpf`) that writes the same calls and their bytes to a file: a round
//! trip of 64 bytes and a stream of 1 MiB. Each program measures itself, alone and under
//! either tracer, in turn; once with all on one processor, once where the scheduler
//! chooses. Each figure is printed as a line of JSON.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::thread::sched_getcpu;
use serde_json::json;
use tests::{installed, python, stickylab};

const ROUNDS: usize = 7;

/// Calls that move bytes or say which connection they are of: those that
/// `stickylab trace` stops at, too.
const CALLS: &str = "trace=network,read,write,readv,writev,pwritev2,preadv2,sendfile,splice,\
                     close,close_range,dup,dup2,dup3,fcntl,io_uring_setup";

/// Who follows a program.
const TRACERS: [&str; 3] = ["alone", "stickylab", "strace"];

/// A program, and how often it does what it measures.
struct Case {
    name: &'static str,
    command: Vec<String>,
}

fn main() {
    // `cargo bench` adds its own flag; a number of rounds may stand beside it.
    let rounds = std::env::args().find_map(|word| word.parse().ok());
    let folder = tempfile::tempdir().expect("a folder");
    let cases = cases(folder.path());
    let mut figures = Vec::new();
    for round in 0..rounds.unwrap_or(ROUNDS) {
        eprintln!("trace: round {round}");
        for case in &cases {
            for place in ["one", "chosen"] {
                let took = TRACERS.map(|tracer| run(case, tracer, place == "one", folder.path()));
                let what = format!("trace-{}-{place}", case.name);
                for (tracer, took) in TRACERS.into_iter().zip(took) {
                    add(&mut figures, &what, tracer, "µs", took);
                }
                let [alone, ours, theirs] = took;
                let ratio = (ours - alone) / (theirs - alone);
                add(&mut figures, &what, "ratio", "", ratio);
            }
        }
    }
    for figure in figures {
        let Figure {
            what,
            subject,
            unit,
            rounds,
        } = figure;
        println!(
            "{}",
            json!({ "what": what, "subject": subject, "unit": unit, "rounds": rounds })
        );
    }
}

fn cases(folder: &Path) -> Vec<Case> {
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/trace/programs");
    let path = |name: &str| text(&programs.join(name));
    let node = text(&installed("NODE", "node"));
    let case = |name, words: &[&str]| Case {
        name,
        command: words.iter().map(|&word| word.to_owned()).collect(),
    };
    vec![
        case("c", &[&compiled(&programs, "trips", folder), "2000"]),
        case("python", &["python3", &path("trips.py"), "2000"]),
        case("node", &[&node, &path("trips.js"), "1000"]),
        // Of all bytes each is recorded twice, and by default at most 16 MiB are.
        case("stream", &[&compiled(&programs, "stream", folder), "7"]),
    ]
}

fn compiled(programs: &Path, name: &str, folder: &Path) -> String {
    let program = folder.join(name);
    let mut compiler = Command::new("cc");
    compiler.args(["-O2", "-o"]).arg(&program);
    compiler.arg(programs.join(format!("{name}.c")));
    let status = compiler.status().expect("a C compiler");
    assert!(status.success(), "{compiler:?}");
    text(&program)
}

fn text(path: &Path) -> String {
    path.to_str().expect("UTF-8").to_owned()
}

/// What a program measured, in microseconds.
fn run(case: &Case, tracer: &str, on_one: bool, folder: &Path) -> f64 {
    let file = folder.join("calls");
    let mut words: Vec<String> = Vec::new();
    let mut add = |more: &[&str]| words.extend(more.iter().map(|&word| word.to_owned()));
    if on_one {
        add(&["taskset", "--cpu-list", &sched_getcpu().to_string()]);
    }
    // Nobody captures packets: strace does not.
    add(&["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw"]);
    let name = text(&file);
    match tracer {
        "stickylab" => {
            let ours = text(Path::new(stickylab(&[]).get_program()));
            add(&[&ours, "trace", "--json", &name, "--"]);
        }
        "strace" => {
            let strace = text(&installed("STRACE", "strace"));
            let flags = [
                "--seccomp-bpf",
                "-f",
                "-q",
                "-yy",
                "-s",
                "65536",
                "-e",
                CALLS,
            ];
            add(&[&strace]);
            add(&flags);
            add(&["-o", &name]);
        }
        _ => {}
    }
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).args(&case.command);
    command
        .env("PATH", python::path())
        .env("LC_ALL", "C.UTF-8")
        .env("HOME", "/");
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.expect("a program starts");
    assert!(output.status.success(), "{command:?}");
    if tracer != "alone" {
        let size = fs::metadata(&file).map_or(0, |file| file.len());
        assert!(size > 100_000, "{command:?} wrote {size} bytes");
        fs::remove_file(&file).expect("a file that was written");
    }
    let said = String::from_utf8_lossy(&output.stdout);
    said.trim()
        .parse()
        .unwrap_or_else(|_| panic!("{said:?} of {command:?}"))
}

struct Figure {
    what: String,
    subject: &'static str,
    unit: &'static str,
    rounds: Vec<f64>,
}

fn add(
    figures: &mut Vec<Figure>,
    what: &str,
    subject: &'static str,
    unit: &'static str,
    value: f64,
) {
    let known = figures
        .iter_mut()
        .find(|figure| figure.what == what && figure.subject == subject);
    match known {
        Some(figure) => figure.rounds.push(value),
        None => figures.push(Figure {
            what: what.to_owned(),
            subject,
            unit,
            rounds: vec![value],
        }),
    }
}
