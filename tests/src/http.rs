//! An HTTP/1.1 client of a few lines (RFC 9112), so that every byte of a
//! request is the test's own.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use crate::PATIENCE;

/// What a server answered.
#[derive(Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    headers: Vec<(String, String)>,
    /// The body as it came, still encoded.
    pub body: Vec<u8>,
}

impl Response {
    /// The value of the header called `name` (in lower case); empty without one.
    pub fn header(&self, name: &str) -> &str {
        let header = self.headers.iter().find(|(other, _)| other == name);
        header.map_or("", |(_, value)| value)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Asks for `path`, which is sent as it is, with `headers` (`Name: value`).
pub fn get(server: SocketAddr, path: &str, headers: &[&str]) -> Response {
    request(server, "GET", path, headers)
}

/// The same of a server that may close without an answer.
pub fn try_get(server: SocketAddr, path: &str) -> Option<Response> {
    let answer = send(server, "GET", path, &[]).ok()?;
    end_of_head(&answer).map(|_| parse(&answer))
}

/// The same with another method.
pub fn request(server: SocketAddr, method: &str, path: &str, headers: &[&str]) -> Response {
    let answer = send(server, method, path, headers);
    parse(&answer.unwrap_or_else(|error| panic!("{method} {path}: {error}")))
}

/// Asks a server that is called `host` for `path`.
pub fn get_from(server: SocketAddr, host: &str, path: &str) -> Response {
    let answer = exchange(server, host, "GET", path, &[]);
    parse(&answer.unwrap_or_else(|error| panic!("{host}: GET {path}: {error}")))
}

/// Sends a request and takes all that comes back. It may be that nobody is there.
pub fn send(server: SocketAddr, method: &str, path: &str, headers: &[&str]) -> io::Result<Vec<u8>> {
    exchange(server, &server.to_string(), method, path, headers)
}

fn exchange(
    server: SocketAddr,
    host: &str,
    method: &str,
    path: &str,
    headers: &[&str],
) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    for header in headers {
        head += header;
        head += "\r\n";
    }
    head += "\r\n";
    stream.write_all(head.as_bytes())?;
    // Not every server closes when it is asked to.
    let (mut answer, mut chunk) = (Vec::new(), vec![0; 65_536]);
    while !is_whole(method, &answer) {
        match stream.read(&mut chunk)? {
            0 => break,
            count => answer.extend_from_slice(&chunk[..count]),
        }
    }
    Ok(answer)
}

/// Whether the answer's own length says that it has come.
fn is_whole(method: &str, answer: &[u8]) -> bool {
    let Some(end) = end_of_head(answer) else {
        return false;
    };
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    let length = head
        .split("\r\n")
        .find_map(|l| l.strip_prefix("content-length:"));
    let length: Option<usize> = length.and_then(|length| length.trim().parse().ok());
    length.is_some_and(|length| method == "HEAD" || answer.len() >= end + 4 + length)
}

fn end_of_head(answer: &[u8]) -> Option<usize> {
    answer.windows(4).position(|window| window == b"\r\n\r\n")
}

fn parse(answer: &[u8]) -> Response {
    let shown = || String::from_utf8_lossy(answer).into_owned();
    let Some(end) = end_of_head(answer) else {
        panic!("no end of the head: {}", shown());
    };
    let head = std::str::from_utf8(&answer[..end]).expect("a head is ASCII");
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 "));
    let status = status.and_then(|rest| rest.get(..3)?.parse().ok());
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let response = Response {
        status: status.unwrap_or_else(|| panic!("no status: {}", shown())),
        headers,
        body: answer[end + 4..].to_vec(),
    };
    assert_eq!(
        response.header("transfer-encoding"),
        "",
        "not expected here"
    );
    response
}
