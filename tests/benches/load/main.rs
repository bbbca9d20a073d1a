//! The one load generator: measures the product beside what people would use
//! instead, all in turn on loopback, and prints each figure as a line of JSON.
//!
//! `cargo xtask bench` and `cargo xtask soak` start it; they say in the
//! environment where the programs are (see `programs`).

mod bridges;
mod echo;
mod figure;
mod handshake;
mod memory;
mod observe;
mod programs;
mod servers;
mod soak;
mod target;
mod traffic;

use std::time::Duration;

use figure::{Case, measure};
use traffic::Goodbye;

fn main() {
    // `cargo bench` adds its own flag.
    let arguments: Vec<_> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let words: Vec<_> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["echo"] => echo::run(),
        ["floor"] => echo::run_floor(),
        // To profile a server that runs already.
        ["handshakes", address, millis] => {
            let address = address.parse().expect("an address");
            let time = Duration::from_millis(number(millis));
            println!("{:?}", servers::handshakes(address, time));
        }
        // The same for a bridge: how to end a connection is `close` or `leave`.
        ["connections", address, path, goodbye, millis] => {
            let address = address.parse().expect("an address");
            let target = target::Target::websocket(address, path.to_owned().leak());
            let goodbye = match goodbye {
                "leave" => Goodbye::Leave,
                _ => Goodbye::Close,
            };
            let time = Duration::from_millis(number(millis));
            println!("{:?}", traffic::threads(target, 4, goodbye, time));
        }
        ["soak", seconds] => soak::run(Duration::from_secs(number(seconds))),
        ["bench", rounds, millis, ref groups @ ..] => {
            bench(
                number(rounds),
                Duration::from_millis(number(millis)),
                groups,
            );
        }
        _ => eprintln!("load: started by `cargo xtask bench` and `cargo xtask soak`"),
    }
}

/// Runs the groups named, `rounds` times in turn; a case is under load for `time`.
fn bench(rounds: u64, time: Duration, groups: &[&str]) {
    programs::allow_descriptors();
    let wanted = |group| groups.contains(&group);
    let echo = programs::echo();
    let bridges = wanted("bridges").then(|| bridges::start(echo.address));
    let servers = wanted("servers").then(servers::start);
    let mut cases: Vec<Case<'_>> = Vec::new();
    if let Some(bridges) = &bridges {
        cases.extend(bridges::cases(bridges, echo.address, time));
    }
    if let Some(servers) = &servers {
        cases.extend(servers::cases(servers, echo.address, time));
    }
    measure(cases, rounds);
    // Each of these starts its server anew: what one left is not the next one's.
    drop((bridges, servers));
    if wanted("memory") {
        measure(memory::cases(echo.address), rounds);
    }
}

fn number(text: &str) -> u64 {
    text.parse()
        .unwrap_or_else(|error| panic!("{text:?}: {error}"))
}
