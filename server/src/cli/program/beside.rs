//! What happens beside a program while it is traced: its record grows on a page, its calls
//! are printed.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use anyhow::{Context as _, Result};
use kernel::tracee;
use record::{Head, Record};
use stickylab::journal::Journal;
use stickylab::live::{Calls, Live};
use stickylab::news::News;
use stickylab::terminal::Screen;
use trace::Setup;
use trace::text::Sentence;

use crate::cli::record_page::{Bound, Serving};
use crate::cli::standard_error::StandardError;

/// The page and the printed calls, as far as they are wanted.
pub(super) struct Beside {
    pub(super) errors: StandardError,
    page: Option<Serving>,
    reader: Option<(Sender<News>, Live)>,
}

impl Beside {
    /// Starts what is wanted of it. `head` and `setup` are those of the record.
    pub(super) fn start(
        page: Option<Bound>,
        live: bool,
        (head, setup): (&Head, &Setup),
        screen: Screen,
    ) -> Result<Self> {
        if page.is_none() && !live {
            return Ok(Self {
                errors: StandardError::Direct,
                page: None,
                reader: None,
            });
        }
        let (errors, printer) = StandardError::queued()?;
        let calls = live.then(|| Calls::new(printer, screen, head.clone(), setup.clone()));
        let journal = page.map(|bound| {
            let journal = Arc::new(Journal::new(head.clone(), setup.clone()));
            let serving = bound.serve_beside(Arc::clone(&journal))?;
            anyhow::Ok((journal, serving))
        });
        let (journal, page) = journal.transpose()?.unzip();
        let (sender, news) = channel();
        let reader = Live::start(news, journal, calls).context("cannot start")?;
        Ok(Self {
            errors,
            page,
            reader: Some((sender, reader)),
        })
    }

    /// Who is to be told what is recorded; none if nobody is.
    pub(super) fn news(&self) -> Option<Sender<News>> {
        self.reader.as_ref().map(|(sender, _)| sender.clone())
    }

    /// The record is complete.
    pub(super) fn complete(&mut self, record: &Record) {
        if let Some((sender, reader)) = self.reader.take() {
            // The reader reads until nobody tells anything any more.
            drop(sender);
            reader.finish(record);
        }
    }

    /// The page stays until Ctrl-C, unless this program was asked to end before.
    pub(super) fn stay(self, screen: Screen) -> Result<()> {
        if let Some(page) = self.page {
            page.stay(|| {
                let stays = !tracee::is_to_end();
                if stays {
                    let sentence = Sentence::new("terminal.page-stays");
                    self.errors.say(&screen.say(&sentence));
                }
                stays
            })?;
            page.end()?;
        }
        self.errors.flush();
        Ok(())
    }
}
