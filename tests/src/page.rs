//! The page as a user or a screen reader finds it: its table of events, its
//! texts and its keys. Everything is read in one script, so that what is seen
//! belongs together.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;
use thirtyfour::{By, Key, TypingData};
use tokio::time::sleep;

use crate::browser::Browser;
use crate::{PATIENCE, Serve, workspace};

/// Between two looks at the page.
const LOOK: Duration = Duration::from_millis(5);

/// Goes on behind the next frame, when observers of sizes have been asked, too.
const FRAME: &str = "done => requestAnimationFrame(() => setTimeout(done))";

/// In front of what a script has thrown.
const THROWN: &str = "thrown: ";

/// The body of a function that tells what the page shows at one moment.
pub const SEE: &str = include_str!("see.js");

/// Steps through a run, forth and back.
const WALK: &str = include_str!("walk.js");

/// Keeps what is written on the stage's canvas since it was last cleared.
const WATCH_STAGE: &str = r"
    window.painted = [];
    const {clearRect, fillText} = CanvasRenderingContext2D.prototype;
    const watched = context => context.canvas.id === 'canvas';
    CanvasRenderingContext2D.prototype.clearRect = function (...where) {
        if (watched(this)) window.painted = [];
        return clearRect.apply(this, where);
    };
    CanvasRenderingContext2D.prototype.fillText = function (text, ...where) {
        if (watched(this)) window.painted.push(text);
        return fillText.call(this, text, ...where);
    };
";

/// The body of a function that steps by keys through a run of `events` events, forth and
/// back, and tells what was explained at each step and what looked different on the way back.
pub fn walk(events: usize) -> String {
    let patience = PATIENCE.as_millis();
    format!(
        "const see = () => {{ {SEE} }};
        const walk = async (events, patience) => {{ {WALK} }};
        return walk({events}, {patience});"
    )
}

/// One row of the events table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// From 1.
    pub step: u64,
    /// `client1`, `client2` or `server`.
    pub actor: String,
    /// Whose connection it is about: 1 or 2.
    pub client: u64,
    /// Which of its connections: 0 is its conversation.
    pub connection: u64,
    /// Which call.
    pub call: String,
    /// Where its bytes begin.
    pub offset: u64,
    /// How many they are.
    pub length: u64,
    /// Whether it has happened at the cursor.
    pub past: bool,
    /// Whether it is the cursor's.
    pub current: bool,
    /// All that it says.
    pub text: String,
    /// What stands out in it, such as `glued` or `dropped`.
    pub flags: Vec<String>,
    /// The messages that it completed.
    pub messages: Vec<String>,
}

impl EventRow {
    /// Whether it is a packet on the wire and no call of a program.
    pub fn is_packet(&self) -> bool {
        matches!(self.call.as_str(), "segment" | "datagram")
    }
}

/// What the page shows at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    all: Value,
    /// The events table.
    pub rows: Vec<EventRow>,
}

impl Seen {
    fn of(all: Value) -> Self {
        let rows = all["rows"].as_array().expect("a list of rows").iter();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let number = |value: &Value| value.as_u64().unwrap_or(u64::MAX);
        let flag = |value: &Value| value.as_bool().expect("yes or no");
        let texts = |value: &Value| -> Vec<_> {
            let values = value.as_array().expect("a list");
            values.iter().map(text).collect()
        };
        let rows = rows.map(|row| EventRow {
            step: number(&row["step"]),
            actor: text(&row["actor"]),
            client: number(&row["client"]),
            connection: number(&row["connection"]),
            call: text(&row["call"]),
            offset: number(&row["offset"]),
            length: number(&row["length"]),
            past: flag(&row["past"]),
            current: flag(&row["current"]),
            text: text(&row["text"]),
            flags: texts(&row["flags"]),
            messages: texts(&row["messages"]),
        });
        Self {
            rows: rows.collect(),
            all,
        }
    }

    /// One of the page's texts: `title`, `question`, `explain`, `notice`,
    /// `inspector`, `byte`, `counter`, `visible`, `hash`, `language`, `theme`,
    /// `link`, `prove` and `alone` (the buttons), `outcome`, `dropped`,
    /// `missed`, `capture` (the notes), `knobs` or `stage`: what was last
    /// written on the canvas, a line each. Empty: not shown.
    pub fn text(&self, name: &str) -> &str {
        let text = self.all[name].as_str();
        text.unwrap_or_else(|| panic!("the page has no {name}"))
    }

    /// `over`: a lesson's run has ended; `running`; `playing`; `help`.
    pub fn is(&self, name: &str) -> bool {
        let flag = self.all[name].as_bool();
        flag.unwrap_or_else(|| panic!("the page has no {name}"))
    }

