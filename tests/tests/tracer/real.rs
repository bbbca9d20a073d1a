//! Programs that everybody has, from Debian's packages.

use std::fs;
use std::net::TcpListener;

use serde_json::Value;
use tests::installed;

use super::{Place, call, of_type, recorded};

/// A port that was free just now.
fn port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}

/// What programs passed, as text, of the connection over TCP that has a part in it.
fn passed(lines: &[Value], end: &str, part: &str) -> [String; 2] {
    let connections = of_type(lines, "connection");
    let tcp = connections.iter().filter(|line| line["transport"] == "tcp");
    let found = tcp.filter_map(|connection| {
        let number = &connection["connection"];
        let own = lines.iter().filter(|line| line["connection"] == *number);
        let own: Vec<_> = own.cloned().collect();
        let said = recorded(&own);
        let text = |end: &str, call: &str| {
            let key = (end.to_owned(), call.to_owned());
            let hex = said.get(&key).map(|calls| calls.concat());
            let hex = hex.unwrap_or_default();
            let bytes = (0..hex.len()).step_by(2);
            let bytes = bytes.map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex"));
            String::from_utf8_lossy(&bytes.collect::<Vec<_>>()).into_owned()
        };
        let other = if end == "opener" {
            "acceptor"
        } else {
            "opener"
        };
        let both = [text(end, "send"), text(other, "recv")];
        both[0].contains(part).then_some(both)
    });
    let found: Vec<_> = found.collect();
    let [both] = &found[..] else {
        panic!("{part}: {found:?}");
    };
    both.clone()
}

