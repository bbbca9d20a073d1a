//! Dependency directions, as cargo resolves them.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;
use tests::workspace;

const WASM: &str = "wasm32-unknown-unknown";

/// The machine's own target, as rustc calls it.
fn host() -> String {
    let output = Command::new("rustc").arg("-vV").output();
    let output = output.expect("rustc starts").stdout;
    let output = String::from_utf8(output).expect("text");
    let line = output.lines().find_map(|line| line.strip_prefix("host: "));
    line.expect("rustc names its host").to_owned()
}

/// Packages and what each is built from, build scripts and tests left out.
struct Graph {
    /// Name and version by package id.
    packages: BTreeMap<String, (String, String)>,
    /// Normal dependencies by package id.
    edges: BTreeMap<String, Vec<String>>,
    /// Ids of the workspace's own packages.
    members: BTreeSet<String>,
}

impl Graph {
    fn of(target: &str) -> Self {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(["metadata", "--format-version=1", "--locked"]);
        command.args(["--filter-platform", target]);
        let output = command.current_dir(workspace::root()).output();
        let output = output.expect("cargo starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "cargo metadata: {said}");
        let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let text = |value: &Value| value.as_str().expect("a string").to_owned();
        let list = |value: &Value| value.as_array().expect("a list").clone();
        let name = |package: &Value| {
            let named = (text(&package["name"]), text(&package["version"]));
            (text(&package["id"]), named)
        };
        let edges = list(&metadata["resolve"]["nodes"]).into_iter().map(|node| {
            let dependencies = list(&node["deps"]).into_iter();
            let normal = dependencies
                .filter(|dep| {
                    list(&dep["dep_kinds"])
                        .iter()
                        .any(|kind| kind["kind"].is_null())
                })
                .map(|dep| text(&dep["pkg"]));
            (text(&node["id"]), normal.collect())
        });
        Self {
            edges: edges.collect(),
            packages: list(&metadata["packages"]).iter().map(name).collect(),
            members: list(&metadata["workspace_members"])
                .iter()
                .map(text)
                .collect(),
        }
    }

    fn member(&self, name: &str) -> &String {
        let mut members = self.members.iter();
        let found = members.find(|id| self.packages[*id].0 == name);
        found.unwrap_or_else(|| panic!("{name} is no member of the workspace"))
    }

    /// Ids of everything `name` is built from.
    fn tree(&self, name: &str) -> BTreeSet<&String> {
        let mut tree = BTreeSet::new();
        let mut todo = vec![self.member(name)];
        while let Some(id) = todo.pop() {
            let new = self.edges[id].iter().filter(|id| tree.insert(*id));
            todo.extend(new);
        }
        tree
    }

    /// Names of everything `name` is built from.
    fn names(&self, name: &str) -> BTreeSet<&str> {
        let tree = self.tree(name).into_iter();
        tree.map(|id| self.packages[id].0.as_str()).collect()
    }

    /// Names of the workspace's own packages.
    fn own_names(&self) -> Vec<&str> {
        let members = self.members.iter();
        let mut names: Vec<_> = members.map(|id| self.packages[id].0.as_str()).collect();
        names.sort_unstable();
        names
    }

    /// Names of the workspace's own packages that `name` is built from.
    fn own(&self, name: &str) -> Vec<&str> {
        let tree = self.tree(name).into_iter();
        let own = tree.filter(|id| self.members.contains(*id));
        let mut own: Vec<_> = own.map(|id| self.packages[id].0.as_str()).collect();
        own.sort_unstable();
        own
    }
}

#[test]
fn the_cores_know_no_runtime_no_browser_no_clock_and_no_chance() {
    for target in [host().as_str(), WASM] {
        let graph = Graph::of(target);
        for (package, edge) in [
            ("protocol", "bytes"),
            ("record", "serde"),
            ("capture", "etherparse"),
            ("chop", "regex"),
            ("emulation", "record"),
            ("trace", "bytes"),
            ("websocket", "sha1"),
        ] {
            let names = graph.names(package);
            assert!(names.contains(edge), "the graph has edges");
            for forbidden in [
                "axum",
                "chrono",
                "fastrand",
                "futures-util",
                "getrandom",
                "hyper",
                "instant",
                "js-sys",
                "kernel",
                "libc",
                "mio",
                "rand",
                "rand_core",
                "socket2",
                "time",
                "tokio",
                "tokio-util",
                "tracing",
                "wasm-bindgen",
                "web-sys",
                "web-time",
            ] {
                assert!(
                    !names.contains(forbidden),
                    "{package} needs {forbidden} on {target}"
                );
            }
        }
    }
}

#[test]
fn each_package_is_built_from_those_below_it_only() {
    let graph = Graph::of(&host());
    assert_eq!(graph.own("protocol"), [""; 0]);
    assert_eq!(graph.own("record"), ["protocol"]);
    assert_eq!(graph.own("capture"), ["protocol", "record"]);
    assert_eq!(graph.own("chop"), ["protocol", "record"]);
    assert_eq!(graph.own("emulation"), ["protocol", "record"]);
    assert_eq!(graph.own("websocket"), [""; 0]);
    assert_eq!(graph.own("trace"), ["emulation", "protocol", "record"]);
    assert_eq!(graph.own("kernel"), ["protocol", "record"]);
    let below = [
        "capture",
        "chop",
        "emulation",
        "kernel",
        "protocol",
        "record",
        "trace",
        "websocket",
    ];
    assert_eq!(graph.own("stickylab"), below);
    assert_eq!(
        graph.own("web-client"),
        ["capture", "emulation", "protocol", "record", "trace"]
    );
    assert_eq!(graph.own("tests"), [""; 0]);
    // Sees both halves, and nobody sees it but the fuzz targets.
    let halves = [
        "capture",
        "chop",
        "emulation",
        "kernel",
        "protocol",
        "record",
        "stickylab",
        "trace",
        "web-client",
        "websocket",
    ];
    assert_eq!(graph.own("invariants"), halves);
    assert_eq!(graph.own("xtask"), [""; 0]);
    assert_eq!(graph.own("wasm-test-runner"), [""; 0]);
    let listed = [
        "capture",
        "chop",
        "emulation",
        "invariants",
        "kernel",
        "protocol",
        "record",
        "stickylab",
        "tests",
        "trace",
        "wasm-test-runner",
        "web-client",
        "websocket",
        "xtask",
    ];
    assert_eq!(graph.own_names(), listed, "each has a line above");
    let graph = Graph::of(WASM);
    assert_eq!(
        graph.own("web-client"),
        ["capture", "emulation", "protocol", "record", "trace"]
    );
}

#[test]
fn the_server_knows_no_browser_and_the_page_no_server() {
    let host = Graph::of(&host());
    let server = host.names("stickylab");
    for forbidden in ["web-sys", "js-sys", "wasm-bindgen"] {
        assert!(!server.contains(forbidden), "the server needs {forbidden}");
    }
    let wasm = Graph::of(WASM);
    let page = wasm.names("web-client");
    assert!(page.contains("web-sys"), "the graph has edges");
    for forbidden in ["tokio", "axum", "hyper", "socket2", "getrandom", "rand"] {
        assert!(!page.contains(forbidden), "the page needs {forbidden}");
    }
}

/// The first command compiles xtask before it says what it does next.
#[test]
fn the_first_command_needs_no_web_server_and_no_tls() {
    let graph = Graph::of(&host());
    let names = graph.names("xtask");
    assert!(names.contains("wasm-bindgen-cli-support"), "it has edges");
    for forbidden in ["rouille", "rustls", "tiny_http", "ureq", "wasm-bindgen-cli"] {
        assert!(!names.contains(forbidden), "xtask needs {forbidden}");
    }
    assert!(names.len() <= 80, "{} packages: {names:?}", names.len());
}

#[test]
fn what_we_ship_has_one_version_of_each_direct_dependency() {
    for (target, package) in [(host().as_str(), "stickylab"), (WASM, "web-client")] {
        let graph = Graph::of(target);
        let tree = graph.tree(package);
        let ours = tree
            .iter()
            .copied()
            .filter(|id| graph.members.contains(*id));
        let ours = ours.chain([graph.member(package)]);
        let direct: BTreeSet<_> = ours
            .flat_map(|id| &graph.edges[id])
            .map(|id| graph.packages[id].0.as_str())
            .collect();
        assert!(direct.len() > 5, "the graph has edges");
        let mut versions = BTreeMap::<&str, BTreeSet<&str>>::new();
        for id in tree {
            let (name, version) = &graph.packages[id];
            versions.entry(name).or_default().insert(version);
        }
        let twice: Vec<_> = versions
            .iter()
            .filter(|(name, versions)| direct.contains(*name) && versions.len() > 1)
            .collect();
        assert!(twice.is_empty(), "{package}: {twice:?}");
    }
}
