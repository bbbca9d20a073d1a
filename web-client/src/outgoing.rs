//! What a client sends, byte by byte, as it is shown below the field of its messages.

use protocol::{EncodeError, Framing};
use trace::{Experiment, outgoing};

/// Most messages that are shown.
const MESSAGES: usize = 8;
/// Most bytes of a message that are shown, and of its header.
const BYTES: usize = 32;

/// What a client sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Its first messages.
    pub rows: Vec<Row>,
    /// Messages behind these.
    pub more: usize,
    /// Bytes of all messages, without their frames.
    pub bytes: usize,
    /// Whether they have frames.
    pub is_framed: bool,
}

/// One message in its frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The frame's header.
    pub header: Vec<u8>,
    /// What follows it.
    pub body: Vec<u8>,
    /// Bytes that are not shown.
    pub more: usize,
}

impl Outgoing {
    /// What `client`, counted from 0, sends in an experiment that is valid.
    ///
    /// # Errors
    /// A message that the framing can't carry.
    pub fn of(experiment: &Experiment, client: usize) -> Result<Self, EncodeError> {
        let messages = experiment.clients.get(client);
        let framing = messages.map(|client| experiment.client_rules(client).framing);
        let messages = messages.map_or(0, |client| client.messages.len());
        let (frames, bytes) = outgoing::of(experiment, client, MESSAGES)?;
        let rows = frames.iter().map(|frame| {
            let header = &frame.header[..frame.header.len().min(BYTES)];
            let body = &frame.body[..frame.body.len().min(BYTES)];
            Row {
                header: header.to_vec(),
                body: body.to_vec(),
                more: frame.header.len() + frame.body.len() - header.len() - body.len(),
            }
        });
        Ok(Self {
            rows: rows.collect(),
            more: messages.saturating_sub(MESSAGES),
            bytes,
            is_framed: framing.is_some_and(|framing| framing != Framing::None),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::System;

    #[test]
    fn as_much_is_shown_as_fits() {
        let experiment = Experiment::new(System::LengthPrefix, &["a×33"; 10]);
        let shown = Outgoing::of(&experiment, 0).expect("it can be sent");
        assert_eq!((shown.rows.len(), shown.more, shown.bytes), (8, 2, 330));
        let row = Row {
            header: vec![33, 0, 0, 0],
            body: vec![b'a'; 32],
            more: 1,
        };
        assert!(shown.rows.iter().all(|shown| *shown == row));
        let none = Outgoing::of(&experiment, 1).expect("nobody sends nothing");
        assert_eq!((none.rows.len(), none.more, none.bytes), (0, 0, 0));
        assert!(shown.is_framed && !none.is_framed);
        let stream = Experiment::new(System::TcpEcho, &["a"]);
        assert!(!Outgoing::of(&stream, 0).expect("it can be sent").is_framed);
    }
}
