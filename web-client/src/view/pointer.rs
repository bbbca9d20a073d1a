//! What the pointer does on the stage: points, clicks, drags, zooms.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use web_sys::{HtmlCanvasElement, HtmlElement, MouseEvent, PointerEvent, WheelEvent};

use crate::app::Message;
use crate::dom::{self, Dispatch, Listener};
use crate::scene::{DrawList, Target};

/// A press that moves less, in CSS pixels, is a click.
const STILL: f64 = 4.0;
/// How much a pixel of the wheel zooms.
const WHEEL: f64 = 0.004;

/// Pointers that are down and where the last one was.
#[derive(Default)]
pub(super) struct Pointer {
    place: Cell<(f64, f64)>,
    down: RefCell<Vec<Press>>,
    dragged: Cell<bool>,
    /// The cursor is held.
    holds: Cell<bool>,
    over: Cell<Option<Target>>,
}

#[derive(Clone, Copy)]
struct Press {
    id: i32,
    x: f64,
    y: f64,
}

impl Pointer {
    /// Where the pointer is, in CSS pixels of the canvas.
    pub(super) fn place(&self) -> (f64, f64) {
        self.place.get()
    }

    fn point(&self, target: Option<Target>, dispatch: &Dispatch) {
        if self.over.replace(target) != target || target.is_some() {
            dispatch(Message::Hover(target));
        }
    }

    /// The stage was painted anew: points at what is under the pointer now.
    pub(super) fn look_again(&self, list: &DrawList, hover: Option<Target>, dispatch: &Dispatch) {
        let (x, y) = self.place.get();
        let now = list.target_at(x, y);
        if now != hover {
            self.over.set(now);
            dispatch(Message::Hover(now));
        }
    }

    /// A pointer that is down moved: one pans or drags the cursor, two zoom.
    fn drag(&self, event: &PointerEvent, list: &DrawList) -> Option<Message> {
        let now = press(event);
        let mut down = self.down.borrow_mut();
        let index = down.iter().position(|press| press.id == now.id)?;
        let before = down[index];
        if let [one, two] = down[..] {
            let other = if index == 0 { two } else { one };
            let far =
                |press: Press| js_sys::Math::hypot(press.x - other.x, press.y - other.y).max(1.0);
            let (from, to) = (far(before), far(now));
            down[index] = now;
            self.dragged.set(true);
            return Some(Message::Zoom {
                factor: to / from,
                at: Some(list.share(f64::midpoint(now.x, other.x))),
            });
        }
        if !self.dragged.get() && (now.x - before.x).abs() < STILL {
            return None;
        }
        self.dragged.set(true);
        down[index] = now;
        if self.holds.get() {
            return Some(Message::Drag(now.x));
        }
        Some(Message::Pan(list.share(before.x) - list.share(now.x)))
    }
}

fn press(event: &PointerEvent) -> Press {
    Press {
        id: event.pointer_id(),
        x: event.offset_x().into(),
        y: event.offset_y().into(),
    }
}

pub(super) fn listeners(
    stage: &HtmlElement,
    canvas: &HtmlCanvasElement,
    list: &Rc<RefCell<DrawList>>,
    pointer: &Rc<Pointer>,
    dispatch: &Dispatch,
) -> Vec<Listener> {
    let hit = {
        let list = list.clone();
        move |press: Press| list.borrow().target_at(press.x, press.y)
    };

    let handle = {
        let list = list.clone();
        move |press: Press| {
            let handle = list.borrow().handle;
            handle.is_some_and(|handle| handle.contains(press.x, press.y))
        }
    };

    let down = {
        let (pointer, stage, canvas) = (pointer.clone(), stage.clone(), canvas.clone());
        let handle = handle.clone();
        move |event: PointerEvent| {
            if event.button() != 0 {
                return;
            }
            let mut down = pointer.down.borrow_mut();
            if down.is_empty() {
                pointer.dragged.set(false);
                pointer.holds.set(handle(press(&event)));
            }
            down.push(press(&event));
            dom::set_bool(&stage, "data-pan", true);
            // Fails for a pointer that was released already.
            let _ = canvas.set_pointer_capture(event.pointer_id());
        }
    };
    let moved = {
        let (pointer, dispatch, hit) = (pointer.clone(), dispatch.clone(), hit.clone());
        let (stage, list) = (stage.clone(), list.clone());
        move |event: PointerEvent| {
            let now = press(&event);
            pointer.place.set((now.x, now.y));
            if pointer.down.borrow().is_empty() {
                dom::set_bool(&stage, "data-handle", handle(now));
                pointer.point(hit(now), &dispatch);
                return;
            }
            // What it asks for may paint the stage anew.
            let message = pointer.drag(&event, &list.borrow());
            if let Some(message) = message {
                dispatch(message);
            }
        }
    };
    let up = {
        let (pointer, dispatch, stage) = (pointer.clone(), dispatch.clone(), stage.clone());
        move |event: PointerEvent| {
            let now = press(&event);
            let mut down = pointer.down.borrow_mut();
            let known = down.len();
            down.retain(|press| press.id != now.id);
            let clicked = known == 1 && down.is_empty() && !pointer.dragged.get();
            dom::set_bool(&stage, "data-pan", !down.is_empty());
            drop(down);
            if clicked && event.type_() == "pointerup" {
                dispatch(hit(now).map_or(Message::ClearSelection, Message::Select));
            }
        }
    };
    let left = {
        let (pointer, dispatch) = (pointer.clone(), dispatch.clone());
        move |_: PointerEvent| pointer.point(None, &dispatch)
    };
    let wheel = {
        let (dispatch, list) = (dispatch.clone(), list.clone());
        move |event: WheelEvent| {
            let (left, right) = list.borrow().area;
            let at = list.borrow().share(event.offset_x().into());
            if event.ctrl_key() || event.meta_key() {
                event.prevent_default();
                let factor = js_sys::Math::exp(-event.delta_y() * WHEEL);
                dispatch(Message::Zoom {
                    factor,
                    at: Some(at),
                });
            } else if event.delta_x().abs() > event.delta_y().abs() {
                event.prevent_default();
                dispatch(Message::Pan(event.delta_x() / (right - left).max(1.0)));
            }
        }
    };
    let fit = dispatch.clone();
    vec![
        dom::listen(canvas, "pointerdown", down),
        dom::listen(canvas, "pointermove", moved),
        dom::listen(canvas, "pointerup", up.clone()),
        dom::listen(canvas, "pointercancel", up),
        dom::listen(canvas, "pointerleave", left),
        dom::listen(canvas, "wheel", wheel),
        dom::listen(canvas, "dblclick", move |_: MouseEvent| {
            fit(Message::Fit);
        }),
    ]
}
