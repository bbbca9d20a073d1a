//! How a knob's value is read from an experiment, set and validated.

use emulation::{LinkError, LinkSettings};
use protocol::Framing;

use super::access::{Access, Whose};
use super::{Domain, Knob, KnobError, text};
use crate::experiment::{ExperimentError, MAX_BUFFER};
use crate::{Client, Experiment, framing, quantity};

/// The framing that `value` writes.
fn framing(knob: Knob, value: &str) -> Result<Framing, KnobError> {
    framing::parse(value).map_err(|error| KnobError::Framing {
        knob,
        value: value.chars().take(40).collect(),
        error: error.into(),
    })
}

impl Whose {
    /// The number of the client that there has to be.
    const fn number(self) -> usize {
        match self {
            Self::First | Self::Last | Self::Each => 1,
            Self::Second => 2,
            Self::Only(index) => index + 1,
        }
    }

    fn shown(self, experiment: &Experiment) -> Option<&Client> {
        match self {
            Self::First | Self::Each => experiment.clients.first(),
            Self::Second => experiment.clients.get(1),
            Self::Last => experiment.clients.last(),
            Self::Only(index) => experiment.clients.get(index),
        }
    }

    fn set(self, experiment: &mut Experiment) -> &mut [Client] {
        let all = &mut experiment.clients[..];
        let last = all.len().saturating_sub(1);
        match self {
            Self::First => all.get_mut(..1),
            Self::Second => all.get_mut(1..2),
            Self::Last => all.get_mut(last..),
            Self::Each => Some(all),
            Self::Only(index) => all.get_mut(index..).and_then(|rest| rest.get_mut(..1)),
        }
        .unwrap_or_default()
    }
}

impl Access {
    /// The value as text. A knob of a client that there is not shows the default.
    pub(super) fn get(self, experiment: &Experiment) -> String {
        let client = |whose: Whose| whose.shown(experiment);
        match self {
            Self::Number(get, _) => get(experiment).to_string(),
            Self::ClientNumber(whose, get, _) => {
                let number = client(whose).map_or_else(|| get(&Client::default()), get);
                number.to_string()
            }
            Self::Word(get, _) => get(experiment).to_owned(),
            Self::Text(get, _) => get(experiment).to_owned(),
            Self::ClientWord(whose, get, _) => {
                let word = client(whose).map_or_else(|| get(&Client::default()), get);
                word.to_owned()
            }
            // The system's own has the bound of `max-frame`, which is a knob by itself.
            Self::Framing => match &experiment.framing {
                Some(framing) => framing::write(framing),
                None => experiment.rules().framing.name().to_owned(),
            },
            Self::Sizes(get, _) => {
                let sizes = get(experiment).iter().map(u32::to_string);
                sizes.collect::<Vec<_>>().join(" ")
            }
            Self::ClientFraming(whose) => {
                let own = client(whose).and_then(|client| client.framing.as_ref());
                own.map_or_else(String::new, framing::write)
            }
            Self::Link(part) => experiment.link.as_ref().map_or_else(
                // A part of no link has no value.
                || part.map_or("this-machine", |_| "").to_owned(),
                |link| part.map_or_else(|| link.to_string(), |part| link.get(part)),
            ),
            Self::Key(whose) => client(whose).map_or_else(String::new, |c| c.key.clone()),
            Self::Messages(whose) => text::lines(client(whose).map_or(&[][..], |c| &c.messages)),
        }
    }

