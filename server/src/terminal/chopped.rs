//! What `chop` found out, as text.

use std::fmt::Write as _;
use std::mem;

use anstyle::{AnsiColor, Style};
use chop::{Difference, Schedule, Way};
use protocol::Framing;
use trace::text::Sentence;

use super::screen::width;
use super::{BAD, DIM, Screen};
use crate::chop::telling;
use crate::chop::{Fate, Finding, Judgement, Tried, Untested, Verdict};
use crate::printable;

/// Columns of the names in front.
const NAMES: usize = 14;
const GOOD: Style = AnsiColor::Green.on_default().bold();
const NAME: Style = AnsiColor::Blue.on_default().bold();
const RED: Style = AnsiColor::Red.on_default();
const GREEN: Style = AnsiColor::Green.on_default();

/// What is printed of a finding besides what it is.
#[derive(Debug, Default)]
pub struct Again {
    /// The command that runs its schedule once more.
    pub command: String,
    /// The traces that were written.
    pub files: Vec<String>,
    /// The test that was written, or why there is none.
    pub test: Option<Result<String, Untested>>,
    /// The command that prints a test of a decoder, with a framing.
    pub decoder: Option<String>,
}

/// The line of what the program does as is.
pub fn chop_baseline(sentences: &[Sentence], screen: Screen) -> String {
    let parts: Vec<_> = sentences.iter().map(|one| screen.say(one)).collect();
    let title = screen.text("chop.baseline");
    screen.beside(DIM, &title, NAMES, &parts.join(" · "))
}

/// The line that says on which connections nothing is framed as was said; none if there are
/// none.
pub fn chop_unfitting(connections: &[u32], screen: Screen) -> String {
    if connections.is_empty() {
        return String::new();
    }
    let numbers: Vec<_> = connections.iter().map(u32::to_string).collect();
    let sentence = Sentence::new("chop.unfitting").with("connections", numbers.join(", "));
    screen.beside(BAD, "", NAMES, &screen.say(&sentence))
}

/// One family and what came of it, in a few columns; how many of it were tried, if not all.
pub fn chop_family(tried: &Tried, screen: Screen) -> String {
    let mut name = screen.say(&telling::family(tried.family));
    if is_partly(tried) {
        let _ = write!(name, " {}/{}", tried.tried, tried.of);
    }
    // They stay on one line.
    format!("{name} {}", mark(tried.fate, screen)).replace(' ', "\u{a0}")
}

/// What stands behind a family.
const fn mark(fate: Fate, screen: Screen) -> &'static str {
    match (fate, screen.is_utf8()) {
        (Fate::Survived, true) => "✓",
        (Fate::Survived, false) => "ok",
        (Fate::Broke(_), true) => "✗",
        (Fate::Broke(_), false) => "BROKE",
        (Fate::PeerBroke(_), true) => "!",
        (Fate::PeerBroke(_), false) => "PEER",
        (Fate::NotTried, true) => "…",
        (Fate::NotTried, false) => "...",
    }
}

/// What the marks of these families mean, and the numbers beside them.
fn legend(families: &[Tried], screen: Screen) -> String {
    let marks = [
        (Fate::Survived, "chop.legend-survived"),
        (Fate::Broke(0), "chop.legend-broke"),
        (Fate::PeerBroke(0), "chop.legend-peer-broke"),
        (Fate::NotTried, "chop.legend-not-tried"),
    ];
    let kind = |fate: &Fate| std::mem::discriminant(fate);
    let is_there = |(fate, _): &(Fate, &str)| {
        let mut families = families.iter();
        families.any(|tried| kind(&tried.fate) == kind(fate))
    };
    let there = marks.into_iter().filter(is_there);
    let mut parts: Vec<_> = there
        .map(|(fate, key)| {
            let text = format!("{} {}", mark(fate, screen), screen.text(key));
            text.replace(' ', "\u{a0}")
        })
        .collect();
    if families.iter().any(is_partly) {
        parts.push(screen.text("chop.legend-partly"));
    }
    parts.join(" · ")
}

/// Whether the budget was over before all of a family was tried.
fn is_partly(tried: &Tried) -> bool {
    tried.fate == Fate::Survived && tried.tried < tried.of
}

