//! What cargo runs a wasm test binary with: wasm-bindgen's runner, of the
//! version that the workspace's lock file names. `cargo xtask test` builds it
//! and tells it which browser to use.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = std::env::args_os();
    match wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wasm-test-runner: {error:#}");
            ExitCode::FAILURE
        }
    }
}
