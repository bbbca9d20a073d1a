//! What Wireshark's command line makes of our files, and of our dissector.

#[path = "wireshark/capture.rs"]
mod capture;
#[path = "wireshark/dissector.rs"]
mod dissector;
#[path = "wireshark/export.rs"]
mod export;
#[path = "wireshark/fragments.rs"]
mod fragments;
#[path = "wireshark/framed.rs"]
mod framed;
#[path = "wireshark/streams.rs"]
mod streams;

use std::path::{Path, PathBuf};
use std::process::Command;

use tests::workspace;

/// `TSHARK`, or the one on PATH, on `file`; with nobody's own settings.
fn tshark(file: &Path, arguments: &[&str]) -> Command {
    let program = std::env::var_os("TSHARK").map(PathBuf::from);
    let mut command = Command::new(program.unwrap_or_else(|| "tshark".into()));
    command.env("WIRESHARK_CONFIG_DIR", "/nonexistent");
    command.arg("-n").arg("-r").arg(file).args(arguments);
    command
}

/// The values of `fields` for each packet of `file`; tshark must find nothing
/// to complain about.
fn fields(file: &Path, arguments: &[&str], fields: &[&str]) -> Vec<Vec<String>> {
    let mut all = arguments.to_vec();
    all.extend(["-T", "fields", "-E", "separator=/t", "-E", "aggregator=,"]);
    all.extend(fields.iter().flat_map(|field| ["-e", field]));
    let finished = tests::run(tshark(file, &all), b"");
    // Tests may run as root; that this is a risk is no complaint about a file.
    let complaints: Vec<_> = finished
        .err
        .iter()
        .filter(|line| !line.starts_with("Running as user \"root\""))
        .collect();
    assert!(complaints.is_empty(), "{complaints:?}");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let values = |line: &String| line.split('\t').map(str::to_owned).collect();
    finished.out.iter().map(values).collect()
}

/// Loads the dissector, for connections to `port`.
fn with_dissector(system: &str, port: u16) -> [String; 4] {
    let script = workspace::root().join("static/stickylab.lua");
    [
        "-X".to_owned(),
        format!("lua_script:{}", script.display()),
        "-d".to_owned(),
        format!("tcp.port=={port},stickylab.{system}"),
    ]
}
