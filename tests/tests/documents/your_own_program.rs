//! `docs/your-own-program.md`: what it says that its commands print, they print, and its
//! code is that of the programs.

use std::fs;

use tests::workspace;

use super::examples::check_printed;
use super::markdown::Page;

const PAGE: &str = "docs/your-own-program.md";

/// What meets in a queue is the scheduler's affair, so it may take some runs until one
/// looks as printed.
#[test]
fn its_commands_print_what_it_says() {
    let mut script = String::new();
    let mut printed: Vec<Vec<String>> = Vec::new();
    let mut checked = 0;
    let mut check = |script: &str, printed: &[Vec<String>]| {
        if !printed.is_empty() {
            let printed: Vec<_> = printed.iter().map(Vec::as_slice).collect();
            check_printed(&printed, script);
            checked += printed.len();
        }
    };
    for block in Page::read(PAGE).blocks() {
        match &*block.language {
            "sh" => {
                check(&script, &printed);
                printed.clear();
                script = block.lines.join("\n") + "\n";
            }
            "text" => printed.push(block.lines),
            _ => {}
        }
    }
    check(&script, &printed);
    assert!(checked >= 10, "{checked} blocks");
}

#[test]
fn its_code_is_that_of_the_programs() {
    let mut checked = 0;
    for block in Page::read(PAGE).blocks() {
        let ending = match &*block.language {
            "sh" | "text" => continue,
            "python" => "py",
            ending => ending,
        };
        let code = block.lines.join("\n") + "\n";
        let files = workspace::files("docs/your-own-program", &format!(".{ending}"));
        let is_there = files.iter().any(|path| {
            let text = fs::read_to_string(path).expect("a program");
            text.contains(&code)
        });
        assert!(is_there, "in no program: {code}");
        checked += 1;
    }
    assert!(checked >= 6, "{checked} pieces of code");
}
