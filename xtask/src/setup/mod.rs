//! Sets up what building and testing need; quick when all of it is there.

mod apt;
pub(crate) mod browser;
pub(crate) mod compilers;
mod debian;
pub(crate) mod firefox;
pub(crate) mod proxies;
pub(crate) mod python;
mod rust_std;
pub(crate) mod tshark;
pub(crate) mod wasm_target;

use anyhow::Result;

use crate::workspace::Workspace;

/// Everything `cargo xtask test` needs, the wasm target from `source`.
pub(crate) fn all(workspace: &Workspace, source: wasm_target::Source) -> Result<()> {
    wasm_target::ensure(workspace, source)?;
    let browser = browser::ensure()?;
    let firefox = firefox::ensure()?;
    let python = python::ensure(workspace)?;
    let tshark = tshark::ensure()?;
    let mut proxies = proxies::ensure()?;
    proxies.extend(compilers::ensure()?);
    let proxies: Vec<_> = proxies
        .iter()
        .map(|(_, program)| program.display().to_string())
        .collect();
    println!(
        "xtask: ready: wasm target; {}; {}; {}; {}; {}, {}; {}",
        browser.chrome.display(),
        browser.driver.display(),
        firefox.map_or_else(
            || "no Firefox".to_owned(),
            |firefox| firefox.display().to_string()
        ),
        python.display(),
        tshark.program.display(),
        tshark.version,
        proxies.join("; "),
    );
    Ok(())
}
