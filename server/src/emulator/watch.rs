//! The packets of a link as it tells them: each when it came, and what became of it.

use std::collections::BTreeMap;
use std::io;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use emulation::{LinkSettings, Share, Way};
use kernel::Cable;
use protocol::Nanos;
use record::{Event, Header, Transit};

use super::{Emulator, Seen};

/// How long a packet that is sent again may still take, where packets are lost.
const AGAIN: Duration = Duration::from_secs(2);

/// Who makes events of a link's packets.
pub(crate) trait Reader {
    /// The event that a frame is which its sender's kernel gave to the link `at`; none if it
    /// is to be left out.
    fn read(&mut self, at: Nanos, frame: &[u8]) -> Option<Event>;

    /// An event, with what became of its packet.
    fn keep(&mut self, event: Event);
}

/// A link that goes on.
#[derive(Debug)]
pub(crate) struct Watch {
    /// None once it has ended.
    emulator: Option<Emulator>,
    seen: Receiver<Seen>,
    /// Packets of which it is not known yet what becomes of them.
    pending: BTreeMap<u64, Event>,
    /// How long the last packets may take beside what the kernel takes.
    delay: Duration,
}

impl Watch {
    /// Connects the sides of a cable.
    pub(crate) fn start(cable: Cable, link: &LinkSettings, started: Instant) -> io::Result<Self> {
        let (told, seen) = channel();
        let emulator = Emulator::start(cable, link, started, Some(told))?;
        let delay = |way: &Way| Duration::from(way.delay) + Duration::from(way.jitter);
        let round = delay(&link.up) + delay(&link.down);
        let loses = [link.up, link.down]
            .iter()
            .any(|way| way.loss > Share::default() || way.rate.0 > 0);
        let again = if loses { AGAIN } else { Duration::ZERO };
        Ok(Self {
            emulator: Some(emulator),
            seen,
            pending: BTreeMap::new(),
            delay: 4 * round + again,
        })
    }

    /// How long the last packets may take, where they take so long without a link.
    pub(crate) fn patience(&self, without: Duration) -> Duration {
        without + self.delay
    }

    /// Makes events of the packets whose fate is known.
    pub(crate) fn take(&mut self, reader: &mut impl Reader) -> io::Result<()> {
        while let Ok(seen) = self.seen.try_recv() {
            match seen {
                Seen::Entered { number, at, bytes } => {
                    if let Some(event) = reader.read(at, &bytes) {
                        self.pending.insert(number, event);
                    }
                }
                Seen::Left { number, transit } => {
                    if let Some(event) = self.pending.remove(&number) {
                        reader.keep(with(event, transit));
                    }
                }
            }
        }
        match self.emulator.take_if(|emulator| emulator.has_ended()) {
            Some(emulator) => Err(match emulator.finish() {
                Ok(_) => io::Error::other("the link ended"),
                Err(error) => error,
            }),
            None => Ok(()),
        }
    }

    /// Whether nothing is under way.
    pub(crate) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Ends the link: what is under way does not arrive. Gives how many packets came too
    /// fast to be seen.
    pub(crate) fn finish(&mut self, reader: &mut impl Reader) -> io::Result<u64> {
        let lost = match self.emulator.take() {
            Some(emulator) => emulator.finish()?,
            None => 0,
        };
        self.take(reader)?;
        for event in std::mem::take(&mut self.pending).into_values() {
            reader.keep(with(event, Transit::default()));
        }
        Ok(lost)
    }
}

/// The event of a packet with what became of it.
fn with(mut event: Event, transit: Transit) -> Event {
    let header = event.header.get_or_insert_with(Header::default);
    header.transit = Some(transit);
    event
}
