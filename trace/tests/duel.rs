//! Streams for duels, from literal traces.

#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod dsl;

use dsl::trace;
use protocol::{Nanos, System};
use trace::duel::{Cuts, Opponent, Source, Stream, duel};
use trace::lane::Direction;
use trace::{Analysis, Trace};

/// How many messages the opponent has right, and where it parts: chunk and position.
fn outcome(run: &Trace, cuts: &str, opponent: Opponent) -> (usize, Option<(usize, usize)>) {
    let analysis = Analysis::new(run);
    let lane = &analysis.lanes[0];
    let silence = Nanos::from_millis(5);
    let cuts: Cuts = cuts.parse().unwrap();
    let stream = Stream::of(run, lane, &cuts, silence);
    assert_eq!(opponent.lacks(&stream), None);
    let duel = duel(&stream, &run.framing(lane.direction), opponent);
    let parting = duel.parting;
    (
        duel.agreed,
        parting.map(|parting| (parting.chunk.number, parting.at)),
    )
}

const SETTINGS: &[&str] = &["framing=delimiter"];

/// Two lines in three recvs; the lines of the script are one millisecond apart.
fn lines() -> Trace {
    trace(
        System::TcpEcho,
        SETTINGS,
        "c1 send hello\\x0a
         c1 segment 0 PSH,ACK hello\\x0a
         c1 send ok\\x0a
         c1 segment 6 PSH,ACK ok\\x0a
         s1 recv 1024 hello\\x0a
         c1 recv 1024 x
         c1 recv 1024 x
         c1 recv 1024 x
         c1 recv 1024 x
         s1 recv 1024 ok\\x0a
         c1 close",
    )
}

#[test]
fn the_recorded_chunks_are_what_recvs_returned() {
    let run = lines();
    let analysis = Analysis::new(&run);
    let lane = &analysis.lanes[0];
    let stream = Stream::of(&run, lane, &Cuts::Recorded, Nanos::from_millis(5));
    assert_eq!((stream.source, stream.is_whole), (Source::Recvs, true));
    assert_eq!(stream.pushes.as_deref(), Some(&[6, 9][..]));
    let chunks: Vec<_> = stream
        .chunks()
        .map(|chunk| (chunk.number, chunk.range, chunk.is_pause_behind))
        .collect();
    assert_eq!(chunks, [(1, 0..6, true), (2, 6..9, true)]);
    assert_eq!(outcome(&run, "recorded", Opponent::OneRecv), (2, None));
    assert_eq!(outcome(&run, "whole", Opponent::OneRecv), (0, Some((1, 6))));
    assert_eq!(outcome(&run, "4", Opponent::OneRecv), (0, Some((1, 4))));
    assert_eq!(outcome(&run, "6,3", Opponent::OneRecv), (2, None));
}

#[test]
fn silence_goes_by_the_times_of_recvs_and_psh_by_packets() {
    let run = lines();
    assert_eq!(outcome(&run, "recorded", Opponent::Silence), (2, None));
    assert_eq!(outcome(&run, "recorded", Opponent::Psh), (2, None));
    // Both lines in one segment, which the reader got at once.
    let together = trace(
        System::TcpEcho,
        SETTINGS,
        "c1 send hello\\x0a
         c1 send ok\\x0a
         c1 segment 0 PSH,ACK hello\\x0aok\\x0a
         s1 recv 1024 hello\\x0a
         s1 recv 1024 ok\\x0a
         c1 close",
    );
    assert_eq!(
        outcome(&together, "recorded", Opponent::Silence),
        (0, Some((1, 6)))
    );
    assert_eq!(
        outcome(&together, "recorded", Opponent::Psh),
        (0, Some((1, 6)))
    );
    let analysis = Analysis::new(&run);
    let cut = Stream::of(
        &run,
        &analysis.lanes[0],
        &Cuts::Whole,
        Nanos::from_millis(5),
    );
    assert!(Opponent::Silence.lacks(&cut).is_some());
    assert_eq!(Opponent::Psh.lacks(&cut), None);
}

#[test]
fn where_the_reader_was_not_watched_segments_are_the_chunks_and_then_sends() {
    let run = trace(
        System::TcpEcho,
        SETTINGS,
        "c1 send hello\\x0aok\\x0a
         c1 segment 0 ACK hel
         c1 segment 3 PSH,ACK lo\\x0aok\\x0a
         running",
    );
    let analysis = Analysis::new(&run);
    let stream = |run: &Trace, analysis: &Analysis| {
        let lane = analysis.lanes[0].clone();
        assert_eq!(lane.direction, Direction::FromOpener);
        let stream = Stream::of(run, &lane, &Cuts::Recorded, Nanos(0));
        let ranges: Vec<_> = stream.chunks().map(|chunk| chunk.range).collect();
        (stream.source, ranges, stream.is_whole)
    };
    assert_eq!(
        stream(&run, &analysis),
        (Source::Segments, vec![0..3, 3..9], false)
    );
    let run = trace(
        System::TcpEcho,
        SETTINGS,
        "c1 send hello\\x0a
         c1 send ok\\x0a
         running",
    );
    let analysis = Analysis::new(&run);
    assert_eq!(
        stream(&run, &analysis),
        (Source::Sends, vec![0..6, 6..9], false)
    );
}

#[test]
fn a_handshake_is_no_part_of_the_duel() {
    let challenge = "a".repeat(32);
    let answer = "b".repeat(16);
    let run = trace(
        System::Auth,
        &[],
        &format!(
            "s1 send {challenge}
             c1 recv 1024 {challenge}
             c1 send {answer}
             c1 send \\x02\\x00\\x00\\x00ok
             s1 recv 1024 {answer}\\x02\\x00
             s1 recv 1024 \\x00\\x00ok
             c1 close"
        ),
    );
    let analysis = Analysis::new(&run);
    let mut lanes = analysis.lanes.iter();
    let lane = lanes.rfind(|lane| lane.direction == Direction::FromOpener);
    let stream = Stream::of(&run, lane.unwrap(), &Cuts::Recorded, Nanos(0));
    let ranges: Vec<_> = stream.chunks().map(|chunk| chunk.range).collect();
    assert_eq!((stream.start, ranges), (16, vec![16..18, 18..22]));
}
