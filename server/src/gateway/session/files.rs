//! Files that the command line reads for pages: what they are told of those of the operator's
//! folder, and of one that a page sends. The gateway passes on what it is handed.

use std::fmt;
use std::future::pending;
use std::io;
use std::sync::Arc;

use tokio::sync::watch;
use trace::link::MAX_LESSON_SENT;

use super::Session;

/// What is known of files, as the command line has it.
#[derive(Clone)]
pub struct Files {
    /// What pages are told of the operator's folder: a JSON object, again when it changed.
    /// None without such a folder.
    pub folder: Option<watch::Receiver<Arc<str>>>,
    /// What a page is told of a file of this name and text, also where it can't be read: a
    /// JSON object.
    pub read: fn(name: &str, text: &str) -> String,
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let folder = self.folder.is_some();
        f.debug_struct("Files")
            .field("folder", &folder)
            .finish_non_exhaustive()
    }
}

/// What a session tells its page of them.
pub(super) struct Telling {
    files: Option<Files>,
    is_watched: bool,
}

impl Telling {
    pub(super) fn of(files: Option<&Files>) -> Self {
        Self {
            files: files.cloned(),
            is_watched: false,
        }
    }

    /// The page is told of the folder from now on, beginning with what it is.
    pub(super) fn watch(&mut self) {
        if !std::mem::replace(&mut self.is_watched, true)
            && let Some(folder) = self.files.as_mut().and_then(|files| files.folder.as_mut())
        {
            folder.mark_changed();
        }
    }

    /// What is to be told next. Safe to cancel.
    pub(super) async fn next(&mut self) -> Arc<str> {
        let folder = self.files.as_mut().and_then(|files| files.folder.as_mut());
        if let (true, Some(folder)) = (self.is_watched, folder)
            && folder.changed().await.is_ok()
        {
            return Arc::clone(&folder.borrow_and_update());
        }
        // Nobody looks at the folder any more: the program ends.
        pending().await
    }
}

impl Session {
    /// Tells the page what a file of its own says.
    pub(super) async fn read_file(&mut self, name: &str, text: &str) -> io::Result<()> {
        let Some(files) = &self.files.files else {
            return self.refuse("this gateway reads no files").await;
        };
        if text.len() > MAX_LESSON_SENT {
            let message = format!(
                "a file has at most {MAX_LESSON_SENT} bytes, and this one {}",
                text.len()
            );
            return self.refuse(&message).await;
        }
        let read = files.read;
        let json = self.turn.work(|| read(name, text)).await;
        self.web.queue(&json);
        Ok(())
    }
}
