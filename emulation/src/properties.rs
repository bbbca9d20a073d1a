//! What holds of every link and all packets.

use proptest::prelude::*;
use protocol::Nanos;

use crate::{Fate, LinkSettings, Pipe, Rate, Share, Way, parse};

fn share() -> impl Strategy<Value = Share> {
    (0..=Share::ALL).prop_filter_map("a share", Share::of_million)
}

prop_compose! {
    fn way()(
        delay in 0..5_000_000_000_u64,
        jitter in 0..5_000_000_000_u64,
        loss in share(),
        duplicate in share(),
        reorder in share(),
        rate in prop_oneof![Just(0), 8_000..100_000_000_000_u64],
        queue in 1..10_000_u32,
    ) -> Way {
        Way { delay: Nanos(delay), jitter: Nanos(jitter), loss, duplicate, reorder, rate: Rate(rate), queue }
    }
}

prop_compose! {
    fn link()(up in way(), down in way(), mtu in 576..65_536_u32, seed: u64) -> LinkSettings {
        LinkSettings { up, down, mtu, seed }
    }
}

/// Times between packets, in nanoseconds, and their lengths.
fn packets() -> impl Strategy<Value = Vec<(u64, usize)>> {
    prop::collection::vec((0..50_000_000_u64, 60..1_515_usize), 1..200)
}

proptest! {
    #[test]
    fn a_link_that_is_written_is_read_again(link in link()) {
        prop_assert_eq!(parse(&link.to_string()), Ok(Some(link)));
    }

    #[test]
    fn any_text_is_a_link_or_refused(text in ".{0,60}") {
        let _ = parse(&text);
    }

    #[test]
    fn each_packet_is_lost_or_arrives_as_often_as_was_said_and_when(
        link in link(),
        packets in packets(),
    ) {
        let [mut pipe, _] = Pipe::pair(&link);
        let mut expected = Vec::new();
        let mut now = 0;
        for (number, (gap, length)) in packets.into_iter().enumerate() {
            now += gap;
            if let Fate::Carried { arrives, twice, .. } = pipe.handle_packet(Nanos(now), length, number) {
                let least = link.up.delay.0.saturating_sub(link.up.jitter.0);
                prop_assert!(arrives.0 >= now + least);
                expected.push((arrives, number));
                expected.extend(twice.then_some((arrives, number)));
            }
        }
        expected.sort_by_key(|(arrives, _)| *arrives);
        let mut arrived = Vec::new();
        while let Some(at) = pipe.next_arrival() {
            let arrival = pipe.poll_arrival(at).expect("its time has come");
            arrived.push((at, arrival.packet));
        }
        prop_assert_eq!(arrived, expected);
    }

    #[test]
    fn packets_stay_in_their_order_where_none_is_held_back(
        link in link(),
        packets in packets(),
    ) {
        let up = Way { reorder: Share::default(), ..link.up };
        let [mut pipe, _] = Pipe::pair(&LinkSettings { up, ..link });
        let mut now = 0;
        for (number, (gap, length)) in packets.into_iter().enumerate() {
            now += gap;
            pipe.handle_packet(Nanos(now), length, number);
        }
        let mut before = 0;
        while let Some(arrival) = pipe.poll_arrival(Nanos(u64::MAX)) {
            prop_assert!(arrival.packet >= before);
            before = arrival.packet;
        }
    }
}

#[test]
fn the_shares_are_what_was_asked_for() {
    const PACKETS: u32 = 100_000;
    let link: LinkSettings = "loss=1%,duplicate=3%,reorder=10%".parse().unwrap();
    for seed in 0..10 {
        let [mut pipe, _] = Pipe::pair(&LinkSettings {
            seed,
            ..link.clone()
        });
        let mut counts = [0_u32; 3];
        for number in 0..PACKETS {
            match pipe.handle_packet(Nanos(u64::from(number) * 1_000), 60, ()) {
                Fate::Lost(_) => counts[0] += 1,
                Fate::Carried { twice, late, .. } => {
                    counts[1] += u32::from(twice);
                    counts[2] += u32::from(late);
                }
            }
            while pipe.poll_arrival(Nanos(u64::MAX)).is_some() {}
        }
        let arrived = f64::from(PACKETS - counts[0]);
        for (count, of, share) in [
            (counts[0], f64::from(PACKETS), 0.01),
            (counts[1], arrived, 0.03),
            (counts[2], arrived, 0.1),
        ] {
            let deviation = (of * share * (1.0 - share)).sqrt();
            let off = (f64::from(count) - of * share).abs();
            assert!(off <= 3.5 * deviation, "seed {seed}: {counts:?}");
        }
    }
}

#[test]
fn a_rate_is_kept_to_the_nanosecond() {
    let [mut pipe, _] = Pipe::pair(&"rate=20Mbit,queue=10000".parse().unwrap());
    for number in 0..5_000 {
        pipe.handle_packet(Nanos(0), 1_514, number);
    }
    let mut last = Nanos(0);
    while let Some(at) = pipe.next_arrival() {
        last = at;
        pipe.poll_arrival(at);
    }
    // 5,000 × 1,514 × 8 bits at 20 Mbit/s.
    assert_eq!(last, Nanos(3_028_000_000));
}
