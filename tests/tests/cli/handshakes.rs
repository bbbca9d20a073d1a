//! What clients of a run prove, and what those do who don't know the key: the
//! bytes are checked by an HMAC of the tests' own.

use super::check_error;
use super::runs::trace;
use tests::events::Trace;
use tests::hmac::{KEY, hmac_md5, proof};

const MUTUAL: &str = "scheme=mutual-sha256";

/// All that a client handed over, and all that it got.
fn both_ways(trace: &Trace, client: u64) -> (Vec<u8>, Vec<u8>) {
    let actor = format!("client{client}");
    let all = |call| {
        let calls = trace.calls(&actor, call, client);
        let bytes = calls.iter().map(|event| event.bytes.clone());
        bytes.collect::<Vec<_>>().concat()
    };
    (all("send"), all("recv"))
}

fn run(settings: &[&str]) -> Trace {
    let mut arguments = vec!["two-authenticated"];
    for setting in settings {
        arguments.extend(["--set", setting]);
    }
    trace(&arguments)
}

#[test]
fn both_sides_prove_themselves_before_the_first_message() {
    let trace = run(&[MUTUAL]);
    let mut nonces = Vec::new();
    for client in [1, 2] {
        let (sent, received) = both_ways(&trace, client);
        let (challenge, nonce) = (&received[..32], &sent[..32]);
        assert_eq!(sent[32..64], proof(KEY, "client", challenge, nonce));
        assert_eq!(received[32..64], proof(KEY, "server", challenge, nonce));
        assert!(received[64..].starts_with(b"HELLO FROM "));
        let actor = format!("client{client}");
        let proved = trace.calls(&actor, "recv", client)[1].at;
        let sends = trace.calls(&actor, "send", client);
        assert_eq!(sends[0].bytes.len(), 64);
        assert!(sends[1..].iter().all(|send| send.at >= proved));
        nonces.extend([challenge.to_vec(), nonce.to_vec()]);
    }
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), 4, "no nonce is used twice");
}

#[test]
fn a_replayed_answer_is_the_others_and_opens_nothing() {
    for (scheme, length) in [("scheme=hmac-md5", 16), (MUTUAL, 64)] {
        let trace = run(&[scheme, "answer=replayed"]);
        let (honest, replies) = both_ways(&trace, 1);
        let (replayed, received) = both_ways(&trace, 2);
        assert_eq!(replayed[..length], honest[..length], "{scheme}");
        assert_eq!(received.len(), 32, "{scheme}: a challenge and no more");
        assert_ne!(received, replies[..32], "{scheme}: a fresh challenge");
        assert!(replies.ends_with(b"STILL HERE"), "{scheme}");
    }
}

#[test]
fn a_reflected_answer_is_the_servers_own_and_opens_nothing() {
    let trace = run(&["answer=reflected"]);
    let (reflected, received) = both_ways(&trace, 2);
    assert_eq!(reflected[..16], received[..16]);
    assert_ne!(reflected[..16], hmac_md5(KEY, &received));
    assert_eq!(received.len(), 32, "a challenge and no more");

    let trace = run(&[MUTUAL, "answer=reflected"]);
    let (_, seen) = both_ways(&trace, 1);
    let (reflected, received) = both_ways(&trace, 2);
    assert_eq!(reflected, [&received[..32], &seen[32..64]].concat());
    assert_eq!(received.len(), 32, "a challenge and no more");

    // Nobody got a proof: the nonce twice.
    let trace = run(&[MUTUAL, "answer=reflected", "key=another"]);
    let (reflected, received) = both_ways(&trace, 2);
    assert_eq!(reflected, [&received[..32], &received[..32]].concat());
    assert_eq!(received.len(), 32, "a challenge and no more");
}

#[test]
fn a_replay_of_nobodys_answer_is_refused() {
    let arguments = ["run", "auth-accepted", "--set", "answer=replayed"];
    check_error(&arguments, &["client 1 replays", "answers itself"]);
}
