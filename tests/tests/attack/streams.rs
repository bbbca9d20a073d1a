//! What sessions of a bridge that stream without pause do to the round trips of
//! another source. Timed, so only at full size, and with nothing else going on.

use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Barrier, LazyLock};
use std::thread;

use tests::websocket::{self, LAST, opcode};

use super::ATTACKER;
use super::bystander::Phase;
use super::client::dial;
use super::victim::Door;

/// Sessions that stream at the same time.
const SESSIONS: usize = 16;
/// Bytes of each message, and messages in each write.
const MESSAGE: usize = 4096;
const AT_ONCE: usize = 16;

/// A server that takes whatever comes.
static SINK: LazyLock<SocketAddr> = LazyLock::new(|| {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || io::copy(&mut stream, &mut io::sink()));
        }
    });
    address
});

/// Streams over the bridge to the sink until the phase is over.
fn stream(door: &Door, phase: &Phase) {
    let host = door.address.to_string();
    let all_open = Barrier::new(SESSIONS);
    thread::scope(|scope| {
        for _ in 0..SESSIONS {
            scope.spawn(|| {
                let mut stream = dial(ATTACKER, door.address).expect("it is let in");
                websocket::open(&mut stream, &host, "/bridge/sink").expect("an upgrade");
                let frame = websocket::frame(LAST | opcode::BINARY, &[7; MESSAGE]);
                let frames = frame.repeat(AT_ONCE);
                // Opening them is not what is measured here; the storm does that.
                all_open.wait();
                phase.begin();
                while !phase.is_over() {
                    stream.write_all(&frames).expect("it is taken");
                }
            });
        }
    });
}

mod timed {
    use super::super::bystander::{ROUNDS, compare};
    use super::super::is_full;
    use super::super::victim::Victim;
    use super::{SINK, stream};

    #[test]
    fn sessions_that_stream_do_not_slow_down_others() {
        if !is_full() {
            return;
        }
        let sink = format!("sink=tcp:{}", *SINK);
        let arguments = ["--bridge", &sink];
        let twin = Victim::start("bridge", &arguments);
        let victim = Victim::start("bridge", &arguments);
        victim.withstands("streams without pause", 1, ROUNDS, |victim, rounds| {
            let effect = compare(&victim.door, &twin.door, rounds, stream);
            // The first is a rehearsal.
            if rounds == ROUNDS {
                effect.check("streams without pause on bridge");
            }
            effect.to_string()
        });
    }
}
