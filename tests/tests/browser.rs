//! The page in a headless Chromium, against the real program.

#[path = "browser/accessible.rs"]
mod accessible;
#[path = "browser/bridge.rs"]
mod bridge;
#[path = "wireshark/capture.rs"]
mod capture;
#[path = "browser/captures.rs"]
mod captures;
#[path = "browser/chopped.rs"]
mod chopped;
#[path = "browser/copying.rs"]
mod copying;
#[path = "browser/duel.rs"]
mod duel;
#[path = "browser/files.rs"]
mod files;
#[path = "browser/find.rs"]
mod find;
#[path = "browser/firefox.rs"]
mod firefox;
#[path = "browser/framing_form.rs"]
mod framing_form;
#[path = "browser/framings.rs"]
mod framings;
#[path = "browser/gone.rs"]
mod gone;
#[path = "browser/keyboard.rs"]
mod keyboard;
#[path = "browser/lab.rs"]
mod lab;
#[path = "browser/layout.rs"]
mod layout;
#[path = "browser/lessons.rs"]
mod lessons;
#[path = "browser/long.rs"]
mod long;
#[path = "browser/looks.rs"]
mod looks;
#[path = "browser/narrow.rs"]
mod narrow;
#[path = "browser/newcomer.rs"]
mod newcomer;
#[path = "browser/own_lessons.rs"]
mod own_lessons;
#[path = "browser/path.rs"]
mod path;
#[path = "browser/pictures.rs"]
mod pictures;
#[path = "browser/proof.rs"]
mod proof;
#[path = "browser/repeating.rs"]
mod repeating;
#[path = "browser/stage_files.rs"]
mod stage_files;
#[path = "browser/wire.rs"]
mod wire;
#[path = "browser/yours.rs"]
mod yours;

use tests::Serve;

/// The page and all that it needs, with every recorded call on standard error.
fn serve() -> Serve {
    Serve::at("127.0.0.1:0", &[("RUST_LOG", "tap=trace")], &[])
}
