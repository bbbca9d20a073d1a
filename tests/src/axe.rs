//! axe-core, which looks for faults of a page's accessibility (WCAG).

use std::fs;
use std::path::PathBuf;

use crate::{python, run};

/// The module that carries it; `cargo xtask setup` installs it.
const MODULE: &str = "axe_playwright_python";

/// The body of a function that tells which rules the page violates as it is now, and
/// where: a line each. A page that was asked before has the script already.
pub fn script() -> String {
    asking("")
}

/// The same with the rules about colours alone: what another theme may violate where all
/// rules were asked in one.
pub fn script_of_colours() -> String {
    asking("runOnly: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] },")
}

fn asking(options: &str) -> String {
    format!(
        "if (!window.axe) {{ {} }}
        const found = await axe.run(document, {{ {options} resultTypes: ['violations'] }});
        return found.violations.flatMap(({{ id, nodes }}) =>
            nodes.map(({{ target, failureSummary }}) => `${{id}}: ${{target}}: ${{failureSummary}}`));",
        source()
    )
}

fn source() -> String {
    let program = "import importlib.util, sys; \
                   print(*importlib.util.find_spec(sys.argv[1]).submodule_search_locations)";
    let mut command = python::python();
    command.args(["-c", program, MODULE]);
    let folder = run(command, b"").out.concat();
    let path = PathBuf::from(folder).join("axe.min.js");
    fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!(
            "{}: {error}: `cargo xtask setup` installs it",
            path.display()
        )
    })
}
