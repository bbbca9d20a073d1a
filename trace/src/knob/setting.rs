//! A knob together with whose value it is: `gap` turns that of all clients, `gap.2` that of
//! the second client alone.

use std::fmt;
use std::str::FromStr;

use super::{Knob, KnobError};
use crate::{ClientId, Experiment};

/// A knob, of all the clients that it turns, or of one client alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Setting {
    /// Which knob.
    pub knob: Knob,
    /// The one client whose value it is; only knobs of clients have one.
    pub client: Option<ClientId>,
}

impl Setting {
    /// The knob's value of `client` alone; none for a knob that is not of clients.
    pub fn of(knob: Knob, client: ClientId) -> Option<Self> {
        knob.is_of_clients().then_some(Self {
            knob,
            client: Some(client),
        })
    }

    /// Every setting that each value of `experiment` has exactly one of: those of the
    /// server in the order of [`Knob::ALL`], then those of each client. Knobs that name
    /// the second client are left out, for its own settings have their values.
    pub fn all(experiment: &Experiment) -> impl Iterator<Item = Self> {
        let clients = ClientId::ALL.into_iter().take(experiment.clients.len());
        let own = Knob::ALL
            .into_iter()
            .filter(|knob| !knob.is_of_clients())
            .map(Self::from);
        let of_clients = |client| {
            let knobs = Knob::ALL.into_iter().filter(|knob| !knob.is_alias());
            knobs.filter_map(move |knob| Self::of(knob, client))
        };
        own.chain(clients.flat_map(of_clients))
    }

    /// The value as text.
    pub fn get(self, experiment: &Experiment) -> String {
        let access = self.knob.spec().access;
        let only = self.client.and_then(|client| access.only(client.index()));
        only.unwrap_or(access).get(experiment)
    }

    /// Sets the value; a refused one changes nothing. The experiment may still be
    /// impossible as a whole: [`Experiment::validate`] tells.
    pub fn set(self, experiment: &mut Experiment, value: &str) -> Result<(), KnobError> {
        let access = self.knob.spec().access;
        let access = match self.client {
            None => access,
            Some(client) => {
                let only = access.only(client.index());
                only.ok_or(KnobError::NotOfClients(self.knob))?
            }
        };
        access.set(self.knob, experiment, value)
    }
}

impl From<Knob> for Setting {
    fn from(knob: Knob) -> Self {
        Self { knob, client: None }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.knob.name())?;
        match self.client {
            None => Ok(()),
            Some(client) => write!(f, ".{client}"),
        }
    }
}

impl FromStr for Setting {
    type Err = KnobError;
    fn from_str(name: &str) -> Result<Self, KnobError> {
        let unknown = match name.parse::<Knob>() {
            Ok(knob) => return Ok(knob.into()),
            Err(unknown) => unknown,
        };
        // Names of knobs may have points themselves.
        let parts = name.rsplit_once('.');
        let parts = parts.and_then(|(name, number)| Some((name.parse().ok()?, number)));
        let Some((knob, number)) = parts else {
            return Err(unknown);
        };
        let client = number.parse::<u8>().ok();
        let client = client.and_then(|number| ClientId::try_from(number).ok());
        let client = client.ok_or(unknown)?;
        Self::of(knob, client).ok_or(KnobError::NotOfClients(knob))
    }
}

#[cfg(test)]
mod tests {
    use protocol::System;

    use super::*;

    #[test]
    fn a_setting_is_written_as_it_is_read() {
        for (text, knob, client) in [
            ("gap", Knob::Gap, None),
            ("gap.1", Knob::Gap, Some(ClientId::FIRST)),
            ("messages.2", Knob::Messages, Some(ClientId::SECOND)),
        ] {
            let setting: Setting = text.parse().unwrap();
            assert_eq!((setting.knob, setting.client), (knob, client));
            assert_eq!(setting.to_string(), text);
        }
        let refused = |text: &str| text.parse::<Setting>().unwrap_err();
        assert_eq!(refused("buffer.1"), KnobError::NotOfClients(Knob::Buffer));
        for text in [
            "gap.0", "gap.9", "gap.", "gap.x", "gap.1.1", ".1", "colour.1",
        ] {
            assert_eq!(refused(text), KnobError::Unknown(text.to_owned()));
        }
    }

    #[test]
    fn one_client_has_a_value_of_its_own() {
        let mut experiment = Experiment::new(System::TcpEcho, &["a"]);
        let second = Setting::of(Knob::Piece, ClientId::SECOND).unwrap();
        let error = second.set(&mut experiment, "3").unwrap_err();
        assert_eq!(
            error.to_string(),
            "piece needs a client 2: set clients=2 first"
        );
        Knob::Clients.set(&mut experiment, "2").unwrap();
        second.set(&mut experiment, "3").unwrap();
        assert_eq!(second.get(&experiment), "3");
        assert_eq!(Knob::Piece.get(&experiment), "0");
        super::super::apply(&mut experiment, &["gap.2=5ms", "messages.2=b\nc"]).unwrap();
        let [first, second] = &experiment.clients[..] else {
            panic!("two clients");
        };
        assert_eq!((first.gap_us, second.gap_us), (0, 5_000));
        assert_eq!((first.messages.len(), second.messages.len()), (1, 2));
    }
}
