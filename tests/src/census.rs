//! What a process holds: descriptors, threads, sockets, memory.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;

use crate::proc::{self, Status};

/// `st` of a listening socket in /proc/net/tcp.
const LISTEN: &str = "0A";

/// One look at a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Census {
    /// How many descriptors of each kind, such as `tcp`, `listening
    /// 127.0.0.1:8000`, `udp 127.0.0.1:8000`, `packet`, `pipe`.
    pub descriptors: BTreeMap<String, usize>,
    /// How many threads.
    pub threads: usize,
    /// Resident memory, in KiB.
    pub resident: usize,
}

impl Census {
    /// What process `pid` holds now; none if it is gone.
    pub fn of(pid: u32) -> Option<Self> {
        let Status { threads, resident } = Status::of(pid)?;
        Some(Self {
            descriptors: descriptors(pid)?,
            threads,
            resident,
        })
    }

    /// How many descriptors in all.
    pub fn open(&self) -> usize {
        self.descriptors.values().sum()
    }

    /// How many sockets of a kind that begins with `kind`.
    pub fn sockets(&self, kind: &str) -> usize {
        let kinds = self.descriptors.iter();
        kinds
            .filter(|(name, _)| name.starts_with(kind))
            .map(|(_, count)| count)
            .sum()
    }
}

impl fmt::Display for Census {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            descriptors,
            threads,
            resident,
        } = self;
        write!(f, "{threads} threads, {resident} KiB, {descriptors:?}")
    }
}

fn descriptors(pid: u32) -> Option<BTreeMap<String, usize>> {
    // The descriptors first: a socket that is closed meanwhile is in no table,
    // and counts as one that has no name.
    let links = proc::descriptors(pid)?;
    let targets: Vec<_> = links.iter().flat_map(fs::read_link).collect();
    let sockets = sockets(pid);
    let mut kinds = BTreeMap::new();
    for target in targets {
        let target = target.to_string_lossy().into_owned();
        // The C library reads them for a moment when it gives memory back, and when it counts
        // the processors.
        let for_a_moment = ["/proc/sys/vm/", "/sys/devices/system/cpu/"];
        if for_a_moment.iter().any(|folder| target.starts_with(folder)) {
            continue;
        }
        let kind = match target.split_once(":[") {
            Some(("socket", inode)) => {
                let name = sockets.get(inode.trim_end_matches(']'));
                name.map_or("socket", String::as_str).to_owned()
            }
            Some((kind, _)) => kind.to_owned(),
            None => target,
        };
        *kinds.entry(kind).or_default() += 1;
    }
    Some(kinds)
}

/// What the sockets of `pid`'s network namespace are, by inode.
fn sockets(pid: u32) -> BTreeMap<String, String> {
    let mut sockets = BTreeMap::new();
    for (table, address, state, inode) in [
        ("tcp", Some(1), Some(3), 9),
        ("tcp6", Some(1), Some(3), 9),
        ("udp", Some(1), None, 9),
        ("udp6", Some(1), None, 9),
        ("packet", None, None, 8),
        ("unix", None, None, 6),
    ] {
        for fields in proc::sockets(pid, table) {
            let field = |index: usize| fields.get(index).map(String::as_str);
            let Some(inode) = field(inode) else {
                continue;
            };
            let listens = state.is_some_and(|state| field(state) == Some(LISTEN));
            let name = match address.and_then(field) {
                Some(address) if listens => format!("listening {address}"),
                Some(address) if state.is_none() => format!("{table} {address}"),
                _ => table.to_owned(),
            };
            sockets.insert(inode.to_owned(), name);
        }
    }
    sockets
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::{TcpListener, UdpSocket};

    use super::*;

    #[test]
    fn a_socket_is_counted_by_its_kind() {
        let id = std::process::id();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let datagrams = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let census = Census::of(id).expect("this program runs");
        let hex = |port: u16| format!("0100007F:{port:04X}");
        let listening = hex(listener.local_addr().expect("bound").port());
        let bound = hex(datagrams.local_addr().expect("bound").port());
        assert_eq!(
            census.sockets(&format!("listening {listening}")),
            1,
            "{census}"
        );
        assert_eq!(census.sockets(&format!("udp {bound}")), 1, "{census}");
        assert!(census.threads > 0 && census.resident > 0 && census.open() > 2);
        drop((listener, datagrams));
        let census = Census::of(id).expect("this program runs");
        assert_eq!(census.sockets(&format!("listening {listening}")), 0);
        assert_eq!(census.sockets(&format!("udp {bound}")), 0);
    }
}
