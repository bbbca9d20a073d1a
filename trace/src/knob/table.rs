//! The table of the knobs. Each has one entry: its name, what values it takes,
//! where it applies, how it is read and how it is set. `--set`, its help, the
//! page's form, links and [`Experiment::validate`] all read it.

use emulation::Part;
use protocol::auth::Scheme;
use protocol::peer::Reply;
use protocol::{Framing, System};
use serde::{Deserialize, Serialize};

use super::access::{Access, Whose, is_on, on_off};
use super::applies::{always, auth, datagrams, has_link, keeps_alive, replies, stream, two};
use super::clients;
use super::spec::{KEY, MESSAGES, ON_OFF, Spec, client_switch, knobs, number, switch};
use super::{Domain, Group};
use crate::experiment::{
    MAX_BACKLOG, MAX_BUFFER, MAX_BUSY, MAX_CONNECTIONS, MAX_DELAY_MS, MAX_KEEP_ALIVE,
    MAX_PER_SOURCE, MAX_PROBES, MAX_SIZES,
};
use crate::{Answer, IpVersion, Leaving, LengthUnit};

knobs! {
    /// Which server.
    System = "system" {
        group: Server,
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
        group: Framing,
        domain: Domain::Framing,
        applies: stream,
        access: Access::Framing,
    }
    /// How clients frame their messages, where it is not as the server does; empty: as it does.
    ClientFraming = "client-framing" {
        group: Client,
        domain: Domain::Framing,
        applies: stream,
        access: Access::ClientFraming(Whose::Each),
    }
    /// What clients count in a length field.
    LengthUnit = "length-unit" {
        group: Client,
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
    /// Whether the server answers.
    Echo = "echo" {
        group: Server,
        domain: ON_OFF,
        applies: |e| e.system != System::Framed,
        access: Access::Word(|e| on_off(e.rules().reply != Reply::None), |e, word| {
            e.echo = Some(is_on(word)?);
            Some(())
        }),
    }
    /// Room the server gives each recv, in bytes.
    Buffer = "buffer" {
        group: Server,
        domain: number(1, MAX_BUFFER, "B"),
        applies: always,
        access: Access::Number(|e| e.buffer, |e, bytes| e.buffer = bytes),
    }
    /// Rooms of the server's first recvs, in bytes.
    RecvSizes = "recv-sizes" {
        group: Server,
        domain: Domain::Sizes { most: MAX_SIZES },
        applies: stream,
        access: Access::Sizes(|e| &e.recv_sizes, |e, sizes| e.recv_sizes = sizes),
    }
    /// Sleep before each recv of the server, in milliseconds.
    ReadDelay = "read-delay" {
        group: Server,
        domain: number(0, MAX_DELAY_MS, "ms"),
        applies: always,
        access: Access::Number(|e| e.read_delay_ms, |e, ms| e.read_delay_ms = ms),
    }
    /// The server's SO_RCVBUF, in bytes; 0: as the kernel has it.
    ReceiveBuffer = "receive-buffer" {
        group: Server,
        domain: number(0, MAX_BUFFER, "B"),
        applies: always,
        access: Access::Number(|e| e.receive_buffer, |e, bytes| e.receive_buffer = bytes),
    }
    /// After how many recvs the server closes; 0: never.
    CloseAfter = "close-after" {
        group: Server,
        domain: number(0, 1_000, ""),
        applies: stream,
        access: Access::Number(|e| e.close_after, |e, recvs| e.close_after = recvs),
    }
    /// Most bytes of a reply that the server gives each send(); 0: all.
    ReplyPiece = "reply-piece" {
        group: Server,
        domain: number(0, MAX_BUFFER, "B"),
        applies: replies,
        access: Access::Number(|e| e.reply_piece, |e, bytes| e.reply_piece = bytes),
    }
    /// How long the server takes before each reply, in milliseconds.
    ReplyDelay = "reply-delay" {
        group: Server,
        domain: number(0, MAX_DELAY_MS, "ms"),
        applies: replies,
        access: Access::Number(|e| e.reply_delay_ms, |e, ms| e.reply_delay_ms = ms),
    }
    /// Whether the server's kernel may hold small segments back.
    ServerNagle = "server-nagle" {
        group: Server,
        domain: ON_OFF,
        applies: replies,
        access: switch!(server_nagle),
    }
    /// Whether small segments of a reply wait until all of it was sent.
    ServerCork = "server-cork" {
        group: Server,
        domain: ON_OFF,
        applies: replies,
        access: switch!(server_cork),
    }
    /// Whether the replies to all messages of one recv are one send.
    RepliesTogether = "replies-together" {
        group: Server,
        domain: ON_OFF,
        applies: replies,
        access: switch!(replies_together),
    }
    /// The server's SO_SNDBUF, in bytes; 0: as the kernel has it.
    ServerSendBuffer = "server-send-buffer" {
        group: Server,
        domain: number(0, MAX_BUFFER, "B"),
        applies: always,
        access: Access::Number(|e| e.server_send_buffer, |e, n| e.server_send_buffer = n),
    }
    /// Whether nobody listens at the server's port.
    ServerAbsent = "server-absent" {
        group: Server,
        domain: ON_OFF,
        applies: always,
        access: switch!(server_absent),
    }
    /// Pause between a client's messages, in microseconds.
    Gap = "gap" {
        group: Client,
        domain: number(0, 1_000 * MAX_DELAY_MS, "µs"),
        applies: always,
        access: Access::ClientNumber(Whose::Each, |c| c.gap_us, |c, us| c.gap_us = us),
    }
    /// How long the last client waits before it connects, in milliseconds.
    Start = "start" {
        group: Client,
        domain: number(0, MAX_DELAY_MS, "ms"),
        applies: always,
        access: Access::ClientNumber(Whose::Last, |c| c.start_ms, |c, ms| c.start_ms = ms),
    }
    /// Whether the clients wait for each reply before the next message.
    Turns = "turns" {
        group: Client,
        domain: ON_OFF,
        applies: replies,
        access: client_switch!(Each, turns),
    }
    /// Whether the clients' kernel may hold small segments back.
    Nagle = "nagle" {
        group: Client,
        domain: ON_OFF,
        applies: stream,
        access: client_switch!(Each, nagle),
    }
    /// The clients' SO_SNDBUF, in bytes; 0: as the kernel has it.
    SendBuffer = "send-buffer" {
        group: Client,
        domain: number(0, MAX_BUFFER, "B"),
        applies: always,
        access: Access::ClientNumber(Whose::Each, |c| c.send_buffer, |c, bytes| {
            c.send_buffer = bytes;
        }),
    }
    /// Whether small segments of a message wait until all of it was sent.
    Cork = "cork" {
        group: Client,
        domain: ON_OFF,
        applies: stream,
        access: client_switch!(Each, cork),
    }
    /// Room for each recv of the clients, in bytes.
    ClientBuffer = "client-buffer" {
        group: Client,
        domain: number(1, MAX_BUFFER, "B"),
        applies: always,
        access: Access::ClientNumber(Whose::Each, |c| c.buffer, |c, n| c.buffer = n),
    }
    /// Sleep before each recv of the clients, in milliseconds.
    ClientReadDelay = "client-read-delay" {
        group: Client,
        domain: number(0, MAX_DELAY_MS, "ms"),
        applies: always,
        access: Access::ClientNumber(Whose::Each, |c| c.read_delay_ms, |c, n| c.read_delay_ms = n),
    }
    /// Whether the clients' datagram sockets are connected.
    Connected = "connected" {
        group: Client,
        domain: ON_OFF,
        applies: datagrams,
        access: client_switch!(Each, connected),
    }
    /// After how many seconds of silence the clients' kernel sends a probe; 0: never.
    KeepAlive = "keep-alive" {
        group: Client,
        domain: number(0, MAX_KEEP_ALIVE, "s"),
        applies: stream,
        access: Access::ClientNumber(Whose::Each, |c| c.keep_alive_s, |c, n| c.keep_alive_s = n),
    }
    /// Seconds between two probes; 0: as the kernel has it.
    KeepAliveInterval = "keep-alive-interval" {
        group: Client,
        domain: number(0, MAX_KEEP_ALIVE, "s"),
        applies: keeps_alive,
        access: Access::ClientNumber(Whose::Each, |c| c.keep_alive_interval_s, |c, n| c.keep_alive_interval_s = n),
    }
    /// How many probes without an answer end the connection; 0: as the kernel has it.
    KeepAliveProbes = "keep-alive-probes" {
        group: Client,
        domain: number(0, MAX_PROBES, ""),
        applies: keeps_alive,
        access: Access::ClientNumber(Whose::Each, |c| c.keep_alive_probes, |c, n| c.keep_alive_probes = n),
    }
    /// Whether the server takes one client after the other.
    Serial = "serial" {
        group: Server,
        domain: ON_OFF,
        applies: stream,
        access: Access::Word(|e| on_off(e.is_serial()), |e, word| {
            e.serial = Some(is_on(word)?);
            Some(())
        }),
    }
    /// Connections that may wait for accept.
    Backlog = "backlog" {
        group: Server,
        domain: number(0, MAX_BACKLOG, ""),
        applies: stream,
        access: Access::Number(|e| e.backlog, |e, count| e.backlog = count),
    }
    /// Number of clients.
    Clients = "clients" {
        group: Client,
        domain: Domain::Choice(&["1", "2", "3", "4"]),
        applies: always,
        access: Access::Word(clients::number, clients::set_number),
    }
    /// How long the first client stays when it is done, in milliseconds.
    Hold = "hold" {
        group: Client,
        domain: number(0, MAX_DELAY_MS, "ms"),
        applies: always,
        access: Access::ClientNumber(Whose::First, |c| c.hold_ms, |c, ms| c.hold_ms = ms),
    }
    /// Largest message the server accepts, in bytes.
    MaxFrame = "max-frame" {
        group: Framing,
        domain: number(0, protocol::framing::DEFAULT_MAX_FRAME, "B"),
        applies: |e| stream(e) && e.rules().framing != Framing::None,
        access: Access::Number(|e| e.max_frame, |e, bytes| e.max_frame = bytes),
    }
    /// How `auth` has the key proved.
    Scheme = "scheme" {
        group: Server,
        domain: Domain::Choice(&[Scheme::HmacMd5.name(), Scheme::MutualSha256.name()]),
        applies: auth,
        access: Access::Word(
            |e| e.scheme.name(),
            |e, word| word.parse().ok().map(|scheme| e.scheme = scheme),
        ),
    }
    /// What the last client answers the challenge with.
    Answer = "answer" {
        group: Client,
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
        group: Client,
        domain: number(1, MAX_CONNECTIONS as u32, ""),
        applies: stream,
        access: Access::ClientNumber(Whose::First, |c| c.connections.into(), |c, count| {
            // The domain's bounds are below.
            c.connections = count.try_into().unwrap_or(MAX_CONNECTIONS);
        }),
    }
    /// Connections of one source that the server lets in; 0: as on a network.
    MaxPerSource = "max-per-source" {
        group: Server,
        domain: number(0, MAX_PER_SOURCE, ""),
        applies: stream,
        access: Access::Number(|e| e.max_per_source, |e, count| e.max_per_source = count),
    }
    /// Threads that keep processors busy beside the run.
    Busy = "busy" {
        group: Server, domain: number(0, MAX_BUSY, ""), applies: always,
        access: Access::Number(|e| e.busy, |e, count| e.busy = count),
    }
    /// Most bytes the first client gives each send(); 0: all.
    Piece = "piece" {
        group: Client,
        domain: number(0, MAX_BUFFER, "B"),
        applies: stream,
        access: Access::ClientNumber(Whose::First, |c| c.piece, |c, bytes| c.piece = bytes),
    }
    /// Bytes at the end of all that the first client leaves off.
    Cut = "cut" {
        group: Client,
        domain: number(0, MAX_BUFFER, "B"),
        applies: stream,
        access: Access::ClientNumber(Whose::First, |c| c.cut, |c, bytes| c.cut = bytes),
    }
    /// How the first client ends its connection.
    Ending = "ending" {
        group: Client,
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
        group: Client,
        domain: ON_OFF,
        applies: stream,
        access: client_switch!(First, writes_on),
    }
    /// How long the handshake and each frame may take, in milliseconds; 0: for ever.
    Deadline = "deadline" {
        group: Server,
        domain: number(0, MAX_DELAY_MS, "ms"),
        applies: |e| stream(e) && e.read_delay_ms == 0,
        access: Access::Number(|e| e.deadline_ms, |e, ms| e.deadline_ms = ms),
    }
    /// The server's key.
    ServerKey = "server-key" {
        group: Server,
        domain: KEY,
        applies: auth,
        access: Access::Text(|e| &e.key, |e, key| key.clone_into(&mut e.key)),
    }
    /// The version of IP between clients and server.
    Ip = "ip" {
        group: Network,
        domain: Domain::Choice(&[IpVersion::V4.name(), IpVersion::V6.name()]),
        applies: always,
        access: Access::Word(|e| e.ip.name(), |e, word| word.parse().ok().map(|ip| e.ip = ip)),
    }
    /// The link between clients and server.
    Link = "link" {
        group: Network,
        domain: Domain::Link(None),
        applies: always,
        access: Access::Link(None),
    }
    /// The link's round trip: a delay, half of it each way.
    Rtt = "rtt" {
        group: Network,
        domain: Domain::Link(Some(Part::Rtt)),
        applies: has_link,
        access: Access::Link(Some(Part::Rtt)),
    }
    /// By how much a packet's delay differs at most, each way.
    Jitter = "jitter" {
        group: Network,
        domain: Domain::Link(Some(Part::Jitter)),
        applies: has_link,
        access: Access::Link(Some(Part::Jitter)),
    }
    /// The share of packets that the link loses.
    Loss = "loss" {
        group: Network,
        domain: Domain::Link(Some(Part::Loss)),
        applies: has_link,
        access: Access::Link(Some(Part::Loss)),
    }
    /// The share of packets that arrive twice.
    Duplicate = "duplicate" {
        group: Network,
        domain: Domain::Link(Some(Part::Duplicate)),
        applies: has_link,
        access: Access::Link(Some(Part::Duplicate)),
    }
    /// The share of packets that are held back, so that others overtake them.
    Reorder = "reorder" {
        group: Network,
        domain: Domain::Link(Some(Part::Reorder)),
        applies: has_link,
        access: Access::Link(Some(Part::Reorder)),
    }
    /// How fast bits go into the link.
    Rate = "rate" {
        group: Network,
        domain: Domain::Link(Some(Part::Rate)),
        applies: has_link,
        access: Access::Link(Some(Part::Rate)),
    }
    /// How many packets wait for their turn at most.
    Queue = "queue" {
        group: Network,
        domain: Domain::Link(Some(Part::Queue)),
        applies: has_link,
        access: Access::Link(Some(Part::Queue)),
    }
    /// Largest packet of the link, in bytes.
    Mtu = "mtu" {
        group: Network,
        domain: Domain::Link(Some(Part::Mtu)),
        applies: has_link,
        access: Access::Link(Some(Part::Mtu)),
    }
    /// What the link's choice of packets follows from.
    LinkSeed = "link-seed" {
        group: Network,
        domain: Domain::Link(Some(Part::Seed)),
        applies: has_link,
        access: Access::Link(Some(Part::Seed)),
    }
    /// The first client's key.
    Key = "key" {
        group: Client,
        domain: KEY,
        applies: auth,
        access: Access::Key(Whose::First),
    }
    /// The second client's key.
    Key2 = "key2" {
        group: Client,
        domain: KEY,
        applies: |e| auth(e) && two(e),
        access: Access::Key(Whose::Second),
    }
    /// What the first client sends, one message a line.
    Messages = "messages" {
        group: Client,
        domain: MESSAGES,
        applies: always,
        access: Access::Messages(Whose::First),
    }
    /// What the second client sends.
    Messages2 = "messages2" {
        group: Client,
        domain: MESSAGES,
        applies: two,
        access: Access::Messages(Whose::Second),
    }
}
