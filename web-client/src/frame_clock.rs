//! The only requestAnimationFrame, and one slow timer for what must go on in a
//! hidden tab. A frame runs when it was asked for: input, then DOM, then canvas.

use std::cell::Cell;
use std::rc::Rc;

use wasm_bindgen::prelude::*;

use crate::dom::window;

/// The timer's period in milliseconds; hidden tabs get one tick a second.
const SLOW_MS: i32 = 250;

/// Calls a function once a frame, as long as frames are asked for.
pub struct FrameClock {
    frame: Closure<dyn FnMut(f64)>,
    tick: Closure<dyn FnMut()>,
    pending: Rc<Cell<Option<i32>>>,
    waiting: Rc<Cell<Option<i32>>>,
    last: Rc<Cell<f64>>,
}

impl FrameClock {
    /// `run` is given the milliseconds since it ran before.
    pub fn new(run: impl Fn(f64) + 'static) -> Self {
        let run = Rc::new(run);
        let last = Rc::new(Cell::new(now()));
        let before = last.clone();
        let elapsed = Rc::new(move || {
            let time = now();
            (time - before.replace(time)).max(0.0)
        });
        let pending = Rc::new(Cell::new(None));
        let waiting = Rc::new(Cell::new(None));
        let frame = {
            let (run, elapsed, pending) = (run.clone(), elapsed.clone(), pending.clone());
            Closure::new(move |_| {
                pending.set(None);
                run(elapsed());
            })
        };
        let tick = {
            let waiting = waiting.clone();
            Closure::new(move || {
                waiting.set(None);
                run(elapsed());
            })
        };
        Self {
            frame,
            tick,
            pending,
            waiting,
            last,
        }
    }

    /// Time in which nothing was asked for does not count.
    fn wake(&self) {
        if self.pending.get().is_none() && self.waiting.get().is_none() {
            self.last.set(now());
        }
    }

    /// Asks for the next frame.
    pub fn request(&self) {
        self.wake();
        if self.pending.get().is_none() {
            let asked = window().request_animation_frame(self.frame.as_ref().unchecked_ref());
            self.pending.set(asked.ok());
        }
    }

    /// Asks for a run soon, even in a hidden tab.
    pub fn request_slow(&self) {
        self.wake();
        if self.waiting.get().is_none() {
            let asked = window().set_timeout_with_callback_and_timeout_and_arguments_0(
                self.tick.as_ref().unchecked_ref(),
                SLOW_MS,
            );
            self.waiting.set(asked.ok());
        }
    }
}

impl Drop for FrameClock {
    fn drop(&mut self) {
        if let Some(id) = self.pending.get() {
            let _ = window().cancel_animation_frame(id);
        }
        if let Some(id) = self.waiting.get() {
            window().clear_timeout_with_handle(id);
        }
    }
}

fn now() -> f64 {
    window().performance().map_or(0.0, |clock| clock.now())
}
