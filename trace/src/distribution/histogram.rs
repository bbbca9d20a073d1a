//! Values as a few bars.

use protocol::Nanos;

use super::Tally;

/// A bar of a histogram: the runs whose value is within its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// The least value of the bar.
    pub least: u64,
    /// The greatest value of the bar.
    pub most: u64,
    /// How many runs.
    pub runs: u32,
    /// The first of these runs, from 1; 0 where there is none.
    pub example: u32,
}

impl Bar {
    /// What it is of: a value, or from which to which with `dash` between them.
    pub fn bounds(&self, value: impl Fn(u64) -> String, dash: &str) -> String {
        let (least, most) = (value(self.least), value(self.most));
        if least == most {
            return least;
        }
        [&least, dash, &most].concat()
    }
}

/// A histogram of counts with at most `most` bars: a bar for each value that came, or, where
/// these are more, bars of equal width. Bars without a run are left out.
pub fn of_counts(tally: &Tally, most: usize) -> Vec<Bar> {
    let bar = |(value, found): (&u64, &super::Found)| Bar {
        least: *value,
        most: *value,
        runs: found.runs,
        example: found.example,
    };
    let bars: Vec<_> = tally.iter().map(bar).collect();
    let (Some(first), Some(last)) = (bars.first(), bars.last()) else {
        return bars;
    };
    if bars.len() <= most {
        return bars;
    }
    let width = ((last.most - first.least) / most.max(1) as u64).saturating_add(1);
    let start = first.least;
    let mut grouped: Vec<Bar> = Vec::new();
    for bar in bars {
        let from = start + (bar.least - start) / width * width;
        match grouped.last_mut() {
            Some(group) if group.least == from => join(group, bar),
            _ => grouped.push(Bar {
                least: from,
                most: from.saturating_add(width - 1),
                ..bar
            }),
        }
    }
    grouped
}

/// A histogram of times, ascending and each with its run's number, with at most `most` bars.
/// They are of one width, 1, 2 or 5 times a power of ten nanoseconds, without gaps, and the
/// last one also has what is far beyond the others: its `most` is the longest time then.
pub fn of_times(times: &[(Nanos, u32)], most: usize) -> Vec<Bar> {
    let (Some((first, _)), Some((last, _))) = (times.first(), times.last()) else {
        return Vec::new();
    };
    let most = most.max(2) as u64;
    // Of the twentieth part that took longest the bars do not have to tell apart much.
    let usual = times[(times.len() - 1) * 19 / 20].0;
    let width = width(usual.0 - first.0, most - 1);
    let start = first.0 / width * width;
    let count = ((last.0 - start) / width + 1).min(most);
    let bar = |index: u64| {
        let from = start + index * width;
        let is_last = index + 1 == count;
        let end = from.saturating_add(width - 1);
        Bar {
            least: from,
            most: if is_last { end.max(last.0) } else { end },
            runs: 0,
            example: 0,
        }
    };
    let mut bars: Vec<_> = (0..count).map(bar).collect();
    for (time, run) in times {
        let index = ((time.0 - start) / width).min(count - 1);
        join(
            &mut bars[usize::try_from(index).unwrap_or(usize::MAX)],
            Bar {
                runs: 1,
                example: *run,
                least: time.0,
                most: time.0,
            },
        );
    }
    bars
}

/// Adds the runs of `other`.
fn join(bar: &mut Bar, other: Bar) {
    bar.example = match bar.runs {
        0 => other.example,
        _ => bar.example.min(other.example),
    };
    bar.runs += other.runs;
}

/// The least round width with which `bars` bars, wherever the first begins, reach over `span`.
fn width(span: u64, bars: u64) -> u64 {
    let mut power = 1_u64;
    loop {
        for digit in [1, 2, 5] {
            let width = power.saturating_mul(digit);
            // The first bar may begin up to its width before the first value.
            if width.saturating_mul(bars) > span.saturating_add(width) || width == u64::MAX {
                return width;
            }
        }
        power = power.saturating_mul(10);
    }
}