    /// The cursor: how many events have happened, by the table.
    pub fn step(&self) -> usize {
        let current: Vec<_> = self.rows.iter().filter(|row| row.current).collect();
        assert!(current.len() <= 1, "{current:?}");
        let step = current.first().map_or(0, |row| row.step);
        let past: Vec<_> = self.rows.iter().filter(|row| row.past).collect();
        assert_eq!(past.len() as u64, step, "the past ends at the cursor");
        assert!(past.iter().zip(1..).all(|(row, step)| row.step == step));
        usize::try_from(step).expect("a row's number")
    }
}

/// A browser that shows the page.
#[derive(Debug)]
pub struct Page {
    /// The browser.
    pub browser: Browser,
}

impl Page {
    /// A desktop browser, nothing opened yet.
    pub async fn start() -> Self {
        Self {
            browser: Browser::start().await,
        }
    }

    /// Opens the page anew at what stands behind `#`, and waits until it runs.
    pub async fn open(&self, serve: &Serve, hash: &str) {
        self.open_at(&format!("http://{}/#{hash}", serve.page))
            .await;
    }

    /// The same at any URL.
    pub async fn open_at(&self, url: &str) {
        // From elsewhere: a new hash alone would not load it again.
        self.go("about:blank").await;
        self.go(url).await;
        self.until("the page's program runs", |seen| {
            seen.all["state"] == "ready"
        })
        .await;
        self.script(WATCH_STAGE).await;
    }

    async fn go(&self, url: &str) {
        let gone = self.browser.driver().goto(url).await;
        gone.unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    /// Opens `lesson`, at step 0, and waits until its run is over.
    pub async fn open_lesson(&self, serve: &Serve, lesson: &str) -> Seen {
        self.open(serve, &format!("lesson={lesson}&step=0")).await;
        self.until_over().await
    }

    /// The same in the document that is open, by a link: browsers compile the page's
    /// program once then. The first lesson is opened anew.
    pub async fn next_lesson(&self, serve: &Serve, lesson: &str) -> Seen {
        let before = self.see().await;
        if before.text("title").is_empty() {
            return self.open_lesson(serve, lesson).await;
        }
        self.script(&format!("location.hash = 'lesson={lesson}&step=0'"))
            .await;
        self.until("the next lesson's run is over", |seen| {
            seen.text("title") != before.text("title") && seen.is("over") && !seen.rows.is_empty()
        })
        .await
    }

    /// Waits until a run has ended and the table has it.
    pub async fn until_over(&self) -> Seen {
        self.until("a run is over", |seen| {
            seen.is("over") && !seen.rows.is_empty()
        })
        .await
    }

    /// What is to be seen now.
    pub async fn see(&self) -> Seen {
        Seen::of(self.script(SEE).await)
    }

    /// The picture on the stage, as a URL.
    pub async fn drawn(&self) -> String {
        let script = "return document.getElementById('canvas').toDataURL()";
        let drawn = self.script(script).await;
        drawn.as_str().expect("a URL").to_owned()
    }

    /// Looks at the stage until `condition` is true of it.
    pub async fn until_drawn(&self, what: &str, condition: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let drawn = self.drawn().await;
            if condition(&drawn) {
                return drawn;
            }
            assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
            sleep(LOOK).await;
        }
    }

    /// Asks `script` until `condition` is true of what it returns: what a message changes
    /// is to be seen a frame later. Until then an element may be missing, so what the
    /// script throws is no answer.
    pub async fn until_returned(
        &self,
        what: &str,
        script: &str,
        condition: impl Fn(&Value) -> bool,
    ) -> Value {
        self.until_returned_within(PATIENCE, what, script, condition)
            .await
    }

    /// The same where it may take longer.
    pub async fn until_returned_within(
        &self,
        patience: Duration,
        what: &str,
        script: &str,
        condition: impl Fn(&Value) -> bool,
    ) -> Value {
        let deadline = Instant::now() + patience;
        let script =
            format!("return (async () => {{\n{script}\n}})().catch(error => `{THROWN}${{error}}`)");
        loop {
            let returned = self.script(&script).await;
            let is_thrown = returned
                .as_str()
                .is_some_and(|text| text.starts_with(THROWN));
            if !is_thrown && condition(&returned) {
                return returned;
            }
            assert!(
                Instant::now() < deadline,
                "not within {patience:?}: {what}: {returned}"
            );
            sleep(LOOK).await;
        }
    }

    /// Asks `script` until it returns this.
    pub async fn until_value(&self, script: &str, expected: &Value) {
        self.until_returned(script, script, |returned| returned == expected)
            .await;
    }

