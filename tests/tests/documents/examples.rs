//! The shell lines of the README and of `docs/`, run as they are printed, one
//! document after the other in a network namespace of its own: there the
//! default addresses are free.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;
use tests::{Program, run, stickylab, workspace};

use super::markdown::Page;

/// Brings the namespace's loopback interface up (SIOCSIFFLAGS, netdevice(7)).
const LOOPBACK: &str = "import fcntl, socket, struct
fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sh14x', b'lo', 0x41))
";

/// A folder that looks like the repository to the commands, and like a home.
pub(super) fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let binary = stickylab(&[]).get_program().to_owned();
    let release = folder.path().join("target/release");
    let programs = folder.path().join("bin");
    for new in [&release, &programs] {
        fs::create_dir_all(new).expect("a folder");
    }
    let link = |original: &Path, name: &Path| {
        symlink(original, name).expect("a link");
    };
    link(Path::new(&binary), &release.join("stickylab"));
    link(Path::new(&binary), &programs.join("stickylab"));
    for name in ["docs", "static"] {
        link(&workspace::root().join(name), &folder.path().join(name));
    }
    for name in ["tshark", "node", "strace"] {
        if let Some(program) = std::env::var_os(name.to_uppercase()) {
            link(Path::new(&program), &programs.join(name));
        }
    }
    folder
}

/// A shell in a network namespace of its own, in `folder`, with `script`.
pub(super) fn isolated(folder: &Path, script: &str) -> Command {
    fs::write(folder.join("loopback.py"), LOOPBACK).expect("a file");
    let python = tests::python::python().get_program().to_owned();
    let prelude = format!(
        "set -e\nexec 2>&1\n{} loopback.py\n",
        python.to_string_lossy()
    );
    fs::write(folder.join("script"), prelude + script).expect("a file");
    let mut command = Command::new("unshare");
    command.arg("--net");
    if !rustix::process::geteuid().is_root() {
        command.arg("--map-root-user");
    }
    let path = std::env::var("PATH").unwrap_or_default();
    command.args(["sh", "script"]).current_dir(folder);
    command
        .env("PATH", format!("{}:{path}", folder.join("bin").display()))
        .env("HOME", folder)
        .env("COLUMNS", "100")
        .env("LC_ALL", "C.UTF-8")
        .env_remove("RUST_LOG");
    command
}

/// A command of a document, and what its comment says that it prints.
struct Example {
    command: String,
    prints: Option<String>,
}

fn examples(page: &Page) -> Vec<Example> {
    let blocks = page.blocks().into_iter();
    // A backslash at the end of a line joins it with the next.
    let lines = blocks
        .filter(|block| block.language == "sh")
        .flat_map(|block| {
            let text = block.lines.join("\n").replace("\\\n", "");
            text.lines().map(str::to_owned).collect::<Vec<_>>()
        });
    let lines = lines.filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    lines
        .map(|line| Example {
            prints: line
                .split_once(" # prints ")
                .map(|(_, text)| text.to_owned()),
            command: line,
        })
        .collect()
}

/// Whether a command is printed but not run here: cargo's build, or run for
/// minutes (that they exist is tested elsewhere), and whoever runs the tests may
/// not give capabilities away.
fn is_not_run(command: &str) -> bool {
    ["cargo ", "sudo "]
        .iter()
        .any(|program| command.starts_with(program))
}

/// Whether a command goes on until it is told to end.
fn is_server(command: &str) -> bool {
    ["stickylab serve", "stickylab server ", "stickylab proxy "]
        .iter()
        .any(|server| command.starts_with(server))
}

