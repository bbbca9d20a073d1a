//! nginx, HAProxy and openssl, for the tests of the examples in `docs/examples`, the
//! programs that the tests trace, and strace beside them: found, or installed.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::apt;
use crate::process;

/// Each program's variable, its name, and that of its package.
const PROGRAMS: [(&str, &str, &str); 9] = [
    ("NGINX", "nginx", "nginx"),
    ("HAPROXY", "haproxy", "haproxy"),
    ("OPENSSL", "openssl", "openssl"),
    ("NODE", "node", "nodejs"),
    ("CURL", "curl", "curl"),
    ("REDIS_SERVER", "redis-server", "redis-server"),
    ("REDIS_CLI", "redis-cli", "redis-tools"),
    ("SSH", "ssh", "openssh-client"),
    ("STRACE", "strace", "strace"),
];
/// Packages that start a service when they are installed.
const SERVICES: [&str; 3] = ["nginx", "haproxy", "redis-server"];
/// Where Debian keeps programs that are not on everybody's PATH.
const SYSTEM: &str = "/usr/sbin";

/// Programs by the variable that names each.
pub(crate) type Proxies = Vec<(&'static str, PathBuf)>;

/// Finds them, installing what is missing where that is possible. Debian's
/// packages of servers also start a service of each.
pub(crate) fn ensure() -> Result<Proxies> {
    find_all(
        &PROGRAMS,
        "the tests need nginx, HAProxy, openssl, Node, curl, redis-server, redis-cli, ssh and \
         strace, on PATH or named by NGINX, HAPROXY, OPENSSL, NODE, CURL, REDIS_SERVER, \
         REDIS_CLI, SSH and STRACE",
    )
}

/// Finds programs, each by its variable, its name and that of its package, and installs what
/// is missing. `need` says what is needed where that is not possible.
pub(super) fn find_all(
    programs: &[(&'static str, &str, &str)],
    need: &'static str,
) -> Result<Proxies> {
    let mut missing: Vec<_> = programs
        .iter()
        .filter(|(variable, name, _)| find(variable, name).is_none())
        .map(|(_, _, package)| *package)
        .collect();
    missing.dedup();
    if !missing.is_empty() {
        apt::install(&missing).context(need)?;
        let services = missing.iter().filter(|name| SERVICES.contains(name));
        let services: Vec<_> = services.copied().collect();
        if !services.is_empty() {
            println!(
                "xtask: where systemd runs, it now has services of {}, which the tests do not need",
                services.join(" and ")
            );
        }
    }
    programs
        .iter()
        .map(|&(variable, name, _)| {
            let found = find(variable, name);
            let program = found.with_context(|| format!("{name} is installed, but not on PATH"))?;
            Ok((variable, program))
        })
        .collect()
}

fn find(variable: &str, name: &str) -> Option<PathBuf> {
    let named = env::var_os(variable).map(PathBuf::from);
    named
        .filter(|path| path.is_file())
        .or_else(|| process::find(&[name]))
        .or_else(|| Some(Path::new(SYSTEM).join(name)).filter(|path| path.is_file()))
}
