//! Where a knob's value stands in an experiment.

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
    /// How messages are framed, as [`crate::framing`] writes it.
    Framing,
    /// Sizes in bytes, with spaces between them.
    Sizes(fn(&Experiment) -> &[u32], fn(&mut Experiment, Vec<u32>)),
    /// How clients frame their messages; empty: as the server does.
    ClientFraming(Whose),
    /// A client's key.
    Key(Whose),
    /// A client's messages, one a line.
    Messages(Whose),
}
