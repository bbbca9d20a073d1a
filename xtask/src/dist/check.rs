//! The archive as who downloads it finds it: unpacked into an empty folder, it
//! serves its page, its manual pages open, and its completions are those of the program.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use flate2::read::GzDecoder;
use tar::Archive;

use crate::process;

/// How long the page may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Every listener of `stickylab serve`, which are to take free ports.
const LISTENERS: [&str; 6] = [
    "--page",
    "--udp-echo",
    "--tcp-echo",
    "--ready-ack",
    "--length-prefix",
    "--auth",
];

/// The completions for bash, in the archive.
const COMPLETIONS: &str = "share/bash-completion/completions/stickylab";

/// Unpacks `archive`, whose files are below `name`, and tries all of it.
pub(super) fn run(archive: &Path, name: &str) -> Result<()> {
    let folder = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
    fs::create_dir(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let tried = unpack(archive, &folder).and_then(|()| parts(&folder.join(name)));
    fs::remove_dir_all(&folder)?;
    tried
}

fn unpack(archive: &Path, folder: &Path) -> Result<()> {
    let bytes = fs::File::open(archive)?;
    let mut archive = Archive::new(GzDecoder::new(bytes));
    archive.unpack(folder).context("cannot unpack")
}

fn parts(tree: &Path) -> Result<()> {
    let program = format!("bin/stickylab{}", std::env::consts::EXE_SUFFIX);
    let mut servers = start(&tree.join(&program))?;
    let served = page(&mut servers);
    servers.kill()?;
    servers.wait()?;
    served?;
    manual(&tree.join("share/man/man1"))?;
    completions(&tree.join(program), &tree.join(COMPLETIONS))
}

/// `stickylab serve` on free ports, in a folder where nothing else is.
fn start(program: &Path) -> Result<Child> {
    let mut serve = Command::new(program);
    serve.arg("serve").current_dir(std::env::temp_dir());
    for listener in LISTENERS {
        serve.args([listener, "127.0.0.1:0"]);
    }
    serve.stdout(Stdio::piped()).stdin(Stdio::null());
    let started = serve.spawn();
    started.with_context(|| format!("cannot start {}", program.display()))
}

/// The page is there, and the program of it.
fn page(servers: &mut Child) -> Result<()> {
    let stdout = servers.stdout.take().context("the output is piped")?;
    let lines = BufReader::new(stdout).lines().map_while(Result::ok);
    let page = lines.filter_map(|line| {
        let address = line.strip_prefix("listening page tcp ")?;
        Some(address.trim().to_owned())
    });
    let address = page.take(1).next().context("the page does not listen")?;
    for (path, part) in [
        ("/", "stickylab.js"),
        ("/stickylab_bg.wasm", "application/wasm"),
    ] {
        let reply = get(&address, path)?;
        ensure!(
            reply.starts_with("HTTP/1.1 200 ") && reply.contains(part),
            "{path} has no {part}: {}",
            reply.lines().next().unwrap_or_default()
        );
    }
    Ok(())
}

/// The whole reply, as text.
fn get(address: &str, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply)?;
    Ok(String::from_utf8_lossy(&reply).into_owned())
}

/// Each manual page opens, without a warning.
fn manual(folder: &Path) -> Result<()> {
    let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let pages = entries.collect::<Result<Vec<PathBuf>>>()?;
    ensure!(pages.len() > 5, "only {} manual pages", pages.len());
    if process::find(&["man"]).is_none() {
        println!("xtask: not tried: the manual pages, since there is no man");
        return Ok(());
    }
    for page in pages {
        let mut man = Command::new("man");
        man.args(["--warnings", "-l"]).arg(&page);
        man.env("MANPAGER", "cat").env("LC_ALL", "C.UTF-8");
        let output = man.output().context("cannot start man")?;
        let said = String::from_utf8_lossy(&output.stderr);
        let text = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() || !said.is_empty() || !text.contains("SYNOPSIS") {
            bail!("man -l {}: {}: {said}", page.display(), output.status);
        }
    }
    Ok(())
}

/// The completions for bash are those that the program prints; that they load is
/// a test of the command line.
fn completions(program: &Path, script: &Path) -> Result<()> {
    let printed = process::output(Command::new(program).args(["completions", "bash"]))?;
    let packed = fs::read_to_string(script)?;
    ensure!(
        packed.trim() == printed.trim(),
        "{} is not what the program prints",
        script.display()
    );
    Ok(())
}
