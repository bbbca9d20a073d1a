//! Who is let in, and who is not.

use super::*;
use std::net::Ipv6Addr;

fn peer(address: &str) -> SocketAddr {
    SocketAddr::new(address.parse().unwrap(), 40_000)
}

fn limits(connections: usize, per_source: usize, burst: u32) -> Capacity {
    Capacity {
        connections,
        per_source,
        rate: NonZeroU32::MIN,
        burst: NonZeroU32::new(burst).unwrap(),
        unproven: 3,
        unproven_per_source: 2,
    }
}

#[test]
fn one_source_can_not_take_the_places_of_others() {
    let admission = Admission::new(limits(5, 2, 100));
    let greedy = peer("192.0.2.1");
    let held = [
        admission.admit(greedy, false).unwrap(),
        admission.admit(greedy, false).unwrap(),
    ];
    assert_eq!(
        admission.admit(greedy, false).unwrap_err(),
        Refusal::SourceFull
    );
    let other = admission.admit(peer("192.0.2.2"), false).unwrap();
    drop(held);
    let again = admission.admit(greedy, false).unwrap();
    drop((other, again));
    assert!(
        admission.taken().by_source.is_empty(),
        "nothing is left behind"
    );
    assert_eq!(admission.taken().all.places, 0);
}

#[test]
fn listeners_share_the_descriptors() {
    let descriptors = Descriptors::new(4, 3);
    let listener = || Admission::within(limits(100, 100, 100), descriptors.clone());
    let (one, other) = (listener(), listener());
    let greedy = peer("192.0.2.1");
    let held = [
        one.admit(greedy, false).unwrap(),
        one.admit(greedy, true).unwrap(),
        other.admit(greedy, false).unwrap(),
    ];
    assert_eq!(other.admit(greedy, false).unwrap_err(), Refusal::SourceFull);
    let _guest = other.admit(peer("192.0.2.2"), false).unwrap();
    let late = one.admit(peer("192.0.2.3"), false);
    assert_eq!(late.unwrap_err(), Refusal::Full);
    assert_eq!(one.taken().by_source.len(), 1, "a refusal takes nothing");
    drop(held);
    one.admit(peer("192.0.2.3"), false).unwrap();
}

#[test]
fn all_together_have_a_limit_too() {
    let admission = Admission::new(limits(3, 2, 100));
    let admit = |last: u8| admission.admit(peer(&format!("192.0.2.{last}")), false);
    let _held = [admit(1).unwrap(), admit(2).unwrap(), admit(3).unwrap()];
    assert_eq!(admit(4).unwrap_err(), Refusal::Full);
}

#[test]
fn who_comes_too_often_waits_and_others_do_not() {
    let admission = Admission::new(limits(100, 100, 3));
    let hasty = peer("192.0.2.1");
    for _ in 0..3 {
        admission.admit(hasty, false).unwrap();
    }
    assert_eq!(admission.admit(hasty, false).unwrap_err(), Refusal::TooFast);
    admission.admit(peer("192.0.2.2"), false).unwrap();
}

#[test]
fn who_has_not_proved_itself_takes_no_place_of_those_who_have() {
    let admission = Admission::new(limits(100, 100, 100));
    let admit = |last: u8| admission.admit(peer(&format!("192.0.2.{last}")), true);
    let mut first = admit(1).unwrap();
    let _second = admit(1).unwrap();
    assert_eq!(admit(1).unwrap_err(), Refusal::Unproven, "of one source");
    let _other = admit(2).unwrap();
    assert_eq!(admit(3).unwrap_err(), Refusal::Unproven, "of all");
    assert_eq!(first.attempt(|| true), Ok(true));
    let _third = admit(1).unwrap();
    drop(first);
    let counts = admission.taken().all;
    assert_eq!((counts.places, counts.unproven), (3, 3));
}

#[test]
fn who_keeps_failing_waits_and_others_do_not() {
    let admission = Admission::new(limits(100, 100, 100));
    let guesser = peer("192.0.2.1");
    for _ in 0..FORGIVEN {
        admission.admit(guesser, true).unwrap().fail();
    }
    assert_eq!(
        admission.admit(guesser, true).unwrap_err(),
        Refusal::Backoff
    );
    admission.admit(peer("192.0.2.2"), true).unwrap();
    // Who knows the key waits, too.
    let mut before = admission.admit(guesser, false).unwrap();
    let verify = || unreachable!("it is not looked at");
    assert_eq!(before.attempt(verify), Err(Refusal::Backoff));
}

#[test]
fn as_many_answers_are_looked_at_as_are_forgiven_however_many_come_at_once() {
    let admission = Admission::new(Capacity {
        unproven: 300,
        unproven_per_source: 300,
        ..limits(1_000, 1_000, 1_000)
    });
    let guesser = peer("192.0.2.1");
    let places: Vec<_> = (0..256)
        .map(|_| admission.admit(guesser, true).unwrap())
        .collect();
    let started = Instant::now();
    let looked_at = std::sync::atomic::AtomicU32::new(0);
    std::thread::scope(|scope| {
        for mut place in places {
            let looked_at = &looked_at;
            scope.spawn(move || {
                let verify = || {
                    looked_at.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    false
                };
                let _ = place.attempt(verify);
            });
        }
    });
    // One more for each wait that is over meanwhile, on a slow machine.
    let waits = started.elapsed().as_millis() / FIRST_WAIT.as_millis();
    let later = (waits + 1).ilog2();
    let looked_at = looked_at.into_inner();
    assert!(
        (FORGIVEN..=FORGIVEN + later).contains(&looked_at),
        "{looked_at}, {waits}"
    );
    let mut other = admission.admit(peer("192.0.2.2"), true).unwrap();
    assert_eq!(other.attempt(|| true), Ok(true));
}

#[test]
fn a_right_answer_forgives_the_wrong_ones_before_it() {
    let admission = Admission::new(limits(100, 100, 100));
    let clumsy = peer("192.0.2.1");
    for _ in 0..3 {
        for _ in 1..FORGIVEN {
            let mut place = admission.admit(clumsy, true).unwrap();
            assert_eq!(place.attempt(|| false), Ok(false));
        }
        let mut place = admission.admit(clumsy, true).unwrap();
        assert_eq!(place.attempt(|| true), Ok(true));
    }
    assert!(admission.taken().failures.is_empty());
}

#[test]
fn sources_are_addresses_or_networks_of_64_bits() {
    fn same(one: &str, other: &str) -> bool {
        Source::of(peer(one)) == Source::of(peer(other))
    }
    assert!(same("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"));
    assert!(!same("2001:db8:1:2::1", "2001:db8:1:3::1"));
    assert!(!same("192.0.2.1", "192.0.2.2"));
    assert!(same("192.0.2.1", "::ffff:192.0.2.1"));
}

#[test]
fn the_table_of_rates_stays_bounded() {
    let admission = Admission::new(limits(usize::MAX, 1, 1));
    for number in 0..SOURCES + 500 {
        let address = Ipv6Addr::from_bits((number as u128) << 64 | 1);
        let _ = admission.check_rate(SocketAddr::new(address.into(), 1));
    }
    assert!(
        admission.rates.len() <= SOURCES,
        "{}",
        admission.rates.len()
    );
}
