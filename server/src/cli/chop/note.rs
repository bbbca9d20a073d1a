//! What a record of a run that broke says of itself: the sentences that the terminal has.

use protocol::Framing;
use record::Note;
use stickylab::chop::{Finding, telling};
use stickylab::printable;
use stickylab::terminal::Screen;
use trace::text::Sentence;

/// What broke, how few changes do it, what differs, why, what mends it, and the command that
/// runs it so once more.
pub(super) fn note(
    finding: &Finding,
    framing: Option<&Framing>,
    command: &str,
    screen: Screen,
) -> Note {
    let named = |key: &'static str, text: &str| {
        let name = screen.say(&Sentence::new(key));
        format!("{name}: {text}")
    };
    let broke = telling::broke(finding)
        .map(|one| screen.say(&one))
        .join(": ");
    let title = if finding.is_of_peer() {
        "chop.peer-broke"
    } else {
        "chop.broke"
    };
    let differs = telling::differences(finding);
    let differs: Vec<_> = differs.iter().map(|one| screen.say(one)).collect();
    let error = telling::last_error(finding);
    let lines = [
        Some(named(title, &broke)),
        Some(named("chop.differs", &differs.join(" "))),
        error.map(|line| printable::plain_or_escaped(line.as_bytes())),
        Some(named("chop.why", &screen.say(&telling::why(finding)))),
        Some(named(
            "chop.mend",
            &screen.say(&telling::mend(finding, framing)),
        )),
        Some(named(
            "chop.again",
            &printable::plain_or_escaped(command.as_bytes()),
        )),
    ];
    Note::new(lines.into_iter().flatten())
}
