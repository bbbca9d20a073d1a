//! One program a language, with a decoder of each framing in it.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use tests::{installed, python, run, stickylab, workspace};

use super::cases::{CASES, FRAMINGS};

/// What `stickylab decoder` prints for each framing.
fn sources(language: &str) -> Vec<String> {
    let sources = FRAMINGS.iter().map(|framing| {
        let arguments = ["decoder", "--framing", framing, "--language", language];
        let finished = run(stickylab(&arguments), b"");
        assert_eq!(finished.code, Some(0), "{framing}: {finished:?}");
        finished.out.join("\n") + "\n"
    });
    sources.collect()
}

/// A file beside this one.
fn beside(name: &str) -> String {
    workspace::read(format!("tests/tests/decoders/{name}"))
}

fn write(path: impl AsRef<Path>, text: &str) {
    let path = path.as_ref();
    let folder = path.parent().expect("a file is in a folder");
    fs::create_dir_all(folder).expect("a folder");
    fs::write(path, text).expect("a file");
}

/// Runs a compiler, however long it takes, in `folder`.
fn build(mut command: Command, folder: &Path) {
    let done = command.current_dir(folder).output();
    let done = done.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = [done.stdout, done.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(done.status.success(), "{command:?}:\n{said}");
    assert!(said.is_empty(), "{command:?} warns:\n{said}");
}

/// Runs the program with all cases, and compares what comes out.
fn check(mut program: Command, folder: &Path) {
    let lines: Vec<_> = CASES.iter().map(|case| case.line.as_str()).collect();
    let input = folder.join("cases");
    write(&input, &(lines.join("\n") + "\n"));
    let input = File::open(input).expect("it was written");
    let done = program
        .current_dir(folder)
        .stdin(Stdio::from(input))
        .output();
    let done = done.unwrap_or_else(|error| panic!("{program:?}: {error}"));
    let (out, err) = (done.stdout, String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{program:?}: {}\n{err}", done.status);
    let out = String::from_utf8(out).expect("text");
    let said: Vec<_> = out.lines().collect();
    assert_eq!(said.len(), CASES.len(), "{program:?}:\n{err}");
    let mut wrong = Vec::new();
    for (case, said) in CASES.iter().zip(said) {
        // A number of more than 64 bits need not be told.
        let is_same = if case.is_huge {
            front(said) == front(&case.expected)
        } else {
            all(said) == all(&case.expected)
        };
        if !is_same {
            let number = case
                .line
                .split(' ')
                .nth(1)
                .and_then(|number| number.parse().ok());
            let framing = FRAMINGS[number.unwrap_or(0_usize)];
            let line: String = case.line.chars().take(300).collect();
            let expected = &case.expected;
            wrong.push(format!(
                "{framing}\n  {line}\n  gave     {said}\n  expected {expected}"
            ));
        }
    }
    let count = wrong.len();
    wrong.truncate(10);
    assert!(wrong.is_empty(), "{count} wrong:\n{}", wrong.join("\n"));
}

/// All that is said. A decoder that goes on behind errors may give the one of the end like any
/// other, or as the end's.
fn all(said: &str) -> &str {
    match said.strip_suffix(" ok") {
        Some(before) if before.contains("error ") => before,
        _ => said,
    }
}

/// What is said up to an error's kind and offset.
fn front(said: &str) -> Option<(&str, Vec<&str>)> {
    let (before, error) = said.split_once("error ")?;
    Some((before, error.split(' ').take(2).collect()))
}

#[test]
fn python() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    for (number, source) in sources("python").iter().enumerate() {
        write(folder.join(format!("m{number}.py")), source);
    }
    write(folder.join("driver.py"), &beside("driver.py"));
    let mut program = python::python();
    program.args(["-W", "error", "driver.py"]);
    check(program, folder);
}

#[test]
fn javascript() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    for (number, source) in sources("javascript").iter().enumerate() {
        write(folder.join(format!("m{number}.mjs")), source);
    }
    write(folder.join("driver.mjs"), &beside("driver.mjs"));
    let mut program = Command::new(installed("NODE", "node"));
    program.arg("driver.mjs");
    check(program, folder);
}

