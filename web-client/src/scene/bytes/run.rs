//! The runs that the view shows: the one on the stage, and the one it is compared
//! with.

use trace::lane::{Direction, Lane};
use trace::rows::Layer;
use trace::text::{Catalog, Sentence};

use super::layout::{Layout, Pitch};
use super::{BETWEEN, Group, cursor, rule};
use crate::runs::{Turned, turned_between};
use crate::scene::list::Style;
use crate::scene::margins::PAD;
use crate::scene::{DrawList, Font, Index, Ink, StageModel, knob_value};

/// Above a run that has a title.
const TITLE: f64 = 24.0;

/// A run that is drawn.
pub(super) struct Run<'a> {
    shot: StageModel<'a>,
    /// Set if there are two.
    title: Option<String>,
    /// Whether the cursor moves through it.
    has_cursor: bool,
    pub(super) groups: Vec<(&'a Lane, Vec<Layer>)>,
}

/// The run on the stage; above it the one it is compared with, if there is
/// one: all of it has happened. Of a run of an experiment only what went to the server is
/// shown, for that is what a turned knob changes; of another connection of a record, all.
pub(super) fn runs<'a>(
    shot: &StageModel<'a>,
    earlier: Option<&'a Index>,
    catalog: &Catalog,
) -> Vec<Run<'a>> {
    let run = |shot: StageModel<'a>, title, only: Option<Direction>, has_cursor| {
        let lanes = shot.analysis.lanes.iter();
        let lanes = lanes.filter(|lane| only.is_none_or(|only| lane.direction == only));
        Run {
            groups: lanes.map(|lane| (lane, shot.rows(lane).layers())).collect(),
            has_cursor,
            shot,
            title,
        }
    };
    let (Some(earlier), Some(index)) = (shot.earlier, earlier) else {
        return vec![run(*shot, None, None, true)];
    };
    let turned = turned_between(&earlier.trace, shot.trace);
    let title = |key: &'static str, value: fn(&Turned) -> &str| {
        let sentence = match &turned[..] {
            [turned] => Sentence::new(key)
                .with(
                    "knob",
                    catalog.text(&["knob.", turned.knob.name()].concat()),
                )
                .with("value", knob_value(turned.knob, value(turned), catalog)),
            // The list of runs tells what differs.
            _ => Sentence::new(match key {
                "stage.before" => "stage.other",
                _ => "stage.shown",
            }),
        };
        Some(catalog.render(&sentence))
    };
    let before = StageModel {
        trace: &earlier.trace,
        analysis: &earlier.analysis,
        index,
        step: earlier.trace.events().len(),
        selection: None,
        hover: None,
        duels: &[],
        ..*shot
    };
    if shot.trace.plan.is_none() {
        let upper = before.ends_beside(shot, catalog);
        let lower = shot.ends_beside(&before, catalog);
        return vec![
            run(before, upper, None, false),
            run(*shot, lower, None, true),
        ];
    }
    let first = title("stage.before", |turned| &turned.was);
    let second = title("stage.now", |turned| &turned.is);
    vec![
        run(before, first, Some(Direction::FromOpener), false),
        run(*shot, second, None, true),
    ]
}

impl Run<'_> {
    /// The height that its boxes take at least: what stands between them may take more.
    pub(super) fn least(&self, pitch: Pitch) -> f64 {
        let groups = self.groups.iter().map(|(lane, layers)| {
            let rows = self.shot.rows(lane);
            let boxes = layers.iter().filter(|layer| rows.is_observed(**layer));
            let duels = usize::from(self.shot.duel(lane).is_some());
            pitch.least(boxes.count() + duels)
        });
        groups.sum()
    }

    /// Draws it from `y` on; gives its lower edge.
    pub(super) fn draw(
        &self,
        catalog: &Catalog,
        layout: Layout,
        pitch: Pitch,
        mut y: f64,
        list: &mut DrawList,
    ) -> f64 {
        let shot = &self.shot;
        let mark = cursor(shot).filter(|_| self.has_cursor);
        if let Some(title) = &self.title {
            if y > 0.0 {
                y += BETWEEN;
                list.shapes.push(rule(y, layout.width));
                y += 12.0;
            }
            let style = Style::new(Font::Strong, Ink::Text);
            list.text((PAD, y + 18.0), title, style, layout.width - 2.0 * PAD);
            y += TITLE;
        }
        for (index, (lane, layers)) in self.groups.iter().enumerate() {
            if index > 0 {
                y += BETWEEN;
                list.shapes.push(rule(y, layout.width));
            }
            y += pitch.above;
            let Some(hues) = shot.index.hues(lane.connection, lane.direction) else {
                continue;
            };
            let mark = mark.filter(|(at, _)| std::ptr::eq(*at, *lane));
            let mark = mark.map(|(_, offset)| offset);
            let here = mark.filter(|&offset| layout.shows(offset));
            let cursor = here.map(|offset| layout.x(offset));
            let group = Group {
                lane,
                rows: shot.rows(lane),
                hues,
                shot,
                catalog,
                layout,
                pitch,
                cursor,
            };
            let bottom = group.draw(layers, y, list);
            if mark.is_some() {
                list.focus = Some((y - pitch.above, bottom + 8.0));
            }
            if let Some(x) = cursor {
                let top = if layout.narrow { 44.0 } else { 30.0 };
                list.cursor(x, y - top, bottom + 8.0);
            }
            y = bottom;
        }
        y
    }
}
