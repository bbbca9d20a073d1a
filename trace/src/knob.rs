//! The knobs of an experiment by name: read, set, described. The page shows
//! them, `--set knob=value` and links turn them.

use std::fmt;
use std::str::FromStr;

use protocol::auth::Scheme;
use protocol::framing::{Delimiter, FixedSize, LengthPrefix, ReadyAck};
use protocol::{Framing, System};
use serde::{Deserialize, Serialize};

use crate::experiment::{MAX_BUFFER, MAX_CONNECTIONS, MAX_DELAY_MS, MAX_MESSAGES, MAX_PER_SOURCE};
use crate::{Answer, Client, Experiment, LengthUnit, Message};

/// One knob.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Knob {
    /// Which server.
    System,
    /// Room the server gives each recv, in bytes.
    Buffer,
    /// Sleep before each recv of the server, in milliseconds.
    ReadDelay,
    /// Pause between a client's messages, in microseconds.
    Gap,
    /// Whether the clients' kernel may hold small segments back.
    Nagle,
    /// How messages are framed.
    Framing,
    /// What clients count in a length field.
    LengthUnit,
    /// Whether the server takes one client after the other.
    Serial,
    /// Number of clients.
    Clients,
    /// What the first client sends, one message a line.
    Messages,
    /// What the second client sends.
    Messages2,
    /// The first client's key.
    Key,
    /// The second client's key.
    Key2,
    /// How `auth` has the key proved.
    Scheme,
    /// What the last client answers the challenge with.
    Answer,
    /// Largest message the server accepts, in bytes.
    MaxFrame,
    /// How long the first client stays when it is done, in milliseconds.
    Hold,
    /// The server's SO_RCVBUF, in bytes; 0: as the kernel has it.
    ReceiveBuffer,
    /// The clients' SO_SNDBUF, in bytes; 0: as the kernel has it.
    SendBuffer,
    /// How long the handshake and each frame may take, in milliseconds; 0: for ever.
    Deadline,
    /// Connections of one source that the server lets in; 0: as on a network.
    MaxPerSource,
    /// Connections the first client opens at once.
    Connections,
    /// Most bytes the first client gives each send(); 0: all.
    Piece,
}

/// What values a knob takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number from 0 or 1 up to `most`, counted in `unit`.
    Number {
        /// The least it can be.
        least: u32,
        /// The most it can be.
        most: u32,
        /// What it counts: `B`, `ms`, `µs`, or nothing.
        unit: &'static str,
    },
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A line of text.
    Text,
    /// Messages, one a line.
    Lines,
}

/// Why a knob can't be set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KnobError {
    /// No knob has that name.
    #[error("no knob is called \"{0}\": there are {list}", list = names())]
    Unknown(String),
    /// The knob doesn't take that value.
    #[error("{knob} can't be \"{value}\": it takes {kind}")]
    Value {
        /// Which knob.
        knob: Knob,
        /// The value given.
        value: String,
        /// What it takes.
        kind: Kind,
    },
    /// The experiment has no second client.
    #[error("{0} needs two clients: set clients=2 first")]
    NoSecondClient(Knob),
}

fn names() -> String {
    Knob::ALL.map(Knob::name).join(", ")
}

const SCHEMES: Kind = Kind::Choice(&[Scheme::HmacMd5.name(), Scheme::MutualSha256.name()]);
const ON_OFF: Kind = Kind::Choice(&["on", "off"]);
const DELAY: Kind = Kind::Number {
    least: 0,
    most: MAX_DELAY_MS,
    unit: "ms",
};

impl Knob {
    protocol::all_variants! {
        /// Every knob, in the order they are shown.
        System,
        Framing,
        LengthUnit,
        Buffer,
        ReadDelay,
        ReceiveBuffer,
        Gap,
        Nagle,
        SendBuffer,
        Serial,
        Clients,
        Hold,
        MaxFrame,
        Scheme,
        Answer,
        Connections,
        MaxPerSource,
        Piece,
        Deadline,
        Key,
        Key2,
        Messages,
        Messages2,
    }