#[test]
fn curl_at_nginx() {
    let place = Place::new();
    let port = port();
    let folder = place.text("");
    let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let paths = paths.map(|name| format!("{name}_temp_path {folder}/{name};"));
    let file = place.text("nginx.conf");
    let text = format!(
        "daemon off; master_process off; pid {folder}/pid; events {{}}
        http {{ access_log off; {} server {{ listen 127.0.0.1:{port};
        location / {{ return 200 \"hello\\n\"; }} }} }}",
        paths.concat()
    );
    fs::write(&file, text).expect("a file");
    let (nginx, curl) = (installed("NGINX", "nginx"), installed("CURL", "curl"));
    let script = format!(
        "'{}' -p '{folder}' -e stderr -c '{file}' & server=$!
        for n in $(seq 100); do
            '{}' -s http://127.0.0.1:{port}/ && break; sleep 0.1
        done
        kill -QUIT $server; wait $server",
        nginx.display(),
        curl.display()
    );
    let (finished, lines) = place.trace(&[], &["sh", "-c", &script]);
    assert_eq!(
        (finished.code, &finished.out[..]),
        (Some(0), &["hello".to_owned()][..])
    );
    let [sent, received] = passed(&lines, "opener", "GET / HTTP/1.1\r\n");
    assert_eq!(sent, received);
    let [sent, received] = passed(&lines, "acceptor", "HTTP/1.1 200 OK\r\n");
    assert!(sent.ends_with("\r\n\r\nhello\n"), "{sent:?}");
    assert_eq!(sent, received);
    let parties = of_type(&lines, "party");
    for name in ["curl", "nginx"] {
        let is_it = |party: &&Value| party["name"].as_str().is_some_and(|n| n.starts_with(name));
        assert!(parties.iter().any(is_it), "{name}: {parties:?}");
    }
}

#[test]
fn a_pipeline_of_redis_is_lines() {
    let place = Place::new();
    let port = port();
    let server = installed("REDIS_SERVER", "redis-server");
    let client = installed("REDIS_CLI", "redis-cli");
    let (server, client) = (server.display(), client.display());
    let script = format!(
        "'{server}' --port {port} --bind 127.0.0.1 --save '' --dir '{}' >/dev/null & server=$!
        for n in $(seq 100); do
            '{client}' -p {port} ping >/dev/null 2>&1 && break; sleep 0.1
        done
        printf 'SET a 1\\r\\nINCR a\\r\\nGET a\\r\\n' | '{client}' -p {port} --pipe
        '{client}' -p {port} shutdown nosave; wait $server",
        place.text("")
    );
    let (finished, lines) = place.trace(&[], &["sh", "-c", &script]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.out.concat().contains("replies: 3"), "{finished:?}");
    let [sent, received] = passed(&lines, "opener", "SET a 1\r\nINCR a\r\nGET a\r\n");
    assert_eq!(sent, received);
    let [sent, received] = passed(&lines, "acceptor", "+OK\r\n:2\r\n$1\r\n2\r\n");
    assert_eq!(sent, received);
    let file = place.text("trace.jsonl");
    let framing = "delimiter,delimiter=\\r\\n";
    let shown = call(&["show", "--all", "--framing", framing, &file]).out;
    let rows = shown.iter().filter(|line| line.starts_with("messages"));
    let rows: Vec<_> = rows.collect();
    let boundary = ['│', '|'];
    let is_framed = |row: &&&String| {
        let parts: Vec<_> = row.split(boundary).collect();
        ["SET", "INCR", "GET"]
            .iter()
            .all(|word| parts.iter().any(|p| p.starts_with(word)))
    };
    assert!(rows.iter().any(|row| is_framed(&row)), "{rows:#?}");
    let guessed = first_guesses(&file, port);
    assert_eq!(guessed, [r"delimiter,delimiter=\r\n"; 2]);
}

/// The framings that `guess` finds likeliest, to the server at that port and back.
fn first_guesses(file: &str, port: u16) -> [String; 2] {
    let guessed = call(&["guess", file]);
    assert_eq!(guessed.code, Some(0), "{guessed:?}");
    let server = format!("127.0.0.1:{port}");
    let of = |is_head: &dyn Fn(&str) -> bool| {
        let head = guessed.out.iter().position(|line| is_head(line));
        let first = head.and_then(|head| guessed.out.get(head + 1));
        let first = first.unwrap_or_else(|| panic!("{guessed:?}"));
        let framing = first.split_whitespace().nth(1).unwrap_or_default();
        framing.to_owned()
    };
    [
        of(&|line| line.contains(&format!("{server}: "))),
        of(&|line| line.contains(&format!("{server} → "))),
    ]
}

/// What is encrypted is not seen, and its records are.
#[test]
fn records_of_tls_are_guessed() {
    let place = Place::new();
    let port = port();
    let openssl = installed("OPENSSL", "openssl");
    let openssl = openssl.display();
    let curl = installed("CURL", "curl");
    let (key, certificate) = (place.text("key.pem"), place.text("certificate.pem"));
    let script = format!(
        "'{openssl}' req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -days 2 \
            -keyout '{key}' -out '{certificate}' 2>/dev/null
        '{openssl}' s_server -accept 127.0.0.1:{port} -key '{key}' -cert '{certificate}' \
            -quiet -www 2>/dev/null & server=$!
        for n in $(seq 100); do
            '{curl}' -sk https://127.0.0.1:{port}/ >/dev/null && break; sleep 0.1
        done
        kill $server; wait $server; true",
        curl = curl.display()
    );
    let (finished, _) = place.trace(&[], &["sh", "-c", &script]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let guessed = first_guesses(&place.text("trace.jsonl"), port);
    let record = "length-prefix,endian=big,offset=3,signed=false,width=2";
    assert_eq!(guessed, [record; 2]);
}

#[test]
fn of_a_program_that_says_nothing_there_is_nothing_to_see() {
    let ssh = installed("SSH", "ssh");
    let ssh = ssh.to_str().expect("UTF-8");
    let finished = call(&["trace", "--", ssh, "-V"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let said = finished.err.join("\n");
    assert!(said.contains("OpenSSH"), "{said}");
    // It may look for a daemon that knows names, and find none.
    let expected = ["no connection was seen", "no byte was seen"];
    assert!(expected.iter().any(|part| said.contains(part)), "{said}");
}
