//! Chromium, its driver and a font for Chinese: found, or installed.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::apt;
use crate::process;

const CHROMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// Debian keeps the driver here on releases that do not put it on PATH.
const DRIVER_OFF_PATH: &str = "/usr/lib/chromium/chromedriver";

/// A browser and the program that drives it.
pub(crate) struct Browser {
    pub(crate) chrome: PathBuf,
    pub(crate) driver: PathBuf,
}

/// Finds the browser, installing it where it is missing and that is possible.
pub(crate) fn ensure() -> Result<Browser> {
    let browser = if let Some(browser) = find() {
        browser
    } else {
        apt::install(&["chromium", "chromium-driver", "fonts-noto-cjk"]).context(
            "the browser tests need Chromium and chromedriver of the same version, on PATH or \
             named by CHROME and CHROMEDRIVER",
        )?;
        find().context("Chromium is installed, but not where it is looked for")?
    };
    if lacks_chinese() {
        // The tests read text, not pixels: only the screenshots suffer.
        if let Err(error) = apt::install(&["fonts-noto-cjk"]) {
            eprintln!("xtask: no font for Chinese, so screenshots show boxes: {error:#}");
        }
    }
    Ok(browser)
}

fn find() -> Option<Browser> {
    let chrome = named("CHROME").or_else(|| process::find(&CHROMES))?;
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
