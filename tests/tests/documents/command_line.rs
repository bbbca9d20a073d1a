//! `docs/command-line.md` beside what `--help` says.

use std::collections::{BTreeMap, BTreeSet};

use tests::{Server, run, stickylab};

use super::markdown::{Page, spans};

/// Flags and their defaults, where they have one.
type Flags = BTreeMap<String, Option<String>>;

/// The flags that `stickylab <command> --help` names.
fn flags(command: &[&str]) -> Flags {
    let arguments = [command, &["--help"]].concat();
    let finished = run(stickylab(&arguments), b"");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let mut flags = Flags::new();
    let mut last = None;
    for line in &finished.out {
        let text = line.trim_start();
        // In front of a flag there may be its short form.
        let long = text.starts_with('-').then(|| text.find("--")).flatten();
        if let Some(at) = long {
            let name: String = text[at..]
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '-')
                .collect();
            flags.insert(name.clone(), None);
            last = Some(name);
        }
        if let (Some(name), Some(default)) = (&last, default(line)) {
            flags.insert(name.clone(), Some(default.to_owned()));
        }
    }
    flags
}

/// The default that a line of help names: `[default: 3s]`, or in its words
/// `Default: 1024, or fewer`. What is said in more words than a value is none,
/// and an address is the system's own, which the page has elsewhere.
fn default(line: &str) -> Option<&str> {
    if let Some((_, rest)) = line.split_once("[default: ") {
        return rest.split(']').next();
    }
    let (_, rest) = line.split_once("Default: ")?;
    let value = rest.split(',').next()?;
    let is_one = value.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && value.starts_with(|c: char| c.is_ascii_digit());
    is_one.then_some(value)
}

#[test]
fn defaults_are_found_in_help() {
    assert_eq!(
        default("   [default: 127.0.0.1:7878]"),
        Some("127.0.0.1:7878")
    );
    assert_eq!(
        default("At a time. Default: 16384, or fewer"),
        Some("16384")
    );
    assert_eq!(default("Default: 127.0.0.1:8000"), None);
    assert_eq!(default("Default: the system's own"), None);
    assert_eq!(default("Default: 2 for each processor, at least 4"), None);
}

/// The commands, as `stickylab --help` lists them.
fn commands() -> Vec<String> {
    let finished = run(stickylab(&["--help"]), b"");
    let lines = finished.out.iter();
    let commands = lines
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.trim().is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned);
    let commands: Vec<_> = commands.collect();
    assert!(commands.len() >= 6, "{finished:?}");
    commands
}

/// Every flag of every command.
pub(super) fn every_flag() -> BTreeSet<String> {
    let of_commands = commands();
    let all = of_commands
        .iter()
        .flat_map(|command| flags(&[command]).into_keys());
    all.chain(flags(&[]).into_keys()).collect()
}

/// The flags in the table below a heading; none where there is no table.
fn written(page: &Page, heading: &str) -> Flags {
    let table = page.table(heading, 0);
    let row = |row: &Vec<String>| {
        let flag = spans(&row[0]).swap_remove(0);
        let name = flag
            .split([' ', '=', '['])
            .next()
            .unwrap_or(&flag)
            .to_owned();
        (name, spans(&row[1]).pop())
    };
    table.iter().map(row).collect()
}

#[test]
fn every_command_has_its_flags_and_their_defaults() {
    let page = Page::read("docs/command-line.md");
    let global = flags(&[]);
    check("stickylab", &written(&page, "`stickylab`"), &global);
    // `serve` has the limits of `server`, which stand there once.
    let server = flags(&["server"]);
    for command in commands() {
        let headings = page.headings();
        let found = headings.iter().find(|(_, text)| {
            let name = text.trim_start_matches("`stickylab ").trim_end_matches('`');
            name.split(' ').next() == Some(&command)
        });
        let (_, heading) = found.unwrap_or_else(|| panic!("no heading for {command}"));
        let mut said = flags(&[&command]);
        said.retain(|name, _| !global.contains_key(name));
        if said.is_empty() {
            continue;
        }
        let mut written = written(&page, heading);
        if command == "serve" {
            let shared = said.iter().filter(|(name, default)| {
                server.get(*name) == Some(default) && !written.contains_key(*name)
            });
            let shared: Flags = shared
                .map(|(name, default)| (name.clone(), default.clone()))
                .collect();
            assert!(shared.len() >= 7, "{shared:?}");
            written.extend(shared);
        }
        check(&command, &written, &said);
    }
}

/// Both have the same flags; a default that one has, the other has, too, but
/// for those that are no value, such as "standard".
fn check(command: &str, written: &Flags, said: &Flags) {
    let names: BTreeSet<_> = written.keys().chain(said.keys()).collect();
    for name in names {
        match (written.get(name), said.get(name)) {
            (Some(written), Some(said)) => {
                assert_eq!(
                    written, said,
                    "{command} {name}: its default in the page, and in fact"
                );
            }
            (None, _) => panic!("{command} {name}: no row in docs/command-line.md"),
            (_, None) => panic!("{command} has no {name}, but docs/command-line.md has"),
        }
    }
}

/// A line with the address of a peer, or of a listener, taken out.
fn without_port(line: &str) -> String {
    let Some((before, behind)) = line.split_once("127.0.0.1:") else {
        panic!("no address in {line}");
    };
    let rest = behind.trim_start_matches(|c: char| c.is_ascii_digit());
    format!("{before}ADDRESS{rest}")
}

/// What a server prints, as the page shows it, but for ports.
#[test]
fn the_examples_of_output_are_what_a_server_prints() {
    let blocks = Page::read("docs/command-line.md").blocks();
    for (start, flags) in [
        ("listening ", &[][..]),
        ("{\"type\":\"message\"", &["--json"]),
    ] {
        let is_it = |line: &String| line.starts_with(start);
        let mut blocks = blocks.iter();
        let block = blocks.find(|block| block.lines.first().is_some_and(is_it));
        let expected = &block.expect("an example").lines;
        let server = Server::start("length-prefix", flags);
        let mut client = server.connect();
        client.send(b"\x05\0\0\0hello");
        let out = &server.program.out;
        let message = out.wait_for("the message", |line| line.contains("hello"));
        let mut printed = vec![message];
        if flags.is_empty() {
            printed.insert(0, out.all()[0].clone());
        }
        let [printed, expected] = [&printed, expected]
            .map(|lines| lines.iter().map(|l| without_port(l)).collect::<Vec<_>>());
        assert_eq!(printed, expected);
    }
}
