//! Files that are read for pages: those of a folder, and those that a page sends.

use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Message;
use trace::link::{Line, MAX_LESSON_SENT, Request};

use super::sessions::{ask, line};
use super::{Gateway, Web, soon};
use crate::gateway::{Allowance, Config, Files};

async fn serve(folder: Option<watch::Receiver<Arc<str>>>) -> Gateway {
    let read = |name: &str, text: &str| format!("{{\"name\":{name:?},\"size\":{}}}", text.len());
    let config = Config {
        files: Some(Files { folder, read }),
        ..Config::default()
    };
    Gateway::serve(config, Allowance::default()).await
}

/// The next text that says something else than that the gateway is there.
async fn text(web: &mut Web) -> String {
    loop {
        match soon(web.next()).await.unwrap().unwrap() {
            Message::Text(text) if text.as_str() == "{\"type\":\"alive\"}" => {}
            Message::Text(text) => return text.to_string(),
            Message::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

fn file(text: &str) -> Request {
    Request::Read {
        name: "a.toml".to_owned(),
        text: text.to_owned(),
    }
}

#[tokio::test]
async fn a_page_that_watches_is_told_of_the_folder_and_of_its_changes() {
    let (told, telling) = watch::channel(Arc::from("{\"now\":1}"));
    let gateway = serve(Some(telling)).await;
    let mut web = gateway.open("/lab").await;
    line(&mut web).await;
    // Whoever does not watch is told nothing.
    ask(&mut web, &file("x")).await;
    assert_eq!(text(&mut web).await, "{\"name\":\"a.toml\",\"size\":1}");
    for _ in 0..2 {
        ask(&mut web, &Request::Watch).await;
    }
    assert_eq!(text(&mut web).await, "{\"now\":1}");
    told.send_replace(Arc::from("{\"now\":2}"));
    assert_eq!(text(&mut web).await, "{\"now\":2}");
    let mut other = gateway.open("/lab").await;
    line(&mut other).await;
    ask(&mut other, &Request::Watch).await;
    assert_eq!(text(&mut other).await, "{\"now\":2}");
    // The folder is looked at no more: the session goes on.
    drop(told);
    ask(&mut web, &file("xx")).await;
    assert_eq!(text(&mut web).await, "{\"name\":\"a.toml\",\"size\":2}");
}

#[tokio::test]
async fn a_file_is_bounded() {
    let gateway = serve(None).await;
    let mut web = gateway.open("/lab").await;
    line(&mut web).await;
    ask(&mut web, &file(&"\n".repeat(MAX_LESSON_SENT))).await;
    let fits = format!("{{\"name\":\"a.toml\",\"size\":{MAX_LESSON_SENT}}}");
    assert_eq!(text(&mut web).await, fits);
    ask(&mut web, &file(&"x".repeat(MAX_LESSON_SENT + 1))).await;
    let Line::Error { message } = line(&mut web).await else {
        panic!("it was taken");
    };
    assert!(message.contains("at most 65536 bytes"), "{message}");
    web.send(Message::text("{\"type\":\"read\",\"name\":7}"))
        .await
        .unwrap();
    assert!(matches!(line(&mut web).await, Line::Error { .. }));
}

#[tokio::test]
async fn a_gateway_without_a_reader_says_so() {
    let gateway = Gateway::start(&[]).await;
    let mut web = gateway.open("/lab").await;
    line(&mut web).await;
    ask(&mut web, &file("x")).await;
    let Line::Error { message } = line(&mut web).await else {
        panic!("it was read");
    };
    assert_eq!(message, "this gateway reads no files");
}
