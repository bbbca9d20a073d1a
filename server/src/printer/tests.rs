//! Who reads, who reads slowly, and who doesn't read at all.

use std::sync::mpsc;

use super::*;

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

fn notice(dropped: u64) -> String {
    format!("{dropped} dropped")
}

/// Takes one write for each permit, and passes on what it took.
struct Gate {
    permits: mpsc::Receiver<()>,
    taken: mpsc::Sender<Vec<u8>>,
}

impl Write for Gate {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.permits.recv().is_err() {
            return Err(ErrorKind::BrokenPipe.into());
        }
        // Whoever looked for it has seen enough.
        let _ = self.taken.send(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What lets the printer write, and what it wrote.
struct Reader {
    permit: mpsc::Sender<()>,
    taken: mpsc::Receiver<Vec<u8>>,
}

impl Reader {
    fn read(&self) -> String {
        self.permit.send(()).unwrap();
        let bytes = self.taken.recv_timeout(PATIENCE).unwrap();
        String::from_utf8(bytes).unwrap()
    }
}

fn gated(capacity: usize) -> (Printer, Reader) {
    let (permit, permits) = mpsc::channel();
    let (sender, taken) = mpsc::channel();
    let gate = Gate {
        permits,
        taken: sender,
    };
    let printer = Printer::new("gated", gate, capacity, notice).unwrap();
    (printer, Reader { permit, taken })
}

/// Until the thread has taken what waits, and blocks.
fn until_blocked(printer: &Printer) {
    let deadline = Instant::now() + PATIENCE;
    while !printer.0.state().waiting.is_empty() {
        assert!(Instant::now() < deadline, "it does not write");
        thread::yield_now();
    }
}

#[test]
fn lines_come_in_order_and_all_of_them() {
    let (printer, reader) = gated(CAPACITY);
    printer.print("listening");
    until_blocked(&printer);
    printer.print("one");
    printer.print("");
    printer.print("two");
    assert_eq!(reader.read(), "listening\n");
    assert_eq!(reader.read(), "one\n\ntwo\n");
    printer.flush(PATIENCE);
    assert_eq!(printer.dropped(), 0);
}

#[test]
fn what_finds_no_room_is_told_in_its_place() {
    let (printer, reader) = gated(20);
    printer.print("123456789");
    until_blocked(&printer);
    printer.print("abcdefghi");
    for _ in 0..1_000 {
        // Too long, and then too late.
        printer.print("lost");
    }
    assert_eq!(printer.dropped(), 1_000);
    assert_eq!(reader.read(), "123456789\n");
    printer.print("lost");
    assert_eq!(reader.read(), "abcdefghi\n");
    assert_eq!(reader.read(), "1001 dropped\n");
    printer.flush(PATIENCE);
    printer.print("again");
    assert_eq!(reader.read(), "again\n");
    assert_eq!(printer.dropped(), 1_001);
}

#[test]
fn what_finds_no_room_need_not_be_made() {
    let (printer, reader) = gated(20);
    printer.print("123456789");
    until_blocked(&printer);
    assert!(!printer.refuses(10));
    assert!(printer.refuses(11));
    assert_eq!(printer.dropped(), 1);
    assert_eq!(reader.read(), "123456789\n");
    assert_eq!(reader.read(), "1 dropped\n");
}

/// Takes nothing, such as a pipe that nobody reads any more.
struct Broken;

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_line_that_a_broken_pipe_loses_counts_once() {
    let printer = Printer::new("broken", Broken, CAPACITY, notice).unwrap();
    for count in 1..=3 {
        printer.print("lost");
        printer.flush(PATIENCE);
        assert_eq!(printer.dropped(), count);
    }
}

#[test]
fn a_flush_does_not_wait_for_somebody_who_does_not_read() {
    let (printer, reader) = gated(CAPACITY);
    printer.print("nobody reads this");
    printer.flush(Duration::from_millis(1));
    assert_eq!(reader.read(), "nobody reads this\n");
    printer.flush(PATIENCE);
}

#[test]
fn whoever_closes_its_end_loses_what_is_printed() {
    let (printer, reader) = gated(CAPACITY);
    drop(reader);
    printer.print("one");
    printer.flush(PATIENCE);
    printer.print("two");
    printer.flush(PATIENCE);
    // With the notice of the first in front of the second.
    assert!(printer.dropped() >= 2, "{}", printer.dropped());
}

#[test]
fn pieces_are_whole_lines() {
    fn check(bytes: &[u8], expected: usize) {
        assert_eq!(whole_lines(bytes), expected);
    }
    check(b"", 0);
    check(b"a\nb\n", 4);
    let line = |length: usize| [vec![b'x'; length - 1], b"\n".to_vec()].concat();
    check(&line(PIECE), PIECE);
    check(&[line(PIECE - 2), line(5)].concat(), PIECE - 2);
    check(&[line(2 * PIECE), line(5)].concat(), 2 * PIECE);
}

#[tokio::test]
async fn a_connection_waits_for_its_own_lines_and_for_nobody_elses() {
    let (printer, reader) = gated(CAPACITY);
    let line = "x".repeat(SHARE / 4);
    let mut greedy = printer.share();
    let mut modest = printer.share();
    for _ in 0..4 {
        greedy.room().await;
        greedy.print(&line);
    }
    modest.print("hi");
    modest.room().await;
    let reading = thread::spawn(move || {
        let mut read = 0;
        while read < SHARE {
            read += reader.read().len();
        }
        reader
    });
    let waited = tokio::time::timeout(PATIENCE, greedy.room());
    waited.await.expect("its lines are read");
    let state = printer.0.state().written;
    let reader = reading.join().unwrap();
    assert!(state >= greedy.end || printer.0.state().progress.elapsed() >= STUCK);
    // Nobody reads: nobody waits for long, and what is too much is dropped.
    let since = Instant::now();
    for _ in 0..1_000 {
        greedy.room().await;
        greedy.print(&line);
    }
    assert!(since.elapsed() < PATIENCE);
    assert!(printer.dropped() > 0);
    drop(reader);
}

#[test]
fn a_log_line_is_taken_whole() {
    let (printer, reader) = gated(CAPACITY);
    printer.make_writer().write_all(b"WARN x\n").unwrap();
    assert_eq!(reader.read(), "WARN x\n");
}

#[test]
fn a_long_text_waits_for_its_reader_and_not_for_one_who_reads_nothing() {
    let lines: Vec<_> = (0..40).map(|n| format!("line {n:03}\n")).collect();
    let text = lines.concat();
    // Room for four lines.
    let (printer, reader) = gated(40);
    let writer = printer.clone();
    let whole = text.clone();
    let writing = thread::spawn(move || {
        writer.print_all(&whole);
        writer.drain()
    });
    let mut read = String::new();
    while read.len() < text.len() {
        read += &reader.read();
    }
    assert_eq!(read, text);
    assert!(writing.join().unwrap(), "all was written");
    assert_eq!(printer.dropped(), 0);
    // From now on nobody reads.
    printer.print_all(&text);
    assert!(!printer.drain());
    drop(reader);
}
