//! Links as text: `rtt=40ms,loss=1%`, `ocean`, `mobile,seed=3`. A value for each way is
//! written with a slash: `loss=1%/0%` is 1 % up and nothing down.

use std::fmt;
use std::str::FromStr;

use protocol::Nanos;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::quantity::{decimal, scaled};
use crate::settings::{MAX_DELAY, MAX_MTU, MAX_QUEUE, MAX_RATE, MIN_MTU, MIN_RATE};
use crate::{LinkError, LinkSettings, Part, Preset, Rate, Share, Way};

/// Most bytes of a word that an error repeats.
const SHOWN: usize = 40;

/// The link that `text` describes: a preset, settings, or a preset and settings, with commas
/// between them; none for `this-machine` and for nothing at all.
///
/// # Errors
/// The first word that is neither, the first value that its setting does not take, and a
/// setting that stands there twice.
pub fn parse(text: &str) -> Result<Option<LinkSettings>, LinkError> {
    let mut words = text.split(',').map(str::trim).peekable();
    let preset = words.peek().and_then(|&first| {
        let mut presets = Preset::ALL.into_iter();
        presets.find(|preset| preset.name() == first)
    });
    let mut link = match preset.map(Preset::description) {
        None if text.trim().is_empty() => return Ok(None),
        None => LinkSettings::default(),
        Some(Some(description)) => described(description)?,
        Some(None) => {
            let has_more = words.nth(1).is_some();
            return if has_more {
                Err(LinkError::NoLink)
            } else {
                Ok(None)
            };
        }
    };
    if preset.is_some() {
        words.next();
    }
    let mut given = Vec::new();
    for word in words {
        let part = set(&mut link, word)?;
        // The round trip is the sum of both delays.
        let is_delay = |part| matches!(part, Part::Rtt | Part::Delay);
        let same = |&other: &Part| other == part || is_delay(other) && is_delay(part);
        if let Some(other) = given.iter().copied().find(same) {
            return Err(LinkError::Twice(other, part));
        }
        given.push(part);
    }
    Ok(Some(link))
}

/// The link of settings alone.
fn described(text: &str) -> Result<LinkSettings, LinkError> {
    let mut link = LinkSettings::default();
    for word in text.split(',') {
        set(&mut link, word)?;
    }
    Ok(link)
}

/// Follows one `name=value`; which setting it was.
fn set(link: &mut LinkSettings, word: &str) -> Result<Part, LinkError> {
    let unknown = || LinkError::Unknown(shown(word));
    let (name, value) = word.split_once('=').ok_or_else(unknown)?;
    let part = Part::named(name.trim()).ok_or_else(unknown)?;
    link.set(part, value.trim())?;
    Ok(part)
}

/// The values for up and down of a setting that has two.
pub fn ways(value: &str) -> Option<(&str, &str)> {
    // "20Mbit/s" is one value.
    value.split_once('/').filter(|(_, down)| *down != "s")
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

impl Part {
    /// The setting of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.name() == name)
    }

    /// Whether each way may have a value of its own.
    const fn is_of_a_way(self) -> bool {
        !matches!(self, Self::Rtt | Self::Mtu | Self::Seed)
    }
}

impl LinkSettings {
    /// A setting as text: one value, or two with a slash where up and down differ. The round
    /// trip of a link whose delays differ is their sum.
    pub fn get(&self, part: Part) -> String {
        match part {
            Part::Rtt => Time(Nanos(self.up.delay.0 + self.down.delay.0)).to_string(),
            Part::Mtu => self.mtu.to_string(),
            Part::Seed => self.seed.to_string(),
            _ => {
                let [up, down] = [&self.up, &self.down].map(|way| way.get(part));
                if up == down {
                    up
                } else {
                    format!("{up}/{down}")
                }
            }
        }
    }

    /// Sets one of the settings from text. A refused value changes nothing.
    ///
    /// # Errors
    /// What the setting does not take.
    pub fn set(&mut self, part: Part, value: &str) -> Result<(), LinkError> {
        let refused = || LinkError::Value {
            part,
            value: shown(value),
        };
        if part.is_of_a_way() {
            let (up, down) = ways(value).unwrap_or((value, value));
            let mut ways = [self.up, self.down];
            for (way, value) in ways.iter_mut().zip([up, down]) {
                way.set(part, value.trim()).ok_or_else(refused)?;
            }
            [self.up, self.down] = ways;
            return Ok(());
        }
        if value.contains('/') {
            return Err(LinkError::OneForBoth(part));
        }
        match part {
            Part::Mtu => {
                let mtu = value.parse().ok();
                let mtu = mtu.filter(|mtu| (MIN_MTU..=MAX_MTU).contains(mtu));
                self.mtu = mtu.ok_or_else(refused)?;
            }
            Part::Seed => self.seed = value.parse().map_err(|_| refused())?,
            _ => {
                let rtt = time(value).filter(|rtt| rtt.0 <= 2 * MAX_DELAY.0);
                let rtt = rtt.ok_or_else(refused)?;
                self.up.delay = Nanos(rtt.0 / 2);
                self.down.delay = Nanos(rtt.0 - rtt.0 / 2);
            }
        }
        Ok(())
    }
}

