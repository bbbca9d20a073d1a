//! What was measured: medians and spreads of the load generator's lines, and
//! what the other benchmarks printed.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// Everything measured in one go.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    all: Vec<Figure>,
    /// Command lines of peers, by name.
    pub(super) commands: Vec<(String, String)>,
    /// What other benchmarks printed, by name.
    pub(super) texts: Vec<(String, String)>,
}

/// One thing done by one subject, in all rounds.
#[derive(Debug)]
pub(crate) struct Figure {
    what: String,
    subject: String,
    unit: String,
    rounds: Vec<f64>,
}

impl Figures {
    /// Takes the load generator's lines. Paths below `root` are shown from there.
    pub(super) fn read(&mut self, lines: &str, root: &Path) -> Result<()> {
        let text = |line: &Value, field: &str| line[field].as_str().map(str::to_owned);
        for line in lines.lines() {
            let line: Value =
                serde_json::from_str(line).with_context(|| format!("no figure: {line}"))?;
            let subject = text(&line, "subject").context("a figure has a subject")?;
            if let Some(command) = text(&line, "command") {
                let root = format!("{}/", root.display());
                self.commands.push((subject, command.replace(&root, "")));
                continue;
            }
            let mut rounds: Vec<_> = line["rounds"]
                .as_array()
                .map(|rounds| rounds.iter().filter_map(Value::as_f64).collect())
                .unwrap_or_default();
            rounds.sort_by(f64::total_cmp);
            self.all.push(Figure {
                what: text(&line, "what").context("a figure says what it is")?,
                unit: text(&line, "unit").context("a figure has a unit")?,
                subject,
                rounds,
            });
        }
        Ok(())
    }

    /// Takes what the benchmark `name` printed. A last word behind `ratio ` is
    /// its figure, called by the line's first word.
    pub(super) fn read_text(&mut self, name: &str, text: &str) -> Result<()> {
        self.texts
            .push((name.to_owned(), text.trim_end().to_owned()));
        for line in text.lines() {
            let Some((before, ratio)) = line.rsplit_once("ratio ") else {
                continue;
            };
            let first = before.split_whitespace().next().unwrap_or_default();
            let first = first.trim_end_matches(':');
            let ratio: f64 = ratio
                .trim()
                .parse()
                .with_context(|| format!("no ratio: {line}"))?;
            self.all.push(Figure {
                what: format!("{name}-{first}"),
                subject: "ratio".to_owned(),
                unit: String::new(),
                rounds: vec![ratio],
            });
        }
        Ok(())
    }

    /// What `subject` did at `what`.
    pub(super) fn find(&self, what: &str, subject: &str) -> Option<&Figure> {
        let mut all = self.all.iter();
        all.find(|figure| figure.what == what && figure.subject == subject)
    }
}

impl Figure {
    /// The middle round; of an even number, the lower of the two.
    pub(super) fn median(&self) -> f64 {
        self.rounds
            .get(self.rounds.len().saturating_sub(1) / 2)
            .copied()
            .unwrap_or(f64::NAN)
    }

    /// What its rounds are counted in.
    pub(super) fn unit(&self) -> &str {
        &self.unit
    }

    /// Median with unit, and the lowest and highest round.
    pub(super) fn shown(&self) -> String {
        let median = shown(self.median());
        let [low, .., high] = self.rounds[..] else {
            return format!("{median} {}", self.unit);
        };
        let unit = if self.unit.is_empty() { "" } else { " " }.to_owned() + &self.unit;
        format!("{median}{unit} ({}–{})", shown(low), shown(high))
    }
}

/// Three digits, as a person reads them.
pub(super) fn shown(value: f64) -> String {
    if value >= 1000.0 {
        let whole = format!("{value:.0}");
        let (thousands, rest) = whole.split_at(whole.len() - 3);
        format!("{thousands},{rest}")
    } else if value >= 100.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(lines: &str) -> Figures {
        let mut figures = Figures::default();
        figures.read(lines, Path::new("/somewhere")).unwrap();
        figures
    }

    #[test]
    fn the_median_stands_between_the_lowest_and_the_highest() {
        let line = r#"{"what":"trips","subject":"a","unit":"/s","rounds":[5000,1,30,1234.5,2]}"#;
        let figures = figures(line);
        let figure = figures.find("trips", "a").unwrap();
        assert_eq!(figure.shown(), "30.0 /s (1.00–5,000)");
        assert!(figures.find("trips", "b").is_none());
    }

    #[test]
    fn commands_are_shown_from_the_top_level() {
        let line = r#"{"subject":"a","command":"/somewhere/target/a -q"}"#;
        let command = ("a".to_owned(), "target/a -q".to_owned());
        assert_eq!(figures(line).commands, [command]);
    }

    #[test]
    fn a_ratio_at_the_end_of_a_line_is_a_figure() {
        let mut figures = Figures::default();
        let text = "a title\n    64 B frames: 12 MiB/s, ratio 1.25\n";
        figures.read_text("decoder", text).unwrap();
        let figure = figures.find("decoder-64", "ratio").unwrap();
        assert!((figure.median() - 1.25).abs() < 1e-9);
    }

    #[test]
    fn what_is_no_json_is_an_error() {
        assert!(
            Figures::default()
                .read("thread panicked", Path::new("/"))
                .is_err()
        );
    }
}
