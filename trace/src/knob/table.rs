//! The table of the knobs. Each has one entry: its name, what values it takes,
//! where it applies, how it is read and how it is set. `--set`, its help, the
//! page's form, links and [`Experiment::validate`] all read it.

use protocol::auth::Scheme;
use protocol::peer::Reply;
use protocol::{Framing, System, Transport};
use serde::{Deserialize, Serialize};

use super::Domain;
use super::access::{Access, Whose};
use crate::experiment::{
    MAX_BUFFER, MAX_CONNECTIONS, MAX_DELAY_MS, MAX_KEY, MAX_MESSAGES, MAX_PER_SOURCE, MAX_SIZES,
};
use crate::{Answer, Client, Experiment, Leaving, LengthUnit};

/// What is known of one knob.
pub(super) struct Spec {
    /// The name used in lessons, in links and on the command line.
    pub(super) name: &'static str,
    /// What values it takes.
    pub(super) domain: Domain,
    /// Whether it means anything for this experiment.
    pub(super) applies: fn(&Experiment) -> bool,
    /// How its value is read and set.
    pub(super) access: Access,
}

/// Defines the enum, its list and the table from one entry for each knob.
macro_rules! knobs {
    ($($(#[$doc:meta])* $knob:ident = $name:literal {
        domain: $domain:expr,
        applies: $applies:expr,
        access: $access:expr $(,)?
    })+) => {
        /// One knob.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Knob {
            $($(#[$doc])* #[serde(rename = $name)] $knob,)+
        }

        impl Knob {
            /// Every knob, in the order they are shown.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$knob),+];

            pub(super) const fn spec(self) -> &'static Spec {
                match self {
                    $(Self::$knob => &const {
                        Spec {
                            name: $name,
                            domain: $domain,
                            applies: $applies,
                            access: $access,
                        }
                    },)+
                }
            }
        }
    };
}

