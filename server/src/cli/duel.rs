//! `stickylab duel`: the bytes of a record through the right decoder and wrong ones.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;
use protocol::{Framing, Nanos};
use serde_json::{Value, json};
use stickylab::printable;
use stickylab::terminal::{self, Dueled, Screen};
use trace::duel::{self, Cuts, NoOpponent, Opponent, Side, Stream};
use trace::lane::{Direction, Lane};
use trace::{Analysis, Trace};

use super::framing::Framings;
use super::output;
use super::screen::{Spoken, Stream as Standard};
use super::sender::Sender;
use super::show::{self, Opened};
use super::suggestion::closest;

/// Of more connections one has to be chosen.
const FEW: usize = 4;
const LONGEST: Duration = Duration::from_hours(1);

#[derive(Debug, Args)]
pub(super) struct Duel {
    /// What stickylab wrote with --json, or a pcap or pcapng file; - reads standard input
    file: PathBuf,
    /// Looks at the connection with this number alone
    #[arg(long, value_name = "N")]
    connection: Option<u32>,
    /// Looks at what this end of a connection sent alone
    #[arg(long, value_enum, value_name = "END")]
    direction: Option<Sender>,
    #[command(flatten)]
    framings: Framings,
    /// A wrong decoder, such as one-recv; can be given several times. With one its messages
    /// are drawn beside the right ones. Default: all that fit the framing
    #[arg(long, value_name = "NAME", value_parser = opponent)]
    against: Vec<Opponent>,
    /// In which chunks the bytes come: recorded, whole, a size in bytes, or sizes such as
    /// 1,4,3, of which the last goes on
    #[arg(long, value_name = "CHUNKS", default_value_t, value_parser = cuts)]
    chunks: Cuts,
    /// How long nothing comes until the decoder "silence" takes a message for complete
    #[arg(long, value_name = "TIME", default_value = "50ms", value_parser = silence)]
    silence: Nanos,
    /// Prints one JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    spoken: Spoken,
}

impl Duel {
    pub(super) fn run(self) -> Result<()> {
        let Opened {
            name,
            mut trace,
            damage,
        } = show::open(&self.file, self.connection)?;
        self.framings.apply(&mut trace.setup);
        let analysis = Analysis::new(&trace);
        let lanes = self.lanes(&name, &trace, &analysis)?;
        let framed = lanes.into_iter().filter_map(|lane| {
            let framing = self.framing(&trace, lane.direction);
            (framing != Framing::None).then_some((lane, framing))
        });
        let framed: Vec<_> = framed.collect();
        if framed.is_empty() {
            bail!(
                "{name}: how the messages in it are framed is not known: say it with --framing; \
                 stickylab guess tells which framing fits"
            );
        }
        let screen = self.spoken.screen(Standard::Out);
        let mut text = String::new();
        let mut objects = String::new();
        let mut misfits = Vec::new();
        for (lane, framing) in &framed {
            let stream = Stream::of(&trace, lane, &self.chunks, self.silence);
            match self.dueled(&trace, lane, &stream, framing, screen) {
                Ok(dueled) if self.json => {
                    objects += &json_lines(&dueled, &self.chunks, screen);
                }
                Ok(dueled) => {
                    text += &terminal::duels(&dueled, screen);
                    text.push('\n');
                }
                Err(misfit) => misfits.push(misfit),
            }
        }
        if let (Some(misfit), true) = (misfits.first(), text.is_empty() && objects.is_empty()) {
            bail!("{name}: {misfit}");
        }
        if self.json {
            output::print(objects.as_bytes())?;
        } else {
            let snapped = terminal::snapped(&trace, screen);
            output::print_styled(&[&snapped, text.trim_end(), "\n"].concat())?;
        }
        match damage {
            Some(damage) => bail!("{name}: {damage}; what stands before that was looked at"),
            None => Ok(()),
        }
    }

    /// How a direction is framed: as the flags say, else as the record does.
    fn framing(&self, trace: &Trace, direction: Direction) -> Framing {
        let setup = self.framings.setup();
        let said = match direction {
            Direction::FromOpener => setup.opener_framing,
            Direction::FromAcceptor => setup.acceptor_framing,
        };
        said.unwrap_or_else(|| trace.framing(direction))
    }

