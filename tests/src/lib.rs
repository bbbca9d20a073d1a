//! What the tests have in common: the `stickylab` binary run as its users run
//! it, and peers that share no code with it.
//!
//! Nothing in here depends on another package of the workspace, sleeps for a
//! fixed time instead of waiting for a condition, or uses a fixed port.

pub mod axe;
pub mod browser;
pub mod capture;
pub mod census;
mod deadline;
pub mod events;
pub mod firefox;
pub mod hmac;
pub mod http;
mod lines;
pub mod page;
mod peer;
pub mod proc;
mod program;
pub mod proxy;
pub mod python;
pub mod record_page;
pub mod recorded;
mod server;
mod somebody;
pub mod tls;
pub mod websocket;
pub mod workspace;

pub use census::Census;
pub use deadline::{PATIENCE, eventually};
pub use lines::Lines;

pub use page::{EventRow, Page, Seen};
pub use peer::{Datagrams, Listener, Stream, nobody_tcp, nobody_udp};
pub use program::{Finished, Program, installed, limited, run, stickylab};
pub use server::{SYSTEMS, Serve, Server, transport};
pub use somebody::{PROGRAM, by_somebody};
