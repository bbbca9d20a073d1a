//! Schedules as people write them.
//!
//! ```text
//! schedule = rule *("+" rule)
//! rule     = ("c" / "s") [number] ["o" / "a"] ":" change
//!          / call ":" error ["@" number *("," number)]
//! change   = offset *("," offset)                      ; cuts
//!          / "max" number / "glue"
//!          / error ["@" offset *("," offset)]
//! call     = "accept" / "connect" / "poll" / "select" / "epoll"
//! error    = "eagain" / "eintr"
//! ```
//!
//! `c1:4` cuts behind byte 4 of what is received on connection 1, `s:max1` sends one byte at a
//! time on all connections, `c2a:glue` is about the end that accepted connection 2, and
//! `accept:eintr@2` interrupts the second accept() that waits.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use record::End;

use crate::failing::{Error, Failure, Waiting, Which};
use crate::schedule::{Change, Offsets, Rule, Schedule, Selector, Way};

/// Most rules, and most offsets of a rule.
const MOST: usize = 100_000;

/// Why a text is no schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// A rule that is written wrongly.
    #[error(
        "{0:?} is no rule of a schedule: c1:4 cuts what connection 1 receives behind byte 4, \
         s1:4 what it sends; :max1 is one byte at a time, :glue, :eagain@0 and :eintr@0 are others; \
         accept:eintr@1 interrupts the first accept() that waits"
    )]
    Rule(String),
    /// Too many rules or offsets.
    #[error("a schedule has at most {MOST} rules and offsets")]
    Long,
}

impl FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let mut schedule = Self::default();
        for part in text.split('+') {
            let refused = || ScheduleError::Rule(part.chars().take(60).collect());
            if let Some(failure) = failure(part)? {
                schedule.failures.push(failure);
            } else {
                schedule.rules.push(rule(part)?.ok_or_else(refused)?);
            }
            if schedule.rules.len() + schedule.failures.len() > MOST {
                return Err(ScheduleError::Long);
            }
        }
        Ok(schedule)
    }
}

/// Calls that move no bytes and fail; none if it is something else.
fn failure(text: &str) -> Result<Option<Failure>, ScheduleError> {
    let Some((call, failing)) = text.split_once(':') else {
        return Ok(None);
    };
    let (error, numbers) = match failing.split_once('@') {
        Some((error, numbers)) => (error, Some(numbers)),
        None => (failing, None),
    };
    let call = Waiting::ALL.into_iter().find(|one| one.name() == call);
    let error = Error::ALL.into_iter().find(|one| one.name() == error);
    let (Some(call), Some(error)) = (call, error) else {
        return Ok(None);
    };
    let which = match numbers {
        None => Some(Which::Every),
        Some(numbers) => {
            let numbers = offsets(numbers)?;
            let counted = numbers.filter(|numbers| !numbers.contains(&0));
            counted.map(Which::These)
        }
    };
    let which = which.filter(|_| error.is_of(call));
    Ok(which.map(|which| Failure { call, error, which }))
}

/// One rule; none if it is none.
fn rule(text: &str) -> Result<Option<Rule>, ScheduleError> {
    let Some((selector, change)) = text.split_once(':') else {
        return Ok(None);
    };
    let Some(selector) = self::selector(selector) else {
        return Ok(None);
    };
    let change = match change {
        "glue" if selector.way == Way::Recv => Some(Change::Glue),
        "eagain" => Some(Change::WouldBlock(Offsets::Every)),
        "eintr" => Some(Change::Interrupt(Offsets::Every)),
        _ => {
            if let Some(most) = change.strip_prefix("max") {
                let most = most.parse().ok().filter(|most| *most > 0);
                most.map(Change::AtMost)
            } else if let Some(these) = change.strip_prefix("eagain@") {
                offsets(these)?.map(|these| Change::WouldBlock(Offsets::These(these)))
            } else if let Some(these) = change.strip_prefix("eintr@") {
                offsets(these)?.map(|these| Change::Interrupt(Offsets::These(these)))
            } else {
                let cuts = offsets(change)?;
                cuts.filter(|cuts| !cuts.contains(&0)).map(Change::Cuts)
            }
        }
    };
    Ok(change.map(|change| Rule { selector, change }))
}

