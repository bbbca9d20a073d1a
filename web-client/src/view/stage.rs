//! The stage: its canvas, what the pointer does on it, the view switches.

mod words;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use protocol::System;
use protocol::peer::Reply;
use trace::text::Catalog;
use web_sys::{Element, Event, HtmlCanvasElement, HtmlElement, ScrollLogicalPosition};

use super::pointer::{self, Pointer};
use crate::app::{Message, State, Status, Tab};
use crate::dom::{self, Dispatch, Listener, Missing, SizeObserver};
use crate::paint::{self, Painter, Palette};
use crate::picture::{self, Picture};
use crate::scene::{self, Axis, DrawList, View};
use crate::settings::Theme;
use crate::svg;
use words::{describe, summary};

/// Of the stage, above and below.
const BORDERS: f64 = 2.0;

pub(super) struct Stage {
    frame: HtmlElement,
    dispatch: Dispatch,
    canvas: HtmlCanvasElement,
    empty: HtmlElement,
    controls: HtmlElement,
    tip: HtmlElement,
    axes: HtmlElement,
    views: Vec<Element>,
    axis_buttons: Vec<Element>,
    painter: Painter,
    palette: Palette,
    theme: Option<Theme>,
    /// The system changed its colours.
    recoloured: Rc<Cell<bool>>,
    /// The window has another size.
    resized: Rc<Cell<bool>>,
    list: Rc<RefCell<DrawList>>,
    pointer: Rc<Pointer>,
    width: f64,
    /// Where the stage begins on the page, and the window's height.
    place: (i32, f64),
    /// The height that the style sheet allows.
    room: f64,
    /// The height that what is on the stage has taken so far.
    height: Option<Height>,
    /// The height that it was given last.
    needed: f64,
    /// Where the stage is scrolled to, and how much of its height is in sight.
    sight: (f64, f64),
    /// The step whose rows were brought into sight last.
    followed: Option<usize>,
    _observer: SizeObserver,
    _listeners: Vec<Listener>,
}

/// The height of what was painted; while a run grows, or is stepped through, the stage
/// does not become lower.
#[derive(Clone, Copy, PartialEq)]
struct Height {
    /// What is on the stage: its run and whether that grows, the one it is compared with,
    /// view, width and room.
    of: (u32, bool, Option<u32>, View, f64, f64),
    height: f64,
}

impl Stage {
    pub(super) fn bind(dispatch: &Dispatch) -> Result<Self, Missing> {
        let stage: HtmlElement = dom::find("stage")?;
        let canvas: HtmlCanvasElement = dom::find("canvas")?;
        let list = Rc::new(RefCell::new(DrawList::default()));
        let pointer = Rc::new(Pointer::default());
        let recoloured = Rc::new(Cell::new(false));
        let resized = Rc::new(Cell::new(false));

        let (sized, measured) = (dispatch.clone(), stage.clone());
        let observer = SizeObserver::new(&stage, move || {
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
        let (sized, flag) = (dispatch.clone(), resized.clone());
        listeners.push(dom::listen(&dom::window(), "resize", move |_: Event| {
            flag.set(true);
            sized(Message::Hover(None));
        }));
        let scrolled = stage.clone();
        listeners.push(dom::listen(&stage, "scroll", move |_: Event| {
            mark_edges(&scrolled, scrolled.scroll_height().into());
        }));
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
            controls: dom::find("controls")?,
            tip: dom::find("tip")?,
            views: dom::all("[data-view]"),
            axis_buttons: dom::all("[data-axis]"),
            frame: stage,
            dispatch: dispatch.clone(),
            canvas,
            axes,
            theme: None,
            recoloured,
            resized,
            list,
            pointer,
            width: 0.0,
            place: (0, 0.0),
            room: f64::INFINITY,
            height: None,
            needed: 0.0,
            sight: (0.0, 0.0),
            followed: None,
            _observer: observer,
            _listeners: listeners,
        })
    }