/// Runs the examples of a document; the number of those that were run.
fn check(path: &str) -> usize {
    let page = Page::read(path);
    let examples = examples(&page);
    let mut script = String::new();
    let mut ran = Vec::new();
    for example in &examples {
        let command = &example.command;
        if is_not_run(command) {
            continue;
        }
        if is_server(command) {
            let server = command.split(" #").next().unwrap_or(command);
            // What the server before has said must be gone before this one is waited for.
            let _ = write!(
                script,
                "if [ -n \"$server\" ]; then kill $server; wait $server; fi\n\
                 : > listening\n{server} > listening 2> log &\nserver=$!\n\
                 until grep -q '^listening {}' listening; do\n\
                 kill -0 $server; sleep 0.02; done\n",
                match command.split(' ').nth(1) {
                    Some("server") => "",
                    Some("proxy") => "proxy",
                    _ => "page",
                },
            );
        } else {
            let _ = writeln!(script, "{command}");
        }
        // What was printed before may have no line ending.
        let _ = writeln!(script, "echo; echo '== done {}'", ran.len());
        ran.push(example);
    }
    script += "if [ -n \"$server\" ]; then kill $server; wait $server; fi\necho '== end'\n";
    let folder = folder();
    let program = Program::start(&mut isolated(folder.path(), &script));
    let mut seen = 0;
    for (index, example) in ran.iter().enumerate() {
        let what = format!("{path}: {}", example.command);
        let done = format!("== done {index}");
        program.out.wait_since(seen, &what, |line| line == done);
        let printed = program.out.since(seen);
        let end = printed.iter().position(|line| *line == done);
        let end = end.expect("it was just there");
        if let Some(expected) = &example.prints {
            assert_eq!(printed[..end].join("\n").trim_end(), expected, "{what}");
        }
        seen += end + 1;
    }
    let finished = program.finish();
    assert_eq!(finished.code, Some(0), "{path}: {finished:?}");
    ran.len()
}

#[test]
fn the_readme_works_as_printed() {
    assert!(check("README.md") >= 12);
}

#[test]
fn the_reference_works_as_printed() {
    assert!(check("docs/knobs.md") >= 3);
    assert!(check("docs/bridges.md") >= 1);
    assert!(check("docs/proxy.md") >= 1);
    assert!(check("docs/your-own-program.md") >= 14);
}

#[test]
fn the_lesson_of_the_reference_runs() {
    let page = Page::read("docs/lesson-file.md");
    let blocks = page.blocks();
    let lesson = blocks.iter().find(|block| block.language == "toml");
    let lesson = lesson.expect("an example").lines.join("\n");
    let folder = folder();
    fs::write(folder.path().join("my-lesson.toml"), lesson).expect("a file");
    let finished = run(
        isolated(folder.path(), "stickylab run my-lesson.toml\n"),
        b"",
    );
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(finished.out[0], "Three sends");
}

