//! How a bridge session ends. Whichever side goes first, the other one has or
//! gets everything that was sent to it, then a plain end; only who takes
//! nothing for too long is cut off. The cells of this table are tests: the last
//! four in `gateway/tests/patience.rs`, absence in `gateway/tests/bridges.rs`,
//! the others in `tests/tests/gateway/endings.rs`.
//!
//! | first | the server sees | the WebSocket sees |
//! |---|---|---|
//! | WebSocket close | every message, end of stream | what the server still sends until its own end of stream, then the same code |
//! | WebSocket's connection ends or is reset | every whole message, end of stream | nothing |
//! | server's end of stream | what comes before the answer to the close, end of stream | everything, then 1000 |
//! | server's reset | nothing | everything that arrived, then 1011 |
//! | nobody listens where the datagrams go | nothing | everything that arrived, then 1013 with a reason |
//! | WebSocket breaks a rule | every message before, end of stream | 1002, 1007, 1008 or 1009 with a reason |
//! | WebSocket does not finish a message | every message before, end of stream | 1008 with a reason |
//! | WebSocket takes nothing | a reset | a reset |
//! | server takes nothing | a reset | 1013 with a reason |
//!
//! A WebSocket that has sent its close is still sent messages (RFC 6455, section
//! 5.5.1, lets the answer wait): the server, told that nothing more will come,
//! has its last replies delivered. They are waited for until the server has been
//! silent for [`QUIET`], and for 5 s in all; datagrams, which have no end, until
//! there were none for [`QUIET_DATAGRAMS`].

use std::future::poll_fn;
use std::time::Duration;

use ::websocket::Close;
use tokio::time::timeout;

use super::Bridge;
use super::metrics::{Metrics, Reason, Way};
use super::pump::{End, Pump};
use super::socket::Socket;
use super::stream::GOODBYE;
use super::websocket::code;

/// How long a server may go on after its client has left.
const LINGER: Duration = Duration::from_secs(30);
/// How long a server may be silent before the answer to the WebSocket's close.
const QUIET: Duration = Duration::from_secs(2);
/// The same for datagrams.
const QUIET_DATAGRAMS: Duration = Duration::from_millis(200);
/// Bytes read and discarded from the server after its client has gone.
const LEFT: usize = 64 * 1024 * 1024;

/// Ends a session with `bridge`'s server.
pub(super) async fn end(
    mut pump: Pump,
    end: End,
    bridge: &Bridge,
    keep_alive: Duration,
    metrics: &Metrics,
) {
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
            broken(pump, code, &reason).await;
        }
        End::Absent => {
            metrics.refused(Reason::Unreachable);
            broken(pump, code::AGAIN, &bridge.absent("connection refused")).await;
        }
        End::Unfinished => {
            metrics.refused(Reason::Unfinished);
            let reason = format!("a message was not finished within {keep_alive:?}");
            broken(pump, code::POLICY, &reason).await;
        }
        End::Stalled(Way::Up) => {
            metrics.refused(Reason::Stalled);
            pump.release();
            pump.socket.reset();
            let reason = format!("the server took nothing for {keep_alive:?}: try again later");
            pump.web.close(code::AGAIN, &reason).await;
        }
        End::Stalled(Way::Down) => {
            metrics.refused(Reason::Stalled);
            pump.socket.reset();
            pump.web.into_stream().discard_at_close();
        }
    }
}

/// The server has everything and gets the end of the stream; what it replies
/// until its own is passed on. The answer to the close goes out only then:
/// a client that has it has received everything.
async fn closed(mut pump: Pump, close: Option<&Close>) {
    // Fails on a dead connection only; what came before is still passed on.
    let _ = pump.socket.finish().await;
    let quiet = if pump.socket.is_stream() {
        QUIET
    } else {
        QUIET_DATAGRAMS
    };
    let last =
        async { while let Ok(true) = timeout(quiet, poll_fn(|cx| pump.poll_last(cx))).await {} };
    let _ = timeout(GOODBYE, last).await;
    pump.release();
    tokio::join!(pump.web.answer(close), leave(pump.socket));
}

/// The peer gets what was taken from the server, then the close; the server
/// the end of the stream.
async fn broken(mut pump: Pump, code: u16, reason: &str) {
    pump.release();
    let left = leave(pump.socket);
    tokio::join!(pump.web.close(code, reason), left);
}

/// The peer has or gets everything that the server sent, then the close. What
/// it sends before it answers that still goes to the server.
async fn finished(mut pump: Pump, code: u16, reason: String) {
    pump.release();
    pump.web.push_close(Some(&Close { code, reason }));
    let farewell = async {
        loop {
            // Keep waiting while bytes are moved.
            match timeout(GOODBYE, poll_fn(|cx| pump.poll_farewell(cx))).await {
                Ok(None) => {}
                Ok(Some(_)) | Err(_) => return,
            }
        }
    };
    let _ = timeout(LINGER, farewell).await;
    if pump.web.is_waiting() {
        pump.web.into_stream().discard_at_close();
        leave(pump.socket).await;
    } else {
        tokio::join!(pump.web.part(), leave(pump.socket));
    }
}

/// Ends the stream. What the server still sends is discarded, but must be
/// read: a close with unread bytes resets the connection, and the server
/// might lose what it has not read yet.
async fn leave(mut socket: Socket) {
    if socket.is_stream() && socket.finish().await.is_ok() {
        let _ = timeout(LINGER, socket.drain(LEFT)).await;
    }
}
