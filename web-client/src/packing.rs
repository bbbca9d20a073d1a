//! Packs a run so that it fits into an address, and unpacks it: DEFLATE
//! (RFC 1951) by the browser's own streams, then base64url without padding
//! (RFC 4648, section 5).

use js_sys::{Array, ArrayBuffer, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{Blob, ReadableStream, ReadableWritablePair, Response};

use crate::dom::{settled, window};

/// What both streams are told to read or write.
const FORMAT: &str = "deflate-raw";

// Compression Standard; web-sys counts them among what may still change.
#[wasm_bindgen]
extern "C" {
    type CompressionStream;
    #[wasm_bindgen(constructor, catch)]
    fn new(format: &str) -> Result<CompressionStream, JsValue>;

    type DecompressionStream;
    #[wasm_bindgen(constructor, catch)]
    fn new(format: &str) -> Result<DecompressionStream, JsValue>;
}

/// Most characters of an address behind `#`, a packed run included: what chats and
/// mail programs pass on whole.
pub const MOST: usize = 8 * 1024;

/// Packs `bytes`, and calls `done` with what goes into an address, or with none
/// where the browser can't.
pub fn pack(bytes: &[u8], done: impl FnOnce(Option<String>) + 'static) {
    let packed = CompressionStream::new(FORMAT).and_then(|stream| through(bytes, &stream));
    collect(packed, move |packed| {
        done(packed.and_then(|bytes| to_text(&bytes)));
    });
}

/// Unpacks what [`pack`] gave, and calls `done` with it, or with none where `text`
/// is nothing of that kind. DEFLATE makes at most 1,032 bytes of one, so what comes
/// is bounded by [`MOST`].
pub fn unpack(text: &str, done: impl FnOnce(Option<Vec<u8>>) + 'static) {
    let Some(bytes) = from_text(text).filter(|_| text.len() <= MOST) else {
        return done(None);
    };
    let unpacked = DecompressionStream::new(FORMAT).and_then(|stream| through(&bytes, &stream));
    collect(unpacked, done);
}

/// What comes out of a pair of streams that `bytes` go into.
fn through(bytes: &[u8], pair: &JsValue) -> Result<Promise, JsValue> {
    let parts = Array::of1(&Uint8Array::from(bytes));
    let stream: ReadableStream = Blob::new_with_u8_array_sequence(&parts)?.stream();
    // Both have the two ends that such a pair is made of.
    let pair: &ReadableWritablePair = pair.unchecked_ref();
    let piped = stream.pipe_through(pair);
    Response::new_with_opt_readable_stream(Some(&piped))?.array_buffer()
}

fn collect(promise: Result<Promise, JsValue>, done: impl FnOnce(Option<Vec<u8>>) + 'static) {
    let Ok(promise) = promise else {
        return done(None);
    };
    settled(&promise, move |buffer| {
        let buffer = buffer.map(JsCast::unchecked_into::<ArrayBuffer>);
        done(buffer.map(|buffer| Uint8Array::new(&buffer).to_vec()));
    });
}

fn to_text(bytes: &[u8]) -> Option<String> {
    let binary: String = bytes.iter().copied().map(char::from).collect();
    let text = window().btoa(&binary).ok()?;
    let url = |c| match c {
        '+' => '-',
        '/' => '_',
        c => c,
    };
    Some(text.trim_end_matches('=').chars().map(url).collect())
}

fn from_text(text: &str) -> Option<Vec<u8>> {
    let plain = |c| match c {
        '-' => '+',
        '_' => '/',
        c => c,
    };
    let text: String = text.chars().map(plain).collect();
    let binary = window().atob(&text).ok()?;
    binary.chars().map(|c| u8::try_from(c).ok()).collect()
}
