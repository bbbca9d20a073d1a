//! What many runs of one experiment came to, as text: a bar for each value.
//!
//! ```text
//! recv() calls of the server
//!          1  ████████████████████████  151 · 75.5 %  run 1
//!          2  ██████                     49 · 24.5 %  run 4
//! ```

use std::fmt::Write as _;

use trace::distribution::{Distribution, Sizes, Summary, of_counts, of_times, percent};
use trace::text::{Sentence, Time, grouped};

use super::screen::width;
use super::{BAD, BOLD, DIM, Screen};

/// Most bars of a count, of times, and most lines of sequences and of sizes.
const BARS: usize = 16;
/// Columns of the longest bar.
const BAR: usize = 32;
/// Most columns of what a bar is of.
const LABEL: usize = 24;

/// A line of a histogram.
struct Line {
    label: String,
    /// How long its bar is in relation to the others.
    weight: u64,
    count: String,
    example: String,
}

/// The counts, sequences, sizes and times of the runs.
pub fn distribution(distribution: &Distribution, all_sizes: &Sizes, screen: Screen) -> String {
    let runs = distribution.runs();
    let all = Sentence::new("times.runs").with("n", u64::from(runs));
    let mut text = screen.paragraph(BOLD, &screen.say(&all));
    if distribution.unfinished > 0 {
        let unfinished = u64::from(distribution.unfinished);
        let said = Sentence::new("times.unfinished").with("n", unfinished);
        text += &screen.paragraph(BAD, &screen.say(&said));
    }
    for (count, tally) in &distribution.counts {
        let bars = of_counts(tally, BARS);
        let lines = bars.iter().map(|bar| {
            of_runs(
                bar.bounds(grouped, dash(screen)),
                bar.runs,
                bar.example,
                runs,
                screen,
            )
        });
        let title = screen.text(count.key());
        text += &histogram(&title, lines.collect(), screen);
    }
    let calls = distribution.counts.first();
    let calls = calls.map_or("times.none", |(count, _)| count.key());
    let titled = |key| screen.say(&Sentence::new(key).with("what", calls));
    text += &histogram(
        &titled("times.sequences"),
        sequences(distribution, screen),
        screen,
    );
    let left = distribution.sequences.len().saturating_sub(BARS);
    text += &more(left + distribution.other_sequences as usize, screen);
    text += &histogram(&titled("times.sizes"), sizes(all_sizes, screen), screen);
    let left = all_sizes.known.len().saturating_sub(BARS);
    text += &more(left, screen);
    if all_sizes.other > 0 {
        let other = Sentence::new("times.other-sizes").with("n", all_sizes.other);
        let line = format!("  {DIM}{}{DIM:#}\n", screen.say(&other));
        text += &line;
    }
    text += &times(distribution, screen);
    text
}

/// The most frequent sequences of sizes.
fn sequences(distribution: &Distribution, screen: Screen) -> Vec<Line> {
    let ranked = distribution.ranked().into_iter().take(BARS);
    let lines = ranked.map(|(sizes, found)| {
        let label = joined(sizes, screen);
        of_runs(
            label,
            found.runs,
            found.example,
            distribution.runs(),
            screen,
        )
    });
    lines.collect()
}

/// The sizes that came most often, ascending.
fn sizes(all: &Sizes, screen: Screen) -> Vec<Line> {
    let mut sizes: Vec<_> = all.known.iter().collect();
    sizes.sort_by_key(|(_, calls)| std::cmp::Reverse(**calls));
    sizes.truncate(BARS);
    sizes.sort_unstable();
    let lines = sizes.into_iter().map(|(size, calls)| Line {
        label: format!("{} B", grouped(u64::from(*size))),
        weight: *calls,
        count: screen.say(&Sentence::new("times.calls").with("n", *calls)),
        example: String::new(),
    });
    lines.collect()
}

/// How long the runs took.
fn times(distribution: &Distribution, screen: Screen) -> String {
    let times = distribution.times();
    let Some(summary) = Summary::of(&times) else {
        return String::new();
    };
    let summary = summary.sentence();
    let bars = of_times(&times, BARS);
    let time = |nanos| Time(protocol::Nanos(nanos)).to_string();
    let lines = bars.iter().map(|bar| {
        let label = bar.bounds(time, dash(screen));
        of_runs(label, bar.runs, bar.example, distribution.runs(), screen)
    });
    let title = screen.text("times.took");
    let mut text = histogram(&title, lines.collect(), screen);
    text += &screen.paragraph(DIM, &screen.say(&summary));
    text
}

/// What stands between the bounds of a bar.
fn dash(screen: Screen) -> &'static str {
    if screen.is_utf8() { " – " } else { " - " }
}

/// As many sizes as there is room for, and how many there are if not all are shown.
fn joined(sizes: &[u32], screen: Screen) -> String {
    if sizes.is_empty() {
        return screen.text("times.none");
    }
    let ellipsis = if screen.is_utf8() { "…" } else { "..." };
    trace::distribution::joined(sizes, LABEL, ellipsis)
}

