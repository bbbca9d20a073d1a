//! What the kernel tells about a socket beside the calls made on it, as a fact of a
//! record. Whoever records a call asks.

use record::{Options, Socket};

use crate::AsSocket;

/// To be asked just before a recv.
pub fn before_recv(socket: &impl AsSocket) -> Socket {
    Socket {
        waiting: crate::receive_queue(socket),
        ..Socket::default()
    }
}

/// To be asked just after a send on a TCP stream.
pub fn after_send(socket: &impl AsSocket) -> Socket {
    // In this order: what is sent in between is not both sent and unsent.
    let unacked = crate::send_queue(socket);
    let unsent = crate::unsent(socket);
    let waits = unsent.is_some_and(|unsent| unsent > 0);
    let sending = waits.then(|| crate::sending(socket)).flatten();
    // Of the same moment, or not at all.
    let sending = sending
        .filter(|sending| Some(sending.unsent) == unsent && crate::send_queue(socket) == unacked);
    Socket {
        unacked,
        unsent,
        mss: sending.map(|sending| sending.mss),
        window: sending.map(|sending| sending.window),
        ..Socket::default()
    }
}

/// To be asked just before the close of a TCP connection.
pub fn before_close(socket: &impl AsSocket) -> Socket {
    Socket {
        counts: crate::counts(socket),
        ..Socket::default()
    }
}

/// The options of a socket that are in `set`, as the kernel has them.
#[cfg(target_os = "linux")]
pub fn options(socket: &impl AsSocket, set: &Options) -> Option<Options> {
    Some(crate::options::options(socket).of_those_in(set))
}

/// Nothing is known here.
#[cfg(not(target_os = "linux"))]
pub fn options(_: &impl AsSocket, _: &Options) -> Option<Options> {
    None
}

/// To be asked of a listening TCP socket, beside a connect or just before an accept.
pub fn accept_queue(listener: &impl AsSocket) -> Socket {
    Socket {
        accept_queue: crate::accept_queue(listener),
        listen_drops: crate::memory(listener).map(|memory| memory.dropped),
        ..Socket::default()
    }
}
