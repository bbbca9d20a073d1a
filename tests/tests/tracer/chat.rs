//! The chats of `docs/your-own-program`, with their bug and mended, under trace.

use std::process::Command;

use serde_json::Value;
use tests::workspace;

use super::{Place, recorded};

/// A message of 48,889 bytes: two of them are more than any of the servers takes at once.
fn long() -> String {
    let numbers: Vec<_> = (0..10_000).map(|n: u32| n.to_string()).collect();
    numbers.join(" ")
}

/// How a chat is run, and what it prints of what it cannot read as a message.
struct Chat {
    broken: Vec<String>,
    mended: Vec<String>,
    /// How a text is sent.
    sent: fn(&str) -> String,
    /// How the line begins in which the broken one speaks of two messages at once.
    confused: &'static str,
}

fn script(interpreter: &str, name: &str) -> Vec<String> {
    let path = workspace::root().join("docs/your-own-program").join(name);
    vec![interpreter.to_owned(), path.display().to_string()]
}

fn compiled(place: &Place, name: &str) -> Vec<String> {
    let source = script("", &format!("{name}.c")).swap_remove(1);
    let program = place.text(name);
    let mut compiler = Command::new("cc");
    compiler.args(["-Wall", "-Wextra", "-Werror", "-o", &program, &source]);
    let output = compiler.output().expect("a C compiler");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    vec![program]
}

fn hex(text: &str) -> String {
    tests::events::hex(text.as_bytes())
}

impl Chat {
    /// The texts under trace: what was printed, and each recv of the server in hexadecimal.
    fn run(place: &Place, command: &[String], texts: &[&str]) -> (Vec<String>, Vec<String>) {
        let mut command: Vec<_> = command.iter().map(String::as_str).collect();
        command.extend(texts);
        let (finished, lines) = place.trace(&[], &command);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        (finished.out, recvs(&lines))
    }

    /// In the broken one two messages meet, and it says so or loses the second.
    fn breaks(&self, place: &Place) {
        let glued = ["anybody?", "bye"]
            .map(|text| hex(&(self.sent)(text)))
            .concat();
        let mut last = None;
        // Whether they meet is the scheduler's affair.
        for _ in 0..20 {
            let (printed, recvs) = Self::run(place, &self.broken, &[]);
            if recvs.contains(&glued) {
                assert_eq!(printed[0], "message: hello");
                assert!(printed[1].starts_with(self.confused), "{printed:?}");
                assert_eq!(printed.len(), 2, "{printed:?}");
                return;
            }
            last = Some((printed, recvs));
        }
        panic!("they never met: {last:?}");
    }

    /// The mended one prints each message, however its bytes came.
    fn works(&self, place: &Place) {
        let long = long();
        let few = ["hello", "anybody?", "bye"];
        let cut = ["hi", &long, &long, "粘包", "bye"];
        for texts in [&few[..], &cut] {
            let (printed, recvs) = Self::run(place, &self.mended, texts);
            let expected: Vec<_> = texts
                .iter()
                .map(|text| format!("message: {text}"))
                .collect();
            assert_eq!(printed, expected);
            let sent: Vec<_> = texts.iter().map(|text| hex(&(self.sent)(text))).collect();
            assert_eq!(recvs.concat(), sent.concat());
            // Two long ones fit into no buffer.
            let is_cut = ends(&recvs).iter().any(|end| !ends(&sent).contains(end));
            assert!(is_cut || texts == few, "each recv ended with a message");
        }
    }
}

/// Where pieces end, one behind the other.
fn ends(pieces: &[String]) -> Vec<usize> {
    let mut end = 0;
    let ends = pieces.iter().map(|piece| {
        end += piece.len();
        end
    });
    ends.collect()
}

fn recvs(lines: &[Value]) -> Vec<String> {
    let key = ("acceptor".to_owned(), "recv".to_owned());
    recorded(lines).remove(&key).expect("a server received")
}

#[test]
fn in_python() {
    let chat = Chat {
        broken: script("python3", "broken.py"),
        mended: script("python3", "mended.py"),
        sent: |text| {
            // As `json.dumps` has it: only ASCII.
            let escaped = text.chars().map(|c| match c {
                ' '..='~' => c.to_string(),
                c => format!("\\u{:04x}", u32::from(c)),
            });
            format!("{{\"say\": \"{}\"}}\n", escaped.collect::<String>())
        },
        confused: "dropped: Extra data",
    };
    let place = Place::new();
    chat.breaks(&place);
    chat.works(&place);
}

#[test]
fn in_node() {
    let node = tests::installed("NODE", "node");
    let node = node.to_str().expect("UTF-8");
    let chat = Chat {
        broken: script(node, "broken.js"),
        mended: script(node, "mended.js"),
        sent: |text| format!("{{\"say\":\"{text}\"}}\n"),
        confused: "dropped: Unexpected ",
    };
    let place = Place::new();
    chat.breaks(&place);
    chat.works(&place);
}

#[test]
fn in_c() {
    let place = Place::new();
    let chat = Chat {
        broken: compiled(&place, "broken"),
        mended: compiled(&place, "mended"),
        sent: |text| format!("{text}\0"),
        confused: "message: anybody?",
    };
    chat.breaks(&place);
    chat.works(&place);
}