/// Whether the end of the stream may complete a message, so that there is more to read behind
/// `finish`: the usage in front of the source says so.
fn has_tail(source: &str) -> bool {
    source.contains("the end of the stream may complete a message")
}

/// Whether a silence means something to the decoder of a framing.
fn listens(number: usize) -> bool {
    FRAMINGS[number].starts_with("ready-ack")
}

/// Whether the decoder of a framing goes on behind errors.
fn goes_on(number: usize) -> bool {
    FRAMINGS[number].contains("resynchronise=true")
}

#[test]
fn c() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    for name in ["driver.c", "driver.h"] {
        write(folder.join(name), &beside(name));
    }
    let (mut modules, mut declared, mut table) = (Vec::new(), Vec::new(), Vec::new());
    for (number, source) in sources("c").iter().enumerate() {
        write(folder.join(format!("m{number}.h")), source);
        let tail = if has_tail(source) {
            "#define HAS_TAIL\n"
        } else {
            ""
        };
        let module = beside("module.c");
        let front = format!(
            "#define NAME m{number}\n#define FILE_NAME \"m{number}.h\"\n#define GOES_ON {}\n{tail}{}",
            u8::from(goes_on(number)),
            if listens(number) {
                "#define LISTENS\n"
            } else {
                ""
            }
        );
        write(
            folder.join(format!("m{number}.c")),
            &[front, module].concat(),
        );
        modules.push(format!("m{number}.c\n"));
        declared.push(format!("void m{number}(const char *task, char **words);\n"));
        table.push(format!("m{number}, "));
    }
    let (declared, table) = (declared.concat(), table.concat());
    let table = format!("{declared}static void (*MODULES[])(const char *, char **) = {{{table}}};");
    write(folder.join("modules.h"), &table);
    write(folder.join("files"), &modules.concat());
    let mut compiler = Command::new("cc");
    compiler.args([
        "-std=c11",
        "-Wall",
        "-Wextra",
        "-Wpedantic",
        "-Werror",
        "-O0",
    ]);
    // Reading behind a buffer ends the program, and so does what C leaves undefined.
    compiler.args(["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]);
    compiler.args(["driver.c", "@files", "-o", "driver"]);
    build(compiler, folder);
    let mut program = Command::new(folder.join("driver"));
    // Its search for leaks needs ptrace(2), which a container may refuse.
    program.env("ASAN_OPTIONS", "detect_leaks=0");
    check(program, folder);
}

#[test]
fn rust() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let (mut modules, mut arms) = (Vec::new(), Vec::new());
    for (number, source) in sources("rust").iter().enumerate() {
        write(folder.join(format!("m{number}.rs")), source);
        modules.push(format!("mod m{number};\n"));
        arms.push(format!(
            "\"{number}\" => run!(m{number}, {}, words[0], &words[2..]),\n",
            goes_on(number)
        ));
    }
    let (modules, arms) = (modules.concat(), arms.concat());
    let main = format!(
        "{}{modules}fn main() {{
            for line in std::io::stdin().lines() {{
                let line = line.unwrap();
                let words: Vec<_> = line.split(' ').collect();
                match words[1] {{ {arms} _ => unreachable!() }}
            }}
        }}",
        beside("driver.rs")
    );
    write(folder.join("driver.rs"), &main);
    let mut compiler = Command::new("rustc");
    compiler.args([
        "--edition",
        "2024",
        "-D",
        "warnings",
        "-C",
        "debuginfo=0",
        "driver.rs",
    ]);
    // What nobody outside uses is no mistake of the module.
    compiler.args(["-A", "dead_code"]);
    build(compiler, folder);
    check(Command::new(folder.join("driver")), folder);
}

