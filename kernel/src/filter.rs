//! The filter as the kernel runs it: a program for the classic BPF machine
//! (`Documentation/networking/filter.rst`).

use std::net::SocketAddr;

use socket2::SockFilter;

use crate::fragments;
use crate::{Filter, Protocol};

/// The upper half of every address of IPv4: all are in 127.0.0.0/16.
const NETWORK: u32 = 0x7f00;
/// Most clients: a jump goes no further than 255 instructions.
pub(crate) const MAX_CLIENTS: usize = 64;

/// The one address of IPv6, in words: ::1.
const LOOPBACK: [u32; 4] = [0, 0, 0, 1];

// Offsets in an Ethernet frame that holds an IPv4 packet (RFC 791, 3.1).
const ETHER_TYPE: u32 = 12;
const IP: u32 = 14;
const FRAGMENT: u32 = IP + 6;
const PROTOCOL: u32 = IP + 9;
const SOURCE: u32 = IP + 12;
const DESTINATION: u32 = IP + 16;
/// From an address to its lower half.
const LOWER: u32 = 2;
/// Behind the IP header, whose length is in the index register: ports
/// (RFC 768 and RFC 9293 have them at the same place).
const SOURCE_PORT: u32 = IP;
const DESTINATION_PORT: u32 = IP + 2;

// The same for IPv6 (RFC 8200, 3). Behind its header, of 40 bytes, are the ports, or a fragment
// header, of 8 bytes, and then they.
const NEXT_HEADER: u32 = IP + 6;
const SOURCE_V6: u32 = IP + 8;
const HEADER_V6: u32 = 40;
const FRAGMENT_HEADER: u32 = 8;
/// The offset in a fragment header (RFC 8200, 4.5), in the upper bits.
const FRAGMENT_V6: u32 = IP + HEADER_V6 + 2;
const OFFSET_V6: u32 = 0xfff8;

/// Where the kernel tells what it knows beside the packet, as an offset of its own.
#[expect(
    clippy::cast_sign_loss,
    reason = "a negative offset, as the kernel defines it"
)]
pub(crate) const ANCILLARY: u32 = libc::SKF_AD_OFF as u32;
/// The packet's type.
pub(crate) const PACKET_TYPE: u32 = ANCILLARY + libc::SKF_AD_PKTTYPE.unsigned_abs();

pub(crate) const LOAD_BYTE: u32 = libc::BPF_LD | libc::BPF_B | libc::BPF_ABS;
const LOAD_WORD: u32 = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
pub(crate) const LOAD_HALF: u32 = libc::BPF_LD | libc::BPF_H | libc::BPF_ABS;
pub(crate) const LOAD_HALF_INDEXED: u32 = libc::BPF_LD | libc::BPF_H | libc::BPF_IND;
pub(crate) const INDEX: u32 = libc::BPF_LDX | libc::BPF_W | libc::BPF_IMM;
pub(crate) const INDEX_HEADER_LENGTH: u32 = libc::BPF_LDX | libc::BPF_B | libc::BPF_MSH;
const INDEX_ACCUMULATOR: u32 = libc::BPF_MISC | libc::BPF_TAX;
const SHIFT_LEFT: u32 = libc::BPF_ALU | libc::BPF_LSH | libc::BPF_K;
const OR_INDEX: u32 = libc::BPF_ALU | libc::BPF_OR | libc::BPF_X;
pub(crate) const RETURN: u32 = libc::BPF_RET | libc::BPF_K;

/// Where a jump leads.
#[derive(Clone, Copy)]
enum To {
    Next,
    /// To the checks of the ports of IPv6, which are where the index register says.
    Ports,
    /// To the checks of what the server did not send.
    Leaving,
    /// To the check that what a client sent arrives at the server.
    Arriving,
    Accept,
    Drop,
}

enum Step {
    Do(u32, u32),
    /// If the accumulator equals: where to, and where else.
    Equals(u32, To, To),
    /// If the accumulator has one of these bits.
    Bits(u32, To, To),
    Label(To),
}

