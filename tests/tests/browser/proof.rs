//! "Prove it": the same run with one knob turned, and what that took away.

use std::cmp::Ordering;

use tests::{EventRow, Page, Seen};
use thirtyfour::Key;

/// What parts the sends from each other, with a reader that sleeps 200 ms.
const GAP: &str = "400 ms";

/// What a table says of the clients' sends and the server's recvs that took
/// bytes.
fn tally(seen: &Seen) -> (usize, usize) {
    let count = |is: &dyn Fn(&&EventRow) -> bool| seen.rows.iter().filter(is).count();
    let sends = count(&|row| row.actor != "server" && row.call == "send");
    let recvs = count(&|row| row.actor == "server" && row.call == "recv" && row.length > 0);
    (sends, recvs)
}

/// `1 recv() call for 5 sends`.
fn told((sends, recvs): (usize, usize)) -> String {
    let calls = if recvs == 1 { "call" } else { "calls" };
    format!("{recvs} recv() {calls} for {sends} sends")
}

/// The lesson at the recv() that took several sends at once.
async fn at_the_recv(page: &Page, serve: &tests::Serve) -> Seen {
    // Later than the lesson has it: this machine may be busy.
    page.open(serve, "lesson=five-sends&read-delay=200&step=0")
        .await;
    let seen = page.until_over().await;
    let recv = |row: &&EventRow| row.actor == "server" && row.call == "recv" && row.length > 5;
    let recv = seen.rows.iter().find(recv).expect("a recv of many sends");
    page.go_to(recv.step).await
}

fn lines(seen: &Seen, what: &str) -> usize {
    let lines = seen.text("stage").lines();
    lines.filter(|line| *line == what).count()
}

/// What was proved agrees with both tables.
fn check_outcome(before: &Seen, now: &Seen) {
    let outcome = now.text("outcome");
    let (was, is) = (told(tally(before)), told(tally(now)));
    let expected = format!(
        "Before, with gap between sends 0 µs: {was}. Now, with gap between sends {GAP}: {is}."
    );
    assert!(outcome.starts_with(&expected), "{expected}\n{outcome}");
    let moved = |recvs: usize| 5 - recvs;
    let (was, is) = (moved(tally(before).1), moved(tally(now).1));
    if was + is > 0 {
        let counts = format!("{was} before, {is} now.");
        assert!(outcome.contains(&counts), "{counts}\n{outcome}");
    }
    let verdict = match is.cmp(&was) {
        Ordering::Less => "With that one knob turned, fewer boundaries moved.",
        Ordering::Equal => "It made no difference this time.",
        Ordering::Greater => "With that one knob turned, more boundaries moved.",
    };
    assert!(outcome.contains(verdict), "{verdict}\n{outcome}");
    // Both runs on one stage.
    assert_eq!(
        lines(now, "before: gap between sends = 0 µs"),
        1,
        "{}",
        now.text("stage")
    );
    assert_eq!(
        lines(now, &format!("now: gap between sends = {GAP}")),
        1,
        "{}",
        now.text("stage")
    );
    assert_eq!(lines(now, "send() calls"), 2, "{}", now.text("stage"));
}

/// What the rows say, wherever the cursor is.
fn texts(seen: &Seen) -> Vec<&str> {
    seen.rows.iter().map(|row| row.text.as_str()).collect()
}

fn is_proved(seen: &Seen) -> bool {
    !seen.is("running") && !seen.text("outcome").is_empty()
}

#[tokio::test]
async fn a_proof_turns_the_one_knob_and_tells_what_both_tables_say() {
    let serve = super::serve();
    let page = Page::start().await;
    let before = at_the_recv(&page, &serve).await;
    let offer = format!("Prove it: set gap between sends to {GAP}");
    assert_eq!(before.text("prove"), offer);
    assert_eq!(before.text("outcome"), "");
    assert_eq!(lines(&before, "send() calls"), 1);
    page.click("#prove").await;
    let now = page.until("both runs are compared", is_proved).await;
    check_outcome(&before, &now);
    assert_ne!(now.rows, before.rows, "a new run");
    let knobs = |seen: &Seen| -> Vec<_> { seen.text("knobs").lines().map(str::to_owned).collect() };
    let changed: Vec<_> = knobs(&before)
        .into_iter()
        .zip(knobs(&now))
        .filter(|(before, now)| before != now)
        .collect();
    let gap = (
        "gap between sends 0 µs".to_owned(),
        format!("gap between sends {GAP}"),
    );
    assert_eq!(changed, [gap], "{}", now.text("hash"));
    page.until_address(&["gap=400000"]).await;
    assert_eq!(
        (now.text("prove"), now.text("alone")),
        ("", "Back to the run before")
    );

    page.click("#compare-close").await;
    let alone = page
        .until("one run", |seen| seen.text("alone").is_empty())
        .await;
    assert_eq!(texts(&alone), texts(&before), "the run before is back");
    assert_eq!(alone.text("outcome"), "");
    assert_eq!(knobs(&alone), knobs(&before), "as they were");
    let single = |seen: &Seen| lines(seen, "send() calls") == 1;
    let alone = page.until("one run on the stage", single).await;
    assert_eq!(lines(&alone, &format!("now: gap between sends = {GAP}")), 0);
}

#[tokio::test]
async fn a_proof_works_by_keyboard_alone() {
    let serve = super::serve();
    let page = Page::start().await;
    let before = at_the_recv(&page, &serve).await;
    let focused = "return document.activeElement?.id ?? ''";
    let mut passed = Vec::new();
    while page.script(focused).await != "prove" {
        passed.push(page.script(focused).await);
        assert!(passed.len() < 200, "Tab never comes to it: {passed:?}");
        page.press(Key::Tab).await;
    }
    page.press(Key::Enter).await;
    let now = page.until("both runs are compared", is_proved).await;
    check_outcome(&before, &now);
    // The button that had the focus is gone; the one that took its place has it.
    assert_eq!(page.script(focused).await, "compare-close");
    page.press(Key::Enter).await;
    let alone = page
        .until("one run", |seen| seen.text("alone").is_empty())
        .await;
    assert_eq!(texts(&alone), texts(&before), "Enter ran nothing else");
    assert!(!alone.is("running"));
}
