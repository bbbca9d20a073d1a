//! The reader's own records: many connections, one of them on the stage, maybe while the
//! record still grows.

use trace::framing::FramingError;
use trace::lane::Direction;
use trace::link::{Ended, Ending, Plan, Run};
use trace::{Connection, ConnectionId, Event, Party, Trace, framing};

use super::beside::Beside;
use super::derived::Derived;
use super::guessing::Guessed;
use super::{Aim, Effect, Opened, State, Status, Tab};
use crate::file::FileError;
use crate::hash::Stop;
use crate::source::{Order, Source, arrange};

/// What a record is called that comes from the program which serves the page.
const LIVE: &str = "stickylab";

/// The list of connections, and what is asked of it.
#[derive(Clone, Debug)]
pub(super) struct Yours {
    pub(super) tab: Tab,
    /// The page is served for one record: nothing can be run.
    pub(super) is_only: bool,
    /// What is open, and the number of the run that is of it.
    pub(super) source: Option<(u32, Source)>,
    text: String,
    order: Order,
    /// The cursor stays at the end while the record grows; the stage goes on from a
    /// connection without bytes to the first one that has some.
    follows: bool,
    /// The connection on the stage was chosen.
    is_chosen: bool,
    /// The record that the page is served for was not complete when the page came.
    has_grown: bool,
    /// The list has news that was not shown.
    is_stale: bool,
    /// A framing that was typed for a direction and is none.
    refused: Option<(Direction, String)>,
    /// A framing that is being typed for a direction.
    typed: Option<(Direction, String)>,
    /// What was guessed of the connection on the stage and of those like it.
    pub(super) guessed: Option<Guessed>,
    pub(super) beside: Beside,
}

impl Default for Yours {
    fn default() -> Self {
        Self {
            tab: Tab::default(),
            is_only: false,
            source: None,
            text: String::new(),
            order: Order::default(),
            follows: true,
            is_chosen: false,
            has_grown: false,
            is_stale: false,
            refused: None,
            typed: None,
            guessed: None,
            beside: Beside::default(),
        }
    }
}

impl Yours {
    /// The record for which the page is served, if it is one without a plan.
    fn served(&mut self) -> Option<&mut Source> {
        let (_, source) = self.source.as_mut()?;
        self.is_only.then_some(source)
    }
}

impl State {
    /// Which part of the page is shown.
    pub fn tab(&self) -> Tab {
        self.yours.tab
    }

    /// Whether the page is served for one record alone.
    pub const fn is_only_record(&self) -> bool {
        self.yours.is_only
    }

    /// What is open: a capture or a record, of which a connection is on the stage.
    pub fn source(&self) -> Option<&Source> {
        let (number, source) = self.yours.source.as_ref()?;
        let is_on_stage = *number == self.about.number && self.opened.is_some();
        is_on_stage.then_some(source)
    }

    /// The connections of the list, as indices of the source's.
    pub fn list(&self) -> Vec<usize> {
        let source = self.source();
        source.map_or_else(Vec::new, |source| {
            arrange(source, &self.yours.text, self.yours.order)
        })
    }

    /// What the list is ordered by.
    pub const fn list_order(&self) -> Order {
        self.yours.order
    }

    /// Whether the cursor stays at the end while the record grows.
    pub const fn follows(&self) -> bool {
        self.yours.follows
    }

    /// How a direction is framed, as it is typed; or what was typed, if it is none.
    pub fn framing_text(&self, direction: Direction) -> (String, bool) {
        match (&self.yours.refused, &self.trace) {
            (Some((refused, text)), _) if *refused == direction => (text.clone(), true),
            (_, Some(trace)) => (framing::write(&trace.framing(direction)), false),
            (_, None) => (String::new(), false),
        }
    }

    /// What is being typed as the framing of a direction.
    pub fn framing_typed(&self, direction: Direction) -> Option<&str> {
        let typed = self.yours.typed.as_ref();
        let typed = typed.filter(|(typing, _)| *typing == direction);
        typed.map(|(_, text)| text.as_str())
    }

    /// Tells whether anything else is typed there.
    pub(super) fn type_framing(&mut self, direction: Direction, text: String) -> bool {
        let typed = Some((direction, text));
        let changed = self.yours.typed != typed;
        self.yours.typed = typed;
        changed
    }

    /// Why what was typed is no framing.
    pub fn framing_mistake(&self) -> Option<FramingError> {
        let (_, text) = self.yours.refused.as_ref()?;
        framing::parse(text.trim()).err()
    }

