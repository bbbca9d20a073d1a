//! Which network the run of a process goes on in: this machine's where the process may
//! capture there, else one of its own, in which it may without a privilege.

use std::io;

use record::Restriction;

/// What kept the process from a network of its own, where it needs one and something did.
#[derive(Debug, Default)]
pub(super) struct Network {
    /// In words.
    pub(super) refused: Option<String>,
    /// The setting.
    pub(super) restriction: Option<Restriction>,
}

/// The network of this process before its run is known.
#[cfg(target_os = "linux")]
#[derive(Debug)]
pub(super) struct Chosen {
    may_capture: bool,
    network: Network,
}

#[cfg(target_os = "linux")]
impl Chosen {
    /// Moves this process into a network of its own if it may not capture otherwise. It must
    /// not have a second thread yet. It stays where it is if that is refused.
    ///
    /// # Errors
    /// The process is between two networks, and no run is possible.
    pub(super) fn new() -> io::Result<Self> {
        use kernel::isolation::{enter_owned, may_capture};
        use rustix::thread::{CapabilitySet, capabilities};

        let own = capabilities(None)?.effective;
        let may = own.contains(CapabilitySet::NET_RAW) && (is_initial()? || may_capture());
        Ok(Self {
            may_capture: may,
            network: if may {
                Network::default()
            } else {
                moved(enter_owned)?
            },
        })
    }

    /// The network for a run, which for a link is one of its own. There must not be a second
    /// thread yet.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub(super) fn complete(self, needs_own: bool) -> io::Result<Network> {
        if self.may_capture && needs_own {
            return moved(kernel::isolation::enter);
        }
        Ok(self.network)
    }
}

#[cfg(target_os = "linux")]
fn moved(enter: fn() -> Result<(), kernel::isolation::Refused>) -> io::Result<Network> {
    use kernel::isolation::Refused;

    let network = || std::fs::read_link("/proc/self/ns/net");
    let before = network()?;
    let Err(refused) = enter() else {
        return Ok(Network::default());
    };
    if network()? != before {
        return Err(io::Error::other(refused.to_string()));
    }
    let said = Some(refused.to_string());
    let restriction = Some(match refused {
        Refused::UserNamespaces => Restriction::UserNamespaces,
        Refused::NetworkNamespaces => Restriction::NetworkNamespaces,
        Refused::UnprivilegedClone => Restriction::UnprivilegedClone,
        Refused::AppArmor => Restriction::AppArmor,
        Refused::Seccomp => Restriction::Seccomp,
        Refused::Threads | Refused::Failed(..) => Restriction::Other,
    });
    Ok(Network {
        refused: said,
        restriction,
    })
}

/// Whether the user namespace is the one that the kernel began with (PROC_USER_INIT_INO). In
/// another one capabilities count for what belongs to it, and the network may not.
#[cfg(target_os = "linux")]
fn is_initial() -> io::Result<bool> {
    let own = std::fs::read_link("/proc/self/ns/user")?;
    Ok(own.as_os_str() == "user:[4026531837]")
}

/// Elsewhere nothing is captured.
#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
pub(super) struct Chosen;

#[cfg(not(target_os = "linux"))]
impl Chosen {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self)
    }

    pub(super) fn complete(self, _: bool) -> io::Result<Network> {
        Ok(Network::default())
    }
}
