//! Makes traces of clients, for `chop --replay`.

use serde_json::{Value, json};

use crate::events::hex;

/// The trace of a client that sends: after how many bytes of replies, and what; a send of
/// nothing only waits.
pub fn client(steps: &[(usize, &[u8])]) -> String {
    let mut lines = vec![
        json!({"type": "run", "version": 5, "run": 0, "kernel": "", "capture": "unknown"}),
        json!({"type": "party", "party": 1, "name": "client"}),
        json!({"type": "connection", "connection": 1, "transport": "tcp",
            "opener": {"party": 1, "observed": {"calls": true}}}),
    ];
    let (mut sent, mut received, mut events) = (0, 0, 0);
    let mut event = |call: &str, offset: usize, bytes: &[u8]| {
        events += 1;
        let bytes = hex(bytes);
        lines.push(
            json!({"type": "event", "at": events, "party": 1, "connection": 1,
            "end": "opener", "call": call, "offset": offset, "asked": 4096, "bytes": bytes}),
        );
    };
    for (after, bytes) in steps {
        if *after > received {
            event("recv", received, &vec![0; after - received]);
            received = *after;
        }
        if !bytes.is_empty() {
            event("send", sent, bytes);
            sent += bytes.len();
        }
    }
    lines.push(json!({"type": "ended", "events": events, "why": "finished"}));
    let lines: Vec<_> = lines.iter().map(Value::to_string).collect();
    lines.join("\n") + "\n"
}
