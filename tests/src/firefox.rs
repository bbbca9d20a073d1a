//! A headless Firefox of one's own, spoken to in WebDriver BiDi (W3C) over the
//! WebSocket that it opens itself.

use std::fs;
use std::process::Command;
use std::time::Instant;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::program::installed;
use crate::{PATIENCE, Program};

/// What it prints before the address of its WebSocket.
const LISTENING: &str = "WebDriver BiDi listening on ";

/// What keeps it from asking the network for anything: updates, lists of harmful pages,
/// whether there is a portal.
const PREFERENCES: &str = r#"
user_pref("app.update.disabledForTesting", true);
user_pref("browser.safebrowsing.downloads.enabled", false);
user_pref("browser.safebrowsing.malware.enabled", false);
user_pref("browser.safebrowsing.phishing.enabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("extensions.update.enabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("network.proxy.type", 0);
user_pref("services.settings.server", "");
user_pref("toolkit.telemetry.enabled", false);
"#;

/// A browser that ends with the test.
#[derive(Debug)]
pub struct Firefox {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The tab.
    context: String,
    /// The number of the last command.
    last: u64,
    complaints: Vec<String>,
    _process: Program,
    _profile: TempDir,
}

impl Firefox {
    /// A browser whose page is `size` pixels large.
    pub async fn start(size: (u32, u32)) -> Self {
        let profile = tempfile::tempdir().expect("a folder for the profile");
        let preferences = profile.path().join("user.js");
        fs::write(preferences, PREFERENCES).expect("a file can be written");
        let mut command = Command::new(installed("FIREFOX", "firefox-esr"));
        command.args(["--headless", "--no-remote", "--remote-debugging-port=0"]);
        command.arg("--profile").arg(profile.path());
        let process = Program::start(&mut command);
        let line = process
            .err
            .wait_for("Firefox listens", |line| line.contains(LISTENING));
        let address = line.split(LISTENING).nth(1).expect("an address");
        let url = format!("{}/session", address.trim());
        let (socket, _) = connect_async(url).await.expect("a WebSocket");
        let mut firefox = Self {
            socket,
            context: String::new(),
            last: 0,
            complaints: Vec::new(),
            _process: process,
            _profile: profile,
        };
        firefox
            .ask("session.new", json!({"capabilities": {}}))
            .await;
        let events = json!({"events": ["log.entryAdded"]});
        firefox.ask("session.subscribe", events).await;
        let tree = firefox.ask("browsingContext.getTree", json!({})).await;
        let context = tree["contexts"][0]["context"].as_str().expect("a tab");
        context.clone_into(&mut firefox.context);
        let (width, height) = size;
        let viewport = json!({"width": width, "height": height});
        let viewport = json!({"context": firefox.context, "viewport": viewport});
        firefox.ask("browsingContext.setViewport", viewport).await;
        firefox
    }

    /// Opens `url` and waits until it is loaded.
    pub async fn open(&mut self, url: &str) {
        // From elsewhere: a new hash alone would not load it again.
        for url in ["about:blank", url] {
            let page = json!({"context": self.context, "url": url, "wait": "complete"});
            self.ask("browsingContext.navigate", page).await;
        }
    }

    /// Runs a script's body in the page; promises in it may be awaited.
    pub async fn script(&mut self, body: &str) -> Value {
        let expression =
            format!("(async () => JSON.stringify(await (async () => {{ {body} }})() ?? null))()");
        let script = json!({
            "expression": expression,
            "target": {"context": self.context},
            "awaitPromise": true,
        });
        let returned = self.ask("script.evaluate", script).await;
        let text = returned["result"]["value"].as_str();
        let text = text.unwrap_or_else(|| panic!("{returned:#}\n{body}"));
        serde_json::from_str(text).expect("JSON")
    }

    /// Runs the script again and again until `condition` is true of what it returns.
    pub async fn until(
        &mut self,
        what: &str,
        body: &str,
        condition: impl Fn(&Value) -> bool,
    ) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = self.script(body).await;
            if condition(&seen) {
                return seen;
            }
            assert!(
                Instant::now() < deadline,
                "not within {PATIENCE:?}: {what}\n{:#?}\n{seen:#}",
                self.complaints
            );
        }
    }

    /// What the console has complained about so far.
    pub fn complaints(&self) -> &[String] {
        &self.complaints
    }

    /// Sends a command and waits for its result; events on the way are kept.
    async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let command = json!({"id": self.last, "method": method, "params": params});
        let sent = self.socket.send(Message::text(command.to_string())).await;
        sent.expect("Firefox listens");
        loop {
            let message = self.socket.next().await.expect("Firefox is there");
            let Message::Text(text) = message.expect("a message") else {
                continue;
            };
            let mut message: Value = serde_json::from_str(&text).expect("JSON");
            if message["id"] == self.last {
                assert_eq!(message["type"], "success", "{method}: {message:#}");
                return message["result"].take();
            }
            let entry = &message["params"];
            if message["method"] == "log.entryAdded"
                && entry["level"] != "info"
                && entry["level"] != "debug"
            {
                self.complaints.push(entry["text"].to_string());
            }
        }
    }
}
