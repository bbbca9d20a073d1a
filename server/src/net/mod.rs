//! Sockets as the servers see them: what they accept from, what they read
//! from, and the tap that records both from outside.

pub mod listener;
pub mod tap;

pub use listener::{BindError, Datagrams, Listener, bind_udp, listen_tcp};
pub use tap::{Recorder, Tapped, TappedDatagrams, TappedListener};
