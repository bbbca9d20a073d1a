//! Options of a socket that decide when bytes leave it and how it closes.

use serde::{Deserialize, Serialize};

/// Options of a socket as the kernel told them (getsockopt(2)); only those that its
/// program set, and whether Nagle's algorithm is off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Options {
    /// TCP_NODELAY (tcp(7)): Nagle's algorithm (RFC 896) is off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nodelay: Option<bool>,
    /// TCP_CORK (tcp(7)): what does not fill a segment waits, up to 200 ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cork: Option<bool>,
    /// TCP_QUICKACK (tcp(7)): segments are acknowledged at once. The kernel changes it
    /// by itself later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quickack: Option<bool>,
    /// SO_KEEPALIVE (socket(7)): a peer that says nothing is asked whether it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keepalive: Option<bool>,
    /// SO_LINGER (socket(7)): how many seconds a close waits for unsent bytes; with 0 it
    /// resets the connection; −1: the option is off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub linger: Option<i32>,
    /// SO_SNDBUF (socket(7)), in bytes: twice what the program asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_buffer: Option<u32>,
    /// SO_RCVBUF (socket(7)), in bytes: twice what the program asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receive_buffer: Option<u32>,
}

impl Options {
    /// Those of its options that `others` has, too.
    #[must_use]
    pub fn of_those_in(&self, others: &Self) -> Self {
        fn both<T: Copy>(one: Option<T>, other: Option<T>) -> Option<T> {
            one.filter(|_| other.is_some())
        }
        Self {
            nodelay: both(self.nodelay, others.nodelay),
            cork: both(self.cork, others.cork),
            quickack: both(self.quickack, others.quickack),
            keepalive: both(self.keepalive, others.keepalive),
            linger: both(self.linger, others.linger),
            send_buffer: both(self.send_buffer, others.send_buffer),
            receive_buffer: both(self.receive_buffer, others.receive_buffer),
        }
    }

    /// The options that are told, by the names of setsockopt(2), with their values.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, i64)> {
        let flag = |value: Option<bool>| value.map(i64::from);
        let size = |value: Option<u32>| value.map(i64::from);
        let all = [
            ("TCP_NODELAY", flag(self.nodelay)),
            ("TCP_CORK", flag(self.cork)),
            ("TCP_QUICKACK", flag(self.quickack)),
            ("SO_KEEPALIVE", flag(self.keepalive)),
            ("SO_LINGER", self.linger.map(i64::from)),
            ("SO_SNDBUF", size(self.send_buffer)),
            ("SO_RCVBUF", size(self.receive_buffer)),
        ];
        all.into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_has_its_name_and_is_short_in_json() {
        let all = Options {
            nodelay: Some(true),
            linger: Some(-1),
            send_buffer: Some(4608),
            ..Options::default()
        };
        let named: Vec<_> = all.named().collect();
        let expected = [("TCP_NODELAY", 1), ("SO_LINGER", -1), ("SO_SNDBUF", 4608)];
        assert_eq!(named, expected);
        let json = serde_json::to_string(&all).unwrap();
        assert_eq!(json, r#"{"nodelay":true,"linger":-1,"send-buffer":4608}"#);
        assert_eq!(serde_json::from_str::<Options>(&json).unwrap(), all);
        let asked = Options {
            linger: Some(0),
            cork: Some(false),
            ..Options::default()
        };
        let both: Vec<_> = all.of_those_in(&asked).named().collect();
        assert_eq!(both, [("SO_LINGER", -1)]);
    }
}
