//! Which words may stand in which files. Comments and tests may say anything.

use std::path::PathBuf;

use tests::workspace::{files, packages, root};

/// A source file without its comments and its `mod tests`.
struct Source {
    /// Below the workspace's folder.
    path: String,
    code: String,
}

/// The sources below `folder`, files that hold only tests left out.
fn sources(folder: &str) -> Vec<Source> {
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("a source file");
        let path = path.strip_prefix(root()).expect("below the workspace");
        Source {
            path: path.display().to_string(),
            code: code(&text),
        }
    };
    let paths = files(folder, ".rs").into_iter();
    let shipped =
        paths.filter(|path| !path.ends_with("tests.rs") && !path.ends_with("properties.rs"));
    let sources: Vec<_> = shipped.map(read).collect();
    assert!(!sources.is_empty(), "{folder}");
    sources
}

/// `text` without line comments and without the tests at its end.
pub(super) fn code(text: &str) -> String {
    let shipped = text.split("#[cfg(test)]\nmod tests {").next();
    let lines = shipped.unwrap_or_default().lines();
    let lines = lines.map(|line| match line.find("//") {
        // Not in a URL.
        Some(at) if !line[..at].ends_with(':') => &line[..at],
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether `word` stands in `code`, not as a part of a longer name.
fn mentions(code: &str, word: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| {
        !code[..at].ends_with(is_name) && !code[at + word.len()..].starts_with(is_name)
    })
}

/// None of `words` stands in a file below `folder` that `allowed` does not accept.
fn check(folder: &str, words: &[&str], allowed: impl Fn(&str) -> bool) {
    let mut found = Vec::new();
    for source in sources(folder) {
        let path = source.path.strip_prefix(folder).unwrap_or(&source.path);
        let path = path.trim_start_matches('/');
        let said = words.iter().filter(|word| mentions(&source.code, word));
        if !allowed(path) {
            found.extend(said.map(|word| format!("{} in {}", word, source.path)));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// Each of `words` stands somewhere in `file`: a rule about what is nowhere
/// would be none.
fn check_said(file: &str, words: &[&str]) {
    let (folder, _) = file.rsplit_once('/').expect("a file in a folder");
    let source = sources(folder)
        .into_iter()
        .find(|source| source.path == file);
    let code = source.unwrap_or_else(|| panic!("{file} is gone")).code;
    for word in words {
        assert!(mentions(&code, word), "{word} is no longer in {file}");
    }
}

#[test]
fn comments_and_tests_are_not_code() {
    let text = "use a; // WebSocket\nlet url = \"ws://b\";\n#[cfg(test)]\nmod tests {\n tokio";
    assert_eq!(code(text), "use a; \nlet url = \"ws://b\";");
    assert!(mentions("a::Instant;", "Instant"));
    assert!(!mentions("a::Instants; MyInstant", "Instant"));
}

#[test]
fn the_cores_have_no_clock_no_socket_and_no_file() {
    for folder in [
        "protocol/src",
        "record/src",
        "capture/src",
        "chop/src",
        "emulation/src",
        "trace/src",
        "websocket/src",
    ] {
        let words = [
            "Instant",
            "SystemTime",
            "std::net",
            "std::fs",
            "std::io",
            "std::env",
            "std::thread",
            "std::process",
            "async",
            "unsafe",
        ];
        check(folder, &words, |_| false);
    }
}

/// Files of the page that talk to the browser. All others are tested natively.
fn touches_the_browser(path: &str) -> bool {
    let files = [
        "lib.rs",
        "packing.rs",
        "page.rs",
        "dom.rs",
        "paint.rs",
        "socket.rs",
        "frame_clock.rs",
    ];
    files.contains(&path) || path.starts_with("view/")
}

#[test]
fn only_the_named_files_of_the_page_touch_the_browser() {
    let words = ["web_sys", "wasm_bindgen", "js_sys", "JsValue"];
    check("web-client/src", &words, touches_the_browser);
    for pure in [
        "app.rs",
        "app/message.rs",
        "player.rs",
        "scene/mod.rs",
        "bins.rs",
        "hash.rs",
    ] {
        assert!(!touches_the_browser(pure));
        assert!(root().join("web-client/src").join(pure).is_file(), "{pure}");
    }
    check_said("web-client/src/paint.rs", &["web_sys"]);
}

#[test]
fn only_one_file_has_the_websocket_and_one_the_animation_frames() {
    let frames = ["requestAnimationFrame", "request_animation_frame"];
    check("web-client/src", &["WebSocket"], |path| path == "socket.rs");
    check("web-client/src", &frames, |path| path == "frame_clock.rs");
    check_said("web-client/src/socket.rs", &["WebSocket"]);
    check_said("web-client/src/frame_clock.rs", &frames[1..]);
}

#[test]
fn only_paint_draws() {
    let words = [
        "CanvasRenderingContext2d",
        "fill_rect",
        "stroke_rect",
        "fill_text",
    ];
    check("web-client/src", &words, |path| path == "paint.rs");
    check_said("web-client/src/paint.rs", &words[..1]);
}

#[test]
fn the_page_makes_no_html_of_strings() {
    let words = [
        "innerHTML",
        "outerHTML",
        "set_inner_html",
        "set_outer_html",
        "insert_adjacent_html",
        "insertAdjacentHTML",
        "eval",
    ];
    check("web-client/src", &words, |_| false);
    for path in files("static", ".js") {
        let script = std::fs::read_to_string(&path).expect("a script");
        for word in words {
            assert!(!mentions(&script, word), "{word} in {}", path.display());
        }
    }
}

#[test]
fn the_gateway_knows_no_lesson_no_explanation_and_no_language() {
    let words = [
        "lesson",
        "lessons",
        "Lesson",
        "explain",
        "explanation",
        "Explanation",
        "catalog",
        "Catalog",
        "language",
        "trace::text",
        "Analysis",
        "Framing",
        "framing",
        "auth",
        "Key",
        "hmac",
    ];
    check("server/src/gateway", &words, |_| false);
    check_said("server/src/gateway/session/mod.rs", &["trace::link"]);
}

#[test]
fn only_the_labs_own_threads_read_and_write_json() {
    // How long it takes grows with what a peer sent.
    let words = ["serde_json"];
    // Those that play a page may, too.
    check("server/src/gateway", &words, |path| {
        path == "session/mod.rs" || path.starts_with("tests/")
    });
    check_said("server/src/gateway/session/mod.rs", &words);
    // The session is spawned there, and nowhere else.
    check_said("server/src/gateway/session/mod.rs", &["spawn_on"]);
    check_said(
        "server/src/gateway/session/workers.rs",
        &["Priority::Work.apply", "Runtime"],
    );
    check_said("server/src/servers/stream.rs", &["slice.pause_if_over"]);
}

#[test]
fn only_the_command_line_runs_programs_under_trace() {
    let words = ["tracer", "Tracer", "tracee"];
    check("server/src", &words, |path| {
        ["tracer/", "chop/", "cli/", "lib.rs"]
            .iter()
            .any(|own| path.starts_with(own))
    });
    check_said("server/src/cli/program.rs", &words);
    // It makes facts, and knows nothing of what they mean or of who shows them.
    let words = [
        "Analysis",
        "Experiment",
        "Trace",
        "async",
        "cli",
        "clients",
        "crate::net",
        "gateway",
        "lab",
        "servers",
        "tokio",
        "trace::",
    ];
    check("server/src/tracer", &words, |_| false);
    // What decides sees no call of the kernel's.
    let words = ["tracee::Tracer", "Resume", "Stop", "std::fs", "Instant"];
    check("server/src/tracer/observer", &words, |_| false);
    check_said(
        "server/src/tracer/driver.rs",
        &["Resume", "Stop", "Instant"],
    );
}

#[test]
fn the_servers_do_not_know_whether_they_are_watched() {
    let words = [
        "tap",
        "Tapped",
        "TappedListener",
        "TappedDatagrams",
        "Recorder",
        "recorder",
        "Experiment",
        "Event",
        "lab",
        "gateway",
    ];
    check("server/src/servers", &words, |_| false);
    check("server/src/clients", &words, |_| false);
    check_said("server/src/lab/server.rs", &["recorder"]);
}

#[test]
fn servers_and_clients_leave_the_protocol_to_protocol() {
    // No header is packed, no digest computed outside `protocol`.
    let words = [
        "to_le_bytes",
        "from_le_bytes",
        "hmac",
        "Hmac",
        "md5",
        "Md5",
        "sha2",
        "Sha256",
    ];
    for folder in ["server/src", "web-client/src", "record/src", "trace/src"] {
        // A capture file has numbers of its own.
        check(folder, &words, |path| path.starts_with("pcapng/"));
    }
    for scheme in ["hmac_md5", "mutual"] {
        check_said(&format!("protocol/src/auth/{scheme}.rs"), &["Hmac"]);
    }
}

#[test]
fn no_file_is_longer_than_one_can_read() {
    // Files should have at most 400 lines; none may have more than 500.
    for folder in packages() {
        for path in files(folder, ".rs") {
            let lines = std::fs::read_to_string(&path).expect("a source file");
            let count = lines.lines().count();
            assert!(count <= 500, "{} has {count} lines", path.display());
        }
    }
}

/// The only folder that may hold unsafe code, one file a topic: no safe wrapper offers
/// its calls.
const UNSAFE: &str = "kernel/src/sys/";

#[test]
fn unsafe_code_is_forbidden_everywhere_but_in_one_folder() {
    let manifest = tests::workspace::read("Cargo.toml");
    assert!(manifest.contains("unsafe_code = \"forbid\""));
    let kernel = tests::workspace::read("kernel/Cargo.toml");
    // The lints of the workspace with one level changed, and one lint more.
    let lints = |manifest: &str, table: &str, end: &str| {
        let rest = manifest.split_once(table).expect("a table of lints").1;
        let rest = rest.split(end).next().unwrap_or_default().lines();
        let lints = rest.filter(|line| line.contains(" = "));
        lints.map(str::to_owned).collect::<Vec<_>>()
    };
    let all = lints(&manifest, "[workspace.lints.rust]", "\n[profile");
    let all = all.join("\n").replace("\"forbid\"", "\"deny\"");
    let own = lints(&kernel, "[lints.rust]", "undocumented_unsafe_blocks");
    assert_eq!(own.join("\n"), all);
    // The lint is lifted once, for that folder.
    let lifted = files("kernel", ".rs").into_iter().filter(|path| {
        let text = std::fs::read_to_string(path).expect("a source file");
        mentions(&code(&text), "unsafe_code")
    });
    let lifted: Vec<_> = lifted.collect();
    assert_eq!(lifted, [root().join("kernel/src/lib.rs")]);
    let lib = tests::workspace::read("kernel/src/lib.rs");
    assert_eq!(code(&lib).matches("unsafe_code").count(), 1);
    let behind = lib.split_once("unsafe_code").expect("it is lifted").1;
    assert_eq!(behind.lines().nth(1), Some("mod sys;"));
    let sources = packages().into_iter().map(|package| package + "/src");
    for folder in sources.chain(["fuzz/fuzz_targets".to_owned()]) {
        let words = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"];
        check(&folder, &words, |path| {
            format!("{folder}/{path}").starts_with(UNSAFE)
        });
    }
    check_said("kernel/src/sys/packets.rs", &["unsafe {", "unsafe impl"]);
    check_said("kernel/src/sys/processes.rs", &["unsafe {"]);
    check_said("kernel/src/sys/sockets.rs", &["unsafe {"]);
    for package in packages().iter().filter(|name| *name != "kernel") {
        let manifest = tests::workspace::read(format!("{package}/Cargo.toml"));
        assert!(manifest.contains("[lints]\nworkspace = true"), "{package}");
    }
}