    pub(super) fn is_dirty(&self) -> bool {
        self.recoloured.get() || self.resized.get()
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

    /// Reads the stage's size and puts the tip beside the pointer.
    pub(super) fn measure(&mut self) {
        self.resized.set(false);
        self.measure_room();
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

    /// Tells the style sheet where the stage begins, and reads how high it may be so that
    /// what stands below it is in sight, too.
    #[expect(clippy::cast_possible_truncation, reason = "pixels of the page")]
    fn measure_room(&mut self) {
        let window = dom::window();
        let number = |value: Result<wasm_bindgen::JsValue, _>| value.ok()?.as_f64();
        let top = self.frame.get_bounding_client_rect().top() + window.scroll_y().unwrap_or(0.0);
        let place = (
            top.round() as i32,
            number(window.inner_height()).unwrap_or(0.0),
        );
        if place == self.place {
            return;
        }
        self.place = place;
        let above = [&place.0.to_string(), "px"].concat();
        let _ = self.frame.style().set_property("--above", &above);
        let computed = window.get_computed_style(&self.frame).ok().flatten();
        let most = computed.and_then(|style| style.get_property_value("max-height").ok());
        let most = js_sys::Number::parse_float(&most.unwrap_or_default());
        self.room = if most.is_nan() {
            f64::INFINITY
        } else {
            most - BORDERS
        };
    }

    /// Gives the stage the height that it needs.
    fn set_height(&mut self, state: &State, painted: f64) {
        let is_growing = matches!(state.status(), Status::Starting | Status::Running);
        let is_empty = state.trace().is_none();
        let of = (
            state.about().number,
            is_growing,
            state.earlier().map(|run| run.about.number),
            state.view(),
            self.width,
            self.room,
        );
        let before = self.height.filter(|height| height.of == of);
        let reached = before.map_or(painted, |before| before.height.max(painted));
        let needed = if is_empty || is_growing {
            reached.max(self.expected(state))
        } else {
            reached
        };
        self.height = Some(Height {
            of,
            height: reached,
        });
        // More than any window has means: all that there is.
        let needed = needed.min(10_000.0);
        if (self.needed - needed).abs() > 0.1 {
            self.needed = needed;
            let needs = [&needed.round().to_string(), "px"].concat();
            let _ = self.frame.style().set_property("--needs", &needs);
            self.sight.1 = self.frame.client_height().into();
        }
    }

    /// The height that a run will need, so that nothing moves when it is there.
    fn expected(&self, state: &State) -> f64 {
        let plan = state.experiment();
        let is_answered = plan.rules().reply != Reply::None
            || matches!(plan.system, System::ReadyAck | System::Auth);
        if state.tab() == Tab::Yours || is_answered || plan.clients.len() > 1 {
            f64::INFINITY
        } else {
            scene::bytes::height(self.width, self.room)
        }
    }

    /// Brings it into sight, all of it if there is room above what stays at the lower edge
    /// of a narrow window.
    pub(super) fn show_whole(&self, smoothly: bool) {
        let window = dom::window();
        let height = window
            .inner_height()
            .ok()
            .and_then(|height| height.as_f64());
        let controls = self.controls.get_bounding_client_rect();
        let place = self.frame.get_bounding_client_rect();
        let end = height.unwrap_or(0.0).min(controls.top());
        if place.top() >= 0.0 && place.bottom() <= end {
            return;
        }
        dom::scroll_to(&self.frame, ScrollLogicalPosition::Start, smoothly);
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
                self.room,
            );
            self.painter.paint(&list, &self.palette);
            self.set_height(state, list.height);
            if self.followed.replace(state.step()) != Some(state.step()) {
                self.follow(state.step(), &list);
            }
            mark_edges(&self.frame, list.height);
            self.list.replace(list);
            if state.hover().is_some() {
                // What is under the pointer may have changed although it did not move.
                self.pointer
                    .look_again(&self.list.borrow(), state.hover(), &self.dispatch);
            }
        } else {
            self.set_height(state, 0.0);
            mark_edges(&self.frame, 0.0);
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
    fn follow(&self, step: usize, list: &DrawList) {
        let Some((from, to)) = list.focus.or((step == 0).then_some((0.0, 0.0))) else {
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

/// Tells the style sheet at which edges of the stage there is more, of `height` in all.
fn mark_edges(frame: &HtmlElement, height: f64) {
    let top = f64::from(frame.scroll_top());
    dom::set_bool(frame, "data-more-above", top > 1.0);
    let below = height - top - f64::from(frame.client_height());
    dom::set_bool(frame, "data-more-below", below > 1.0);
}