/// A line with the marks of families in colours, which take no columns.
fn coloured(line: &str, screen: Screen) -> String {
    let [survived, broke] = [Fate::Survived, Fate::Broke(0)].map(|fate| mark(fate, screen));
    let nbsp = '\u{a0}';
    line.replace(
        &format!("{nbsp}{survived}"),
        &format!(" {GREEN}{survived}{GREEN:#}"),
    )
    .replace(&format!("{nbsp}{broke}"), &format!(" {RED}{broke}{RED:#}"))
    .replace(nbsp, " ")
}

/// All that was found out; `again` has one for each finding.
pub fn chopped(
    judgement: &Judgement,
    framing: Option<&Framing>,
    again: &[Again],
    screen: Screen,
) -> String {
    let families: Vec<_> = judgement
        .families
        .iter()
        .map(|tried| chop_family(tried, screen))
        .collect();
    let total = screen.say(&telling::total(judgement));
    let title = screen.text("chop.schedules");
    let line = format!("{total} · {}", families.join("  "));
    let mut text = coloured(&screen.beside(DIM, &title, NAMES, &line), screen);
    let meanings = legend(&judgement.families, screen);
    text += &screen
        .beside(DIM, "", NAMES, &meanings)
        .replace('\u{a0}', " ");
    if judgement.moot > 0 {
        let moot = Sentence::new("chop.moot").with("n", judgement.moot);
        text += &screen.beside(DIM, "", NAMES, &screen.say(&moot));
    }
    if judgement.unsteady > 0 {
        let unsteady = Sentence::new("chop.unsteady").with("n", judgement.unsteady);
        text += &screen.beside(DIM, "", NAMES, &screen.say(&unsteady));
    }
    if judgement.findings.is_empty() {
        let title = screen.text("chop.survived-title");
        let _ = writeln!(text, "\n{GOOD}{title}{GOOD:#}");
    }
    let first = judgement.first();
    if let Some((index, again)) = first.and_then(|index| Some((index, again.get(index)?))) {
        let finding = &judgement.findings[index];
        text.push('\n');
        text += &self::finding(judgement, finding, (framing, again), screen);
        text.push('\n');
        text += &beside(judgement, index, screen);
    }
    let verdict = judgement.verdict();
    let style = match verdict {
        Verdict::Survived => GREEN,
        Verdict::Broke | Verdict::PeerBroke => RED,
    };
    let title = screen.text("chop.exit");
    let mut line = format!("{style}{}{style:#}", verdict.code());
    if let Some(sentence) = telling::verdict(judgement) {
        let _ = write!(line, ": {}", screen.say(&sentence));
    }
    text += &screen.beside(DIM, &title, NAMES, &line);
    text
}

/// What the other families found, a line each, and which were survived.
fn beside(judgement: &Judgement, told: usize, screen: Screen) -> String {
    let mut lines = Vec::new();
    let findings = judgement.findings.iter().enumerate();
    for (_, finding) in findings.filter(|(index, _)| *index != told) {
        let family = screen.say(&telling::family(finding.family));
        let [_, which] = telling::broke(finding).map(|one| screen.say(&one));
        let missing = telling::missing(judgement, finding).map(|one| screen.say(&one));
        let missing = missing.unwrap_or_default();
        let schedule = &finding.schedule;
        lines.push(format!(
            "{family}: {missing} ({which}; --schedule {schedule})"
        ));
    }
    let survived = telling::survived(judgement);
    if !survived.is_empty() {
        let names: Vec<_> = survived.iter().map(|one| screen.say(one)).collect();
        let title = screen.text("chop.survived-title");
        lines.push(format!("{title}: {}", names.join(" · ")));
    }
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        let name = match number {
            0 => screen.text("chop.also"),
            _ => String::new(),
        };
        text += &screen.beside(DIM, &name, NAMES, line);
    }
    text
}

