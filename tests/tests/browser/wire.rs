//! The wire on the page: packets between the calls, what became of them, and
//! what the page says where none were captured.

use tests::{EventRow, Page, Seen, Serve};

use super::looks::{choose_language, is_chinese};

/// The rows of one actor's calls of this name.
fn calls<'a>(seen: &'a Seen, actor: &str, call: &str) -> Vec<&'a EventRow> {
    let rows = seen.rows.iter();
    rows.filter(|row| row.actor == actor && row.call == call)
        .collect()
}

/// Where the bytes of each begin, and how many they are.
fn places(rows: &[&EventRow]) -> Vec<(u64, u64)> {
    rows.iter().map(|row| (row.offset, row.length)).collect()
}

#[tokio::test]
#[ignore = "needs CAP_NET_RAW"]
async fn five_segments_lie_between_five_sends_and_one_recv() {
    let serve = super::serve();
    let page = Page::start().await;
    // The server reads later than in the lesson: this machine may be busy, and a
    // run's threads come behind all others.
    let lesson = "is-nagle-to-blame&read-delay=500";
    let seen = page.open_lesson(&serve, lesson).await;
    let sends = calls(&seen, "client1", "send");
    let mut segments = calls(&seen, "client1", "segment");
    segments.retain(|row| row.length > 0);
    let mut recvs = calls(&seen, "server", "recv");
    recvs.retain(|row| row.length > 0);
    let bytes: Vec<_> = (0..5).map(|offset| (offset, 1)).collect();
    assert_eq!(places(&sends), bytes);
    assert_eq!(places(&segments), bytes);
    assert_eq!(places(&recvs), [(0, 5)]);
    for (send, segment) in sends.iter().zip(&segments) {
        let order = [send.step, segment.step, recvs[0].step];
        assert!(order.is_sorted(), "{order:?}");
    }

    // A byte's way, from the chunk it came out of.
    let recv = page.go_to(recvs[0].step).await;
    let lines = |seen: &Seen| seen.text("stage").lines().map(str::to_owned).collect();
    let stage: Vec<String> = lines(&recv);
    assert!(stage.iter().any(|line| line == "wire"), "{stage:?}");
    assert!(stage.iter().any(|line| line == "5 segments"), "{stage:?}");
    for offset in 0..5 {
        page.click(&format!("#chunk [data-byte='0 up {offset}']"))
            .await;
        let number = offset + 1;
        let way = format!(
            "sent by client 1's send() #{number} → segment #{number} → the server's recv() #1"
        );
        page.until(&way, |seen| seen.text("inspector").contains(&way))
            .await;
    }
}

#[tokio::test]
#[ignore = "needs CAP_NET_RAW"]
async fn each_packet_is_explained_in_both_languages() {
    let serve = super::serve();
    let page = Page::start().await;
    let seen = page.open_lesson(&serve, "is-nagle-to-blame").await;
    let packets = seen.rows.iter().filter(|row| row.is_packet());
    let packets: Vec<_> = packets.cloned().collect();
    assert!(packets.len() > 5, "{packets:?}");
    for (language, put, whole) in [
        (
            "en",
            "put a segment on the wire: ",
            "all of client 1's send()",
        ),
        ("zh", "在线路上发出一个段：", "的全部字节"),
    ] {
        choose_language(&page, language).await;
        for row in &packets {
            let seen = page.go_to(row.step).await;
            let explain = seen.text("explain");
            assert!(explain.contains(put), "{explain}");
            assert_eq!(is_chinese(explain), language == "zh", "{explain}");
            // It says more than that it is one: whose bytes, or what for.
            let carries = explain.contains(whole) && explain.contains("send() #");
            let expected = row.actor == "client1" && row.length > 0;
            assert_eq!(carries, expected, "{explain}");
            let own = format!("send() #{}", row.offset + 1);
            assert_eq!(explain.contains(&own), expected, "{explain}");
            let (_, rest) = explain.split_once(put).expect("it was in it");
            let sentences = rest.split_terminator(['.', '。']).count();
            assert!(sentences > 1, "{explain}");
            assert!(seen.text("inspector").contains("seq "), "{row:?}");
        }
    }
}

#[tokio::test]
#[ignore = "needs CAP_NET_RAW"]
async fn lost_datagrams_are_flagged_counted_and_told_by_the_kernel() {
    let serve = super::serve();
    let page = Page::start().await;
    let seen = page.open_lesson(&serve, "udp-loses").await;
    let packets = calls(&seen, "client1", "datagram");
    let dropped: Vec<_> = packets
        .iter()
        .filter(|row| row.flags.iter().any(|flag| flag == "dropped"))
        .collect();
    let sent = calls(&seen, "client1", "send").len();
    let received = calls(&seen, "server", "recv").len();
    assert_eq!((sent, packets.len()), (60, 60));
    assert!(received < sent, "nothing was lost: {received} of {sent}");
    let lost = sent - received;
    assert_eq!(dropped.len(), lost);
    let note = format!("The kernel dropped {lost} datagrams: the receive buffer was full.");
    assert_eq!(seen.text("dropped"), note);
    assert_eq!(seen.text("missed"), "");
    assert_eq!(seen.text("capture"), "");
    let first = page.go_to(dropped[0].step).await;
    let explain = first.text("explain");
    assert!(explain.contains("the kernel dropped it"), "{explain}");
    let way = first.text("inspector");
    assert!(way.contains("never read"), "{way}");
    let chinese = choose_language(&page, "zh").await;
    assert!(chinese.text("dropped").contains(&lost.to_string()));
    assert!(is_chinese(chinese.text("dropped")));
}

#[tokio::test]
async fn without_the_capability_the_page_says_so_and_works() {
    let serve = Serve::without_capture();
    let page = Page::start().await;
    let seen = page.open_lesson(&serve, "five-sends").await;
    assert!(
        !seen.rows.iter().any(EventRow::is_packet),
        "{:?}",
        seen.rows
    );
    assert_eq!(calls(&seen, "client1", "send").len(), 5);
    let note = seen.text("capture");
    assert!(note.contains("needs CAP_NET_RAW"), "{note}");
    assert!(note.contains("sudo setcap cap_net_raw+ep "), "{note}");
    assert!(seen.text("dropped").is_empty() && seen.text("missed").is_empty());
    let hint = "return document.querySelector('[data-download=pcapng]').title";
    let hint = page.script(hint).await;
    let hint = hint.as_str().expect("a hint");
    assert!(hint.contains("synthetic"), "{hint}");

    page.press(thirtyfour::Key::End).await;
    let last = page.until_step(seen.rows.len()).await;
    let stage = last.text("stage");
    let lane = "not captured: needs CAP_NET_RAW";
    assert!(stage.lines().any(|line| line == lane), "{stage}");
    assert!(stage.contains("counts only: "), "{stage}");
    let explain = last.text("explain");
    assert!(explain.contains("TCP_INFO"), "{explain}");
    assert_eq!(page.browser.complaints().await, [""; 0]);
}
