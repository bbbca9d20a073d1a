//! Debian's `rust-src` package of exactly one compiler release, fetched but
//! not installed. apt does the work in folders of its own: it knows the
//! machine's proxies and checks signatures and checksums.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;

/// Where a release may be found, the smallest index first.
const SUITES: [&str; 5] = [
    "trixie-backports",
    "forky-backports",
    "trixie",
    "forky",
    "sid",
];

/// A Debian mirror that the machine already uses.
#[derive(Debug, PartialEq, Eq)]
struct Mirror {
    uri: String,
    /// What apt checks its signature with, as the machine's own source has it.
    signed_by: Option<String>,
}

/// Downloads the package into `dir` and returns its path.
pub(super) fn fetch_rust_src(release: &str, dir: &Path) -> Result<PathBuf> {
    let mirrors = machine_mirrors();
    if mirrors.is_empty() {
        bail!("apt's sources name no Debian mirror");
    }
    for mirror in &mirrors {
        for suite in SUITES {
            let place = dir.join(format!("apt-{suite}"));
            let apt = Apt::new(mirror, suite, &place)?;
            println!("xtask: looking for rust-src {release} in {suite}");
            if process::output(&mut apt.get(&["update"])).is_err() {
                // A mirror without this suite; another may have the package.
                continue;
            }
            let known = process::output(&mut apt.cache(&["madison", "rust-src"]))?;
            let Some(version) = matching(&known, release) else {
                continue;
            };
            process::run(
                apt.get(&["download", &format!("rust-src={version}")])
                    .current_dir(dir),
            )?;
            return package_in(dir);
        }
    }
    bail!("none of {} has rust-src {release}", SUITES.join(", "))
}

/// apt with lists and caches of its own: nothing of the machine's apt changes.
struct Apt {
    options: Vec<String>,
}

impl Apt {
    fn new(mirror: &Mirror, suite: &str, dir: &Path) -> Result<Self> {
        for folder in ["sources", "lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(dir.join(folder))?;
        }
        fs::write(
            dir.join("sources").join("mirror.sources"),
            mirror.source(suite),
        )?;
        let options = [
            ("Dir::Etc::SourceList", "/dev/null".to_owned()),
            (
                "Dir::Etc::SourceParts",
                dir.join("sources").display().to_string(),
            ),
            ("Dir::State::Lists", dir.join("lists").display().to_string()),
            ("Dir::Cache", dir.join("cache").display().to_string()),
            ("Acquire::Languages", "none".to_owned()),
            ("Acquire::Retries", "2".to_owned()),
            ("Acquire::http::Timeout", "20".to_owned()),
            ("Acquire::https::Timeout", "20".to_owned()),
            // The folder belongs to the current user, not to apt's own user.
            ("APT::Sandbox::User", String::new()),
        ];
        let options = options
            .into_iter()
            .flat_map(|(name, value)| ["-o".to_owned(), format!("{name}={value}")])
            .collect();
        Ok(Self { options })
    }

    fn get(&self, arguments: &[&str]) -> Command {
        self.command("apt-get", arguments)
    }

    fn cache(&self, arguments: &[&str]) -> Command {
        self.command("apt-cache", arguments)
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(&self.options)
            .args(arguments)
            .env("LC_ALL", "C");
        command
    }
}

impl Mirror {
    /// A deb822 source of one suite.
    fn source(&self, suite: &str) -> String {
        let mut source = format!(
            "Types: deb\nURIs: {}\nSuites: {suite}\nComponents: main\n",
            self.uri
        );
        if let Some(signed_by) = &self.signed_by {
            source.push_str("Signed-By:");
            source.push_str(signed_by);
            source.push('\n');
        }
        source
    }
}

fn machine_mirrors() -> Vec<Mirror> {
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    if let Ok(parts) = fs::read_dir("/etc/apt/sources.list.d") {
        files.extend(parts.flatten().map(|part| part.path()));
    }
    files.sort();
    let mut mirrors: Vec<Mirror> = Vec::new();
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        let found = match file.extension().and_then(|extension| extension.to_str()) {
            Some("list") => one_line_mirrors(&text),
            Some("sources") => deb822_mirrors(&text),
            _ => Vec::new(),
        };
        for mirror in found {
            if !mirrors.iter().any(|known| known.uri == mirror.uri) {
                mirrors.push(mirror);
            }
        }
    }
    mirrors
}

/// The mirrors of `deb [options] uri suite components` lines.
fn one_line_mirrors(text: &str) -> Vec<Mirror> {
    text.lines()
        .filter_map(|line| {
            let line = line.split('#').next()?.trim();
            let rest = line.strip_prefix("deb")?;
            if !rest.starts_with([' ', '\t']) {
                return None;
            }
            let rest = rest.trim_start();
            let (options, rest) = match rest.strip_prefix('[') {
                Some(rest) => rest.split_once(']')?,
                None => ("", rest),
            };
            let signed_by = options
                .split_whitespace()
                .find_map(|option| option.strip_prefix("signed-by="))
                .map(|key| format!(" {key}"));
            let uri = rest.split_whitespace().next()?.to_owned();
            is_debian(&uri).then_some(Mirror { uri, signed_by })
        })
        .collect()
}

