//! Plays an experiment's clients: what each has observed goes in, commands
//! for the side that owns the sockets come out. Framing and the handshake
//! happen here, so in the page or in the command line, never in the gateway.

use std::collections::VecDeque;

use protocol::auth::mutual::NONCE_LEN;
use protocol::framing::Parts;
use protocol::peer::{self, ClientOutput};
use protocol::{Nanos, Transport};

use crate::experiment::MAX_CLIENTS;
use crate::link::{Request, Send};
use crate::{Call, Client, ClientId, Event, Experiment, LengthUnit};

/// How long a client waits for replies that may never come, beyond what the
/// experiment's own delays explain.
const PATIENCE: Nanos = Nanos::from_millis(2_000);
/// The same for datagrams, whose replies may be lost.
const DATAGRAM_PATIENCE: Nanos = Nanos::from_millis(500);

/// What each client brings to a handshake that asks for it: fresh from a
/// cryptographic random source, for this run alone.
pub type Nonces = [[u8; NONCE_LEN]; MAX_CLIENTS];

/// The clients' part in a run.
#[derive(Debug)]
pub struct Script {
    players: Vec<Player>,
    commands: VecDeque<Request>,
}

#[derive(Debug)]
struct Player {
    id: ClientId,
    plan: Client,
    waiting: VecDeque<Vec<u8>>,
    /// Messages given to the machine so far.
    begun: usize,
    side: Side,
    patience: Nanos,
    closing: Closing,
}

#[derive(Debug)]
enum Side {
    Stream(Box<peer::Client>),
    Datagrams { unanswered: usize },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closing {
    No,
    /// Told to close when its patience ends.
    Eventually,
    /// Told to close.
    Told,
}

impl Script {
    /// The script of an experiment that has been validated.
    pub fn new(experiment: &Experiment, nonces: Nonces) -> Self {
        let patience = patience(experiment);
        let players = experiment.clients.iter().zip(ClientId::ALL).zip(nonces);
        let players = players.map(|((plan, id), nonce)| Player {
            id,
            waiting: plan
                .messages
                .iter()
                .map(|m| m.text().into_bytes())
                .collect(),
            begun: 0,
            side: match experiment.transport() {
                Transport::Tcp => {
                    let rules = experiment.client_rules(plan);
                    Side::Stream(Box::new(peer::Client::new(&rules, nonce)))
                }
                Transport::Udp => Side::Datagrams { unanswered: 0 },
            },
            plan: plan.clone(),
            patience,
            closing: Closing::No,
        });
        let mut script = Self {
            players: players.collect(),
            commands: VecDeque::new(),
        };
        for player in &mut script.players {
            script.commands.extend(player.advance());
        }
        script
    }

    /// Something was observed; only the clients' own calls matter here, a
    /// client knows no other.
    pub fn handle_event(&mut self, event: &Event) {
        if event.actor != event.client.actor() {
            return;
        }
        if let Some(player) = self.players.get_mut(event.client.index()) {
            self.commands.extend(player.handle_event(event));
        }
    }

    /// What to tell the gateway next.
    pub fn poll_command(&mut self) -> Option<Request> {
        self.commands.pop_front()
    }
}

/// How long a client may have to wait for its replies in this experiment.
fn patience(experiment: &Experiment) -> Nanos {
    let base = match experiment.transport() {
        Transport::Tcp => PATIENCE,
        Transport::Udp => DATAGRAM_PATIENCE,
    };
    let clients = &experiment.clients;
    let stays: u64 = clients
        .iter()
        .map(|c| u64::from(c.start_ms) + u64::from(c.hold_ms))
        .sum();
    let messages: usize = clients.iter().map(|c| c.messages.len()).sum();
    let bytes: usize = clients
        .iter()
        .flat_map(|c| &c.messages)
        .map(crate::Message::len)
        .sum();
    let reads = 2 * messages as u64 + bytes as u64 / u64::from(experiment.buffer.max(1)) + 2;
    base + Nanos::from_millis(stays + reads * u64::from(experiment.read_delay_ms))
}

impl Player {
    fn handle_event(&mut self, event: &Event) -> Vec<Request> {
        if event.call != Call::Recv || event.error.is_some() {
            return Vec::new();
        }
        match &mut self.side {
            Side::Datagrams { unanswered } => *unanswered = unanswered.saturating_sub(1),
            Side::Stream(machine) => {
                let handled = if event.is_empty() {
                    machine.handle_eof()
                } else {
                    machine.handle_chunk(&event.bytes)
                };
                if handled.is_err() || event.is_empty() {
                    self.waiting.clear();
                    return self.close(Nanos(0)).into_iter().collect();
                }
            }
        }
        self.advance()
    }

    /// Sends what can be sent now, and closes when all is done.
    fn advance(&mut self) -> Vec<Request> {
        let mut sends = Vec::new();
        self.drain(Nanos(0), &mut sends);
        while self.may_begin() {
            let Some(message) = self.waiting.pop_front() else {
                break;
            };
            let gap = match self.begun {
                0 => Nanos(0),
                _ => Nanos::from_micros(u64::from(self.plan.gap_us)),
            };
            self.begun += 1;
            if self.begin(&message).is_err() {
                // A validated experiment has no such message; nothing to send.
                continue;
            }
            match &mut self.side {
                Side::Datagrams { unanswered } => {
                    *unanswered += 1;
                    sends.push(Send {
                        gap,
                        bytes: message,
                    });
                }
                Side::Stream(_) => self.drain(gap, &mut sends),
            }
        }
        let mut commands = Vec::new();
        if !sends.is_empty() {
            commands.push(Request::Send {
                client: self.id,
                sends,
            });
        }
        let hold = Nanos::from_millis(u64::from(self.plan.hold_ms));
        if self.is_done() {
            commands.extend(self.close(hold));
        } else if self.closing == Closing::No {
            self.closing = Closing::Eventually;
            commands.push(Request::Close {
                client: self.id,
                after: self.patience,
            });
        }
        commands
    }

