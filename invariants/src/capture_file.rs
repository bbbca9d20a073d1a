//! Capture files: any bytes, read by `stickylab show` and by the page.

use capture::{Choice, Refused, is_capture, list, read};
use record::file::MAX_OFFSET;
use record::{Event, MAX_CONNECTIONS, MAX_PARTIES};
use trace::{Setup, Trace};

use crate::{analysis, written};

/// Packets of a record that is derived and drawn: what that costs is checked by other
/// targets.
const MOST: usize = 200;

/// What is read is a record that can be written, read and shown; a list tells the same
/// of it; each connection has its own events alone.
pub fn check(bytes: &[u8]) {
    let Ok(listed) = list(bytes) else {
        assert_eq!(read(bytes, Choice::All, MOST), Err(Refused::NoCapture));
        assert!(!is_capture(bytes));
        return;
    };
    assert!(is_capture(bytes));
    assert!(listed.record.events().is_empty() && listed.record.connections.is_empty());
    assert!(listed.connections.len() <= MAX_CONNECTIONS);
    if let Some(damage) = listed.damage {
        assert!(damage.offset <= bytes.len());
    }
    let all = match read(bytes, Choice::All, MOST) {
        Ok(all) => all,
        Err(refused) => {
            assert_eq!(refused, Refused::Events { most: MOST });
            return;
        }
    };
    assert_eq!(all.connections, listed.connections);
    assert_eq!((all.passed, all.damage), (listed.passed, listed.damage));
    assert!(all.record.parties.len() <= MAX_PARTIES);
    let passed = all.passed;
    let events = all.record.events().len() as u64;
    assert!(events + passed.doubled + passed.other + passed.left_out <= passed.packets);
    let summaries = all.record.summaries();
    for (connection, summary) in &all.connections {
        let id = connection.connection;
        let known = summaries[&id];
        assert_eq!(
            (known.bytes, known.packets),
            (summary.bytes, summary.packets)
        );
        let one = read(bytes, Choice::One(id), MOST).expect("there are fewer packets");
        let of_it = all
            .record
            .events()
            .iter()
            .filter(|event| event.connection == id);
        assert!(of_it.eq(one.record.events()));
    }
    let carried: usize = all.record.events().iter().map(check_event).sum();
    assert!(carried <= bytes.len());
    let trace = Trace::of_record(all.record, Setup::default());
    written::check(&trace);
    analysis::check_trace(&trace);
}

/// An event holds no more than its packet could; how many bytes it carried.
fn check_event(event: &Event) -> usize {
    let header = event.header.as_ref().expect("a packet has one");
    assert!(event.call.is_packet());
    assert!(event.end().0 <= MAX_OFFSET && header.ack.0 <= MAX_OFFSET);
    assert!(header.window <= 0xffff << 14);
    assert!(
        header
            .length
            .is_none_or(|length| length as usize > event.len())
    );
    event.len()
}
