//! Programs that may not capture the wire.

use std::process::Command;

/// `plain` as a program that may not capture. Who is root has to give the
/// capability up first; who is not has none to begin with.
pub(crate) fn without(plain: &Command) -> Command {
    let mut command = if rustix::process::geteuid().is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--bounding-set=-net_raw", "--inh-caps=-net_raw"]);
        command.arg(plain.get_program());
        command
    } else {
        Command::new(plain.get_program())
    };
    command.args(plain.get_args()).env_remove("RUST_LOG");
    command
}
