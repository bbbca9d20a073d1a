//! The knobs of an experiment by name: read, set, described. The page shows
//! them, `--set knob=value` and links turn them. `table.rs` has an entry for each.

mod access;
mod applies;
mod apply;
mod clients;
mod group;
mod setting;
mod spec;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod ways;

use std::fmt;
use std::str::FromStr;

use emulation::{LinkError, Part, Preset};

use crate::experiment::ExperimentError;
use crate::framing::FramingError;
use crate::{Experiment, order, quantity};

pub use group::Group;
pub use setting::Setting;
pub use table::Knob;
pub use ways::with_ways;

/// What values a knob takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
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
    /// A framing as [`crate::framing`] reads it.
    Framing,
    /// A link as `emulation::parse` reads it, or one of its settings.
    Link(Option<Part>),
    /// A line of text of `least` to `most` bytes; a length outside is refused by
    /// [`Experiment::validate`].
    Text {
        /// The fewest bytes.
        least: usize,
        /// The most bytes.
        most: usize,
    },
    /// Sizes in bytes with spaces between them.
    Sizes {
        /// The most sizes.
        most: usize,
    },
    /// Messages, one a line.
    Lines {
        /// The most lines.
        most: usize,
    },
}

/// Why a knob can't be set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KnobError {
    /// No knob has that name.
    #[error("no knob is called \"{0}\": there are {list}", list = names())]
    Unknown(String),
    /// The knob doesn't take that value.
    #[error("{knob} can't be \"{value}\": it takes {domain}")]
    Value {
        /// Which knob.
        knob: Knob,
        /// The value given.
        value: String,
        /// What it takes.
        domain: Domain,
    },
    /// The text is no framing.
    #[error("{knob} can't be \"{value}\": {error}")]
    Framing {
        /// Which knob.
        knob: Knob,
        /// The value given.
        value: String,
        /// Why.
        error: Box<FramingError>,
    },
    /// The text is no link, or no setting of one.
    #[error("{knob} can't be \"{value}\": {}", taken(.error))]
    Link {
        /// Which knob.
        knob: Knob,
        /// The value given.
        value: String,
        /// Why.
        error: LinkError,
    },
    /// The experiment has no such client.
    #[error("{knob} needs a client {client}: set clients={client} first")]
    NoClient {
        /// Which knob.
        knob: Knob,
        /// Number of the client, from 1.
        client: usize,
    },
    /// A value of the server cannot be set for one client.
    #[error("{0} is not of a client: write {0} without a number behind it")]
    NotOfClients(Knob),
}

fn names() -> String {
    Knob::ALL.map(Knob::name).join(", ")
}

/// What is wrong with a link, where its value is told already.
fn taken(error: &LinkError) -> String {
    match error {
        LinkError::Value { part, .. } => [part.name(), " takes ", part.domain()].concat(),
        other => other.to_string(),
    }
}

impl Domain {
    /// The names with which a value may begin: those of the framings, or of links. Settings
    /// may stand behind them. None for other values.
    pub fn names(self) -> Vec<&'static str> {
        match self {
            Self::Framing => protocol::Framing::NAMES.to_vec(),
            Self::Link(None) => Preset::ALL.map(Preset::name).to_vec(),
            _ => Vec::new(),
        }
    }

    /// The name of these with which `value` begins; of a link the one that has the same
    /// settings. None where it is none of them.
    pub fn name_of(self, value: &str) -> Option<&'static str> {
        let mut names = self.names().into_iter();
        match self {
            Self::Framing => {
                let (name, _) = value.split_once(',').unwrap_or((value, ""));
                names.find(|known| *known == name)
            }
            Self::Link(None) => {
                let link = |text: &str| emulation::parse(text).ok();
                let mut asked = link(value)?;
                names.find(|name| {
                    let known = link(name);
                    // Which packets it chooses makes it no other link.
                    if let (Some(Some(known)), Some(asked)) = (&known, &mut asked) {
                        asked.seed = known.seed;
                    }
                    known.as_ref() == Some(&asked)
                })
            }
            _ => None,
        }
    }

    /// The number that `value` writes, with or without a unit, if it is within the
    /// bounds.
    fn number(self, value: &str) -> Option<u32> {
        let Self::Number { least, most, unit } = self else {
            return None;
        };
        let number = quantity::number(value, unit);
        number.filter(|number| (least..=most).contains(number))
    }

    /// Whether `value` is one of the words.
    fn has_word(self, value: &str) -> bool {
        matches!(self, Self::Choice(words) if words.contains(&value))
    }

    /// The least and the most: of a number, of a text's bytes, of the lines.
    const fn bounds(self) -> Option<(usize, usize)> {
        match self {
            Self::Number { least, most, .. } => Some((least as usize, most as usize)),
            Self::Text { least, most } => Some((least, most)),
            Self::Lines { most } => Some((0, most)),
            Self::Choice(_) | Self::Framing | Self::Link(_) | Self::Sizes { .. } => None,
        }
    }
}

