//! Who is let in, and who is not.

use super::*;

fn peer(address: &str) -> SocketAddr {
    SocketAddr::new(address.parse().unwrap(), 40_000)
}

fn limits(connections: usize, per_source: usize, burst: u32) -> Limits {
    Limits {
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
    first.prove();
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
    admission.admit(guesser, false).unwrap().prove();
    admission.admit(guesser, true).unwrap();
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
