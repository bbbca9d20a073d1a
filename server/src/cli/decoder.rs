//! `stickylab decoder`: source code that reads and writes a framing, and a test of it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use protocol::{Framing, Offset};
use stickylab::{printable, templates};
use trace::guess::Ended;
use trace::lane::{Direction, Lane};
use trace::source_code::{self, Case, Language};
use trace::{Analysis, Trace};

use super::sender::Sender;
use super::show::{self, Opened};
use super::target::{self, Input, Target};
use super::{framing, output};

/// Most chunks and messages of a test in Java: javac takes 64 KiB of a class's constants.
const MOST_IN_JAVA: usize = 3_000;

/// Prints a complete reader and writer for a framing, with the language's standard library
/// alone.
#[derive(Debug, Args)]
pub(super) struct Decoder {
    /// How messages are framed: a name, and settings behind commas, as in
    /// length-prefix,width=2
    #[arg(long, value_name = "FRAMING", value_parser = framing::parse)]
    framing: Framing,
    /// The programming language
    #[arg(
        long,
        value_name = "LANGUAGE",
        value_parser = PossibleValuesParser::new(Language::ALL.map(Language::name)).map(|name| language(&name))
    )]
    language: Language,
    /// Prints a test of a decoder instead: what was received in TRACE, a trace or a capture
    /// file, and the messages that must come out; - reads standard input
    #[arg(long, value_name = "TRACE")]
    test_from: Option<PathBuf>,
    /// Takes the connection with this number
    #[arg(long, value_name = "N", requires = "test_from")]
    connection: Option<u32>,
    /// Takes what this end of the connection sent
    #[arg(long, value_enum, value_name = "END", requires = "test_from")]
    direction: Option<Sender>,
    /// Writes it to FILE instead of standard output
    #[arg(long, value_name = "FILE", value_parser = target::path)]
    output: Option<PathBuf>,
}

/// The language of that name: one of those that are accepted.
fn language(name: &str) -> Language {
    let mut all = Language::ALL.into_iter();
    let found = all.find(|language| language.name() == name);
    found.expect("only these names are accepted")
}

impl Decoder {
    pub(super) fn run(self) -> Result<()> {
        let source = match &self.test_from {
            None => source_code::decoder(&self.framing, self.language, &templates::find)?,
            Some(file) => {
                let case = self.case(file)?;
                let elements = case.chunks.len() + case.messages.len();
                ensure!(
                    self.language != Language::Java || elements <= MOST_IN_JAVA,
                    "a test in Java has at most {MOST_IN_JAVA} chunks and messages, as javac \
                     takes no more, and this one would have {elements}: choose a connection \
                     with fewer, or another language"
                );
                if case.messages.is_empty() && case.refused.is_some() {
                    eprintln!(
                        "stickylab: no message comes out with this framing: is it the right one? \
                         `stickylab guess` says which fits"
                    );
                }
                source_code::test(&self.framing, self.language, &case, &templates::find)?
            }
        };
        let Some(path) = self.output else {
            return output::print(source.as_bytes());
        };
        let input = match &self.test_from {
            None => Input::Nothing,
            Some(file) => show::what_is_read(file),
        };
        Target::open(path, input)?.write(source.as_bytes())
    }

    /// What was received in one direction of one connection of `file`.
    fn case(&self, file: &Path) -> Result<Case> {
        let Opened {
            name,
            trace,
            damage,
        } = show::open(file, self.connection)?;
        if let Some(damage) = damage {
            bail!("{name}: {damage}, so what was received is not known");
        }
        let analysis = Analysis::new(&trace);
        let lane = self.lane(&trace, &analysis, &name)?;
        let (unit, chunks) = chunks(lane);
        let received = chunks
            .iter()
            .fold(frames_begin(lane), |end, chunk| end + chunk.bytes.len());
        if received < lane.end() && lane.bytes.next_known(received) != Some(received) {
            bail!(
                "{name}: the bytes from {received} on of that direction are not in it, so what was \
                 received is not known"
            );
        }
        let is_ended =
            Ended::of(&trace).has(lane.connection, lane.direction) && received == lane.end();
        let is_standard = file.as_os_str() == "-";
        let file_name = file.file_name().filter(|_| !is_standard);
        let file_name = file_name.map_or_else(|| name.clone().into(), OsStr::to_string_lossy);
        let source = format!(
            "The chunks are {unit}, in {}, connection {}, from the {}",
            printable::lines(&file_name),
            lane.connection.0,
            Sender::of(lane.direction).name()
        );
        let chunks = if self.framing.waits_for_ready() {
            let answers = analysis.lane(lane.connection, lane.direction.sender().other().into());
            with_silences(chunks, answers)
        } else {
            chunks.into_iter().map(|chunk| chunk.bytes).collect()
        };
        Ok(Case::new(source, &self.framing, chunks, is_ended))
    }

