//! The terminal that a standard stream is: its width, its language, its characters.

use std::env;
use std::io::{self, IsTerminal as _};

use clap::Args;
use stickylab::lessons::Language;
use stickylab::terminal::Screen;

/// Columns of a terminal that does not say how many it has.
const TERMINAL: usize = 80;
/// Columns where standard output is no terminal.
const FILE: usize = 100;

/// Where lanes are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    /// Standard output.
    Out,
    /// Standard error: standard output is another program's.
    Error,
}

/// `--lang`.
#[derive(Debug, Args)]
pub(super) struct Spoken {
    /// Language of lessons and explanations: en or zh. Default: that of LC_ALL,
    /// LC_MESSAGES or LANG, else en
    #[arg(long = "lang", value_name = "LANG")]
    language: Option<Language>,
}

impl Spoken {
    /// The language: what was asked for, else the environment's, else English.
    pub(super) fn language(&self) -> Language {
        self.language.unwrap_or_else(|| {
            let locale = locale("LC_MESSAGES");
            Language::of_locale(&locale).unwrap_or(Language::ENGLISH)
        })
    }

    /// A stream, in that language.
    pub(super) fn screen(&self, stream: Stream) -> Screen {
        let charset = locale("LC_CTYPE").to_ascii_lowercase();
        let is_utf8 = charset.contains("utf-8") || charset.contains("utf8");
        Screen::new(columns(stream), self.language(), is_utf8)
    }
}

/// The locale of a category, as POSIX has it (8.2): the first variable that is set
/// and not empty.
fn locale(category: &str) -> String {
    let set = ["LC_ALL", category, "LANG"].into_iter();
    let mut set = set.filter_map(|name| env::var(name).ok());
    set.find(|locale| !locale.is_empty()).unwrap_or_default()
}

/// Columns there are: COLUMNS decides, else the terminal.
fn columns(stream: Stream) -> usize {
    let asked = env::var("COLUMNS").ok();
    let asked = asked.and_then(|columns| columns.parse().ok());
    asked.unwrap_or_else(|| {
        if stream.is_terminal() {
            stream.window().unwrap_or(TERMINAL)
        } else {
            FILE
        }
    })
}

impl Stream {
    fn is_terminal(self) -> bool {
        match self {
            Self::Out => io::stdout().is_terminal(),
            Self::Error => io::stderr().is_terminal(),
        }
    }

    /// The width of the terminal's window (ioctl_tty(2), TIOCGWINSZ).
    #[cfg(unix)]
    fn window(self) -> Option<usize> {
        let size = match self {
            Self::Out => rustix::termios::tcgetwinsize(io::stdout()),
            Self::Error => rustix::termios::tcgetwinsize(io::stderr()),
        };
        Some(usize::from(size.ok()?.ws_col)).filter(|columns| *columns > 0)
    }

    #[cfg(not(unix))]
    fn window(self) -> Option<usize> {
        None
    }
}
