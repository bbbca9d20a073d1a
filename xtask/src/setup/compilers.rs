//! The tool chains of Java and Go, for the tests of `stickylab decoder`: found, or installed.

use anyhow::Result;

use super::proxies::{self, Proxies};

/// Each program's variable, its name, and that of its package.
const PROGRAMS: [(&str, &str, &str); 3] = [
    ("JAVAC", "javac", "default-jdk-headless"),
    ("JAVA", "java", "default-jdk-headless"),
    ("GO", "go", "golang-go"),
];

/// Finds them, installing what is missing where that is possible.
pub(crate) fn ensure() -> Result<Proxies> {
    proxies::find_all(
        &PROGRAMS,
        "the tests of generated decoders need javac, java (11 or later) and go (1.18 or later), \
         on PATH or named by JAVAC, JAVA and GO",
    )
}
