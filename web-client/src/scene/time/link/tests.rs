use proptest::prelude::*;
use protocol::{Nanos, System};
use trace::{Analysis, Call, ClientId, Experiment, Loss, Trace, Transit};

use super::*;
use crate::sample;
use crate::scene::check::check;
use crate::scene::time::{Scale, TimeRowKind, draw};
use crate::scene::{Shape, Viewport};

/// Lines that are no cursor and no cross, as the width and height that they have.
fn ways(list: &DrawList, is_ghost: bool) -> Vec<(f64, f64)> {
    let lines = list.shapes.iter().filter_map(|shape| match shape {
        Shape::Line {
            x0,
            y0,
            x1,
            y1,
            ghost,
            ..
        } if *ghost == is_ghost => Some((x1 - x0, y1 - y0)),
        _ => None,
    });
    lines.filter(|(_, high)| high.abs() > 8.0).collect()
}

#[test]
fn a_packet_goes_from_one_end_to_the_other_and_a_lost_one_to_a_cross() {
    let calls: &[(&str, Call, &[u8])] = &[
        ("c1", Call::Send, b"one"),
        ("c1", Call::Send, b"lost"),
        ("s1", Call::Send, b"reply"),
    ];
    let plan = Experiment::new(System::TcpEcho, &["one", "lost"]);
    let trace = sample::linked(&sample::trace(plan, calls), 15_000, b"lost");
    let analysis = Analysis::new(&trace);
    let index = sample::index(&trace, &analysis);
    let id = ClientId::FIRST.connection(0);
    let catalog = sample::catalog();
    let mut model = StageModel::new(&trace, &analysis, index, trace.events().len());
    assert!(is_linked(&model, id));
    let all = draw(&model, &catalog, false, 1100.0, f64::INFINITY);
    check(&all);
    let (down, up): (Vec<_>, Vec<_>) = ways(&all, false)
        .into_iter()
        .partition(|(_, high)| *high > 0.0);
    // one, lost (to the middle, upright), lost again, and two acknowledgments of them.
    let slanted = down.iter().filter(|(wide, _)| *wide > 1.0).count();
    let upright = down.iter().filter(|(wide, _)| *wide < 1.0).count();
    assert!(slanted >= 2 && upright >= 1, "{down:?}");
    assert!(
        !up.is_empty() && up.iter().all(|(wide, _)| *wide > 1.0),
        "{up:?}"
    );
    let slopes = down.iter().filter(|(wide, _)| *wide > 1.0);
    let mut slopes = slopes.map(|(wide, high)| wide / high);
    let first = slopes.next().expect("a line");
    assert!(
        slopes.all(|slope| (slope - first).abs() < 0.5),
        "one delay is one slope"
    );
    assert!(ways(&all, true).is_empty());
    let said = all
        .shapes
        .iter()
        .any(|shape| matches!(shape, Shape::Text { text, .. } if text.ends_with("lost")));
    assert!(said, "{:?}", all.shapes);

    // Behind the first packet's send it is on its way.
    let sent = trace
        .events()
        .iter()
        .position(|event| event.call.is_packet());
    model.step = sent.expect("a packet") + 1;
    for by_step in [false, true] {
        for width in [390.0, 1100.0] {
            let list = draw(&model, &catalog, by_step, width, f64::INFINITY);
            check(&list);
            assert!(!ways(&list, true).is_empty(), "{by_step} {width}");
        }
    }
}

/// That run over a link that lost each packet with a delay of none, and delivered the
/// others twice, once, twice and so on, each after its delay in microseconds.
fn delayed(run: &Trace, delays: &[Option<u64>]) -> Trace {
    let mut trace = Trace::new(run.plan.clone().expect("a plan"), run.head.clone());
    let mut number = 0;
    for event in run.events() {
        let mut event = event.clone();
        if event.call.is_packet() {
            let delay = delays[number % delays.len()];
            let header = event.header.get_or_insert_default();
            header.transit = Some(Transit {
                lost: delay.is_none().then_some(Loss::Chance),
                arrived: delay.map(|delay| Nanos(event.at.0 + delay * 1_000)),
                twice: number.is_multiple_of(2),
                late: false,
            });
            number += 1;
        }
        trace.insert(event);
    }
    trace
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn what_is_found_in_sight_is_what_a_walk_finds(
        messages in prop::collection::vec("[a-z]{0,6}", 1..60),
        sizes in prop::collection::vec(1..12_usize, 1..4),
        delays in prop::collection::vec(prop::option::weighted(0.9, 0..3_000_u64), 1..12),
        start in 0.0..0.99_f64,
        share in 0.01..1.0_f64,
        by_step in any::<bool>(),
        step in 0..1_000_usize,
    ) {
        let run = sample::chunked(System::TcpEcho, &messages, &sizes, 2);
        let trace = delayed(&sample::wired(&run), &delays);
        let analysis = Analysis::new(&trace);
        let catalog = sample::catalog();
        let end = (start + share * (1.0 - start)).min(1.0);
        let model = StageModel { viewport: Viewport::of(start, end).unwrap_or_default(), ..StageModel::new(&trace, &analysis, sample::index(&trace, &analysis), step % (trace.events().len() + 1)) };
        let id = ClientId::FIRST.connection(0);
        let row = TimeRow { kind: TimeRowKind::Wire(id), y: 40.0, height: 58.0 };
        let sheet = Sheet {
            model: &model,
            catalog: &catalog,
            scale: Scale::new(&model, by_step, 1100.0),
            rows: Vec::new(),
        };
        let (mut found, mut walked) = (DrawList::default(), DrawList::default());
        sheet.ways(&row, id, End::Opener, &mut found);
        for (index, event) in trace.events().iter().enumerate() {
            if event.call.is_packet() && event.connection == id {
                sheet.way(&row, (index, event), End::Opener, &mut walked);
            }
        }
        prop_assert_eq!(found, walked);
    }
}

#[test]
fn of_a_long_run_a_few_packets_are_looked_at() {
    let messages: Vec<_> = (0..2_000).map(|number| format!("{number}")).collect();
    let run = sample::chunked(System::TcpEcho, &messages, &[4], 2);
    let trace = delayed(&sample::wired(&run), &[Some(50)]);
    let analysis = Analysis::new(&trace);
    let catalog = sample::catalog();
    let id = ClientId::FIRST.connection(0);
    for by_step in [false, true] {
        let model = StageModel {
            viewport: Viewport::of(0.5, 0.51).expect("a part"),
            ..StageModel::new(&trace, &analysis, sample::index(&trace, &analysis), 0)
        };
        let sheet = Sheet {
            model: &model,
            catalog: &catalog,
            scale: Scale::new(&model, by_step, 1100.0),
            rows: Vec::new(),
        };
        let all = model.index.connection(id).packets.events.len();
        let looked_at = sheet.under_way(id).len();
        assert!(
            looked_at > 0 && looked_at < all / 20,
            "{looked_at} of {all}"
        );
    }
}

#[test]
fn without_a_link_no_packet_takes_time() {
    let trace = sample::wired(&sample::five_sends());
    let analysis = Analysis::new(&trace);
    let model = StageModel::new(
        &trace,
        &analysis,
        sample::index(&trace, &analysis),
        trace.events().len(),
    );
    assert!(!is_linked(&model, ClientId::FIRST.connection(0)));
    assert!(
        ways(
            &draw(&model, &sample::catalog(), false, 1100.0, f64::INFINITY),
            false
        )
        .iter()
        .all(|(wide, _)| *wide == 0.0)
    );
}
