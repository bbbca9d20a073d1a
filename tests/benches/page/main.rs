//! What a long record costs the page: how long it takes to open, a step in each
//! view, a scroll of the table of events, and the memory of the browser's process
//! that shows it. In a headless Chromium, driven as the browser tests drive it.
//! Each figure is printed as a line of JSON.

mod record;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tests::browser::Browser;
use tests::{Page, Serve, proc};
use thirtyfour::By;

/// Events of the longest record that the page takes.
const MANY: usize = 100_000;
/// Events of one that is long, but usual.
const SOME: usize = 2_000;
/// How often everything is measured.
const ROUNDS: usize = 5;
/// Steps in each view and round.
const STEPS: usize = 120;

/// Functions that measure, and the time at which a file was chosen.
const MEASURE: &str = include_str!("measure.js");

#[tokio::main]
async fn main() {
    // `cargo bench` adds its own flag; a number of rounds may stand beside it.
    let rounds = std::env::args().find_map(|word| word.parse().ok());
    let folder = tempfile::tempdir().expect("a folder");
    let serve = Serve::at("127.0.0.1:0", &[], &[]);
    let mut figures = Figures::default();
    for (name, events) in [("100k", MANY), ("2k", SOME)] {
        let file = folder.path().join(format!("{name}.jsonl"));
        std::fs::write(&file, record::lines(events)).expect("a file can be written");
        for number in 0..rounds.unwrap_or(ROUNDS) {
            eprintln!("page: {name}, round {number}");
            round(&serve, name, &file, events, &mut figures).await;
        }
    }
    figures.print();
}

/// Opens the file in a fresh browser and measures everything once.
async fn round(serve: &Serve, name: &str, file: &Path, events: usize, figures: &mut Figures) {
    let browser = Browser::start().await;
    let page = Page { browser };
    page.open(serve, "lesson=five-sends").await;
    page.script(MEASURE).await;
    let opened = open(&page, file).await;
    let mut add =
        |what: &str, unit, value: f64| figures.add(&format!("{what}-{name}"), unit, value);
    add("open", "ms", number(&opened, "took"));
    add("block", "ms", number(&opened, "block"));
    add("elements", "", number(&opened, "elements"));
    for (view, axis) in [("bytes", "time"), ("time", "time"), ("time", "step")] {
        let taken = steps(&page, view, axis, events).await;
        let what = if axis == "step" { "steps" } else { view };
        add(&format!("step-{what}"), "ms", share(&taken, 50));
        add(&format!("step-{what}-p95"), "ms", share(&taken, 95));
    }
    let taken = costs(&page.script("return scrolls(60)").await);
    add("scroll", "ms", share(&taken, 50));
    add("scroll-p95", "ms", share(&taken, 95));
    add("memory", "MiB", f64::from(renderer()) / 1024.0);
}

/// Opens the file by the page's own field; what that took.
async fn open(page: &Page, file: &Path) -> Value {
    let path: PathBuf = file.canonicalize().expect("it was written");
    let input = page.browser.driver().find(By::Id("file")).await;
    let path = path.to_str().expect("a plain path");
    page.script("watchOpening()").await;
    let chosen = input.expect("the field").send_keys(path).await;
    chosen.expect("a file can be chosen");
    page.script("return opened").await
}

/// What steps cost, in milliseconds, at four places of the record.
async fn steps(page: &Page, view: &str, axis: &str, events: usize) -> Vec<f64> {
    let script = format!("return steps({view:?}, {axis:?}, {events}, {STEPS})");
    costs(&page.script(&script).await)
}

fn costs(value: &Value) -> Vec<f64> {
    let costs = value.as_array().expect("a list of costs").iter();
    let mut costs: Vec<_> = costs.map(|cost| cost.as_f64().expect("a cost")).collect();
    costs.sort_by(f64::total_cmp);
    costs
}

fn number(value: &Value, name: &str) -> f64 {
    let number = value[name].as_f64();
    number.unwrap_or_else(|| panic!("no {name}: {value}"))
}

/// The cost that `percent` of all don't exceed.
fn share(costs: &[f64], percent: usize) -> f64 {
    costs[(costs.len() * percent / 100).min(costs.len() - 1)]
}

/// Resident memory of the browser's process that shows the page, in KiB: the
/// largest of this program's renderers.
fn renderer() -> u32 {
    let renderers = proc::descendants(std::process::id()).into_iter();
    let renderers = renderers.filter(|&pid| proc::has_argument(pid, "--type=renderer"));
    let resident = renderers.filter_map(|pid| Some(proc::Status::of(pid)?.resident));
    let largest = resident.max().expect("a renderer is running");
    u32::try_from(largest).expect("less than 4 TiB")
}

/// What was measured, by name and unit, round by round.
#[derive(Default)]
struct Figures(Vec<(String, &'static str, Vec<f64>)>);

impl Figures {
    fn add(&mut self, what: &str, unit: &'static str, value: f64) {
        match self.0.iter_mut().find(|(name, ..)| name == what) {
            Some((.., rounds)) => rounds.push(value),
            None => self.0.push((what.to_owned(), unit, vec![value])),
        }
    }

    fn print(&self) {
        for (what, unit, rounds) in &self.0 {
            let figure =
                json!({"what": what, "subject": "stickylab", "unit": unit, "rounds": rounds});
            println!("{figure}");
        }
    }
}
