//! A teacher's own lessons, for `stickylab serve --lessons DIR`: the folder's lesson files as
//! the text that the gateway passes on to pages, read again when one of them changes.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, ensure};
use stickylab::{lessons, printable};
use tokio::sync::watch;
use tokio::time::sleep;
use trace::lesson::file;
use trace::link::{LessonFile, Lessons, MAX_LESSON_SENT};

/// How often the folder is looked at.
const PERIOD: Duration = Duration::from_secs(1);
/// A file that was changed so recently may change again without another time of change, which
/// file systems keep in ticks of up to two seconds: it is read at each look.
const RECENT: Duration = Duration::from_secs(3);
/// Most files of the folder that are read; the first by name.
const MOST_FILES: usize = 200;
/// Most entries of the folder that are looked at.
const MOST_ENTRIES: usize = 10_000;
/// Most characters of an error that pages are told.
const LONGEST_ERROR: usize = 400;
/// Most bytes that pages are told of all lessons.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// What tells whether a file has changed: its name, when it was changed last, its size.
type Stamp = (String, Option<SystemTime>, u64);

/// A folder with lesson files.
pub(super) struct Folder {
    path: PathBuf,
    /// As they were when they were read last.
    stamps: Vec<Stamp>,
    /// What was logged of them last.
    errors: Vec<String>,
    /// Ids of the program's own lessons.
    taken: BTreeSet<String>,
    told: watch::Sender<Arc<str>>,
}

impl Folder {
    /// The folder as it is now; what changes later comes through [`watch`](Self::watch).
    pub(super) fn open(path: PathBuf) -> Result<(Self, watch::Receiver<Arc<str>>)> {
        let name = path.display();
        let found =
            fs::metadata(&path).with_context(|| format!("--lessons: cannot read {name}"))?;
        ensure!(
            found.is_dir(),
            "--lessons: {name} is no folder: give it the one that the .toml files are in"
        );
        let (told, telling) = watch::channel(Arc::from(""));
        let mut folder = Self {
            path,
            stamps: Vec::new(),
            errors: Vec::new(),
            taken: lessons::all().into_iter().map(|lesson| lesson.id).collect(),
            told,
        };
        folder.look(true);
        Ok((folder, telling))
    }

    /// Looks at the folder again and again, until the task is dropped.
    pub(super) async fn watch(mut self) {
        loop {
            sleep(PERIOD).await;
            // A folder may be that of another machine, and slow.
            let looked = tokio::task::spawn_blocking(move || {
                self.look(false);
                self
            });
            match looked.await {
                Ok(folder) => self = folder,
                Err(error) => return tracing::warn!(%error, "--lessons"),
            }
        }
    }

    /// Tells what is in the folder, if that is not what was told last.
    fn look(&mut self, is_first: bool) {
        let stamps = stamps(&self.path);
        let files = match stamps {
            Ok(stamps) => {
                let is_recent = has_recent(&stamps, SystemTime::now());
                if !is_first && !is_recent && stamps == self.stamps {
                    return;
                }
                self.stamps = stamps;
                self.read()
            }
            Err(error) => {
                self.stamps.clear();
                let name = self.path.file_name().unwrap_or_default().to_string_lossy();
                vec![LessonFile::refused(
                    &name,
                    format!("cannot read the folder: {error}"),
                )]
            }
        };
        let errors = files.iter().filter_map(|file| {
            let error = file.error.as_ref()?;
            Some([&file.name, ": ", error].concat())
        });
        let errors: Vec<_> = errors.collect();
        if errors != self.errors {
            for error in &errors {
                let error = printable::plain_or_escaped(error.as_bytes());
                tracing::warn!("--lessons: {error}");
            }
            self.errors = errors;
        }
        let lessons = Lessons {
            folder: Some(files),
            read: None,
        };
        let json: Arc<str> = lessons.to_json().into();
        self.told.send_if_modified(|told| {
            let is_news = *told != json;
            *told = json;
            is_news
        });
    }

    /// The files of the folder in the order of the list: by `order`, then by name.
    fn read(&self) -> Vec<LessonFile> {
        let mut files = Vec::new();
        let mut total = 0;
        for (name, ..) in self.stamps.iter().take(MOST_FILES) {
            let (order, mut file) = self.lesson(name);
            total += file_size(&file);
            if total > MOST_BYTES && file.lesson.is_some() {
                let error =
                    format!("the folder's lessons have more than {MOST_BYTES} bytes together");
                file = LessonFile::refused(name, error);
            } else if total > MOST_BYTES {
                file.mistake = None;
            }
            files.push((order, file));
        }
        // The files are in the order of their names.
        files.sort_by_key(|(order, _)| *order);
        let mut files: Vec<_> = files.into_iter().map(|(_, file)| file).collect();
        if let Some((name, ..)) = self.stamps.get(MOST_FILES) {
            let error = format!("of a folder the first {MOST_FILES} lesson files are read");
            files.push(LessonFile::refused(name, error));
        }
        files
    }

