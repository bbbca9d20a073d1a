//! Plays an experiment's clients: what each has observed goes in, commands
//! for the side that owns the sockets come out. Framing and the handshake
//! happen here, so in the page or in the command line, never in the gateway.

mod forgery;

use std::collections::VecDeque;

use protocol::auth::Scheme;
use protocol::auth::mutual::NONCE_LEN;
use protocol::peer::{self, ClientOutput};
use protocol::{Nanos, Transport};

use crate::experiment::{Answer, MAX_CLIENTS};
use crate::link::{Request, Send};
use crate::{Call, Client, ClientId, End, Event, Experiment, Message, outgoing};
use forgery::Seen;

/// How long a client waits for its next reply, which may never come, beyond what the
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
    scheme: Scheme,
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
    /// When it last received something.
    now: Nanos,
    closing: Closing,
    /// What it has sent and received of a handshake.
    seen: Seen,
    forging: Forging,
    /// The end of what it sends has been left off.
    is_cut: bool,
}

/// How far a client is that sends something else than its own answer.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Forging {
    /// It doesn't, or has done so.
    No,
    /// It has not been challenged yet.
    Unchallenged,
    /// Its own answer is thrown away; there is nothing to send instead yet.
    Challenged,
}

#[derive(Debug)]
enum Side {
    Stream(Box<peer::Client>),
    Datagrams { unanswered: usize },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closing {
    No,
    /// Told to close when its patience ends, which began at this time.
    Eventually(Nanos),
    /// Told to close.
    Told,
}

impl Script {
    /// The script of an experiment that has been validated.
    pub fn new(experiment: &Experiment, nonces: Nonces) -> Self {
        let patience = patience(experiment);
        let rules = experiment.rules();
        let players = experiment.clients.iter().zip(ClientId::ALL).zip(nonces);
        let players = players.map(|((plan, id), nonce)| Player {
            id,
            waiting: plan.messages.iter().map(Message::bytes).collect(),
            begun: 0,
            side: match experiment.transport() {
                Transport::Tcp => {
                    let rules = experiment.client_rules(plan);
                    Side::Stream(Box::new(peer::Client::new(&rules, nonce)))
                }
                Transport::Udp => Side::Datagrams { unanswered: 0 },
            },
            forging: match (plan.answer, &rules.key) {
                (Answer::Own, _) | (_, None) => Forging::No,
                _ => Forging::Unchallenged,
            },
            plan: plan.clone(),
            is_cut: false,
            patience,
            now: Nanos(0),
            closing: Closing::No,
            seen: Seen::default(),
        });
        let mut script = Self {
            players: players.collect(),
            scheme: rules.scheme,
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
        let (client, number) = ClientId::of(event.connection);
        if event.end != End::Opener || number > 0 {
            return;
        }
        if let Some(player) = self.players.get_mut(client.index()) {
            player.seen.handle_event(event);
            self.commands.extend(player.handle_event(event));
        }
        self.forge();
    }

    /// Lets those answer who send what others sent, once they have seen it.
    fn forge(&mut self) {
        for index in 0..self.players.len() {
            if self.players[index].forging == Forging::Challenged
                && let Some(answer) = forgery::answer(&self.players, index, self.scheme)
            {
                let commands = self.players[index].forge(answer);
                self.commands.extend(commands);
            }
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
    let reads = match experiment.transport() {
        // A recv takes a datagram, however little of it there is room for.
        Transport::Udp => messages as u64 + 2,
        Transport::Tcp => {
            2 * messages as u64 + bytes as u64 / u64::from(experiment.buffer.max(1)) + 2
        }
    };
    let reading = reads * u64::from(experiment.read_delay_ms);
    let slowest = clients.iter().map(|client| u64::from(client.read_delay_ms));
    let smallest = clients.iter().map(|client| u64::from(client.buffer.max(1)));
    let recvs = 2 * messages as u64 + bytes as u64 / smallest.min().unwrap_or(1) + 2;
    let listening = recvs * slowest.max().unwrap_or(0);
    let replying = (messages as u64 + 1) * u64::from(experiment.reply_delay_ms);
    base + Nanos::from_millis(stays + reading + replying + listening)
}

impl Player {
    fn handle_event(&mut self, event: &Event) -> Vec<Request> {
        if event.call != Call::Recv || event.error.is_some() {
            return Vec::new();
        }
        self.now = event.at;
        match &mut self.side {
            Side::Datagrams { unanswered } => *unanswered = unanswered.saturating_sub(1),
            Side::Stream(machine) => {
                let mut handled = if event.is_empty() {
                    machine.handle_eof()
                } else {
                    machine.handle_chunk(&event.bytes)
                };
                // Nothing tells it of a pause: what may be a whole reply is taken for one.
                if handled.is_ok() && machine.awaits_quiet() {
                    handled = machine.handle_quiet();
                }
                if handled.is_err() || event.is_empty() {
                    self.waiting.clear();
                    return self.close(Nanos(0)).into_iter().collect();
                }
            }
        }
        self.advance()
    }

    /// Sends `answer` in place of its own, and goes on as if that were right.
    fn forge(&mut self, answer: Vec<u8>) -> Vec<Request> {
        self.forging = Forging::No;
        let gap = Nanos(0);
        self.go_on(vec![Send {
            gap,
            bytes: answer,
            more: false,
        }])
    }

    fn advance(&mut self) -> Vec<Request> {
        self.go_on(Vec::new())
    }

    /// Sends what can be sent now, behind `sends`, and closes when all is done.
    fn go_on(&mut self, mut sends: Vec<Send>) -> Vec<Request> {
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
                        more: false,
                    });
                }
                Side::Stream(_) => self.drain(gap, &mut sends),
            }
        }
        self.cut(&mut sends);
        let mut commands = Vec::new();
        let sends_more = !sends.is_empty();
        if sends_more {
            commands.push(Request::Send {
                client: self.id,
                sends,
            });
        }
        let hold = Nanos::from_millis(u64::from(self.plan.hold_ms));
        if self.is_done() {
            commands.extend(self.close(hold));
        } else if self.begins_to_wait(sends_more) {
            self.closing = Closing::Eventually(self.now);
            commands.push(Request::Close {
                client: self.id,
                after: self.patience,
            });
        }
        commands
    }

    /// Whether its patience begins now. A slow conversation is no silent server: patience
    /// begins anew with each turn and, so that a flood of replies is not a flood of
    /// commands, when a quarter of it has passed.
    fn begins_to_wait(&self, sends_more: bool) -> bool {
        match self.closing {
            Closing::No => true,
            Closing::Eventually(since) => {
                sends_more || self.now.0.saturating_sub(since.0) >= self.patience.0 / 4
            }
            Closing::Told => false,
        }
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
        let parts = outgoing::parts(machine.framing(), &self.plan, message)?;
        machine.handle_parts(parts, message.len());
        Ok(())
    }

    /// Takes off the end of all that it sends what it leaves off, once all is there.
    fn cut(&mut self, sends: &mut Vec<Send>) {
        if self.is_cut || self.plan.cut == 0 || !self.waiting.is_empty() {
            return;
        }
        let is_sent = match &self.side {
            Side::Stream(machine) => machine.can_send(),
            Side::Datagrams { .. } => false,
        };
        if !is_sent || sends.is_empty() {
            return;
        }
        self.is_cut = true;
        let mut left = self.plan.cut as usize;
        while let Some(last) = sends.last_mut() {
            let kept = last.bytes.len().saturating_sub(left);
            left -= last.bytes.len() - kept;
            last.bytes.truncate(kept);
            if kept > 0 || left == 0 {
                break;
            }
            sends.pop();
        }
        sends.retain(|send| !send.bytes.is_empty());
    }

    fn drain(&mut self, mut gap: Nanos, sends: &mut Vec<Send>) {
        let first = sends.len();
        if let Side::Stream(machine) = &mut self.side {
            if self.forging == Forging::Unchallenged
                && let Some(ClientOutput::Send(_)) = machine.poll_output()
            {
                self.forging = Forging::Challenged;
            }
            if self.forging != Forging::No {
                // Messages wait behind the answer.
                return;
            }
            while let Some(output) = machine.poll_output() {
                let ClientOutput::Send(bytes) = output else {
                    continue;
                };
                for piece in pieces(&bytes, self.plan.piece) {
                    sends.push(Send {
                        gap,
                        bytes: piece.to_vec(),
                        more: false,
                    });
                    gap = match self.plan.piece {
                        0 => Nanos(0),
                        _ => Nanos::from_micros(u64::from(self.plan.gap_us)),
                    };
                }
            }
        }
        // The cork comes out behind the last one.
        if self.plan.cork
            && let Some((_, others)) = sends[first..].split_last_mut()
        {
            for send in others {
                send.more = true;
            }
        }
    }

    fn is_done(&self) -> bool {
        // Who has left something off waits for no reply to it.
        self.is_cut
            || self.waiting.is_empty()
                && self.forging == Forging::No
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
        self.forging = Forging::No;
        Some(Request::Close {
            client: self.id,
            after,
        })
    }
}

/// What is sent in one call each: all of it, or `most` bytes at a time.
fn pieces(bytes: &[u8], most: u32) -> impl Iterator<Item = &[u8]> {
    let most = match most {
        0 => bytes.len(),
        most => most as usize,
    };
    // No bytes are a send too.
    let empty = bytes.is_empty().then_some(bytes);
    empty.into_iter().chain(bytes.chunks(most.max(1)))
}

#[cfg(test)]
mod tests;
