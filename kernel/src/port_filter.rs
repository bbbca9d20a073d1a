//! A capture of the packets of some ports and peers, which are named while it goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::c_int;
use std::io;
use std::net::{IpAddr, SocketAddr};

use socket2::{SockFilter, Socket};

use crate::filter::{
    ANCILLARY, INDEX, INDEX_HEADER_LENGTH, LOAD_BYTE, LOAD_HALF, LOAD_HALF_INDEXED, PACKET_TYPE,
    RETURN,
};
use crate::fragments;

/// What the packets have that are captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Watched {
    /// This port, at either end.
    Port(u16),
    /// This address and port, at either end.
    Address(SocketAddr),
}

/// Which packets a capture takes: those of TCP and UDP, over IPv4 and IPv6, that have what
/// is watched. All others are dropped in the kernel; of IPv6 the last 4 bytes of an address
/// are compared there.
#[derive(Debug)]
pub struct PortFilter {
    socket: Socket,
    loopback: c_int,
    ports: Ports,
}

/// The hosts of each port, by the last 4 bytes of their addresses; none: any.
type Ports = BTreeMap<u16, Option<BTreeSet<u32>>>;

/// Most instructions of a filter (BPF_MAXINSNS, linux/bpf_common.h).
const MOST_STEPS: usize = 4096;
/// Most hosts of a port that are told apart: a jump goes no further than 255 instructions.
const MOST_HOSTS: usize = 100;

impl PortFilter {
    /// The filter of a packet socket, on which one that takes nothing was attached.
    pub(crate) fn of(socket: &Socket, loopback: c_int) -> io::Result<Self> {
        Ok(Self {
            socket: socket.try_clone()?,
            loopback,
            ports: Ports::new(),
        })
    }

    /// Adds what is watched: its packets are captured from now on.
    ///
    /// # Errors
    /// There is as much as there may be, or the kernel does not take the filter; what was
    /// watched before stays.
    pub fn add(&mut self, watched: Watched) -> io::Result<()> {
        let mut ports = self.ports.clone();
        watch(&mut ports, watched);
        if ports == self.ports {
            return Ok(());
        }
        let program = program(self.loopback, &ports);
        if program.len() > MOST_STEPS {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.socket.attach_filter(&program)?;
        self.ports = ports;
        Ok(())
    }
}

fn watch(ports: &mut Ports, watched: Watched) {
    let (port, host) = match watched {
        Watched::Port(port) => (port, None),
        Watched::Address(address) => (address.port(), Some(address.ip())),
    };
    // What is sent to no address in particular goes to the machine itself.
    let host = host.filter(|host| !host.is_unspecified()).map(last_bytes);
    let hosts = ports.entry(port).or_insert_with(|| Some(BTreeSet::new()));
    match (hosts.as_mut(), host) {
        (Some(known), Some(host)) if known.len() < MOST_HOSTS => {
            known.insert(host);
        }
        (Some(known), Some(host)) if known.contains(&host) => {}
        _ => *hosts = None,
    }
}

fn last_bytes(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(address) => u32::from(address),
        IpAddr::V6(address) => {
            let [.., a, b, c, d] = address.octets();
            u32::from_be_bytes([a, b, c, d])
        }
    }
}

const LOAD_WORD: u32 = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
const LOAD_MEMORY: u32 = libc::BPF_LD | libc::BPF_MEM;
const STORE: u32 = libc::BPF_ST;
const JUMP: u32 = libc::BPF_JMP | libc::BPF_JA;
const EQUALS: u32 = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
const AT_LEAST: u32 = libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K;
const HAS_BITS: u32 = libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K;

/// The interface that a packet is seen on, and the kind of its link (ARPHRD_).
const INTERFACE: u32 = ANCILLARY + libc::SKF_AD_IFINDEX.unsigned_abs();
const LINK: u32 = ANCILLARY + libc::SKF_AD_HATYPE.unsigned_abs();

/// An Ethernet header, in bytes.
const ETHERNET: u32 = 14;
/// An IPv6 header (RFC 8200, 3). Packets with extension headers are left out, but for those with
/// a fragment header alone.
const IPV6: u32 = 40;
/// A fragment header (RFC 8200, 4.5).
const FRAGMENT: u32 = 8;

