//! What can happen to the page and what the page asks of the browser.

use trace::counterfactual::Counterfactual;
use trace::duel::Opponent;
use trace::knob::Setting;
use trace::lane::Direction;
use trace::link::{Lessons, Line, Request};
use trace::source_code;
use trace::{ClientId, Lesson};

use super::chunk::Layer;
use crate::file::FileError;
use crate::find::Find;
use crate::language::Language;
use crate::literal::Notation;
use crate::picture::Picture;
use crate::scene::{Axis, Target, View};
use crate::settings::Settings;
use crate::source::Order;

/// Everything that changes the state: input, lines of the gateway, time.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// The WebSocket to `/lab` closed, or could not be opened.
    LinkDown,
    /// The gateway said something.
    Line(Box<Line>),
    /// The gateway said something of lesson files.
    Lessons(Box<Lessons>),
    /// Time passes, also in a hidden tab.
    Tick {
        /// Milliseconds since the tick before.
        elapsed_ms: f64,
    },
    /// A display frame, this many milliseconds after the one before.
    Frame {
        /// Milliseconds since the frame before.
        elapsed_ms: f64,
    },
    /// The stage got this width, in CSS pixels.
    Resized {
        /// Width of the stage's canvas.
        width: f64,
    },

    /// A lesson was chosen from the list, by its id.
    LessonChosen(String),
    /// A knob was turned; the value as its field has it.
    KnobSet(Setting, String),
    /// This stands in a knob's field now, which is not set by it.
    KnobTyped(Setting, String),
    /// All knobs back to the lesson's, or the open file's, or to those of what the Lab began with.
    KnobsReset,
    /// Take the experiment as its knobs stand over into the Lab.
    OpenInLab,
    /// Keep the Lab's experiment as the file of a lesson.
    SaveLesson,
    /// The Lab's experiment has another client.
    ClientAdded,
    /// The Lab's experiment does without this client.
    ClientRemoved(ClientId),
    /// A guess was made; runs the experiment.
    Guess(u64),
    /// Run the experiment.
    Run,
    /// Stop the run that is going on.
    Stop,
    /// Run again what is on the stage, with this one knob turned, and compare.
    Prove(Counterfactual),
    /// The connection on the stage stays above those that are chosen then, or does so no more.
    KeepAbove,
    /// Show only the earlier of the two runs that are compared.
    CloseComparison,
    /// Show the run with this number.
    ShowRun(u32),
    /// Compare the run on the stage with the one that has this number.
    Compare(u32),
    /// Run the experiment again and again, and show what came of it.
    Repeat,
    /// Stop that; what came of it until then is shown.
    StopRepeating,
    /// Show the run of this number of those, from 1.
    ShowOutcome(u32),
    /// A number is guessed to come in so many of those.
    Forecast(u64, u32),
    /// A number that is not offered is guessed about as well.
    ForecastValue(u64),

    /// Files are dragged over the page, or no longer.
    Dragging(bool),
    /// A file was dropped or chosen, and read.
    FileRead {
        /// Its name, without folders.
        name: String,
        /// What is in it, or why it was not even read.
        content: Result<Vec<u8>, FileError>,
    },
    /// Show this part of the page.
    TabChosen(Tab),
    /// Show this connection of what is open.
    ConnectionChosen(u32),
    /// List the connections that have these words.
    ListSearched(String),
    /// List the connections in this order.
    ListOrdered(Order),
    /// Keep the cursor at the end while the record grows, or let it stay.
    Follow(bool),
    /// The messages of this direction are framed like this, as people write it.
    FramingSet(Direction, String),
    /// This is being typed as the framing of that direction; it is not set by it.
    FramingTyped(Direction, String),
    /// Show this wrong decoder beside the right one, or none.
    OpponentChosen(Option<Opponent>),
    /// Guess how the messages of the connection on the stage are framed, or forget that.
    GuessFramings,
    /// Keep the run that is on the stage as a file.
    Download(Format),
    /// Keep what is on the stage as a picture.
    Picture(Picture),
    /// The browser had no memory for the picture.
    PictureFailed,
    /// Search the events.
    Find(Find),
    /// Copy a link to the run that is on the stage.
    CopyLink,
    /// It was copied, or could not be.
    LinkCopied(Copied),
    /// Copy this of the chunk that is inspected.
    CopyLayer(Layer),
    /// Copy what is inspected.
    CopyChunk(Notation),
    /// It was copied, or could not be.
    ChunkCopied(ChunkCopied),
    /// The run in the address was unpacked; none where it is none.
    Unpacked(Option<Vec<u8>>),

    /// Step by so many events, backwards if negative; stops playing.
    StepBy(isize),
    /// Go to the step at which this many events have happened; stops playing.
    StepTo(usize),
    /// Before the first event.
    First,
    /// Behind the last event.
    Last,
    /// Play, or pause.
    PlayPause,
    /// The next speed, behind the last the first.
    SpeedNext,

    /// Show this view of the stage.
    ViewChosen(View),
    /// What x means in the Time view.
    AxisChosen(Axis),
    /// Select an event or a byte.
    Select(Target),
    /// Select nothing.
    ClearSelection,
    /// The pointer is over this, or over nothing.
    Hover(Option<Target>),
    /// Show less (factor above 1) or more of the stage.
    Zoom {
        /// How many times larger.
        factor: f64,
        /// What stays in place: 0 the left end of what is shown, 1 the right;
        /// the cursor if nothing is said.
        at: Option<f64>,
    },
    /// Move what is shown by this part of it, to the right if positive.
    Pan(f64),
    /// The cursor was dragged to this x of the stage, in CSS pixels.
    Drag(f64),
    /// Show everything.
    Fit,
    /// A panel was scrolled: it may have something else to show.
    Scrolled,

    /// Show the texts in this language.
    LanguageChosen(Language),
    /// Automatic, light, dark, automatic…
    ThemeToggled,
    /// The code panel's language.
    CodeTab(CodeLanguage),
    /// Whose code the panel shows.
    CodeRole(Role),
    /// Show a reader and a writer for the framing at hand in place of a program's loop.
    ShowDecoder,
    /// The language in which they are written.
    DecoderLanguage(source_code::Language),
    /// Open or close the help.
    Help,
    /// The Esc key: close the help, else clear the search, else the selection.
    Escape,
    /// The address changed: what stands behind `#`, with or without it.
    HashChanged(String),
}

