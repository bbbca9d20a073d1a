//! Which knob takes a cause away, and how far to turn it.

use super::{Cause, Proof};
use crate::experiment::MAX_BUFFER;
use crate::knob::Knob;
use crate::{Client, Experiment, Message};

/// A gap between messages that lets every reader keep up, in microseconds.
const GAP: u32 = 20_000;
/// A wait before a recv within which a message's segments have all come, in
/// milliseconds.
const WAIT: u32 = 200;
/// What a framing puts around a message, at most, in bytes.
const FRAME: usize = 16;
/// What the kernel charges for a datagram beside its bytes, about.
const CHARGE: usize = 1024;

pub(super) fn proof(cause: Cause, experiment: &Experiment) -> Option<Proof> {
    let (knob, value) = match cause {
        Cause::ReaderLate { .. } => sooner(experiment).or_else(|| apart(experiment))?,
        Cause::BufferSmall { asked, .. } if asked != experiment.buffer => {
            // The client's own buffer; there is no knob for it.
            return None;
        }
        Cause::BufferSmall { asked, waiting } => {
            let sent = total(experiment, |message| message.len().saturating_add(FRAME));
            let need = sent.max(waiting.unwrap_or(0) as usize);
            (Knob::Buffer, more(need.max(asked as usize + 1), asked)?)
        }
        Cause::Merged { nagle } => {
            let on = nagle && experiment.clients.iter().any(|client| client.nagle);
            let off = on.then(|| (Knob::Nagle, "off".to_owned()));
            off.or_else(|| apart(experiment))?
        }
        Cause::Split { .. } => {
            let small = |client: &Client| client.send_buffer > 0;
            let small = experiment.clients.iter().any(small);
            small.then(|| (Knob::SendBuffer, "0".to_owned()))?
        }
        Cause::NotYetThere => {
            let short = experiment.read_delay_ms < WAIT;
            short.then(|| (Knob::ReadDelay, WAIT.to_string()))?
        }
        Cause::DatagramCut { bytes } => {
            let longest = messages(experiment).map(Message::len).max().unwrap_or(0);
            let need = longest.max((experiment.buffer as usize).saturating_add(bytes));
            (Knob::Buffer, more(need, experiment.buffer)?)
        }
        Cause::DatagramDropped => {
            let need = total(experiment, |message| message.len().saturating_add(CHARGE));
            let set = Some(experiment.receive_buffer).filter(|&size| size > 0);
            let larger = set.and_then(|size| Some((Knob::ReceiveBuffer, more(need, size)?)));
            larger
                .or_else(|| sooner(experiment))
                .or_else(|| apart(experiment))?
        }
        Cause::Unknown => return None,
    };
    Some(Proof { knob, value })
}

/// The reader doesn't sleep.
fn sooner(experiment: &Experiment) -> Option<(Knob, String)> {
    let late = experiment.read_delay_ms > 0;
    late.then(|| (Knob::ReadDelay, "0".to_owned()))
}

/// The messages are sent further apart; of one message the gap parts nothing.
fn apart(experiment: &Experiment) -> Option<(Knob, String)> {
    let clients = &experiment.clients;
    let close = |client: &Client| client.gap_us < GAP && client.messages.len() > 1;
    let close = clients.iter().any(close) && clients.iter().all(|c| c.gap_us <= GAP);
    close.then(|| (Knob::Gap, GAP.to_string()))
}

/// A round number of at least `need` bytes that a buffer knob takes, if that
/// is more than `now`.
fn more(need: usize, now: u32) -> Option<String> {
    let need = need.min(MAX_BUFFER as usize).next_power_of_two();
    (need > now as usize).then(|| need.to_string())
}

fn messages(experiment: &Experiment) -> impl Iterator<Item = &Message> {
    experiment
        .clients
        .iter()
        .flat_map(|client| &client.messages)
}

fn total(experiment: &Experiment, length: impl Fn(&Message) -> usize) -> usize {
    messages(experiment)
        .map(length)
        .fold(0, usize::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::System;

    fn check(system: System, settings: &[&str], cause: Cause, expected: Option<&str>) {
        let mut experiment = Experiment::new(system, &["hello", "abc"]);
        for setting in settings {
            crate::knob::apply(&mut experiment, setting).unwrap();
        }
        let proof = cause.proof(&experiment);
        let turned = proof.as_ref().map(|proof| {
            proof.knob.set(&mut experiment, &proof.value).unwrap();
            experiment.validate().unwrap();
            assert!(proof.knob.applies(&experiment));
            format!("{}={}", proof.knob, proof.value)
        });
        assert_eq!(turned.as_deref(), expected);
        if turned.is_some() {
            assert_ne!(
                cause.proof(&experiment),
                proof,
                "turned, it is another experiment"
            );
        }
    }

    const LATE: Cause = Cause::ReaderLate {
        packets: 2,
        waiting: Some(8),
    };

    #[test]
    fn a_late_reader_sleeps_less_or_the_sender_sends_slower() {
        check(
            System::TcpEcho,
            &["read-delay=50"],
            LATE,
            Some("read-delay=0"),
        );
        check(System::TcpEcho, &[], LATE, Some("gap=20000"));
        check(System::TcpEcho, &["gap=20000"], LATE, None);
        check(System::TcpEcho, &["messages=one"], LATE, None);
    }

    #[test]
    fn a_small_buffer_grows() {
        let small = |asked, waiting| Cause::BufferSmall { asked, waiting };
        let tcp = System::TcpEcho;
        check(tcp, &["buffer=5"], small(5, None), Some("buffer=64"));
        check(tcp, &["buffer=5"], small(5, Some(65)), Some("buffer=128"));
        check(tcp, &[], small(64, None), None);
        check(
            tcp,
            &["buffer=1048576"],
            small(1_048_576, Some(u32::MAX)),
            None,
        );
        let cut = |bytes| Cause::DatagramCut { bytes };
        check(System::UdpEcho, &["buffer=2"], cut(3), Some("buffer=8"));
        check(
            System::UdpEcho,
            &["buffer=4"],
            cut(usize::MAX),
            Some("buffer=1048576"),
        );
    }

    #[test]
    fn merged_sends_are_parted() {
        let merged = |nagle| Cause::Merged { nagle };
        check(
            System::TcpEcho,
            &["nagle=on"],
            merged(true),
            Some("nagle=off"),
        );
        check(System::TcpEcho, &[], merged(false), Some("gap=20000"));
    }

    #[test]
    fn a_split_send_needs_room_or_patience() {
        let split = Cause::Split { packets: 2 };
        check(System::TcpEcho, &[], split, None);
        check(
            System::TcpEcho,
            &["send-buffer=4608"],
            split,
            Some("send-buffer=0"),
        );
        check(
            System::TcpEcho,
            &[],
            Cause::NotYetThere,
            Some("read-delay=200"),
        );
        check(
            System::TcpEcho,
            &["read-delay=200"],
            Cause::NotYetThere,
            None,
        );
    }

    #[test]
    fn dropped_datagrams_need_room_or_a_quicker_reader() {
        let udp = System::UdpEcho;
        let lost = Cause::DatagramDropped;
        check(
            udp,
            &["receive-buffer=1024"],
            lost,
            Some("receive-buffer=4096"),
        );
        check(udp, &["read-delay=9"], lost, Some("read-delay=0"));
        check(udp, &["receive-buffer=4096"], lost, Some("gap=20000"));
        check(udp, &[], Cause::Unknown, None);
    }
}
