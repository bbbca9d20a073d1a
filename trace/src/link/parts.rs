//! Requests of any length as requests that the gateway takes.

use super::{MAX_REQUEST, Request};

/// Most bytes of a request's JSON beside what its sends take:
/// `{"type":"send","client":1,"sends":[]}`.
const FRAME: usize = 64;
/// Most bytes that one send takes beside its own bytes, which are two
/// characters each: `{"gap":18446744073709551615,"bytes":""},`.
const SEND: usize = 48;
/// The same of one behind which more follows: `"more":true,`.
const MORE: usize = 12;
/// Bytes that fit into one request, whatever else is in it.
const PIECE: usize = (MAX_REQUEST - FRAME - SEND - MORE) / 2;

impl Request {
    /// The same as requests of at most [`MAX_REQUEST`] bytes, in order.
    ///
    /// Sends are spread over several requests; one that is longer by itself
    /// begins with [`Request::Part`]s. An experiment goes without its messages,
    /// which may be a megabyte and which the gateway has no use for; what is
    /// left of a valid one is a few kilobytes.
    pub fn parts(self) -> Vec<Self> {
        match self {
            Self::Run {
                run,
                mut experiment,
            } => {
                for client in &mut experiment.clients {
                    client.messages.clear();
                }
                vec![Self::Run { run, experiment }]
            }
            Self::Send { client, sends } => {
                let mut parts = Vec::new();
                let (mut batch, mut length) = (Vec::new(), FRAME);
                for mut send in sends {
                    let around = SEND + if send.more { MORE } else { 0 };
                    if length + around + 2 * send.bytes.len() > MAX_REQUEST && !batch.is_empty() {
                        let sends = std::mem::take(&mut batch);
                        parts.push(Self::Send { client, sends });
                        length = FRAME;
                    }
                    while send.bytes.len() > PIECE {
                        let rest = send.bytes.split_off(PIECE);
                        let bytes = std::mem::replace(&mut send.bytes, rest);
                        parts.push(Self::Part { client, bytes });
                    }
                    length += around + 2 * send.bytes.len();
                    batch.push(send);
                }
                if !batch.is_empty() || parts.is_empty() {
                    let sends = batch;
                    parts.push(Self::Send { client, sends });
                }
                parts
            }
            other => vec![other],
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::framing::Delimiter;
    use protocol::{Framing, Nanos, System};

    use super::*;
    use crate::experiment::{MAX_FRAMED, MAX_PIECES};
    use crate::link::Send;
    use crate::{ClientId, Experiment};

    /// Every part fits, and joined they are what was asked for.
    fn check(sends: &[Send], count: usize) {
        let client = ClientId::SECOND;
        let request = Request::Send {
            client,
            sends: sends.to_vec(),
        };
        let parts = request.parts();
        assert_eq!(parts.len(), count);
        let (mut joined, mut begun) = (Vec::new(), Vec::new());
        for part in parts {
            assert!(serde_json::to_string(&part).unwrap().len() <= MAX_REQUEST);
            match part {
                Request::Part { client: one, bytes } => {
                    assert_eq!(one, client);
                    begun.extend(bytes);
                }
                Request::Send { client: one, sends } => {
                    assert_eq!(one, client);
                    for send in sends {
                        let bytes = [&std::mem::take(&mut begun)[..], &send.bytes].concat();
                        joined.push(Send { bytes, ..send });
                    }
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(joined, sends);
    }

    fn send(length: usize) -> Send {
        Send {
            gap: Nanos(u64::MAX),
            bytes: vec![0xff; length],
            more: false,
        }
    }

    #[test]
    fn sends_are_spread_over_requests_and_long_ones_are_joined() {
        check(&[], 1);
        check(&[send(0), send(5)], 1);
        check(&[send(PIECE)], 1);
        check(&[send(PIECE + 1)], 2);
        check(&[send(PIECE), send(1)], 2);
        check(&[send(1), send(PIECE + 1), send(1)], 3);
        check(&[send(3 * PIECE), send(0)], 4);
        // The largest frame, and the most pieces.
        check(&[send(MAX_FRAMED)], MAX_FRAMED.div_ceil(PIECE));
        check(&vec![send(0); MAX_PIECES], 2);
        let more = Send {
            more: true,
            ..send(PIECE + 1)
        };
        check(&[more.clone(), send(1), more], 4);
    }

    #[test]
    fn any_valid_experiment_is_a_request_that_fits() {
        let mut experiment = Experiment::new(System::Auth, &[&"\u{1}".repeat(200_000)]);
        experiment.key = "\u{1}".repeat(128);
        experiment.clients[0].key = experiment.key.clone();
        let long = "\u{1}".repeat(256);
        experiment.framing = Some(Framing::Delimiter(Delimiter {
            delimiter: long.as_str().into(),
            ..Delimiter::default()
        }));
        experiment.clients.push(experiment.clients[0].clone());
        let run = Request::Run {
            run: 1,
            experiment: experiment.into(),
        };
        assert!(serde_json::to_string(&run).unwrap().len() > MAX_REQUEST);
        let [run] = &run.parts()[..] else {
            panic!("one request");
        };
        let length = serde_json::to_string(run).unwrap().len();
        assert!(length < MAX_REQUEST / 16, "{length} bytes");
    }
}
