//! Addresses that cannot be listened on.

use super::check_error;
use tests::{
    Datagrams, Listener, Program, SYSTEMS, Serve, Server, eventually, run, stickylab, transport,
};

#[test]
fn a_busy_port_is_named_with_what_to_do() {
    let (tcp, udp) = (Listener::new(), Datagrams::new());
    for system in SYSTEMS {
        let busy = match transport(system) {
            "udp" => udp.address().to_string(),
            _ => tcp.address().to_string(),
        };
        let arguments = ["server", system, "--listen", &busy];
        check_error(&arguments, &[system, &busy, "in use", "--listen"]);
    }
}

#[test]
fn serve_names_the_busy_one_and_announces_nothing() {
    let (tcp, udp) = (Listener::new(), Datagrams::new());
    for busy in SYSTEMS.into_iter().chain(["page"]) {
        let address = match transport(busy) {
            "udp" => udp.address().to_string(),
            _ => tcp.address().to_string(),
        };
        let names = SYSTEMS.into_iter().chain(["page"]);
        let flags: Vec<_> = names.map(|name| (name, format!("--{name}"))).collect();
        let mut arguments = vec!["serve"];
        for (name, flag) in &flags {
            let free = "127.0.0.1:0";
            let chosen = if *name == busy { &address } else { free };
            arguments.extend([flag, chosen]);
        }
        let flag = format!("--{busy}");
        check_error(&arguments, &[busy, &address, "in use", &flag]);
    }
}

#[test]
fn an_address_of_another_machine_is_named() {
    // TEST-NET-1, RFC 5737: nobody has it.
    for system in SYSTEMS {
        let arguments = ["server", system, "--listen", "192.0.2.1:0"];
        check_error(&arguments, &["192.0.2.1", "--listen"]);
    }
}

#[test]
fn a_name_and_a_port_alone_are_addresses() {
    for address in ["localhost:0", ":0"] {
        for system in SYSTEMS {
            let mut command = stickylab(&["server", system, "--listen", address]);
            let server = Program::start(&mut command);
            let start = format!("listening {system} {} 127.0.0.1:", transport(system));
            let said = server.out.wait_for(&start, |line| line.starts_with(&start));
            let port = said.rsplit(':').next().expect("a port");
            // The clients take the same.
            for name in ["localhost:", ":"] {
                let connect = format!("{name}{port}");
                let command = stickylab(&["client", system, "--connect", &connect]);
                let finished = run(command, b"hello\n");
                assert_eq!(finished.code, Some(0), "{connect}: {finished:?}");
            }
        }
        let serve = Serve::at(address, &[], &[]);
        assert!(serve.page.ip().is_loopback() && serve.page.is_ipv4());
    }
}

#[test]
fn a_name_that_nobody_has_can_not_be_listened_on() {
    for (arguments, flag) in [
        (&["server", "auth", "--listen"][..], "--listen"),
        (&["serve", "--page"], "--page"),
    ] {
        let arguments = [arguments, &["no.such.host.invalid:0"]].concat();
        check_error(&arguments, &["no.such.host.invalid", "looked up", flag]);
    }
}

#[test]
fn a_secret_file_that_is_none_is_named() {
    for command in ["server", "client"] {
        let arguments = [command, "auth", "--secret-file", "/no/such/file"];
        check_error(&arguments, &["/no/such/file"]);
    }
}

#[test]
fn serve_announces_the_page_and_all_five() {
    let serve = Serve::start(&[]);
    let names = |line: &String| {
        let mut words = line.split(' ');
        assert_eq!(words.next(), Some("listening"), "{line}");
        let name = words.next().expect("a name").to_owned();
        assert_eq!(words.next(), Some(transport(&name)), "{line}");
        name
    };
    let announced: Vec<_> = serve.program.out.all().iter().map(names).collect();
    let mut expected = SYSTEMS.to_vec();
    expected.push("page");
    assert_eq!(announced, expected);
}

#[test]
fn a_server_starts_again_at_once_on_the_port_of_the_last() {
    for system in SYSTEMS {
        // Another test may get the port in between, but not every time.
        let again = (0..5).any(|_| starts_again(system));
        assert!(again, "{system}");
    }
}

fn starts_again(system: &str) -> bool {
    let server = Server::start(system, &[]);
    let address = server.address.to_string();
    // A connection that the server closes first leaves it in TIME_WAIT.
    let client = (transport(system) == "tcp").then(|| server.begin(system));
    server.stop();
    if let Some(mut client) = client {
        client.rest();
    }
    let mut command = stickylab(&["server", system, "--listen", &address]);
    let mut again = Program::start(&mut command);
    let line = format!("listening {system} {} {address}", transport(system));
    eventually("it listens or gives up", || {
        let listens = again.out.all().contains(&line);
        (listens || !again.is_running()).then_some(listens)
    })
}

#[test]
fn the_articles_key_stays_off_a_page_that_others_reach() {
    let mut arguments = vec!["serve", "--page", "0.0.0.0:0"];
    let flags = tests::SYSTEMS.map(|system| format!("--{system}"));
    for flag in &flags {
        arguments.extend([flag, "127.0.0.1:0"]);
    }
    let parts = ["0.0.0.0:", "bridge", "article's key", "--secret-file"];
    super::check_error(&arguments, &parts);
    // HMAC fills a key up with zeros: it is the same one.
    let file = tempfile::NamedTempFile::new().expect("a file");
    let path = file.path().to_str().expect("text");
    arguments.extend(["--secret-file", path]);
    for key in [&b"wan yifei\0"[..], b"wan yifei\0\0\0\n"] {
        std::fs::write(path, key).expect("it can be written");
        super::check_error(&arguments, &parts);
        let auth = [
            "server",
            "auth",
            "--listen",
            "0.0.0.0:0",
            "--secret-file",
            path,
        ];
        super::check_error(&auth, &["0.0.0.0:", "article's key", "--secret-file"]);
    }
    std::fs::write(path, b"another").expect("it can be written");
    let serve = tests::Program::start(&mut tests::stickylab(&arguments));
    serve.out.wait_for("it listens", |line| {
        line.starts_with("listening page tcp 0.0.0.0:")
    });
    let finished = serve.stop(rustix::process::Signal::TERM);
    assert!(finished.complaints().is_empty(), "{finished:?}");
}
