//! What `stickylab decoder` prints, compiled in each language and run: it gives the same
//! messages and the same refusals as the decoder in `protocol`, however a stream is cut, and
//! encodes as its encoder does.

#[path = "decoders/boundaries.rs"]
mod boundaries;
#[path = "decoders/cases.rs"]
mod cases;
#[path = "decoders/command.rs"]
mod command;
#[path = "decoders/languages.rs"]
mod languages;
#[path = "decoders/random.rs"]
mod random;
#[path = "decoders/received.rs"]
mod received;
