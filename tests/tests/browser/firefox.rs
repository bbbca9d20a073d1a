//! The page in Firefox: every lesson runs, and can be stepped through in both views. That
//! a step looks the same from both sides is looked at in Chromium.

use serde_json::Value;
use tests::firefox::Firefox;
use tests::page;
use tests::workspace::lessons;

/// A small screen: Firefox draws it without a graphics card.
const SIZE: (u32, u32) = (1024, 768);

/// Steps forth in the Bytes view, as fast as frames come, and goes to both ends in the Time
/// view; what was explained at each place.
const STEP: &str = r##"
    const frame = () => new Promise(requestAnimationFrame);
    const press = key => window.dispatchEvent(new KeyboardEvent("keydown", {key}));
    const cursor = () => Number(document.querySelector("#events [aria-current=step]")?.dataset.step ?? 0);
    const explained = [];
    const go = async (key, step) => {
        press(key);
        const deadline = performance.now() + 30000;
        while (cursor() !== step) {
            if (performance.now() > deadline) throw new Error(`not at step ${step} but ${cursor()}`);
            await frame();
        }
        explained.push(document.getElementById("explain").textContent.trim());
    };
    for (let step = 1; step <= EVENTS; step += 1) await go("ArrowRight", step);
    document.querySelector("[data-view=time]").click();
    await go("Home", 0);
    await go("End", EVENTS);
    document.querySelector("[data-view=bytes]").click();
    return explained;
"##;

#[tokio::test]
async fn every_lesson_runs_and_steps_without_a_complaint() {
    let serve = super::serve();
    let mut firefox = Firefox::start(SIZE).await;
    firefox.open(&format!("http://{}/", serve.page)).await;
    let mut title = Value::Null;
    for lesson in lessons() {
        // In the same document: Firefox compiles the page's program once.
        let go = format!("location.hash = 'lesson={lesson}&step=0'");
        firefox.script(&go).await;
        let over = |seen: &Value| {
            let rows = seen["rows"].as_array().is_some_and(|rows| !rows.is_empty());
            seen["over"] == true && rows && seen["title"] != title
        };
        let seen = firefox.until("a run is over", page::SEE, over).await;
        title = seen["title"].clone();
        let events = seen["rows"].as_array().map_or(0, Vec::len);
        let explained = firefox
            .script(&STEP.replace("EVENTS", &events.to_string()))
            .await;
        let explained = explained.as_array().expect("a list");
        assert_eq!(explained.len(), events + 2, "{lesson}");
        assert!(
            explained.iter().all(|text| text != ""),
            "{lesson}: {explained:#?}"
        );
        assert_eq!(firefox.complaints(), [""; 0], "{lesson}");
    }
}
