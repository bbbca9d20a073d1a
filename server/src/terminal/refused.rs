//! Whom the server refused, how often and why.

use std::collections::BTreeMap;

use trace::text::{Sentence, Time};
use trace::{Call, End, Trace};

use super::screen::Screen;
use super::{BAD, name};

/// One line for each opener and reason; none where nobody was refused.
pub(super) fn refused(trace: &Trace, screen: Screen) -> String {
    let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for event in trace.events() {
        if let (Call::Refuse, Some(reason)) = (event.call, event.reason) {
            let times = groups
                .entry((name(trace, event.connection, End::Opener, screen), reason))
                .or_default();
            times.push(event.at);
        }
    }
    let mut text = String::new();
    for ((client, reason), times) in groups {
        let key = match times.len() {
            1 => "terminal.refused-once",
            _ => "terminal.refused-often",
        };
        let line = Sentence::new(key)
            .with("who", client)
            .with("n", times.len())
            .with("time", Time(times[0]).to_string());
        let mut line = screen.say(&line);
        line += &screen.text("terminal.between-sentences");
        line += &screen.say(&Sentence::new(reason.key()));
        text.push('\n');
        text += &screen.named(BAD, &screen.text("terminal.refused"), &line);
    }
    text
}

#[cfg(test)]
mod tests {
    use protocol::{Nanos, System};
    use trace::link::{Capture, Head};
    use trace::{ClientId, Event, Experiment, Reason};

    use super::*;
    use crate::lessons::Language;

    #[test]
    fn refusals_are_counted_by_client_and_reason() {
        let mut experiment = Experiment::new(System::Auth, &["hi"]);
        experiment.clients.push(experiment.clients[0].clone());
        let mut trace = Trace::new(experiment, Head::new("", Capture::Unknown));
        let screen = Screen::new(200, Language::ENGLISH, true);
        assert_eq!(refused(&trace, screen), "");
        let who = [
            (5, ClientId::SECOND, Reason::WrongAnswer),
            (2, ClientId::FIRST, Reason::SourceFull),
            (3, ClientId::FIRST, Reason::SourceFull),
        ];
        for (at, client, reason) in who {
            trace.insert(Event {
                reason: Some(reason),
                ..Event::new(Nanos::from_millis(at), client.acceptor(), Call::Refuse)
            });
        }
        let plain = anstream::adapter::strip_str(&refused(&trace, screen)).to_string();
        let lines: Vec<_> = plain.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(
            lines,
            [
                "refused    client 1 2 times from 2.00 ms on. Its source has all the \
                 places that one source may have; other sources are let in as before.",
                "refused    client 2 at 5.00 ms. Its answer to the challenge was wrong.",
            ]
        );
    }
}
