//! What recorded, where and when.

use protocol::Nanos;
use serde::{Deserialize, Serialize};

use crate::{Note, is_default};

/// What records, where and when: what a `run` line says beside the plan. What
/// nobody said is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Head {
    /// Name and version of the program that made the record.
    #[serde(skip_serializing_if = "is_default")]
    pub program: String,
    /// Kernel name and release it ran on, such as `Linux 6.18`.
    pub kernel: String,
    /// Which boot of which machine it was: `/proc/sys/kernel/random/boot_id`
    /// (random(4)). Records of the same one have the same clocks.
    #[serde(skip_serializing_if = "is_default")]
    pub boot: String,
    /// Which moment is 0 in the events' times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<Clock>,
    /// Whether packets were captured.
    pub capture: Capture,
    /// What kept the program from a network of its own, in which it may capture without a
    /// privilege; none where nothing did, or nobody tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restriction: Option<Restriction>,
    /// At most so many bytes of each call, and of each packet's payload, were kept: a call
    /// that transferred more says so ([`Event::length`](crate::Event::length)). None: all
    /// were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snap: Option<u32>,
    /// By how much recording lengthened a call of the programs, measured on this machine
    /// when the record began; none where nobody measured, or the programs recorded
    /// themselves.
    #[serde(skip_serializing_if = "Option::is_none", rename = "added-per-call")]
    pub added_per_call: Option<Nanos>,
    /// What whoever made the record says of it.
    #[serde(skip_serializing_if = "is_default")]
    pub note: Note,
    /// The language that the note is in, as a tag (BCP 47); none where nobody said.
    #[serde(skip_serializing_if = "Option::is_none", rename = "note-language")]
    pub note_language: Option<String>,
}

impl Head {
    /// One of which only this is known.
    pub fn new(kernel: impl Into<String>, capture: Capture) -> Self {
        Self {
            kernel: kernel.into(),
            capture,
            ..Self::default()
        }
    }
}

/// The setting that keeps an ordinary user from a user and a network namespace
/// (user_namespaces(7), network_namespaces(7)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Restriction {
    /// `user.max_user_namespaces` is 0.
    UserNamespaces,
    /// `user.max_net_namespaces` is 0.
    NetworkNamespaces,
    /// `kernel.unprivileged_userns_clone` is 0, as Debian has it.
    UnprivilegedClone,
    /// `kernel.apparmor_restrict_unprivileged_userns` is 1, as Ubuntu has it.
    AppArmor,
    /// A filter of system calls, as containers have it (seccomp(2)).
    Seccomp,
    /// The kernel refused it for another reason.
    Other,
}

impl Restriction {
    protocol::all_variants! {
        /// All of them.
        UserNamespaces, NetworkNamespaces, UnprivilegedClone, AppArmor, Seccomp, Other
    }

    /// The setting and its value, in the words of sysctl(8); none where it is not known.
    pub const fn setting(self) -> Option<&'static str> {
        match self {
            Self::UserNamespaces => Some("user.max_user_namespaces = 0"),
            Self::NetworkNamespaces => Some("user.max_net_namespaces = 0"),
            Self::UnprivilegedClone => Some("kernel.unprivileged_userns_clone = 0"),
            Self::AppArmor => Some("kernel.apparmor_restrict_unprivileged_userns = 1"),
            Self::Seccomp => Some("seccomp"),
            Self::Other => None,
        }
    }
}

/// The moment that is 0 in a record's times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// Which of the machine's clocks the times were read from.
    pub name: ClockName,
    /// What it showed at 0, in nanoseconds.
    pub zero: u64,
}

/// A clock of the machine (clock_gettime(2)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClockName {
    /// CLOCK_MONOTONIC: since the machine started; nobody sets it.
    Monotonic,
    /// CLOCK_REALTIME: since 1970; it may be set while a record is made.
    Realtime,
}

impl ClockName {
    protocol::all_variants! {
        /// All of them.
        Monotonic, Realtime
    }

    /// The name in a `run` line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Monotonic => "monotonic",
            Self::Realtime => "realtime",
        }
    }
}

/// Whether packets were captured during a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capture {
    /// Every packet was captured.
    On,
    /// The program may not: it needs CAP_NET_RAW (capabilities(7)).
    NeedsCapNetRaw,
    /// This system has no packet(7) sockets.
    Unsupported,
    /// It could not be started for another reason; an error line says which.
    Failed,
    /// Nobody said.
    #[default]
    Unknown,
}

impl Capture {
    protocol::all_variants! {
        /// All of them.
        On, NeedsCapNetRaw, Unsupported, Failed, Unknown
    }

    /// The name in a `run` line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::NeedsCapNetRaw => "needs-cap-net-raw",
            Self::Unsupported => "unsupported",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}
