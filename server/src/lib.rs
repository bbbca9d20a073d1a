//! The native half of the lab: the servers, their clients, what carries
//! them to the page, and programs under trace.

pub mod busy;
#[cfg(target_os = "linux")]
pub mod chop;
pub mod clients;
#[cfg(target_os = "linux")]
mod emulator;
pub mod filter;
pub mod gateway;
pub mod journal;
pub mod lab;
pub mod lessons;
#[cfg(target_os = "linux")]
pub mod live;
pub mod net;
#[cfg(target_os = "linux")]
pub mod news;
pub mod play;
pub mod printable;
pub mod printer;
pub mod priority;
pub mod proxy;
pub mod servers;
#[cfg(target_os = "linux")]
pub mod sides;
pub mod templates;
pub mod terminal;
#[cfg(target_os = "linux")]
pub mod tracer;
mod wall_clock;
pub mod worker;
