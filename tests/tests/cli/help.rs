//! `--help` and command lines that are none.

use tests::SYSTEMS;

use super::{call, check_usage};

/// The help of a command names all of `parts`.
fn check(arguments: &[&str], parts: &[&str]) {
    let finished = call(arguments);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.err.is_empty(), "{finished:?}");
    let help = finished.out.join("\n");
    for part in parts {
        assert!(help.contains(part), "{part} in\n{help}");
    }
}

#[test]
fn help_names_every_command_and_flag() {
    let commands = [
        "serve",
        "server",
        "client",
        "run",
        "show",
        "lessons",
        "completions",
    ];
    check(&["--help"], &commands);
    check(&["help"], &commands);
    check(
        &["serve", "--help"],
        &[
            "--page <",
            "--udp-echo <",
            "--tcp-echo <",
            "--ready-ack <",
            "--length-prefix <",
            "--auth <",
            "--bridge <",
            "--allow-origin <",
            "--drain <TIME>",
            "--auth-scheme <",
            "--quiet",
        ],
    );
    check(
        &["server", "--help"],
        &[
            "--listen <",
            "--buffer <",
            "--read-delay <",
            "--max-frame <",
            "--secret-file <",
            "--scheme <",
            "mutual-sha256",
            "--json",
            "--quiet",
        ],
    );
    check(
        &["client", "--help"],
        &[
            "--connect <",
            "--secret-file <",
            "--scheme <",
            "mutual-sha256",
        ],
    );
    check(
        &["run", "--help"],
        &["--set <", "--json", "--pcapng <", "<LESSON>"],
    );
    check(&["show", "--help"], &["--pcapng <", "<FILE>"]);
    check(&["lessons", "--help"], &["Usage: stickylab lessons"]);
}

#[test]
fn help_names_the_default_addresses() {
    check(
        &["serve", "--help"],
        &[
            "127.0.0.1:7878",
            "127.0.0.1:8000",
            "127.0.0.2:8000",
            "127.0.0.1:8001",
            "127.0.0.1:8080",
        ],
    );
}

#[test]
fn help_of_run_names_the_knobs_and_what_they_take() {
    check(
        &["run", "--help"],
        &[
            "Knobs:",
            "system ",
            "one of udp-echo, tcp-echo, ready-ack, length-prefix, auth, framed, sink",
            "read-delay ",
            "a whole number from 0 to 5000 (ms)",
            "gap ",
            "(µs)",
            "receive-buffer ",
            "send-buffer ",
            "messages2 ",
        ],
    );
}

#[test]
fn help_names_the_systems() {
    for command in ["server", "client"] {
        check(&[command, "--help"], &SYSTEMS);
    }
}

#[test]
fn version_is_one_line() {
    let finished = call(&["--version"]);
    assert_eq!(finished.code, Some(0));
    assert_eq!(finished.out.len(), 1);
    assert!(finished.out[0].starts_with("stickylab "), "{finished:?}");
}

#[test]
fn what_is_no_command_is_named() {
    check_usage(&["srever"], "srever");
    check_usage(&["server", "tcp_echo"], "tcp_echo");
    check_usage(&["client", "tcp"], "\"tcp\"");
    check_usage(&["server"], "required");
    check_usage(&["server", "tcp-echo", "--listen", "nowhere"], "nowhere");
    check_usage(
        &["server", "tcp-echo", "--listen", "localhost"],
        "localhost",
    );
    check_usage(&["server", "tcp-echo", "--buffer", "0"], "'0'");
    check_usage(&["server", "tcp-echo", "--buffer", "1MB"], "1MB");
    check_usage(&["server", "tcp-echo", "--read-delay", "soon"], "soon");
    check_usage(&["server", "auth", "--max-frame", "2GiB"], "2GiB");
    check_usage(&["server", "auth", "--scheme", "md5"], "\"md5\"");
    check_usage(&["client", "auth", "--scheme", ""], "mutual-sha256");
    check_usage(&["serve", "--auth-scheme", "none"], "\"none\"");
    check_usage(&["serve", "--page", "8000"], "8000");
    check_usage(&["serve", "--drain", "2h"], "at most 1h");
    check_usage(&["serve", "--drain", "soon"], "soon");
}

#[test]
fn a_wrong_address_is_named_with_an_example() {
    let flags = SYSTEMS.map(|system| format!("--{system}"));
    let serve = flags.iter().map(String::as_str).chain(["--page"]);
    let server = ["server", "tcp-echo", "--listen"];
    let client = ["client", "tcp-echo", "--connect"];
    let commands = serve.map(|flag| vec!["serve", flag]);
    let commands = commands.chain([server.to_vec(), client.to_vec()]);
    for command in commands {
        for (wrong, part) in [
            ("8000", "\"8000\" has no port"),
            ("localhost", "\"localhost\" has no port"),
            ("::1:8000", "stands in brackets"),
            ("localhost:http", "\"http\" is not a number"),
            ("a b:80", "\"a b\" is neither an address nor a host name"),
        ] {
            let mut arguments = command.clone();
            arguments.push(wrong);
            check_usage(&arguments, part);
            check_usage(&arguments, ":9000");
        }
    }
    check_usage(
        &["client", "tcp-echo", "--connect", "localhost:0"],
        "at port 0",
    );
}

#[test]
fn a_scheme_is_for_auth() {
    for command in ["server", "client"] {
        let arguments = [command, "tcp-echo", "--scheme", "mutual-sha256"];
        super::check_error(&arguments, &["tcp-echo", "--scheme"]);
    }
}

#[test]
fn a_bad_bridge_is_named_with_how_to_write_it() {
    for (bridge, part) in [
        ("tcp:127.0.0.1:80", "no name"),
        ("Mine=tcp:127.0.0.1:80", "\"Mine\""),
        ("a/b=tcp:127.0.0.1:80", "\"a/b\""),
        ("mine=http:127.0.0.1:80", "none of tcp:, udp: and unix:"),
        ("mine=tcp:127.0.0.1", "has no port: write HOST:PORT"),
        ("mine=udp:127.0.0.1:0", "at port 0"),
        ("mine=tcp:127.0.0.1:http", "port \"http\""),
    ] {
        check_usage(&["serve", "--bridge", bridge], part);
    }
}

#[test]
fn a_bridge_named_twice_or_like_a_system_is_refused() {
    let mut arguments = vec!["serve", "--page", "127.0.0.1:0"];
    let flags = SYSTEMS.map(|system| format!("--{system}"));
    for flag in &flags {
        arguments.extend([flag, "127.0.0.1:0"]);
    }
    for bridge in ["auth=tcp:127.0.0.1:1", "mine=udp:127.0.0.1:1"] {
        let name = bridge.split_once('=').expect("a name").0;
        let mut arguments = arguments.clone();
        arguments.extend(["--bridge", "mine=tcp:127.0.0.1:1", "--bridge", bridge]);
        super::check_error(&arguments, &[&format!("called {name}"), "--bridge"]);
    }
}
