//! Sockets as the servers see them: what they accept from, what they read
//! from, and the tap that records both from outside.

pub mod address;
pub mod admission;
pub mod audit;
pub mod budget;
pub mod bulk;
pub mod descriptors;
pub mod echoes;
pub mod listener;
pub mod observe;
pub mod source;
pub mod tap;
pub mod time_slice;
#[cfg(unix)]
pub mod unix;

pub use address::{Address, AddressError};
pub use admission::{Admission, Capacity};
pub use audit::{Audit, Auditor, Decision};
pub use descriptors::Descriptors;
pub use echoes::Echoes;
pub use listener::{
    BindError, Cork, Datagrams, Listener, bind_udp, datagram_socket, listen_tcp, listening,
    stream_socket,
};
pub use observe::Observable;
pub use tap::{
    Backlog, EndRecorder, Held, Meter, Moment, Recorder, Sink, Tapped, TappedDatagrams,
    TappedListener,
};
pub use time_slice::{TimeSlice, give_way};
#[cfg(unix)]
pub use unix::{SocketFile, UnixError, listen_unix};
