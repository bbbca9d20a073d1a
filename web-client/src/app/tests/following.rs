use super::*;
use crate::scene::{Axis, Viewport};

/// A run of the first lesson that is over, at its last step.
fn over() -> State {
    let mut state = online("", true);
    play(&mut state, 1, &events());
    state
}

/// Where the cursor stands in what is shown, 0 to 1.
fn place(state: &State) -> f64 {
    let model = state.stage_model().unwrap();
    let share = scene::share(&model, state.view(), state.axis()).unwrap();
    (share - state.viewport().start()) / state.viewport().across()
}

fn zoom(factor: f64) -> Message {
    Message::Zoom { factor, at: None }
}

#[test]
fn a_part_that_is_shown_follows_the_cursor() {
    for axis in [Axis::Time, Axis::Step] {
        let mut state = over();
        state.update(Message::ViewChosen(View::Time));
        state.update(Message::AxisChosen(axis));
        state.update(Message::First);
        state.update(zoom(4.0));
        assert!((state.viewport().across() - 0.25).abs() < 1e-9);
        let mut moved = 0;
        for _ in 0..events().len() {
            let before = state.viewport();
            state.update(Message::StepBy(1));
            moved += usize::from(state.viewport() != before);
            let place = place(&state);
            assert!((0.0..=1.0).contains(&place), "{axis:?}: {place}");
        }
        assert!(moved > 1, "{axis:?}: {moved}");
        state.update(Message::First);
        assert_eq!(state.viewport().start().to_bits(), 0.0_f64.to_bits());
        state.update(Message::Fit);
        state.update(Message::Last);
        assert_eq!(state.viewport(), Viewport::default());
    }
}

#[test]
fn keys_zoom_around_the_cursor() {
    let mut state = over();
    state.update(Message::ViewChosen(View::Time));
    state.update(Message::AxisChosen(Axis::Step));
    state.update(Message::StepTo(5));
    let before = place(&state);
    state.update(zoom(2.0));
    assert!((place(&state) - before).abs() < 1e-9);
    state.update(zoom(0.5));
    assert_eq!(state.viewport(), Viewport::default());
    // Out of sight it is brought back.
    state.update(zoom(3.0));
    state.update(Message::Pan(2.0));
    assert!(!(0.0..=1.0).contains(&place(&state)));
    state.update(zoom(1.5));
    assert!((0.0..=1.0).contains(&place(&state)));
}

#[test]
fn the_cursor_goes_where_it_is_dragged() {
    for (view, axis) in [
        (View::Time, Axis::Time),
        (View::Time, Axis::Step),
        (View::Bytes, Axis::Time),
    ] {
        let mut state = over();
        state.update(Message::ViewChosen(view));
        state.update(Message::AxisChosen(axis));
        state.update(Message::Resized { width: 1100.0 });
        let drawn = |state: &State| {
            let model = state.stage_model();
            let catalog = sample::catalog();
            scene::stage(model.as_ref(), view, axis, &catalog, 1100.0, f64::INFINITY)
        };
        for step in 1..=events().len() {
            state.update(Message::StepTo(step));
            let list = drawn(&state);
            // Before any bytes there is nothing to take hold of in the Bytes view.
            let Some(handle) = list.handle else {
                assert!(view == View::Bytes && step < 3, "{view:?} {step}");
                continue;
            };
            let x = handle.x + handle.width / 2.0;
            state.update(Message::Drag(x));
            let again = drawn(&state);
            let there = again.handle.unwrap();
            assert!((there.x - handle.x).abs() < 1.0, "{view:?} {axis:?} {step}");
            if view == View::Time {
                assert_eq!(state.step(), step, "{axis:?}");
            }
        }
        state.update(Message::Drag(-5.0));
        assert!(state.step() <= 3, "{view:?} {axis:?}: {}", state.step());
    }
}
