//! A client's user: lines in, replies out, and a prompt if it is a person.

use std::io::{self, BufRead, IsTerminal as _, Write};
use std::thread;

use tokio::sync::mpsc;

use crate::printable;

/// What a person is asked with.
const PROMPT: &str = "===> ";

/// Where a client's messages come from and its replies go.
pub struct Console {
    lines: mpsc::Receiver<Vec<u8>>,
    out: Box<dyn Write + Send>,
    /// Whether a person is there to be asked.
    prompts: bool,
    /// Whether the prompt is on the screen and not answered yet.
    asked: bool,
}

impl Console {
    /// Standard input and output; prompts on standard error if the input is a
    /// terminal.
    pub fn standard() -> Self {
        let input = io::BufReader::new(io::stdin());
        let prompts = io::stdin().is_terminal();
        Self::new(input, Box::new(io::stdout()), prompts)
    }

    /// The same without the output: replies are read, and not printed.
    pub fn quiet() -> Self {
        Self {
            out: Box::new(io::sink()),
            ..Self::standard()
        }
    }

    /// Reads `input` on a thread of its own, one line ahead: a read of a
    /// terminal can't be cancelled.
    pub fn new(
        input: impl BufRead + Send + 'static,
        out: Box<dyn Write + Send>,
        prompts: bool,
    ) -> Self {
        let (sender, lines) = mpsc::channel(1);
        thread::spawn(move || pass_lines(input, &sender));
        Self {
            lines,
            out,
            prompts,
            asked: false,
        }
    }

    /// The next line without its line ending, or `None`: there are no more.
    /// Dropping the future before it is ready loses no line.
    pub async fn line(&mut self) -> Option<Vec<u8>> {
        if self.prompts && !self.asked {
            self.asked = true;
            eprint!("{PROMPT}");
        }
        let line = self.lines.recv().await;
        self.asked = false;
        line
    }

    /// Whether a person types the lines.
    pub const fn is_interactive(&self) -> bool {
        self.prompts
    }

    /// Prints a reply as one line, at once.
    pub fn reply(&mut self, bytes: &[u8]) -> io::Result<()> {
        writeln!(self.out, "{}", printable::plain_or_escaped(bytes))?;
        self.out.flush()
    }

    /// Prints a part of a reply, at once; the next reply ends its line.
    pub fn part(&mut self, bytes: &[u8]) -> io::Result<()> {
        write!(self.out, "{}", printable::plain_or_escaped(bytes))?;
        self.out.flush()
    }

    /// Tells the user something that is no reply.
    pub fn note(&self, text: &str) {
        // Behind an unanswered prompt a note starts on a line of its own.
        let start = if self.asked { "\n" } else { "" };
        eprintln!("{start}{text}");
    }
}

fn pass_lines(mut input: impl BufRead, lines: &mpsc::Sender<Vec<u8>>) {
    loop {
        let mut line = Vec::new();
        match input.read_until(b'\n', &mut line) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => {
                eprintln!("standard input: {error}");
                return;
            }
        }
        // As Python's input() does it: `\n` or `\r\n` ends a line.
        if line.last() == Some(&b'\n') {
            line.pop();
            if line.last() == Some(&b'\r') {
                line.pop();
            }
        }
        if lines.blocking_send(line).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_are_bytes_and_the_last_needs_no_ending() {
        let input = io::Cursor::new(b"a\r\n\n\xe7\xb2\nlast".to_vec());
        let mut console = Console::new(input, Box::new(io::sink()), false);
        for expected in [&b"a"[..], b"", b"\xe7\xb2", b"last"] {
            assert_eq!(console.line().await.as_deref(), Some(expected));
        }
        assert_eq!(console.line().await, None);
        assert_eq!(console.line().await, None);
    }
}
