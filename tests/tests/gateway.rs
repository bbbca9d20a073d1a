//! The gateway from outside: the page's assets over plain HTTP, the bridges
//! and the lab through WebSocket clients of other stacks than the server's.

#[path = "gateway/assets.rs"]
mod assets;
#[path = "gateway/bridge.rs"]
mod bridge;
#[path = "gateway/cases.rs"]
mod cases;
#[path = "gateway/endings.rs"]
mod endings;
#[path = "gateway/lab.rs"]
mod lab;
#[path = "gateway/metrics.rs"]
mod metrics;
#[path = "gateway/pressure.rs"]
mod pressure;
#[path = "gateway/visitors.rs"]
mod visitors;
#[path = "gateway/web.rs"]
mod web;
#[cfg(target_os = "linux")]
#[path = "gateway/workers.rs"]
mod workers;

use tests::Serve;

/// The address of a WebSocket at `serve`.
fn url(serve: &Serve, path: &str) -> String {
    format!("ws://{}{path}", serve.page)
}
