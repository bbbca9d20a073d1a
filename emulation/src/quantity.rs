//! Shares of packets and rates of bits, as text and as numbers.

use std::fmt;
use std::str::FromStr;

/// A share of all packets, in millionths: 0 to 1,000,000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(u32);

impl Share {
    /// All of them, in millionths.
    pub const ALL: u32 = 1_000_000;

    /// This many millionths; none for more than all.
    pub const fn of_million(millionths: u32) -> Option<Self> {
        if millionths <= Self::ALL {
            Some(Self(millionths))
        } else {
            None
        }
    }

    /// In millionths.
    pub const fn millionths(self) -> u32 {
        self.0
    }
}

/// Bits in a second; 0: without a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(pub u64);

impl Rate {
    /// Units by size.
    const UNITS: [(&'static str, u64); 4] = [
        ("Gbit", 1_000_000_000),
        ("Mbit", 1_000_000),
        ("kbit", 1_000),
        ("bit", 1),
    ];

    /// How long `bytes` take, in nanoseconds, rounded up; 0 without a limit.
    pub fn nanos(self, bytes: usize) -> u64 {
        if self.0 == 0 {
            return 0;
        }
        let bits = bytes as u128 * 8 * 1_000_000_000;
        u64::try_from(bits.div_ceil(self.0.into())).unwrap_or(u64::MAX)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal(f, u64::from(self.0), 10_000, "%")
    }
}

impl FromStr for Share {
    type Err = ();

    /// A percentage with its sign; 0 needs none. A bare `1` could be meant as all of them.
    fn from_str(text: &str) -> Result<Self, ()> {
        let number = text.strip_suffix('%').map(str::trim_end);
        let text = number.or((text == "0").then_some(text)).ok_or(())?;
        let millionths = scaled(text, 10_000).ok_or(())?;
        let millionths = u32::try_from(millionths).map_err(|_| ())?;
        Self::of_million(millionths).ok_or(())
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("unlimited");
        }
        let units = Self::UNITS.into_iter();
        // The largest in which it is a short number.
        let fits =
            |&(_, size): &(&str, u64)| self.0 >= size && self.0.is_multiple_of((size / 10).max(1));
        let (unit, size) = units.clone().find(fits).unwrap_or(("bit", 1));
        decimal(f, self.0, size, unit)
    }
}

impl FromStr for Rate {
    type Err = ();

    /// A number with a unit (`bit`, `kbit`, `Mbit`, `Gbit`, in upper or lower case, with or
    /// without `/s`), or `unlimited`.
    fn from_str(text: &str) -> Result<Self, ()> {
        if matches!(text, "unlimited" | "0") {
            return Ok(Self(0));
        }
        let text = text.strip_suffix("/s").unwrap_or(text);
        for (unit, size) in Self::UNITS {
            let at = text.len().saturating_sub(unit.len());
            if let Some(end) = text.get(at..)
                && end.eq_ignore_ascii_case(unit)
            {
                return scaled(text[..at].trim_end(), size).map(Self).ok_or(());
            }
        }
        Err(())
    }
}

/// Writes `value` in a unit of which one is `size`, a power of ten, without zeros behind the point.
pub(crate) fn decimal(
    f: &mut fmt::Formatter<'_>,
    value: u64,
    size: u64,
    unit: &str,
) -> fmt::Result {
    let (whole, mut rest) = (value / size, value % size);
    write!(f, "{whole}")?;
    if rest > 0 {
        f.write_str(".")?;
        let mut place = size / 10;
        while rest > 0 {
            write!(f, "{}", rest / place)?;
            rest %= place;
            place /= 10;
        }
    }
    f.write_str(unit)
}

/// The number that `text` writes in a unit of which one is `size`, a power of ten: digits,
/// and a point with digits behind it. None if it is finer than one, or too large.
pub(crate) fn scaled(text: &str, size: u64) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |text: &str| {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        digits && (1..=15).contains(&text.len())
    };
    if !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let mut value = whole.parse::<u64>().ok()?.checked_mul(size)?;
    let mut place = size;
    for digit in fraction.bytes() {
        let digit = u64::from(digit - b'0');
        if place < 10 && digit > 0 {
            return None;
        }
        place /= 10;
        value = value.checked_add(digit * place)?;
    }
    Some(value)
}
