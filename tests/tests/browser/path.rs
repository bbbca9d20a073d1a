//! The page below a path, behind a proxy that strips it, by TLS.

use tests::proxy::Proxy;
use tests::{Page, Serve};

#[tokio::test]
async fn below_a_path_all_of_the_page_works() {
    let serve = Serve::start(&["--trust-proxy=127.0.0.1"]);
    let at = serve.page.to_string();
    let places = [("10.0.0.11:7878", &*at), ("server 10.0.0.12:7878;", "")];
    let proxy = Proxy::nginx("nginx-path.conf", &places);
    let page = Page::start().await;
    let url = format!("https://{}/lab/#lesson=five-sends&step=0", proxy.address);
    page.open_at(&url).await;
    // The words, the program, its WebSocket: a lesson has run.
    let seen = page.until_over().await;
    assert_eq!(seen.text("link"), "up");
    assert!(!seen.text("title").is_empty());
    // Everything else the page can load or leads to.
    let others = "return Promise.all([...document.querySelectorAll('[href],[src]')] \
                  .map(e => e.href || e.src).filter(u => !u.includes('#')) \
                  .map(async u => [u, (await fetch(u)).status]))";
    let loaded = page.script(others).await;
    let loaded = loaded.as_array().expect("a list").clone();
    assert!(loaded.len() > 5, "{loaded:?}");
    let prefix = format!("https://{}/lab/", proxy.address);
    for asset in &loaded {
        let url = asset[0].as_str().expect("a URL");
        assert!(url.starts_with(&prefix) && asset[1] == 200, "{asset}");
    }
    let complaints = page.browser.complaints().await;
    assert_eq!(complaints, Vec::<String>::new());
}
