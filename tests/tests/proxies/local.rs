//! A proxy on the same machine, over a Unix socket.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use rustix::process::Signal;
use tempfile::TempDir;
use tests::proxy::Proxy;
use tests::{Program, Serve};

use super::{ORIGIN, redirects, serves};

/// The program with its page at a Unix socket.
struct Local {
    program: Program,
    path: PathBuf,
    _folder: TempDir,
}

impl Local {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("page.sock");
        Self {
            program: serve(&path),
            path,
            _folder: folder,
        }
    }

    fn place(&self) -> &str {
        self.path.to_str().expect("a plain path")
    }
}

fn serve(path: &Path) -> Program {
    let mut command = Serve::command(&format!("unix:{}", path.display()));
    command.args([ORIGIN, "--max-sessions=4", "--metrics=127.0.0.1:0"]);
    let program = Program::start(&mut command);
    let line = format!("listening page unix {}", path.display());
    program.out.wait_for(&line, |said| said == line);
    program
}

#[test]
fn nginx_over_a_unix_socket() {
    let local = Local::start();
    let places = [("/run/stickylab/page.sock", local.place())];
    let proxy = Proxy::nginx("nginx.conf", &places);
    serves(&proxy, "");
    local.program.stop(Signal::TERM);
    assert!(
        !local.path.exists(),
        "the socket file goes with the program"
    );
}

#[test]
fn haproxy_over_a_unix_socket_below_a_path() {
    let local = Local::start();
    let places = [("/run/stickylab/page.sock", local.place())];
    let proxy = Proxy::haproxy("haproxy-path.cfg", &places);
    serves(&proxy, "/lab");
    redirects(&proxy);
}

#[test]
fn a_socket_file_that_was_left_behind_is_replaced_and_a_living_one_is_not() {
    let local = Local::start();
    let second = tests::run(Serve::command(&format!("unix:{}", local.place())), b"");
    assert_eq!(second.code, Some(1));
    let said = second.err.join("\n");
    assert!(
        said.contains("is in use") && said.contains("--page"),
        "{said}"
    );
    UnixStream::connect(&local.path).expect("the first goes on");
    local.program.signal(Signal::KILL);
    drop(local.program.finish());
    assert!(local.path.exists(), "nobody removed it");
    let next = serve(&local.path);
    UnixStream::connect(&local.path).expect("it listens");
    next.stop(Signal::TERM);
    assert!(!local.path.exists());
}
