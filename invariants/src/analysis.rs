//! What is made of a trace: lanes, causes, sentences, drawings, pcapng.
//!
//! Input: the experiment, then events, a few bytes each. Every trace that a
//! reader accepts can be said so, but for long texts.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use protocol::{Nanos, Offset, System};
use record::Link;
use stickylab::lessons;
use stickylab::terminal::{self, Screen};
use trace::cause::held_back;
use trace::counterfactual::{counterfactual_at, counterfactual_of_run, remaining};
use trace::duel::Opponent;
use trace::lane::Direction;
use trace::lesson::Count;
use trace::link::{Capture, Ending, Head};
use trace::text::{Catalog, Sentence, Value};
use trace::{
    Analysis, Call, Client, ClientId, Connection, Counts, End, Event, Experiment, Flags, Header,
    Lesson, MAX_OFFSET, Message as Text, Options, Reason, Socket, Trace, pcapng,
};
use web_client::app::{Format, Message, Setup, State};
use web_client::language::Language;
use web_client::scene::{self, View};
use web_client::settings::Settings;
use web_client::{catalog, file};

use crate::decoder;
use crate::input::Input;
use crate::insertion;
use crate::lanes;
use crate::written;

/// Most steps of a trace that are explained and drawn: each is work for the
/// whole trace.
const STEPS: usize = 24;

/// Whatever a trace says, all of it can be written, read and shown.
pub fn check(bytes: &[u8]) {
    let trace = read(bytes);
    written::check(&trace);
    check_trace(&trace);
}

/// The trace that `bytes` stand for.
pub fn read(bytes: &[u8]) -> Trace {
    trace(&mut Input::new(bytes))
}

/// Everything that is made of a trace.
pub(crate) fn check_trace(trace: &Trace) {
    insertion::check(trace);
    let analysis = Analysis::new(trace);
    for lane in &analysis.lanes {
        lanes::check(trace, lane);
    }
    check_causes(trace, &analysis);
    for count in Count::ALL {
        count.of(trace, &analysis, Some(Opponent::OneRecv));
    }
    for step in 0..=trace.events().len().min(STEPS) {
        let explanation = trace::explain(trace, &analysis, step);
        for sentence in std::iter::once(&explanation.head).chain(&explanation.rest) {
            check_sentence(sentence);
        }
    }
    check_blocks(&pcapng::write(trace, &analysis));
    for language in lessons::Language::all() {
        let is_utf8 = language != lessons::Language::ENGLISH;
        let screen = Screen::new(100, language, is_utf8);
        check_terminal(&terminal::draw(trace, &analysis, screen));
    }
    if trace.ending().is_some() {
        check_page(trace);
    }
}

/// Each cause is about an event, and a knob that proves it can be turned.
fn check_causes(trace: &Trace, analysis: &Analysis) {
    let boundaries = analysis.lanes.iter().flat_map(|lane| &lane.boundaries);
    let events: BTreeSet<usize> = boundaries.map(|boundary| boundary.event).collect();
    let counterfactuals = events.iter().take(STEPS).map(|&event| {
        assert!(event < trace.events().len());
        held_back(trace, event);
        counterfactual_at(trace, analysis, event)
    });
    for counterfactual in counterfactuals
        .chain([counterfactual_of_run(trace, analysis)])
        .flatten()
    {
        assert!(
            remaining(trace, analysis, counterfactual.knob) > 0,
            "{counterfactual:?}"
        );
        let plan = trace.plan.as_ref().expect("only a plan has knobs");
        let mut turned = plan.clone();
        let set = counterfactual.knob.set(&mut turned, &counterfactual.value);
        assert_eq!(set, Ok(()), "{counterfactual:?}");
        assert_ne!(turned, *plan, "{counterfactual:?} changes nothing");
    }
}

/// What the page shows until it has a file; read once, that takes long.
static LESSON: LazyLock<Lesson> = LazyLock::new(|| stickylab::lessons::all().swap_remove(0));

static TEXTS: LazyLock<Vec<Catalog>> =
    LazyLock::new(|| Language::all().map(catalog::texts).collect());