/// The mirrors of deb822 paragraphs.
fn deb822_mirrors(text: &str) -> Vec<Mirror> {
    let mut mirrors = Vec::new();
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    for paragraph in lines.split(|line| line.trim().is_empty()) {
        let words = |name| field(paragraph, name).unwrap_or_default();
        let disabled = words("Enabled").trim().eq_ignore_ascii_case("no");
        if disabled || !words("Types").split_whitespace().any(|kind| kind == "deb") {
            continue;
        }
        for uri in words("URIs").split_whitespace() {
            if is_debian(uri) {
                mirrors.push(Mirror {
                    uri: uri.to_owned(),
                    signed_by: field(paragraph, "Signed-By"),
                });
            }
        }
    }
    mirrors
}

/// A field's value with its continuation lines, exactly as it stands after the colon.
fn field(paragraph: &[&str], name: &str) -> Option<String> {
    let mut lines = paragraph.iter().skip_while(|line| {
        !line
            .split_once(':')
            .is_some_and(|(key, _)| key.eq_ignore_ascii_case(name))
    });
    let mut value = lines.next()?.split_once(':')?.1.to_owned();
    for line in lines.take_while(|line| line.starts_with([' ', '\t'])) {
        value.push('\n');
        value.push_str(line);
    }
    Some(value)
}

/// Whether a mirror holds Debian itself and not, say, its security updates.
fn is_debian(uri: &str) -> bool {
    uri.trim_end_matches('/').ends_with("/debian")
}

/// The first version in `apt-cache madison`'s table that is of `release`.
fn matching<'table>(madison: &'table str, release: &str) -> Option<&'table str> {
    madison
        .lines()
        .filter_map(|line| line.split('|').nth(1))
        .map(str::trim)
        .find(|version| {
            version
                .strip_prefix(release)
                .is_some_and(|rest| rest.starts_with(['+', '~', '-']))
        })
}

fn package_in(dir: &Path) -> Result<PathBuf> {
    fs::read_dir(dir)?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .context("apt downloaded no package")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_mirrors(found: &[Mirror], expected: &[(&str, Option<&str>)]) {
        let found: Vec<_> = found
            .iter()
            .map(|mirror| (mirror.uri.as_str(), mirror.signed_by.as_deref()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn one_line_sources() {
        fn check(text: &str, expected: &[(&str, Option<&str>)]) {
            check_mirrors(&one_line_mirrors(text), expected);
        }
        check(
            "deb http://mirror.example/debian trixie main",
            &[("http://mirror.example/debian", None)],
        );
        check(
            "deb [ arch=amd64 signed-by=/k.gpg ] http://mirror.example/debian/ sid main # note",
            &[("http://mirror.example/debian/", Some(" /k.gpg"))],
        );
        check(
            "# deb http://mirror.example/debian trixie main\n\
             deb-src http://mirror.example/debian trixie main\n\
             deb http://mirror.example/debian-security trixie-security main\n\
             deb\n",
            &[],
        );
    }

    #[test]
    fn deb822_sources() {
        fn check(text: &str, expected: &[(&str, Option<&str>)]) {
            check_mirrors(&deb822_mirrors(text), expected);
        }
        check(
            "Types: deb deb-src\n# a comment\nURIs: http://a.example/debian http://b.example/ubuntu\n\
             Suites: trixie\nsigned-by: /k.gpg\n\n\
             Types: deb\nURIs: http://a.example/debian-security\n",
            &[("http://a.example/debian", Some(" /k.gpg"))],
        );
        check(
            "Types: deb\nURIs:\n http://a.example/debian\n http://b.example/debian/\nSigned-By:\n KEY\n .\n END\nSuites: x\n",
            &[
                ("http://a.example/debian", Some("\n KEY\n .\n END")),
                ("http://b.example/debian/", Some("\n KEY\n .\n END")),
            ],
        );
        check(
            "Enabled: no\nTypes: deb\nURIs: http://a.example/debian\n",
            &[],
        );
        check("Types: deb-src\nURIs: http://a.example/debian\n", &[]);
        check("", &[]);
    }

    #[test]
    fn a_written_source_reads_back() {
        for signed_by in [
            None,
            Some(" /k.gpg".to_owned()),
            Some("\n KEY\n .".to_owned()),
        ] {
            let mirror = Mirror {
                uri: "http://a.example/debian".to_owned(),
                signed_by,
            };
            assert_eq!(deb822_mirrors(&mirror.source("sid")), [mirror]);
        }
    }

    #[test]
    fn only_the_same_release_matches() {
        fn check(release: &str, expected: Option<&str>) {
            let madison = "  rust-src | 1.96.1+dfsg1-2~bpo13+1 | http://a.example/debian sid/main\n\
                           \x20 rust-src | 1.95.0+dfsg1-2~bpo13+1 | http://a.example/debian sid/main\n\
                           \x20 rust-src | 1.9.0-1 | http://a.example/debian sid/main\n";
            assert_eq!(matching(madison, release), expected);
        }
        check("1.95.0", Some("1.95.0+dfsg1-2~bpo13+1"));
        check("1.9.0", Some("1.9.0-1"));
        check("1.9", None);
        check("1.95.1", None);
        check("1.95.0-nightly", None);
    }
}
