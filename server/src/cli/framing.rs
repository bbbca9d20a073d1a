//! `--framing`: how messages are framed, as a name and settings.

use anyhow::{Result, ensure};
use clap::Args;
use protocol::framing::LengthPrefix;
use protocol::{Framing, System};
use trace::Setup;

use super::suggestion::closest;

/// How the two directions of connections are framed.
#[derive(Debug, Args)]
pub(super) struct Framings {
    /// How both ends frame their messages, where nothing was planned: a name, and settings
    /// behind commas, as in length-prefix,width=2
    #[arg(long, value_name = "FRAMING", value_parser = parse)]
    framing: Option<Framing>,
    /// How whoever opened a connection frames its messages, in place of --framing
    #[arg(long, value_name = "FRAMING", value_parser = parse)]
    opener_framing: Option<Framing>,
    /// How whoever accepted it frames its messages, in place of --framing
    #[arg(long, value_name = "FRAMING", value_parser = parse)]
    acceptor_framing: Option<Framing>,
}

impl Framings {
    /// The first of the flags that was given.
    pub(super) fn flag(&self) -> Option<&'static str> {
        [
            (&self.framing, "--framing"),
            (&self.opener_framing, "--opener-framing"),
            (&self.acceptor_framing, "--acceptor-framing"),
        ]
        .into_iter()
        .find_map(|(framing, flag)| framing.is_some().then_some(flag))
    }

    /// Puts what was given in place of what is known.
    pub(super) fn apply(&self, setup: &mut Setup) {
        let both = self.framing.as_ref();
        if let Some(framing) = self.opener_framing.as_ref().or(both) {
            setup.opener_framing = Some(framing.clone());
        }
        if let Some(framing) = self.acceptor_framing.as_ref().or(both) {
            setup.acceptor_framing = Some(framing.clone());
        }
    }

    /// What is known of connections that nothing else tells of.
    pub(super) fn setup(&self) -> Setup {
        let mut setup = Setup::default();
        self.apply(&mut setup);
        setup
    }
}

/// The framing of `framed`; other systems have one of their own.
pub(super) fn of_system(system: System, framing: Option<&Framing>) -> Result<Framing> {
    ensure!(
        framing.is_none() || system == System::Framed,
        "--framing is for framed: {system} has a framing of its own"
    );
    let default = || Framing::LengthPrefix(LengthPrefix::default());
    Ok(framing.cloned().unwrap_or_else(default))
}

/// A framing as people write it: see [`trace::framing`].
pub(super) fn parse(text: &str) -> std::result::Result<Framing, String> {
    let name = text.split(',').next().unwrap_or(text);
    if Framing::named(name).is_none() {
        let hint = match closest(name, Framing::NAMES) {
            Some(close) => format!("; did you mean {close}?"),
            None => format!(": there are {}", Framing::NAMES.join(", ")),
        };
        return Err(format!("no framing is called {name:?}{hint}"));
    }
    trace::framing::parse(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_settings_are_checked() {
        assert!(parse("length-prefix,width=2").is_ok());
        let error = parse("lines").unwrap_err();
        assert!(error.contains("there are none"), "{error}");
        let error = parse("delimeter,maximum=9").unwrap_err();
        assert!(error.contains("did you mean delimiter?"), "{error}");
        assert!(parse("delimiter,x").unwrap_err().contains("sets nothing"));
    }
}