    fn may_begin(&self) -> bool {
        match &self.side {
            Side::Stream(machine) if self.plan.turns => machine.is_idle(),
            Side::Stream(machine) => machine.can_send(),
            Side::Datagrams { unanswered } => !self.plan.turns || *unanswered == 0,
        }
    }

    fn begin(&mut self, message: &[u8]) -> Result<(), protocol::EncodeError> {
        let Side::Stream(machine) = &mut self.side else {
            return Ok(());
        };
        match self.plan.length_unit {
            LengthUnit::Bytes => machine.handle_message(message),
            LengthUnit::Characters => {
                let characters = String::from_utf8_lossy(message).chars().count();
                let parts = Parts {
                    header: machine.framing().header(characters)?,
                    ..machine.framing().parts(message)?
                };
                machine.handle_parts(parts, message.len());
                Ok(())
            }
        }
    }

    fn drain(&mut self, mut gap: Nanos, sends: &mut Vec<Send>) {
        if let Side::Stream(machine) = &mut self.side {
            while let Some(output) = machine.poll_output() {
                if let ClientOutput::Send(bytes) = output {
                    sends.push(Send {
                        gap: std::mem::take(&mut gap),
                        bytes: bytes.into(),
                    });
                }
            }
        }
    }

    fn is_done(&self) -> bool {
        self.waiting.is_empty()
            && match &self.side {
                Side::Stream(machine) => machine.is_idle(),
                Side::Datagrams { unanswered } => *unanswered == 0,
            }
    }

    fn close(&mut self, after: Nanos) -> Option<Request> {
        if self.closing == Closing::Told {
            return None;
        }
        self.closing = Closing::Told;
        Some(Request::Close {
            client: self.id,
            after,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Actor, knob};
    use protocol::System;

    const NONCES: Nonces = [[0xc1; NONCE_LEN], [0xc2; NONCE_LEN]];

    fn recv(bytes: &[u8]) -> Event {
        Event {
            asked: 1024,
            bytes: bytes.to_vec(),
            ..Event::new(Nanos(0), Actor::Client1, ClientId::One, Call::Recv)
        }
    }

    /// The commands after each of `received`, as text: sends as `gap:bytes`.
    fn check(system: System, settings: &[&str], received: &[&[u8]], expected: &str) {
        let mut experiment = Experiment::new(system, &["hi", "粘"]);
        for setting in settings {
            knob::apply(&mut experiment, setting).unwrap();
        }
        experiment.validate().unwrap();
        let mut script = Script::new(&experiment, NONCES);
        let mut text = describe(&mut script);
        for chunk in received {
            script.handle_event(&recv(chunk));
            text += " / ";
            text += &describe(&mut script);
        }
        assert_eq!(text, expected, "{system} {settings:?}");
    }

    fn describe(script: &mut Script) -> String {
        let commands = std::iter::from_fn(|| script.poll_command());
        let described = commands.map(|command| match command {
            Request::Send { sends, .. } => {
                let sends = sends
                    .iter()
                    .map(|send| format!("{}:{}", send.gap.0 / 1000, send.bytes.escape_ascii()));
                sends.collect::<Vec<_>>().join(" ")
            }
            Request::Close { after, .. } => format!("close {}", after.0 / 1_000_000),
            other => panic!("{other:?} is no client's command"),
        });
        described.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_length_prefix_client_sends_header_and_body_and_leaves() {
        check(
            System::LengthPrefix,
            &["gap=7"],
            &[],
            r"0:\x02\x00\x00\x00 0:hi 7:\x03\x00\x00\x00 0:\xe7\xb2\x98 close 0",
        );
    }

    #[test]
    fn a_length_in_characters_is_the_articles_mistake() {
        check(
            System::LengthPrefix,
            &["length-unit=characters", "messages=粘", "hold=3"],
            &[],
            r"0:\x01\x00\x00\x00 0:\xe7\xb2\x98 close 3",
        );
    }

    #[test]
    fn a_ready_ack_client_waits_for_each_ready() {
        check(
            System::ReadyAck,
            &[],
            &[b"rea", b"dy", b"ready"],
            r"0:2 close 2000 /  / 0:hi 0:3 / 0:\xe7\xb2\x98 close 0",
        );
    }

    #[test]
    fn an_echo_client_leaves_when_all_bytes_are_back() {
        check(
            System::TcpEcho,
            &[],
            &[b"HI\xe7", b"\xb2\x98"],
            r"0:hi 0:\xe7\xb2\x98 close 2000 /  / close 0",
        );
    }

    #[test]
    fn an_auth_client_answers_the_challenge_first() {
        let answer = protocol::auth::Key::default().answer(&[7; 32]);
        check(
            System::Auth,
            &["messages=a"],
            &[&[7; 20], &[7; 12], b"A"],
            &format!(
                r"close 2000 /  / 0:{} 0:\x01\x00\x00\x00 0:a / close 0",
                answer.escape_ascii()
            ),
        );
    }

    #[test]
    fn a_datagram_client_counts_replies_empty_ones_too() {
        check(
            System::UdpEcho,
            &["messages=hi\n"],
            &[b"HI", b""],
            "0:hi 0: close 500 /  / close 0",
        );
    }

    #[test]
    fn an_empty_message_on_a_stream_is_a_send_of_nothing() {
        check(System::TcpEcho, &["messages="], &[], "0: close 0");
    }

    #[test]
    fn a_server_that_leaves_ends_the_script() {
        check(System::ReadyAck, &[], &[b""], "0:2 close 2000 / close 0");
    }
}
