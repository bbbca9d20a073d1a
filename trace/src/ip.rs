//! Which version of the Internet Protocol a run's sockets use.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A version of IP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub enum IpVersion {
    /// RFC 791: 127.0.0.1 and its network.
    #[default]
    V4,
    /// RFC 8200: ::1.
    V6,
}

impl IpVersion {
    /// Its number.
    pub const fn name(self) -> &'static str {
        match self {
            Self::V4 => "4",
            Self::V6 => "6",
        }
    }
}

impl From<IpVersion> for u8 {
    fn from(version: IpVersion) -> Self {
        match version {
            IpVersion::V4 => 4,
            IpVersion::V6 => 6,
        }
    }
}

impl TryFrom<u8> for IpVersion {
    type Error = &'static str;
    fn try_from(number: u8) -> Result<Self, Self::Error> {
        match number {
            4 => Ok(Self::V4),
            6 => Ok(Self::V6),
            _ => Err("the version of IP is 4 or 6"),
        }
    }
}

impl FromStr for IpVersion {
    type Err = ();
    fn from_str(name: &str) -> Result<Self, ()> {
        let version = [Self::V4, Self::V6].into_iter();
        let mut found = version.filter(|version| version.name() == name);
        found.next().ok_or(())
    }
}
