//! Two programs behind one proxy, of which one is asked to end.

use std::net::TcpStream;

use rustix::process::Signal;
use tests::proxy::{Plain, Proxy};
use tests::{Serve, eventually, http};

use super::{ONE, ORIGIN, echo, open, redirects, serves};

fn pair() -> [Serve; 2] {
    let arguments = [
        ORIGIN,
        "--trust-proxy=127.0.0.1/32",
        "--drain=5m",
        "--max-sessions=4",
    ];
    [Serve::start(&arguments), Serve::start(&arguments)]
}

/// Which of the two has the only session.
fn busy(pair: &[Serve; 2]) -> usize {
    let has = |serve: &Serve| {
        let metrics = http::get(serve.page, "/metrics", &[]).text();
        metrics.contains("stickylab_sessions_open{kind=\"Bridge\"} 1\n")
    };
    eventually("a session of one of them", || pair.iter().position(has))
}

/// A session goes on after SIGTERM until it ends by itself, and new ones go to
/// the other program, of which none is refused once the proxy knows.
fn drains(proxy: &Proxy, pair: [Serve; 2], prefix: &str, is_told: bool) {
    let plain = proxy.plain(ONE);
    let path = format!("{prefix}/bridge/udp-echo");
    let opened = |plain: &Plain| -> Option<TcpStream> {
        let mut stream = open(plain, &path).ok()?;
        echo(&mut stream).ok()?;
        Some(stream)
    };
    let mut old = eventually("the proxy has a server", || opened(&plain));
    let ending = busy(&pair);
    let [one, two] = pair;
    let (ending, staying) = if ending == 0 { (one, two) } else { (two, one) };
    ending.program.signal(Signal::TERM);
    let not_ready = || http::get(ending.page, "/readyz", &[]).status == 503;
    eventually("it drains", || not_ready().then_some(()));
    for number in 0..20 {
        let mut new = if is_told {
            opened(&plain).unwrap_or_else(|| panic!("session {number} is refused"))
        } else {
            eventually("a session", || opened(&plain))
        };
        echo(&mut new).expect("a round trip");
    }
    let page = http::get_from(plain.address, tests::proxy::NAME, &format!("{prefix}/"));
    assert_eq!(page.status, 200);
    let metrics = http::get(staying.page, "/metrics", &[]).text();
    assert!(metrics.contains("stickylab_sessions_total{kind=\"Bridge\"} 20\n"));
    // The session from before is still there, and the last.
    echo(&mut old).expect("it goes on");
    drop(old);
    let finished = ending.program.finish();
    assert_eq!(finished.code, Some(0), "{finished:?}");
}

#[test]
fn nginx_in_front_of_two_below_a_path() {
    let pair = pair();
    let [one, two] = [&pair[0], &pair[1]].map(|serve| serve.page.to_string());
    let places = [("10.0.0.11:7878", &*one), ("10.0.0.12:7878", &*two)];
    // Sessions are counted by each program: with one of them the count is sure.
    let single = [("10.0.0.11:7878", &*one), ("server 10.0.0.12:7878;", "")];
    let proxy = Proxy::nginx("nginx-path.conf", &single);
    serves(&proxy, "/lab");
    redirects(&proxy);
    drop(proxy);
    until_idle(&pair);
    let proxy = Proxy::nginx("nginx-path.conf", &places);
    drains(&proxy, pair, "/lab", true);
}

#[test]
fn haproxy_in_front_of_two() {
    let pair = pair();
    let [one, two] = [&pair[0], &pair[1]].map(|serve| serve.page.to_string());
    let places = [("10.0.0.11:7878", &*one), ("10.0.0.12:7878", &*two)];
    let single = [("10.0.0.11:7878", &*one), ("server two 10.0.0.12:7878", "")];
    let proxy = Proxy::haproxy("haproxy.cfg", &single);
    serves(&proxy, "");
    drop(proxy);
    until_idle(&pair);
    let proxy = Proxy::haproxy("haproxy.cfg", &places);
    drains(&proxy, pair, "", true);
}

/// Waits until no session is open.
fn until_idle(pair: &[Serve; 2]) {
    for serve in pair {
        eventually("the sessions end", || {
            let metrics = http::get(serve.page, "/metrics", &[]).text();
            let busy = metrics
                .lines()
                .any(|line| line.starts_with("stickylab_sessions_open") && !line.ends_with(" 0"));
            (!busy).then_some(())
        });
    }
}
