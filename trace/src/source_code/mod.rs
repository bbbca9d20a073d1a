//! Source code of a reader and a writer for a framing, in several languages, made from
//! templates that the caller passes in.
//!
//! The templates of a language are in `static/decoder`, a folder a language. `decoder` is
//! the whole of what is written, and includes others. [`template`] says how they are
//! written, `settings` which names they may use.

mod cases;
mod literal;
mod settings;
mod template;

use protocol::Framing;

pub use cases::{Case, kind};
pub use template::TemplateError;

/// A programming language that source code is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Python 3.8 or later.
    Python,
    /// JavaScript as an ES module, for Node 14 or later and browsers.
    JavaScript,
    /// Go 1.18 or later.
    Go,
    /// Java 11 or later.
    Java,
    /// C11.
    C,
    /// Rust, edition 2021 or later.
    Rust,
}

impl Language {
    protocol::all_variants! {
        /// All of them.
        Python, JavaScript, Go, Java, C, Rust
    }

    /// Its name on the command line, and of its folder of templates.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::JavaScript => "javascript",
            Self::Go => "go",
            Self::Java => "java",
            Self::C => "c",
            Self::Rust => "rust",
        }
    }

    /// Its name as people write it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Python => "Python",
            Self::JavaScript => "JavaScript",
            Self::Go => "Go",
            Self::Java => "Java",
            Self::C => "C",
            Self::Rust => "Rust",
        }
    }
}

/// Why there is no source code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The settings of the framing can't be satisfied.
    #[error(transparent)]
    Settings(#[from] protocol::EncodeError),
    /// The templates that were passed in are wrong.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

/// Gives the text of a template by its name, such as `python/decoder`.
pub type Templates<'a> = dyn Fn(&str) -> Option<&'a str> + 'a;

/// A complete reader and writer for `framing` in `language`.
///
/// # Errors
///
/// If the framing's settings no frame could satisfy.
pub fn decoder(
    framing: &Framing,
    language: Language,
    templates: &Templates<'_>,
) -> Result<String, SourceError> {
    let values = settings::values(framing, language)?;
    Ok(template::render(language, "decoder", &values, templates)?)
}

/// A test of a decoder: the chunks of `case`, and the messages that must come out of them.
///
/// # Errors
///
/// As for [`decoder`].
pub fn test(
    framing: &Framing,
    language: Language,
    case: &Case,
    templates: &Templates<'_>,
) -> Result<String, SourceError> {
    let mut values = settings::values(framing, language)?;
    case.add_to(&mut values, language);
    Ok(template::render(language, "test", &values, templates)?)
}
