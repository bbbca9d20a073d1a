//! As much of Markdown as our documents use: headings, tables, code, links.

use tests::workspace;

/// A document, line by line.
pub(super) struct Page {
    /// Its path in the repository.
    pub(super) path: String,
    lines: Vec<String>,
}

/// A fenced block of code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// What stands behind its opening fence.
    pub(super) language: String,
    pub(super) lines: Vec<String>,
}

impl Page {
    pub(super) fn read(path: &str) -> Self {
        let text = workspace::read(path);
        Self {
            path: path.to_owned(),
            lines: text.lines().map(str::to_owned).collect(),
        }
    }

    /// The documents at the top and in `docs/`.
    pub(super) fn all() -> Vec<Self> {
        let root = workspace::root();
        let top = std::fs::read_dir(&root).expect("the root can be listed");
        let top = top.map(|entry| entry.expect("an entry").path());
        let top = top.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
        let files = top.chain(workspace::files("docs", ".md"));
        let mut paths: Vec<_> = files
            .map(|path| {
                let path = path.strip_prefix(&root).expect("below the root");
                path.display().to_string()
            })
            .collect();
        paths.sort();
        assert!(paths.len() >= 12, "{paths:?}");
        paths.iter().map(|path| Self::read(path)).collect()
    }

    /// Its lines outside of code blocks.
    pub(super) fn prose(&self) -> impl Iterator<Item = &str> {
        let mut code = false;
        self.lines.iter().map(String::as_str).filter(move |line| {
            let fence = line.trim_start().starts_with("```");
            code ^= fence;
            !code && !fence
        })
    }

    /// Levels and texts of its headings.
    pub(super) fn headings(&self) -> Vec<(usize, &str)> {
        let headings = self.prose().filter_map(|line| {
            let level = line.len() - line.trim_start_matches('#').len();
            (level > 0).then(|| (level, line[level..].trim()))
        });
        headings.collect()
    }

    /// The blocks of code, indented ones in lists among them.
    pub(super) fn blocks(&self) -> Vec<Block> {
        let mut blocks: Vec<Block> = Vec::new();
        let mut open = false;
        for line in &self.lines {
            if let Some(language) = line.trim_start().strip_prefix("```") {
                open = !open;
                if open {
                    blocks.push(Block {
                        language: language.to_owned(),
                        lines: Vec::new(),
                    });
                }
            } else if open && let Some(block) = blocks.last_mut() {
                block.lines.push(line.clone());
            }
        }
        assert!(!open, "{}: a block of code has no end", self.path);
        blocks
    }

    /// The rows of the table with number `index` (from 0) below `heading`, cell
    /// by cell, without its head.
    pub(super) fn table(&self, heading: &str, index: usize) -> Vec<Vec<String>> {
        let start = self.headings().iter().any(|(_, text)| *text == heading);
        assert!(start, "{} has no heading {heading}", self.path);
        let section = self
            .prose()
            .skip_while(|line| !(line.starts_with('#') && line.trim_matches(['#', ' ']) == heading))
            .skip(1)
            .take_while(|line| !line.starts_with('#'));
        let mut tables: Vec<Vec<Vec<String>>> = Vec::new();
        let mut inside = false;
        for line in section {
            let row = line.strip_prefix('|').and_then(|row| row.strip_suffix('|'));
            if let Some(row) = row {
                if !inside {
                    tables.push(Vec::new());
                }
                if let Some(table) = tables.last_mut() {
                    table.push(row.split('|').map(|cell| cell.trim().to_owned()).collect());
                }
            }
            inside = row.is_some();
        }
        let table = tables.get(index);
        let table = table.unwrap_or_else(|| panic!("{}: {heading}: no table {index}", self.path));
        assert!(table.len() > 2, "{}: {heading}: an empty table", self.path);
        table[2..].to_vec()
    }

    /// Its code spans; one may go on in the next line.
    pub(super) fn spans(&self) -> Vec<String> {
        let mut paragraph = String::new();
        let mut found = Vec::new();
        for line in self.prose().chain([""]) {
            if line.is_empty() {
                found.extend(spans(&paragraph));
                paragraph.clear();
            } else {
                paragraph.push_str(line.trim());
                paragraph.push(' ');
            }
        }
        found
    }

    /// The targets of its links and pictures.
    pub(super) fn links(&self) -> Vec<String> {
        let targets = self.prose().flat_map(|line| {
            let behind = line.split("](").skip(1);
            behind.map(|rest| rest.split(')').next().unwrap_or(rest).to_owned())
        });
        targets.collect()
    }

    /// The anchors of its headings, as forges make them: lower case, without
    /// punctuation, blanks as hyphens.
    pub(super) fn anchors(&self) -> Vec<String> {
        let headings = self.headings().into_iter();
        headings.map(|(_, text)| slug(text)).collect()
    }
}

fn slug(heading: &str) -> String {
    let characters = heading.chars().filter_map(|c| match c {
        ' ' => Some('-'),
        '-' | '_' => Some(c),
        c if c.is_alphanumeric() => Some(c),
        _ => None,
    });
    characters.collect::<String>().to_lowercase()
}

/// The code spans of a text: what stands between backticks.
pub(super) fn spans(text: &str) -> Vec<String> {
    let parts: Vec<_> = text.split('`').collect();
    assert!(parts.len() % 2 == 1, "a backtick without its end: {text}");
    parts
        .into_iter()
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

#[test]
fn markdown_is_read_as_it_is_written() {
    assert_eq!(
        slug("`[en]` and `[zh]`: what's in them"),
        "en-and-zh-whats-in-them"
    );
    assert_eq!(slug("五个系统"), "五个系统");
    assert_eq!(spans("a `b` and `c d`."), ["b", "c d"]);
    let text = "# One\n```sh\n# no heading\n```\n## Two\n| a |\n|---|\n| `x` |\n\n[l](p#q)\n";
    let page = Page {
        path: "it".to_owned(),
        lines: text.lines().map(str::to_owned).collect(),
    };
    assert_eq!(page.headings(), [(1, "One"), (2, "Two")]);
    assert_eq!(page.blocks()[0].lines, ["# no heading"]);
    assert_eq!(page.table("Two", 0), [["`x`"]]);
    assert_eq!(page.links(), ["p#q"]);
}