    /// The lesson in a file, and its place in the list.
    fn lesson(&self, name: &str) -> (u32, LessonFile) {
        let text = text(&self.path.join(name));
        let read = text.map_err(|error| LessonFile::refused(name, error));
        match read.and_then(|text| parse(name, &text)) {
            Ok(lesson) if self.taken.contains(&lesson.id) => {
                let error = "a lesson of the program has this name: give the file another";
                (u32::MAX, LessonFile::refused(name, error.to_owned()))
            }
            Ok(lesson) => (lesson.order, LessonFile::of(name, lesson.into())),
            Err(file) => (u32::MAX, file),
        }
    }
}

/// What a page is told of the lesson file that it sent.
pub(super) fn read(name: &str, text: &str) -> String {
    /// Most characters of a name that are repeated.
    const LONGEST_NAME: usize = 100;
    let short: String = name.chars().take(LONGEST_NAME).collect();
    let file = parse(&short, text);
    let file = file.map_or_else(|file| file, |lesson| LessonFile::of(&short, lesson.into()));
    let lessons = Lessons {
        folder: None,
        read: Some(file),
    };
    lessons.to_json()
}

/// The lesson of a file, or what a page is told of one that is none.
fn parse(name: &str, text: &str) -> Result<trace::Lesson, LessonFile> {
    let id = name.strip_suffix(".toml").unwrap_or(name);
    file::parse(id, text).map_err(|error| {
        let said = shortened(error.to_string());
        LessonFile {
            mistake: error.mistake().map(Box::new),
            ..LessonFile::refused(name, said)
        }
    })
}

/// An error, or its beginning: it repeats keys, which may be as long as a file.
fn shortened(mut error: String) -> String {
    if let Some((at, _)) = error.char_indices().nth(LONGEST_ERROR) {
        error.truncate(at);
        error.push('…');
    }
    error
}

/// Whether a file was changed so recently that it may have changed again. One that is dated in
/// the future tells nothing of that: when it is changed its time or its size is another.
fn has_recent(stamps: &[Stamp], now: SystemTime) -> bool {
    stamps.iter().any(|(_, changed, _)| {
        changed.is_none_or(|changed| match now.duration_since(changed) {
            Ok(ago) => ago <= RECENT,
            Err(ahead) => ahead.duration() <= RECENT,
        })
    })
}

/// About as many bytes as a page is told of it.
fn file_size(file: &LessonFile) -> usize {
    serde_json::to_string(file).map_or(0, |json| json.len())
}

