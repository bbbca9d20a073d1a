//! nginx and HAProxy as the examples of `docs/examples` configure them, with
//! this machine's addresses and files in place of those in the example.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::program::installed;
use crate::{Program, eventually, python, workspace};

/// What the examples call the host.
pub const NAME: &str = "lab.example";

/// A proxy that listens for TLS.
#[derive(Debug)]
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    _program: Program,
    folder: TempDir,
}

impl Proxy {
    /// Starts nginx with the example called `name`, in which each of `places`
    /// is replaced.
    pub fn nginx(name: &str, places: &[(&str, &str)]) -> Self {
        Self::start(name, places, |folder, site| {
            let main = format!(
                "daemon off; pid {folder}/pid; error_log stderr; user root;\n\
                 events {{}}\n\
                 http {{ access_log off; client_body_temp_path {folder}/body;\n\
                 proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;\n\
                 uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;\n\
                 include {site}; }}\n"
            );
            let file = format!("{folder}/main.conf");
            fs::write(&file, main).expect("a file can be written");
            let mut command = Command::new(installed("NGINX", "nginx"));
            command.args(["-p", folder, "-e", "stderr", "-c", &file]);
            command
        })
    }

    /// The same with HAProxy.
    pub fn haproxy(name: &str, places: &[(&str, &str)]) -> Self {
        Self::start(name, places, |_, file| {
            let mut command = Command::new(installed("HAPROXY", "haproxy"));
            command.args(["-db", "-f", file]);
            command
        })
    }

    fn start(name: &str, places: &[(&str, &str)], command: impl Fn(&str, &str) -> Command) -> Self {
        let example = workspace::root().join("docs/examples").join(name);
        let text = fs::read_to_string(&example).expect("the example is there");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().to_str().expect("a plain path").to_owned();
        certificate(&path);
        let mut text = text.replace("/etc/ssl/", &format!("{path}/"));
        for (from, to) in places {
            assert!(text.contains(from), "{name} has no {from}");
            text = text.replace(from, to);
        }
        // It can't tell which free port it has chosen: it is told one, and told
        // another if somebody else was quicker.
        for _ in 0..10 {
            let address = free();
            let listening = text
                .replace("listen 443", &format!("listen {address}"))
                .replace("bind :443", &format!("bind {address}"));
            let file = format!("{path}/{name}");
            fs::write(&file, &listening).expect("a file can be written");
            let mut program = Program::start(&mut command(&path, &file));
            let up = eventually("the proxy listens or ends", || {
                if TcpStream::connect(address).is_ok() {
                    return Some(true);
                }
                (!program.is_running()).then_some(false)
            });
            if up {
                return Self {
                    address,
                    _program: program,
                    folder,
                };
            }
            let said = program.finish();
            let taken = said.err.iter().any(|line| line.contains("in use"));
            assert!(taken, "{name} does not start: {said:#?}");
        }
        panic!("there is no free port for {name}");
    }

    /// A plain address that leads to it by TLS; the proxy sees `source`.
    pub fn plain(&self, source: Ipv4Addr) -> Plain {
        let certificate = self.folder.path().join(format!("{NAME}.crt"));
        let certificate = certificate.to_str().expect("a plain path");
        let (address, source) = (self.address.to_string(), source.to_string());
        let arguments = [&address, &*source, certificate, NAME];
        let program = Program::start(&mut python::script("plain.py", &arguments));
        let start = "listening ";
        let line = program.out.wait_for(start, |line| line.starts_with(start));
        let port: u16 = line[start.len()..].parse().expect("a port");
        Plain {
            address: (Ipv4Addr::LOCALHOST, port).into(),
            _program: program,
        }
    }
}

/// The near end of a [`Proxy::plain`].
#[derive(Debug)]
pub struct Plain {
    /// Where to connect.
    pub address: SocketAddr,
    _program: Program,
}

fn free() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("it is bound")
}

/// A key and a certificate for [`NAME`]: `.key`, `.crt`, and both in `.pem`.
fn certificate(folder: &str) {
    let file = |ending: &str| PathBuf::from(format!("{folder}/{NAME}.{ending}"));
    let mut command = Command::new(installed("OPENSSL", "openssl"));
    command.args(["req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"]);
    command.args(["-pkeyopt", "ec_paramgen_curve:prime256v1"]);
    command.args(["-subj", &format!("/CN={NAME}")]);
    command.args(["-addext", &format!("subjectAltName=DNS:{NAME}")]);
    command.arg("-keyout").arg(file("key"));
    command.arg("-out").arg(file("crt"));
    let output = command.output().expect("openssl starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl: {said}");
    let read = |ending| fs::read_to_string(file(ending)).expect("openssl wrote it");
    let both = [read("crt"), read("key")].concat();
    fs::write(file("pem"), both).expect("a file can be written");
}
