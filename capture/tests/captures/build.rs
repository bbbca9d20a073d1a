//! Packets and files to read.

pub(crate) const FIN: u8 = 0x01;
pub(crate) const SYN: u8 = 0x02;
pub(crate) const RST: u8 = 0x04;
pub(crate) const PSH: u8 = 0x08;
pub(crate) const ACK: u8 = 0x10;

/// From the client to the server, and back: ports.
pub(crate) const UP: (u16, u16) = (40_000, 8_000);
pub(crate) const DOWN: (u16, u16) = (8_000, 40_000);

/// A TCP segment: header and payload.
pub(crate) fn segment(
    ports: (u16, u16),
    (sequence, ack): (u32, u32),
    flags: u8,
    payload: &[u8],
) -> Vec<u8> {
    let mut bytes = [ports.0.to_be_bytes(), ports.1.to_be_bytes()].concat();
    bytes.extend(sequence.to_be_bytes());
    bytes.extend(ack.to_be_bytes());
    bytes.extend([0x50, flags, 0x02, 0, 0, 0, 0, 0]);
    bytes.extend(payload);
    bytes
}

/// A UDP datagram: header and payload.
pub(crate) fn datagram(ports: (u16, u16), payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(8 + payload.len()).unwrap();
    let mut bytes = [ports.0.to_be_bytes(), ports.1.to_be_bytes()].concat();
    bytes.extend(length.to_be_bytes());
    bytes.extend([0, 0]);
    bytes.extend(payload);
    bytes
}

/// An IPv4 packet on loopback.
pub(crate) fn ipv4(protocol: u8, identification: u16, payload: &[u8]) -> Vec<u8> {
    fragment(protocol, identification, 0, payload)
}

/// A fragment of one: `position` is its offset in units of 8 bytes, with 0x2000 if more
/// follow.
pub(crate) fn fragment(
    protocol: u8,
    identification: u16,
    position: u16,
    payload: &[u8],
) -> Vec<u8> {
    let total = u16::try_from(20 + payload.len()).unwrap().to_be_bytes();
    let (id, position) = (identification.to_be_bytes(), position.to_be_bytes());
    let mut bytes = vec![0x45, 0, total[0], total[1], id[0], id[1]];
    bytes.extend([position[0], position[1], 64, protocol, 0, 0]);
    bytes.extend([127, 0, 0, 1, 127, 0, 0, 1]);
    bytes.extend(payload);
    bytes
}

/// An IPv6 packet on loopback whose first header is `next`.
pub(crate) fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = vec![0x60, 0, 0, 0, length[0], length[1], next, 64];
    for _ in 0..2 {
        bytes.extend([0; 15]);
        bytes.push(1);
    }
    bytes.extend(payload);
    bytes
}

/// A segment in an IPv4 packet.
pub(crate) fn tcp(ports: (u16, u16), numbers: (u32, u32), flags: u8, payload: &[u8]) -> Vec<u8> {
    ipv4(6, 0, &segment(ports, numbers, flags, payload))
}

/// A datagram in an IPv4 packet.
pub(crate) fn udp(ports: (u16, u16), payload: &[u8]) -> Vec<u8> {
    ipv4(17, 0, &datagram(ports, payload))
}

/// The handshake: the first bytes are 101 from the client, 501 from the server.
pub(crate) fn handshake() -> Vec<Vec<u8>> {
    vec![
        tcp(UP, (100, 0), SYN, b""),
        tcp(DOWN, (500, 101), SYN | ACK, b""),
        tcp(UP, (101, 501), ACK, b""),
    ]
}

/// A classic file of IP packets, a microsecond apart.
pub(crate) fn raw(packets: &[Vec<u8>]) -> Vec<u8> {
    let packets = (0_u64..).zip(packets);
    let packets: Vec<_> = packets
        .map(|(number, packet)| (number * 1_000, &packet[..], packet.len()))
        .collect();
    pcap(101, &packets)
}

/// A classic file with nanoseconds: times, captured bytes, lengths.
pub(crate) fn pcap(link: u32, packets: &[(u64, &[u8], usize)]) -> Vec<u8> {
    let mut file = 0xa1b2_3c4d_u32.to_le_bytes().to_vec();
    file.extend([2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0]);
    file.extend(link.to_le_bytes());
    for (at, bytes, length) in packets {
        for number in [
            at / 1_000_000_000,
            at % 1_000_000_000,
            bytes.len() as u64,
            *length as u64,
        ] {
            file.extend(u32::try_from(number).unwrap().to_le_bytes());
        }
        file.extend(*bytes);
    }
    file
}

/// A pcapng block, little-endian.
pub(crate) fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let mut body = body.to_vec();
    body.resize(body.len().next_multiple_of(4), 0);
    let length = u32::try_from(body.len() + 12).unwrap().to_le_bytes();
    [&kind.to_le_bytes()[..], &length, &body, &length].concat()
}