fn selector(text: &str) -> Option<Selector> {
    let (way, text) = match text.strip_prefix('c') {
        Some(rest) => (Way::Recv, rest),
        None => (Way::Send, text.strip_prefix('s')?),
    };
    let (end, text) = if let Some(rest) = text.strip_suffix('o') {
        (Some(End::Opener), rest)
    } else if let Some(rest) = text.strip_suffix('a') {
        (Some(End::Acceptor), rest)
    } else {
        (None, text)
    };
    let connection = match text {
        "" => None,
        number => Some(number.parse().ok().filter(|number| *number > 0)?),
    };
    Some(Selector {
        way,
        connection,
        end,
    })
}

fn offsets(text: &str) -> Result<Option<BTreeSet<u64>>, ScheduleError> {
    let mut offsets = BTreeSet::new();
    for part in text.split(',') {
        // `3-9` is each of them.
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (Ok(first), Ok(last)) = (first.parse::<u64>(), last.parse::<u64>()) else {
            return Ok(None);
        };
        if first > last {
            return Ok(None);
        }
        if last - first >= MOST as u64 || offsets.len() >= MOST {
            return Err(ScheduleError::Long);
        }
        offsets.extend(first..=last);
    }
    Ok(Some(offsets))
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules = self.rules.iter().map(|rule| rule as &dyn fmt::Display);
        let failures = self.failures.iter().map(|one| one as &dyn fmt::Display);
        for (number, part) in rules.chain(failures).enumerate() {
            if number > 0 {
                f.write_str("+")?;
            }
            part.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.call.name(), self.error.name())?;
        match &self.which {
            Which::Every => Ok(()),
            Which::These(numbers) => {
                f.write_str("@")?;
                write_offsets(numbers, f)
            }
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Selector {
            way,
            connection,
            end,
        } = self.selector;
        f.write_str(match way {
            Way::Recv => "c",
            Way::Send => "s",
        })?;
        if let Some(connection) = connection {
            connection.fmt(f)?;
        }
        f.write_str(match end {
            Some(End::Opener) => "o",
            Some(End::Acceptor) => "a",
            None => "",
        })?;
        f.write_str(":")?;
        match &self.change {
            Change::Cuts(cuts) => write_offsets(cuts, f),
            Change::AtMost(most) => write!(f, "max{most}"),
            Change::Glue => f.write_str("glue"),
            Change::WouldBlock(Offsets::Every) => f.write_str("eagain"),
            Change::Interrupt(Offsets::Every) => f.write_str("eintr"),
            Change::WouldBlock(Offsets::These(these)) => {
                f.write_str("eagain@")?;
                write_offsets(these, f)
            }
            Change::Interrupt(Offsets::These(these)) => {
                f.write_str("eintr@")?;
                write_offsets(these, f)
            }
        }
    }
}

/// Offsets, with stretches of more than two that follow each other as `first-last`.
fn write_offsets(offsets: &BTreeSet<u64>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut rest = offsets.iter().copied().peekable();
    let mut is_first = true;
    while let Some(first) = rest.next() {
        let mut last = first;
        while let Some(next) = rest.next_if_eq(&(last + 1)) {
            last = next;
        }
        if !is_first {
            f.write_str(",")?;
        }
        is_first = false;
        match last - first {
            0 => write!(f, "{first}")?,
            1 => write!(f, "{first},{last}")?,
            _ => write!(f, "{first}-{last}")?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for text in [
            "c1:1",
            "c1:1,2,5-9",
            "c:max1",
            "s2a:max3",
            "c1o:glue",
            "c:eagain",
            "s:eintr",
            "c3:eagain@0",
            "c3:eintr@0,4-6",
            "c1:4+s1:9",
            "accept:eintr",
            "accept:eagain@1",
            "connect:eintr@2",
            "poll:eintr@1,3-5",
            "select:eintr+epoll:eintr@7",
            "c1:4+accept:eintr@1",
        ] {
            let schedule: Schedule = text.parse().unwrap();
            assert_eq!(schedule.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for text in [
            "",
            "c1",
            "1:4",
            "c1:",
            "c1:0",
            "c0:1",
            "c1:max0",
            "s1:glue",
            "c1:9-3",
            "c1:x",
            "c1:1+",
            "c1:-1",
            "x1:1",
            "accept:4",
            "accept:eintr@0",
            "accept:eintr@",
            "poll:eagain",
            "connect:eagain@1",
            "accept1:eintr",
            "read:eintr",
            "poll",
        ] {
            let refused = text.parse::<Schedule>();
            assert!(matches!(refused, Err(ScheduleError::Rule(_))), "{text}");
        }
        let long = "c1:1-18446744073709551615".parse::<Schedule>();
        assert_eq!(long, Err(ScheduleError::Long));
    }
}