    /// Waits until the address has each of `parts` in it, decoded: the page writes it a few
    /// times in half a second at most.
    pub async fn until_address(&self, parts: &[&str]) {
        let script = "return decodeURIComponent(location.hash)";
        let has = |address: &Value| {
            let address = address.as_str().unwrap_or_default();
            parts.iter().all(|part| address.contains(part))
        };
        self.until_returned("the address", script, has).await;
    }

    /// Looks until `condition` is true of what is to be seen.
    pub async fn until(&self, what: &str, condition: impl Fn(&Seen) -> bool) -> Seen {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = self.see().await;
            if condition(&seen) {
                return seen;
            }
            if Instant::now() >= deadline {
                let complaints = self.browser.complaints().await;
                panic!(
                    "not within {PATIENCE:?}: {what}\n{complaints:#?}\n{}\n{:#?}",
                    seen.text("visible"),
                    seen.rows
                );
            }
            sleep(LOOK).await;
        }
    }

    /// Goes to `step` by its row in the table.
    pub async fn go_to(&self, step: u64) -> Seen {
        // By a script: the row may be below the panel's heading.
        let row = format!("#events [data-step='{step}']");
        let script = format!("document.querySelector(\"{row}\").click()");
        self.script(&script).await;
        self.until_step(usize::try_from(step).expect("a row's number"))
            .await
    }

    /// Waits until the cursor is at `step`.
    pub async fn until_step(&self, step: usize) -> Seen {
        // Between two frames the table may be half way: that is no step yet.
        let at = |seen: &Seen| {
            let current = seen.rows.iter().find(|row| row.current);
            current.map_or(0, |row| row.step) == step as u64
        };
        let seen = self.until(&format!("step {step}"), at).await;
        assert_eq!(seen.step(), step);
        seen
    }

    /// Steps by keys through a run of `events` events, forth and back, at the pace of
    /// the page's frames. Rows, texts and stage have to be the same both ways; what
    /// was explained at each step is returned, from step 0.
    pub async fn walk(&self, events: usize) -> Vec<String> {
        let walked = self.script(&walk(events)).await;
        let different = walked["different"].as_array().expect("a list");
        assert!(different.is_empty(), "{different:#?}");
        let explained = walked["explained"].as_array().expect("a list");
        let explained = explained.iter().map(|text| text.as_str().expect("a text"));
        explained.map(str::to_owned).collect()
    }

    /// Runs a script's body in the page; a promise is waited for. It begins behind the
    /// next frame, so that it finds what an earlier click or key has changed.
    pub async fn script(&self, script: &str) -> Value {
        let framed = format!("return new Promise({FRAME}).then(async () => {{\n{script}\n}})");
        let returned = self.browser.driver().execute(framed, Vec::new()).await;
        let returned = returned.unwrap_or_else(|error| panic!("{error}\n{script}"));
        returned.json().clone()
    }

    /// Presses a key, or types text, where the focus is.
    pub async fn press(&self, keys: impl Into<TypingData>) {
        let chain = self.browser.driver().action_chain().send_keys(keys);
        chain.perform().await.expect("keys can be pressed");
    }

    /// Presses a key with Shift held down.
    pub async fn press_with_shift(&self, key: Key) {
        let chain = self.browser.driver().action_chain();
        let chain = chain.key_down(Key::Shift).send_keys(key).key_up(Key::Shift);
        chain.perform().await.expect("keys can be pressed");
    }

    /// Clicks the first element that `selector` finds.
    pub async fn click(&self, selector: &str) {
        let element = self
            .browser
            .driver()
            .find(By::Css(selector.to_owned()))
            .await;
        let element = element.unwrap_or_else(|error| panic!("{selector}: {error}"));
        let clicked = element.click().await;
        clicked.unwrap_or_else(|error| panic!("{selector}: {error}"));
    }

    /// Chooses a theme with the page's own switch.
    pub async fn choose_theme(&self, theme: &str) {
        for _ in 0..3 {
            let before = self.see().await;
            if before.text("theme") == theme {
                return;
            }
            self.click("#theme").await;
            let changed = |seen: &Seen| seen.text("theme") != before.text("theme");
            self.until("another theme", changed).await;
        }
        panic!("there is no theme {theme}");
    }

    /// Writes what is to be seen to `target/screenshots/<name>.png`.
    pub async fn picture(&self, name: &str) -> PathBuf {
        let folder = workspace::root().join("target/screenshots");
        std::fs::create_dir_all(&folder).expect("a folder can be made");
        let path = folder.join(format!("{name}.png"));
        self.browser
            .driver()
            .screenshot(&path)
            .await
            .expect("a picture");
        path
    }
}
