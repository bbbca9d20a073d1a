//! The stage: its canvas, what the pointer does on it, the view switches.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use trace::lane::Direction;
use trace::text::{Catalog, Sentence};
use web_sys::{Element, Event, HtmlCanvasElement, HtmlElement};

use super::inspector::itinerary;
use super::pointer::{self, Pointer};
use super::rows::{call, caller};
use crate::app::{Message, State};
use crate::dom::{self, Dispatch, Listener, Missing, SizeObserver};
use crate::paint::{self, Painter, Palette};
use crate::picture::{self, Picture};
use crate::scene::{self, Axis, DrawList, Target, View};
use crate::settings::Theme;
use crate::svg;

pub(super) struct Stage {
    frame: HtmlElement,
    dispatch: Dispatch,
    canvas: HtmlCanvasElement,
    empty: HtmlElement,
    tip: HtmlElement,
    axes: HtmlElement,
    views: Vec<Element>,
    axis_buttons: Vec<Element>,
    painter: Painter,
    palette: Palette,
    theme: Option<Theme>,
    /// The system changed its colours.
    recoloured: Rc<Cell<bool>>,
    list: Rc<RefCell<DrawList>>,
    pointer: Rc<Pointer>,
    width: f64,
    /// Where the stage is scrolled to, and how much of its height is in sight.
    sight: (f64, f64),
    /// The step whose rows were brought into sight last.
    followed: Option<usize>,
    _resized: SizeObserver,
    _listeners: Vec<Listener>,
}

impl Stage {
    pub(super) fn bind(dispatch: &Dispatch) -> Result<Self, Missing> {
        let stage: HtmlElement = dom::find("stage")?;
        let canvas: HtmlCanvasElement = dom::find("canvas")?;
        let list = Rc::new(RefCell::new(DrawList::default()));
        let pointer = Rc::new(Pointer::default());
        let recoloured = Rc::new(Cell::new(false));

        let (sized, measured) = (dispatch.clone(), stage.clone());
        let resized = SizeObserver::new(&stage, move || {
            let width = f64::from(measured.client_width());
            sized(Message::Resized { width });
        })?;

        let mut listeners = pointer::listeners(&stage, &canvas, &list, &pointer, dispatch);
        for query in ["(prefers-color-scheme: dark)", "(forced-colors: active)"] {
            let scheme = dom::window().match_media(query).ok().flatten();
            let scheme = scheme.ok_or_else(|| Missing::of(query))?;
            let (changed, recoloured) = (dispatch.clone(), recoloured.clone());
            listeners.push(dom::listen(&scheme, "change", move |_: Event| {
                recoloured.set(true);
                changed(Message::Hover(None));
            }));
        }
        let settings: Element = dom::find("view-switch")?;
        listeners.push(dom::on_click(&settings, "data-view", dispatch, |view| {
            Some(Message::ViewChosen(match view {
                "time" => View::Time,
                _ => View::Bytes,
            }))
        }));
        let axes: HtmlElement = dom::find("axis-switch")?;
        listeners.push(dom::on_click(&axes, "data-axis", dispatch, |axis| {
            Some(Message::AxisChosen(match axis {
                "step" => Axis::Step,
                _ => Axis::Time,
            }))
        }));
        Ok(Self {
            painter: Painter::new(canvas.clone())?,
            palette: Palette::default(),
            empty: dom::find("stage-empty")?,
            tip: dom::find("tip")?,
            views: dom::all("[data-view]"),
            axis_buttons: dom::all("[data-axis]"),
            frame: stage,
            dispatch: dispatch.clone(),
            canvas,
            axes,
            theme: None,
            recoloured,
            list,
            pointer,
            width: 0.0,
            sight: (0.0, 0.0),
            followed: None,
            _resized: resized,
            _listeners: listeners,
        })
    }

    pub(super) fn is_dirty(&self) -> bool {
        self.recoloured.get()
    }

    pub(super) fn show(&mut self, state: &State, catalog: &Catalog) {
        let view = match state.view() {
            View::Bytes => "bytes",
            View::Time => "time",
        };
        let axis = match state.axis() {
            Axis::Time => "time",
            Axis::Step => "step",
        };
        for (buttons, attribute, chosen) in [
            (&self.views, "data-view", view),
            (&self.axis_buttons, "data-axis", axis),
        ] {
            for button in buttons {
                let own = button.get_attribute(attribute);
                dom::set_bool(button, "aria-pressed", own.as_deref() == Some(chosen));
            }
        }
        dom::set_shown(&self.axes, state.view() == View::Time);
        dom::set_shown(&self.canvas, state.trace().is_some());
        dom::set_shown(&self.empty, state.trace().is_none());
        dom::set(&self.canvas, "aria-label", &summary(state, catalog));
        dom::set_bool(&self.frame, "data-over", state.hover().is_some());
        let tip = state
            .hover()
            .and_then(|target| describe(target, state, catalog));
        dom::set_shown(&self.tip, tip.is_some());
        dom::set_text(&self.tip, &tip.unwrap_or_default());
    }

