//! Programs of the user's on the two sides of a link.

mod commands;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result};
use emulation::LinkSettings;
use kernel::{Cable, NetworkNamespace, Side, mounts};
use tempfile::TempDir;

use crate::emulator::{Emulator, Watch};

pub use commands::{Background, Commands};

/// The variable that tells programs in a network where its sides are.
pub const VARIABLE: &str = "STICKYLAB_NET";
/// Names of hosts (hosts(5)).
const HOSTS: &str = "/etc/hosts";
/// Least MTU of IPv6, in bytes (RFC 8200, 5).
const LEAST_IPV6: u32 = 1_280;

/// The name of a side, which is also that of its host.
pub const fn name(side: Side) -> &'static str {
    match side {
        Side::A => "a",
        Side::B => "b",
    }
}

/// Two network namespaces, and the names of their hosts in the mount namespace of this
/// process.
#[derive(Debug)]
pub struct Sides {
    namespaces: [NetworkNamespace; 2],
    folder: Mounted,
}

/// The link between two sides, which does not pass anything on yet: what is sent waits.
#[derive(Debug)]
pub struct WaitingLink {
    cable: Cable,
    settings: LinkSettings,
}

/// A link that passes on what the sides send.
#[derive(Debug)]
pub struct RunningLink(Emulator);

/// A folder in which a file of each side's name stands for its network namespace.
#[derive(Debug)]
struct Mounted(TempDir);

impl Sides {
    /// Two sides, and a link for them. Needs [`kernel::isolation::enter_with_mounts`]. No
    /// thread is left over.
    ///
    /// # Errors
    /// What could not be made, and why.
    pub fn new(settings: LinkSettings) -> Result<(Self, WaitingLink)> {
        let cable = Cable::new(settings.mtu).context("there is no link")?;
        let folder = Mounted::new(&cable.sides, settings.mtu)?;
        let namespaces = Side::ALL.map(|side| cable.side(side).duplicate());
        let [a, b] = namespaces;
        let namespaces = [a?, b?];
        Ok((Self { namespaces, folder }, WaitingLink { cable, settings }))
    }

    /// Moves the calling thread to a side, and so the programs that it starts.
    ///
    /// # Errors
    /// What the kernel refuses.
    pub fn enter(&self, side: Side) -> Result<()> {
        let entered = self.namespaces[side.index()].enter();
        entered.with_context(|| format!("cannot enter side {}", name(side)))
    }

    /// Where programs find the sides: the value of [`VARIABLE`].
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl WaitingLink {
    /// Passes on what the sides send.
    ///
    /// # Errors
    /// The system has no thread or descriptor left.
    pub fn start(self) -> Result<RunningLink> {
        let emulator = Emulator::start(self.cable, &self.settings, Instant::now(), None);
        Ok(RunningLink(emulator.context("the link does not start")?))
    }

    /// Passes it on and tells what becomes of each packet, with times that count from
    /// `started`.
    pub(crate) fn watch(self, started: Instant) -> io::Result<Watch> {
        Watch::start(self.cable, &self.settings, started)
    }
}

impl RunningLink {
    /// Whether it ended before it was told to.
    fn has_ended(&self) -> bool {
        self.0.has_ended()
    }

    /// Ends the link.
    ///
    /// # Errors
    /// Why it ended before.
    fn finish(self) -> Result<()> {
        self.0.finish().context("the link failed")?;
        Ok(())
    }
}

impl Mounted {
    fn new(sides: &[NetworkNamespace; 2], mtu: u32) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("stickylab-net-").tempdir();
        let folder = folder.context("there is no folder for temporary files")?;
        mounts::mount_memory(folder.path())
            .with_context(|| format!("cannot mount {}", folder.path().display()))?;
        let mounted = Self(folder);
        for side in Side::ALL {
            let file = mounted.path().join(name(side));
            fs::write(&file, "")
                .and_then(|()| mounts::put_namespace(&sides[side.index()], &file))
                .with_context(|| format!("cannot make {}", file.display()))?;
        }
        let before = fs::read_to_string(HOSTS).with_context(|| format!("cannot read {HOSTS}"))?;
        let file = mounted.path().join("hosts");
        fs::write(&file, hosts(&before, mtu))
            .and_then(|()| mounts::put(&file, Path::new(HOSTS)))
            .with_context(|| format!("cannot name the sides in {HOSTS}"))?;
        Ok(mounted)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // It is this process's alone; the empty folder below goes with the `TempDir`.
        if let Err(error) = mounts::take_away(self.path()) {
            tracing::debug!(%error, "umount");
        }
    }
}

/// What the file of hosts has in the network: both sides, in front of what it had. The names
/// have IPv4 addresses alone, as not every server listens on both.
fn hosts(before: &str, mtu: u32) -> String {
    let named = Side::ALL.map(|side| format!("{} {}\n", side.ipv4(), name(side)));
    let mut text = named.concat();
    if mtu >= LEAST_IPV6 {
        let named = Side::ALL.map(|side| format!("{} ip6-{}\n", side.ipv6(), name(side)));
        text += &named.concat();
    }
    let own = |line: &&str| {
        let named = line.split_whitespace().skip(1);
        !named.into_iter().any(|word| ["a", "b"].contains(&word))
    };
    for line in before.lines().filter(own) {
        text += line;
        text.push('\n');
    }
    text
}

/// Moves the calling thread to a side of the network that this process was started in, and
/// so the programs that it starts.
///
/// # Errors
/// This process is in none, or it may not leave its side.
pub fn enter(side: Side) -> Result<()> {
    let folder = std::env::var_os(VARIABLE).map(PathBuf::from);
    let folder = folder.with_context(|| {
        format!("this is no program of a link: run it by `stickylab net` ({VARIABLE} is not set)")
    })?;
    let file = folder.join(name(side));
    let namespace = fs::File::open(&file)
        .with_context(|| format!("there is no link (any more) at {}", file.display()))?;
    NetworkNamespace::of(namespace.into())
        .enter()
        .with_context(|| format!("cannot enter side {}", name(side)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sides_have_names_in_front_of_what_was_there() {
        let before = "127.0.0.1\tlocalhost\n::1 ip6-localhost\n192.0.2.1 far b\n# a comment";
        assert_eq!(
            hosts(before, 1_500),
            "10.0.0.1 a\n10.0.0.2 b\nfd00::1 ip6-a\nfd00::2 ip6-b\n\
             127.0.0.1\tlocalhost\n::1 ip6-localhost\n"
        );
        assert_eq!(hosts("", 1_279), "10.0.0.1 a\n10.0.0.2 b\n");
    }
}
