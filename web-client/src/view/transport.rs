//! First, back, play, forward, last; the scrubber; step, time and speed.

use std::cell::Cell;

use trace::text::{Catalog, Sentence};
use web_sys::{
    Element, Event, HtmlButtonElement, HtmlCanvasElement, HtmlElement, HtmlInputElement,
};

use super::header::click;
use super::rows::{call, caller, milliseconds};
use crate::app::{Message, State};
use crate::dom::{self, Dispatch, Listener, Missing};
use crate::paint::{Painter, Palette};
use crate::scene::scrubber;

/// Height of the scrubber in CSS pixels, as in the style sheet.
const HEIGHT: f64 = 30.0;

pub(super) struct Transport {
    buttons: Vec<HtmlButtonElement>,
    play: HtmlButtonElement,
    slider: HtmlInputElement,
    ticks: HtmlCanvasElement,
    painter: Painter,
    width: f64,
    step: HtmlElement,
    /// Characters of the longest text of a step.
    length: Cell<usize>,
    at: Element,
    speed: HtmlButtonElement,
    _listeners: Vec<Listener>,
}

impl Transport {
    pub(super) fn bind(dispatch: &Dispatch) -> Result<Self, Missing> {
        let buttons: Vec<HtmlButtonElement> = dom::all("[data-go]");
        let play: HtmlButtonElement = dom::find("play")?;
        let slider: HtmlInputElement = dom::find("scrubber")?;
        let speed: HtmlButtonElement = dom::find("speed")?;
        let mut listeners = vec![
            click(&play, dispatch, Message::PlayPause),
            click(&speed, dispatch, Message::SpeedNext),
        ];
        for button in &buttons {
            let message = match button.get_attribute("data-go").as_deref() {
                Some("first") => Message::First,
                Some("back") => Message::StepBy(-1),
                Some("forward") => Message::StepBy(1),
                _ => Message::Last,
            };
            listeners.push(click(button, dispatch, message));
        }
        let (input, moved) = (slider.clone(), dispatch.clone());
        listeners.push(dom::listen(&slider, "input", move |_: Event| {
            if let Ok(step) = input.value().parse() {
                moved(Message::StepTo(step));
            }
        }));
        let ticks: HtmlCanvasElement = dom::find("ticks")?;
        Ok(Self {
            buttons,
            play,
            slider,
            painter: Painter::new(ticks.clone())?,
            ticks,
            width: 0.0,
            step: dom::find("step")?,
            length: Cell::new(0),
            at: dom::find("at")?,
            speed,
            _listeners: listeners,
        })
    }

    pub(super) fn show(&self, state: &State, catalog: &Catalog) {
        let (step, events) = (state.step(), state.events().len());
        for button in &self.buttons {
            let go = button.get_attribute("data-go");
            let back = matches!(go.as_deref(), Some("first" | "back"));
            let useless = if back { step == 0 } else { step == events };
            // A disabled button would lose the focus and with it the keyboard's place.
            dom::set_bool(button, "aria-disabled", useless);
        }
        let playing = state.player().is_playing();
        self.play.set_disabled(events == 0);
        dom::set_bool(&self.play, "data-playing", playing);
        let label = catalog.text(if playing { "go.pause" } else { "go.play" });
        dom::set(&self.play, "aria-label", &label);
        dom::set(&self.play, "title", &label);

        self.slider.set_disabled(events == 0);
        dom::set(&self.slider, "max", &events.to_string());
        let position = step.to_string();
        if self.slider.value() != position {
            self.slider.set_value(&position);
        }
        let step_of = |step| {
            let text = Sentence::new("transport.step");
            catalog.render(&text.with("step", step).with("of", events))
        };
        let step_text = step_of(step);
        dom::set_text(&self.step, &step_text);
        // As wide as the last step's, so that nothing beside it moves.
        let length = step_of(events).chars().count();
        if self.length.replace(length) != length {
            let style = self.step.style();
            let _ = style.set_property("--length", &length.to_string());
        }
        let current = state.current();
        let value_text = match (current, state.trace()) {
            (Some((_, event)), Some(trace)) => {
                let actor = caller(event, trace, catalog);
                let call = call(event, trace, catalog);
                [&step_text, ": ", &actor, " ", &call].concat()
            }
            _ => step_text.clone(),
        };
        dom::set(&self.slider, "aria-valuetext", &value_text);
        let at = current.map_or_else(String::new, |(_, event)| milliseconds(event.at));
        dom::set_text(&self.at, &at);
        let speed = speed(state.player().speed());
        dom::set_text(&self.speed, &speed);
        let label = Sentence::new("speed.label").with("speed", speed);
        dom::set(&self.speed, "aria-label", &catalog.render(&label));
    }

    pub(super) fn measure(&mut self) {
        self.width = f64::from(self.ticks.client_width());
    }

    pub(super) fn paint(&mut self, state: &State, palette: (&Palette, bool)) {
        let (palette, is_new) = palette;
        if is_new {
            self.painter.forget_styles();
        }
        let list = scrubber::draw(state.index(), state.step(), self.width, HEIGHT);
        self.painter.paint(&list, palette);
    }
}

/// A factor such as `0.5×` or `4×`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "tenths of a small factor"
)]
fn speed(factor: f64) -> String {
    let tenths = (factor * 10.0).round() as u32;
    match (tenths / 10, tenths % 10) {
        (whole, 0) => format!("{whole}×"),
        (whole, rest) => format!("{whole}.{rest}×"),
    }
}

#[cfg(test)]
mod tests {
    use super::speed;

    #[test]
    fn speeds_are_short() {
        assert_eq!(speed(0.5), "0.5×");
        assert_eq!(speed(8.0), "8×");
    }
}
