//! The cursor, the view and the selection.

use super::{Aim, Effect, Message, State, Status};
use crate::scene::{self, Axis, Target, View};
use crate::settings::Theme;

impl State {
    /// Whether anything that can be seen changed.
    pub(super) fn navigate(&mut self, message: &Message, effects: &mut Vec<Effect>) -> bool {
        let events = self.events().len();
        match *message {
            Message::StepBy(by) => self.player.go_by(by, events),
            Message::StepTo(step) => self.player.go(step, events),
            Message::First => self.player.go(0, events),
            Message::Last => self.player.go(events, events),
            Message::PlayPause => self.player.play_pause(events),
            Message::Drag(x) => match self.step_at(x) {
                Some(step) => self.player.go(step, events),
                None => return false,
            },
            _ => return self.show(message, effects),
        }
        // The end of a run does not move a cursor that the user has moved.
        if matches!(self.status, Status::Running) {
            self.aim = if self.step() == events {
                Aim::Last
            } else {
                Aim::Stay
            };
        }
        self.note_done(effects);
        true
    }

    fn show(&mut self, message: &Message, effects: &mut Vec<Effect>) -> bool {
        match *message {
            Message::SpeedNext => self.player.next_speed(),
            Message::ViewChosen(view) => {
                if view != self.view {
                    self.viewport = scene::Viewport::default();
                }
                self.view = view;
            }
            Message::AxisChosen(axis) => self.axis = Some(axis),
            Message::Select(target) => return self.select(target),
            Message::Escape if self.help => self.help = false,
            Message::Escape if self.refused_file.is_some() => self.refused_file = None,
            Message::Escape if self.search.is_active() => self.clear_search(),
            Message::ClearSelection | Message::Escape => {
                self.chunk_copied = None;
                return self.selection.take().is_some();
            }
            Message::Hover(target) => {
                let changed = self.hover != target;
                self.hover = target;
                return changed;
            }
            Message::Resized { width } => {
                let changed = (self.width - width).abs() > 0.5;
                self.width = width;
                return changed;
            }
            Message::Zoom { factor, at } => self.zoom(factor, at),
            Message::Pan(by) => self.viewport = self.viewport.pan(by),
            Message::Fit => self.viewport = scene::Viewport::default(),
            Message::Help => self.help = !self.help,
            Message::CodeTab(code) => self.code = code,
            Message::CodeRole(role) => {
                self.role = role;
                self.decoder.0 = false;
            }
            Message::ShowDecoder => self.decoder.0 = true,
            Message::DecoderLanguage(language) => self.decoder.1 = language,
            Message::LanguageChosen(language) => {
                if language == self.settings.language {
                    return false;
                }
                self.settings.language = language;
                effects.push(Effect::SaveSettings(self.settings.clone()));
            }
            Message::ThemeToggled => {
                self.settings.theme = match self.settings.theme {
                    Theme::Auto => Theme::Light,
                    Theme::Light => Theme::Dark,
                    Theme::Dark => Theme::Auto,
                };
                effects.push(Effect::SaveSettings(self.settings.clone()));
            }
            _ => return false,
        }
        true
    }

    pub(super) fn select(&mut self, target: Target) -> bool {
        let exists = match target {
            Target::Event(index) => index < self.events().len(),
            Target::Byte {
                connection,
                direction,
                offset,
            } => {
                let lane = self.derived.analysis.lane(connection, direction);
                lane.is_some_and(|lane| offset < lane.end())
            }
        };
        let changed = exists && self.selection != Some(target);
        if exists {
            self.chunk_copied = None;
            self.selection = Some(target);
        }
        changed
    }

    /// The smallest part of the stage that fills it without cells larger than
    /// they need to be.
    #[expect(clippy::cast_precision_loss, reason = "a share, not a count")]
    pub(super) fn narrowest(&self) -> f64 {
        match (self.view, self.axis()) {
            (View::Bytes, _) => scene::bytes::narrowest(&self.derived.analysis, self.width),
            (View::Time, Axis::Time) => 1e-5,
            (View::Time, Axis::Step) => 4.0 / self.events().len().max(4) as f64,
        }
    }
}
