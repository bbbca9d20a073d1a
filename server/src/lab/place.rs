//! Where a run takes place: on the loopback interface, or at the two ends of a link.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use trace::{ClientId, Experiment, IpVersion};

#[cfg(target_os = "linux")]
use kernel::{Cable, Side};

/// Where the sockets of a run are made.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// The server's side is B, the clients' side is A.
    #[cfg(target_os = "linux")]
    pub(super) cable: Option<Cable>,
}

impl Place {
    /// That of `experiment`. Where there can be no link it is the loopback interface, the
    /// experiment has no link any more, and the text says why.
    #[cfg(target_os = "linux")]
    pub(super) fn of(
        experiment: &mut Experiment,
        no_namespace: Option<&str>,
    ) -> (Self, Option<String>) {
        let Some(link) = &experiment.link else {
            return (Self::default(), None);
        };
        if let Some(why) = no_namespace {
            experiment.link = None;
            return (Self::default(), Some(no_link(why)));
        }
        match Cable::new(link.mtu) {
            Ok(cable) => (Self { cable: Some(cable) }, None),
            Err(error) => {
                experiment.link = None;
                let why = match error.kind() {
                    io::ErrorKind::PermissionDenied => {
                        "this program may not make network namespaces".to_owned()
                    }
                    _ => error.to_string(),
                };
                (Self::default(), Some(no_link(&why)))
            }
        }
    }

    /// The loopback interface: there are no links here.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn of(experiment: &mut Experiment, _: Option<&str>) -> (Self, Option<String>) {
        let link = experiment.link.take();
        let complaint = link.map(|_| no_link("only Linux has network namespaces"));
        (Self::default(), complaint)
    }

    /// Where the server listens.
    pub(super) fn server(&self, ip: IpVersion) -> IpAddr {
        #[cfg(target_os = "linux")]
        if self.cable.is_some() {
            return match ip {
                IpVersion::V4 => Side::B.ipv4().into(),
                IpVersion::V6 => Side::B.ipv6().into(),
            };
        }
        match ip {
            IpVersion::V4 => Ipv4Addr::LOCALHOST.into(),
            IpVersion::V6 => Ipv6Addr::LOCALHOST.into(),
        }
    }

    /// Where a client connects from: from a source of its own if it opens several
    /// connections. Of IPv6 they have one address.
    pub(super) fn client(&self, ip: IpVersion, id: ClientId, is_alone: bool) -> IpAddr {
        #[cfg(target_os = "linux")]
        if self.cable.is_some() {
            return match (ip, is_alone) {
                (IpVersion::V4, true) => Side::A.ipv4().into(),
                (IpVersion::V4, false) => Side::further()[id.index()].into(),
                (IpVersion::V6, _) => Side::A.ipv6().into(),
            };
        }
        match (ip, is_alone) {
            (IpVersion::V4, true) => Ipv4Addr::LOCALHOST.into(),
            (IpVersion::V4, false) => Ipv4Addr::new(127, 0, 0, 1 + u8::from(id)).into(),
            (IpVersion::V6, _) => Ipv6Addr::LOCALHOST.into(),
        }
    }

    /// Makes sockets of the server's side.
    pub(super) fn at_server<T: Send>(&self, make: impl FnOnce() -> T + Send) -> io::Result<T> {
        #[cfg(target_os = "linux")]
        if let Some(cable) = &self.cable {
            return cable.side(Side::B).within(|| Ok(make()));
        }
        Ok(make())
    }

    /// Makes sockets of the clients' side.
    pub(super) fn at_clients<T: Send>(&self, make: impl FnOnce() -> T + Send) -> io::Result<T> {
        #[cfg(target_os = "linux")]
        if let Some(cable) = &self.cable {
            return cable.side(Side::A).within(|| Ok(make()));
        }
        Ok(make())
    }
}

/// What is said where there is no link.
fn no_link(why: &str) -> String {
    format!("there is no link, the run went over the loopback interface: {why}")
}
