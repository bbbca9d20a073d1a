//! Captures made by hand: one TCP connection, cut into segments as a test
//! wants it.
//!
//! The file is a pcap of version 2.4 whose packets begin with their IPv4
//! header (link type 101); checksums are 0, which tshark does not check.

use std::io::Write as _;

use tempfile::NamedTempFile;

pub(crate) const SERVER: u16 = 50_001;
const CLIENT: u16 = 40_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    Client,
    Server,
}

/// A connection that has been made, and what crossed since.
pub(crate) struct Connection {
    port: u16,
    client: u16,
    /// Next sequence number of client and server.
    next: [u32; 2],
    packets: Vec<Vec<u8>>,
}

const SYN: u8 = 0x02;
const PUSH: u8 = 0x08;
const ACK: u8 = 0x10;

impl Connection {
    pub(crate) fn new() -> Self {
        Self::to(SERVER)
    }

    pub(crate) fn to(port: u16) -> Self {
        Self::between(CLIENT, port)
    }

    pub(crate) fn between(client: u16, port: u16) -> Self {
        let mut this = Self {
            port,
            client,
            next: [1_000, 5_000],
            packets: Vec::new(),
        };
        this.packet(From::Client, SYN, b"");
        this.packet(From::Server, SYN | ACK, b"");
        this.packet(From::Client, ACK, b"");
        this
    }

    /// One segment of the client.
    pub(crate) fn client(mut self, bytes: &[u8]) -> Self {
        self.packet(From::Client, PUSH | ACK, bytes);
        self
    }

    /// One segment of the server.
    pub(crate) fn server(mut self, bytes: &[u8]) -> Self {
        self.packet(From::Server, PUSH | ACK, bytes);
        self
    }

    /// The packets with these numbers, in this order, each with an identification of
    /// its own; the handshake has the first three.
    pub(crate) fn in_order(mut self, numbers: &[usize]) -> Self {
        let packets = (1_u16..).zip(numbers).map(|(identification, &number)| {
            let mut packet = self.packets[number].clone();
            packet[4..6].copy_from_slice(&identification.to_be_bytes());
            packet
        });
        self.packets = packets.collect();
        self
    }

    fn packet(&mut self, from: From, flags: u8, bytes: &[u8]) {
        let (source, destination, own, other) = match from {
            From::Client => (self.client, self.port, 0, 1),
            From::Server => (self.port, self.client, 1, 0),
        };
        let length = u16::try_from(40 + bytes.len()).expect("a short segment");
        let mut packet = vec![0x45, 0];
        packet.extend(length.to_be_bytes());
        packet.extend([0, 1, 0x40, 0, 64, 6, 0, 0]);
        packet.extend([127, 0, 0, 1, 127, 0, 0, 1]);
        packet.extend(source.to_be_bytes());
        packet.extend(destination.to_be_bytes());
        packet.extend(self.next[own].to_be_bytes());
        let ack = if flags & ACK == 0 {
            0
        } else {
            self.next[other]
        };
        packet.extend(ack.to_be_bytes());
        packet.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        packet.extend(bytes);
        self.next[own] += u32::from(length) - 40 + u32::from(flags & SYN != 0);
        self.packets.push(packet);
    }

    /// The file, its packets a millisecond apart.
    pub(crate) fn file(&self) -> NamedTempFile {
        file(std::slice::from_ref(self))
    }
}

/// One file with all these connections, one after another.
pub(crate) fn file(connections: &[Connection]) -> NamedTempFile {
    let packets = connections
        .iter()
        .flat_map(|connection| &connection.packets);
    let mut pcap: Vec<u8> = Vec::new();
    pcap.extend(0xa1b2_c3d4_u32.to_le_bytes());
    pcap.extend([2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    pcap.extend([0xff, 0xff, 0, 0, 101, 0, 0, 0]);
    for (number, packet) in (0_u32..).zip(packets) {
        let length = u32::try_from(packet.len()).expect("a short packet");
        for field in [1_000, number * 1_000, length, length] {
            pcap.extend(field.to_le_bytes());
        }
        pcap.extend(packet);
    }
    let mut file = NamedTempFile::new().expect("a file");
    file.write_all(&pcap).expect("room for it");
    file
}
