//! A program under trace on a terminal: its keys reach the program, and a shell's job
//! control works.

use std::process::Command;

use tests::run;

use super::{programs, stickylab};

/// What a terminal shows of a script of bash, in which `$TRACE` is the tracer, while what
/// stands in `steps` is waited for and then typed; and the code that it ends with.
fn check(script: &str, steps: &[[&str; 2]], expected: &[&str]) {
    let mut command = Command::new("python3");
    command.arg(programs().join("terminal.py")).arg(script);
    command.args(steps.as_flattened());
    let trace = stickylab(&[]);
    let program = trace.get_program().to_str().expect("UTF-8");
    command.env("TRACE", format!("{program} trace --"));
    command.envs(
        trace
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    let finished = run(command, b"");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let mut lines = finished.out.iter();
    for wanted in expected {
        let found = lines.any(|line| line.contains(wanted));
        assert!(found, "{wanted:?} in this order: {finished:?}");
    }
}

/// Counts how often it is interrupted.
const COUNTS: &str = "
import signal, time
count = 0
def caught(*_):
    global count
    count += 1
signal.signal(signal.SIGINT, caught)
print('ready', flush=True)
deadline = time.monotonic() + 20
while not count and time.monotonic() < deadline: time.sleep(0.05)
for _ in range(5): time.sleep(0.05)
print('caught', count)
raise SystemExit(6)
";

#[test]
fn ctrl_c_reaches_the_program_once() {
    let script = format!("exec $TRACE python3 -c \"{COUNTS}\"");
    check(
        &script,
        &[["ready\r\n", "\u{3}"]],
        &["ready", "caught 1", "code 6"],
    );
    // With a page, a second one ends that.
    let script = format!("exec ${{TRACE% --}} --page -- python3 -c \"{COUNTS}\"");
    check(
        &script,
        &[["ready\r\n", "\u{3}"], ["until Ctrl-C", "\u{3}"]],
        &["ready", "caught 1", "until Ctrl-C", "code 6"],
    );
    let script = "$TRACE sh -c 'echo ready; exec sleep 60'; echo ended $?";
    check(script, &[["ready\r\n", "\u{3}"]], &["ready", "code -2"]);
}

#[test]
fn a_shell_stops_and_continues_the_program() {
    let script = "set -m; $TRACE sh -c 'echo ready; read line; echo got $line; exit 3'; \
                  echo stopped $?; fg; echo ended $?";
    let steps = [["ready", "\u{1a}"], ["stopped 14", "word\n"]];
    check(
        script,
        &steps,
        &["ready", "stopped 14", "got word", "ended 3", "code 0"],
    );
}
