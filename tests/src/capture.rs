//! Programs that may not capture the wire.

use std::process::Command;

/// `plain` as a program that may not capture: without the capability, and where no network of
/// its own can be made.
pub fn without(plain: &Command) -> Command {
    let mut command = Command::new("unshare");
    let script = "echo 0 > /proc/sys/user/max_user_namespaces && \
                  exec setpriv --bounding-set=-net_raw --inh-caps=-net_raw \"$@\"";
    command.args(["--user", "--map-root-user", "sh", "-c", script, "sh"]);
    command.arg(plain.get_program()).args(plain.get_args());
    command.env_remove("RUST_LOG");
    command
}
