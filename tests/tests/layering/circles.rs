//! Modules that lie in one folder use each other in one direction only, be it
//! through others. A name that a crate or a folder exports counts as a use of
//! the module that has it. What a module takes from the folder it lies in is
//! not counted: every submodule may.

use std::collections::{BTreeMap, BTreeSet};

use tests::workspace::{files, packages, root};

use super::sources::code;

/// A module's path below its crate; the crate itself has none.
type Path = Vec<String>;

/// The modules of a crate, those that only tests have left out.
#[derive(Default)]
struct Crate {
    /// What each uses.
    uses: BTreeMap<Path, Vec<Path>>,
    /// Names that each imports or exports, and where they are from.
    names: BTreeMap<Path, BTreeMap<String, Path>>,
}

impl Crate {
    /// From the modules' code.
    fn new(modules: &[(Path, String)]) -> Self {
        let only_tests = |path: &Path| {
            let mut declared = modules.iter().flat_map(|(parent, code)| {
                let names = test_modules(code).into_iter();
                names.map(move |name| child(parent, name))
            });
            let named = ["tests", "properties"];
            declared.any(|test| path.starts_with(&test))
                || path.iter().any(|name| named.contains(&name.as_str()))
        };
        let mut all = Self::default();
        for (path, code) in modules.iter().filter(|(path, _)| !only_tests(path)) {
            all.uses.insert(path.clone(), paths(code));
            let imported = imports(code).into_iter();
            let imported = imported.map(|import| (import.name, import.path));
            all.names.insert(path.clone(), imported.collect());
        }
        // An import is a use, too.
        for (path, names) in &all.names {
            let uses = all.uses.entry(path.clone()).or_default();
            uses.extend(names.values().cloned());
        }
        all
    }

    /// From the sources of a package.
    fn read(package: &str) -> Self {
        let source = root().join(package).join("src");
        let is_library = source.join("lib.rs").is_file();
        let mut modules = Vec::new();
        for file in files(&source, ".rs") {
            let below = file.strip_prefix(&source).expect("below it");
            let mut path: Path = below
                .with_extension("")
                .iter()
                .map(|name| name.to_string_lossy().into_owned())
                .collect();
            match path.last().map(String::as_str) {
                // The crate of a program beside a library.
                Some("main") if is_library && path.len() == 1 => continue,
                Some("lib" | "main" | "mod") => drop(path.pop()),
                _ => {}
            }
            let text = std::fs::read_to_string(&file).expect("a source file");
            modules.push((path, code(&text)));
        }
        Self::new(&modules)
    }

    /// The module that a path means which `from` uses, through at most `depth`
    /// imports; none of another crate.
    fn resolve(&self, from: &Path, path: &[String], depth: u8) -> Option<Path> {
        let mut rest = path;
        let mut module = match rest.first()?.as_str() {
            "crate" => Path::new(),
            "self" | "super" => from.clone(),
            first => {
                let imported = self.names.get(from)?.get(first);
                // A name that stands for itself is another crate's.
                let is_imported = imported.is_some_and(|path| path[0] != first);
                let is_own = is_imported || self.uses.contains_key(&child(from, first));
                is_own.then(|| from.clone())?
            }
        };
        while let Some((first, behind)) = rest.split_first() {
            match first.as_str() {
                "crate" | "self" => {}
                "super" => drop(module.pop()?),
                _ => break,
            }
            rest = behind;
        }
        while let Some((name, behind)) = rest.split_first() {
            let inner = child(&module, name);
            if self.uses.contains_key(&inner) {
                module = inner;
                rest = behind;
                continue;
            }
            let imported = self.names.get(&module).and_then(|names| names.get(name));
            let further = imported.and_then(|path| {
                let whole = [path, behind].concat();
                self.resolve(&module, &whole, depth.checked_sub(1)?)
            });
            return further.or(Some(module));
        }
        Some(module)
    }

