//! What a process said of its run, read and checked as a file's lines are.

use protocol::Nanos;
use record::file::Rules;
use record::{Record, file};
use serde::{Deserialize, Serialize};
use trace::link::{Ended, Ending, Line, VERSION};
use trace::{Call, ClientId, Event, Reason};

use super::exit::{Exit, Killed, words};
use super::pipe::Text;

/// Most events of a run: calls and packets, and what cut it off. No lab makes more.
const MOST_EVENTS: usize = 100_000;

/// What comes from a process, in order.
#[derive(Debug)]
pub(super) enum Said {
    /// A line.
    Text(Text),
    /// It has ended; nothing comes any more.
    Exit(Exit),
    /// What follows from its end.
    Line(Box<Line>),
}

/// What a process says in front of its `ended` line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LeftOut {
    /// Calls that were more than a run may have.
    pub(super) left_out: u64,
}

/// The lines of one run, as far as they were read.
#[derive(Debug)]
pub(super) struct Reading {
    run: u32,
    record: Record,
    rules: Rules,
    line: usize,
    has_begun: bool,
    is_over: bool,
    last: Nanos,
    pub(super) left_out: u64,
}

impl Reading {
    pub(super) fn new(run: u32) -> Self {
        Self {
            run,
            record: Record::default(),
            rules: Rules::default(),
            line: 0,
            has_begun: false,
            is_over: false,
            last: Nanos(0),
            left_out: 0,
        }
    }

    /// Reads a line, none where it is no line of the run or stands behind the last one.
    ///
    /// # Errors
    /// What is wrong with it. Nothing that comes behind it counts.
    pub(super) fn read(&mut self, json: &str) -> Result<Option<Line>, String> {
        if self.is_over {
            return Ok(None);
        }
        if let Ok(LeftOut { left_out }) = serde_json::from_str(json) {
            self.left_out = left_out;
            return Ok(None);
        }
        self.line += 1;
        let line: Line = file::Line::parse(json).map_err(|error| error.to_string())?;
        match &line {
            Line::Error { .. } => return Ok(Some(line)),
            Line::Run(run) if !self.has_begun => {
                if run.version != VERSION || run.run != self.run {
                    return Err("it is another run".to_owned());
                }
                self.has_begun = true;
                self.record = Record::new(run.head.clone());
                return Ok(Some(line));
            }
            _ if !self.has_begun => return Err("it does not begin with a run".to_owned()),
            _ => {}
        }
        let taken = self
            .rules
            .take(&mut self.record, &line, self.line, MOST_EVENTS);
        taken.map_err(|error| error.to_string())?;
        match &line {
            Line::Event(event) => self.last = self.last.max(event.at),
            Line::Ended(_) => self.is_over = true,
            _ => {}
        }
        Ok(Some(line))
    }

    /// The lines that end a run whose process has ended; none where it said them itself.
    pub(super) fn end(&mut self, exit: &Exit) -> Vec<Line> {
        if exit.killed == Some(Killed::Unread) && self.has_begun && !self.is_over {
            self.is_over = true;
            let reason = Reason::Unread;
            let cut = Event {
                reason: Some(reason),
                ..Event::new(self.last, ClientId::FIRST.acceptor(), reason.call())
            };
            debug_assert_eq!(cut.call, Call::Cut);
            let ended = self.ended(Ending::Limit, 1);
            return vec![Line::Event(cut), ended];
        }
        self.fail(&words(exit))
    }

    /// The lines that end a run whose process failed like `why`.
    pub(super) fn fail(&mut self, why: &str) -> Vec<Line> {
        if self.is_over {
            return Vec::new();
        }
        self.is_over = true;
        let run = self.run;
        let message = match run {
            0 => why.to_owned(),
            run => format!("run {run}: {why}"),
        };
        let mut lines = vec![Line::Error { message }];
        if self.has_begun {
            lines.push(self.ended(Ending::Crashed, 0));
        }
        lines
    }

    fn ended(&self, why: Ending, more: usize) -> Line {
        Line::Ended(Ended {
            events: u32::try_from(self.rules.events() + more).unwrap_or(u32::MAX),
            why,
            missed: None,
            dropped: None,
        })
    }

    /// Whether it was told that there is no run, and why: nothing has to be said of the end
    /// of its process then.
    pub(super) const fn refuse(&mut self) {
        if !self.has_begun {
            self.is_over = true;
        }
    }
}
