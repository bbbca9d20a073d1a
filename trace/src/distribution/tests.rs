use std::collections::BTreeMap;

use proptest::prelude::*;
use protocol::System;

use super::*;
use crate::link::{Capture, Head};
use crate::{ClientId, Event, Experiment};

/// A run of tcp-echo whose server reads chunks of these sizes a millisecond apart, each
/// answered with as many bytes.
fn run(sizes: &[usize]) -> Trace {
    let experiment = Experiment::new(System::TcpEcho, &["hello"]);
    let mut trace = Trace::new(experiment, Head::new("test", Capture::Unknown));
    let client = ClientId::FIRST;
    let mut put = |at, origin, call, offset: usize, bytes: usize| {
        trace.insert(Event {
            offset: protocol::Offset(offset as u64),
            asked: 100,
            bytes: vec![b'x'; bytes],
            ..Event::new(Nanos::from_millis(at), origin, call)
        });
    };
    put(1, client.opener(), Call::Send, 0, sizes.iter().sum());
    let mut offset = 0;
    for (size, at) in sizes.iter().zip(2..) {
        put(at, client.acceptor(), Call::Recv, offset, *size);
        offset += size;
    }
    // The end of the stream, long after all bytes.
    put(500, client.acceptor(), Call::Recv, offset, 0);
    trace.end(Ending::Finished, None, None);
    trace
}

fn add(distribution: &mut Distribution, sizes: &[usize]) -> Added {
    let trace = run(sizes);
    distribution.add(&trace, &Analysis::new(&trace))
}

fn found(runs: u32, example: u32) -> Found {
    Found { runs, example }
}

#[test]
fn each_outcome_has_its_runs_and_the_first_of_them() {
    let mut distribution = Distribution::new(Some(Count::ServerBytes));
    let first = add(&mut distribution, &[5]);
    assert_eq!(
        first,
        Added {
            run: 1,
            is_example: true,
            counts: vec![1, 5],
            sizes: vec![5],
            took: Some(Nanos::from_millis(1)),
        }
    );
    assert!(add(&mut distribution, &[2, 3]).is_example);
    assert!(!add(&mut distribution, &[5]).is_example);
    // As many calls of other sizes.
    let other = add(&mut distribution, &[3, 2]);
    assert_eq!((other.run, other.is_example), (4, true));
    assert_eq!(other.took, Some(Nanos::from_millis(2)));

    let [recvs, bytes] = &distribution.counts[..] else {
        panic!("what is asked for is counted, too");
    };
    assert_eq!(recvs.0, Count::ServerRecvs);
    assert_eq!(recvs.1, Tally::from([(1, found(2, 1)), (2, found(2, 2))]));
    assert_eq!(bytes.0, Count::ServerBytes);
    assert_eq!(bytes.1, Tally::from([(5, found(4, 1))]));
    let ranked = distribution.ranked();
    assert_eq!(
        ranked,
        [
            (&[5][..], found(2, 1)),
            (&[2, 3], found(1, 2)),
            (&[3, 2], found(1, 4))
        ]
    );
    let mut sizes = Sizes::default();
    for added in [&first, &other] {
        sizes.add(added);
    }
    assert_eq!(sizes.known, BTreeMap::from([(2, 1), (3, 1), (5, 1)]));
    assert_eq!(
        (distribution.runs_with(0, 1), distribution.runs_with(0, 9)),
        (2, 0)
    );
    assert_eq!(distribution.unfinished, 0);
    let times: Vec<_> = distribution.times().iter().map(|(_, run)| *run).collect();
    assert_eq!(times, [1, 3, 2, 4]);
}

#[test]
fn runs_without_bytes_and_runs_that_were_ended_count_as_such() {
    let mut distribution = Distribution::new(None);
    let experiment = Experiment::new(System::TcpEcho, &[]);
    let mut trace = Trace::new(experiment, Head::new("test", Capture::Unknown));
    trace.end(Ending::Stopped, None, None);
    let added = distribution.add(&trace, &Analysis::new(&trace));
    assert_eq!((added.took, added.sizes), (None, vec![]));
    assert_eq!(distribution.unfinished, 1);
    assert_eq!(distribution.counts.len(), 1);
    assert_eq!(distribution.runs_with(0, 0), 1);
    assert!(of_times(&distribution.times(), 10).is_empty());
}

#[test]
fn a_lesson_about_replies_counts_the_clients_calls() {
    let distribution = Distribution::new(Some(Count::LateReplies));
    let counts: Vec<_> = distribution
        .counts
        .iter()
        .map(|(count, _)| *count)
        .collect();
    assert_eq!(counts, [Count::ClientRecvs, Count::LateReplies]);
    assert_eq!(distribution.direction, Direction::FromAcceptor);
    let distribution = Distribution::new(Some(Count::ServerRecvs));
    assert_eq!(distribution.counts.len(), 1);
}

