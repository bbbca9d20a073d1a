//! Peers in Python, which share no line with ours.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use crate::{run, workspace};

/// A Python that has the `websockets` package: `PYTHON`, or what
/// `cargo xtask setup` made.
pub fn python() -> Command {
    let python = std::env::var_os("PYTHON").map(PathBuf::from);
    let python = python.unwrap_or_else(|| workspace::target().join("venv/bin/python"));
    let mut command = Command::new(python);
    // Nothing written beside the sources; output as it comes.
    command.args(["-B", "-u"]);
    command
}

/// `tests/peers/<script>` with `arguments`.
pub fn script(script: &str, arguments: &[&str]) -> Command {
    let mut command = python();
    command.arg(workspace::root().join("tests/peers").join(script));
    command.args(arguments);
    command
}

/// Runs a script to its end, which must be a good one; what it printed.
pub fn check(script_name: &str, arguments: &[&str], input: &[u8]) -> Vec<String> {
    let finished = run(script(script_name, arguments), input);
    assert_eq!(
        finished.code,
        Some(0),
        "{script_name} {arguments:?}:\n{}\n{}",
        finished.out.join("\n"),
        finished.err.join("\n")
    );
    finished.out
}

/// HMAC-MD5 in hex, by Python's own hmac.
pub fn hmac_md5(key: &str, challenge_hex: &str) -> String {
    let program = "import hmac, sys; print(hmac.new(sys.argv[1].encode(), \
                   bytes.fromhex(sys.argv[2]), 'md5').hexdigest())";
    let mut command = python();
    command.args(["-c", program, key, challenge_hex]);
    run(command, b"").out.concat()
}

/// A `PATH` on which `python3` is the interpreter itself, and not a script that looks for
/// it first (a shim of pyenv runs bash many times).
pub fn path() -> &'static OsString {
    static PATH: LazyLock<OsString> = LazyLock::new(|| {
        let mut python = Command::new("python3");
        python.args(["-c", "import sys; print(sys.executable)"]);
        let [interpreter] = &run(python, b"").out[..] else {
            panic!("python3 does not say where it is");
        };
        let mut folders = PathBuf::from(interpreter);
        folders.pop();
        let others = std::env::var_os("PATH").unwrap_or_default();
        let all = std::iter::once(folders).chain(std::env::split_paths(&others));
        std::env::join_paths(all).expect("folders of a PATH")
    });
    &PATH
}
