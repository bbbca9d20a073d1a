//! What belongs beside the program: completions and manual pages.

use std::collections::BTreeSet;
use std::process::Command;

use tempfile::TempDir;
use tests::{run, stickylab};

use super::{call, check_usage};

#[test]
fn completions_load_in_bash() {
    let finished = call(&["completions", "bash"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let folder = TempDir::new().expect("a folder");
    let script = folder.path().join("stickylab");
    std::fs::write(&script, finished.out.join("\n")).expect("a file");
    let mut bash = Command::new("bash");
    bash.args([
        "--norc",
        "-c",
        "source \"$1\" && complete -p stickylab",
        "_",
    ]);
    bash.arg(&script);
    let loaded = run(bash, b"");
    assert_eq!(loaded.code, Some(0), "{loaded:?}");
    assert!(loaded.err.is_empty(), "{loaded:?}");
    assert!(loaded.out[0].ends_with(" stickylab"), "{loaded:?}");
}

#[test]
fn every_shell_has_completions_that_name_the_commands() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let finished = call(&["completions", shell]);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        let script = finished.out.join("\n");
        for command in ["serve", "lessons", "completions"] {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
    check_usage(&["completions", "csh"], "csh");
}

#[test]
fn each_command_has_a_manual_page() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().to_str().expect("a plain path");
    let finished = run(stickylab(&["man", path]), b"");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let help = call(&["--help"]);
    let commands = help.out.iter().skip_while(|line| *line != "Commands:");
    let commands = commands.skip(1).take_while(|line| !line.is_empty());
    let commands = commands.filter_map(|line| line.split_whitespace().next());
    let pages = commands
        .filter(|name| *name != "help")
        .map(|name| format!("stickylab-{name}.1"));
    let pages: BTreeSet<_> = pages.chain(["stickylab.1".to_owned()]).collect();
    let entries = std::fs::read_dir(folder.path()).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let names = names.map(|name| name.into_string().expect("plain names"));
    assert_eq!(names.collect::<BTreeSet<_>>(), pages);
    let page = folder.path().join("stickylab-serve.1");
    let page = std::fs::read_to_string(page).expect("a page");
    for part in [".TH stickylab-serve 1", ".SH SYNOPSIS", "drain"] {
        assert!(page.contains(part), "{part} in\n{page}");
    }
}
