//! Checks that the JavaScript glue and the wasm are of the same wasm-bindgen.

use anyhow::{Context, Result, bail};
use toml::{Table, Value};

/// Fails unless the lock file holds `wasm-bindgen` in exactly the version of
/// `wasm-bindgen-cli-support`: their private format changes with every release.
pub(crate) fn check_bindgen(lock: &str) -> Result<()> {
    let lock: Table = lock.parse().context("cannot read Cargo.lock")?;
    let library = version(&lock, "wasm-bindgen")?;
    let support = version(&lock, "wasm-bindgen-cli-support")?;
    if library != support {
        bail!(
            "Cargo.lock has wasm-bindgen {library} but wasm-bindgen-cli-support {support}; \
             set both to the same version in the top level Cargo.toml, or run \
             `cargo update -p wasm-bindgen --precise {support}`"
        );
    }
    Ok(())
}

fn version<'lock>(lock: &'lock Table, name: &str) -> Result<&'lock str> {
    let packages = lock.get("package").and_then(Value::as_array);
    let mut versions = packages
        .into_iter()
        .flatten()
        .filter(|package| package.get("name").and_then(Value::as_str) == Some(name))
        .filter_map(|package| package.get("version")?.as_str());
    let version = versions
        .next()
        .with_context(|| format!("Cargo.lock has no {name}"))?;
    if let Some(other) = versions.next() {
        bail!("Cargo.lock has {name} twice, {version} and {other}");
    }
    Ok(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(packages: &[(&str, &str)], expected: &str) {
        let mut lock = String::new();
        for (name, version) in packages {
            lock += &[
                "[[package]]\nname = \"",
                name,
                "\"\nversion = \"",
                version,
                "\"\n",
            ]
            .concat();
        }
        let said = match check_bindgen(&lock) {
            Ok(()) => "ok".to_owned(),
            Err(error) => error.to_string(),
        };
        assert!(said.contains(expected), "{said:?} lacks {expected:?}");
    }

    #[test]
    fn same_versions_pass() {
        check(
            &[
                ("wasm-bindgen", "0.2.1"),
                ("wasm-bindgen-cli-support", "0.2.1"),
            ],
            "ok",
        );
    }

    #[test]
    fn different_versions_are_named() {
        check(
            &[
                ("wasm-bindgen", "0.2.2"),
                ("wasm-bindgen-cli-support", "0.2.1"),
            ],
            "wasm-bindgen 0.2.2 but wasm-bindgen-cli-support 0.2.1",
        );
    }

    #[test]
    fn a_missing_package_is_named() {
        check(
            &[("wasm-bindgen-cli-support", "0.2.1")],
            "Cargo.lock has no wasm-bindgen",
        );
    }

    #[test]
    fn two_versions_of_one_package_are_refused() {
        check(
            &[
                ("wasm-bindgen", "0.2.1"),
                ("wasm-bindgen", "0.2.2"),
                ("wasm-bindgen-cli-support", "0.2.1"),
            ],
            "wasm-bindgen twice, 0.2.1 and 0.2.2",
        );
    }
}
