//! A capture of the packets of some ports, which are named while it goes on.

use std::collections::BTreeSet;
use std::io;

use socket2::{SockFilter, Socket};

use crate::filter::{
    INDEX_HEADER_LENGTH, LOAD_BYTE, LOAD_HALF, LOAD_HALF_INDEXED, PACKET_TYPE, RETURN,
};

/// Which packets a capture takes: those of TCP and UDP, over IPv4 and IPv6, from or to
/// one of its ports. All others are dropped in the kernel.
#[derive(Debug)]
pub struct PortFilter {
    socket: Socket,
    ports: BTreeSet<u16>,
}

impl PortFilter {
    /// Most ports: each takes four instructions, and a filter has at most 4,096 of them
    /// (BPF_MAXINSNS, linux/bpf_common.h).
    pub const MOST: usize = 900;

    /// The filter of a packet socket, on which one without ports was attached.
    pub(crate) fn of(socket: &Socket) -> io::Result<Self> {
        Ok(Self {
            socket: socket.try_clone()?,
            ports: BTreeSet::new(),
        })
    }

    /// Adds a port: its packets are captured from now on.
    ///
    /// # Errors
    /// There are as many as there may be, or the kernel does not take the filter; the
    /// ones before stay.
    pub fn add(&mut self, port: u16) -> io::Result<()> {
        if self.ports.contains(&port) {
            return Ok(());
        }
        if self.ports.len() >= Self::MOST {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.ports.insert(port);
        let attached = self.socket.attach_filter(&program(&self.ports));
        if attached.is_err() {
            self.ports.remove(&port);
        }
        attached
    }
}

const INDEX: u32 = libc::BPF_LDX | libc::BPF_W | libc::BPF_IMM;
const JUMP: u32 = libc::BPF_JMP | libc::BPF_JA;
const EQUALS: u32 = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
const HAS_BITS: u32 = libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K;

/// An Ethernet header, in bytes.
const ETHERNET: u32 = 14;
/// An IPv6 header (RFC 8200, 3). Packets with extension headers are left out.
const IPV6: u32 = 40;

/// The filter as the kernel runs it (`Documentation/networking/filter.rst`). Only outgoing
/// packets are taken: on loopback each packet is seen a second time as it comes in.
pub(crate) fn program(ports: &BTreeSet<u16>) -> Vec<SockFilter> {
    let (drop, take) = (|| step(RETURN, 0), || step(RETURN, u32::MAX));
    let (tcp, udp) = (libc::IPPROTO_TCP, libc::IPPROTO_UDP);
    let (tcp, udp) = (tcp.unsigned_abs(), udp.unsigned_abs());
    let mut program = vec![
        step(LOAD_BYTE, PACKET_TYPE),
        jump(EQUALS, u32::from(libc::PACKET_OUTGOING), 1, 0),
        drop(),
        step(LOAD_HALF, 12),
        // To the parts for IPv4 and IPv6.
        jump(EQUALS, libc::ETH_P_IP.unsigned_abs(), 2, 0),
        jump(EQUALS, libc::ETH_P_IPV6.unsigned_abs(), 10, 0),
        drop(),
        step(LOAD_BYTE, ETHERNET + 9),
        jump(EQUALS, tcp, 2, 0),
        jump(EQUALS, udp, 1, 0),
        drop(),
        // Later fragments have no ports.
        step(LOAD_HALF, ETHERNET + 6),
        jump(HAS_BITS, 0x1fff, 0, 1),
        drop(),
        step(INDEX_HEADER_LENGTH, ETHERNET),
        step(JUMP, 5),
        step(LOAD_BYTE, ETHERNET + 6),
        jump(EQUALS, tcp, 2, 0),
        jump(EQUALS, udp, 1, 0),
        drop(),
        step(INDEX, IPV6),
    ];
    // Source and destination stand at the same place in both protocols.
    for at in [ETHERNET, ETHERNET + 2] {
        program.push(step(LOAD_HALF_INDEXED, at));
        for &port in ports {
            program.extend([jump(EQUALS, u32::from(port), 0, 1), take()]);
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
    use std::io::Write as _;
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::time::{Duration, Instant};

    use crate::Capture;

    #[test]
    #[ignore = "needs CAP_NET_RAW"]
    fn the_packets_of_its_ports_are_taken_from_the_first_on() {
        let (mut capture, mut filter) = Capture::open_by_port().expect("CAP_NET_RAW");
        // What closes them sends packets, too.
        let mut open = Vec::new();
        for host in ["127.0.0.1", "::1"] {
            let listener = TcpListener::bind((host, 0)).unwrap();
            let stranger = TcpListener::bind((host, 0)).unwrap();
            let datagrams = UdpSocket::bind((host, 0)).unwrap();
            let to = listener.local_addr().unwrap();
            filter.add(to.port()).unwrap();
            filter.add(to.port()).unwrap();
            filter.add(datagrams.local_addr().unwrap().port()).unwrap();
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
    fn a_filter_has_room_for_its_ports() {
        let most = u16::try_from(super::PortFilter::MOST).unwrap();
        assert!(super::program(&(0..most).collect()).len() <= 4096);
    }
}
