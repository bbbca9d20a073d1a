//! Two network namespaces with a cable between them, of which this program holds the
//! middle: each frame that one side sends is given to it, and nothing arrives at the other
//! side but what it sends there.

use std::ffi::CStr;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsFd as _;

use socket2::{Domain, Socket, Type};

use crate::namespace::NetworkNamespace;
use crate::netlink::{Hardware, Interface, Netlink};
use crate::port::Port;
use crate::sys;

/// Which end of the cable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Where clients are by custom.
    A,
    /// Where servers are.
    B,
}

impl Side {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::A, Self::B];

    /// 0 or 1.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The one across.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    /// Its IPv4 address; the network has 24 bits.
    pub const fn ipv4(self) -> Ipv4Addr {
        Ipv4Addr::new(10, 0, 0, 1 + self as u8)
    }

    /// Further addresses of side A, for clients that are to be different sources.
    pub const fn further() -> [Ipv4Addr; 4] {
        [
            Ipv4Addr::new(10, 0, 0, 11),
            Ipv4Addr::new(10, 0, 0, 12),
            Ipv4Addr::new(10, 0, 0, 13),
            Ipv4Addr::new(10, 0, 0, 14),
        ]
    }

    /// Its IPv6 address; the network has 64 bits. It has one where the MTU is at least
    /// 1,280 bytes (RFC 8200, 5) and the kernel has IPv6.
    pub const fn ipv6(self) -> Ipv6Addr {
        Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 1 + self as u16)
    }

    /// Locally administered (IEEE 802).
    const fn hardware(self) -> Hardware {
        [2, 0, 0, 0, 0, 1 + self as u8]
    }

    /// The name of its end in the middle.
    const fn middle(self) -> &'static CStr {
        match self {
            Self::A => c"side-a",
            Self::B => c"side-b",
        }
    }
}

/// The interface that each side has.
const INTERFACE: &CStr = c"eth0";
/// Least MTU of IPv6, in bytes (RFC 8200, 5).
const LEAST_IPV6: u32 = 1_280;

/// The two namespaces and the middle between them.
#[derive(Debug)]
pub struct Cable {
    /// The namespaces of side A and of side B.
    pub sides: [NetworkNamespace; 2],
    /// The middle's ends, of side A and of side B.
    pub ports: [Port; 2],
}

impl Cable {
    /// A cable for IP packets of at most `mtu` bytes, 68 to 65,535. Segments leave as they are sent: nothing is left to an adapter. The sides know each other's
    /// Ethernet addresses, and nobody looks for routers.
    ///
    /// # Errors
    /// What the kernel refuses: without [`crate::isolation::enter`] this needs
    /// CAP_SYS_ADMIN, CAP_NET_ADMIN and CAP_NET_RAW.
    pub fn new(mtu: u32) -> io::Result<Self> {
        let middle = NetworkNamespace::new()?;
        let sides = [NetworkNamespace::new()?, NetworkNamespace::new()?];
        // Before there are interfaces: none is to send anything by itself.
        for namespace in sides.iter().chain([&middle]) {
            namespace.within(|| {
                quieten();
                Ok(())
            })?;
        }
        let ports = middle.within(|| {
            let mut netlink = Netlink::new()?;
            let mut end = |side: Side| {
                let there = Interface {
                    name: text(INTERFACE),
                    hardware: side.hardware(),
                };
                let here = Interface {
                    name: text(side.middle()),
                    hardware: [2, 0, 0, 0, 1, 1 + side as u8],
                };
                netlink.pair(here, there, sides[side.index()].as_fd(), mtu)?;
                leave_nothing_to_the_adapter(side.middle())?;
                let index = sys::interface(side.middle())?;
                netlink.bring_up(index.unsigned_abs())?;
                Port::open(index, mtu)
            };
            Ok([end(Side::A)?, end(Side::B)?])
        })?;
        for side in Side::ALL {
            sides[side.index()].within(|| set_up(side, mtu))?;
        }
        Ok(Self { sides, ports })
    }

    /// The namespace of a side.
    pub fn side(&self, side: Side) -> &NetworkNamespace {
        &self.sides[side.index()]
    }
}

/// Gives a side its addresses; runs in its namespace.
fn set_up(side: Side, mtu: u32) -> io::Result<()> {
    leave_nothing_to_the_adapter(INTERFACE)?;
    let index = sys::interface(INTERFACE)?.unsigned_abs();
    let mut netlink = Netlink::new()?;
    netlink.bring_up(index)?;
    netlink.address(index, side.ipv4().into(), 24)?;
    let across = side.other();
    let mut neighbours = vec![IpAddr::from(across.ipv4())];
    match side {
        Side::A => {
            for further in Side::further() {
                netlink.address(index, further.into(), 24)?;
            }
        }
        Side::B => neighbours.extend(Side::further().map(IpAddr::from)),
    }
    if mtu >= LEAST_IPV6 && netlink.address(index, side.ipv6().into(), 64).is_ok() {
        neighbours.push(across.ipv6().into());
    }
    for neighbour in neighbours {
        netlink.neighbour(index, neighbour, across.hardware())?;
    }
    Ok(())
}

/// Has the interfaces to come of this thread's namespace send nothing by themselves: they
/// look for no routers, and give themselves no addresses (`ip-sysctl.rst`). Where /proc/sys
/// may not be written they do, which costs nothing but a few frames.
fn quieten() {
    for (setting, value) in [
        ("accept_ra", "0"),
        ("autoconf", "0"),
        ("accept_dad", "0"),
        ("router_solicitations", "0"),
        // No address of their own.
        ("addr_gen_mode", "1"),
    ] {
        let _ = fs::write(format!("/proc/sys/net/ipv6/conf/default/{setting}"), value);
    }
}

/// Turns off what an adapter would do for the kernel: checksums, and cutting large packets
/// into segments or putting segments together (`linux/ethtool.h`).
fn leave_nothing_to_the_adapter(interface: &CStr) -> io::Result<()> {
    const RECEIVED_CHECKSUM: u32 = 0x15;
    const SENT_CHECKSUM: u32 = 0x17;
    const SCATTER_GATHER: u32 = 0x19;
    const TCP_SEGMENTATION: u32 = 0x1f;
    const SEGMENTATION: u32 = 0x24;
    const RECEIVED_SEGMENTS: u32 = 0x2c;
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, None)?;
    for setting in [
        TCP_SEGMENTATION,
        SEGMENTATION,
        RECEIVED_SEGMENTS,
        SCATTER_GATHER,
        SENT_CHECKSUM,
    ] {
        sys::devices::set(socket.as_fd(), interface, setting, 0)?;
    }
    // Not every kernel lets that be turned off, and the checksums are right anyway.
    let _ = sys::devices::set(socket.as_fd(), interface, RECEIVED_CHECKSUM, 0);
    Ok(())
}

/// A name of ours.
fn text(name: &'static CStr) -> &'static str {
    name.to_str().expect("names are ASCII")
}

#[cfg(test)]
mod tests;