/// Each language has the sentence, and it has all values that they name.
fn check_sentence(sentence: &Sentence) {
    for catalog in &*TEXTS {
        let template = catalog.template(sentence.key);
        let template = template.unwrap_or_else(|| panic!("{} has no text", sentence.key));
        let fields = template.split('{').skip(1);
        for field in fields {
            let name = field.split(['|', '}']).next().unwrap_or_default();
            let named = sentence.values.iter().any(|(known, _)| *known == name);
            assert!(named, "{} lacks {name}", sentence.key);
        }
        for (_, value) in &sentence.values {
            match value {
                Value::Word(key) => {
                    assert!(catalog.template(key).is_some(), "{key} has no text");
                }
                Value::Part(part) => check_sentence(part),
                Value::Count(_) | Value::Text(_) => {}
            }
        }
        catalog.render(sentence);
    }
}

/// A file of whole blocks: type, length, contents, length again
/// (draft-ietf-opsawg-pcapng, 3.1).
fn check_blocks(file: &[u8]) {
    let word = |at: usize| {
        let bytes = file.get(at..at + 4).expect("a whole block");
        bytes
            .iter()
            .rev()
            .fold(0, |word, byte| word << 8 | usize::from(*byte))
    };
    let (mut at, mut blocks) = (0, 0);
    while at < file.len() {
        let length = word(at + 4);
        assert!(length >= 12 && length.is_multiple_of(4), "{length} at {at}");
        assert_eq!(word(at + length - 4), length);
        if word(at) == 6 {
            let captured = word(at + 20);
            assert!(captured <= word(at + 24) && captured + 32 <= length);
        }
        at += length;
        blocks += 1;
    }
    assert_eq!(at, file.len());
    assert!(blocks >= 2, "a section and an interface");
}

/// Nothing in it but lines, and styles: ESC [ digits m.
fn check_terminal(text: &str) {
    let mut pieces = text.split('\u{1b}');
    let plain = |text: &str| {
        let obeyed = |c: char| c != '\n' && c.is_control();
        assert!(!text.contains(obeyed), "{text:?}");
    };
    plain(pieces.next().unwrap_or_default());
    for piece in pieces {
        let style = piece
            .strip_prefix('[')
            .and_then(|rest| rest.split_once('m'));
        let (digits, text) = style.expect("a style");
        assert!(digits.bytes().all(|b| b.is_ascii_digit() || b == b';'));
        plain(text);
    }
}

/// The page takes the file and draws it, step by step.
fn check_page(trace: &Trace) {
    let catalog = &TEXTS[0];
    let (mut state, _) = State::open(Setup {
        lessons: vec![LESSON.clone()],
        settings: Settings::default(),
        hash: String::new(),
        reduced_motion: false,
        nonces: || [[0; 32]; 4],
    });
    let name = "run.jsonl".to_owned();
    let content = Ok(file::write(trace));
    state.update(Message::FileRead { name, content });
    let Some(shown) = state.trace() else {
        assert!(trace.connections.is_empty(), "there is one to show");
        return;
    };
    if trace.plan.is_some() {
        assert_eq!(shown, trace);
    } else {
        // Of what programs of one's own said, one connection is on the stage.
        let mut all = trace.events().iter();
        let is_of_trace = |event| all.any(|other| other == event);
        assert!(shown.events().iter().all(is_of_trace));
    }
    let steps = shown.events().len();
    let first = 0..=steps.min(STEPS);
    for view in [View::Bytes, View::Time] {
        state.update(Message::ViewChosen(view));
        for step in first.clone().chain([steps]) {
            state.update(Message::StepTo(step));
            scene::stage(
                state.stage_model().as_ref(),
                view,
                state.axis(),
                catalog,
                900.0,
                300.0,
            );
            scene::scrubber::draw(state.index(), step, 300.0, 30.0);
            state.counterfactual();
        }
    }
    state.update(Message::Download(Format::Pcapng));
    state.update(Message::Download(Format::Trace));
}