    /// The circles of modules in any folder, each with what closes it.
    fn circles(&self) -> Vec<String> {
        let mut folders: BTreeMap<Path, Uses> = BTreeMap::new();
        for (from, uses) in &self.uses {
            for path in uses {
                let Some(to) = self.resolve(from, path, 8) else {
                    continue;
                };
                let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
                if let (Some(user), Some(used)) = (from.get(shared), to.get(shared)) {
                    let folder = folders.entry(from[..shared].to_vec()).or_default();
                    let used = folder.entry(user.clone()).or_default().entry(used.clone());
                    used.or_insert_with(|| format!("{} uses {}", from.join("::"), path.join("::")));
                }
            }
        }
        let mut circles = Vec::new();
        for uses in folders.values() {
            let mut seen = BTreeSet::new();
            for module in uses.keys() {
                let circle: BTreeSet<_> = reached(uses, module)
                    .into_iter()
                    .filter(|other| reached(uses, other).contains(module))
                    .collect();
                if !circle.is_empty() && seen.insert(circle.clone()) {
                    let inside = circle.iter().flat_map(|user| {
                        let uses = uses[*user].iter();
                        uses.filter(|(used, _)| circle.contains(used))
                    });
                    let inside: Vec<_> = inside.map(|(_, said)| said.as_str()).collect();
                    circles.push(inside.join(", "));
                }
            }
        }
        circles
    }
}

fn child(parent: &[String], name: &str) -> Path {
    [parent, &[name.to_owned()]].concat()
}

/// What the modules of a folder use of each other, with an example of each use.
type Uses = BTreeMap<String, BTreeMap<String, String>>;

/// The modules that `from` uses, be it through others.
fn reached<'a>(uses: &'a Uses, from: &str) -> BTreeSet<&'a String> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(module) = open.pop() {
        for used in uses.get(module).into_iter().flat_map(BTreeMap::keys) {
            if reached.insert(used) {
                open.push(used);
            }
        }
    }
    reached
}

/// The names of modules behind `#[cfg(test)]`.
fn test_modules(code: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut is_test = false;
    for line in code.lines().map(str::trim) {
        if line.starts_with("#[") {
            is_test |= line.starts_with("#[cfg(test)]") || line.starts_with("#[cfg(all(test");
            continue;
        }
        if let (true, Some(declared)) = (is_test, line.strip_suffix(';')) {
            let name = declared.rsplit("mod ").next();
            names.extend(name.filter(|name| name.len() < declared.len()));
        }
        is_test = false;
    }
    names
}

/// A name that a module imports or exports.
struct Import {
    name: String,
    path: Path,
}

/// Everything that is imported or exported with `use`.
fn imports(code: &str) -> Vec<Import> {
    let mut all = Vec::new();
    for (tree, _) in use_trees(code) {
        expand(&[], tree, &mut all);
    }
    all
}

/// What stands between each `use` and its semicolon, and where that begins.
fn use_trees(code: &str) -> impl Iterator<Item = (&str, usize)> {
    code.match_indices("use ").filter_map(|(at, word)| {
        let before = code[..at].trim_end_matches(' ');
        let begins = before.is_empty() || before.ends_with(['\n', ';', '{', '}', ')', ']']);
        let exports = before.ends_with("pub");
        let start = at + word.len();
        let end = code[start..].find(';')?;
        (begins || exports).then(|| (&code[start..start + end], start))
    })
}

/// The names in a tree such as `a::{b, c::d as e}`.
fn expand(prefix: &[String], tree: &str, into: &mut Vec<Import>) {
    let segments = |text: &str| {
        let parts = text.split("::").map(str::trim);
        let parts = parts.filter(|part| !part.is_empty());
        parts.map(str::to_owned).collect::<Path>()
    };
    if let Some((head, rest)) = tree.split_once('{') {
        let prefix = [prefix, &segments(head)].concat();
        let inner = rest.rsplit_once('}').map_or(rest, |(inner, _)| inner);
        let (mut depth, mut start) = (0, 0);
        for (at, letter) in inner.char_indices() {
            match letter {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    expand(&prefix, &inner[start..at], into);
                    start = at + 1;
                }
                _ => {}
            }
        }
        expand(&prefix, &inner[start..], into);
        return;
    }
    let (path, alias) = match tree.split_once(" as ") {
        Some((path, alias)) => (path, Some(alias.trim())),
        None => (tree, None),
    };
    let mut path = [prefix, &segments(path)].concat();
    if path
        .last()
        .is_some_and(|last| last == "self" || last == "*")
        && path.len() > 1
    {
        path.pop();
    }
    if let Some(last) = path.last() {
        let name = alias.unwrap_or(last).to_owned();
        into.push(Import { name, path });
    }
}

