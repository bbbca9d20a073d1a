//! The wasm stage: cargo builds the packages' `tests/wasm.rs` for the page's
//! target and runs them with the package `wasm-test-runner`, which opens them in headless Chromium.

use std::fs;

use anyhow::Result;
use serde_json::json;

use super::tally::Tally;
use crate::process;
use crate::setup::browser::Browser;
use crate::step::step;
use crate::workspace::{WASM, Workspace};

/// The package of the program that runs a wasm test binary, and that program.
const RUNNER: &str = "wasm-test-runner";

/// The profile it is compiled with: it shares most of its packages with xtask.
const PROFILE: &str = "xtask";

/// Beyond what the runner itself asks for: a browser that keeps to itself.
const CHROME_ARGUMENTS: [&str; 6] = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// Settings that would make the runner choose another browser or none.
const FOREIGN: [&str; 8] = [
    "GECKODRIVER",
    "GECKODRIVER_REMOTE",
    "SAFARIDRIVER",
    "SAFARIDRIVER_REMOTE",
    "CHROMEDRIVER_REMOTE",
    "MSEDGEDRIVER_REMOTE",
    "NO_HEADLESS",
    "WASM_BINDGEN_TEST_ONLY_NODE",
];

/// Runs every package that has a `tests/wasm.rs`.
pub(super) fn run(workspace: &Workspace, browser: &Browser, filters: &[String]) -> Result<Tally> {
    let packages = workspace.wasm_packages()?;
    let settings = workspace.scratch("wasm-tests")?.join("webdriver.json");
    let capabilities = json!({
        "goog:chromeOptions": { "binary": browser.chrome, "args": CHROME_ARGUMENTS },
    });
    fs::write(&settings, capabilities.to_string())?;
    step("building the runner of wasm tests", || {
        process::run(
            workspace
                .cargo()
                .args(["build", "--profile", PROFILE])
                .arg(format!("--package={RUNNER}")),
        )
    })?;
    // A list instead of a string: the path may hold spaces. JSON's strings are TOML's.
    let runner = format!(
        "target.{WASM}.runner={}",
        json!([workspace.binary(RUNNER, PROFILE)])
    );

    let mut tally = Tally::default();
    // The runner takes one filter at most.
    let filters: Vec<&[String]> = match filters {
        [] => vec![&[]],
        filters => filters.chunks(1).collect(),
    };
    for filter in filters {
        let mut cargo = workspace.cargo();
        cargo
            .args(["test", "--no-fail-fast", "--target", WASM])
            .args(["--config", &runner])
            .args(&packages)
            .args(["--test", "wasm", "--"])
            .args(filter);
        for variable in FOREIGN {
            cargo.env_remove(variable);
        }
        cargo
            .env("CHROMEDRIVER", &browser.driver)
            .env("WASM_BINDGEN_USE_BROWSER", "1")
            .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", &settings)
            .env("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", "30")
            .env("WASM_BINDGEN_TEST_TIMEOUT", "300");
        tally.run(&mut cargo)?;
    }
    Ok(tally)
}
