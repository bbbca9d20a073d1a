use super::*;

const MS: u64 = 1_000_000;

fn up(link: &str) -> Pipe<u64> {
    let link = link.parse().expect("a link");
    let [up, _] = Pipe::pair(&link);
    up
}

/// Packets of 1,000 bytes at these times, in milliseconds; when each arrived.
fn check(link: &str, sent: &[u64], expected: &[(u64, u64)]) {
    let mut pipe = up(link);
    for (&at, number) in sent.iter().zip(0..) {
        pipe.handle_packet(Nanos(at * MS), 1_000, number);
    }
    assert_eq!(drain(&mut pipe), expected, "{link}");
}

/// What arrives, and when: packets and microseconds.
fn drain(pipe: &mut Pipe<u64>) -> Vec<(u64, u64)> {
    let mut arrived = Vec::new();
    while let Some(at) = pipe.next_arrival() {
        assert_eq!(pipe.poll_arrival(Nanos(at.0 - 1)), None, "not before");
        let arrival = pipe.poll_arrival(at).expect("it is there");
        arrived.push((arrival.packet, at.0 / 1_000));
    }
    arrived
}

#[test]
fn a_packet_arrives_after_the_delay_of_its_way() {
    check(
        "rtt=40ms",
        &[0, 1, 5],
        &[(0, 20_000), (1, 21_000), (2, 25_000)],
    );
    check("delay=3ms/90ms", &[7], &[(0, 10_000)]);
    check("mtu=1500", &[7], &[(0, 7_000)]);
}

#[test]
fn bits_go_in_one_after_the_other_and_the_queue_drops_its_tail() {
    // 1,000 bytes take a millisecond.
    let arrived = [(0, 1_000), (1, 2_000), (2, 3_000), (3, 11_000)];
    check("rate=8Mbit", &[0, 0, 0, 10], &arrived);
    // One goes in, two wait, the fourth and the fifth find no room. A millisecond later one
    // has gone.
    let mut pipe = up("rate=8Mbit,queue=2");
    let mut sent = |at: u64, number| pipe.handle_packet(Nanos(at), 1_000, number);
    for number in 0..3 {
        assert!(matches!(sent(0, number), Fate::Carried { .. }), "{number}");
    }
    assert_eq!(sent(0, 3), Fate::Lost(Loss::Queue));
    assert_eq!(sent(MS - 1, 4), Fate::Lost(Loss::Queue));
    assert!(matches!(sent(MS, 5), Fate::Carried { .. }));
    assert_eq!(sent(MS, 6), Fate::Lost(Loss::Queue));
    let arrived = drain(&mut pipe);
    assert_eq!(arrived, [(0, 1_000), (1, 2_000), (2, 3_000), (5, 4_000)]);
}

#[test]
fn what_is_lost_doubled_or_held_back_is_so_without_exception_at_a_hundred_percent() {
    let mut pipe = up("loss=100%");
    assert_eq!(
        pipe.handle_packet(Nanos(0), 60, 0),
        Fate::Lost(Loss::Chance)
    );
    assert_eq!(pipe.next_arrival(), None);
    let mut pipe = up("rtt=10ms,duplicate=100%,reorder=100%");
    let fate = pipe.handle_packet(Nanos(0), 60, 9);
    let arrives = Nanos(7_500_000);
    assert_eq!(
        fate,
        Fate::Carried {
            arrives,
            twice: true,
            late: true
        }
    );
    let arrivals = [false, true].map(|again| {
        Some(Arrival {
            packet: 9,
            again,
            twice: true,
            late: true,
        })
    });
    assert_eq!(
        [pipe.poll_arrival(arrives), pipe.poll_arrival(arrives)],
        arrivals
    );
    assert_eq!(pipe.poll_arrival(arrives), None);
}

#[test]
fn who_is_held_back_is_overtaken_by_those_behind() {
    let mut pipe = up("rtt=10ms,reorder=20%,seed=3");
    for number in 0..50 {
        pipe.handle_packet(Nanos(number * MS / 10), 60, number);
    }
    let order: Vec<_> = drain(&mut pipe)
        .into_iter()
        .map(|(packet, _)| packet)
        .collect();
    assert!(!order.is_sorted(), "{order:?}");
    let mut all = order.clone();
    all.sort_unstable();
    assert!(all.iter().copied().eq(0..50), "all arrive");
}

#[test]
fn what_is_under_way_is_bounded() {
    let mut pipe = up("rtt=10s");
    let mut carried = 0_usize;
    while let Fate::Carried { .. } = pipe.handle_packet(Nanos(0), 1024 * 1024, 0) {
        carried += 1;
        assert!(carried < 1_000);
    }
    assert_eq!(carried, 127);
}

#[test]
fn the_ways_have_decisions_of_their_own_and_the_seed_decides() {
    let lost = |link: &str, way: usize| -> Vec<bool> {
        let link = link.parse().expect("a link");
        let pipe = &mut Pipe::pair(&link)[way];
        let lost = (0..64).map(|at| pipe.handle_packet(Nanos(at), 60, at));
        lost.map(|fate| matches!(fate, Fate::Lost(_))).collect()
    };
    let link = "loss=30%,seed=7";
    assert_eq!(lost(link, 0), lost(link, 0));
    assert_ne!(lost(link, 0), lost(link, 1));
    assert_ne!(lost(link, 0), lost("loss=30%,seed=8", 0));
    // Other settings choose other packets for themselves alone.
    assert_eq!(
        lost(link, 0),
        lost("loss=30%,seed=7,jitter=2ms,reorder=9%", 0)
    );
}
