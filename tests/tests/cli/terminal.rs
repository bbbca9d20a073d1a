//! On a terminal: a prompt where input is typed, colours where output is shown.

use tests::{Serve, Server, python, stickylab};

/// Runs `terminal.py <role…> -- stickylab <arguments>`.
fn on_a_terminal(role: &[&str], arguments: &[&str]) -> Vec<String> {
    let command = stickylab(arguments);
    let binary = command.get_program().to_str().expect("a plain path");
    let all = [role, &["--", binary], arguments].concat();
    python::check("terminal.py", &all, b"")
}

#[test]
fn a_client_prompts_prints_the_reply_and_ends_at_the_end_of_input() {
    for system in ["udp-echo", "tcp-echo", "auth"] {
        let server = Server::start(system, &[]);
        let address = server.address.to_string();
        let talk = ["talk", "===> ", "hello", "HELLO"];
        let status = on_a_terminal(&talk, &["client", system, "--connect", &address]);
        assert_eq!(status, ["0"], "{system}");
        server.stop();
    }
}

#[test]
fn a_client_prompts_through_a_bridge() {
    let serve = Serve::start(&[]);
    let url = format!("ws://{}", serve.page);
    for system in ["udp-echo", "tcp-echo", "auth"] {
        let talk = ["talk", "===> ", "hello", "HELLO"];
        let status = on_a_terminal(&talk, &["client", system, "--connect", &url]);
        assert_eq!(status, ["0"], "{system}");
    }
}

#[test]
fn a_run_is_drawn_in_colours() {
    let shown = on_a_terminal(&["show"], &["run", "five-sends"]);
    assert!(shown[0].contains(r"\x1b["), "{shown:?}");
}
