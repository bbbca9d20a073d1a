//! What is known of connections beside what was observed on them.

use protocol::Framing;
use serde::{Deserialize, Serialize};

/// What is known of the connections where nothing was planned, the same for
/// all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Setup {
    /// How whoever opened a connection frames its messages; none: it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opener_framing: Option<Framing>,
    /// The same of whoever accepted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acceptor_framing: Option<Framing>,
    /// Whether the opener has Nagle's algorithm on (no TCP_NODELAY); none: it
    /// is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opener_nagle: Option<bool>,
    /// The same of the acceptor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acceptor_nagle: Option<bool>,
}
