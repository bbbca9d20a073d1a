//! A link that loses, delays, doubles and reorders packets: its settings, and what becomes
//! of each packet. Sans-IO: packets and times in, packets and times out; what looks like
//! chance follows from a seed.

#[cfg(test)]
mod properties;

mod chance;
mod pipe;
mod preset;
mod quantity;
mod settings;
mod text;

pub use pipe::{Arrival, Fate, Pipe};
pub use preset::Preset;
pub use quantity::{Rate, Share};
pub use settings::{
    LinkError, LinkSettings, MAX_DELAY, MAX_MTU, MAX_QUEUE, MAX_RATE, MIN_MTU, MIN_RATE, Part, Way,
};
pub use text::{parse, ways};