    /// The name used in lessons, in links and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Buffer => "buffer",
            Self::ReadDelay => "read-delay",
            Self::Gap => "gap",
            Self::Nagle => "nagle",
            Self::Framing => "framing",
            Self::LengthUnit => "length-unit",
            Self::Serial => "serial",
            Self::Clients => "clients",
            Self::Messages => "messages",
            Self::Messages2 => "messages2",
            Self::Key => "key",
            Self::Key2 => "key2",
            Self::Scheme => "scheme",
            Self::Answer => "answer",
            Self::MaxFrame => "max-frame",
            Self::Hold => "hold",
            Self::ReceiveBuffer => "receive-buffer",
            Self::SendBuffer => "send-buffer",
            Self::Deadline => "deadline",
            Self::MaxPerSource => "max-per-source",
            Self::Connections => "connections",
            Self::Piece => "piece",
        }
    }

    /// What values it takes.
    pub const fn kind(self) -> Kind {
        match self {
            Self::System => {
                Kind::Choice(&["udp-echo", "tcp-echo", "ready-ack", "length-prefix", "auth"])
            }
            Self::Framing => Kind::Choice(&[
                "none",
                "ready-ack",
                "length-prefix",
                "delimiter",
                "fixed-size",
            ]),
            Self::LengthUnit => Kind::Choice(&["bytes", "characters"]),
            Self::Nagle | Self::Serial => ON_OFF,
            Self::Buffer => Kind::Number {
                least: 1,
                most: MAX_BUFFER,
                unit: "B",
            },
            Self::MaxFrame => Kind::Number {
                least: 0,
                most: protocol::framing::DEFAULT_MAX_FRAME,
                unit: "B",
            },
            Self::ReceiveBuffer | Self::SendBuffer | Self::Piece => Kind::Number {
                least: 0,
                most: MAX_BUFFER,
                unit: "B",
            },
            Self::ReadDelay | Self::Hold | Self::Deadline => DELAY,
            Self::MaxPerSource => Kind::Number {
                least: 0,
                most: MAX_PER_SOURCE,
                unit: "",
            },
            Self::Connections => Kind::Number {
                least: 1,
                most: MAX_CONNECTIONS as u32,
                unit: "",
            },
            Self::Gap => Kind::Number {
                least: 0,
                most: 1_000 * MAX_DELAY_MS,
                unit: "µs",
            },
            Self::Clients => Kind::Choice(&["1", "2"]),
            Self::Scheme => SCHEMES,
            Self::Answer => Kind::Choice(&["own", "replayed", "reflected"]),
            Self::Key | Self::Key2 => Kind::Text,
            Self::Messages | Self::Messages2 => Kind::Lines,
        }
    }

    /// Whether it means anything for `experiment`: a second client's messages
    /// need a second client, a key needs a handshake.
    pub fn applies(self, experiment: &Experiment) -> bool {
        let two = experiment.clients.len() > 1;
        let udp = experiment.transport() == protocol::Transport::Udp;
        match self {
            Self::Messages2 => two,
            Self::Key | Self::Scheme | Self::Answer => experiment.system == System::Auth,
            Self::Key2 => two && experiment.system == System::Auth,
            Self::Framing => !udp && experiment.system != System::Auth,
            Self::Nagle
            | Self::Serial
            | Self::MaxFrame
            | Self::MaxPerSource
            | Self::Connections
            | Self::Piece => !udp,
            Self::Deadline => !udp && experiment.read_delay_ms == 0,
            Self::LengthUnit => matches!(
                experiment.rules().framing,
                Framing::LengthPrefix(_) | Framing::ReadyAck(_)
            ),
            _ => true,
        }
    }

    /// The knob's value as text.
    pub fn get(self, experiment: &Experiment) -> String {
        let first = experiment.clients.first();
        let second = experiment.clients.get(1);
        let on_off = |on: bool| if on { "on" } else { "off" }.to_owned();
        let lines = |client: Option<&Client>| {
            let messages = client.map_or(&[][..], |client| &client.messages);
            let texts: Vec<_> = messages.iter().map(|m| m.0.as_str()).collect();
            texts.join("\n")
        };
        match self {
            Self::System => experiment.system.name().to_owned(),
            Self::Buffer => experiment.buffer.to_string(),
            Self::ReadDelay => experiment.read_delay_ms.to_string(),
            Self::Gap => first.map_or(0, |client| client.gap_us).to_string(),
            Self::Hold => first.map_or(0, |client| client.hold_ms).to_string(),
            Self::Nagle => on_off(first.is_some_and(|client| client.nagle)),
            Self::Framing => experiment.rules().framing.name().to_owned(),
            Self::LengthUnit => match first.map(|client| client.length_unit) {
                Some(LengthUnit::Characters) => "characters",
                _ => "bytes",
            }
            .to_owned(),
            Self::Serial => on_off(experiment.is_serial()),
            Self::Clients => experiment.clients.len().to_string(),
            Self::Messages => lines(first),
            Self::Messages2 => lines(second),
            Self::Key => first.map_or_else(String::new, |client| client.key.clone()),
            Self::Key2 => second.map_or_else(String::new, |client| client.key.clone()),
            Self::Scheme => experiment.scheme.name().to_owned(),
            Self::Answer => match experiment.clients.last().map(|client| client.answer) {
                Some(Answer::Replayed) => "replayed",
                Some(Answer::Reflected) => "reflected",
                Some(Answer::Own) | None => "own",
            }
            .to_owned(),
            Self::MaxFrame => experiment.max_frame.to_string(),
            Self::ReceiveBuffer => experiment.receive_buffer.to_string(),
            Self::SendBuffer => first.map_or(0, |client| client.send_buffer).to_string(),
            Self::Deadline => experiment.deadline_ms.to_string(),
            Self::MaxPerSource => experiment.max_per_source.to_string(),
            Self::Connections => first.map_or(1, |client| client.connections).to_string(),
            Self::Piece => first.map_or(0, |client| client.piece).to_string(),
        }
    }

    /// Sets the knob. The experiment may still be impossible as a whole:
    /// [`Experiment::validate`] tells.
    pub fn set(self, experiment: &mut Experiment, value: &str) -> Result<(), KnobError> {
        let refuse = || KnobError::Value {
            knob: self,
            value: value.chars().take(40).collect(),
            kind: self.kind(),
        };
        let number = || match self.kind() {
            Kind::Number { least, most, .. } => value
                .trim()
                .parse()
                .ok()
                .filter(|number| (least..=most).contains(number))
                .ok_or_else(refuse),
            _ => Err(refuse()),
        };
        let on_off = || match value {
            "on" => Ok(true),
            "off" => Ok(false),
            _ => Err(refuse()),
        };
        match self {
            Self::System => {
                experiment.system = value.parse().map_err(|_| refuse())?;
                experiment.framing = None;
                experiment.echo = None;
                experiment.serial = None;
            }
            Self::Buffer => experiment.buffer = number()?,
            Self::ReadDelay => experiment.read_delay_ms = number()?,
            Self::MaxFrame => experiment.max_frame = number()?,
            Self::ReceiveBuffer => experiment.receive_buffer = number()?,
            Self::SendBuffer => {
                let size = number()?;
                let clients = experiment.clients.iter_mut();
                clients.for_each(|client| client.send_buffer = size);
            }
            Self::Gap => {
                let gap = number()?;
                experiment.clients.iter_mut().for_each(|c| c.gap_us = gap);
            }
            Self::Hold => {
                let hold = number()?;
                if let Some(client) = experiment.clients.first_mut() {
                    client.hold_ms = hold;
                }
            }
            Self::Deadline => experiment.deadline_ms = number()?,
            Self::MaxPerSource => experiment.max_per_source = number()?,
            Self::Connections => {
                let connections = number()?.try_into().map_err(|_| refuse())?;
                self.client(experiment)?.connections = connections;
            }
            Self::Piece => self.client(experiment)?.piece = number()?,
            Self::Nagle => {
                let nagle = on_off()?;
                experiment.clients.iter_mut().for_each(|c| c.nagle = nagle);
            }
            Self::Serial => experiment.serial = Some(on_off()?),
            Self::Scheme => experiment.scheme = value.parse().map_err(|_| refuse())?,
            Self::Answer => {
                let answer = match value {
                    "own" => Answer::Own,
                    "replayed" => Answer::Replayed,
                    "reflected" => Answer::Reflected,
                    _ => return Err(refuse()),
                };
                if let Some(client) = experiment.clients.last_mut() {
                    client.answer = answer;
                }
            }
            Self::Framing => {
                experiment.framing = Some(match value {
                    "none" => Framing::None,
                    "ready-ack" => Framing::ReadyAck(ReadyAck::default()),
                    "length-prefix" => Framing::LengthPrefix(LengthPrefix::default()),
                    "delimiter" => Framing::Delimiter(Delimiter::default()),
                    "fixed-size" => Framing::FixedSize(FixedSize::default()),
                    _ => return Err(refuse()),
                });
            }
            Self::LengthUnit => {
                let unit = match value {
                    "bytes" => LengthUnit::Bytes,
                    "characters" => LengthUnit::Characters,
                    _ => return Err(refuse()),
                };
                experiment
                    .clients
                    .iter_mut()
                    .for_each(|c| c.length_unit = unit);
            }
            Self::Clients => match value {
                "1" => experiment.clients.truncate(1),
                "2" => {
                    if let [only] = &mut experiment.clients[..] {
                        let second = Client {
                            connections: 1,
                            piece: 0,
                            ..only.clone()
                        };
                        // The answer's knob is of the last client.
                        only.answer = Answer::Own;
                        experiment.clients.push(second);
                    }
                }
                _ => return Err(refuse()),
            },
            Self::Messages | Self::Messages2 => {
                if value.lines().count() > MAX_MESSAGES {
                    return Err(refuse());
                }
                // split, not lines(): an empty line is an empty message.
                let messages = value
                    .split('\n')
                    .map(|line| Message(line.strip_suffix('\r').unwrap_or(line).to_owned()));
                self.client(experiment)?.messages = messages.collect();
            }
            Self::Key | Self::Key2 => value.clone_into(&mut self.client(experiment)?.key),
        }
        Ok(())
    }

    fn client(self, experiment: &mut Experiment) -> Result<&mut Client, KnobError> {
        let index = usize::from(matches!(self, Self::Messages2 | Self::Key2));
        let client = experiment.clients.get_mut(index);
        client.ok_or(KnobError::NoSecondClient(self))
    }
}

impl fmt::Display for Knob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Knob {
    type Err = KnobError;
    fn from_str(name: &str) -> Result<Self, KnobError> {
        let found = Self::ALL.into_iter().find(|knob| knob.name() == name);
        found.ok_or_else(|| KnobError::Unknown(name.chars().take(40).collect()))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number { least, most, unit } => {
                write!(f, "a whole number from {least} to {most}")?;
                if unit.is_empty() {
                    Ok(())
                } else {
                    write!(f, " ({unit})")
                }
            }
            Self::Choice(words) => write!(f, "one of {}", words.join(", ")),
            Self::Text => f.write_str("text"),
            Self::Lines => f.write_str("messages, one a line"),
        }
    }
}

/// Applies `knob=value`, as the command line and links write it. `\n` in the
/// value starts a new line.
pub fn apply(experiment: &mut Experiment, setting: &str) -> Result<(), KnobError> {
    let (name, value) = setting.split_once('=').unwrap_or((setting, ""));
    let knob: Knob = name.trim().parse()?;
    knob.set(experiment, &value.replace("\\n", "\n"))
}

#[cfg(test)]
mod tests;