impl Way {
    fn get(&self, part: Part) -> String {
        match part {
            Part::Jitter => Time(self.jitter).to_string(),
            Part::Loss => self.loss.to_string(),
            Part::Duplicate => self.duplicate.to_string(),
            Part::Reorder => self.reorder.to_string(),
            Part::Rate => self.rate.to_string(),
            Part::Queue => self.queue.to_string(),
            _ => Time(self.delay).to_string(),
        }
    }

    fn set(&mut self, part: Part, value: &str) -> Option<()> {
        let delay = || time(value).filter(|delay| *delay <= MAX_DELAY);
        let share = || value.parse::<Share>().ok();
        match part {
            Part::Jitter => self.jitter = delay()?,
            Part::Loss => self.loss = share()?,
            Part::Duplicate => self.duplicate = share()?,
            Part::Reorder => self.reorder = share()?,
            Part::Rate => {
                let rate = value.parse::<Rate>().ok();
                let fits = |rate: &Rate| rate.0 == 0 || (MIN_RATE..=MAX_RATE).contains(&rate.0);
                self.rate = rate.filter(fits)?;
            }
            Part::Queue => {
                let queue = value.parse().ok();
                self.queue = queue.filter(|queue| (1..=MAX_QUEUE).contains(queue))?;
            }
            _ => self.delay = delay()?,
        }
        Some(())
    }
}

/// A time with its unit. It has one, except 0.
fn time(text: &str) -> Option<Nanos> {
    let units = [
        ("ns", 1),
        ("us", 1_000),
        ("µs", 1_000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
    ];
    if text == "0" {
        return Some(Nanos(0));
    }
    let (text, size) = units
        .into_iter()
        .find_map(|(unit, size)| Some((text.strip_suffix(unit)?, size)))?;
    scaled(text.trim_end(), size).map(Nanos)
}

/// A time as it is written.
struct Time(Nanos);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.0 {
            0 => f.write_str("0ms"),
            nanos if nanos % 1_000_000_000 == 0 => decimal(f, nanos, 1_000_000_000, "s"),
            nanos => decimal(f, nanos, 1_000_000, "ms"),
        }
    }
}

impl fmt::Display for LinkSettings {
    /// What differs from a link that is only there, so that [`parse`] gives the same
    /// again. Of two equal delays it is the round trip.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = Self::default();
        let is_even = self.down.delay.0.wrapping_sub(self.up.delay.0) <= 1;
        let mut comma = "";
        for part in Part::ALL {
            let differs = match part {
                Part::Rtt => is_even && self.get(part) != plain.get(part),
                Part::Delay => !is_even,
                _ => self.get(part) != plain.get(part),
            };
            if differs {
                write!(f, "{comma}{}={}", part.name(), self.get(part))?;
                comma = ",";
            }
        }
        if comma.is_empty() {
            write!(f, "mtu={}", self.mtu)?;
        }
        Ok(())
    }
}

impl FromStr for LinkSettings {
    type Err = LinkError;

    /// As [`parse`]; what describes no link is refused.
    fn from_str(text: &str) -> Result<Self, LinkError> {
        parse(text)?.ok_or(LinkError::NoLink)
    }
}

impl Serialize for LinkSettings {
    /// Its text.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LinkSettings {
    /// Its text; or a table of the settings' texts, in which `preset` may come first.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Described)
    }
}

struct Described;

impl<'de> Visitor<'de> for Described {
    type Value = LinkSettings;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a link, such as \"rtt=40ms,loss=1%\", or a table of such settings")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<LinkSettings, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<LinkSettings, A::Error> {
        let (mut preset, mut settings) = (String::new(), String::new());
        while let Some((name, Word(value))) = map.next_entry::<String, Word>()? {
            if name == "preset" {
                preset = value;
            } else {
                for part in [",", &name, "=", &value] {
                    settings.push_str(part);
                }
            }
        }
        let text = match preset.as_str() {
            "" => settings.trim_start_matches(',').to_owned(),
            _ => preset + &settings,
        };
        text.parse().map_err(A::Error::custom)
    }
}

/// A value in a table: a text, or a whole number.
struct Word(String);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Value;
        impl Visitor<'_> for Value {
            type Value = Word;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a whole number")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Word, E> {
                Ok(Word(text.to_owned()))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Word, E> {
                Ok(Word(number.to_string()))
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<Word, E> {
                Ok(Word(number.to_string()))
            }
        }
        deserializer.deserialize_any(Value)
    }
}

#[cfg(test)]
mod tests;
