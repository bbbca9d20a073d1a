//! What was echoed to whom, so that two echo servers don't answer each other
//! for ever (CVE-2024-2169). Datagrams and time in, a decision out; no socket.
//!
//! A forged datagram that seems to come from another echo server starts the
//! loop:
//!
//! ```text
//! forged, from B   [hello] → A
//! A                [HELLO] → B       echoed once
//! B                [HELLO] → A       what A has just echoed, from whom it was echoed to
//! A                [HELLO] → B       and so on
//! ```
//!
//! From the second hop on each datagram repeats, byte for byte, what was
//! echoed to its sender before: uppercasing changes it no more. So repetitions
//! are counted for each sender and content. After [`BUDGET`] of them in a row
//! one is left unanswered, which ends the loop, however slow it is and however
//! many echo servers or other mirrors it passes: a datagram that is dropped
//! never comes back. The count starts again then: a sender that sends without
//! having been answered is no mirror.
//!
//! A datagram that differs from what was echoed to its sender counts for
//! nothing: one with a lowercase letter, with a number of its own, or any
//! other text. A sender that does repeat the same uppercase text loses one
//! datagram in [`BUDGET`] + 2, and has to send again, as with any loss.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::net::SocketAddr;

use protocol::Nanos;

/// So many times in a row a sender is answered that repeats what was echoed to
/// it.
pub const BUDGET: u16 = 128;
/// Echoes that are remembered at least, those of all senders together; at most
/// twice as many are.
const REMEMBERED: usize = 32_768;
/// How long an echo is remembered at least, unless there are too many; at most
/// twice as long.
const AGE: Nanos = Nanos::from_millis(30_000);

/// The echoes of the last seconds, with how often each was repeated. Holds at
/// most some 2 MiB, whatever comes.
#[derive(Debug, Default)]
pub struct Echoes {
    /// Keyed at random, so that a sender cannot choose contents that collide.
    key: RandomState,
    recent: HashMap<u64, u16>,
    /// Those before `recent` was begun.
    older: HashMap<u64, u16>,
    begun: Nanos,
}

impl Echoes {
    /// `peer` has sent a datagram whose answer would be `echo`, at `now`.
    /// Whether to answer; if so, the answer counts as sent.
    pub fn handle_datagram(
        &mut self,
        peer: SocketAddr,
        datagram: &[u8],
        echo: &[u8],
        now: Nanos,
    ) -> bool {
        self.turn(now);
        let echoed = self.key.hash_one((peer, echo));
        let repeated = match self.repeated(echoed) {
            Some(repeated) if datagram == echo => repeated + 1,
            // The sender has made it itself: in an echo all is uppercase.
            Some(_) | None => 0,
        };
        self.older.remove(&echoed);
        if repeated > BUDGET {
            self.recent.remove(&echoed);
            return false;
        }
        self.recent.insert(echoed, repeated);
        true
    }

    fn repeated(&self, echoed: u64) -> Option<u16> {
        let found = self.recent.get(&echoed).or_else(|| self.older.get(&echoed));
        found.copied()
    }