/// What the browser's half has to do, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Open the WebSocket to `/lab` in place of the one before; `LinkDown` says that
    /// it failed or closed.
    Connect,
    /// Close it; nothing of it is heard any more.
    Disconnect,
    /// Send this over the WebSocket.
    SendToGateway(Request),
    /// Put this behind `#` in the address, replacing the history's entry.
    SetHash(String),
    /// The same as a new entry of the history, so that the browser goes back to
    /// the one before.
    PushHash(String),
    /// Copy the page's address with this behind `#`, and the run, packed, if that
    /// fits; answer with `LinkCopied`.
    CopyLink {
        /// What stands behind `#`.
        hash: String,
        /// The run.
        run: Vec<u8>,
    },
    /// Copy this; answer with `ChunkCopied`.
    CopyText {
        /// What is copied.
        text: String,
        /// Whether it is exactly what was to be copied.
        is_exact: bool,
    },
    /// Unpack this run; answer with `Unpacked`.
    Unpack(String),
    /// Bring the stage into sight.
    ShowStage {
        /// Whether one may see the page move.
        smoothly: bool,
    },
    /// Bring what came of many runs into sight.
    ShowSeries {
        /// Whether one may see the page move.
        smoothly: bool,
    },
    /// Let the user type what is searched for in the events.
    FocusSearch,
    /// Remember this for the next visit.
    SaveSettings(Settings),
    /// Give this to the user as a file.
    SaveFile {
        /// The name to suggest.
        name: String,
        /// What is in it.
        bytes: Vec<u8>,
    },
    /// Give this to the user as the file of a lesson; words are put in where it has none.
    SaveLesson {
        /// The name to suggest.
        name: String,
        /// The lesson.
        lesson: Box<Lesson>,
    },
    /// Give the user what is on the stage as a picture; say `PictureFailed` if that is
    /// not possible.
    SavePicture {
        /// Its format.
        picture: Picture,
        /// The name to suggest.
        name: String,
    },
}

/// What became of a link that was to be copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copied {
    /// The run is in it.
    WithRun,
    /// The run is too large; the link runs the experiment anew.
    WithoutRun,
    /// The browser does not allow it.
    Refused,
}

/// What became of a chunk that was to be copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkCopied {
    /// It was copied.
    Exactly,
    /// It was copied; what is no UTF-8 in it was replaced.
    WithReplacements,
    /// The browser does not allow it.
    Refused,
}

/// A file a run can be kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Lines of JSON, as `stickylab run --json` writes them.
    Trace,
    /// Packets, for Wireshark.
    Pcapng,
}

impl Format {
    /// As in the `data-download` attribute.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Pcapng => "pcapng",
        }
    }

    /// What its files' names end in.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Trace => ".jsonl",
            Self::Pcapng => ".pcapng",
        }
    }
}

/// A language of the code panel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CodeLanguage {
    /// Python 3.
    #[default]
    Python,
    /// Rust.
    Rust,
    /// C.
    C,
}

/// Whose code the panel shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// The server's loop.
    #[default]
    Server,
    /// The client's.
    Client,
}

/// Which part of the page is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// The lessons.
    #[default]
    Learn,
    /// An experiment of the reader's own.
    Lab,
    /// Records of the reader's own programs.
    Yours,
}

impl Tab {
    protocol::all_variants! {
        /// All of them, in the order of the page.
        Learn, Lab, Yours
    }

    /// As in the `data-tab` attribute.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Learn => "learn",
            Self::Lab => "lab",
            Self::Yours => "yours",
        }
    }
}