#[test]
fn a_share_is_rounded_to_tenths_of_a_percent() {
    assert_eq!(percent(1, 3), "33.3");
    assert_eq!(percent(2, 3), "66.7");
    assert_eq!(percent(200, 200), "100");
    assert_eq!(percent(0, 200), "0");
    assert_eq!(percent(1, 10_000), "< 0.1");
    assert_eq!(percent(9_999, 10_000), "> 99.9");
    assert_eq!(percent(0, 0), "0");
}

#[test]
fn what_is_kept_is_bounded() {
    let mut distribution = Distribution::new(None);
    let extra = 3;
    for size in 0..MOST_SEQUENCES + extra {
        add(&mut distribution, &[size + 1]);
    }
    // One that is known goes on counting.
    add(&mut distribution, &[1]);
    assert_eq!(distribution.sequences.len(), MOST_SEQUENCES);
    assert_eq!(distribution.other_sequences as usize, extra);
    assert_eq!(distribution.ranked()[0], (&[1][..], found(2, 1)));
    let all: u32 = distribution
        .sequences
        .iter()
        .map(|(_, found)| found.runs)
        .sum();
    assert_eq!(all + distribution.other_sequences, distribution.runs());
}

#[test]
fn each_run_over_a_link_has_a_seed_of_its_own() {
    let mut experiment = Experiment::new(System::TcpEcho, &["a"]);
    assert_eq!(nth(&experiment, 3), experiment);
    let link: emulation::LinkSettings = "loss=5%,seed=7".parse().expect("a link");
    experiment.link = Some(link.into());
    let seeds = [0, 1, 2].map(|before| nth(&experiment, before).link.map(|link| link.seed));
    assert_eq!(seeds, [Some(7), Some(8), Some(9)]);
}

#[test]
fn half_and_nine_of_ten_took_no_longer() {
    assert_eq!(Summary::of(&[]), None);
    let times: Vec<_> = (1..=11).map(|n| (Nanos(n), 1)).collect();
    let summary = Summary {
        shortest: Nanos(1),
        median: Nanos(6),
        nine_of_ten: Nanos(10),
        longest: Nanos(11),
    };
    assert_eq!(Summary::of(&times), Some(summary));
}

#[test]
fn a_value_has_a_bar_of_its_own_while_there_are_few() {
    let tally = Tally::from([(1, found(7, 2)), (20, found(1, 1))]);
    let bars = of_counts(&tally, 2);
    let bar = |least, most, runs, example| Bar {
        least,
        most,
        runs,
        example,
    };
    assert_eq!(bars, [bar(1, 1, 7, 2), bar(20, 20, 1, 1)]);
    let tally = Tally::from([(1, found(7, 2)), (2, found(1, 1)), (20, found(1, 3))]);
    assert_eq!(of_counts(&tally, 2), [bar(1, 10, 8, 1), bar(11, 20, 1, 3)]);
    assert!(of_counts(&Tally::new(), 5).is_empty());
}

#[test]
fn times_have_bars_of_a_round_width() {
    let times = [(1_050, 1), (1_999, 3), (2_000, 2), (2_100, 4)];
    let bars = of_times(&times.map(|(at, run)| (Nanos(at), run)), 4);
    let bar = |least, most, runs, example| Bar {
        least,
        most,
        runs,
        example,
    };
    assert_eq!(
        bars,
        [
            bar(1_000, 1_499, 1, 1),
            bar(1_500, 1_999, 1, 3),
            bar(2_000, 2_499, 2, 2)
        ]
    );
    // One that took far longer does not take the others' bars away.
    let mut times: Vec<_> = (0..40).map(|n| (Nanos(10 * u64::from(n)), n + 1)).collect();
    times.push((Nanos(1_000_000_000), 41));
    let bars = of_times(&times, 5);
    assert_eq!(bars.len(), 5);
    assert_eq!((bars[4].most, bars[4].example), (1_000_000_000, 41));
    assert_eq!((bars[0].least, bars[0].most, bars[0].runs), (0, 199, 20));
}

proptest! {
    /// Every run is in exactly one bar, the bar's example among them.
    #[test]
    fn every_run_is_in_one_bar(values in prop::collection::vec(any::<u64>(), 1..80), most in 2_usize..30) {
        let mut times: Vec<_> = values.iter().map(|value| Nanos(*value)).zip(1..).collect();
        times.sort_unstable();
        let mut tally = Tally::new();
        for (value, run) in values.iter().zip(1..) {
            tally.add(*value, run);
        }
        for bars in [of_times(&times, most), of_counts(&tally, most)] {
            prop_assert!(bars.len() <= most);
            let runs: u32 = bars.iter().map(|bar| bar.runs).sum();
            prop_assert_eq!(runs as usize, values.len());
            for pair in bars.windows(2) {
                prop_assert!(pair[0].most < pair[1].least);
            }
            for bar in bars.iter().filter(|bar| bar.runs > 0) {
                let value = values[bar.example as usize - 1];
                prop_assert!((bar.least..=bar.most).contains(&value));
                let within = values.iter().filter(|value| (bar.least..=bar.most).contains(value));
                prop_assert_eq!(within.count(), bar.runs as usize);
            }
        }
    }
}
