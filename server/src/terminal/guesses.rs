//! Guesses of a framing, in order.

use std::fmt::Write as _;

use trace::guess::{Certainty, Guess};
use trace::text::Sentence;

use super::{BAD, DIM, Screen, printable};
use crate::printable as escaping;

/// Most bytes of a message that are printed.
const MOST: usize = 32;

/// Where a direction went, and what was guessed of it.
pub struct Guessed {
    /// Who sent, and to whom.
    pub from_to: [String; 2],
    /// Connections.
    pub connections: usize,
    /// Bytes that were looked at.
    pub bytes: usize,
    /// The likeliest first.
    pub guesses: Vec<Guess>,
}

/// The guesses of one direction.
pub fn guesses(guessed: &Guessed, screen: Screen) -> String {
    let [from, to] = &guessed.from_to;
    let what = Sentence::new("terminal.guess-of")
        .with("from", printable(from))
        .with("to", printable(to))
        .with("connections", guessed.connections)
        .with("bytes", guessed.bytes);
    let mut text = screen.paragraph(anstyle::Style::new(), &screen.say(&what));
    if guessed.guesses.is_empty() {
        text += &screen.paragraph(BAD, &screen.text("terminal.guess-none"));
    }
    for (index, guess) in guessed.guesses.iter().enumerate() {
        text += &one(index + 1, guess, screen);
    }
    text
}

fn one(number: usize, guess: &Guess, screen: Screen) -> String {
    let key = match guess.certainty {
        Certainty::Sure => "terminal.guess-sure",
        Certainty::Likely => "terminal.guess-likely",
        Certainty::Possible => "terminal.guess-possible",
    };
    let framing = trace::framing::write(&guess.usual());
    let mut text = format!("{number:>3}  {}", printable(&framing));
    let _ = writeln!(text, "  {DIM}{}{DIM:#}", screen.text(key));
    let evidence = &guess.evidence;
    let why = Sentence::new("terminal.guess-why")
        .with("messages", evidence.messages)
        .with("framed", evidence.framed)
        .with("bytes", evidence.bytes)
        .with("turns", evidence.turns)
        .with("with", evidence.turns_with);
    let _ = writeln!(text, "     {}", screen.say(&why));
    let first: Vec<_> = evidence
        .first
        .iter()
        .map(|message| {
            let front = &message[..message.len().min(MOST)];
            let more = if front.len() < message.len() {
                "…"
            } else {
                ""
            };
            escaping::escape(front) + more
        })
        .collect();
    let bar = if screen.is_utf8() { " │ " } else { " | " };
    let _ = writeln!(text, "     {DIM}{}{DIM:#}", first.join(bar));
    text
}