/// What the image runs, with what its `docker run` sets, serves the page.
#[test]
fn the_image_serves_the_page_as_its_example_starts_it() {
    let file = workspace::read("Dockerfile");
    let last = |start: &str| {
        let mut lines = file.lines().filter_map(|line| line.strip_prefix(start));
        lines.next_back().expect("a line of the Dockerfile")
    };
    assert_eq!(last("ENTRYPOINT "), r#"["stickylab"]"#);
    let arguments: Vec<String> = serde_json::from_str(last("CMD ")).expect("a list");
    let example = last("#     docker run ");
    let variables = example.split("--env ").skip(1);
    let variables: String = variables
        .map(|rest| rest.split(' ').next().unwrap_or(rest).to_owned() + " ")
        .collect();
    let script = format!("exec env {variables}stickylab {}\n", arguments.join(" "));
    let folder = folder();
    let program = Program::start(&mut isolated(folder.path(), &script));
    let page = |line: &str| line.starts_with("listening page tcp 0.0.0.0:7878");
    program.out.wait_for(&script, page);
    program.stop(rustix::process::Signal::TERM);
}

/// Whether the sends meet a late reader is the kernel's and the scheduler's
/// affair, so it may take some runs until one looks as printed.
#[test]
fn the_lanes_of_the_readme_are_printed() {
    let page = Page::read("README.md");
    let blocks = page.blocks();
    let lanes = blocks.iter().filter(|block| block.language == "text");
    let commands = [
        "stickylab trace -- python3 docs/examples/chat.py\n",
        "stickylab run five-sends\n",
    ];
    let mut shown = 0;
    for (block, command) in lanes.zip(commands) {
        check_printed(&[&block.lines], command);
        shown += 1;
    }
    assert_eq!(shown, commands.len());
}

/// A script prints all of `blocks` in one run, without regard to numbers that are another
/// each time.
pub(super) fn check_printed(blocks: &[&[String]], script: &str) {
    let folder = folder();
    let expected = blocks.iter().map(|block| shown(block));
    let expected: Vec<_> = expected.collect();
    let mut last = Vec::new();
    for _ in 0..20 {
        let finished = run(isolated(folder.path(), script), b"");
        assert_eq!(finished.code, Some(0), "{finished:?}");
        let printed = shown(&finished.out);
        let mut blocks = expected.iter();
        if blocks.all(|block| printed.windows(block.len()).any(|window| window == block)) {
            return;
        }
        last = printed;
    }
    panic!(
        "never\n{}\nbut\n{}",
        expected.concat().join("\n"),
        last.join("\n")
    );
}

/// Lines as they look, with the same number for each port and descriptor.
fn shown(lines: &[String]) -> Vec<String> {
    assert!(lines.iter().any(|line| !line.is_empty()), "nothing in it");
    whole(lines)
        .iter()
        .map(|line| without_numbers(line.trim_end()))
        .collect()
}

/// Lines with the two parts of each call in one, which strace prints apart where the call waits
/// while another process makes one (strace(1)).
fn whole(lines: &[String]) -> Vec<String> {
    let process =
        |line: &str| -> String { line.chars().take_while(char::is_ascii_digit).collect() };
    let mut begun: HashMap<String, &str> = HashMap::new();
    let mut whole = Vec::new();
    for line in lines {
        if let Some(part) = line.strip_suffix(" <unfinished ...>") {
            begun.insert(process(line), part);
        } else if let Some((before, rest)) = line.split_once(" resumed>")
            && before.contains("<... ")
            && let Some(part) = begun.remove(&process(line))
        {
            whole.push([part, rest].concat());
        } else {
            whole.push(line.clone());
        }
    }
    whole
}

/// A line without numbers that are another each time: those of ports and descriptors, and
/// that of the process, with the blanks of its column, before a call of strace's.
fn without_numbers(line: &str) -> String {
    const DIGITS: [char; 10] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];
    let mut rest = line;
    if line.contains("<TCP:[") {
        rest = line.trim_start_matches(DIGITS).trim_start();
    }
    let mut shown = String::new();
    while let Some(first) = rest.chars().next() {
        shown.push(first);
        rest = &rest[first.len_utf8()..];
        let varies = ["127.0.0.1:", "recvfrom("];
        if varies.iter().any(|before| shown.ends_with(before)) {
            rest = rest.trim_start_matches(DIGITS);
        }
    }
    shown
}

#[test]
fn a_call_that_is_printed_in_two_parts_is_one() {
    let lines = [
        "31  recvfrom(4<TCP:[1]>,  <unfinished ...>",
        "said",
        "7   sendto(3<TCP:[1]>, \"a\", 1) = 1",
        "31  <... recvfrom resumed>\"a\", 4096) = 1",
    ];
    let lines = lines.map(str::to_owned);
    let expected = [
        "said",
        "7   sendto(3<TCP:[1]>, \"a\", 1) = 1",
        "31  recvfrom(4<TCP:[1]>, \"a\", 4096) = 1",
    ];
    assert_eq!(whole(&lines), expected);
}

#[test]
fn numbers_that_are_another_each_time_are_left_out() {
    assert_eq!(
        without_numbers("31  recvfrom(4<TCP:[127.0.0.1:5->127.0.0.1:67]>, \"a\", 4096) = 35"),
        "recvfrom(<TCP:[127.0.0.1:->127.0.0.1:]>, \"a\", 4096) = 35"
    );
    assert_eq!(
        without_numbers("31415 recvfrom(4<TCP:[1]>"),
        "recvfrom(<TCP:[1]>"
    );
    assert_eq!(without_numbers("17"), "17");
    assert_eq!(without_numbers("粘包 12"), "粘包 12");
}
