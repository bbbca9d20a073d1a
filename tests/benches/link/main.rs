//! What a link does beside what it was asked for: the round trip, the share of lost packets,
//! the rate, the order and the throughput without limits, between two programs on the sides
//! of `stickylab net --link`. And how long the process of a run takes from its start, or
//! from its first request, to the run's first line. Each figure is printed as a line of JSON.

mod ends;
mod start;

use std::process::Command;

use serde_json::json;
use tests::stickylab;

const ROUNDS: usize = 7;
/// Round trips asked for, in milliseconds.
const TRIPS: [u32; 5] = [0, 1, 10, 40, 180];
/// Lost packets asked for, in percent.
const LOSSES: [u32; 2] = [1, 5];
/// Rates asked for, in Mbit/s.
const RATES: [u32; 3] = [1, 20, 100];

fn main() {
    let mut words = std::env::args().skip(1);
    if words.next().as_deref() == Some("end") {
        let words: Vec<_> = words.collect();
        ends::run(&words);
        return;
    }
    // `cargo bench` adds its own flag; a number of rounds may stand beside it.
    let rounds = std::env::args().find_map(|word| word.parse().ok());
    let mut figures = Figures::default();
    for round in 0..rounds.unwrap_or(ROUNDS) {
        eprintln!("link: round {round}");
        for trip in TRIPS {
            let link = format!("rtt={trip}ms");
            let [median, late] = measure(&link, "echo", "trips 100");
            figures.add(&format!("trip-{trip}"), "ms", median);
            figures.add(&format!("trip-{trip}-p95"), "ms", late);
            // How far it is off, as a part of what it may be: 0.5 ms and 2 %.
            let asked = f64::from(trip);
            let off = (median - asked).abs() / (0.5 + 0.02 * asked);
            figures.add(&format!("trip-{trip}-off"), "", off);
        }
        for loss in LOSSES {
            let link = format!("loss={loss}%/0%,seed={}", round + 1);
            let [lost, disordered] = measure(&link, "echo", "losses 100000");
            figures.add(&format!("loss-{loss}"), "packets", lost);
            let asked = 1_000.0 * f64::from(loss);
            let deviation = (asked * (1.0 - f64::from(loss) / 100.0)).sqrt();
            let off = (lost - asked).abs() / deviation;
            figures.add(&format!("loss-{loss}-off"), "", off);
            figures.add("disordered", "packets", disordered);
        }
        for rate in RATES {
            let link = format!("rate={rate}mbit");
            let [found, disordered] = measure(&link, &format!("blast {rate}"), "rate");
            figures.add(&format!("rate-{rate}"), "Mbit/s", found);
            let off = (found / f64::from(rate) - 1.0).abs() * 100.0;
            figures.add(&format!("rate-{rate}-off"), "%", off);
            figures.add("disordered", "packets", disordered);
        }
        let [throughput, _] = measure("rtt=0ms", "stream", "sink");
        figures.add("throughput", "Gbit/s", throughput);
        for (what, took) in start::measure() {
            figures.add(what, "ms", took);
        }
    }
    figures.print();
}

/// Two figures of a program on side a, beside another one on side b.
fn measure(link: &str, there: &str, here: &str) -> [f64; 2] {
    let own = std::env::current_exe().expect("this program");
    let own = own.to_str().expect("UTF-8");
    let background = format!("exec '{own}' end {there}");
    let arguments = ["net", "--link", link, "--b", &background, "--", own, "end"];
    let mut command: Command = stickylab(&arguments);
    command.args(here.split(' '));
    // No deadline: a hundred thousand packets take their time.
    let finished = command.output().expect("it runs");
    let out = String::from_utf8_lossy(&finished.stdout);
    let figures: Vec<f64> = out.lines().filter_map(|line| line.parse().ok()).collect();
    let figures: [f64; 2] = figures
        .try_into()
        .unwrap_or_else(|_| panic!("two figures of {link}: {finished:?}"));
    figures
}

/// The figures, each with its value in all rounds.
#[derive(Default)]
struct Figures(Vec<(String, &'static str, Vec<f64>)>);

impl Figures {
    fn add(&mut self, what: &str, unit: &'static str, value: f64) {
        match self.0.iter_mut().find(|(known, ..)| known == what) {
            Some((.., values)) => values.push(value),
            None => self.0.push((what.to_owned(), unit, vec![value])),
        }
    }

    fn print(&self) {
        for (what, unit, rounds) in &self.0 {
            let line =
                json!({"what": what, "subject": "stickylab", "unit": unit, "rounds": rounds});
            println!("{line}");
        }
    }
}
