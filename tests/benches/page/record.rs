//! A long record: a client and a server send each other frames, every packet
//! captured and every queue asked for.

use protocol::{Nanos, Offset, System};
use trace::link::{Capture, Ending};
use trace::{Call, ClientId, End, Event, Experiment, Flags, Header, Trace};

/// A length of 16 and as many bytes.
const FRAME: &[u8; 20] = b"\x10\0\0\0abcdefghijklmnop";
const LENGTH: u32 = 20;
/// From one event to the next.
const APART: u64 = 10_000;

/// A trace file of so many events. In turn each end sends two frames, each in a
/// segment that is acknowledged, and the other takes both with one recv.
pub(crate) fn lines(events: usize) -> String {
    // As many messages as a plan may have.
    let experiment = Experiment::new(System::LengthPrefix, &["abcdefghijklmnop"; 1_000]);
    let mut trace = Trace::new(experiment, trace::link::Head::new("", Capture::On));
    let mut offsets = [Offset(0); 2];
    let mut sender = End::Opener;
    while trace.events().len() < events {
        for event in exchange(sender, &mut offsets) {
            let number = trace.events().len();
            if number < events {
                let at = Nanos(APART * number as u64);
                trace.insert(Event { at, ..event });
            }
        }
        sender = sender.other();
    }
    trace.end(Ending::Finished, Some(0), None);
    let lines = trace.lines();
    let lines = lines.map(|line| line.to_json() + "\n");
    lines.collect()
}

/// Two frames from `sender` to the other end; their times are still missing.
fn exchange(sender: End, offsets: &mut [Offset; 2]) -> Vec<Event> {
    let index = usize::from(sender == End::Acceptor);
    let origin = |end| match end {
        End::Opener => ClientId::FIRST.opener(),
        End::Acceptor => ClientId::FIRST.acceptor(),
    };
    let event = |end, call| Event {
        took: Nanos(APART / 2),
        ..Event::new(Nanos(0), origin(end), call)
    };
    let start = offsets[index];
    let mut events = Vec::new();
    for _ in 0..2 {
        let offset = offsets[index];
        let mut send = event(sender, Call::Send);
        (send.offset, send.asked, send.bytes) = (offset, LENGTH, FRAME.to_vec());
        (send.socket.unacked, send.socket.unsent) = (Some(LENGTH), Some(0));
        let mut segment = event(sender, Call::Segment);
        (segment.offset, segment.bytes, segment.took) = (offset, FRAME.to_vec(), Nanos(0));
        segment.header = Some(header(Flags::PSH, offsets[1 - index]));
        offsets[index] = offset + FRAME.len();
        let mut acknowledgment = event(sender.other(), Call::Segment);
        (acknowledgment.offset, acknowledgment.took) = (offsets[1 - index], Nanos(0));
        acknowledgment.header = Some(header(Flags(0), offsets[index]));
        events.extend([send, segment, acknowledgment]);
    }
    let mut recv = event(sender.other(), Call::Recv);
    (recv.offset, recv.asked, recv.bytes) = (start, 4096, FRAME.repeat(2));
    recv.socket.waiting = Some(2 * LENGTH);
    events.push(recv);
    events
}

fn header(flags: Flags, ack: Offset) -> Header {
    Header {
        flags: Flags(flags.0 | Flags::ACK.0),
        ack,
        window: 65_535,
        // As many as Ethernet, IPv4 and TCP with timestamps have.
        raw: vec![0x45; 66],
        ..Header::default()
    }
}