/// A trace as a file may hold it.
fn trace(input: &mut Input<'_>) -> Trace {
    let mut trace = Trace::new(
        experiment(input),
        Head::new("Linux", input.pick(&Capture::ALL)),
    );
    let ending = input.pick(&[&Ending::ALL[..], &[]].concat());
    let (missed, dropped) = (told(input), told(input));
    let mut at = Nanos(0);
    // Where the stream of each end of each conversation stands.
    let mut ends = [[0_u64; 2]; 2];
    while !input.is_empty() {
        let event = event(input, &trace, at, &mut ends);
        at = event.at;
        if trace.connection(event.connection).is_none() {
            let (client, _) = ClientId::of(event.connection);
            let like = trace.connection(client.connection(0)).cloned();
            let like = like.expect("each client has a conversation");
            trace.add_connection(Connection {
                connection: event.connection,
                ..like
            });
        }
        if event.not_kept() > 0 {
            let kept = u32::try_from(event.bytes.len()).ok();
            trace.head.snap = trace.head.snap.max(kept);
        }
        trace.insert(event);
    }
    if is_forgotten(&trace) {
        trace.setup.opener_framing = Some(trace.framing(Direction::FromOpener));
        trace.setup.opener_nagle = Some(true);
        trace.plan = None;
    }
    trace.end(ending, missed, dropped);
    trace
}

/// An experiment that can be run.
fn experiment(input: &mut Input<'_>) -> Experiment {
    let mut experiment = Experiment::new(input.pick(&System::ALL), &[]);
    let set = input.byte();
    experiment.framing = (set & 1 > 0).then(|| decoder::framing(input));
    experiment.echo = (set & 2 > 0).then_some(set & 4 > 0);
    experiment.serial = (set & 8 > 0).then_some(set & 16 > 0);
    experiment.buffer = input.small();
    experiment.read_delay_ms = input.small();
    experiment.receive_buffer = input.small();
    experiment.clients = (0..=usize::from(set >> 7)).map(|_| client(input)).collect();
    if experiment.validate().is_err() {
        // What no reader accepts; what is left of it may be.
        experiment.framing = None;
        experiment.buffer = experiment.buffer.clamp(1, 4096);
        experiment.read_delay_ms = experiment.read_delay_ms.min(1_000);
        experiment.receive_buffer = 0;
    }
    if experiment.validate().is_err() {
        return Experiment::new(experiment.system, &["hello"]);
    }
    experiment
}

fn client(input: &mut Input<'_>) -> Client {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let set = input.byte();
    let messages = (0..set & 3).map(|_| Text(text(input.bytes())));
    let mut client = Client {
        messages: messages.collect(),
        nagle: set & 4 > 0,
        turns: set & 8 > 0,
        ..Client::default()
    };
    if set & 16 > 0 {
        client.gap_us = input.small().min(1_000_000);
        client.hold_ms = input.small().min(1_000);
        client.send_buffer = input.small().min(1 << 20);
    }
    client
}

/// Every other experiment is forgotten: then its record has no plan.
fn is_forgotten(trace: &Trace) -> bool {
    trace.plan.as_ref().is_some_and(|plan| plan.buffer % 2 == 1)
}

