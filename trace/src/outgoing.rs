//! What a client hands to the kernel for a message: the message in its frame.

use protocol::framing::Parts;
use protocol::{EncodeError, Framing};

use crate::{Client, Experiment, Message};

/// The frame of a message as `client` makes it: it doesn't look for a delimiter in it, and
/// writes the length that it believes in.
pub(crate) fn parts(
    framing: &Framing,
    client: &Client,
    message: &[u8],
) -> Result<Parts, EncodeError> {
    let mut parts = framing.parts_unchecked(message)?;
    if client.length_unit != crate::LengthUnit::Bytes {
        parts.header = framing.header_saying(client.length_unit.said(message))?;
    }
    Ok(parts)
}

/// The frames of the first `most` messages that a client sends, and the bytes that all of its
/// messages have, frames not counted. A client that there is not sends nothing.
///
/// # Errors
/// The first message of these that the framing can't carry.
pub fn of(
    experiment: &Experiment,
    client: usize,
    most: usize,
) -> Result<(Vec<Parts>, usize), EncodeError> {
    let Some(client) = experiment.clients.get(client) else {
        return Ok((Vec::new(), 0));
    };
    let framing = experiment.client_rules(client).framing;
    let first = client.messages.iter().take(most);
    let frames = first.map(|message| parts(&framing, client, &message.bytes()));
    let bytes = client.messages.iter().map(Message::len);
    let bytes = bytes.fold(0, usize::saturating_add);
    Ok((frames.collect::<Result<_, _>>()?, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LengthUnit;
    use protocol::System;

    #[test]
    fn a_frame_has_the_header_that_the_client_believes_in() {
        let mut experiment = Experiment::new(System::LengthPrefix, &["粘", "hex:ff×2", "c"]);
        let (frames, bytes) = of(&experiment, 0, 2).expect("they can be sent");
        let shown: Vec<_> = frames
            .iter()
            .map(|p| (&p.header[..], &p.body[..]))
            .collect();
        let glue = "粘".as_bytes();
        assert_eq!(
            shown,
            [(&[3, 0, 0, 0][..], glue), (&[2, 0, 0, 0][..], b"\xff\xff")]
        );
        assert_eq!(bytes, 6);
        experiment.clients[0].length_unit = LengthUnit::Characters;
        let (frames, _) = of(&experiment, 0, 1).expect("it can be sent");
        assert_eq!(&frames[0].header[..], [1, 0, 0, 0]);
        assert_eq!(of(&experiment, 1, 2).expect("nobody"), (Vec::new(), 0));
    }

    #[test]
    fn datagrams_have_no_frame() {
        let experiment = Experiment::new(System::UdpEcho, &["", "b"]);
        let (frames, _) = of(&experiment, 0, 9).expect("they can be sent");
        assert!(frames.iter().all(|parts| parts.header.is_empty()));
        assert_eq!(
            (&frames[0].body[..], &frames[1].body[..]),
            (&b""[..], &b"b"[..])
        );
    }
}
