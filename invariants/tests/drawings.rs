//! What the page draws of a run of each lesson, on screens of usual widths: no two
//! texts overlap, the cursor's line crosses none, nothing leaves the canvas.

use std::fmt::Write as _;
use std::thread;

use stickylab::lessons;
use stickylab::play::{Playing, play};
use stickylab::worker::Runner;
use trace::lane::MessageKind;
use trace::{Analysis, Lesson, Trace};
use web_client::catalog;
use web_client::language::Language;
use web_client::scene::check::check;
use web_client::scene::{self, Axis, Index, Shape, StageModel, View, Viewport};

/// Widths of the stage where the window is 360, 390, 768, 1440 and 1920 CSS pixels
/// wide: less the list of lessons, the panels beside it and the margins.
const WIDTHS: [f64; 5] = [334.0, 364.0, 742.0, 1144.0, 1040.0];
/// Most steps of a run that are drawn.
const STEPS: usize = 12;

#[test]
fn the_labels_of_every_lesson_stand_apart_at_every_step() {
    let lessons = lessons::all();
    assert!(lessons.len() > 20, "{}", lessons.len());
    // Most of a run is waiting.
    thread::scope(|scope| {
        for lesson in &lessons {
            let test = thread::Builder::new().name(lesson.id.clone());
            let test = test.spawn_scoped(scope, || check_drawings(lesson, &run(lesson)));
            test.expect("a thread starts");
        }
    });
}

/// The lessons on proofs ask to compare them: their bytes can be read on the stage,
/// at least the first eight of them.
#[test]
fn the_bytes_of_a_handshake_are_on_the_stage() {
    let catalog = catalog::texts(Language::default());
    for lesson in ["prove-you-know-the-key", "reflect-it"] {
        let trace = run(lessons::all()
            .iter()
            .find(|other| other.id == lesson)
            .expect("a lesson"));
        let analysis = Analysis::new(&trace);
        let index = Index::new(&trace, &analysis);
        let model = StageModel::new(&trace, &analysis, &index, trace.events().len());
        for width in WIDTHS {
            let list = scene::stage(
                Some(&model),
                View::Bytes,
                Axis::Time,
                &catalog,
                width,
                400.0,
            );
            let mut handshakes = 0;
            for lane in &analysis.lanes {
                let steps = lane.messages.iter();
                for step in steps.filter(|step| step.kind != MessageKind::Message) {
                    let start = step.range().start;
                    let bytes = lane.slice(start..start + 8);
                    let mut digits = String::new();
                    for byte in bytes {
                        write!(digits, "{byte:02x}").expect("a String takes all");
                    }
                    let shown = list.shapes.iter().filter(|shape| match shape {
                        Shape::Text { text, .. } => text.starts_with(&digits),
                        _ => false,
                    });
                    // As it was sent, and as it was received.
                    assert!(shown.count() >= 2, "{lesson} at {width}: {digits}");
                    handshakes += 1;
                }
            }
            assert!(handshakes >= 3, "{lesson}: {handshakes}");
        }
    }
}

fn run(lesson: &Lesson) -> Trace {
    let complain = |message: &str| panic!("{message}");
    let playing = Playing::at(Runner::here());
    let trace = play(
        &lesson.experiment,
        [[7; 32], [9; 32], [11; 32], [13; 32]],
        &playing,
        complain,
    );
    trace.expect("a run starts")
}

fn check_drawings(lesson: &Lesson, trace: &Trace) {
    let analysis = Analysis::new(trace);
    let index = Index::new(trace, &analysis);
    let events = trace.events().len();
    assert!(events > 0, "{} has events", lesson.id);
    let (stride, views) = (
        events.div_ceil(STEPS),
        [
            (View::Bytes, Axis::Time),
            (View::Time, Axis::Time),
            (View::Time, Axis::Step),
        ],
    );
    for language in Language::all() {
        let catalog = catalog::texts(language);
        for step in (0..events).step_by(stride).chain([events]) {
            for (view, axis) in views {
                let mut model = StageModel::new(trace, &analysis, &index, step);
                // All of it, and a part around the cursor.
                let middle = scene::share(&model, view, axis).unwrap_or(0.0);
                let near = Viewport::default().zoom(3.0, middle, 0.01);
                let whole = WIDTHS.map(|width| (Viewport::default(), width));
                let parts = [WIDTHS[0], WIDTHS[3]].map(|width| (near, width));
                for (viewport, width) in whole.into_iter().chain(parts) {
                    model.viewport = viewport;
                    // As loose as it can be, and as tight.
                    for room in [f64::INFINITY, 0.0] {
                        check(&scene::stage(
                            Some(&model),
                            view,
                            axis,
                            &catalog,
                            width,
                            room,
                        ));
                    }
                }
            }
        }
    }
}
