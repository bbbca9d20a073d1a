//! Each of the five servers, run as the real program, against peers written
//! by hand: what they send and what must come back are literal bytes.

#[path = "conformance/auth.rs"]
mod auth;
#[path = "conformance/framed.rs"]
mod framed;
#[path = "conformance/mutual.rs"]
mod mutual;
#[path = "conformance/python.rs"]
mod python;
#[path = "conformance/tcp_echo.rs"]
mod tcp_echo;
#[path = "conformance/udp_echo.rs"]
mod udp_echo;

use std::net::SocketAddr;

use tests::{Finished, Server};

/// What a client saw of its conversation, and what its server made of it.
struct Conversation {
    peer: SocketAddr,
    server: Finished,
}

/// Sends `pieces` one after the other, then the end of the stream, and expects
/// exactly `replies` back.
fn converse(server: &Server, pieces: &[&[u8]], replies: &[u8]) -> SocketAddr {
    let mut client = server.connect();
    for piece in pieces {
        client.send(piece);
    }
    client.finish();
    let rest = client.rest();
    let shown = |bytes: &[u8]| bytes.escape_ascii().to_string();
    assert_eq!(shown(&rest), shown(replies), "after {pieces:?}");
    client.address()
}

impl Conversation {
    /// The messages the server got from this peer, as it printed them.
    fn messages(&self, system: &str) -> Vec<&str> {
        let start = format!("message {system} {} ", self.peer);
        let lines = self.server.out.iter();
        lines.filter_map(|line| line.strip_prefix(&start)).collect()
    }

    /// The one log line about this peer, which names the offset and says why.
    fn check_refused(&self, offset: u64, reason: &str) {
        let peer = self.peer.to_string();
        let about = |line: &&String| line.contains("refused") && line.contains(&peer);
        let lines: Vec<_> = self.server.err.iter().filter(about).collect();
        let [line] = lines[..] else {
            panic!("one line about {peer}: {:?}", self.server.err);
        };
        assert!(line.contains(&format!("offset {offset}")), "{line}");
        assert!(line.contains(reason), "{reason}: {line}");
    }
}
