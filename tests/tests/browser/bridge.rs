//! The bridges from a browser's own WebSocket, which fails a connection whose
//! subprotocol is not selected.

use serde_json::json;
use tests::Page;

#[tokio::test]
async fn a_browser_gets_the_subprotocol_that_it_offers() {
    let serve = super::serve();
    let page = Page::start().await;
    page.open(&serve, "").await;
    for (path, offered, selected, kind) in [
        ("/bridge/tcp-echo", "[]", "", "object"),
        ("/bridge/tcp-echo", "['binary']", "binary", "object"),
        ("/bridge/tcp-echo", "['mqtt', 'text']", "text", "string"),
        ("/bridge/udp-echo?text", "['binary']", "binary", "string"),
    ] {
        let script = format!(
            "return new Promise((done) => {{
                const socket = new WebSocket('ws://{}{path}', {offered});
                socket.onopen = () => socket.send('hello');
                socket.onmessage = (message) => {{
                    socket.close();
                    done([socket.protocol, typeof message.data]);
                }};
                socket.onclose = (close) => done([close.code, close.reason]);
            }})",
            serve.page
        );
        let seen = page.script(&script).await;
        assert_eq!(seen, json!([selected, kind]), "{path} {offered}");
    }
}
