//! The only requestAnimationFrame, and one timer for what must go on in a hidden
//! tab. A frame runs when it was asked for: input, then DOM, then canvas.

use std::cell::Cell;
use std::rc::Rc;

use wasm_bindgen::prelude::*;

use crate::dom::window;

/// Calls a function once a frame, as long as frames are asked for.
pub struct FrameClock {
    frame: Closure<dyn FnMut(f64)>,
    pending: Rc<Cell<Option<i32>>>,
    last: Rc<Cell<f64>>,
}

impl FrameClock {
    /// `run` is given the milliseconds since it ran before.
    pub fn new(run: impl Fn(f64) + 'static) -> Self {
        let last = Rc::new(Cell::new(now()));
        let pending = Rc::new(Cell::new(None));
        let frame = {
            let (elapsed, pending) = (elapsed(last.clone()), pending.clone());
            Closure::new(move |_| {
                pending.set(None);
                run(elapsed());
            })
        };
        Self {
            frame,
            pending,
            last,
        }
    }

    /// Asks for the next frame.
    pub fn request(&self) {
        if self.pending.get().is_none() {
            // Time in which nothing was asked for does not count.
            self.last.set(now());
            let asked = window().request_animation_frame(self.frame.as_ref().unchecked_ref());
            self.pending.set(asked.ok());
        }
    }
}

impl Drop for FrameClock {
    fn drop(&mut self) {
        if let Some(id) = self.pending.get() {
            let _ = window().cancel_animation_frame(id);
        }
    }
}

/// The timer's period in milliseconds; hidden tabs get one tick a second, and after
/// some minutes one a minute.
const TICK_MS: i32 = 500;

/// Calls a function twice a second, as long as it lives.
pub struct Ticks {
    timer: i32,
    _tick: Closure<dyn FnMut()>,
}

impl Ticks {
    /// `run` is given the milliseconds since it ran before.
    pub fn new(run: impl Fn(f64) + 'static) -> Result<Self, JsValue> {
        let elapsed = elapsed(Rc::new(Cell::new(now())));
        let tick = Closure::<dyn FnMut()>::new(move || run(elapsed()));
        let timer = window().set_interval_with_callback_and_timeout_and_arguments_0(
            tick.as_ref().unchecked_ref(),
            TICK_MS,
        )?;
        Ok(Self { timer, _tick: tick })
    }
}

impl Drop for Ticks {
    fn drop(&mut self) {
        window().clear_interval_with_handle(self.timer);
    }
}

/// The milliseconds since `last`, which becomes now.
fn elapsed(last: Rc<Cell<f64>>) -> impl Fn() -> f64 {
    move || {
        let time = now();
        (time - last.replace(time)).max(0.0)
    }
}

fn now() -> f64 {
    window().performance().map_or(0.0, |clock| clock.now())
}
