//! Ethernet, IPv4 (RFC 791), IPv6 (RFC 8200), TCP (RFC 9293) and UDP (RFC 768) headers with
//! right checksums. Numbers in network byte order.

use crate::Flags;

/// Most bytes of payload an IPv4 packet has room for behind a TCP header.
pub(super) const LARGEST_SEGMENT: usize = 65_495;
/// The same behind a UDP header.
pub(super) const LARGEST_DATAGRAM: usize = 65_507;

const TCP: u8 = 6;
const UDP: u8 = 17;

/// An address of either version of IP.
#[derive(Clone, Copy)]
pub(super) enum Address {
    V4([u8; 4]),
    V6([u8; 16]),
}

impl Address {
    const fn bytes(&self) -> &[u8] {
        match self {
            Self::V4(bytes) => bytes,
            Self::V6(bytes) => bytes,
        }
    }
}

/// Address and port.
#[derive(Clone, Copy)]
pub(super) struct Endpoint {
    pub(super) address: Address,
    pub(super) port: u16,
}

/// What a segment's header says.
#[derive(Clone, Copy)]
pub(super) struct Segment {
    pub(super) sequence: u32,
    pub(super) ack: u32,
    pub(super) flags: Flags,
}

/// A packet's payload: its first bytes, and how many there were.
#[derive(Clone, Copy)]
pub(super) struct Payload<'a> {
    pub(super) kept: &'a [u8],
    pub(super) length: usize,
}

impl<'a> From<&'a [u8]> for Payload<'a> {
    /// All of it.
    fn from(kept: &'a [u8]) -> Self {
        Self {
            kept,
            length: kept.len(),
        }
    }
}

/// The headers of a segment. A SYN announces the largest segment and a window
/// scale, so that no window is ever full.
pub(super) fn segment(
    from: Endpoint,
    to: Endpoint,
    segment: Segment,
    payload: Payload<'_>,
) -> Vec<u8> {
    // Maximum segment size; no operation; window scale 14 (RFC 7323).
    let largest = u16::try_from(LARGEST_SEGMENT)
        .unwrap_or(u16::MAX)
        .to_be_bytes();
    let options = [2, 4, largest[0], largest[1], 1, 3, 3, 14];
    let options = if segment.flags.has(Flags::SYN) {
        &options[..]
    } else {
        &[]
    };
    let mut tcp = ports(from, to);
    tcp.extend_from_slice(&segment.sequence.to_be_bytes());
    tcp.extend_from_slice(&segment.ack.to_be_bytes());
    // The header's length, in words of 4 bytes.
    tcp.push(if options.is_empty() { 0x50 } else { 0x70 });
    tcp.push(segment.flags.0);
    tcp.extend_from_slice(&[0xff, 0xff, 0, 0, 0, 0]);
    tcp.extend_from_slice(options);
    let sum = checksum(from, to, TCP, &tcp, payload);
    tcp[16..18].copy_from_slice(&sum);
    below(from, to, TCP, &tcp, payload)
}

/// The headers of a datagram.
pub(super) fn datagram(from: Endpoint, to: Endpoint, payload: Payload<'_>) -> Vec<u8> {
    let mut udp = ports(from, to);
    udp.extend_from_slice(&length(8 + payload.length));
    udp.extend_from_slice(&[0, 0]);
    // 0 would say that there is no checksum.
    let sum = match checksum(from, to, UDP, &udp, payload) {
        [0, 0] => [0xff, 0xff],
        sum => sum,
    };
    udp[6..8].copy_from_slice(&sum);
    below(from, to, UDP, &udp, payload)
}

fn ports(from: Endpoint, to: Endpoint) -> Vec<u8> {
    [from.port.to_be_bytes(), to.port.to_be_bytes()].concat()
}