impl Knob {
    /// The name used in lessons, in links and on the command line.
    pub const fn name(self) -> &'static str {
        self.spec().name
    }

    /// What it is about.
    pub const fn group(self) -> Group {
        self.spec().group
    }

    /// Whether it has a value for each client, so that [`Setting::of`] one of them is
    /// possible.
    pub fn is_of_clients(self) -> bool {
        self.spec().access.only(0).is_some()
    }

    /// Whether it is another name for the second client's value of a knob.
    const fn is_alias(self) -> bool {
        matches!(self, Self::Key2 | Self::Messages2)
    }

    /// What values it takes.
    pub const fn domain(self) -> Domain {
        self.spec().domain
    }

    /// Whether it means anything for `experiment`: a second client's messages
    /// need a second client, a key needs a handshake.
    pub fn applies(self, experiment: &Experiment) -> bool {
        (self.spec().applies)(experiment)
    }

    /// The knob's value as text.
    pub fn get(self, experiment: &Experiment) -> String {
        self.spec().access.get(experiment)
    }

    /// Sets the knob. The experiment may still be impossible as a whole:
    /// [`Experiment::validate`] tells.
    pub fn set(self, experiment: &mut Experiment, value: &str) -> Result<(), KnobError> {
        self.spec().access.set(self, experiment, value)
    }

    /// Refuses a value that is outside the knob's bounds.
    pub(crate) fn validate(self, experiment: &Experiment) -> Result<(), ExperimentError> {
        self.spec().access.validate(self, experiment)
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

impl fmt::Display for Domain {
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
            Self::Framing => write!(
                f,
                "one of {}, and settings behind commas",
                protocol::Framing::NAMES.join(", ")
            ),
            Self::Link(None) => {
                let presets = Preset::ALL.map(Preset::name).join(", ");
                write!(f, "one of {presets}, or settings such as rtt=40ms,loss=1%")
            }
            Self::Link(Some(part)) => f.write_str(part.domain()),
            Self::Sizes { most } => write!(f, "at most {most} sizes with spaces between them (B)"),
            Self::Text { .. } => f.write_str("text"),
            Self::Lines { most } => write!(f, "at most {most} messages, one a line"),
        }
    }
}

/// Applies all of `settings`, each `knob=value`, or `knob.N=value` for client N alone, as
/// the command line writes them, in their order, but the system first: it resets others.
/// Gives the knobs.
///
/// # Errors
/// The first name that is no knob, or the first value that a knob does not take.
pub fn apply<Text: AsRef<str>>(
    experiment: &mut Experiment,
    settings: &[Text],
) -> Result<Vec<Knob>, KnobError> {
    let mut knobs = Vec::new();
    for setting in settings {
        let setting = setting.as_ref();
        let (name, value) = setting.split_once('=').unwrap_or((setting, ""));
        let setting: Setting = name.trim().parse()?;
        knobs.push((setting, value));
    }
    order::sort_by_key(&mut knobs, |(setting, _)| {
        [u64::from(setting.knob != Knob::System), 0]
    });
    for (setting, value) in &knobs {
        setting.set(experiment, value)?;
    }
    Ok(knobs.into_iter().map(|(setting, _)| setting.knob).collect())
}
