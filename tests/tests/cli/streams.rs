//! What is read and where it goes: standard streams, `--pcapng`, and the limits that
//! a shell sets.

use std::fs;
use std::io::Read as _;
use std::process::Stdio;

use super::runs::{OWN, file};
use super::{call, check_error};
use tests::{limited, run, stickylab};

/// A run's lines.
fn saved() -> String {
    call(&["run", "five-sends", "--json"]).out.join("\n") + "\n"
}

/// Whoever reads the output, such as `head -1`, has seen enough.
#[test]
fn a_closed_output_ends_the_program_quietly() {
    for arguments in [
        &["run", "five-sends"][..],
        &["run", "five-sends", "--json"],
        &["lessons"],
        &["completions", "bash"],
    ] {
        let mut command = stickylab(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        drop(child.stdout.take());
        let mut said = String::new();
        let mut err = child.stderr.take().expect("a pipe");
        err.read_to_string(&mut said).expect("text");
        let status = child.wait().expect("it ends");
        assert_eq!(status.code(), Some(141), "{arguments:?}: {said}");
        assert_eq!(said, "", "{arguments:?}");
    }
}

#[cfg(unix)]
#[test]
fn what_standard_streams_are_is_not_written_over() {
    let text = saved();
    let input = file(&text);
    let path = input.path().to_str().expect("a plain path");
    let mut command = stickylab(&["show", "-", "--pcapng", path]);
    command.stdin(fs::File::open(path).expect("it is there"));
    let finished = command.output().expect("it runs");
    assert_eq!(finished.status.code(), Some(1));
    let said = String::from_utf8_lossy(&finished.stderr).into_owned();
    assert!(said.contains("it is what is read"), "{said}");
    assert_eq!(fs::read_to_string(path).expect("it is there"), text);

    for stream in ["/dev/stdout", "/dev/stderr", "/dev/fd/1"] {
        check_error(
            &["show", path, "--pcapng", stream],
            &[stream, "it is what is printed to"],
        );
    }
    let null = call(&["show", path, "--pcapng", "/dev/null"]);
    assert_eq!(null.code, Some(0), "{null:?}");
}

#[cfg(unix)]
#[test]
fn a_file_of_packets_is_replaced_as_a_whole_or_not_at_all() {
    use std::os::unix::fs::PermissionsExt as _;
    let text = saved();
    let input = file(&text);
    let path = input.path().to_str().expect("a plain path");
    let folder = tempfile::tempdir().expect("a folder");
    let [target, link] = ["run.pcapng", "link.pcapng"].map(|name| folder.path().join(name));
    fs::write(&target, "before").expect("room for it");
    fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).expect("it is ours");
    std::os::unix::fs::symlink("run.pcapng", &link).expect("a link");
    let link = link.to_str().expect("a plain path");
    // In blocks of 512 or 1,024 bytes: there is no room for a file.
    let command = limited("-f 0", &stickylab(&["show", path, "--pcapng", link]));
    let cut = run(command, b"");
    assert_eq!(cut.code, Some(1), "{cut:?}");
    assert!(cut.err[0].contains("cannot write"), "{cut:?}");
    assert_eq!(fs::read(&target).expect("it is there"), b"before");
    let whole = call(&["show", path, "--pcapng", link]);
    assert_eq!(whole.code, Some(0), "{whole:?}");
    assert!(fs::read(&target).expect("it is there").len() > 100);
    let mode = fs::metadata(&target)
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o640);
    let names = fs::read_dir(&folder).expect("a folder").count();
    assert_eq!(names, 2, "nothing is left beside it");
}

#[cfg(target_os = "linux")]
#[test]
fn a_lesson_without_end_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let link = folder.path().join("zero.toml");
    std::os::unix::fs::symlink("/dev/zero", &link).expect("a link");
    let link = link.to_str().expect("a plain path");
    check_error(&["run", link], &["it has more than 1048576 bytes"]);
    let own = file(OWN);
    assert_eq!(
        call(&["run", own.path().to_str().expect("a plain path")]).code,
        Some(0)
    );
}

#[cfg(unix)]
#[test]
fn too_few_descriptors_for_a_run_are_told_in_a_sentence() {
    for limit in [8, 10, 12, 14, 16, 20] {
        let limit = format!("-n {limit}");
        let finished = run(limited(&limit, &stickylab(&["run", "five-sends"])), b"");
        assert_eq!(finished.code, Some(1), "{finished:?}");
        let [line] = &finished.err[..] else {
            panic!("one line: {finished:?}");
        };
        assert!(line.contains("open files (ulimit -n)"), "{line}");
    }
}
