//! Addresses where no server is.

use super::{check_failed, client};
use tests::{SYSTEMS, nobody_tcp, nobody_udp, run, stickylab, transport};

#[test]
fn an_address_nobody_listens_on_is_named_with_what_to_do() {
    for system in SYSTEMS {
        let tcp = nobody_tcp();
        let udp = nobody_udp();
        let address = match transport(system) {
            "udp" => udp.1,
            _ => tcp.1,
        };
        let mut finished = client(system, address, &[], b"hello\n").finish();
        assert!(finished.out.is_empty(), "{finished:?}");
        // UDP has no connection that could fail: it is told a message.
        let told = finished.err[0].clone();
        if transport(system) == "udp" {
            finished.err.remove(0);
            check_failed(&finished, "did not get through: 1");
        } else {
            check_failed(&finished, "nobody listens");
        }
        let place = format!("nobody listens on {} {address}", transport(system));
        assert!(told.contains(&place), "{told}");
        assert!(
            told.contains(&format!("stickylab server {system}")),
            "{told}"
        );
        assert!(told.contains("--connect"), "{told}");
    }
}

#[test]
fn a_name_that_nobody_has_is_named() {
    for system in SYSTEMS {
        let command = stickylab(&["client", system, "--connect", "no.such.host.invalid:9"]);
        check_failed(&run(command, b"hello\n"), "no.such.host.invalid");
    }
}
