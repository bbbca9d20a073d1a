use proptest::prelude::*;
use protocol::{Nanos, System};
use trace::text::Catalog;
use trace::{Analysis, ClientId, SERVER, Trace};

use super::*;
use crate::sample;
use crate::scene::index::Index;
use crate::scene::time::{Scale, TimeRowKind};
use crate::scene::{StageModel, Viewport};

/// That run, whose calls took these times in microseconds, one after the other, and again.
fn lasting(run: &Trace, times: &[u64]) -> Trace {
    let mut trace = Trace::new(run.plan.clone().expect("a plan"), run.head.clone());
    for (event, time) in run.events().iter().zip(times.iter().cycle()) {
        let mut event = event.clone();
        event.took = Nanos(time * 1_000);
        trace.insert(event);
    }
    trace
}

fn model<'a>(trace: &'a Trace, analysis: &'a Analysis, part: [f64; 2]) -> StageModel<'a> {
    StageModel {
        trace,
        analysis,
        index: sample::index(trace, analysis),
        step: trace.events().len() / 2,
        viewport: Viewport::of(part[0], part[1]).unwrap_or_default(),
        selection: None,
        hover: None,
        earlier: None,
        earlier_index: None,
        duels: &[],
    }
}

fn sheet<'a>(model: &'a StageModel<'a>, catalog: &'a Catalog, by_step: bool) -> Sheet<'a> {
    Sheet {
        model,
        catalog,
        scale: Scale::new(model, by_step, 1100.0),
        rows: Vec::new(),
    }
}

/// What is drawn of a row's events where these are in sight.
fn drawn(sheet: &Sheet<'_>, row: &TimeRow, calls: &[Seen<'_>]) -> DrawList {
    let mut list = DrawList::default();
    sheet.boxes(row, calls, &mut list);
    list
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn what_is_found_in_sight_is_what_a_walk_finds(
        messages in prop::collection::vec("[a-z]{0,6}", 1..120),
        sizes in prop::collection::vec(1..12_usize, 1..4),
        // Most are short, and some as long as the run.
        times in prop::collection::vec(
            prop_oneof![8 => 0..30_u64, 1 => 0..3_000_u64, 1 => 0..100_000_u64],
            1..40,
        ),
        start in 0.0..0.99_f64,
        share in 0.001..1.0_f64,
        by_step in any::<bool>(),
    ) {
        let run = sample::chunked(System::TcpEcho, &messages, &sizes, 2);
        let trace = lasting(&sample::wired(&run), &times);
        let analysis = Analysis::new(&trace);
        let catalog = sample::catalog();
        let end = (start + share * (1.0 - start)).min(1.0);
        let model = model(&trace, &analysis, [start, end]);
        let sheet = sheet(&model, &catalog, by_step);
        let id = ClientId::FIRST.connection(0);
        let row = TimeRow { kind: TimeRowKind::Calls(SERVER), y: 40.0, height: 42.0 };
        let packets = &model.index.connection(id).packets;
        for own in model.index.parties().chain([packets]) {
            let walked = sheet.seen_of(&own.events);
            let found = sheet.seen(own);
            prop_assert_eq!(&found, &walked);
            prop_assert_eq!(drawn(&sheet, &row, &found), drawn(&sheet, &row, &walked));
            // As columns, where they are too dense to be told apart.
            let near = sheet.scale.near(own);
            prop_assert!(sheet.binned(&near) == sheet.binned(&own.events));
        }
    }

    #[test]
    fn an_index_that_went_back_finds_the_same(
        times in prop::collection::vec(0..3_000_u64, 1..12),
        number in 1..60_usize,
        back in 0..1_000_usize,
    ) {
        let messages: Vec<_> = (0..number).map(|number| number.to_string()).collect();
        let run = sample::chunked(System::TcpEcho, &messages, &[4], 2);
        let (other, trace) = (lasting(&run, &[7]), lasting(&run, &times));
        let back = back % (trace.events().len() + 1);
        // What stands in front of it is the same in both.
        let mut begun = Trace::new(run.plan.clone().expect("a plan"), run.head.clone());
        let events = trace.events()[..back].iter().chain(&other.events()[back..]);
        for event in events {
            begun.insert(event.clone());
        }
        let mut index = Index::new(&begun, &Analysis::new(&begun));
        let analysis = Analysis::new(&trace);
        index.update(&trace, &analysis, back);
        prop_assert_eq!(index, Index::new(&trace, &analysis));
    }
}

#[test]
fn of_a_long_run_a_few_calls_are_looked_at_although_one_waits_for_all_of_it() {
    let messages: Vec<_> = (0..2_000).map(|number| number.to_string()).collect();
    let run = sample::chunked(System::TcpEcho, &messages, &[4], 2);
    let mut trace = lasting(&run, &[1]);
    let mut last = trace.events().last().expect("an event").clone();
    (last.party, last.call, last.took) = (SERVER, Call::Recv, last.at);
    trace.insert(last);
    let analysis = Analysis::new(&trace);
    let catalog = sample::catalog();
    for by_step in [false, true] {
        let model = model(&trace, &analysis, [0.5, 0.51]);
        let sheet = sheet(&model, &catalog, by_step);
        let own = model.index.party(SERVER);
        let (near, all) = (sheet.scale.near(own).len(), own.events.len());
        let seen = sheet.seen(own).len();
        assert!(seen > 0 && near >= seen, "{near} of {all}, {seen} in sight");
        assert!(near < all / 20, "{near} of {all}, {seen} in sight");
    }
}