    /// Forgets the older half when the recent one is full or old.
    fn turn(&mut self, now: Nanos) {
        if self.recent.len() < REMEMBERED && now < self.begun + AGE {
            return;
        }
        if now >= self.begun + AGE + AGE {
            self.recent.clear();
        }
        self.begun = now;
        std::mem::swap(&mut self.recent, &mut self.older);
        self.recent.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    const MILLISECOND: Nanos = Nanos::from_millis(1);

    fn address(last: u8, port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, last], port))
    }

    /// What a server that remembers `echoes` answers.
    fn echo(echoes: &mut Echoes, peer: SocketAddr, datagram: &[u8], now: Nanos) -> Option<Vec<u8>> {
        let echo = datagram.to_ascii_uppercase();
        let answers = echoes.handle_datagram(peer, datagram, &echo, now);
        answers.then_some(echo)
    }

    /// Echo servers that pass `seeds` around, each to the next one, with
    /// `delay` before each hop. How many hops there were until all was silent.
    fn hops(servers: usize, seeds: &[Vec<u8>], delay: Nanos) -> usize {
        let mut servers: Vec<_> = (0..servers).map(|_| Echoes::default()).collect();
        let mut flying: VecDeque<_> = seeds.iter().map(|seed| (0, seed.clone())).collect();
        let (mut hops, mut now) = (0, Nanos(0));
        while let Some((at, datagram)) = flying.pop_front() {
            hops += 1;
            assert!(hops < 1_000_000, "it does not end");
            now = now + delay;
            let before = (at + servers.len() - 1) % servers.len();
            let peer = address(u8::try_from(before).unwrap(), 8000);
            let next = (at + 1) % servers.len();
            if let Some(echo) = echo(&mut servers[at], peer, &datagram, now) {
                flying.push_back((next, echo));
            }
        }
        hops
    }

    fn check_loop(servers: usize, seeds: usize, delay: Nanos) {
        let seeds: Vec<_> = (0..seeds)
            .map(|number| format!("hello {number}").into_bytes())
            .collect();
        let hops = hops(servers, &seeds, delay);
        // Until one server has seen its budget of repetitions of each; the
        // first datagram and the one that is dropped are none.
        let most = seeds.len() * servers * (usize::from(BUDGET) + 2);
        assert!(hops <= most, "{servers} servers, {delay:?}: {hops} hops");
        assert!(hops > seeds.len() * usize::from(BUDGET));
    }

    #[test]
    fn loops_end_of_any_length_and_delay_and_however_many_datagrams_circulate() {
        for servers in 1..=4 {
            for delay in [Nanos(0), MILLISECOND, Nanos::from_millis(5_000)] {
                check_loop(servers, 1, delay);
            }
        }
        check_loop(2, 300, MILLISECOND);
        check_loop(3, 300, MILLISECOND);
    }

    /// How many of `datagrams`, one every `pause`, get no answer.
    fn unanswered(datagrams: impl Iterator<Item = Vec<u8>>, pause: Nanos) -> usize {
        let (mut echoes, mut now) = (Echoes::default(), Nanos(0));
        let peer = address(1, 40_000);
        let lost = datagrams.filter(|datagram| {
            now = now + pause;
            echo(&mut echoes, peer, datagram, now).is_none()
        });
        lost.count()
    }

    fn always(text: &[u8], times: usize) -> impl Iterator<Item = Vec<u8>> {
        std::iter::repeat_n(text.to_vec(), times)
    }

    #[test]
    fn a_person_and_a_load_generator_are_answered() {
        let budget = usize::from(BUDGET);
        // As many a second as one source may send.
        let fast = Nanos(50_000);
        let person = Nanos::from_millis(500);
        assert_eq!(unanswered(always(b"HELLO", budget + 1), person), 0);
        assert_eq!(unanswered(always(b"hello", 100_000), fast), 0);
        assert_eq!(unanswered(always(b"Hello", 100_000), fast), 0);
        let numbered = (0..200_000_u32).map(|number| number.to_be_bytes().to_vec());
        assert_eq!(unanswered(numbered, fast), 0);
        let slow = Nanos::from_millis(60_001);
        assert_eq!(unanswered(always(b"PING", 1_000), slow), 0);
    }

    #[test]
    fn who_repeats_the_same_uppercase_text_loses_one_now_and_then() {
        let fast = Nanos(50_000);
        let budget = usize::from(BUDGET);
        assert_eq!(unanswered(always(b"HELLO", budget + 2), fast), 1);
        let times = 100 * (budget + 2);
        assert_eq!(unanswered(always(b"", times), fast), 100);
    }

    #[test]
    fn senders_count_apart() {
        let mut echoes = Echoes::default();
        for _ in 0..=BUDGET {
            assert!(echo(&mut echoes, address(1, 9), b"A", MILLISECOND).is_some());
        }
        assert!(echo(&mut echoes, address(1, 8), b"A", MILLISECOND).is_some());
        assert!(echo(&mut echoes, address(2, 9), b"A", MILLISECOND).is_some());
        assert!(echo(&mut echoes, address(1, 9), b"B", MILLISECOND).is_some());
        assert!(echo(&mut echoes, address(1, 9), b"A", MILLISECOND).is_none());
    }

    #[test]
    fn the_memory_stays_bounded_and_a_loop_ends_beside_a_flood() {
        let mut echoes = Echoes::default();
        let mut answered = 0;
        let mut now = Nanos(0);
        for number in 0..20 * u32::try_from(REMEMBERED).unwrap() {
            now = now + Nanos(50_000);
            echo(&mut echoes, address(7, 4_000), &number.to_be_bytes(), now);
            // 40 ms a hop.
            if number % 800 == 0 {
                let hop = echo(&mut echoes, address(1, 8000), b"HELLO", now);
                answered += u32::from(hop.is_some());
                if hop.is_none() {
                    break;
                }
            }
        }
        assert_eq!(answered, u32::from(BUDGET) + 1);
        assert!(echoes.recent.len() <= REMEMBERED && echoes.older.len() <= REMEMBERED);
    }

    #[test]
    fn what_is_cut_off_is_no_repetition_of_what_was_echoed() {
        let mut echoes = Echoes::default();
        let peer = address(1, 9);
        assert!(echoes.handle_datagram(peer, b"HELLO", b"HELLO", Nanos(0)));
        for _ in 0..1_000 {
            assert!(echoes.handle_datagram(peer, b"hello", b"HELLO", Nanos(0)));
        }
    }
}