    /// Sets the value of `knob`. A refused value changes nothing.
    pub(super) fn set(
        self,
        knob: Knob,
        experiment: &mut Experiment,
        value: &str,
    ) -> Result<(), KnobError> {
        let domain = knob.domain();
        let refuse = || KnobError::Value {
            knob,
            value: value.chars().take(40).collect(),
            domain,
        };
        let refused = |error: LinkError| KnobError::Link {
            knob,
            value: value.chars().take(40).collect(),
            error,
        };
        let number = || domain.number(value).ok_or_else(refuse);
        let word = || domain.has_word(value).then_some(()).ok_or_else(refuse);
        let clients = |experiment, whose: Whose| {
            let clients = whose.set(experiment);
            if clients.is_empty() {
                return Err(KnobError::NoClient {
                    knob,
                    client: whose.number(),
                });
            }
            Ok(clients)
        };
        match self {
            Self::Number(_, set) => set(experiment, number()?),
            Self::ClientNumber(whose, _, set) => {
                let number = number()?;
                for client in clients(experiment, whose)? {
                    set(client, number);
                }
            }
            Self::Word(_, set) => {
                word()?;
                set(experiment, value).ok_or_else(refuse)?;
            }
            Self::ClientWord(whose, _, set) => {
                word()?;
                for client in clients(experiment, whose)? {
                    set(client, value).ok_or_else(refuse)?;
                }
            }
            Self::Text(_, set) => set(experiment, value),
            Self::Framing => experiment.framing = Some(framing(knob, value)?),
            Self::ClientFraming(whose) => {
                let own = match value.trim() {
                    "" => None,
                    text => Some(framing(knob, text)?),
                };
                for client in clients(experiment, whose)? {
                    client.framing.clone_from(&own);
                }
            }
            Self::Sizes(_, set) => {
                let Domain::Sizes { most } = domain else {
                    return Err(refuse());
                };
                let sizes = value.split_whitespace().take(most + 1);
                let sizes: Option<Vec<_>> = sizes.map(|size| quantity::number(size, "B")).collect();
                let fits = |sizes: &Vec<u32>| {
                    sizes.len() <= most && sizes.iter().all(|size| (1..=MAX_BUFFER).contains(size))
                };
                set(experiment, sizes.filter(fits).ok_or_else(refuse)?);
            }
            Self::Link(None) => {
                let link = emulation::parse(value).map_err(refused)?;
                experiment.link = link.map(Box::new);
            }
            Self::Link(Some(part)) => match (value.trim(), &mut experiment.link) {
                ("", None) => {}
                ("", Some(link)) => {
                    let usual = LinkSettings::default().get(part);
                    link.set(part, &usual).map_err(refused)?;
                }
                (value, link) => {
                    let mut changed = link.clone().unwrap_or_default();
                    let set = changed.set(part, value);
                    set.map_err(refused)?;
                    *link = Some(changed);
                }
            },
            Self::Key(whose) => {
                for client in clients(experiment, whose)? {
                    value.clone_into(&mut client.key);
                }
            }
            Self::Messages(whose) => {
                let Domain::Lines { most } = domain else {
                    return Err(refuse());
                };
                let messages = text::messages(value);
                if messages.len() > most {
                    return Err(refuse());
                }
                for client in clients(experiment, whose)? {
                    client.messages.clone_from(&messages);
                }
            }
        }
        Ok(())
    }

    /// Checks the value against the bounds of `knob`, for all clients, whichever
    /// of them the knob sets: a lesson file may set others.
    pub(super) fn validate(
        self,
        knob: Knob,
        experiment: &Experiment,
    ) -> Result<(), ExperimentError> {
        let Some((least, most)) = knob.domain().bounds() else {
            return Ok(());
        };
        let check = |value: usize| ExperimentError::range(knob.name(), value, least, most);
        let mut clients = experiment.clients.iter();
        match self {
            Self::Number(get, _) => check(get(experiment) as usize),
            Self::ClientNumber(_, get, _) => clients.try_for_each(|c| check(get(c) as usize)),
            Self::Text(get, _) => check(get(experiment).len()),
            Self::Key(_) => clients.try_for_each(|c| check(c.key.len())),
            Self::Messages(_) => clients.try_for_each(|c| check(c.messages.len())),
            Self::Word(..)
            | Self::ClientWord(..)
            | Self::Framing
            | Self::ClientFraming(_)
            | Self::Link(_)
            | Self::Sizes(..) => Ok(()),
        }
    }
}
