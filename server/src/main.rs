//! The native program: the five systems, their clients, and the page.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
