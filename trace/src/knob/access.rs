//! Where a knob's value stands in an experiment.

use emulation::Part;

use crate::{Client, Experiment};

/// Which clients a client's knob sets. It shows the first of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// The first client.
    First,
    /// The second client.
    Second,
    /// The last client.
    Last,
    /// Each client.
    Each,
    /// The client at this position, from 0.
    Only(usize),
}

/// Where a knob's value is.
#[derive(Clone, Copy)]
pub(super) enum Access {
    /// A number of the server.
    Number(fn(&Experiment) -> u32, fn(&mut Experiment, u32)),
    /// A number of clients.
    ClientNumber(Whose, fn(&Client) -> u32, fn(&mut Client, u32)),
    /// A choice; setting it gives none for a word that it does not take.
    Word(
        fn(&Experiment) -> &'static str,
        fn(&mut Experiment, &str) -> Option<()>,
    ),
    /// A choice of clients; setting it gives none for a word that it does not take.
    ClientWord(
        Whose,
        fn(&Client) -> &'static str,
        fn(&mut Client, &str) -> Option<()>,
    ),
    /// A text of the server.
    Text(fn(&Experiment) -> &str, fn(&mut Experiment, &str)),
    /// How messages are framed, as [`crate::framing`] writes it.
    Framing,
    /// Sizes in bytes, with spaces between them.
    Sizes(fn(&Experiment) -> &[u32], fn(&mut Experiment, Vec<u32>)),
    /// How clients frame their messages; empty: as the server does.
    ClientFraming(Whose),
    /// The link, as `emulation::parse` reads it, or one of its settings.
    Link(Option<Part>),
    /// A client's key.
    Key(Whose),
    /// A client's messages, one a line.
    Messages(Whose),
}

impl Access {
    /// The same value of the client at this position alone; none for a value that is not
    /// of clients.
    pub(super) const fn only(self, index: usize) -> Option<Self> {
        let whose = Whose::Only(index);
        Some(match self {
            Self::ClientNumber(_, get, set) => Self::ClientNumber(whose, get, set),
            Self::ClientWord(_, get, set) => Self::ClientWord(whose, get, set),
            Self::ClientFraming(_) => Self::ClientFraming(whose),
            Self::Key(_) => Self::Key(whose),
            Self::Messages(_) => Self::Messages(whose),
            Self::Number(..)
            | Self::Word(..)
            | Self::Text(..)
            | Self::Framing
            | Self::Link(_)
            | Self::Sizes(..) => {
                return None;
            }
        })
    }
}

/// The word for a switch.
pub(super) const fn on_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

/// Whether a word switches on; none if it is no such word.
pub(super) fn is_on(word: &str) -> Option<bool> {
    match word {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    }
}