/// The text of a lesson file that may be anything.
fn text(path: &Path) -> Result<String, String> {
    let cannot = |error: io::Error| format!("cannot read it: {error}");
    // Whoever opens a pipe waits for its other end.
    if !fs::metadata(path).map_err(cannot)?.is_file() {
        return Err("it is no file".to_owned());
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(cannot)?;
    file.take(MAX_LESSON_SENT as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(cannot)?;
    if bytes.len() > MAX_LESSON_SENT {
        return Err(format!("a lesson file has at most {MAX_LESSON_SENT} bytes"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.split(|byte| *byte == b'\n').count();
        format!("line {line}: it is no UTF-8")
    })
}

/// The lesson files of a folder by name, and when they were changed. Hidden files are not
/// among them: editors keep some beside the files that are open.
fn stamps(folder: &Path) -> io::Result<Vec<Stamp>> {
    let mut stamps = Vec::new();
    for entry in fs::read_dir(folder)?.take(MOST_ENTRIES) {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let is_toml = Path::new(&name)
            .extension()
            .is_some_and(|ending| ending == "toml");
        if name.starts_with('.') || !is_toml {
            continue;
        }
        // One that has just gone is not there any more; the next look sees no more of it.
        if let Ok(found) = fs::metadata(entry.path()) {
            stamps.push((name, found.modified().ok(), found.len()));
        }
    }
    stamps.sort_unstable();
    Ok(stamps)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LESSON: &str = "[zh]\ntitle = \"题\"\nquestion = \"问\"\nlook = \"看\"\n\
                          [experiment]\nsystem = \"tcp-echo\"\n[[experiment.clients]]\n\
                          messages = [\"a\"]\n";

    /// What pages were told, as names and errors.
    fn told(telling: &watch::Receiver<Arc<str>>) -> Vec<(String, Option<String>)> {
        let lessons = Lessons::parse(&telling.borrow()).unwrap();
        let files = lessons.folder.unwrap().into_iter();
        files.map(|file| (file.name, file.error)).collect()
    }

    #[test]
    fn a_broken_file_does_not_take_the_others_away() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &[u8]| fs::write(folder.path().join(name), text).unwrap();
        put("b.toml", LESSON.as_bytes());
        put("c.toml", ["order = 0\n", LESSON].concat().as_bytes());
        put("a.toml", ["order = 2\n", LESSON].concat().as_bytes());
        put("five-sends.toml", LESSON.as_bytes());
        put("key.toml", ["colour = 1\n", LESSON].concat().as_bytes());
        put("latin.toml", b"[en]\ntitle = \"\xe9\"\n");
        put("long.toml", &vec![b'#'; MAX_LESSON_SENT + 1]);
        put(".hidden.toml", b"?");
        put("notes.txt", b"?");
        fs::create_dir(folder.path().join("folder.toml")).unwrap();
        let (mut watched, telling) = Folder::open(folder.path().to_owned()).unwrap();
        let found = told(&telling);
        let whole: Vec<_> = found.iter().filter(|(_, error)| error.is_none()).collect();
        let names: Vec<_> = whole.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["b.toml", "c.toml", "a.toml"]);
        let error = |name: &str| {
            let file = found.iter().find(|(found, _)| found == name);
            file.unwrap().1.clone().unwrap()
        };
        assert!(
            error("five-sends.toml").contains("another"),
            "{}",
            error("five-sends.toml")
        );
        assert!(
            error("key.toml").starts_with("line 1, key colour: "),
            "{}",
            error("key.toml")
        );
        assert_eq!(error("latin.toml"), "line 2: it is no UTF-8");
        assert!(
            error("long.toml").contains("65536"),
            "{}",
            error("long.toml")
        );
        assert_eq!(error("folder.toml"), "it is no file");
        assert_eq!(found.len(), 8);

        // Told again when something has changed, and not otherwise.
        let mut telling = telling;
        telling.mark_unchanged();
        watched.look(false);
        assert!(!telling.has_changed().unwrap());
        put("key.toml", LESSON.as_bytes());
        watched.look(false);
        assert!(telling.has_changed().unwrap());
        let file = told(&telling)
            .into_iter()
            .find(|(name, _)| name == "key.toml");
        assert_eq!(file.unwrap().1, None);
        drop(folder);
        watched.look(false);
        let gone = told(&telling);
        assert!(
            gone[0]
                .1
                .as_ref()
                .unwrap()
                .starts_with("cannot read the folder"),
            "{gone:?}"
        );
    }

    #[test]
    fn files_beyond_the_bounds_are_named() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..MOST_FILES + 5 {
            fs::write(folder.path().join(format!("{number:04}.toml")), LESSON).unwrap();
        }
        let (_, telling) = Folder::open(folder.path().to_owned()).unwrap();
        let found = told(&telling);
        assert_eq!(found.len(), MOST_FILES + 1);
        let (name, error) = found.last().unwrap();
        assert_eq!((name.as_str(), error.is_some()), ("0200.toml", true));
    }

    #[test]
    fn an_error_does_not_repeat_a_key_of_the_length_of_a_file() {
        let key = "ä".repeat(MAX_LESSON_SENT / 2 - 10);
        let text = format!("\"{key}\" = 1\n");
        let error = parse("a.toml", &text).unwrap_err().error.unwrap();
        assert!(error.starts_with("line 1, key "), "{error}");
        assert!(error.ends_with('…'), "{error}");
        assert_eq!(error.chars().count(), LONGEST_ERROR + 1);
        assert_eq!(
            shortened("ä".repeat(LONGEST_ERROR)).len(),
            2 * LONGEST_ERROR
        );
    }

    #[test]
    fn a_file_is_recent_whose_time_is_near() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let stamp = |changed| [("a.toml".to_owned(), changed, 1)];
        let second = Duration::from_secs(1);
        for (changed, is_recent) in [
            (now, true),
            (now - RECENT, true),
            (now - RECENT - second, false),
            (now + RECENT, true),
            (now + RECENT + second, false),
        ] {
            assert_eq!(has_recent(&stamp(Some(changed)), now), is_recent);
        }
        assert!(has_recent(&stamp(None), now), "its time is not known");
    }

    #[test]
    fn what_is_no_folder_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for path in [file.path(), Path::new("/nonexistent")] {
            let error = Folder::open(path.to_owned()).err().unwrap();
            assert!(error.to_string().starts_with("--lessons"), "{error}");
        }
    }

    #[test]
    fn a_page_is_told_what_its_file_says() {
        let said = Lessons::parse(&read("a.toml", LESSON))
            .unwrap()
            .read
            .unwrap();
        assert_eq!((said.name.as_str(), said.error), ("a.toml", None));
        assert_eq!(said.lesson.unwrap().about.id, "a");
        let said = Lessons::parse(&read("a.toml", "[en]\ntitle = 7\n")).unwrap();
        let error = said.read.unwrap().error.unwrap();
        assert!(error.starts_with("line 2, key en.title: "), "{error}");
    }
}
