//! How a bridge session ends. Whichever side goes first, the other one has or
//! gets everything that was sent to it, then a plain end; only who takes
//! nothing for too long is cut off. The cells of this table are tests: the last
//! three in `gateway/tests/patience.rs`, the others in
//! `tests/tests/gateway/endings.rs`.
//!
//! | first | the server sees | the WebSocket sees |
//! |---|---|---|
//! | WebSocket close | every message, end of stream | what was taken from the server, then the same code |
//! | WebSocket's connection ends or is reset | every whole message, end of stream | nothing |
//! | server's end of stream | what comes before the answer to the close, end of stream | everything, then 1000 |
//! | server's reset | nothing | everything that arrived, then 1011 |
//! | WebSocket breaks a rule | every message before, end of stream | 1002, 1007, 1008 or 1009 with a reason |
//! | WebSocket takes nothing | a reset | a reset |
//! | server takes nothing | a reset | 1013 with a reason |

use std::future::poll_fn;
use std::time::Duration;

use protocol::websocket::Close;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::metrics::{Metrics, Reason, Way};
use super::pump::{End, Pump, Socket};
use super::websocket::{GOODBYE, code, drain};

/// How long a server may go on after its client has left.
const LINGER: Duration = Duration::from_secs(30);
/// Bytes it may still send then.
const LEFT: usize = 64 * 1024 * 1024;

/// Ends a session.
pub(super) async fn end(pump: Pump, end: End, keep_alive: Duration, metrics: &Metrics) {
    tracing::debug!(?end, "bridge session");
    match end {
        End::Closed(close) => closed(pump, close.as_ref()).await,
        End::Gone => {
            drop(pump.web);
            leave(pump.socket).await;
        }
        End::Finished => finished(pump, code::NORMAL, String::new()).await,
        End::Broken(code::AWAY, reason) => finished(pump, code::AWAY, reason).await,
        End::Broken(code, reason) => {
            match code {
                code::SIZE => metrics.refused(Reason::TooBig),
                code::ERROR => {}
                _ => metrics.refused(Reason::Protocol),
            }
            let left = leave(pump.socket);
            tokio::join!(pump.web.close(code, &reason), left);
        }
        End::Stalled(Way::Up) => {
            metrics.refused(Reason::Stalled);
            abort(pump.socket);
            let reason = format!("the server took nothing for {keep_alive:?}: try again later");
            pump.web.close(code::AGAIN, &reason).await;
        }
        End::Stalled(Way::Down) => {
            metrics.refused(Reason::Stalled);
            abort(pump.socket);
            reset(&pump.web.into_stream());
        }
    }
}

/// The server has everything and gets the end of the stream. The answer to the
/// close goes out only then: whoever has it knows that.
async fn closed(mut pump: Pump, close: Option<&Close>) {
    if let Socket::Tcp(stream) = &mut pump.socket {
        let _ = stream.shutdown().await;
    }
    tokio::join!(pump.web.answer(close), leave(pump.socket));
}

/// The peer has or gets everything that the server sent, then the close. What
/// it sends before it answers that still goes to the server.
async fn finished(mut pump: Pump, code: u16, reason: String) {
    pump.web.push_close(Some(&Close { code, reason }));
    let farewell = async {
        loop {
            // Whoever moves is waited for, whoever stands still is not.
            match timeout(GOODBYE, poll_fn(|cx| pump.poll_farewell(cx))).await {
                Ok(None) => {}
                Ok(Some(_)) | Err(_) => return,
            }
        }
    };
    let _ = timeout(LINGER, farewell).await;
    if pump.web.is_waiting() {
        reset(&pump.web.into_stream());
        leave(pump.socket).await;
    } else {
        tokio::join!(pump.web.part(), leave(pump.socket));
    }
}

/// Ends the stream. What the server still sends has nobody to go to, but must
/// be read: a close with unread bytes resets the connection, and the server
/// might lose what it has not read yet.
async fn leave(socket: Socket) {
    let Socket::Tcp(mut stream) = socket else {
        return;
    };
    if stream.shutdown().await.is_ok() {
        let _ = timeout(LINGER, drain(&stream, LEFT)).await;
    }
}

fn abort(socket: Socket) {
    if let Socket::Tcp(stream) = socket {
        reset(&stream);
    }
}

/// Has the connection end in a reset: what waits for a peer that takes nothing
/// would stay in the kernel for minutes.
fn reset(stream: &TcpStream) {
    if let Err(error) = stream.set_zero_linger() {
        tracing::debug!(%error, "SO_LINGER");
    }
}
