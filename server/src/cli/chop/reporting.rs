//! What was found out, for programs: JSON lines, and a JUnit report.

use std::fmt::Write as _;

use serde_json::json;
use stickylab::chop::{Fate, Judgement, telling};
use stickylab::printable;
use stickylab::terminal::{Again, Screen};

/// One object for each family, one for each finding, and one for all; `unfitting` are the
/// connections on which no frame is received.
pub(super) fn json(
    judgement: &Judgement,
    again: &[Again],
    unfitting: &[u32],
    screen: Screen,
) -> String {
    let mut lines = Vec::new();
    for tried in &judgement.families {
        let finding = match tried.fate {
            Fate::Broke(finding) | Fate::PeerBroke(finding) => Some(finding),
            Fate::Survived | Fate::NotTried => None,
        };
        lines.push(json!({
            "type": "family",
            "family": tried.family.name(),
            "tried": tried.tried,
            "of": tried.of,
            "fate": fate(tried.fate),
            "finding": finding,
        }));
    }
    for (finding, again) in judgement.findings.iter().zip(again) {
        let said =
            |sentences: &[_]| -> Vec<_> { sentences.iter().map(|one| screen.say(one)).collect() };
        let names = finding.differences.iter().map(::chop::Difference::name);
        lines.push(json!({
            "type": "finding",
            "family": finding.family.name(),
            "whose": if finding.is_of_peer() { "peer" } else { "program" },
            "schedule": finding.schedule.to_string(),
            "changes": finding.changes,
            "fewest": finding.is_fewest,
            "differences": names.collect::<Vec<_>>(),
            "broke": said(&telling::broke(finding)).join(": "),
            "differs": said(&telling::differences(finding)),
            "why": screen.say(&telling::why(finding)),
            "again": again.command,
            "files": again.files,
            "test": again.test.as_ref().and_then(|test| test.as_ref().ok()),
            "decoder": again.decoder,
        }));
    }
    let first = judgement.baseline.first();
    lines.push(json!({
        "type": "judged",
        "survived": judgement.findings.is_empty(),
        "verdict": judgement.verdict().name(),
        "exit": judgement.verdict().code(),
        "schedules": judgement.schedules,
        "seconds": judgement.took.as_secs_f64(),
        "connections": first.connections.len(),
        "masked": judgement.baseline.masked(),
        "unsteady": judgement.unsteady,
        "other-pieces": judgement.moot,
        "unfitting": unfitting,
    }));
    let mut text = String::new();
    for line in lines {
        text += &printable::harmless(&line.to_string());
        text.push('\n');
    }
    text
}

const fn fate(fate: Fate) -> &'static str {
    match fate {
        Fate::Survived => "survived",
        Fate::Broke(_) => "broke",
        Fate::PeerBroke(_) => "peer-broke",
        Fate::NotTried => "not-tried",
    }
}

/// A suite with a case for each family (the format of JUnit's Ant task). One in which the peer
/// broke is an error, and no failure: the program could not be judged.
pub(super) fn junit(judgement: &Judgement, name: &str, screen: Screen) -> String {
    let count = |is: fn(&Fate) -> bool| {
        let families = judgement.families.iter();
        families.filter(|tried| is(&tried.fate)).count()
    };
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        text,
        "<testsuite name=\"stickylab chop\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3}\">",
        judgement.families.len(),
        count(|fate| matches!(fate, Fate::Broke(_))),
        count(|fate| matches!(fate, Fate::PeerBroke(_))),
        count(|fate| *fate == Fate::NotTried),
        judgement.took.as_secs_f64()
    );
    for tried in &judgement.families {
        let _ = write!(
            text,
            "  <testcase classname=\"{}\" name=\"{}\"",
            escaped(name),
            tried.family
        );
        match tried.fate {
            Fate::Survived => text += "/>\n",
            Fate::NotTried => text += "><skipped/></testcase>\n",
            Fate::Broke(number) | Fate::PeerBroke(number) => {
                let finding = &judgement.findings[number];
                let element = if finding.is_of_peer() {
                    "error"
                } else {
                    "failure"
                };
                let message = telling::broke(finding)
                    .map(|one| screen.say(&one))
                    .join(": ");
                let differs = telling::differences(finding);
                let differs: Vec<_> = differs.iter().map(|one| screen.say(one)).collect();
                let _ = writeln!(
                    text,
                    "><{element} message=\"{}\">{}\n{}</{element}></testcase>",
                    escaped(&message),
                    escaped(&finding.schedule.to_string()),
                    escaped(&differs.join("\n"))
                );
            }
        }
    }
    text += "</testsuite>\n";
    text
}

/// Characters that XML does not allow are left out (XML 1.0, 2.2).
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\n' | '\t' => escaped.push(character),
            character if character.is_control() => {}
            '\u{fffe}' | '\u{ffff}' => {}
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_would_read_otherwise_is_escaped() {
        assert_eq!(
            escaped("a<b> & \"c\"\u{1b}[0m\n"),
            "a&lt;b&gt; &amp; &quot;c&quot;[0m\n"
        );
    }
}
