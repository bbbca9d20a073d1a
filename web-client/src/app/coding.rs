//! What the code panel shows: the loop of a program of the run, or a reader and a writer for
//! the framing at hand.

use protocol::auth::Scheme;
use protocol::peer::Reply;
use protocol::{Framing, System};
use trace::lane::Direction;
use trace::source_code::Language;
use trace::{Experiment, framing};

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

    /// The settings of a framing that the loop on the panel does not have, as the short form
    /// writes them; all of the framing where the loop is of another. Of several clients that
    /// frame their messages otherwise, the first one's.
    pub fn beyond_loop(&self) -> Vec<String> {
        let experiment = match self.trace() {
            Some(trace) => trace.plan.as_ref(),
            None => Some(&self.experiment),
        };
        let Some(experiment) = experiment else {
            return Vec::new();
        };
        let snippet = snippet(experiment);
        match self.role {
            Role::Server => beyond(snippet, &experiment.rules().framing),
            Role::Client => {
                let clients = experiment.clients.iter();
                let all =
                    clients.map(|client| beyond(snippet, &experiment.client_rules(client).framing));
                all.into_iter()
                    .find(|all| !all.is_empty())
                    .unwrap_or_default()
            }
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

/// What of `framing` a loop does not have: it has the defaults, but for what it names.
fn beyond(snippet: &str, framing: &Framing) -> Vec<String> {
    let (kind, named): (_, &[&str]) = match snippet {
        "auth" | "mutual" | "length-prefix" => ("length-prefix", &["maximum"]),
        "delimiter" => (snippet, &["delimiter", "maximum"]),
        "fixed-size" => (snippet, &["size", "pad"]),
        "ready-ack" => (snippet, &["maximum"]),
        _ => ("none", &[]),
    };
    let written = framing::write(framing);
    if framing.name() != kind {
        return vec![written];
    }
    let is_of = |setting: &&str, name: &str| setting.split('=').next() == Some(name);
    let all: Vec<_> = written.split(',').skip(1).collect();
    // A loop names one delimiter.
    let has_several = all.iter().filter(|one| is_of(one, "delimiter")).count() > 1;
    let has = |setting: &&str| {
        let mut named = named.iter();
        named.any(|name| is_of(setting, name) && !(has_several && *name == "delimiter"))
    };
    let beyond = all.into_iter().filter(|setting| !has(setting));
    beyond.map(str::to_owned).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_has_the_settings_that_it_names_and_the_defaults() {
        let check = |snippet: &str, text: &str, expected: &[&str]| {
            let framing = framing::parse(text).unwrap();
            assert_eq!(beyond(snippet, &framing), expected, "{snippet}: {text}");
        };
        check("length-prefix", "length-prefix,maximum=9", &[]);
        check(
            "length-prefix",
            "length-prefix,width=2,endian=big",
            &["endian=big", "width=2"],
        );
        check("auth", "delimiter", &["delimiter"]);
        check("auth", "length-prefix", &[]);
        check("delimiter", r"delimiter,delimiter=\x2c", &[]);
        check(
            "delimiter",
            r"delimiter,delimiter=a,delimiter=b,keep=true",
            &["delimiter=a", "delimiter=b", "keep=true"],
        );
        check("fixed-size", "fixed-size,size=3,pad=0", &[]);
        check("fixed-size", "fixed-size,maximum=2", &["maximum=2"]);
        check("tcp-echo", "none", &[]);
        check("tcp-echo", "cobs,maximum=3", &["cobs,maximum=3"]);
        check("sink", "none", &[]);
    }

    /// A loop that names nothing new would be missing above.
    #[test]
    fn each_loop_of_a_framing_has_its_defaults() {
        for system in System::ALL {
            let experiment = Experiment::new(system, &["a"]);
            let snippet = snippet(&experiment);
            if system != System::Framed {
                let framing = experiment.rules().framing;
                assert!(beyond(snippet, &framing).is_empty(), "{snippet}");
            }
        }
    }
}
