//! `cargo xtask web`: compiles the page's program to wasm, binds it to
//! JavaScript and assembles `target/page`, which the server embeds.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;
use wasm_bindgen_cli_support::Bindgen;

use crate::setup::wasm_target::{self, Source};
use crate::step::step;
use crate::workspace::{WASM, Workspace};
use crate::{lock, page, process};

/// The page's wasm may be this large, gzipped, in bytes.
const WASM_LIMIT: usize = 613 * 1024;

/// The files are named `stickylab.js` and `stickylab_bg.wasm`.
const NAME: &str = "stickylab";

/// What web-client's build script makes of `static/`: the page's texts and snippets,
/// and its markup with the texts that are shown before its program runs.
const PACKED: [&str; 2] = ["content.txt", "index.html"];

/// Folders of `static/` that the page's program packs instead of serving them as they are.
const COMPILED_IN: [&str; 4] = ["lessons", "text", "code", "decoder"];

/// Builds the page and puts it into `target/page`.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    wasm_target::ensure(workspace, Source::Any)?;
    // A target folder of its own: cargo would put the profile `page` where the page goes.
    let built = workspace.scratch("web")?;
    let packed = step("building the page (wasm, release)", || {
        let messages = process::output_shown(
            workspace
                .cargo()
                .args([
                    "build",
                    "--package=web-client",
                    "--lib",
                    "--target",
                    WASM,
                    "--profile=page",
                    "--message-format=json-render-diagnostics",
                    "--target-dir",
                ])
                .arg(&built)
                .env("RUSTFLAGS", without_home()),
        )?;
        packed(&messages).context("web-client has no build script")
    })?;
    let wasm = built.join(WASM).join("page").join("web_client.wasm");
    step("assembling the page", || {
        assemble(workspace, &wasm, &packed)
    })
}

/// Flags that keep this machine's folders out of the wasm: panic messages name
/// the files of dependencies.
fn without_home() -> String {
    let home = env::var("CARGO_HOME").or_else(|_| env::var("HOME").map(|home| home + "/.cargo"));
    let own = env::var("RUSTFLAGS").unwrap_or_default();
    match home {
        Ok(home) if !home.contains(' ') => format!("{own} --remap-path-prefix={home}=cargo"),
        _ => own,
    }
}

/// The folder that web-client's build script writes to.
fn packed(messages: &str) -> Option<PathBuf> {
    messages.lines().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let ours = message["package_id"].as_str()?.contains("web-client");
        let folder = message["out_dir"].as_str().filter(|_| ours)?;
        Some(PathBuf::from(folder))
    })
}

fn assemble(workspace: &Workspace, wasm: &Path, packed: &Path) -> Result<()> {
    let versions =
        fs::read_to_string(workspace.root.join("Cargo.lock")).context("cannot read Cargo.lock")?;
    lock::check_bindgen(&versions)?;

    let page = workspace.page();
    let draft = page.with_extension("draft");
    if draft.exists() {
        fs::remove_dir_all(&draft)?;
    }
    page::copy_tree(&workspace.root.join("static"), &draft, &COMPILED_IN)?;
    for name in PACKED {
        let file = packed.join(name);
        fs::copy(&file, draft.join(name))
            .with_context(|| format!("cannot read {}", file.display()))?;
    }
    bind(wasm, &draft)?;
    check_size(&draft.join(format!("{NAME}_bg.wasm")))?;
    page::publish(&draft, &page)
}

/// Writes the wasm and its JavaScript glue into `dir`.
fn bind(wasm: &Path, dir: &Path) -> Result<()> {
    Bindgen::new()
        .input_path(wasm)
        .out_name(NAME)
        .web(true)?
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(dir)
        .with_context(|| format!("wasm-bindgen cannot read {}", wasm.display()))
}

fn check_size(wasm: &Path) -> Result<()> {
    let raw = fs::read(wasm).with_context(|| format!("cannot read {}", wasm.display()))?;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(&raw)?;
    let gzipped = gzip.finish()?.len();
    let said = format!(
        "the page's wasm is {} KB, gzipped {} KB of at most {} KB",
        kilobytes(raw.len()),
        kilobytes(gzipped),
        kilobytes(WASM_LIMIT),
    );
    if gzipped > WASM_LIMIT {
        bail!("{said}");
    }
    println!("xtask: {said}");
    Ok(())
}

/// Bytes in units of 1,024, rounded up to a tenth, so that a size over the limit never looks like the limit.
fn kilobytes(bytes: usize) -> String {
    let tenths = (bytes * 10).div_ceil(1024);
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_up() {
        fn check(bytes: usize, expected: &str) {
            assert_eq!(kilobytes(bytes), expected);
        }
        check(0, "0.0");
        check(1024, "1.0");
        check(WASM_LIMIT, "613.0");
        check(WASM_LIMIT + 1, "613.1");
    }
}