/// Puts IP and Ethernet in front of a transport header. Both ends have the same version.
fn below(
    from: Endpoint,
    to: Endpoint,
    kind: u8,
    transport: &[u8],
    payload: Payload<'_>,
) -> Vec<u8> {
    // The loopback interface has no hardware addresses: zeros.
    let mut headers = vec![0; 12];
    if let Address::V6(_) = from.address {
        headers.extend_from_slice(&[0x86, 0xdd]);
        let behind = length(transport.len() + payload.length);
        // Version 6, no class and no label; 64 hops.
        headers.extend_from_slice(&[0x60, 0, 0, 0, behind[0], behind[1], kind, 64]);
        headers.extend_from_slice(from.address.bytes());
        headers.extend_from_slice(to.address.bytes());
        headers.extend_from_slice(transport);
        return headers;
    }
    headers.extend_from_slice(&[8, 0]);
    let total = length(20 + transport.len() + payload.length);
    // Version 4, 5 words; don't fragment; 64 hops.
    headers.extend_from_slice(&[0x45, 0, total[0], total[1], 0, 0, 0x40, 0, 64, kind, 0, 0]);
    headers.extend_from_slice(from.address.bytes());
    headers.extend_from_slice(to.address.bytes());
    let sum = complement(add(0, &headers[14..]));
    headers[24..26].copy_from_slice(&sum);
    headers.extend_from_slice(transport);
    headers
}

fn length(bytes: usize) -> [u8; 2] {
    u16::try_from(bytes).unwrap_or(u16::MAX).to_be_bytes()
}

/// Over the pseudo-header, `header` (of even length) and `payload`; where not all of that is
/// known, as if the rest were zeros.
fn checksum(
    from: Endpoint,
    to: Endpoint,
    kind: u8,
    header: &[u8],
    payload: Payload<'_>,
) -> [u8; 2] {
    let sum = add(u64::from(kind), from.address.bytes());
    let sum = add(sum, to.address.bytes());
    let sum = add(sum, &length(header.len() + payload.length));
    complement(add(add(sum, header), payload.kept))
}

/// The sum of 16-bit words (RFC 1071), carries not yet folded.
fn add(sum: u64, bytes: &[u8]) -> u64 {
    let words = bytes.chunks(2).map(|two| {
        let low = two.get(1).copied().unwrap_or(0);
        u64::from(u16::from_be_bytes([two[0], low]))
    });
    sum + words.sum::<u64>()
}

fn complement(mut sum: u64) -> [u8; 2] {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    (!u16::try_from(sum).unwrap_or(0)).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: Endpoint = Endpoint {
        address: Address::V4([127, 0, 0, 1]),
        port: 0xC000,
    };
    const TO: Endpoint = Endpoint {
        address: Address::V4([127, 0, 0, 2]),
        port: 8000,
    };

    #[test]
    fn a_datagram_byte_by_byte() {
        #[rustfmt::skip]
        let expected = [
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0,
            0x45, 0, 0, 30, 0, 0, 0x40, 0, 64, 17, 0x3C, 0xCC, 127, 0, 0, 1, 127, 0, 0, 2,
            0xC0, 0, 0x1F, 0x40, 0, 10, 0xBA, 0x2C,
        ];
        let found = datagram(FROM, TO, b"hi"[..].into());
        assert_eq!(found, expected, "{found:02x?}");
    }

    #[test]
    fn a_datagram_of_ipv6_byte_by_byte() {
        let loopback = Address::V6([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        let at = |port| Endpoint {
            address: loopback,
            port,
        };
        #[rustfmt::skip]
        let expected = [
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x86, 0xdd,
            0x60, 0, 0, 0, 0, 10, 17, 64,
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
            0xC0, 0, 0x1F, 0x40, 0, 10, 0xB8, 0x2F + 0x01,
        ];
        let payload = b"hi"[..].into();
        let found = datagram(at(0xC000), at(8000), payload);
        assert_eq!(found[..60], expected[..60], "{found:02x?}");
        // A receiver adds everything up, the checksum too: all ones.
        let sum = checksum(at(0xC000), at(8000), UDP, &found[54..], payload);
        assert_eq!(sum, [0, 0]);
    }

    #[test]
    fn sums_come_out_even() {
        // A receiver adds everything up, the checksum too: all ones.
        let syn = Segment {
            sequence: 1,
            ack: 2,
            flags: Flags::SYN,
        };
        for payload in [&b""[..], b"x", b"odd", &vec![0xff; 65_495 - 8]] {
            let payload = payload.into();
            let headers = segment(FROM, TO, syn, payload);
            assert_eq!(headers.len(), 62);
            assert_eq!(complement(add(0, &headers[14..34])), [0, 0]);
            let (tcp, kind) = (&headers[34..], headers[23]);
            assert_eq!(checksum(FROM, TO, kind, tcp, payload), [0, 0]);
        }
    }
}
