//! What an entry of the table is made of: its parts and kinds of values.

use super::access::Access;
use super::{Domain, Group};
use crate::Experiment;
use crate::experiment::{MAX_KEY, MAX_MESSAGES};

/// What is known of one knob.
pub(super) struct Spec {
    /// The name used in lessons, in links and on the command line.
    pub(super) name: &'static str,
    /// What it is about.
    pub(super) group: Group,
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
        group: $group:ident,
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
                            group: Group::$group,
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

pub(super) use knobs;

/// On or off of an experiment.
macro_rules! switch {
    ($field:ident) => {
        Access::Word(
            |e| on_off(e.$field),
            |e, word| {
                e.$field = is_on(word)?;
                Some(())
            },
        )
    };
}

pub(super) use switch;

/// On or off of clients.
macro_rules! client_switch {
    ($whose:ident, $field:ident) => {
        Access::ClientWord(
            Whose::$whose,
            |c| on_off(c.$field),
            |c, word| {
                c.$field = is_on(word)?;
                Some(())
            },
        )
    };
}

pub(super) use client_switch;

pub(super) const ON_OFF: Domain = Domain::Choice(&["on", "off"]);
pub(super) const KEY: Domain = Domain::Text {
    least: 1,
    most: MAX_KEY,
};
pub(super) const MESSAGES: Domain = Domain::Lines { most: MAX_MESSAGES };

pub(super) const fn number(least: u32, most: u32, unit: &'static str) -> Domain {
    Domain::Number { least, most, unit }
}
