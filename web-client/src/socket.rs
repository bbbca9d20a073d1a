//! The only WebSocket: to `lab`, beside the page wherever a proxy has put it.
//! Says what happens as messages; when to connect again is the state's business.

use trace::link::{Lessons, Line, Request};
use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, WebSocket};

use crate::app::Message;
use crate::dom::{Dispatch, Listener, listen, window};

/// An open (or opening) connection; closes when dropped.
pub struct Socket {
    socket: WebSocket,
    _listeners: [Listener; 2],
}

impl Socket {
    /// Begins to connect; the gateway's first line or `LinkDown` follows.
    pub fn open(dispatch: &Dispatch) -> Result<Self, JsValue> {
        let location = window().location();
        let scheme = if location.protocol()? == "https:" {
            "wss://"
        } else {
            "ws://"
        };
        let path = location.pathname()?;
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let socket = WebSocket::new(&[scheme, &location.host()?, folder, "/lab"].concat())?;
        let down = dispatch.clone();
        let line = dispatch.clone();
        let listeners = [
            listen(&socket, "close", move |_: web_sys::Event| {
                down(Message::LinkDown);
            }),
            listen(&socket, "message", move |event: MessageEvent| {
                let text = event.data().as_string().unwrap_or_default();
                // Unknown lines are those of a later version, and are ignored.
                if let Ok(said) = Line::parse(&text) {
                    line(Message::Line(Box::new(said)));
                } else if let Some(said) = Lessons::parse(&text) {
                    line(Message::Lessons(Box::new(said)));
                }
            }),
        ];
        Ok(Self {
            socket,
            _listeners: listeners,
        })
    }

    /// Sends a request, in text frames that the gateway takes. A connection
    /// that is not open drops it: `LinkDown` tells the state.
    pub fn send(&self, request: Request) {
        for part in request.parts() {
            if let Ok(json) = serde_json::to_string(&part)
                && self.socket.ready_state() == WebSocket::OPEN
            {
                let _ = self.socket.send_with_str(&json);
            }
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Its listeners are dropped too: its close event must not reach the state
        // once another connection is open.
        let _ = self.socket.close();
    }
}
