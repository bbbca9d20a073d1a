//! See `invariants::capture_file`.

#![no_main]

use cap::Cap;
use libfuzzer_sys::fuzz_target;

/// Who allocates for what a length claims ends here.
#[global_allocator]
static MEMORY: Cap<std::alloc::System> = Cap::new(std::alloc::System, 1 << 30);

fuzz_target!(|bytes: &[u8]| invariants::capture_file::check(bytes));