fn of_runs(label: String, runs: u32, example: u32, all: u32, screen: Screen) -> Line {
    let count = Sentence::new("times.share")
        .with("n", u64::from(runs))
        .with("percent", percent(runs, all));
    let example = match example {
        0 => String::new(),
        run => screen.say(&Sentence::new("times.example").with("n", u64::from(run))),
    };
    Line {
        label,
        weight: u64::from(runs),
        count: screen.say(&count),
        example,
    }
}

/// A title and its bars; nothing without bars.
fn histogram(title: &str, lines: Vec<Line>, screen: Screen) -> String {
    let Some(longest) = lines.iter().map(|line| line.weight).max() else {
        return String::new();
    };
    let widest = |of: fn(&Line) -> &str| lines.iter().map(|line| width(of(line))).max();
    let labels = widest(|line| &line.label).unwrap_or(0);
    let counts = widest(|line| &line.count).unwrap_or(0);
    let examples = widest(|line| &line.example).unwrap_or(0);
    let rest = labels + counts + examples + 8;
    let room = screen.columns().saturating_sub(rest).clamp(2, BAR);
    let block = if screen.is_utf8() { "█" } else { "#" };
    let mut text = format!("\n{}", screen.paragraph(BOLD, title));
    for line in lines {
        let length = match line.weight {
            0 => 0,
            // What came at all has a bar.
            weight => usize::try_from((weight * room as u64).div_ceil(longest)).unwrap_or(room),
        };
        let before = " ".repeat(labels - width(&line.label));
        let behind = " ".repeat(room - length);
        let gap = " ".repeat(counts - width(&line.count));
        let bar = block.repeat(length);
        let _ = write!(
            text,
            "  {before}{}  {bar}{behind}  {}",
            line.label, line.count
        );
        if !line.example.is_empty() {
            let _ = write!(text, "{gap}  {DIM}{}{DIM:#}", line.example);
        }
        text.push('\n');
    }
    text
}

/// How many are not listed.
fn more(left: usize, screen: Screen) -> String {
    if left == 0 {
        return String::new();
    }
    let more = Sentence::new("times.more").with("n", left as u64);
    format!("  {DIM}{}{DIM:#}\n", screen.say(&more))
}

#[cfg(test)]
mod tests {
    use protocol::Nanos;
    use trace::distribution::{Found, Tally};

    use super::*;
    use crate::lessons::Language;

    fn found(runs: u32, example: u32) -> Found {
        Found { runs, example }
    }

    fn example() -> Distribution {
        let mut example = Distribution::new(None);
        example.counts[0].1 = Tally::from([(1, found(151, 1)), (2, found(49, 4))]);
        let sequences = [(vec![20], found(151, 1)), (vec![5; 30], found(49, 4))];
        example.sequences = Tally::from(sequences);
        let times = (0..200).map(|n| Some(Nanos::from_micros(30_000 + n)));
        example.took = times.collect();
        example
    }

    fn calls() -> Sizes {
        Sizes {
            known: [(20, 151), (5, 1_470)].into_iter().collect(),
            other: 0,
        }
    }

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn each_value_has_a_bar_with_its_share_and_a_run() {
        let text = plain(&distribution(&example(), &calls(), Screen::narrow(80)));
        let expected = format!(
            "200 runs\n\nrecv() calls of the server\n  1  {}  151 · 75.5 %  run 1\n  2  {}{}  49 · 24.5 %   run 4\n",
            "█".repeat(32),
            "█".repeat(11),
            " ".repeat(21)
        );
        assert!(text.starts_with(&expected), "{text}");
        assert!(text.contains("5 5 5 5 5 5 5 5 5 … (30)  ███"), "{text}");
        assert!(text.contains("1,470 calls"), "{text}");
        let summary =
            "shortest 30.0 ms · median 30.1 ms · 9 of 10 within 30.2 ms · longest 30.2 ms";
        assert!(text.contains(summary), "{text}");
    }

    #[test]
    fn no_line_is_wider_than_the_screen_and_ascii_stays_ascii() {
        for columns in [60, 80, 200] {
            for language in Language::all() {
                for is_utf8 in [true, false] {
                    let screen = Screen::new(columns, language, is_utf8);
                    let text = plain(&distribution(&example(), &calls(), screen));
                    for line in text.lines() {
                        assert!(width(line) <= columns, "{columns}: {line}");
                    }
                    assert!(is_utf8 || !text.contains(['█', '…']), "{text}");
                }
            }
        }
    }

    #[test]
    fn no_run_is_said_and_nothing_is_drawn() {
        let text = plain(&distribution(
            &Distribution::new(None),
            &Sizes::default(),
            Screen::narrow(80),
        ));
        assert_eq!(text, "0 runs\n");
    }
}
