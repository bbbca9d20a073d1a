//! Which key does what.

use super::Message;
use crate::find::Find;
use crate::scene::View;

/// How much the keys `+` and `-` zoom.
const ZOOM: f64 = 1.5;

/// What a key (as `KeyboardEvent.key` names it) asks for. `typing`: the key
/// belongs to whatever has the focus (a field; a button, for Enter and space)
/// or is held with Ctrl, Alt or Meta; then it asks for nothing here, but Esc
/// still works.
pub fn key(key: &str, shift: bool, typing: bool) -> Option<Message> {
    if typing && key != "Escape" {
        return None;
    }
    Some(match (key, shift) {
        ("ArrowLeft", false) => Message::StepBy(-1),
        ("ArrowRight", false) => Message::StepBy(1),
        ("ArrowLeft", true) => Message::StepBy(-10),
        ("ArrowRight", true) => Message::StepBy(10),
        ("Home", _) => Message::First,
        ("End", _) => Message::Last,
        (" ", _) => Message::PlayPause,
        ("?", _) => Message::Help,
        ("Escape", _) => Message::Escape,
        ("+" | "=", _) => Message::Zoom {
            factor: ZOOM,
            at: None,
        },
        ("-" | "_", _) => Message::Zoom {
            factor: 1.0 / ZOOM,
            at: None,
        },
        ("0", _) => Message::Fit,
        ("b" | "B", _) => Message::ViewChosen(View::Bytes),
        ("t" | "T", _) => Message::ViewChosen(View::Time),
        ("/", _) => Message::Find(Find::Open),
        ("n" | "N", false) => Message::Find(Find::Next),
        ("n" | "N", true) => Message::Find(Find::Previous),
        ("Enter" | "r" | "R", _) => Message::Run,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_ask_for_what_the_help_says() {
        assert_eq!(key("ArrowLeft", false, false), Some(Message::StepBy(-1)));
        assert_eq!(key("ArrowRight", true, false), Some(Message::StepBy(10)));
        assert_eq!(key(" ", false, false), Some(Message::PlayPause));
        assert_eq!(key("?", true, false), Some(Message::Help));
        assert_eq!(key("/", false, false), Some(Message::Find(Find::Open)));
        assert_eq!(key("n", false, false), Some(Message::Find(Find::Next)));
        assert_eq!(key("N", true, false), Some(Message::Find(Find::Previous)));
        assert_eq!(key("x", false, false), None);
    }

    #[test]
    fn who_types_is_left_alone() {
        for typed in [
            "ArrowLeft",
            "Home",
            " ",
            "?",
            "+",
            "0",
            "b",
            "r",
            "Enter",
            "/",
            "n",
        ] {
            assert!(key(typed, false, false).is_some(), "{typed}");
            assert_eq!(key(typed, false, true), None, "{typed}");
        }
        assert_eq!(key("Escape", false, true), Some(Message::Escape));
    }
}
