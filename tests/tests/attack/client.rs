//! A client that keeps to the protocol, of any listener, from any address.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use serde_json::{Value, json};
use socket2::{Domain, SockRef, Socket, Type};
use tests::hmac::{KEY, hmac_md5};
use tests::websocket::{self, LAST, opcode};
use tests::{Lines, PATIENCE};

use super::victim::Door;

/// How long a datagram may take before it counts as lost.
const DATAGRAM: Duration = Duration::from_millis(200);
/// So many lost in a row are no accident.
const DATAGRAMS: usize = 50;

/// A connection from `source`.
pub(crate) fn dial(source: Ipv4Addr, to: SocketAddr) -> io::Result<TcpStream> {
    dial_within(source, to, PATIENCE)
}

/// The same, not waiting longer than `patience` for the connection.
pub(crate) fn dial_within(
    source: Ipv4Addr,
    to: SocketAddr,
    patience: Duration,
) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((source, 0)).into())?;
    socket.connect_timeout(&to.into(), patience)?;
    socket.set_tcp_nodelay(true)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    Ok(socket.into())
}

/// Ends a connection with RST, whatever is on its way.
pub(crate) fn reset(stream: TcpStream) {
    let lingering = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
    lingering.expect("a socket takes options");
    drop(stream);
}

/// Everything up to the end of the connection, which may be a reset. A silent
/// peer is an error.
pub(crate) fn to_the_end(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Err(error) if error.kind() != ErrorKind::ConnectionReset => Err(error),
        _ => Ok(bytes),
    }
}

/// A client that follows the protocol.
pub(crate) struct Client {
    socket: Talk,
    name: &'static str,
    lines: Lines,
    source: Ipv4Addr,
    count: u32,
    /// Datagrams that had to be sent again.
    pub(crate) lost: usize,
}

enum Talk {
    Datagrams(UdpSocket),
    Stream(TcpStream),
}

impl Client {
    /// Gets in, with all that it takes: the handshake, the upgrade.
    pub(crate) fn enter(door: &Door, source: Ipv4Addr) -> io::Result<Self> {
        let socket = if door.name == "udp-echo" {
            let socket = UdpSocket::bind((source, 0))?;
            socket.connect(door.address)?;
            socket.set_read_timeout(Some(DATAGRAM))?;
            Talk::Datagrams(socket)
        } else {
            Talk::Stream(Self::admitted(door, dial(source, door.address)?)?)
        };
        Ok(Self {
            socket,
            name: door.name,
            lines: door.lines.clone(),
            source,
            count: 0,
            lost: 0,
        })
    }

    fn admitted(door: &Door, mut stream: TcpStream) -> io::Result<TcpStream> {
        let host = door.address.to_string();
        match door.name {
            "auth" => {
                let mut challenge = [0; 32];
                stream.read_exact(&mut challenge)?;
                stream.write_all(&hmac_md5(KEY, &challenge))?;
            }
            "bridge" => websocket::open(&mut stream, &host, "/bridge/udp-echo")?,
            "lab" => {
                websocket::open(&mut stream, &host, "/lab")?;
                expect(&websocket::read_frame(&mut stream)?.1, b"\"hello\"")?;
            }
            _ => {}
        }
        Ok(stream)
    }

    /// Says something and waits for what answers it.
    pub(crate) fn round_trip(&mut self) -> io::Result<()> {
        self.count += 1;
        let text = format!("n{}-{:06}", self.source.octets()[3], self.count);
        let upper = text.to_uppercase();
        let stream = match &mut self.socket {
            Talk::Datagrams(socket) => {
                for _ in 0..DATAGRAMS {
                    if datagram(socket, &text, &upper)? {
                        return Ok(());
                    }
                    self.lost += 1;
                }
                return Err(ErrorKind::TimedOut.into());
            }
            Talk::Stream(stream) => stream,
        };
        match self.name {
            "tcp-echo" => {
                stream.write_all(text.as_bytes())?;
                take(stream, upper.as_bytes())
            }
            "auth" => {
                stream.write_all(&framed(text.as_bytes()))?;
                take(stream, upper.as_bytes())
            }
            "ready-ack" => {
                stream.write_all(format!("{}\n", text.len()).as_bytes())?;
                take(stream, b"ready")?;
                stream.write_all(text.as_bytes())
            }
            "length-prefix" => {
                let start = self.lines.count();
                stream.write_all(&framed(text.as_bytes()))?;
                // It prints what it has received and answers nobody.
                self.lines
                    .wait_since(start, &text, |line| line.ends_with(&text));
                Ok(())
            }
            "page" => {
                stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
                let head = websocket::read_head(stream)?.to_lowercase();
                expect(head.as_bytes(), b"http/1.1 200 ")?;
                take(stream, b"alive\n")?;
                // A connection makes a bounded number of requests.
                if head.contains("connection: close") {
                    *stream = dial(self.source, stream.peer_addr()?)?;
                }
                Ok(())
            }
            "bridge" => {
                let frame = websocket::frame(LAST | opcode::BINARY, text.as_bytes());
                stream.write_all(&frame)?;
                expect(&said(stream)?, upper.as_bytes())
            }
            // What is no request is answered as well.
            _ => {
                let frame = websocket::frame(LAST | opcode::TEXT, text.as_bytes());
                stream.write_all(&frame)?;
                expect(&said(stream)?, b"not a request")
            }
        }
    }