    /// The one direction of one connection that is meant.
    fn lane<'a>(&self, trace: &Trace, analysis: &'a Analysis, name: &str) -> Result<&'a Lane> {
        let mut found = Vec::new();
        for connection in &trace.connections {
            let id = connection.connection;
            let is_other = self.connection.is_some_and(|number| number != id.0);
            if is_other || trace.is_datagrams(id) {
                continue;
            }
            let directions = [Direction::FromOpener, Direction::FromAcceptor].into_iter();
            let chosen = directions.filter(|way| {
                let sender = Sender::of(*way);
                self.direction.is_none_or(|chosen| chosen == sender)
            });
            let lanes = chosen.filter_map(|direction| analysis.lane(id, direction));
            found.extend(lanes.filter(|lane| !lane.bytes.is_empty()));
        }
        match &found[..] {
            [only] => Ok(only),
            [] => bail!("{name}: no bytes of a stream are in what was chosen of it"),
            [first, .., last] if first.connection != last.connection => bail!(
                "{name} has bytes on several connections: choose one with --connection, from {} \
                 to {}",
                first.connection.0,
                last.connection.0
            ),
            [first, ..] => bail!(
                "{name} has bytes in both directions of connection {}: choose one with \
                 --direction opener or --direction acceptor",
                first.connection.0
            ),
        }
    }
}

/// Behind the handshake, if there is one: where the frames begin.
fn frames_begin(lane: &Lane) -> Offset {
    let messages = lane.messages.iter();
    let mut handshake = messages.filter(|message| message.kind.is_of_the_handshake());
    handshake
        .next_back()
        .map_or(Offset(0), |message| message.range().end)
}

/// Bytes that came at once.
struct Chunk {
    /// The index of the event that has them.
    event: usize,
    bytes: Vec<u8>,
}

/// The chunks, and an empty one where the sender fell silent: where something was sent the other
/// way between two of them, and, where nothing is known of that, between all. When it was sent say
/// the calls that sent it; where those were not watched the packets, or else the recvs.
fn with_silences(chunks: Vec<Chunk>, answers: Option<&Lane>) -> Vec<Vec<u8>> {
    let mut answered: Vec<usize> = match answers {
        None => Vec::new(),
        Some(lane) if !lane.sends.is_empty() => lane.sends.iter().map(|span| span.event).collect(),
        Some(lane) if !lane.wire.is_empty() => {
            let packets = lane.wire.iter();
            packets.map(|packet| packet.span.event).collect()
        }
        Some(lane) => lane.recvs.iter().map(|span| span.event).collect(),
    };
    answered.sort_unstable();
    let mut all = Vec::new();
    let mut chunks = chunks.into_iter().peekable();
    while let Some(chunk) = chunks.next() {
        all.push(chunk.bytes);
        let next = chunks.peek().map(|next| next.event);
        let first = answered.partition_point(|&event| event < chunk.event);
        let is_silent = answered
            .get(first)
            .is_some_and(|&event| event < next.unwrap_or(usize::MAX));
        if is_silent || answered.is_empty() && next.is_some() {
            all.push(Vec::new());
        }
    }
    all
}

/// What the reader's calls returned, one after the other; where those were not watched the
/// packets, or else the sends. Up to the first byte that is not known. What that is, too.
fn chunks(lane: &Lane) -> (&'static str, Vec<Chunk>) {
    let (unit, ends): (_, Vec<_>) = if !lane.recvs.is_empty() {
        (
            "what each recv returned",
            lane.recvs
                .iter()
                .map(|recv| (recv.event, recv.end))
                .collect(),
        )
    } else if !lane.wire.is_empty() {
        let spans = lane.wire.iter().map(|packet| packet.span);
        let ends = spans.map(|span| (span.event, span.end));
        (
            "what each packet carried, as no recv was observed",
            ends.collect(),
        )
    } else {
        let ends = lane.sends.iter().map(|send| (send.event, send.end));
        (
            "what each send was given, as no recv was observed",
            ends.collect(),
        )
    };
    let mut chunks = Vec::new();
    let mut start = frames_begin(lane);
    let ends = ends.into_iter().filter(|(_, end)| *end > start);
    let ends: Vec<_> = ends.collect();
    for (event, end) in ends {
        let bytes = lane.slice(start..end);
        // A packet that was sent again carries nothing new.
        if !bytes.is_empty() {
            chunks.push(Chunk {
                event,
                bytes: bytes.to_vec(),
            });
            start += bytes.len();
        }
        // What stands behind bytes that are not known is none of it.
        if start < end {
            break;
        }
    }
    (unit, chunks)
}