fn event(input: &mut Input<'_>, trace: &Trace, before: Nanos, ends: &mut [[u64; 2]; 2]) -> Event {
    let clients = trace.plan.as_ref().map_or(1, |plan| plan.clients.len());
    let who = input.byte();
    let client = ClientId::ALL[usize::from(who & 1) % clients];
    let mut origin = if who & 2 > 0 {
        client.acceptor()
    } else {
        client.opener()
    };
    if who & 4 > 0 && clients > 1 {
        // A descriptor that was passed on.
        origin.party = ClientId::SECOND.party();
    }
    let choice = usize::from(who >> 3);
    let call = Call::ALL[choice % Call::ALL.len()];
    let at = before + Nanos(input.number());
    // The numbers left over choose among the client's further connections.
    let number = u16::try_from(choice / Call::ALL.len()).unwrap_or(u16::MAX);
    origin.connection = client.connection(number);
    let mut event = Event::new(at, origin, call);
    if call.is_decision() {
        event.reason = Some(reason(input, call));
    }
    let more = input.byte();
    event.bytes = match more & 3 {
        0 => Vec::new(),
        1 => input.bytes().to_vec(),
        2 => vec![input.byte(); 3 * usize::from(input.byte())],
        // Long ones are few bytes of input.
        _ => vec![b'x'; usize::from(input.byte()) << 8],
    };
    let end = &mut ends[usize::from(origin.end == End::Acceptor)][client.index()];
    event.offset = Offset(match more >> 2 & 3 {
        0 => *end,
        1 => end.saturating_sub(input.number()),
        2 => end.saturating_add(input.number()).min(MAX_OFFSET),
        _ => input.number().min(MAX_OFFSET),
    });
    if matches!(call, Call::Send | Call::Recv) {
        *end = event.end().0.min(MAX_OFFSET);
    }
    event.asked = u32::try_from(event.len()).unwrap_or(u32::MAX);
    if more & 16 > 0 {
        event.asked = input.small();
        event.took = Nanos(input.number());
    }
    // Now and then less was kept than was moved, and rarely by far.
    let kept = u32::try_from(event.bytes.len()).unwrap_or(u32::MAX);
    let further = match event.asked % 11 {
        1 => event.asked / 11,
        2 => 3,
        3 if event.asked > 100 => u32::MAX / 2,
        _ => 0,
    };
    let is_transfer = matches!(call, Call::Send | Call::Recv) && more & 128 == 0;
    event.length = (is_transfer && further > 0).then_some(kept.saturating_add(further));
    if more & 32 > 0 {
        event.socket = socket(input);
    }
    if more & 64 > 0 {
        let mut header = Header {
            flags: Flags(input.byte()),
            ack: Offset(input.number().min(MAX_OFFSET)),
            window: input.small(),
            mss: told(input).and_then(|mss| u16::try_from(mss).ok()),
            gso: told(input).and_then(|gso| u16::try_from(gso).ok()),
            raw: input.bytes().to_vec(),
            ..Header::default()
        };
        // A length that was not all captured, and no Ethernet, now and then.
        header.length = (header.window % 5 == 1).then_some(header.window);
        header.link = Link(header.mss.map_or(Link::ETHERNET.0, |mss| mss % 300));
        event.header = Some(header);
    }
    if more & 128 > 0 {
        event.error = Some(String::from_utf8_lossy(input.bytes()).into_owned());
    }
    event
}

/// One of the reasons why `call` is decided.
fn reason(input: &mut Input<'_>, call: Call) -> Reason {
    let reasons = Reason::ALL.into_iter();
    let fitting: Vec<_> = reasons.filter(|reason| reason.call() == call).collect();
    input.pick(&fitting)
}

/// What the kernel may have told, or not.
fn told(input: &mut Input<'_>) -> Option<u32> {
    match input.small() {
        0 => None,
        number => Some(number - 1),
    }
}

fn socket(input: &mut Input<'_>) -> Socket {
    let (waiting, unacked) = (told(input), told(input));
    let (unsent, accept_queue) = (told(input), told(input));
    let waits = unsent.is_some_and(|unsent| unsent > 0);
    Socket {
        waiting,
        unacked,
        unsent,
        mss: waits.then(|| told(input)).flatten(),
        window: waits.then(|| told(input)).flatten(),
        accept_queue,
        listen_drops: accept_queue.and_then(|_| told(input)),
        length: told(input),
        dropped: told(input),
        counts: input.flag().then(|| Counts {
            segments_out: input.small(),
            segments_in: input.small(),
            data_out: input.small(),
            data_in: input.small(),
            retransmitted: input.small(),
        }),
        options: input.flag().then(|| Options {
            nodelay: input.flag().then(|| input.flag()),
            cork: input.flag().then(|| input.flag()),
            linger: told(input).and_then(|seconds| i32::try_from(seconds).ok()),
            send_buffer: told(input),
            ..Options::default()
        }),
    }
}