knobs! {
    /// Which server.
    System = "system" {
        domain: Domain::Choice(&System::NAMES),
        applies: always,
        access: Access::Word(|e| e.system.name(), |e, word| {
            e.system = word.parse().ok()?;
            // These are again as the new system has them.
            e.framing = None;
            e.echo = None;
            e.serial = None;
            Some(())
        }),
    }
    /// How messages are framed.
    Framing = "framing" {
        domain: Domain::Framing,
        applies: |e| stream(e) && e.system != System::Auth,
        access: Access::Framing,
    }
    /// How clients frame their messages, where it is not as the server does; empty: as it does.
    ClientFraming = "client-framing" {
        domain: Domain::Framing,
        applies: |e| stream(e) && e.system != System::Auth,
        access: Access::ClientFraming(Whose::Each),
    }
    /// What clients count in a length field.
    LengthUnit = "length-unit" {
        domain: Domain::Choice(&[
            LengthUnit::Bytes.name(),
            LengthUnit::Characters.name(),
            LengthUnit::TooLarge.name(),
            LengthUnit::TooSmall.name(),
            LengthUnit::Negative.name(),
        ]),
        applies: |e| {
            let framing = e.rules().framing;
            matches!(framing, Framing::LengthPrefix(_) | Framing::ReadyAck(_))
        },
        access: Access::ClientWord(Whose::Each, |c| c.length_unit.name(), |c, word| {
            let mut units = LengthUnit::ALL.into_iter();
            c.length_unit = units.find(|unit| unit.name() == word)?;
            Some(())
        }),
    }
    /// Room the server gives each recv, in bytes.
    Buffer = "buffer" {
        domain: number(1, MAX_BUFFER, "B"),
        applies: always,
        access: Access::Number(|e| e.buffer, |e, bytes| e.buffer = bytes),
    }
    /// Rooms of the server's first recvs, in bytes.
    RecvSizes = "recv-sizes" {
        domain: Domain::Sizes { most: MAX_SIZES },
        applies: stream,
        access: Access::Sizes(|e| &e.recv_sizes, |e, sizes| e.recv_sizes = sizes),
    }
    /// Sleep before each recv of the server, in milliseconds.
    ReadDelay = "read-delay" {
        domain: number(0, MAX_DELAY_MS, "ms"),
        applies: always,
        access: Access::Number(|e| e.read_delay_ms, |e, ms| e.read_delay_ms = ms),
    }
    /// The server's SO_RCVBUF, in bytes; 0: as the kernel has it.
    ReceiveBuffer = "receive-buffer" {
        domain: number(0, MAX_BUFFER, "B"),
        applies: always,
        access: Access::Number(|e| e.receive_buffer, |e, bytes| e.receive_buffer = bytes),
    }
    /// After how many recvs the server closes; 0: never.
    CloseAfter = "close-after" {
        domain: number(0, 1_000, ""),
        applies: stream,
        access: Access::Number(|e| e.close_after, |e, recvs| e.close_after = recvs),
    }
    /// Most bytes of a reply that the server gives each send(); 0: all.
    ReplyPiece = "reply-piece" {
        domain: number(0, MAX_BUFFER, "B"),
        applies: replies,
        access: Access::Number(|e| e.reply_piece, |e, bytes| e.reply_piece = bytes),
    }
    /// How long the server takes before each reply, in milliseconds.
    ReplyDelay = "reply-delay" {
        domain: number(0, MAX_DELAY_MS, "ms"),
        applies: replies,
        access: Access::Number(|e| e.reply_delay_ms, |e, ms| e.reply_delay_ms = ms),
    }
    /// Whether the server's kernel may hold small segments back.
    ServerNagle = "server-nagle" {
        domain: ON_OFF,
        applies: replies,
        access: Access::Word(|e| on_off(e.server_nagle), |e, word| {
            e.server_nagle = is_on(word)?;
            Some(())
        }),
    }
    /// Pause between a client's messages, in microseconds.
    Gap = "gap" {
        domain: number(0, 1_000 * MAX_DELAY_MS, "µs"),
        applies: always,
        access: Access::ClientNumber(Whose::Each, |c| c.gap_us, |c, us| c.gap_us = us),
    }
    /// Whether the clients' kernel may hold small segments back.
    Nagle = "nagle" {
        domain: ON_OFF,
        applies: stream,
        access: Access::ClientWord(Whose::Each, |c| on_off(c.nagle), |c, word| {
            c.nagle = is_on(word)?;
            Some(())
        }),
    }
    /// The clients' SO_SNDBUF, in bytes; 0: as the kernel has it.
    SendBuffer = "send-buffer" {
        domain: number(0, MAX_BUFFER, "B"),
        applies: always,
        access: Access::ClientNumber(Whose::Each, |c| c.send_buffer, |c, bytes| {
            c.send_buffer = bytes;
        }),
    }
    /// Whether the server takes one client after the other.
    Serial = "serial" {
        domain: ON_OFF,
        applies: stream,
        access: Access::Word(|e| on_off(e.is_serial()), |e, word| {
            e.serial = Some(is_on(word)?);
            Some(())
        }),
    }
    /// Number of clients.
    Clients = "clients" {
        domain: Domain::Choice(&["1", "2"]),
        applies: always,
        access: Access::Word(
            |e| match e.clients.len() {
                0 => "0",
                1 => "1",
                _ => "2",
            },
            |e, word| {
                if word == "1" {
                    e.clients.truncate(1);
                } else if let [only] = &mut e.clients[..] {
                    let second = Client {
                        connections: 1,
                        piece: 0,
                        ..only.clone()
                    };
                    // The answer's knob is of the last client.
                    only.answer = Answer::Own;
                    e.clients.push(second);
                }
                Some(())
            },
        ),
    }
    /// How long the first client stays when it is done, in milliseconds.
    Hold = "hold" {
        domain: number(0, MAX_DELAY_MS, "ms"),
        applies: always,
        access: Access::ClientNumber(Whose::First, |c| c.hold_ms, |c, ms| c.hold_ms = ms),
    }
    /// Largest message the server accepts, in bytes.
    MaxFrame = "max-frame" {
        domain: number(0, protocol::framing::DEFAULT_MAX_FRAME, "B"),
        applies: |e| stream(e) && e.rules().framing != Framing::None,
        access: Access::Number(|e| e.max_frame, |e, bytes| e.max_frame = bytes),
    }
    /// How `auth` has the key proved.
    Scheme = "scheme" {
        domain: Domain::Choice(&[Scheme::HmacMd5.name(), Scheme::MutualSha256.name()]),
        applies: auth,
        access: Access::Word(|e| e.scheme.name(), |e, word| {
            e.scheme = word.parse().ok()?;
            Some(())
        }),
    }
    /// What the last client answers the challenge with.
    Answer = "answer" {
        domain: Domain::Choice(&[
            Answer::Own.name(),
            Answer::Replayed.name(),
            Answer::Reflected.name(),
        ]),
        applies: auth,
        access: Access::ClientWord(Whose::Last, |c| c.answer.name(), |c, word| {
            let mut answers = Answer::ALL.into_iter();
            c.answer = answers.find(|answer| answer.name() == word)?;
            Some(())
        }),
    }
    /// Connections the first client opens at once.
    Connections = "connections" {
        domain: number(1, MAX_CONNECTIONS as u32, ""),
        applies: stream,
        access: Access::ClientNumber(Whose::First, |c| c.connections.into(), |c, count| {
            // The domain's bounds are below.
            c.connections = count.try_into().unwrap_or(MAX_CONNECTIONS);
        }),
    }
    /// Connections of one source that the server lets in; 0: as on a network.
    MaxPerSource = "max-per-source" {
        domain: number(0, MAX_PER_SOURCE, ""),
        applies: stream,
        access: Access::Number(|e| e.max_per_source, |e, count| e.max_per_source = count),
    }
    /// Most bytes the first client gives each send(); 0: all.
    Piece = "piece" {
        domain: number(0, MAX_BUFFER, "B"),
        applies: stream,
        access: Access::ClientNumber(Whose::First, |c| c.piece, |c, bytes| c.piece = bytes),
    }
    /// Bytes at the end of all that the first client leaves off.
    Cut = "cut" {
        domain: number(0, MAX_BUFFER, "B"),
        applies: stream,
        access: Access::ClientNumber(Whose::First, |c| c.cut, |c, bytes| c.cut = bytes),
    }
    /// How the first client ends its connection.
    Ending = "ending" {
        domain: Domain::Choice(&[
            Leaving::Finish.name(),
            Leaving::Close.name(),
            Leaving::Reset.name(),
        ]),
        applies: stream,
        access: Access::ClientWord(Whose::First, |c| c.ending.name(), |c, word| {
            let mut ways = Leaving::ALL.into_iter();
            c.ending = ways.find(|way| way.name() == word)?;
            Some(())
        }),
    }
    /// Whether the first client goes on sending when the server has closed.
    WritesOn = "writes-on" {
        domain: ON_OFF,
        applies: stream,
        access: Access::ClientWord(Whose::First, |c| on_off(c.writes_on), |c, word| {
            c.writes_on = is_on(word)?;
            Some(())
        }),
    }
    /// How long the handshake and each frame may take, in milliseconds; 0: for ever.
    Deadline = "deadline" {
        domain: number(0, MAX_DELAY_MS, "ms"),
        applies: |e| stream(e) && e.read_delay_ms == 0,
        access: Access::Number(|e| e.deadline_ms, |e, ms| e.deadline_ms = ms),
    }
    /// The first client's key.
    Key = "key" {
        domain: KEY,
        applies: auth,
        access: Access::Key(Whose::First),
    }
    /// The second client's key.
    Key2 = "key2" {
        domain: KEY,
        applies: |e| auth(e) && two(e),
        access: Access::Key(Whose::Second),
    }
    /// What the first client sends, one message a line.
    Messages = "messages" {
        domain: MESSAGES,
        applies: always,
        access: Access::Messages(Whose::First),
    }
    /// What the second client sends.
    Messages2 = "messages2" {
        domain: MESSAGES,
        applies: two,
        access: Access::Messages(Whose::Second),
    }
}

const ON_OFF: Domain = Domain::Choice(&["on", "off"]);
const KEY: Domain = Domain::Text {
    least: 1,
    most: MAX_KEY,
};
const MESSAGES: Domain = Domain::Lines { most: MAX_MESSAGES };

const fn number(least: u32, most: u32, unit: &'static str) -> Domain {
    Domain::Number { least, most, unit }
}

const fn on_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

fn is_on(word: &str) -> Option<bool> {
    match word {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    }
}

fn always(_: &Experiment) -> bool {
    true
}

fn stream(experiment: &Experiment) -> bool {
    experiment.transport() == Transport::Tcp
}

fn replies(experiment: &Experiment) -> bool {
    stream(experiment) && experiment.rules().reply != Reply::None
}

fn auth(experiment: &Experiment) -> bool {
    experiment.system == System::Auth
}

fn two(experiment: &Experiment) -> bool {
    experiment.clients.len() > 1
}
