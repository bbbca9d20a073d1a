//! What must hold whatever bytes come from a peer, a page or a file.
//!
//! Each module has one `check`, which takes any bytes and panics where
//! something does not hold. The fuzz targets in `fuzz/` call it with what the
//! fuzzer makes up; `tests/` call it with every file of the corpus, and with
//! those files damaged at random.

mod input;
mod insertion;
mod lanes;

pub mod analysis;
pub mod capture_file;
pub mod decoder;
pub mod handshake;
pub mod lesson;
pub mod machines;
pub mod packets;
pub mod place;
pub mod request;
pub mod trace_file;
mod written;

/// A fuzz target: its name, which is also that of its corpus, and its check.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 10] = [
    ("analysis", analysis::check),
    ("capture_file", capture_file::check),
    ("decoder", decoder::check),
    ("handshake", handshake::check),
    ("lesson", lesson::check),
    ("machines", machines::check),
    ("packets", packets::check),
    ("place", place::check),
    ("request", request::check),
    ("trace_file", trace_file::check),
];
