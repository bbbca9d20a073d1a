//! Chromium, its driver and a font for Chinese: found, or installed.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::apt;
use crate::process;

/// Chromium without a window to draw into, where there is one: it has no toolbar to run
/// beside the page, and takes half of Chromium's processor time for a test. Not Debian's
/// script of that name on PATH, which outlives its browser.
const HEADLESS: &str = "/usr/lib/chromium/chromium-headless-shell";

const CHROMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// Debian's whole Chromium, beside which its headless shell can be had.
const DEBIANS: &str = "bin/chromium";

/// Debian keeps the driver here on releases that do not put it on PATH.
const DRIVER_OFF_PATH: &str = "/usr/lib/chromium/chromedriver";

/// A browser and the program that drives it.
pub(crate) struct Browser {
    pub(crate) chrome: PathBuf,
    pub(crate) driver: PathBuf,
}

/// Finds the browser, installing it where it is missing and that is possible.
pub(crate) fn ensure() -> Result<Browser> {
    let browser = match find() {
        Some(browser) if !has_lighter(&browser) => browser,
        found => {
            let packages = [
                "chromium-headless-shell",
                "chromium-driver",
                "fonts-noto-cjk",
            ];
            let installed = match apt::install(&packages) {
                Ok(()) => find(),
                // Older releases have no headless shell.
                Err(_) if found.is_some() => found,
                Err(_) => {
                    apt::install(&["chromium", "chromium-driver", "fonts-noto-cjk"]).context(
                        "the browser tests need Chromium and chromedriver of the same version, \
                         on PATH or named by CHROME and CHROMEDRIVER",
                    )?;
                    find()
                }
            };
            installed.context("Chromium is installed, but not where it is looked for")?
        }
    };
    if lacks_chinese() {
        // The tests read text, not pixels: only the screenshots suffer.
        if let Err(error) = apt::install(&["fonts-noto-cjk"]) {
            eprintln!("xtask: no font for Chinese, so screenshots show boxes: {error:#}");
        }
    }
    Ok(browser)
}

impl Browser {
    /// The browser with its window, which people use: what is measured is measured in it.
    pub(crate) fn whole(&self) -> PathBuf {
        named("CHROME")
            .or_else(|| process::find(&CHROMES))
            .unwrap_or_else(|| self.chrome.clone())
    }
}

/// Whether it is Debian's whole Chromium, and nobody has asked for it.
fn has_lighter(browser: &Browser) -> bool {
    browser.chrome.ends_with(DEBIANS) && named("CHROME").is_none()
}

fn find() -> Option<Browser> {
    let headless = Some(PathBuf::from(HEADLESS)).filter(|shell| shell.is_file());
    let chrome = named("CHROME")
        .or(headless)
        .or_else(|| process::find(&CHROMES))?;
    let driver = named("CHROMEDRIVER")
        .or_else(|| process::find(&["chromedriver"]))
        .or_else(|| Some(PathBuf::from(DRIVER_OFF_PATH)).filter(|driver| driver.is_file()))?;
    Some(Browser { chrome, driver })
}

fn named(variable: &str) -> Option<PathBuf> {
    env::var_os(variable)
        .map(PathBuf::from)
        .filter(|path| path.is_file())
}

/// Whether fontconfig is there and knows no Chinese font.
fn lacks_chinese() -> bool {
    process::output(Command::new("fc-list").arg(":lang=zh"))
        .is_ok_and(|fonts| fonts.trim().is_empty())
}
