//! Where recorded events go.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;
use trace::Event;

use super::Meter;

/// A queue of events. With a [`Meter`] it is bounded: what is too much is
/// counted there and left out.
#[derive(Clone, Debug)]
pub struct Sink {
    events: UnboundedSender<Event>,
    meter: Option<Arc<Meter>>,
}

impl Sink {
    /// Counts what goes into `events` with `meter`. The receiver of an event
    /// reports it to the meter as [taken](Meter::taken).
    pub fn metered(events: UnboundedSender<Event>, meter: Arc<Meter>) -> Self {
        Self {
            events,
            meter: Some(meter),
        }
    }

    /// Records `event`, if there is room for it.
    pub fn give(&self, event: Event) {
        match &self.meter {
            Some(meter) if !meter.admit(&event) => {}
            // Fails once the receiver is dropped.
            _ => drop(self.events.send(event)),
        }
    }
}

/// Takes whatever comes.
impl From<UnboundedSender<Event>> for Sink {
    fn from(events: UnboundedSender<Event>) -> Self {
        Self {
            events,
            meter: None,
        }
    }
}
