//! "Prove it": the button that turns the knob a cause names, and the sentence
//! about the two runs.

use std::cell::RefCell;
use std::rc::Rc;

use trace::counterfactual::Counterfactual;
use trace::knob::Knob;
use trace::text::{Catalog, Sentence, Time};
use web_sys::{Element, HtmlElement, MouseEvent};

use super::header::click;
use crate::app::{Message, State};
use crate::comparison::{Difference, Outcome, Tally};
use crate::dom::{self, Dispatch, Listener, Missing};
use crate::runs::{Turned, turned_between};
use crate::scene::knob_value;

pub(super) struct Proving {
    prove: HtmlElement,
    close: HtmlElement,
    result: Element,
    /// What the button offers.
    offered: Rc<RefCell<Option<Counterfactual>>>,
    /// A button that had the focus went away: the next one gets it.
    focus: bool,
    _listeners: [Listener; 2],
}

impl Proving {
    pub(super) fn bind(dispatch: &Dispatch) -> Result<Self, Missing> {
        let prove: HtmlElement = dom::find("prove")?;
        let close: HtmlElement = dom::find("compare-close")?;
        let offered: Rc<RefCell<Option<Counterfactual>>> = Rc::default();
        let (taken, dispatched) = (offered.clone(), dispatch.clone());
        Ok(Self {
            _listeners: [
                dom::listen(&prove, "click", move |_: MouseEvent| {
                    let counterfactual = taken.borrow().clone();
                    counterfactual
                        .map(Message::Prove)
                        .into_iter()
                        .for_each(&*dispatched);
                }),
                click(&close, dispatch, Message::CloseComparison),
            ],
            prove,
            close,
            result: dom::find("proof-result")?,
            offered,
            focus: false,
        })
    }

    pub(super) fn show(&mut self, state: &State, catalog: &Catalog) {
        let counterfactual = state.counterfactual();
        let is_of_record = state.kept_above().is_some();
        let comparing = state.earlier().is_some() && !is_of_record;
        let active = dom::document().active_element();
        for (button, shown) in [
            (&self.prove, counterfactual.is_some()),
            (&self.close, comparing),
        ] {
            let focused = active.as_ref() == Some(button.as_ref());
            self.focus |= focused && !shown;
            dom::set_shown(button, shown);
        }
        if let Some(counterfactual) = &counterfactual {
            let value = knob_value(counterfactual.knob, &counterfactual.value, catalog);
            let offer = Sentence::new("prove")
                .with("knob", knob_name(counterfactual.knob, catalog))
                .with("value", value);
            dom::set_text(&self.prove, &catalog.render(&offer));
        }
        let result = match (state.earlier(), state.trace(), state.outcome()) {
            (Some(earlier), Some(trace), Some(outcome)) => {
                let gap = state.language().between_sentences();
                let turned = turned_between(&earlier.trace, trace);
                let numbers = (earlier.about.number, state.about().number);
                let said = sentences(numbers, &turned, outcome, catalog);
                let said: Vec<_> = said.iter().map(|s| catalog.render(s)).collect();
                said.join(gap)
            }
            _ => String::new(),
        };
        dom::set_text(&self.result, &result);
        if self.focus && (counterfactual.is_some() || comparing) {
            self.focus = false;
            let shown = if comparing { &self.close } else { &self.prove };
            let _ = shown.focus();
        }
        self.offered.replace(counterfactual);
    }
}

pub(super) fn knob_name(knob: Knob, catalog: &Catalog) -> String {
    catalog.text(&["knob.", knob.name()].concat())
}

/// Both runs in numbers, and the difference that was observed.
fn sentences(
    numbers: (u32, u32),
    turned: &[Turned],
    outcome: Outcome,
    catalog: &Catalog,
) -> Vec<Sentence> {
    let (before, now) = (outcome.before, outcome.now);
    let calls = |sentence: Sentence, tally: Tally| {
        sentence
            .with("sends", tally.sends)
            .with("recvs", tally.recvs)
    };
    let mut said = if let [turned] = turned {
        let run = |key, value| {
            Sentence::new(key)
                .with("knob", knob_name(turned.knob, catalog))
                .with("value", knob_value(turned.knob, value, catalog))
        };
        vec![
            calls(run("prove.before", &turned.was), before),
            calls(run("prove.now", &turned.is), now),
        ]
    } else {
        let run = |number: u32| Sentence::new("compare.run").with("number", u64::from(number));
        vec![calls(run(numbers.0), before), calls(run(numbers.1), now)]
    };
    for (key, before, now) in [
        ("prove.moved", before.moved, now.moved),
        ("prove.lost", before.lost, now.lost),
    ] {
        if before + now > 0 {
            let counts = Sentence::new(key).with("before", before).with("now", now);
            said.push(counts);
        }
    }
    if let (true, Some(before), Some(now)) = (outcome.is_waiting, before.slowest, now.slowest) {
        let waited = Sentence::new("prove.waited")
            .with("before", Time(before).to_string())
            .with("now", Time(now).to_string());
        said.push(waited);
    }
    // Of two runs that differ in several knobs no one is the reason.
    if let [_] = turned {
        let is_loss = before.lost != now.lost;
        said.push(Sentence::new(match outcome.difference() {
            Difference::Fewer if is_loss => "prove.fewer.lost",
            Difference::Fewer => "prove.fewer.moved",
            Difference::More if is_loss => "prove.more.lost",
            Difference::More => "prove.more.moved",
            Difference::Sooner => "prove.sooner",
            Difference::Later => "prove.later",
            Difference::Same => "prove.same",
        }));
    }
    said
}
