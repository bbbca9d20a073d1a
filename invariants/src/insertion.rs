//! Events that come one by one, some of them late, give the analysis that all
//! at once give.

use trace::{Analysis, Trace};

/// Tells the events of `whole` in another order, and looks now and then.
pub(crate) fn check(whole: &Trace) {
    let head = whole.head.clone();
    let mut trace = match &whole.plan {
        Some(plan) => Trace::new(plan.clone(), head),
        None => Trace::without_plan(whole.setup.clone(), head),
    };
    trace.parties.clone_from(&whole.parties);
    trace.connections.clone_from(&whole.connections);
    let mut order: Vec<_> = whole.events().iter().enumerate().collect();
    // By the event's own bytes, so that the same input gives the same order.
    order.sort_by_key(|(number, event)| {
        let late = event
            .bytes
            .first()
            .map_or(0, |&first| usize::from(first) % 8);
        number + late * late
    });
    let mut analysis = Analysis::default();
    let mut from = 0;
    for (number, (_, event)) in order.into_iter().enumerate() {
        from = from.min(trace.insert(event.clone()));
        if number % 5 == 4 {
            analysis.update(&trace, from);
            from = trace.events().len();
        }
    }
    if let Some(why) = whole.ending() {
        trace.end(why, whole.missed, whole.dropped);
    }
    analysis.update(&trace, from);
    assert!(
        analysis == Analysis::new(&trace),
        "one by one is not all at once"
    );
}
