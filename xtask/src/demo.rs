//! `cargo xtask demo`: builds everything, runs `stickylab serve` in the
//! foreground and says where the page is. However xtask is ended, the servers end with it.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::step::step;
use crate::workspace::Workspace;
use crate::{process, web};

/// Cargo's profile for what is shown: it compiles faster than a release.
const PROFILE: &str = "demo";

/// How long the servers may take to end before they are killed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Builds, serves until ended, and with `open` shows the page in the default browser.
pub(crate) fn run(workspace: &Workspace, open: bool, serve: &[OsString]) -> Result<()> {
    web::build(workspace)?;
    step("building the servers", || {
        let mut cargo = workspace.cargo();
        cargo.args(["build", "--package=stickylab", "--profile", PROFILE]);
        process::run(&mut cargo)
    })?;

    let (end, ended) = mpsc::channel();
    ctrlc::set_handler(move || {
        // The receiver is gone only when this process is about to exit anyway.
        let _ = end.send(());
    })?;
    println!("xtask: starting the page and the servers; Ctrl-C ends them");
    let binary = workspace.stickylab(PROFILE);
    let mut servers = Command::new(&binary)
        .arg("serve")
        .args(serve)
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", binary.display()))?;
    let stdout = servers
        .stdout
        .take()
        .context("the servers' output is piped")?;
    let reader = thread::spawn(move || relay(stdout, open));

    let asked = wait(&mut servers, &ended)?;
    let status = servers.wait()?;
    // A reader that panicked has lost only output that nobody reads any more.
    let _ = reader.join();
    if !asked && !status.success() {
        bail!("the servers ended with {status}");
    }
    Ok(())
}

/// Waits until the servers end; returns whether they were asked to.
fn wait(servers: &mut Child, ended: &mpsc::Receiver<()>) -> Result<bool> {
    let mut deadline: Option<Instant> = None;
    loop {
        if servers.try_wait()?.is_some() {
            return Ok(deadline.is_some());
        }
        match ended.recv_timeout(Duration::from_millis(50)) {
            Ok(()) if deadline.is_none() => {
                ask_to_end(servers)?;
                deadline = Some(Instant::now() + PATIENCE);
            }
            Ok(()) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => bail!("the signal handler is gone"),
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            eprintln!("xtask: the servers do not end; killing them");
            servers.kill()?;
        }
    }
}

#[cfg(unix)]
fn ask_to_end(servers: &mut Child) -> Result<()> {
    use rustix::process::{Pid, Signal, kill_process};
    match kill_process(Pid::from_child(servers), Signal::TERM) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(error).context("cannot signal the servers"),
    }
}

#[cfg(not(unix))]
fn ask_to_end(servers: &mut Child) -> Result<()> {
    servers.kill().context("cannot end the servers")
}

/// Passes the servers' output on, and says where the page is once it listens.
fn relay(stdout: impl Read, open: bool) {
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        let mut out = std::io::stdout().lock();
        // Nobody to tell when our own output is closed; the servers go on.
        let _ = writeln!(out, "{line}");
        if let Some(url) = page_url(&line) {
            let _ = writeln!(out, "open {url}");
            if open {
                show(&url);
            }
        }
        let _ = out.flush();
    }
}

/// The URL of the page, if `line` is the one that says where it listens.
fn page_url(line: &str) -> Option<String> {
    let address = line.strip_prefix("listening page tcp ")?.trim();
    let (host, port) = address.rsplit_once(':')?;
    let host = match host {
        "0.0.0.0" => "127.0.0.1",
        "[::]" => "[::1]",
        host => host,
    };
    Some(format!("http://{host}:{port}/"))
}

fn show(url: &str) {
    let mut opener = if cfg!(target_os = "macos") {
        Command::new("open")
    } else if cfg!(windows) {
        let mut start = Command::new("cmd");
        start.args(["/C", "start", ""]);
        start
    } else {
        Command::new("xdg-open")
    };
    if !process::succeeds(opener.arg(url)) {
        eprintln!("xtask: cannot open a browser here; open {url} yourself");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_line_gives_a_url() {
        fn check(line: &str, expected: Option<&str>) {
            assert_eq!(page_url(line).as_deref(), expected, "{line}");
        }
        check(
            "listening page tcp 127.0.0.1:7878",
            Some("http://127.0.0.1:7878/"),
        );
        check("listening page tcp [::1]:80", Some("http://[::1]:80/"));
        check(
            "listening page tcp 0.0.0.0:9000",
            Some("http://127.0.0.1:9000/"),
        );
        check("listening auth tcp 127.0.0.1:8080", None);
        check("listening page tcp nowhere", None);
        check("", None);
    }
}