fn finding(
    judgement: &Judgement,
    finding: &Finding,
    (framing, again): (Option<&Framing>, &Again),
    screen: Screen,
) -> String {
    let [few, which] = telling::broke(finding).map(|sentence| screen.say(&sentence));
    let title = if finding.is_of_peer() {
        "chop.peer-broke"
    } else {
        "chop.broke"
    };
    let mut text = screen.beside(BAD, &screen.text(title), NAMES, &format!("{few}: {which}"));
    text += &rows(judgement, finding, screen);
    for (number, sentence) in telling::differences(finding).iter().enumerate() {
        let name = match number {
            0 => screen.text("chop.differs"),
            _ => String::new(),
        };
        text += &screen.beside(RED, &name, NAMES, &screen.say(sentence));
    }
    if let Some(line) = telling::last_error(finding) {
        let line = printable::plain_or_escaped(line.as_bytes());
        text += &screen.beside(RED, "", NAMES, &line);
    }
    let why = screen.say(&telling::why(finding));
    text += &screen.beside(NAME, &screen.text("chop.why"), NAMES, &why);
    let mend = screen.say(&telling::mend(finding, framing));
    text += &screen.beside(NAME, &screen.text("chop.mend"), NAMES, &mend);
    let command = printable::plain_or_escaped(again.command.as_bytes());
    text += &Screen::whole(NAME, &screen.text("chop.again"), NAMES, &command);
    let mut name = screen.text("chop.test");
    match &again.test {
        Some(Ok(file)) => {
            let file = printable::plain_or_escaped(file.as_bytes());
            text += &Screen::whole(NAME, &mem::take(&mut name), NAMES, &file);
        }
        Some(Err(why)) => {
            let why = screen.say(&telling::untested(*why));
            text += &screen.beside(NAME, &mem::take(&mut name), NAMES, &why);
        }
        None => {}
    }
    if let Some(decoder) = &again.decoder {
        let decoder = printable::plain_or_escaped(decoder.as_bytes());
        text += &Screen::whole(NAME, &name, NAMES, &decoder);
    }
    if !again.files.is_empty() {
        let files = printable::plain_or_escaped(again.files.join("  ").as_bytes());
        text += &screen.beside(DIM, &screen.text("chop.traces"), NAMES, &files);
    }
    text
}

/// What was received with its cuts, and what was sent, as is and when it broke.
fn rows(judgement: &Judgement, finding: &Finding, screen: Screen) -> String {
    let mut text = String::new();
    let room = screen.columns().saturating_sub(NAMES + 2);
    if let Some(call) = finding.call.as_ref().filter(|call| call.way == Way::Recv) {
        let broken = &finding.broken.observation.connections;
        let found = broken.iter().find(|one| one.place == call.place);
        if let Some(found) = found {
            let row = pieces(&found.received, &found.received_ends, room, screen);
            let name = screen.text("chop.received");
            text += &screen.beside(RED, &name, NAMES, &format!("{RED}{row}{RED:#}"));
        }
    }
    let sent = finding
        .differences
        .iter()
        .find_map(|difference| match difference {
            Difference::Sent { place, .. } => Some(*place),
            _ => None,
        });
    let Some(place) = sent else {
        return text;
    };
    let as_is = &judgement.baseline.first().connections;
    let broken = &finding.broken.observation.connections;
    for (key, style, connections) in [
        ("chop.replies-as-is", GREEN, as_is),
        ("chop.replies-cut", RED, broken),
    ] {
        let found = connections.iter().find(|one| one.place == place);
        let row = found.map(|one| pieces(&one.sent, &one.sent_ends, room, screen));
        let row = row.unwrap_or_default();
        text += &screen.beside(
            style,
            &screen.text(key),
            NAMES,
            &format!("{style}{row}{style:#}"),
        );
    }
    text
}

/// Bytes in the pieces in which they were moved, as many as have room in a line.
fn pieces(bytes: &[u8], ends: &[u64], room: usize, screen: Screen) -> String {
    let (bar, more) = if screen.is_utf8() {
        ("│", " …")
    } else {
        ("|", " ...")
    };
    let mut row = String::from(bar);
    let mut start = 0;
    for end in ends {
        let end = usize::try_from(*end).unwrap_or(usize::MAX).min(bytes.len());
        for character in printable::escape(&bytes[start.min(end)..end]).chars() {
            if width(&row) + 4 > room {
                return row + more;
            }
            row.push(character);
        }
        row += bar;
        start = end;
    }
    row
}

/// The name under which what belongs to a schedule is kept.
pub fn chop_name(schedule: &Schedule) -> String {
    const MOST: usize = 40;
    let written = schedule.to_string();
    let name: String = written
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(MOST)
        .collect();
    format!("chop-{name}")
}