/// The program for `filter`. Only outgoing packets are taken: on loopback each
/// packet is seen a second time as it comes in. Later fragments of datagrams have no ports:
/// all of them pass, between any programs. TCP has none.
pub(crate) fn program(filter: &Filter) -> Vec<SockFilter> {
    use Step::{Bits, Do, Equals, Label};
    let protocol = match filter.protocol {
        Protocol::Tcp => libc::IPPROTO_TCP,
        Protocol::Udp => libc::IPPROTO_UDP,
    };
    let server = end(filter.server);
    let is_v6 = filter.server.is_ipv6();
    let later_fragment = match filter.protocol {
        Protocol::Tcp => To::Drop,
        Protocol::Udp => To::Accept,
    };
    let mut steps = vec![
        Do(LOAD_BYTE, PACKET_TYPE),
        Equals(u32::from(libc::PACKET_OUTGOING), To::Next, To::Drop),
        Do(LOAD_HALF, ETHER_TYPE),
    ];
    if is_v6 {
        steps.extend([Equals(libc::ETH_P_IPV6.unsigned_abs(), To::Next, To::Drop)]);
        // The source, and behind it the destination.
        let words = [LOOPBACK, LOOPBACK].concat();
        for (at, word) in (SOURCE_V6..).step_by(4).zip(words) {
            steps.extend([Do(LOAD_WORD, at), Equals(word, To::Next, To::Drop)]);
        }
        steps.extend([
            Do(INDEX, HEADER_V6),
            Do(LOAD_BYTE, NEXT_HEADER),
            Equals(protocol.unsigned_abs(), To::Ports, To::Next),
            Equals(fragments::FRAGMENT.into(), To::Next, To::Drop),
            Do(LOAD_BYTE, IP + HEADER_V6),
            Equals(protocol.unsigned_abs(), To::Next, To::Drop),
            Do(LOAD_HALF, FRAGMENT_V6),
            Bits(OFFSET_V6, later_fragment, To::Next),
            Do(INDEX, HEADER_V6 + FRAGMENT_HEADER),
            Label(To::Ports),
        ]);
    } else {
        steps.extend([
            Equals(libc::ETH_P_IP.unsigned_abs(), To::Next, To::Drop),
            Do(LOAD_BYTE, PROTOCOL),
            Equals(protocol.unsigned_abs(), To::Next, To::Drop),
            Do(LOAD_HALF, SOURCE),
            Equals(NETWORK, To::Next, To::Drop),
            Do(LOAD_HALF, DESTINATION),
            Equals(NETWORK, To::Next, To::Drop),
            Do(LOAD_HALF, FRAGMENT),
            Bits(0x1fff, later_fragment, To::Next),
        ]);
    }
    let load = |address, port| {
        if is_v6 {
            vec![Do(LOAD_HALF_INDEXED, port)]
        } else {
            load_end(address, port).into()
        }
    };
    let load_source = || load(SOURCE, SOURCE_PORT);
    let load_destination = || load(DESTINATION, DESTINATION_PORT);
    steps.extend(load_source());
    steps.push(Equals(server, To::Next, To::Leaving));
    steps.extend(load_destination());
    let clients = || filter.clients.iter().take(MAX_CLIENTS);
    let found = |to| clients().map(move |client| Equals(end(*client), to, To::Next));
    steps.extend(found(To::Accept));
    steps.push(Do(RETURN, 0));
    steps.push(Label(To::Leaving));
    steps.extend(found(To::Arriving));
    steps.push(Do(RETURN, 0));
    steps.push(Label(To::Arriving));
    steps.extend(load_destination());
    steps.extend([
        Equals(server, To::Accept, To::Drop),
        Label(To::Accept),
        Do(RETURN, u32::MAX),
        Label(To::Drop),
        Do(RETURN, 0),
    ]);
    assemble(&steps)
}

/// An address within the network and its port in one word; of IPv6 its port.
fn end(address: SocketAddr) -> u32 {
    let port = u32::from(address.port());
    match address {
        SocketAddr::V4(address) => {
            let [_, _, high, low] = address.ip().octets();
            (u32::from(high) << 24) | (u32::from(low) << 16) | port
        }
        SocketAddr::V6(_) => port,
    }
}

/// Loads such a word from a packet.
fn load_end(address: u32, port: u32) -> [Step; 6] {
    [
        Step::Do(INDEX_HEADER_LENGTH, IP),
        Step::Do(LOAD_HALF_INDEXED, port),
        Step::Do(INDEX_ACCUMULATOR, 0),
        Step::Do(LOAD_HALF, address + LOWER),
        Step::Do(SHIFT_LEFT, 16),
        Step::Do(OR_INDEX, 0),
    ]
}

/// Makes labels into distances.
fn assemble(steps: &[Step]) -> Vec<SockFilter> {
    let instructions = |steps: &[Step]| {
        let real = steps.iter().filter(|step| !matches!(step, Step::Label(_)));
        real.count()
    };
    let place = |wanted: To| {
        let is_it =
            |step: &Step| matches!(step, Step::Label(to) if *to as usize == wanted as usize);
        let label = steps.iter().position(is_it);
        instructions(&steps[..label.expect("every label is set")])
    };
    let mut program: Vec<SockFilter> = Vec::new();
    for step in steps {
        let next = program.len() + 1;
        let distance = |to| match to {
            To::Next => 0,
            to => u8::try_from(place(to) - next).expect("MAX_CLIENTS keeps jumps short"),
        };
        let (code, value, yes, no) = match *step {
            Step::Label(_) => continue,
            Step::Do(code, value) => (code, value, 0, 0),
            Step::Equals(value, yes, no) => (libc::BPF_JEQ, value, distance(yes), distance(no)),
            Step::Bits(value, yes, no) => (libc::BPF_JSET, value, distance(yes), distance(no)),
        };
        let jump = match step {
            Step::Do(..) => 0,
            _ => libc::BPF_JMP | libc::BPF_K,
        };
        let code = u16::try_from(code | jump).expect("codes have 16 bits");
        program.push(SockFilter::new(code, yes, no, value));
    }
    program
}
