//! The lessons this program carries, from `static/lessons`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use trace::Lesson;
use trace::text::Catalog;

// (id, text) of every lesson, and the files of the English texts.
include!(concat!(env!("OUT_DIR"), "/lessons.rs"));

/// The terminal's language: lessons and texts have it.
pub const LANGUAGE: &str = "en";

/// All lessons in the order of the list: by group, then by place.
pub fn all() -> Vec<Lesson> {
    let mut lessons: Vec<Lesson> = LESSONS
        .iter()
        .map(|(id, text)| parse(id, text).expect("a test reads every lesson of the tree"))
        .collect();
    lessons.sort_by_key(|lesson| (lesson.group, lesson.order));
    lessons
}

/// A lesson from its file's text; `id` is the file's name without its ending.
pub fn parse(id: &str, text: &str) -> Result<Lesson, toml::de::Error> {
    let lesson: Lesson = toml::from_str(text)?;
    Ok(Lesson {
        id: id.to_owned(),
        ..lesson
    })
}

/// The English texts of explanations and counts.
pub fn english() -> &'static Catalog {
    static ENGLISH: LazyLock<Catalog> = LazyLock::new(read_texts);
    &ENGLISH
}

fn read_texts() -> Catalog {
    let texts = TEXTS.iter().flat_map(|file| {
        let texts: BTreeMap<String, String> =
            toml::from_str(file).expect("a test reads every text of the tree");
        texts
    });
    Catalog::new(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lesson_reads_and_can_be_run() {
        let lessons = all();
        assert!(lessons.len() >= 13, "{}", lessons.len());
        for lesson in lessons {
            lesson.experiment.validate().expect(&lesson.id);
        }
    }

    #[test]
    fn the_texts_read() {
        assert!(english().template("explain.recv").is_some());
        for lesson in all() {
            if let Some(predict) = lesson.predict {
                let key = predict.count.key();
                assert!(english().template(key).is_some(), "{key}");
            }
        }
    }
}
