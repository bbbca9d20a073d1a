//! Requests to the kernel's network configuration (rtnetlink(7)), of the calling thread's
//! namespace.

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::time::Duration;

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE, NLM_F_REQUEST, NetlinkHeader,
    NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::address::{AddressAttribute, AddressHeaderFlags, AddressMessage};
use netlink_packet_route::link::{
    InfoData, InfoKind, InfoVeth, LinkAttribute, LinkFlags, LinkInfo, LinkMessage,
};
use netlink_packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourMessage, NeighbourState,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use socket2::{Domain, Protocol, Socket, Type};

/// An Ethernet address.
pub(crate) type Hardware = [u8; 6];

/// How long an answer of the kernel may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// One end of a veth(4) pair.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interface<'a> {
    /// At most 15 bytes.
    pub(crate) name: &'a str,
    pub(crate) hardware: Hardware,
}

/// A socket on which requests are made.
pub(crate) struct Netlink {
    socket: Socket,
    sequence: u32,
}

impl Netlink {
    pub(crate) fn new() -> io::Result<Self> {
        let route = Some(Protocol::from(libc::NETLINK_ROUTE));
        let socket = Socket::new(Domain::from(libc::AF_NETLINK), Type::RAW, route)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        Ok(Self {
            socket,
            sequence: 0,
        })
    }

    /// Makes a veth pair: `here` in this namespace, and `there` in the one that
    /// `namespace` stands for.
    pub(crate) fn pair(
        &mut self,
        here: Interface<'_>,
        there: Interface<'_>,
        namespace: BorrowedFd<'_>,
        mtu: u32,
    ) -> io::Result<()> {
        let described = |interface: Interface<'_>| {
            let mut link = LinkMessage::default();
            link.attributes = vec![
                LinkAttribute::IfName(interface.name.to_owned()),
                LinkAttribute::Address(interface.hardware.to_vec()),
                LinkAttribute::Mtu(mtu),
            ];
            link
        };
        let mut peer = described(there);
        let namespace = LinkAttribute::NetNsFd(namespace.as_raw_fd());
        peer.attributes.push(namespace);
        let mut link = described(here);
        link.attributes.push(LinkAttribute::LinkInfo(vec![
            LinkInfo::Kind(InfoKind::Veth),
            LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(peer))),
        ]));
        self.request(
            RouteNetlinkMessage::NewLink(link),
            NLM_F_CREATE | NLM_F_EXCL,
        )
    }

    /// Brings up an interface.
    pub(crate) fn bring_up(&mut self, index: u32) -> io::Result<()> {
        let mut link = LinkMessage::default();
        link.header.index = index;
        link.header.flags = LinkFlags::Up;
        link.header.change_mask = LinkFlags::Up;
        self.request(RouteNetlinkMessage::SetLink(link), 0)
    }

    /// Gives an interface an address, which is valid at once.
    pub(crate) fn address(&mut self, index: u32, address: IpAddr, prefix: u8) -> io::Result<()> {
        let mut message = AddressMessage::default();
        message.header.family = family(address);
        message.header.prefix_len = prefix;
        message.header.index = index;
        // Nobody else is there who could have it (RFC 4862, 5.4).
        message.header.flags = AddressHeaderFlags::Nodad;
        message.attributes = vec![
            AddressAttribute::Local(address),
            AddressAttribute::Address(address),
        ];
        let message = RouteNetlinkMessage::NewAddress(message);
        self.request(message, NLM_F_CREATE | NLM_F_EXCL)
    }

    /// Says which Ethernet address a neighbour has, so that nobody asks.
    pub(crate) fn neighbour(
        &mut self,
        index: u32,
        address: IpAddr,
        hardware: Hardware,
    ) -> io::Result<()> {
        let mut message = NeighbourMessage::default();
        message.header.family = family(address);
        message.header.ifindex = index;
        message.header.state = NeighbourState::Permanent;
        message.attributes = vec![
            NeighbourAttribute::Destination(match address {
                IpAddr::V4(address) => NeighbourAddress::Inet(address),
                IpAddr::V6(address) => NeighbourAddress::Inet6(address),
            }),
            NeighbourAttribute::LinkLayerAddress(hardware.to_vec()),
        ];
        let message = RouteNetlinkMessage::NewNeighbour(message);
        self.request(message, NLM_F_CREATE | NLM_F_REPLACE)
    }

    /// Makes a request and waits for the answer.
    fn request(&mut self, message: RouteNetlinkMessage, flags: u16) -> io::Result<()> {
        self.sequence += 1;
        let mut header = NetlinkHeader::default();
        header.flags = NLM_F_REQUEST | NLM_F_ACK | flags;
        header.sequence_number = self.sequence;
        let mut message = NetlinkMessage::new(header, NetlinkPayload::from(message));
        message.finalize();
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);
        self.socket.send(&bytes)?;
        let mut answer = vec![0; 8192];
        let length = std::io::Read::read(&mut &self.socket, &mut answer)?;
        let answer = NetlinkMessage::<RouteNetlinkMessage>::deserialize(&answer[..length]);
        match answer.map_err(io::Error::other)?.payload {
            NetlinkPayload::Error(error) => match error.code {
                None => Ok(()),
                Some(_) => Err(error.to_io()),
            },
            _ => Err(io::Error::other("an answer to something else")),
        }
    }
}

fn family(address: IpAddr) -> AddressFamily {
    match address {
        IpAddr::V4(_) => AddressFamily::Inet,
        IpAddr::V6(_) => AddressFamily::Inet6,
    }
}