/// The command of Go's tools, to be run in `folder`. Nothing is fetched.
pub(super) fn go_in(folder: &Path) -> Command {
    let mut command = Command::new(installed("GO", "go"));
    command
        .env("GOFLAGS", "-mod=mod")
        .env("GOPROXY", "off")
        .env("CGO_ENABLED", "0");
    command
        .env("GOTOOLCHAIN", "local")
        .env("GOPATH", folder.join("path"));
    command.env("GOCACHE", workspace::target().join("tmp/go-cache"));
    command
}

#[test]
fn go() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let (mut imports, mut modules) = (Vec::new(), Vec::new());
    for (number, source) in sources("go").iter().enumerate() {
        write(folder.join(format!("m{number}/frames.go")), source);
        imports.push(format!("import m{number} \"driver/m{number}\"\n"));
        let call = format!("d.(*m{number}.Decoder).Finish()");
        let finish = if has_tail(source) {
            [&call, "; return nil"].concat()
        } else {
            ["return ", &call].concat()
        };
        modules.push(format!(
            "\"{number}\": {{
                func() decoder {{ return &m{number}.Decoder{{}} }},
                func(d decoder) error {{ {finish} }},
                m{number}.Encode,
                func(err error) (string, uint64) {{
                    e := err.(*m{number}.FrameError)
                    return e.Kind, e.Offset
                }},
                {},
            }},\n",
            goes_on(number)
        ));
    }
    let (imports, modules) = (imports.concat(), modules.concat());
    let table = format!("package main\n{imports}var modules = map[string]module{{\n{modules}}}\n");
    write(folder.join("modules.go"), &table);
    write(folder.join("driver.go"), &beside("driver.go"));
    write(folder.join("go.mod"), "module driver\n\ngo 1.18\n");
    let folders = (0..FRAMINGS.len()).map(|number| format!("m{number}"));
    let mut formatter = Command::new(installed("GOFMT", "gofmt"));
    // Lists the files that it would write otherwise.
    formatter.arg("-l").args(folders);
    build(formatter, folder);
    let mut compiler = go_in(folder);
    compiler.args(["build", "-o", "driver-go", "."]);
    build(compiler, folder);
    check(Command::new(folder.join("driver-go")), folder);
}

#[test]
fn java() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let mut files = Vec::new();
    for name in ["Base.java", "Driver.java"] {
        write(folder.join("driver").join(name), &beside(name));
        files.push(format!("driver/{name}\n"));
    }
    for (number, source) in sources("java").iter().enumerate() {
        let package = format!("package m{number};\n");
        let finish = if has_tail(source) {
            "decoder.finish();"
        } else {
            "try { decoder.finish(); } catch (Frames.FrameException error) {
                throw new Refused(error.kind, error.offset, error.getMessage());
            }"
        };
        let listens = if listens(number) {
            "@Override public void idle() { decoder.idle(); }
            @Override public byte[] reply() { return decoder.reply(); }"
        } else {
            ""
        };
        let module = beside("Module.java")
            .replace("FINISH", finish)
            .replace("LISTENS", listens)
            .replace("GOES_ON", &goes_on(number).to_string());
        for (name, text) in [("Frames.java", source), ("Module.java", &module)] {
            write(
                folder.join(format!("m{number}/{name}")),
                &[&package, text.as_str()].concat(),
            );
            files.push(format!("m{number}/{name}\n"));
        }
    }
    write(folder.join("files"), &files.concat());
    let mut compiler = Command::new(installed("JAVAC", "javac"));
    // An exception that is not to be written into files needs no version.
    compiler.args([
        "-Xlint:all,-serial,-processing",
        "-Werror",
        "--release",
        "11",
        "@files",
    ]);
    build(compiler, folder);
    let mut program = Command::new(installed("JAVA", "java"));
    // What starts fastest and leaves the other processor to other tests.
    program.args([
        "-Xshare:auto",
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
    ]);
    program.args(["-cp", ".", "driver.Driver"]);
    check(program, folder);
}
