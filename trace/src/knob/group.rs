//! What knobs are about.

/// What a knob is about: where it stands in a form of all knobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// The server.
    Server,
    /// How messages are marked off.
    Framing,
    /// A client.
    Client,
    /// What lies between server and clients.
    Network,
}

impl Group {
    protocol::all_variants! {
        /// All of them, in the order of the form.
        Server, Framing, Client, Network
    }

    /// Its name in keys of texts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Framing => "framing",
            Self::Client => "client",
            Self::Network => "network",
        }
    }
}
