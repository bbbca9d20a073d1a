//! What it costs a program to be traced, measured on this machine: the same calls with a
//! tracer and without.

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsFd as _;
use std::time::Instant;

use kernel::tracee::Tracer;
use protocol::Nanos;
use record::Head;

use super::driver::Driver;
use super::observer::Observer;
use crate::filter::{Filter, Limits};
use crate::news::Telling;

/// By how much tracing lengthens a call of a program: a send or a recv of 64 bytes on a
/// TCP connection through loopback. None where it cannot be measured. Takes some
/// milliseconds. This process should have no other threads.
pub fn added_per_call() -> Option<Nanos> {
    let (one, other) = pair().ok()?;
    let mut tracer = Tracer::start_probe([one.as_fd(), other.as_fd()]).ok()?;
    let limits = Limits {
        events: 10_000,
        bytes: 1 << 20,
        snap: None,
    };
    let observer = Observer::new(
        Head::default(),
        limits,
        Filter::default(),
        Telling::default(),
    );
    let mut driver = Driver::new(tracer.process(), observer, Instant::now());
    driver.follow(&mut tracer).ok()?;
    let [without, with] = tracer.measured()?;
    Some(Nanos(with.saturating_sub(without) / 2))
}

/// Two ends of a connection.
fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let one = TcpStream::connect(listener.local_addr()?)?;
    let own = one.local_addr()?;
    loop {
        // Anybody may connect.
        let (other, from) = listener.accept()?;
        if from == own {
            return Ok((one, other));
        }
    }
}