/// The paths in `code` outside of its imports, such as `crate::a::B`.
fn paths(code: &str) -> Vec<Path> {
    let mut bare = code.to_owned();
    let trees: Vec<_> = use_trees(code)
        .map(|(tree, start)| start..start + tree.len())
        .collect();
    for range in trees.into_iter().rev() {
        bare.replace_range(range, "");
    }
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':';
    bare.split(|letter| !is_part(letter))
        .filter(|word| word.contains("::") && !word.starts_with(':'))
        .map(|word| {
            let parts = word.split("::").filter(|part| !part.is_empty());
            parts
                .map(|part| part.trim_matches(':').to_owned())
                .collect()
        })
        .collect()
}

#[test]
fn no_modules_of_a_crate_form_a_circle() {
    let mut modules = 0;
    let mut found = Vec::new();
    for package in packages() {
        let all = Crate::read(&package);
        modules += all.uses.len();
        let circles = all.circles().into_iter();
        found.extend(circles.map(|circle| format!("{package}: {circle}")));
    }
    assert!(modules > 200, "only {modules} modules");
    assert!(found.is_empty(), "{found:#?}");
}

/// The circles of a crate of these modules: path and code.
fn check(modules: &[(&str, &str)], expected: &[&str]) {
    let modules: Vec<_> = modules
        .iter()
        .map(|(path, text)| {
            let path = path.split("::").filter(|name| !name.is_empty());
            (path.map(str::to_owned).collect(), code(text))
        })
        .collect();
    assert_eq!(Crate::new(&modules).circles(), expected);
}

#[test]
fn two_modules_that_use_each_other_are_a_circle() {
    let lib = ("", "mod a;\nmod b;");
    check(&[lib, ("a", "use crate::b::B;"), ("b", "struct B;")], &[]);
    let expected = "a uses crate::b::B, b uses crate::a::f";
    let a = ("a", "use crate::b::B;\npub fn f() {}");
    check(&[lib, a, ("b", "fn g() { crate::a::f(); }")], &[expected]);
    // Neither in comments nor in tests.
    let tested = "// crate::a::f\n#[cfg(test)]\nmod tests {\n    use crate::a::f;\n}";
    check(&[lib, a, ("b", tested)], &[]);
}

#[test]
fn a_circle_of_three_through_an_exported_name_is_found() {
    let lib = ("", "mod a;\nmod b;\nmod c;\npub use a::{A, other::X as Y};");
    let a = ("a", "use crate::{\n    b::{self, B},\n};");
    let c = ("c", "use super::A;\nfn f(_: std::fmt::Result) {}");
    let expected = "a uses crate::b::B, b uses super::c, c uses super::A";
    check(&[lib, a, ("b", "use super::c;"), c], &[expected]);
    check(&[lib, a, ("b", "use std::c;"), c], &[]);
}

#[test]
fn a_circle_in_a_folder_is_found_and_its_parent_is_no_part_of_it() {
    let folder = ("a", "mod b;\nmod c;\nstruct A;\nuse b::B;");
    let modules = |c| {
        let b = ("a::b", "use super::A;\nuse super::c::C;");
        [("", "mod a;"), folder, b, ("a::c", c)]
    };
    check(&modules("use super::A;"), &[]);
    let expected = "a::b uses super::c::C, a::c uses super::super::a::b::B";
    check(&modules("fn f() -> super::super::a::b::B {}"), &[expected]);
}

#[test]
fn modules_that_only_tests_have_are_left_out() {
    let lib = ("", "mod a;\n#[cfg(test)]\npub(crate) mod b;");
    check(&[lib, ("a", "use crate::b;"), ("b", "use crate::a;")], &[]);
}