/// The filter as the kernel runs it (`Documentation/networking/filter.rst`). Taken are the
/// packets that this machine sends, and those that come for it. On loopback each packet is
/// seen a second time as it comes in: there only those that are sent. Links have Ethernet
/// headers, or are left out. Later fragments of datagrams have no ports: as soon as anything is
/// watched all of them are taken.
pub(crate) fn program(loopback: c_int, ports: &Ports) -> Vec<SockFilter> {
    let (drop, take) = (|| step(RETURN, 0), || step(RETURN, u32::MAX));
    let later_fragment = || if ports.is_empty() { drop() } else { take() };
    let (tcp, udp) = (libc::IPPROTO_TCP, libc::IPPROTO_UDP);
    let (tcp, udp) = (tcp.unsigned_abs(), udp.unsigned_abs());
    let mut program = vec![
        step(LOAD_BYTE, PACKET_TYPE),
        jump(EQUALS, u32::from(libc::PACKET_OUTGOING), 5, 0),
        // For another machine.
        jump(AT_LEAST, u32::from(libc::PACKET_OTHERHOST), 0, 1),
        drop(),
        step(LOAD_WORD, INTERFACE),
        jump(EQUALS, loopback.unsigned_abs(), 0, 1),
        drop(),
        step(LOAD_WORD, LINK),
        jump(EQUALS, u32::from(libc::ARPHRD_ETHER), 2, 0),
        jump(EQUALS, u32::from(libc::ARPHRD_LOOPBACK), 1, 0),
        drop(),
        step(LOAD_HALF, 12),
        // To the parts for IPv4 and IPv6.
        jump(EQUALS, libc::ETH_P_IP.unsigned_abs(), 2, 0),
        jump(EQUALS, libc::ETH_P_IPV6.unsigned_abs(), 17, 0),
        drop(),
        step(LOAD_BYTE, ETHERNET + 9),
        jump(EQUALS, tcp, 2, 0),
        jump(EQUALS, udp, 1, 0),
        drop(),
        step(LOAD_HALF, ETHERNET + 6),
        jump(HAS_BITS, 0x1fff, 0, 4),
        step(LOAD_BYTE, ETHERNET + 9),
        jump(EQUALS, udp, 0, 1),
        later_fragment(),
        drop(),
        step(LOAD_WORD, ETHERNET + 12),
        step(STORE, 0),
        step(LOAD_WORD, ETHERNET + 16),
        step(STORE, 1),
        step(INDEX_HEADER_LENGTH, ETHERNET),
        step(JUMP, 18),
        step(LOAD_BYTE, ETHERNET + 6),
        jump(EQUALS, tcp, 11, 0),
        jump(EQUALS, udp, 10, 0),
        jump(EQUALS, fragments::FRAGMENT.into(), 1, 0),
        drop(),
        step(LOAD_BYTE, ETHERNET + IPV6),
        jump(EQUALS, udp, 1, 0),
        drop(),
        step(LOAD_HALF, ETHERNET + IPV6 + 2),
        jump(HAS_BITS, 0xfff8, 0, 1),
        later_fragment(),
        step(INDEX, IPV6 + FRAGMENT),
        step(JUMP, 1),
        step(INDEX, IPV6),
        step(LOAD_WORD, ETHERNET + 20),
        step(STORE, 0),
        step(LOAD_WORD, ETHERNET + 36),
        step(STORE, 1),
    ];
    // Source and destination stand at the same place in both protocols.
    for (at, host) in [(ETHERNET, 0), (ETHERNET + 2, 1)] {
        program.push(step(LOAD_HALF_INDEXED, at));
        for (&port, hosts) in ports {
            let port = u32::from(port);
            let Some(hosts) = hosts else {
                program.extend([jump(EQUALS, port, 0, 1), take()]);
                continue;
            };
            let length = 2 + 2 * hosts.len();
            program.push(jump(EQUALS, port, 0, u8::try_from(length).unwrap_or(0)));
            program.push(step(LOAD_MEMORY, host));
            for &host in hosts {
                program.extend([jump(EQUALS, host, 0, 1), take()]);
            }
            program.push(step(LOAD_HALF_INDEXED, at));
        }
    }
    program.push(drop());
    program
}

fn step(code: u32, value: u32) -> SockFilter {
    jump(code, value, 0, 0)
}