    pub(super) fn choose_tab(&mut self, tab: Tab, effects: &mut Vec<Effect>) -> bool {
        if tab == self.yours.tab || (tab != Tab::Yours && self.yours.is_only) {
            return false;
        }
        match tab {
            Tab::Lab => self.enter_lab(effects),
            Tab::Learn => self.choose(self.lesson, effects),
            Tab::Yours => {
                self.stop(effects);
                self.shelve();
                self.forget_run();
                self.status = Status::Idle;
                let shown = self.yours.source.as_ref();
                let shown = shown.and_then(|(_, source)| source.shown());
                if let Some(connection) = shown {
                    self.put_connection(connection);
                }
            }
        }
        self.yours.tab = tab;
        true
    }

    /// Shows another connection of what is open.
    pub(super) fn choose_connection(&mut self, number: u32) -> bool {
        let connection = ConnectionId(number);
        let is_other = |source: &Source| {
            source.shown() != Some(connection) && source.connection(connection).is_some()
        };
        if !self.source().is_some_and(is_other) {
            return false;
        }
        self.put_connection(connection);
        self.yours.is_chosen = true;
        true
    }

    /// A connection of what is open comes on the stage in place of what is there.
    pub(super) fn put_connection(&mut self, connection: ConnectionId) {
        // A file that lacks its end does not grow.
        let is_only = self.yours.is_only;
        let Some((_, source)) = &mut self.yours.source else {
            return;
        };
        match source.show(connection) {
            Ok(trace) => {
                let (name, is_live) = (source.name.clone(), is_only && source.is_live());
                let stop = if is_live && self.yours.follows {
                    Stop::Last
                } else {
                    Stop::Step(0)
                };
                let number = self.about.number;
                self.forget_run();
                self.refused_file = None;
                self.opened = Some(self.opened_as(&name));
                self.put_record(trace, stop);
                if number > 0 {
                    // The same record, another part of it.
                    self.about.number = number;
                }
                if is_live {
                    self.go_on();
                }
            }
            Err(error) => {
                self.refused_file = Some((source.name.clone(), error));
            }
        }
        let number = self.about.number;
        if let Some((of, _)) = &mut self.yours.source {
            *of = number;
        }
        self.yours.refused = None;
        self.yours.typed = None;
        self.look_above();
    }

    /// What is on the stage still grows.
    fn go_on(&mut self) {
        self.status = Status::Running;
        self.ours = true;
        self.aim = if self.yours.follows {
            Aim::Last
        } else {
            Aim::Stay
        };
    }

    pub(super) fn opened_as(&self, name: &str) -> Opened {
        Opened {
            name: name.to_owned(),
            experiment: self.experiment.clone(),
            rerun: false,
            is_of_lesson: false,
            is_lab: false,
        }
    }

    pub(super) fn search_list(&mut self, text: String) {
        self.yours.text = text;
    }

    pub(super) fn order_list(&mut self, order: Order) {
        self.yours.order = order;
    }

    pub(super) fn follow_record(&mut self, follows: bool) {
        self.yours.follows = follows;
        if self.status != Status::Running {
            return;
        }
        let events = self.events().len();
        if follows {
            self.aim = Aim::Last;
            self.player.go(events, events);
        } else {
            self.aim = Aim::Stay;
        }
    }

    /// A direction of the connection on the stage is framed like this: its lanes follow.
    pub(super) fn set_framing(&mut self, direction: Direction, text: &str) -> bool {
        let Some(trace) = self.trace.as_mut().filter(|trace| trace.plan.is_none()) else {
            return false;
        };
        self.yours.refused = None;
        self.yours.typed = None;
        match framing::parse(text.trim()) {
            Ok(framing) => {
                let setup = &mut trace.setup;
                match direction {
                    Direction::FromOpener => setup.opener_framing = Some(framing),
                    Direction::FromAcceptor => setup.acceptor_framing = Some(framing),
                }
                let setup = setup.clone();
                self.derived = Derived::new(trace);
                self.search.forget(0);
                // What was selected may be of a message that is none any more.
                self.selection = None;
                if let Some((_, source)) = &mut self.yours.source {
                    source.set_setup(setup);
                }
                // What stays above may be of the same address.
                self.look_above();
            }
            Err(_) => self.yours.refused = Some((direction, text.to_owned())),
        }
        true
    }

    /// The page is served for one record: its lines follow. `grows`: more will come than is
    /// there already.
    pub(super) fn serve_record(&mut self, grows: bool) {
        self.yours.is_only = true;
        self.yours.has_grown = grows;
        self.yours.is_chosen = false;
        self.yours.tab = Tab::Yours;
        self.yours.source = None;
        self.forget_above();
        self.wanted = false;
        self.forget_run();
        self.faults.clear();
        self.is_first_visit = false;
        self.status = Status::Idle;
    }

