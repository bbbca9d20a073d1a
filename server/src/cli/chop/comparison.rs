//! The run as is and the one that broke, as one record.

use record::{Joined, Note, Record};
use stickylab::chop::{Finding, Judgement};
use stickylab::terminal::Screen;
use trace::text::Sentence;

/// Both runs, their programs' names told apart, and the connection of each that differs, that of
/// the run as is first. The broken run alone where it cannot be added.
pub(super) fn record(
    judgement: &Judgement,
    finding: &Finding,
    note: Note,
    screen: Screen,
) -> (Record, Option<[u32; 2]>) {
    let mut both = named(
        &judgement.as_is.record,
        &screen.say(&Sentence::new("chop.baseline")),
    );
    let mut broken = named(&finding.broken.record, &finding.schedule.to_string());
    let before = both.connections.len();
    let language = Some(screen.language().tag().to_owned());
    if both.add(&broken, Joined::All).is_err() {
        broken.head.note = note;
        broken.head.note_language = language;
        return (broken, None);
    }
    both.head.note = note;
    both.head.note_language = language;
    let place = finding.differences.iter().find_map(chop::Difference::place);
    let place = finding.call.as_ref().map(|call| call.place).or(place);
    let wanted = place.map_or(1, |place| place.connection);
    let of_broken = broken.connections.iter();
    let index = of_broken
        .take_while(|one| one.connection.0 != wanted)
        .count();
    let added = both.connections.get(before + index);
    let numbers = added.map(|added| [wanted, added.connection.0]);
    (both, numbers)
}

/// A record whose programs have something behind their names.
fn named(record: &Record, what: &str) -> Record {
    let mut record = record.clone();
    for party in &mut record.parties {
        party.name = format!("{} · {what}", party.name);
    }
    record
}
