//! Which connections of a list are shown, and in which order.

use record::End;

use super::{Listed, Source};

/// What a list is ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The number, which is the order in which they appeared.
    #[default]
    Number,
    /// The time of the first event.
    Begin,
    /// How long they lasted, the longest first.
    Length,
    /// Bytes of both ends, the most first.
    Bytes,
    /// Calls and packets of both ends, the most first.
    Calls,
    /// Boundaries that changed, the most first.
    Changed,
    /// Those on which the framing fails first.
    Fails,
}

impl Order {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 7] = [
        Self::Number,
        Self::Begin,
        Self::Length,
        Self::Bytes,
        Self::Calls,
        Self::Changed,
        Self::Fails,
    ];

    /// The name in a choice's value, and in the key of its text.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Begin => "begin",
            Self::Length => "length",
            Self::Bytes => "bytes",
            Self::Calls => "calls",
            Self::Changed => "changed",
            Self::Fails => "fails",
        }
    }

    /// Where a connection stands: ascending.
    fn place(self, listed: &Listed) -> u64 {
        let summary = &listed.summary;
        let first = summary.first.map_or(u64::MAX, |first| first.0);
        match self {
            Self::Number => u64::from(listed.connection.connection.0),
            Self::Begin => first,
            Self::Length => u64::MAX - summary.last.0.saturating_sub(first),
            Self::Bytes => u64::MAX - summary.bytes[0].saturating_add(summary.bytes[1]),
            Self::Calls => {
                let counted = summary.calls.iter().chain(&summary.packets);
                u64::MAX - counted.sum::<usize>() as u64
            }
            Self::Changed => {
                let changed = listed.changed.unwrap_or_default();
                u64::MAX - (changed.glued + changed.split) as u64
            }
            Self::Fails => u64::from(!listed.fails),
        }
    }
}

/// Indices of the connections in which each word of `text` is found: in the name or the
/// address of an end, or as the transport, in any case of ASCII letters. Those of one place stand in the
/// order of their numbers.
pub fn arrange(source: &Source, text: &str, order: Order) -> Vec<usize> {
    let text = text.to_ascii_lowercase();
    let words: Vec<_> = text.split_whitespace().collect();
    let all = source.connections();
    let fits = |listed: &Listed| words.iter().all(|word| has(source, listed, word));
    let found = all.iter().enumerate().filter(|(_, listed)| fits(listed));
    let mut found: Vec<_> = found
        .map(|(at, listed)| (order.place(listed), at))
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, at)| at).collect()
}

fn has(source: &Source, listed: &Listed, word: &str) -> bool {
    let connection = &listed.connection;
    let texts = End::ALL.into_iter().flat_map(|end| {
        let address = connection.end(end).address.as_deref();
        [source.end_name(connection, end), address]
    });
    let mut texts = texts.chain([Some(connection.transport.name())]).flatten();
    texts.any(|text| text.to_ascii_lowercase().contains(word))
}

#[cfg(test)]
mod tests {
    use protocol::Nanos;
    use record::{Connection, ConnectionId, Endpoint, Head, Origin, Party, PartyId, Transport};
    use trace::{Call, Event, Setup};

    use super::*;

    fn source() -> Source {
        let mut source = Source::begin(Head::default(), Setup::default());
        source.add_party(Party::new(PartyId(1), "Proxy"));
        for (number, address, bytes, at) in [
            (1, "10.0.0.1:5", 3, 9),
            (2, "10.0.0.2:6", 8, 5),
            (3, "10.0.0.3:7", 3, 7),
        ] {
            let id = ConnectionId(number);
            source.add_connection(Connection {
                connection: id,
                transport: if number == 3 {
                    Transport::Udp
                } else {
                    Transport::Tcp
                },
                opener: Endpoint {
                    address: Some(address.to_owned()),
                    ..Endpoint::default()
                },
                acceptor: Endpoint {
                    party: Some(PartyId(1)),
                    address: Some("10.0.0.9:80".to_owned()),
                    ..Endpoint::default()
                },
            });
            let origin = Origin {
                party: PartyId(1),
                connection: id,
                end: End::Acceptor,
            };
            assert!(source.add_event(Event {
                bytes: vec![0; bytes],
                ..Event::new(Nanos(at), origin, Call::Recv)
            }));
        }
        source
    }

    #[test]
    fn words_are_found_in_names_addresses_and_transports() {
        let source = source();
        let check = |text: &str, expected: &[usize]| {
            assert_eq!(arrange(&source, text, Order::Number), expected, "{text}");
        };
        check("", &[0, 1, 2]);
        check("proxy", &[0, 1, 2]);
        check("UDP", &[2]);
        check(":6", &[1]);
        check("tcp 0.0.1", &[0]);
        check("tcp udp", &[]);
    }

    #[test]
    fn the_order_is_stable_and_the_most_come_first() {
        let source = source();
        let check = |order: Order, expected: [usize; 3]| {
            assert_eq!(arrange(&source, "", order), expected, "{order:?}");
        };
        check(Order::Number, [0, 1, 2]);
        check(Order::Begin, [1, 2, 0]);
        check(Order::Bytes, [1, 0, 2]);
        check(Order::Calls, [0, 1, 2]);
        check(Order::Length, [0, 1, 2]);
        check(Order::Changed, [0, 1, 2]);
        check(Order::Fails, [0, 1, 2]);
    }
}
