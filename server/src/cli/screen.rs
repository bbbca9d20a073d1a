//! The terminal that standard output is: its width, its language, its characters.

use std::env;
use std::io::{self, IsTerminal as _};

use clap::Args;
use stickylab::lessons::Language;
use stickylab::terminal::Screen;

/// Columns of a terminal that does not say how many it has.
const TERMINAL: usize = 80;
/// Columns where standard output is no terminal.
const FILE: usize = 100;

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

    /// Standard output, in that language.
    pub(super) fn screen(&self) -> Screen {
        let charset = locale("LC_CTYPE").to_ascii_lowercase();
        let is_utf8 = charset.contains("utf-8") || charset.contains("utf8");
        Screen::new(columns(), self.language(), is_utf8)
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
fn columns() -> usize {
    let asked = env::var("COLUMNS").ok();
    let asked = asked.and_then(|columns| columns.parse().ok());
    asked.unwrap_or_else(|| {
        if io::stdout().is_terminal() {
            window().unwrap_or(TERMINAL)
        } else {
            FILE
        }
    })
}

/// The width of the terminal's window (ioctl_tty(2), TIOCGWINSZ).
#[cfg(unix)]
fn window() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

#[cfg(not(unix))]
fn window() -> Option<usize> {
    None
}
