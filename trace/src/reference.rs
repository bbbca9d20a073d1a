//! What a lesson says: its words in each language, what it asks for, where it stands. Records
//! and a gateway repeat that, so it is apart from the lesson and knows no trace.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::opponent::Opponent;

/// A lesson's words in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table: an unknown key of two or three letters is a language's tag, with a \
                 title, a question and what to look for"
)]
pub struct Words {
    /// Short; shown in the list.
    pub title: String,
    /// What the learner is asked.
    pub question: String,
    /// What to look for once it has run.
    pub look: String,
}

/// A lesson's words by language. A lesson file has them in one language at
/// least, those of the program in each of its languages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<Tag, Words>")]
pub struct Translations(BTreeMap<Tag, Words>);

/// A language's tag (BCP 47), such as `en` or `pt-BR`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
struct Tag(String);

impl Translations {
    /// The words in the language of this tag.
    pub fn get(&self, tag: &str) -> Option<&Words> {
        let mut words = self.0.iter();
        let found = words.find(|(known, _)| known.0 == tag);
        found.map(|(_, words)| words)
    }

    /// The words in one language alone; none for what is no language's tag.
    pub fn one(tag: &str, words: Words) -> Option<Self> {
        let mut all = Self::default();
        all.put(tag, words).then_some(all)
    }

    /// Puts the words in this language in; not for what is no language's tag, which is told.
    pub fn put(&mut self, tag: &str, words: Words) -> bool {
        let tag = Tag::try_from(tag.to_owned());
        tag.is_ok_and(|tag| {
            self.0.insert(tag, words);
            true
        })
    }

    /// The words in the language of this tag, else in English, else in the first language
    /// that there is.
    pub fn best(&self, tag: &str) -> Option<&Words> {
        let first = || self.0.values().next();
        self.get(tag).or_else(|| self.get("en")).or_else(first)
    }

    /// The tag of the language that [`Translations::best`] gives the words in.
    pub fn best_tag(&self, tag: &str) -> Option<&str> {
        let best = self.best(tag)?;
        let mut all = self.iter();
        let found = all.find(|(_, words)| std::ptr::eq(*words, best));
        found.map(|(tag, _)| tag)
    }

    /// Each language's tag and words, by tag.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Words)> {
        self.0.iter().map(|(tag, words)| (tag.0.as_str(), words))
    }
}

impl TryFrom<BTreeMap<Tag, Words>> for Translations {
    type Error = &'static str;
    fn try_from(words: BTreeMap<Tag, Words>) -> Result<Self, Self::Error> {
        if words.is_empty() {
            return Err("there are no texts: a table such as [en] has title, question and look");
        }
        Ok(Self(words))
    }
}

impl TryFrom<String> for Tag {
    type Error = String;
    fn try_from(tag: String) -> Result<Self, String> {
        let mut subtags = tag.split('-');
        let language = subtags.next().unwrap_or_default();
        let is_language = language.len() == 2 || language.len() == 3;
        let is_language = is_language && language.bytes().all(|byte| byte.is_ascii_lowercase());
        let are_subtags = subtags.all(|subtag| {
            let is_alphanumeric = subtag.bytes().all(|byte| byte.is_ascii_alphanumeric());
            (1..=8).contains(&subtag.len()) && is_alphanumeric
        });
        if is_language && are_subtags {
            Ok(Self(tag))
        } else {
            Err(format!(
                "unknown key `{tag}`: a lesson has none of this name, and it is no language's tag"
            ))
        }
    }
}

/// Where a lesson stands in the list.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// UDP.
    Datagrams,
    /// TCP without framing.
    Streams,
    /// Marking messages off.
    Framing,
    /// Authentication of the peer.
    Trust,
    /// Lessons that do not come with the program.
    #[default]
    Own,
}

impl Group {
    protocol::all_variants! {
        /// All of them in order.
        Datagrams, Streams, Framing, Trust, Own
    }

    /// Key of its heading in the catalogs.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Datagrams => "group.datagrams",
            Self::Streams => "group.streams",
            Self::Framing => "group.framing",
            Self::Trust => "group.trust",
            Self::Own => "group.own",
        }
    }
}

/// Something countable in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Count {
    /// recv calls of the server that returned bytes or an empty datagram.
    ServerRecvs,
    /// recv calls of the clients that returned bytes or an empty datagram.
    ClientRecvs,
    /// Bytes that reached the server's program.
    ServerBytes,
    /// Messages the server decoded that are what the client meant.
    GoodMessages,
    /// Messages the server decoded, whatever the client meant.
    ServerMessages,
    /// Clients that got a reply.
    Replied,
    /// send calls of the clients that handed something over, empty ones too.
    ClientSends,
    /// Replies a client waited for longer than [`LATE`](crate::lesson::LATE).
    LateReplies,
    /// Connections that the server refused.
    Refusals,
    /// Messages to the server that the lesson's wrong decoder has right before it has
    /// something else, over the chunks that the server's recv calls returned.
    Agreed,
}

/// A guess the learner commits to before the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Predict {
    /// What is guessed.
    pub count: Count,
    /// Guesses to choose from; any other number can be typed.
    pub choices: Vec<u64>,
}

/// Which lesson a run was of, as its record says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// The lesson's id.
    pub id: String,
    /// The guess that it asks for; left out for a lesson that comes with the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predict: Option<Predict>,
    /// The wrong decoder that is shown beside the right one; left out for a lesson that
    /// comes with the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duel: Option<Opponent>,
    /// Its words; left out for a lesson that comes with the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<Translations>,
}
