//! Installs Debian packages where this user may do so.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::process;
use crate::step::step;

/// Installs `packages`, or fails saying what to install by hand.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let list = packages.join(" ");
    let Some(apt_get) = process::find(&["apt-get"]) else {
        bail!("install by hand what Debian calls: {list}");
    };
    let Some(root) = becoming_root() else {
        bail!("run: sudo apt-get install {list}");
    };
    step(&format!("installing {list}"), || {
        // Lists of other repositories may be out of reach; what counts is the install.
        if let Err(error) = process::run(&mut command(&root, &apt_get, &["update", "--quiet"])) {
            println!("xtask: {error:#}; trying to install all the same");
        }
        let mut install = command(
            &root,
            &apt_get,
            &["install", "--yes", "--quiet", "--no-install-recommends"],
        );
        process::run(install.args(packages))
    })
}

/// What to put before a command to run it as root; nothing when we are root.
fn becoming_root() -> Option<Vec<PathBuf>> {
    let user = process::output(Command::new("id").arg("-u")).ok()?;
    if user.trim() == "0" {
        return Some(Vec::new());
    }
    let sudo = process::find(&["sudo"])?;
    process::succeeds(Command::new(&sudo).args(["-n", "true"])).then(|| vec![sudo, "-n".into()])
}

fn command(root: &[PathBuf], apt_get: &PathBuf, arguments: &[&str]) -> Command {
    let mut command = match root {
        [] => Command::new("env"),
        [sudo, rest @ ..] => {
            let mut command = Command::new(sudo);
            command.args(rest).arg("env");
            command
        }
    };
    command
        .arg("DEBIAN_FRONTEND=noninteractive")
        .arg(apt_get)
        .args(arguments);
    command
}