    /// The directions that are looked at: those of streams on which bytes went.
    fn lanes<'a>(
        &self,
        name: &str,
        trace: &Trace,
        analysis: &'a Analysis,
    ) -> Result<Vec<&'a Lane>> {
        let lanes = analysis.lanes.iter().filter(|lane| {
            let number = lane.connection.0;
            let sender = Sender::of(lane.direction);
            let is_chosen = self.connection.is_none_or(|chosen| chosen == number)
                && self.direction.is_none_or(|chosen| chosen == sender);
            is_chosen && !lane.bytes.is_empty() && !trace.is_datagrams(lane.connection)
        });
        let lanes: Vec<_> = lanes.collect();
        if lanes.is_empty() {
            bail!("{name}: no bytes of a stream are in it that could be looked at");
        }
        let mut connections: Vec<_> = lanes.iter().map(|lane| lane.connection).collect();
        connections.dedup();
        let count = connections.len();
        if count > FEW {
            bail!(
                "{name} has {count} connections on which bytes went: choose one with \
                 --connection; stickylab show lists them"
            );
        }
        Ok(lanes)
    }

    /// The duels over one direction, or why there is none.
    fn dueled<'a>(
        &self,
        trace: &Trace,
        lane: &'a Lane,
        stream: &'a Stream<'a>,
        framing: &'a Framing,
        screen: Screen,
    ) -> Result<Dueled<'a>, String> {
        let fitting = Opponent::fitting(framing);
        let asked = if self.against.is_empty() {
            fitting.clone()
        } else {
            self.against.clone()
        };
        if let Some(misfit) = asked.iter().find(|opponent| !fitting.contains(opponent)) {
            let fitting: Vec<_> = fitting.iter().map(|opponent| opponent.name()).collect();
            return Err(format!(
                "{misfit} is no mistake that can be made with the framing {}: those that can are {}",
                trace::framing::write(framing),
                fitting.join(", ")
            ));
        }
        let (mut duels, mut lacking) = (Vec::new(), Vec::new());
        for opponent in asked {
            match opponent.lacks(stream) {
                Some(lack) => lacking.push((opponent, lack)),
                None => duels.push(duel::duel(stream, framing, opponent)),
            }
        }
        if let (Some((opponent, lack)), true) = (lacking.first(), duels.is_empty()) {
            return Err(format!("{opponent} {}", screen.say(&lack.sentence())));
        }
        let end = |end| match trace.connection(lane.connection) {
            Some(connection) => terminal::end_of(trace, connection.end(end), screen),
            None => String::new(),
        };
        Ok(Dueled {
            from_to: [end(lane.direction.sender()), end(lane.direction.reader())],
            lane,
            stream,
            framing,
            right: duel::right(stream, framing),
            duels,
            lacking,
            is_drawn: self.against.len() == 1,
        })
    }
}

/// What `--json` prints: one object for each wrong decoder.
fn json_lines(dueled: &Dueled<'_>, chunks: &Cuts, screen: Screen) -> String {
    let side = |side: &Side| match side {
        Side::Message(range) => json!({"message": [range.start, range.end]}),
        Side::Dropped(range) => json!({"dropped": [range.start, range.end]}),
        Side::Waits => json!("waits"),
        Side::Refuses(_) => json!("refuses"),
        Side::Skips(_) => json!("skips"),
    };
    let mut lines = String::new();
    for duel in &dueled.duels {
        let parting = duel.parting.as_ref().map_or(Value::Null, |parting| {
            let said: Vec<_> = parting.sentences().iter().map(|s| screen.say(s)).collect();
            json!({
                "chunk": parting.chunk.number,
                "offset": parting.at,
                "right": side(&parting.right),
                "wrong": side(&parting.wrong),
                "why": said,
            })
        });
        let line = json!({
            "type": "duel",
            "connection": dueled.lane.connection.0,
            "direction": Sender::of(dueled.lane.direction).name(),
            "framing": trace::framing::write(dueled.framing),
            "chunks": chunks.to_string(),
            "against": duel.opponent.name(),
            "messages": dueled.right.messages,
            "agreed": duel.agreed,
            "parting": parting,
        });
        lines += &printable::harmless(&line.to_string());
        lines.push('\n');
    }
    lines
}

/// A wrong decoder by its name.
fn opponent(text: &str) -> Result<Opponent, String> {
    text.parse().map_err(|error: NoOpponent| {
        let known = Opponent::ALL.map(Opponent::name);
        match closest(text, known) {
            Some(close) => {
                format!("no wrong decoder is called {text:?}; did you mean {close}?")
            }
            None => error.to_string(),
        }
    })
}

fn cuts(text: &str) -> Result<Cuts, duel::NoCuts> {
    text.parse()
}

/// A pause.
fn silence(text: &str) -> Result<Nanos, String> {
    let time = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if time > LONGEST {
        return Err("it can be at most 1h".to_owned());
    }
    Ok(Nanos::from(time))
}

#[cfg(test)]
mod tests {
    use trace::duel::SILENCE;

    use super::*;

    #[test]
    fn names_and_times_are_checked() {
        assert_eq!(opponent("one-recv"), Ok(Opponent::OneRecv));
        let error = opponent("one_recv").unwrap_err();
        assert!(error.contains("did you mean one-recv?"), "{error}");
        let error = opponent("x").unwrap_err();
        assert!(
            error.contains("there are one-recv, header-whole"),
            "{error}"
        );
        assert_eq!(silence("50ms"), Ok(SILENCE));
        assert!(silence("2h").is_err() && silence("soon").is_err());
    }
}