    /// Reads the stage's width and puts the tip beside the pointer.
    pub(super) fn measure(&mut self) {
        self.width = f64::from(self.frame.client_width());
        let height = self.frame.client_height();
        self.sight = (self.frame.scroll_top().into(), height.into());
        if self.tip.hidden() {
            return;
        }
        let (x, y) = self.pointer.place();
        let room = self.width - f64::from(self.tip.offset_width()) - 6.0;
        let x = (x + 12.0).min(room).max(4.0);
        let below = y + 18.0;
        let height = f64::from(self.tip.offset_height());
        let y = if below + height > self.sight.0 + self.sight.1 {
            (y - height - 8.0).max(0.0)
        } else {
            below
        };
        #[expect(clippy::cast_possible_truncation, reason = "pixels of the stage")]
        let (x, y) = (x.round() as i32, y.round() as i32);
        let place = format!("translate({x}px, {y}px)");
        let _ = self.tip.style().set_property("transform", &place);
    }

    /// Paints, and lends the colours to the scrubber: they and whether they are new.
    pub(super) fn paint(&mut self, state: &State, catalog: &Catalog) -> (&Palette, bool) {
        let theme = state.theme();
        let is_new = self.theme.replace(theme) != Some(theme) || self.recoloured.replace(false);
        if is_new {
            self.palette = Palette::read(&self.canvas);
            self.painter.forget_styles();
        }
        if state.trace().is_some() {
            let list = scene::stage(
                state.stage_model().as_ref(),
                state.view(),
                state.axis(),
                catalog,
                self.width,
            );
            self.painter.paint(&list, &self.palette);
            if self.followed.replace(state.step()) != Some(state.step()) {
                self.follow(&list);
            }
            self.list.replace(list);
            if state.hover().is_some() {
                // What is under the pointer may have changed although it did not move.
                self.pointer
                    .look_again(&self.list.borrow(), state.hover(), &self.dispatch);
            }
        }
        (&self.palette, is_new)
    }

    /// Gives the user what was painted last as a picture, and tells whether the browser
    /// could make it.
    pub(super) fn save_picture(
        &self,
        (picture, name): (Picture, String),
        state: &State,
        catalog: &Catalog,
        done: impl FnOnce(bool) + 'static,
    ) {
        let list = picture::on_ground(&self.list.borrow());
        match picture {
            Picture::Svg => {
                let title = super::task::title(state, catalog);
                let title = [&title, " · ", &summary(state, catalog)].concat();
                let file = svg::write(&list, self.palette.colours(), &title);
                done(dom::save(&name, file.as_bytes()).is_ok());
            }
            Picture::Png => {
                let scale = picture::scale(list.width, list.height);
                match paint::picture(&list, &self.palette, scale) {
                    Some(canvas) => dom::save_png(name, &canvas, done),
                    None => done(false),
                }
            }
        }
    }

    /// Scrolls a stage that is higher than its room to what the cursor is about.
    #[expect(clippy::cast_possible_truncation, reason = "pixels of the stage")]
    fn follow(&self, list: &DrawList) {
        let Some((from, to)) = list.focus else {
            return;
        };
        let (top, height) = self.sight;
        // What does not fit is shown from its upper edge.
        let wanted = if from < top || to - from > height {
            from
        } else if to > top + height {
            to - height
        } else {
            return;
        };
        let wanted = wanted.min(list.height - height).max(0.0);
        self.frame.set_scroll_top(wanted.round() as i32);
    }
}

/// The run in one sentence: the accessible name of the canvas.
fn summary(state: &State, catalog: &Catalog) -> String {
    let lanes = || state.analysis().lanes.iter();
    let up = || lanes().filter(|lane| lane.direction == Direction::FromOpener);
    let view = match state.view() {
        View::Bytes => "view.bytes.label",
        View::Time => "view.time.label",
    };
    let sentence = Sentence::new("stage.summary")
        .with("view", catalog.text(view))
        .with("sends", up().map(|lane| lane.sends.len()).sum::<usize>())
        .with("recvs", up().map(|lane| lane.recvs.len()).sum::<usize>())
        .with(
            "messages",
            up().map(|lane| lane.messages.len()).sum::<usize>(),
        )
        .with("step", state.step())
        .with("of", state.events().len());
    catalog.render(&sentence)
}

fn describe(target: Target, state: &State, catalog: &Catalog) -> Option<String> {
    match target {
        Target::Event(index) => {
            let event = state.events().get(index)?;
            let trace = state.trace()?;
            let actor = caller(event, trace, catalog);
            let call = call(event, trace, catalog);
            let number = (index + 1).to_string();
            let at = super::rows::milliseconds(event.at);
            Some([&number, " · ", &at, " · ", &actor, " ", &call].concat())
        }
        Target::Byte {
            connection,
            direction,
            offset,
        } => {
            let lane = state.analysis().lane(connection, direction)?;
            let way = lane.itinerary(offset)?;
            let byte = Sentence::new("inspector.byte")
                .with("offset", offset.0)
                .with("hex", super::wording::hex(&[way.byte], 1));
            let way = itinerary(&way, lane, state, catalog);
            Some([&catalog.render(&byte), " · ", &way].concat())
        }
    }
}
