//! Why what breaks a program is a mistake, and what mends it.

use chop::{Change, Error, Failure, Schedule, Waiting, Way};
use protocol::Framing;
use trace::text::Sentence;

use super::super::finding::{Finding, Whose};

/// Why that is a mistake.
pub fn why(finding: &Finding) -> Sentence {
    if let Some(failure) = first_failure(&finding.schedule) {
        return Sentence::new(match (failure.call, failure.error) {
            (_, Error::WouldBlock) => "chop.why-accept",
            (Waiting::Connect, _) => "chop.why-connect",
            (Waiting::Accept, _) => "chop.why-eintr",
            _ => "chop.why-wait",
        });
    }
    Sentence::new(match (&finding.call, first_change(&finding.schedule)) {
        _ if finding.whose != Whose::Program => "chop.why-receiver",
        (Some(call), _) if call.way == Way::Send => "chop.why-send",
        (Some(call), _) if call.header.is_some() => "chop.why-header",
        (Some(call), _) if call.is_in_character => "chop.why-character",
        (Some(call), _) if call.is_in_delimiter => "chop.why-delimiter",
        (Some(call), _) if call.is_between_frames => "chop.why-border",
        (_, Some((Way::Recv, Change::Glue))) => "chop.why-glued",
        (_, Some((_, Change::WouldBlock(_)))) => "chop.why-eagain",
        (_, Some((_, Change::Interrupt(_)))) => "chop.why-eintr",
        (_, Some((Way::Send, _))) => "chop.why-send",
        _ => "chop.why-recv",
    })
}

/// The failure of a schedule that changes no call that moves bytes.
fn first_failure(schedule: &Schedule) -> Option<&Failure> {
    let mut failures = schedule.failures.iter();
    failures.next().filter(|_| schedule.rules.is_empty())
}

fn first_change(schedule: &Schedule) -> Option<(Way, &Change)> {
    let rule = schedule.rules.first()?;
    Some((rule.selector.way, &rule.change))
}

/// What mends it; with a framing where there is one.
pub fn mend(finding: &Finding, framing: Option<&Framing>) -> Sentence {
    let failure = first_failure(&finding.schedule);
    let key = match (first_change(&finding.schedule), framing) {
        _ if failure.is_some_and(|failure| failure.call == Waiting::Connect) => "chop.mend-connect",
        _ if failure.is_some_and(|failure| failure.error == Error::WouldBlock) => {
            "chop.mend-eagain"
        }
        _ if failure.is_some() => "chop.mend-eintr",
        _ if finding.is_of_peer() => "chop.mend-peer",
        _ if finding.whose == Whose::Receiver => "chop.mend-recv",
        (Some((Way::Send, Change::Cuts(_) | Change::AtMost(_))), _) => "chop.mend-send",
        (Some((_, Change::WouldBlock(_))), _) => "chop.mend-eagain",
        (Some((_, Change::Interrupt(_))), _) => "chop.mend-eintr",
        (_, Some(_)) => "chop.mend-framing",
        (_, None) => "chop.mend-recv",
    };
    let written = framing.map(trace::framing::write).unwrap_or_default();
    Sentence::new(key).with("framing", written)
}
