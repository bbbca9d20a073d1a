//! What the table of events lists, by place.

/// The events that are listed, by their place in the table: all of the record, or
/// those that were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed<'a> {
    /// Every event.
    All {
        /// How many there are.
        events: usize,
        /// Those that completed a message, ascending.
        messages: &'a [usize],
    },
    /// Those that were found so far.
    Found {
        /// Their indices in the record, ascending.
        events: &'a [usize],
        /// Places in `events` of those that completed a message, ascending.
        messages: &'a [usize],
    },
}

impl Listed<'_> {
    /// How many are listed.
    pub const fn len(&self) -> usize {
        match self {
            Self::All { events, .. } => *events,
            Self::Found { events, .. } => events.len(),
        }
    }

    /// Whether none is.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Index in the record of the one at a place; none behind the last.
    pub fn event(&self, place: usize) -> Option<usize> {
        match self {
            Self::All { events, .. } => (place < *events).then_some(place),
            Self::Found { events, .. } => events.get(place).copied(),
        }
    }

    /// The place of an event, or how many are listed before it if it is not.
    pub fn place(&self, event: usize) -> Result<usize, usize> {
        match self {
            Self::All { events, .. } if event < *events => Ok(event),
            Self::All { events, .. } => Err(*events),
            Self::Found { events, .. } => events.binary_search(&event),
        }
    }

    /// How many of those before a place completed a message.
    pub fn messages_before(&self, place: usize) -> usize {
        let (Self::All { messages, .. } | Self::Found { messages, .. }) = self;
        messages.partition_point(|&at| at < place)
    }
}