    /// A record begins that nobody asked for: that of the program which serves the page.
    pub(super) fn begin_record(&mut self, run: Run<Plan>) {
        self.forget_run();
        self.opened = Some(self.opened_as(LIVE));
        self.about.number = self.runs.next();
        if let Some(experiment) = run.plan.experiment {
            self.experiment = experiment.clone();
            self.check();
            self.trace = Some(Trace::new(experiment, run.head));
        } else {
            let mut source = Source::begin(run.head, run.plan.setup);
            LIVE.clone_into(&mut source.name);
            self.yours.source = Some((self.about.number, source));
        }
        self.go_on();
    }

    pub(super) fn add_party(&mut self, party: Party) {
        if let Some(source) = self.yours.served() {
            source.add_party(party.clone());
            self.yours.is_stale = true;
        }
        if let Some(trace) = &mut self.trace {
            trace.add_party(party);
        }
    }

    pub(super) fn add_connection(&mut self, connection: Connection) {
        let id = connection.connection;
        let Some(source) = self.yours.served() else {
            if let Some(trace) = &mut self.trace {
                trace.add_connection(connection);
            }
            return;
        };
        source.add_connection(connection.clone());
        let shown = source.shown();
        self.yours.is_stale = true;
        match (shown, &mut self.trace) {
            (None, _) => self.put_connection(id),
            (Some(shown), Some(trace)) if shown == id => trace.add_connection(connection),
            _ => {}
        }
    }

    /// Whether an event is one of what is on the stage.
    pub(super) fn is_on_stage(&mut self, event: &Event) -> bool {
        let Some(source) = self.yours.served() else {
            return true;
        };
        let shown = source.shown();
        let is_shown = shown == Some(event.connection);
        let is_taken = source.add_event(event.clone());
        let has_bytes = |id: ConnectionId| {
            let found = source.connection(id);
            found.is_some_and(|listed| listed.summary.bytes != [0, 0])
        };
        let is_silent = shown.is_some_and(|shown| !has_bytes(shown));
        let is_found = is_silent && !is_shown && has_bytes(event.connection);
        self.yours.is_stale = true;
        if is_found && self.yours.follows && !self.yours.is_chosen {
            // With this event.
            self.put_connection(event.connection);
            return false;
        }
        is_shown && is_taken
    }

    pub(super) fn end_record(&mut self, ended: Ended) {
        if let Some(source) = self.yours.served() {
            source.end(Some(ended.why), ended.missed, ended.dropped);
            self.yours.is_stale = true;
        }
    }

    /// Where the cursor stands when a record is at its end: where it was read along, if it
    /// grew meanwhile; at its start, if it was complete already.
    pub(super) fn aim_at_end(&mut self) {
        if self.is_only_record() && !self.yours.has_grown && self.aim == Aim::Last {
            self.aim = Aim::Step(0);
        }
    }

    /// The connection to the program was lost: what it serves comes again from its start.
    pub(super) fn lose_record(&mut self) {
        let served = self.yours.served();
        if let Some(source) = served.filter(|source| source.is_live()) {
            source.end(Some(Ending::Stopped), None, None);
        }
    }

    /// Whether the list has something to do at the next frame.
    pub(super) fn has_list_work(&self) -> bool {
        let counts = || self.source().is_some_and(Source::has_uncounted);
        self.yours.is_stale || counts()
    }

    /// Brings the list up to date, a little at a time; tells whether anything changed.
    pub(super) fn work_on_list(&mut self) -> bool {
        let is_stale = std::mem::take(&mut self.yours.is_stale);
        let counted = match &mut self.yours.source {
            // Events are coming: they go first.
            Some((_, source)) if !is_stale => source.count_next(),
            _ => false,
        };
        is_stale || counted
    }

    /// What a file has comes on the stage: the connection with the most bytes.
    pub(super) fn put_source(
        &mut self,
        name: &str,
        mut source: Source,
        effects: &mut Vec<Effect>,
    ) -> Result<(), FileError> {
        let connection = source.shown().ok_or(FileError::NoConnection)?;
        let trace = source.show(connection)?;
        self.stop(effects);
        self.shelve();
        self.forget_run();
        self.refused_file = None;
        name.clone_into(&mut source.name);
        self.opened = Some(self.opened_as(name));
        self.put_record(trace, Stop::Step(0));
        self.yours.source = Some((self.about.number, source));
        self.forget_above();
        self.yours.tab = Tab::Yours;
        self.yours.text.clear();
        self.yours.refused = None;
        self.yours.typed = None;
        Ok(())
    }
}
