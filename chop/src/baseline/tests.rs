use record::End;

use super::*;
use crate::failing::Waits;

fn run(sent: &[&[u8]], output: &str) -> Observation {
    let connections = sent.iter().zip(1..).map(|(sent, connection)| Connected {
        place: Place {
            connection,
            end: End::Acceptor,
        },
        received: b"hello".to_vec(),
        received_ends: vec![5],
        sent: sent.to_vec(),
        sent_ends: Vec::new(),
        closing: Closing::Closed,
    });
    Observation {
        connections: connections.collect(),
        output: output.into(),
        errors: Vec::new(),
        exit: Exit::Signal(2),
        deaths: Vec::new(),
        are_writers: [false; 2],
        waits: Waits::default(),
        outcome: Outcome::Finished,
    }
}

fn baseline(runs: &[Observation]) -> Baseline {
    let mut baseline = Baseline::new(runs[0].clone(), Masks::default());
    for run in &runs[1..] {
        assert!(baseline.learn(run));
    }
    baseline
}

#[test]
fn a_run_as_is_that_moves_nothing_or_exits_otherwise_is_strange() {
    let as_is = run(&[b"HELLO"], "");
    let baseline = baseline(std::slice::from_ref(&as_is));
    let check = |change: fn(&mut Observation), expected: bool| {
        let mut run = as_is.clone();
        change(&mut run);
        assert_eq!(baseline.is_strange(&run), expected, "{run:?}");
    };
    check(|_| {}, false);
    // Other bytes may be chance: a time, a challenge.
    check(|run| run.connections[0].sent = b"other".to_vec(), false);
    check(|run| run.output = b"x".to_vec(), false);
    check(|run| run.exit = Exit::Code(1), true);
    check(
        |run| {
            run.connections[0].sent.clear();
            run.connections[0].received.clear();
        },
        true,
    );
}

#[test]
fn a_run_as_is_that_differs_may_do_so_for_other_pieces() {
    let mut baseline = baseline(&[run(&[b"HELLO"], "got hello\n")]);
    let other = run(&[b"HE"], "got he\n");
    assert!(!baseline.is_moot(&other), "the pieces are the same");
    let cut = |mut run: Observation| {
        run.connections[0].received_ends = vec![2, 5];
        run
    };
    assert!(baseline.is_moot(&cut(other.clone())));
    let same = cut(run(&[b"HELLO"], "got hello\n"));
    assert!(!baseline.is_moot(&same), "it does not differ");
    // What it does when they come so is known then.
    assert!(baseline.learn(&same));
    assert!(!baseline.is_moot(&cut(other)));
}

fn names(baseline: &Baseline, run: &Observation) -> Vec<&'static str> {
    let found = baseline.compare(run);
    found.iter().map(Difference::name).collect()
}

#[test]
fn the_same_again_does_not_differ() {
    let as_is = [run(&[b"HELLO"], "port 1\n"), run(&[b"HELLO"], "port 2\n")];
    let baseline = baseline(&as_is);
    assert_eq!(baseline.compare(&run(&[b"HELLO"], "port 99\n")), []);
    assert_eq!(baseline.masked(), 1);
    assert!(!baseline.is_loose());
}

#[test]
fn what_differs_is_told() {
    let baseline = baseline(&[run(&[b"HELLO"], "got hello\n")]);
    let other = run(&[b"HE"], "got he\n");
    assert_eq!(names(&baseline, &other), ["sent", "output"]);
    let Difference::Output {
        expected, found, ..
    } = &baseline.compare(&other)[1]
    else {
        panic!("it is the output");
    };
    assert_eq!(expected.as_deref(), Some("got hello"));
    assert_eq!(found.as_deref(), Some("got he"));
    let mut crashed = run(&[b"HELLO"], "got hello\n");
    crashed.exit = Exit::Signal(11);
    assert_eq!(names(&baseline, &crashed), ["crash"]);
    crashed.exit = Exit::Code(1);
    assert_eq!(names(&baseline, &crashed), ["exit"]);
    let mut open = run(&[b"HELLO"], "got hello\n");
    open.connections[0].closing = Closing::Open;
    assert_eq!(names(&baseline, &open), ["closing"]);
    open.outcome = Outcome::Hung;
    assert_eq!(names(&baseline, &open), ["hangs"]);
    assert_eq!(names(&baseline, &run(&[], "got hello\n")), ["connections"]);
}

#[test]
fn connections_and_lines_may_come_in_another_order() {
    let as_is = run(&[b"A", b"B"], "a\nb\n");
    let baseline = baseline(&[as_is]);
    assert_eq!(baseline.compare(&run(&[b"B", b"A"], "b\na\n")), []);
    assert_eq!(
        names(&baseline, &run(&[b"B", b"B"], "b\nb\n")),
        ["sent", "output"]
    );
}

#[test]
fn lines_of_several_threads_may_come_in_another_order() {
    let check = |are_writers, expected: &[&str]| {
        let as_is = Observation {
            are_writers,
            ..run(&[b"A"], "a\nb\n")
        };
        let found = names(&baseline(&[as_is]), &run(&[b"A"], "b\na\n"));
        assert_eq!(found, expected);
    };
    check([true, false], &[]);
    check([false, true], &["output"]);
}

#[test]
fn runs_as_is_that_have_nothing_in_common_cannot_be_compared() {
    let as_is = [run(&[b""], "\x01 !\n"), run(&[b""], "? +\n")];
    assert!(baseline(&as_is).is_loose());
    let mut other = Baseline::new(run(&[b"A"], ""), Masks::default());
    assert!(!other.learn(&run(&[b"A", b"A"], "")));
}
