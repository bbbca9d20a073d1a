//! The page's program. `dom`, `paint`, `view`, `packing`, `socket`, `frame_clock` and
//! `page` touch the browser; all other modules are pure.

pub mod app;
pub mod bins;
pub mod catalog;
pub mod colours;
pub mod comparison;
pub mod dom;
pub mod file;
pub mod find;
pub mod frame_clock;
pub mod hash;
pub mod language;
pub mod literal;
pub mod outgoing;
pub mod packing;
pub mod page;
pub mod paint;
pub mod picture;
pub mod player;
pub mod runs;
#[cfg(test)]
mod sample;
pub mod scene;
pub mod series;
pub mod settings;
pub mod socket;
pub mod source;
pub mod svg;
pub mod view;

use wasm_bindgen::prelude::*;

/// Starts the page with the text of `content.txt`; `static/boot.js` calls it
/// once and shows what it throws.
#[wasm_bindgen]
pub fn boot(content: String) -> Result<(), JsValue> {
    catalog::open(content);
    // The page lives as long as its document.
    std::mem::forget(page::Page::open()?);
    Ok(())
}