#[expect(clippy::cast_possible_truncation, reason = "codes have 16 bits")]
fn jump(code: u32, value: u32, yes: u8, no: u8) -> SockFilter {
    SockFilter::new(code as u16, yes, no, value)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::io::Write as _;
    use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
    use std::time::{Duration, Instant};

    use super::{MOST_STEPS, Ports, Watched, program, watch};
    use crate::Capture;

    #[test]
    #[ignore = "needs CAP_NET_RAW"]
    fn the_packets_of_what_is_watched_are_taken_from_the_first_on() {
        let (mut capture, mut filter) = Capture::open_by_port().expect("CAP_NET_RAW");
        // What closes them sends packets, too.
        let mut open = Vec::new();
        for host in ["127.0.0.1", "::1"] {
            let listener = TcpListener::bind((host, 0)).unwrap();
            let stranger = TcpListener::bind((host, 0)).unwrap();
            let datagrams = UdpSocket::bind((host, 0)).unwrap();
            let to = listener.local_addr().unwrap();
            filter.add(Watched::Address(to)).unwrap();
            filter.add(Watched::Address(to)).unwrap();
            let port = datagrams.local_addr().unwrap().port();
            filter.add(Watched::Port(port)).unwrap();
            // The port of the one and the host of another are not enough.
            let elsewhere =
                SocketAddr::from(([10, 9, 8, 7], stranger.local_addr().unwrap().port()));
            filter.add(Watched::Address(elsewhere)).unwrap();
            let mut client = TcpStream::connect(to).unwrap();
            client.write_all(b"hello").unwrap();
            drop(TcpStream::connect(stranger.local_addr().unwrap()).unwrap());
            let peer = UdpSocket::bind((host, 0)).unwrap();
            peer.send_to(b"datagram", datagrams.local_addr().unwrap())
                .unwrap();
            let mut frames = Vec::new();
            let deadline = Instant::now() + Duration::from_secs(10);
            // SYN, SYN+ACK, ACK, data, its ACK, and the datagram.
            while frames.len() < 6 {
                assert!(Instant::now() < deadline, "{} of 6", frames.len());
                capture
                    .take(|frame| frames.push(frame.bytes.to_vec()))
                    .unwrap();
            }
            assert_eq!(frames.len(), 6, "nothing of the stranger");
            let header = if host == "::1" { 40 } else { 20 };
            // A SYN, and the last one's bytes.
            assert_eq!(frames[0][14 + header + 13], 2);
            assert!(frames[5].ends_with(b"datagram"));
            open.push((listener, client));
        }
    }

    #[test]
    #[ignore = "needs CAP_NET_RAW"]
    fn a_datagram_in_fragments_is_captured_whole_and_that_of_a_stranger_not_at_all() {
        let Ok(watched) = UdpSocket::bind("[::1]:0") else {
            eprintln!("not captured: there is no IPv6 here");
            return;
        };
        let (mut capture, mut filter) = Capture::open_by_port().expect("CAP_NET_RAW");
        let stranger = UdpSocket::bind("[::1]:0").unwrap();
        let client = UdpSocket::bind("[::1]:0").unwrap();
        let to = watched.local_addr().unwrap();
        // Nothing is taken yet.
        let long = vec![b'x'; 65_527];
        client.send_to(&long, to).unwrap();
        filter.add(Watched::Address(to)).unwrap();
        client
            .send_to(&long, stranger.local_addr().unwrap())
            .unwrap();
        client.send_to(&long, to).unwrap();
        client.send_to(b"end", to).unwrap();
        let mut frames: Vec<Vec<u8>> = Vec::new();
        let deadline = Instant::now() + Duration::from_secs(30);
        while !frames.last().is_some_and(|last| last.ends_with(b"end")) {
            assert!(Instant::now() < deadline, "{} frames", frames.len());
            capture
                .take(|frame| frames.push(frame.bytes.to_vec()))
                .unwrap();
        }
        assert_eq!(frames.len(), 3);
        let header = 14 + 40 + 8;
        let payload: usize = frames[..2].iter().map(|frame| frame.len() - header).sum();
        assert_eq!(payload, 8 + long.len());
        assert_eq!(capture.statistics().unwrap().passed, 3);
    }

    #[test]
    fn a_port_whose_hosts_are_too_many_is_watched_whole() {
        let mut ports = Ports::new();
        for host in 0..super::MOST_HOSTS {
            let host = [10, 0, 0, u8::try_from(host).unwrap()];
            watch(&mut ports, Watched::Address(SocketAddr::from((host, 443))));
        }
        assert_eq!(ports[&443].as_ref().map(BTreeSet::len), Some(100));
        // Its jumps reach over all of them.
        assert!(program(1, &ports).len() < 500);
        watch(
            &mut ports,
            Watched::Address(SocketAddr::from(([10, 0, 0, 7], 443))),
        );
        assert!(ports[&443].is_some(), "it is known");
        watch(
            &mut ports,
            Watched::Address(SocketAddr::from(([10, 0, 1, 7], 443))),
        );
        assert_eq!(ports[&443], None);
        watch(
            &mut ports,
            Watched::Address(SocketAddr::from(([0, 0, 0, 0], 80))),
        );
        assert_eq!(ports[&80], None, "that is this machine, by any address");
        for port in 0..900 {
            watch(&mut ports, Watched::Port(port));
        }
        assert!(program(1, &ports).len() <= MOST_STEPS);
    }
}
