//! Which view of a run the stage shows.

/// A view of the stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// x is the stream offset.
    #[default]
    Bytes,
    /// x is time, or the step.
    Time,
}

/// What x means in the Time view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Axis {
    /// Time since the start of the run.
    #[default]
    Time,
    /// The step: every event gets the same room.
    Step,
}
