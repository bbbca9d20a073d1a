//! `cargo xtask attack`: the attack suite at full size on the release program,
//! and a table of what was measured.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::setup::python;
use crate::step::{seconds, step};
use crate::test::privilege::Privilege;
use crate::workspace::Workspace;
use crate::{process, web};

/// What stands before a row that the suite prints.
const ROW: &str = "attack {";
/// The modules of attacks whose effect on others is timed: one by one, with
/// nothing else going on.
const TIMED: &str = "::timed::";
/// Of the others much is waiting: so many at a time.
const TOGETHER: &str = "--test-threads=4";

/// Makes all attacks, or those whose name contains one of `filters`.
pub(crate) fn run(workspace: &Workspace, filters: &[String]) -> Result<ExitCode> {
    let start = Instant::now();
    let python = python::ensure(workspace)?;
    // An older page is not this program's.
    web::build(workspace)?;
    step("building stickylab (release)", || {
        let mut cargo = workspace.cargo();
        process::run(cargo.args(["build", "--release", "--package=stickylab"]))
    })?;
    println!("xtask: attacking, which takes some minutes…");
    let mut rows = Vec::new();
    let skip = format!("--skip={TIMED}");
    let mut passed = attack(workspace, &python, &[&skip, TOGETHER], filters, &mut rows)?;
    let timed = timed(workspace, filters)?;
    if !timed.is_empty() {
        let alone = ["--test-threads=1", "--exact"];
        passed &= attack(workspace, &python, &alone, &timed, &mut rows)?;
    }
    passed &= !rows.is_empty();
    println!("\n{}", table(&rows));
    println!("{} attacks in {}", rows.len(), seconds(start.elapsed()));
    if passed {
        return Ok(ExitCode::SUCCESS);
    }
    println!("FAILED: see above");
    Ok(ExitCode::FAILURE)
}

/// The timed attacks whose name contains one of `filters`, or all.
fn timed(workspace: &Workspace, filters: &[String]) -> Result<Vec<String>> {
    let mut cargo = suite(workspace);
    let list = process::output(cargo.args(["--list", "--format=terse", TIMED]))?;
    let names = list.lines().filter_map(|line| line.strip_suffix(": test"));
    let wanted = |name: &&str| filters.is_empty() || filters.iter().any(|f| name.contains(f));
    Ok(names.filter(wanted).map(str::to_owned).collect())
}

/// The suite's test program; arguments of its own may follow.
fn suite(workspace: &Workspace) -> Command {
    let mut cargo = workspace.cargo();
    cargo.args(["test", "--package=tests", "--test=attack", "--"]);
    cargo
}

/// Runs the suite with `arguments`; its rows go to `rows`. Tells whether all
/// was withstood.
fn attack(
    workspace: &Workspace,
    python: &Path,
    arguments: &[&str],
    filters: &[String],
    rows: &mut Vec<Value>,
) -> Result<bool> {
    let mut cargo = suite(workspace);
    cargo
        .arg("--nocapture")
        .args(Privilege::find()?.arguments())
        .args(arguments)
        .args(filters)
        .env("STICKYLAB_ATTACK", "full")
        .env("STICKYLAB_BIN", workspace.stickylab("release"))
        .env("PYTHON", python)
        .stdout(Stdio::piped());
    let mut child = cargo.spawn().context("cannot start cargo")?;
    let stdout = child.stdout.take().context("the output is piped")?;
    for line in BufReader::new(stdout).lines() {
        let line = line.context("cannot read what the suite prints")?;
        // The harness may have begun the line.
        let Some(row) = line.find(ROW).and_then(|at| row(&line[at..])) else {
            println!("{line}");
            continue;
        };
        let (attack, listener) = (text(&row, "attack"), text(&row, "listener"));
        println!("xtask: {attack} on {listener}: withstood");
        rows.push(row);
    }
    Ok(child.wait()?.success())
}

/// The row that a line of the suite holds.
fn row(line: &str) -> Option<Value> {
    serde_json::from_str(line.strip_prefix("attack ")?).ok()
}

/// The rows as a table in Markdown.
fn table(rows: &[Value]) -> String {
    let mut lines = vec![
        "| attack | on | s | measured | descriptors | threads | KiB |".to_owned(),
        "|---|---|---|---|---|---|---|".to_owned(),
    ];
    for row in rows {
        let pair = |name: &str| format!("{} → {}", row[name][0], row[name][1]);
        let cells = [
            text(row, "attack").to_owned(),
            text(row, "listener").to_owned(),
            format!("{:.1}", row["seconds"].as_f64().unwrap_or_default()),
            text(row, "measured").to_owned(),
            pair("descriptors"),
            pair("threads"),
            pair("resident"),
        ];
        lines.push(format!("| {} |", cells.join(" | ")));
    }
    lines.join("\n")
}

fn text<'a>(row: &'a Value, name: &str) -> &'a str {
    row[name].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_the_suite_is_a_row_of_the_table() {
        let line = r#"attack {"attack":"flood","listener":"auth","measured":"much","seconds":1.25,
            "descriptors":[12,12],"threads":[3,3],"resident":[9000,9100]}"#;
        let row = row(line).expect("a row");
        let table = table(&[row]);
        let expected = "| flood | auth | 1.2 | much | 12 → 12 | 3 → 3 | 9000 → 9100 |";
        assert_eq!(table.lines().last(), Some(expected));
        assert_eq!(super::row("attack {"), None);
        assert_eq!(super::row("an attack"), None);
    }
}
