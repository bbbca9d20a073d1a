//! Templates: text with names in double braces, and lines that begin with `%`.
//!
//! ```text
//! const MAXIMUM: usize = {{maximum}};
//! %if magic !varint
//! lines that are there if `magic` is set and `varint` is not
//! %else
//! lines that are there otherwise
//! %end
//! %if sum8|xor8
//! lines that are there if either is set
//! %end
//! %include buffer
//! ```
//!
//! A line of directives leaves no line behind; white space in front of it does not matter.
//! What is included is indented as the directive is.

use std::collections::{BTreeMap, BTreeSet};

use super::{Language, Templates};

/// Templates that include each other deeper than that include themselves.
const MOST_DEEP: usize = 8;

/// What a template may name.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    flags: BTreeSet<&'static str>,
    words: BTreeMap<&'static str, String>,
}

/// A template that is not there or not written as it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("template {name}, line {line}: {reason}")]
pub struct TemplateError {
    /// Its name.
    name: String,
    /// The line, counted from 1; 0 for the file.
    line: usize,
    /// What is wrong.
    reason: &'static str,
}

impl Values {
    /// Makes `name` a name that is set, if `is_set`.
    pub(super) fn flag(&mut self, name: &'static str, is_set: bool) {
        if is_set {
            self.flags.insert(name);
        }
    }

    /// What stands where the template has `name` in braces.
    pub(super) fn word(&mut self, name: &'static str, word: &dyn ToString) {
        self.words.insert(name, word.to_string());
    }

    /// Whether all terms hold: names, of which `!` is in front of those that must not be
    /// set, and between which `|` stands where any of them does.
    fn hold(&self, terms: &str) -> bool {
        terms.split_whitespace().all(|term| {
            term.split('|').any(|name| match name.strip_prefix('!') {
                Some(name) => !self.flags.contains(name),
                None => self.flags.contains(name),
            })
        })
    }
}

/// The text of the template `name` with these values.
pub(super) fn render(
    language: Language,
    name: &str,
    values: &Values,
    templates: &Templates<'_>,
) -> Result<String, TemplateError> {
    let mut writer = Writer {
        language,
        values,
        templates,
        text: String::new(),
    };
    writer.write(name, "", 0)?;
    Ok(writer.text)
}

struct Writer<'a, 't> {
    language: Language,
    values: &'a Values,
    templates: &'a Templates<'t>,
    text: String,
}

/// A condition whose end has not come.
struct Open {
    /// Its lines are written, as far as it is concerned.
    holds: bool,
    /// So are those around it.
    around: bool,
}

impl Writer<'_, '_> {
    fn write(&mut self, name: &str, indent: &str, depth: usize) -> Result<(), TemplateError> {
        let path = [self.language.name(), "/", name].concat();
        let wrong = |line, reason| TemplateError {
            name: path.clone(),
            line,
            reason,
        };
        let template = (self.templates)(&path).ok_or_else(|| wrong(0, "there is none"))?;
        if depth > MOST_DEEP {
            return Err(wrong(0, "it includes itself"));
        }
        let mut open: Vec<Open> = Vec::new();
        for (index, line) in template.lines().enumerate() {
            let wrong = |reason| wrong(index + 1, reason);
            let is_written = open.last().is_none_or(|last| last.holds && last.around);
            let bare = line.trim_start();
            let Some(directive) = bare.strip_prefix('%') else {
                if is_written {
                    self.line(indent, line).map_err(wrong)?;
                }
                continue;
            };
            let (word, rest) = directive.split_once(' ').unwrap_or((directive, ""));
            match word {
                "if" => open.push(Open {
                    holds: self.values.hold(rest),
                    around: is_written,
                }),
                "else" => {
                    let last = open.last_mut().ok_or_else(|| wrong("no if is open"))?;
                    last.holds = !last.holds;
                }
                "end" => {
                    open.pop().ok_or_else(|| wrong("no if is open"))?;
                }
                "include" if is_written => {
                    let front = &line[..line.len() - bare.len()];
                    let indent = [indent, front].concat();
                    self.write(rest.trim(), &indent, depth + 1)?;
                }
                "include" => {}
                _ => return Err(wrong("no such directive")),
            }
        }
        match open.len() {
            0 => Ok(()),
            _ => Err(wrong(template.lines().count(), "an if is not ended")),
        }
    }

    fn line(&mut self, indent: &str, line: &str) -> Result<(), &'static str> {
        if !line.is_empty() {
            self.text.push_str(indent);
        }
        let mut rest = line;
        while let Some((before, behind)) = rest.split_once("{{") {
            let (name, behind) = behind.split_once("}}").ok_or("a brace is not closed")?;
            let word = self.values.words.get(name).ok_or("no such name")?;
            self.text.push_str(before);
            self.text.push_str(word);
            rest = behind;
        }
        self.text.push_str(rest);
        self.text.push('\n');
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(template: &str, expected: Result<&str, (usize, &str)>) {
        let mut values = Values::default();
        values.flag("yes", true);
        values.flag("no", false);
        values.word("name", &"value");
        let templates = |name: &str| match name {
            "c/main" => Some(template),
            "c/part" => Some("a {{name}}\n\nb\n"),
            _ => None,
        };
        let rendered = render(Language::C, "main", &values, &templates);
        let rendered = rendered.map_err(|error| (error.line, error.reason));
        assert_eq!(rendered.as_deref(), expected.as_deref());
    }

    #[test]
    fn names_conditions_and_other_templates() {
        check("x{{name}}y {{name}}\n", Ok("xvaluey value\n"));
        check("%if yes\na\n%else\nb\n%end\nc", Ok("a\nc\n"));
        check("%if no\na\n%else\nb\n%end\nc", Ok("b\nc\n"));
        check("%if yes no\na\n%end\n", Ok(""));
        check("%if yes !no\na\n%end\n", Ok("a\n"));
        check("%if no|yes\na\n%end\n", Ok("a\n"));
        check("%if no\n  %if yes\na\n  %else\nb\n  %end\n%end\n", Ok(""));
        check("%if no\n%include none\n%end\n", Ok(""));
        check("    %include part\n", Ok("    a value\n\n    b\n"));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        check("a\n{{nobody}}\n", Err((2, "no such name")));
        check("{{name\n", Err((1, "a brace is not closed")));
        check("%if yes\n", Err((1, "an if is not ended")));
        check("%else\n", Err((1, "no if is open")));
        check("%end\n", Err((1, "no if is open")));
        check("%unless yes\n", Err((1, "no such directive")));
        check("%include nobody\n", Err((0, "there is none")));
        check("%include main\n", Err((0, "it includes itself")));
    }
}
