//! On what it was measured, and when.

use std::time::{SystemTime, UNIX_EPOCH};

/// The machine, as far as it changes figures.
#[derive(Debug)]
pub(crate) struct Machine {
    processor: String,
    cores: usize,
    memory: Option<u64>,
    kernel: String,
    /// How many programs wanted to run, on average over the last minute.
    load: Option<String>,
}

impl Machine {
    /// This machine, now.
    pub(crate) fn look() -> Self {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        let field = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        let memory = field(&read("/proc/meminfo"), "MemTotal");
        let memory = memory.and_then(|text| text.strip_suffix(" kB")?.parse::<u64>().ok());
        let release = read("/proc/sys/kernel/osrelease");
        let name = read("/proc/sys/kernel/ostype");
        Self {
            processor: field(&read("/proc/cpuinfo"), "model name")
                .unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory: memory.map(|kib| kib >> 20),
            kernel: format!("{} {}", name.trim(), release.trim()),
            load: read("/proc/loadavg").split(' ').next().map(str::to_owned),
        }
    }

    /// How busy it was already.
    pub(super) fn load(&self) -> &str {
        self.load.as_deref().unwrap_or("unknown")
    }

    /// In one line.
    pub(crate) fn line(&self) -> String {
        let memory = self.memory.map(|size| format!(", {size} GiB of memory"));
        format!(
            "{}, {} cores{}, {}",
            self.processor,
            self.cores,
            memory.unwrap_or_default(),
            self.kernel
        )
    }
}

/// Today in UTC, as 2026-01-31.
pub(crate) fn today() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    date(since.map_or(0, |since| since.as_secs() / 86_400))
}

/// The date of a day counted from 1970-01-01, in the Gregorian calendar.
fn date(day: u64) -> String {
    let mut left = day;
    let mut year = 1970;
    loop {
        let days = if is_leap(year) { 366 } else { 365 };
        if left < days {
            break;
        }
        left -= days;
        year += 1;
    }
    let february = if is_leap(year) { 29 } else { 28 };
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 1;
    for days in months {
        if left < days {
            break;
        }
        left -= days;
        month += 1;
    }
    format!("{year}-{month:02}-{:02}", left + 1)
}

const fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_their_dates() {
        fn check(day: u64, expected: &str) {
            assert_eq!(date(day), expected);
        }
        check(0, "1970-01-01");
        check(58, "1970-02-28");
        check(59, "1970-03-01");
        check(11_016, "2000-02-29");
        check(11_017, "2000-03-01");
        check(20_453, "2025-12-31");
        check(20_454, "2026-01-01");
    }
}
