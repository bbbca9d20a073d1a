//! What the code panel shows: the loop of a program of the run, or a reader and a writer for
//! the framing at hand.

use protocol::auth::Scheme;
use protocol::peer::Reply;
use protocol::{Framing, System};
use trace::Experiment;
use trace::lane::Direction;
use trace::source_code::Language;

use super::{CodeLanguage, Role, State};

impl State {
    /// The code panel's language, of the loops of programs.
    pub const fn code(&self) -> CodeLanguage {
        self.code
    }

    /// Whose loop the panel shows.
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Whether a reader and a writer are asked for in place of a loop.
    pub const fn shows_decoder(&self) -> bool {
        self.decoder.0
    }

    /// The language in which they are written.
    pub const fn decoder_language(&self) -> Language {
        self.decoder.1
    }

    /// Name of the snippets that show what the programs of the run on the stage do, or of
    /// the one that would be made; none for programs of somebody else.
    pub fn snippet(&self) -> Option<&'static str> {
        match self.trace() {
            Some(trace) => trace.plan.as_ref().map(snippet),
            None => Some(snippet(&self.experiment)),
        }
    }

    /// How messages are framed on the stage, or would be; none where they are not. Of two
    /// directions that are framed, the one from who opened the connection.
    pub fn framing_at_hand(&self) -> Option<Framing> {
        let is_framed = |framing: &Framing| *framing != Framing::None;
        let Some(trace) = self.trace() else {
            return Some(self.experiment.rules().framing).filter(is_framed);
        };
        let mut all = [Direction::FromOpener, Direction::FromAcceptor].into_iter();
        all.find_map(|direction| Some(trace.framing(direction)).filter(is_framed))
    }
}

/// Which snippet shows what these programs do: a stream's is named by its
/// framing, whichever system the knobs started from.
fn snippet(experiment: &Experiment) -> &'static str {
    let rules = experiment.rules();
    match (experiment.system, &rules.framing) {
        (System::Auth, _) if rules.scheme == Scheme::MutualSha256 => "mutual",
        (System::UdpEcho | System::Auth | System::Framed, _) => experiment.system.name(),
        (_, Framing::None) if rules.reply == Reply::None => "sink",
        (_, Framing::None) => System::TcpEcho.name(),
        (_, framing) => framing.name(),
    }
}