    /// Takes leave as it should. In the lab only after a whole run.
    pub(crate) fn leave(mut self) -> io::Result<()> {
        let name = self.name;
        let Talk::Stream(stream) = &mut self.socket else {
            return Ok(());
        };
        if name == "lab" {
            run(stream)?;
        }
        if super::WEBSOCKETS.contains(&name) {
            let code = 1000_u16.to_be_bytes();
            stream.write_all(&websocket::frame(LAST | opcode::CLOSE, &code))?;
        } else {
            stream.shutdown(Shutdown::Write)?;
        }
        to_the_end(stream).map(drop)
    }
}

/// The next message; pings are skipped.
fn said(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    loop {
        let (opcode, payload) = websocket::read_frame(stream)?;
        if opcode != opcode::PING {
            return Ok(payload);
        }
    }
}

/// A run in the lab, from its first line to its last.
fn run(stream: &mut TcpStream) -> io::Result<()> {
    let experiment = json!({"system": "tcp-echo", "clients": [{"messages": []}]});
    say(
        stream,
        &json!({"type": "run", "run": 1, "experiment": experiment}),
    )?;
    let send = json!({"type": "send", "client": 1, "sends": [{"bytes": "61"}]});
    say(stream, &send)?;
    loop {
        let line = hear(stream)?;
        if line["party"] == 1 && line["call"] == "recv" && line["bytes"] == "41" {
            say(stream, &json!({"type": "close", "client": 1}))?;
        }
        if line["type"] == "ended" {
            return expect(line.to_string().as_bytes(), b"\"finished\"");
        }
        if line["type"] == "error" {
            return Err(io::Error::other(line.to_string()));
        }
    }
}

/// Sends one request to the lab.
pub(crate) fn say(stream: &mut TcpStream, request: &Value) -> io::Result<()> {
    let text = request.to_string();
    stream.write_all(&websocket::frame(LAST | opcode::TEXT, text.as_bytes()))
}

/// The lab's next line.
pub(crate) fn hear(stream: &mut TcpStream) -> io::Result<Value> {
    loop {
        let (opcode, payload) = websocket::read_frame(stream)?;
        if opcode == opcode::TEXT {
            return serde_json::from_slice(&payload).map_err(io::Error::other);
        }
        if opcode == opcode::CLOSE {
            return Err(ErrorKind::ConnectionAborted.into());
        }
    }
}

/// `body` with its length in front of it, least first.
pub(crate) fn framed(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).expect("a short body");
    let mut bytes: Vec<_> = length.to_be_bytes().into_iter().rev().collect();
    bytes.extend_from_slice(body);
    bytes
}

/// Whether the answer to `text` came.
fn datagram(socket: &UdpSocket, text: &str, upper: &str) -> io::Result<bool> {
    socket.send(text.as_bytes())?;
    let mut buffer = [0; 64];
    loop {
        match socket.recv(&mut buffer) {
            Ok(count) if buffer[..count] == *upper.as_bytes() => return Ok(true),
            // The answer to one that counted as lost.
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error),
        }
    }
}

fn take(stream: &mut TcpStream, expected: &[u8]) -> io::Result<()> {
    let mut bytes = vec![0; expected.len()];
    stream.read_exact(&mut bytes)?;
    expect(&bytes, expected)
}

fn expect(bytes: &[u8], part: &[u8]) -> io::Result<()> {
    if bytes.windows(part.len()).any(|window| window == part) {
        return Ok(());
    }
    let text = format!("{} in {}", part.escape_ascii(), bytes.escape_ascii());
    Err(io::Error::other(text))
}
