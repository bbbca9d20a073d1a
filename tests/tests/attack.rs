//! Attacks from outside on the running program: on each of the five servers,
//! on the page, on a bridge and on the lab.
//!
//! What must hold after every attack, checked in [`victim`]:
//! - The attacker's own address is served again, once its back-off is over.
//! - No descriptor is left over, of no kind: what is open is what was open
//!   before. No thread is left over, no port is held.
//! - Memory is back to within a tenth of what it was after the attack before:
//!   an allocator keeps what it once needed, so that the first attack may take
//!   more, and how much depends on which thread served whom. A leak grows with
//!   each attack; the next ones, up to five, must end that.
//! - The program ends with 0 on SIGTERM, and nothing in it has panicked.
//!
//! `cargo xtask attack` makes them at full size on the release program. Linux
//! alone tells what a process holds, and has all of 127.0.0.0/8 to come from.
#![cfg(target_os = "linux")]

#[path = "attack/blocked.rs"]
mod blocked;
#[path = "attack/bystander.rs"]
mod bystander;
#[path = "attack/client.rs"]
mod client;
#[path = "attack/datagrams.rs"]
mod datagrams;
#[path = "attack/exhaustion.rs"]
mod exhaustion;
#[path = "attack/flood.rs"]
mod flood;
#[path = "attack/garbage.rs"]
mod garbage;
#[path = "attack/keys.rs"]
mod keys;
#[path = "attack/loops.rs"]
mod loops;
#[path = "attack/places.rs"]
mod places;
#[path = "attack/requests.rs"]
mod requests;
#[path = "attack/slow.rs"]
mod slow;
#[path = "attack/stopped.rs"]
mod stopped;
#[path = "attack/storm.rs"]
mod storm;
#[path = "attack/streams.rs"]
mod streams;
#[path = "attack/unread.rs"]
mod unread;
#[path = "attack/vanished.rs"]
mod vanished;
#[path = "attack/victim.rs"]
mod victim;
#[path = "attack/web.rs"]
mod web;
#[path = "attack/work.rs"]
mod work;

use std::net::Ipv4Addr;
use std::thread;

/// Where attacks come from.
const ATTACKER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// A client that is served throughout the attack.
const BYSTANDER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);
/// A client that connects during the attack.
const NEWCOMER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 4);

/// The servers whose clients have connections.
const STREAMS: [&str; 4] = ["tcp-echo", "ready-ack", "length-prefix", "auth"];
/// What the gateway has to offer.
const GATEWAY: [&str; 3] = ["page", "bridge", "lab"];
/// Everything that accepts connections.
const LISTENERS: [&str; 7] = [
    "tcp-echo",
    "ready-ack",
    "length-prefix",
    "auth",
    "page",
    "bridge",
    "lab",
];
/// What carries a WebSocket.
const WEBSOCKETS: [&str; 2] = ["bridge", "lab"];

/// Whether `cargo xtask attack` asked for the full size.
fn is_full() -> bool {
    std::env::var("STICKYLAB_ATTACK").is_ok_and(|size| size == "full")
}

/// `small`, or at full size `full`.
fn sized<T>(small: T, full: T) -> T {
    if is_full() { full } else { small }
}

/// Attacks each of `names`, one after the other at full size, so that what is
/// measured is of one; else all together, since much of it is waiting.
fn each(names: &[&'static str], attack: impl Fn(&'static str) + Sync) {
    if is_full() {
        for name in names {
            attack(name);
        }
        return;
    }
    thread::scope(|scope| {
        for name in names {
            scope.spawn(|| attack(name));
        }
    });
}
