//! Every file of the fuzzer's corpus, as it is and damaged at random.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cap::Cap;
use invariants::{TARGETS, analysis};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use trace::{Call, Event, Trace};

/// Far more than any check needs, far less than what a length may claim: who
/// allocates for that ends here.
#[global_allocator]
static MEMORY: Cap<std::alloc::System> = Cap::new(std::alloc::System, 512 << 20);

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus")
}

/// Names in a folder, sorted.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder);
    let entries = entries.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries
        .map(|entry| {
            let name = entry.expect("a folder can be listed").file_name();
            name.into_string().expect("names are ASCII")
        })
        .collect()
}

/// The seeds of a target.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = corpus().join(target);
    let files = names(&folder);
    let read = |name: &String| fs::read(folder.join(name)).expect("a file");
    files.iter().map(read).collect()
}

#[test]
fn what_the_fuzzer_found_worth_keeping_holds() {
    for (name, check) in TARGETS {
        let seeds = seeds(name);
        assert!(!seeds.is_empty(), "{name} has no corpus");
        for seed in seeds {
            check(&seed);
        }
    }
}

#[test]
fn each_target_has_its_program_and_its_corpus() {
    let targets = TARGETS.map(|(name, _)| name.to_owned());
    let targets: BTreeSet<_> = targets.into_iter().collect();
    assert_eq!(names(&corpus()), targets);
    let programs = names(&corpus().join("../fuzz_targets"));
    let programs = programs.iter().map(|file| file.replace(".rs", ""));
    assert_eq!(programs.collect::<BTreeSet<_>>(), targets);
    let manifest = fs::read_to_string(corpus().join("../Cargo.toml")).expect("a manifest");
    for name in &targets {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
    }
}

/// The calls of these traces, and whether they are of further connections, too.
fn check_calls(traces: &[Trace]) {
    let events: Vec<_> = traces.iter().flat_map(|trace| trace.events()).collect();
    for call in Call::ALL {
        let calls = || events.iter().filter(|event| event.call == call);
        assert!(calls().next().is_some(), "no {call}");
    }
    let further = |call| move |event: &&&Event| event.call == call && event.connection.0 >= 2;
    let refused = events.iter().find(further(Call::Refuse));
    assert!(refused.is_some(), "no refused connection beside the first");
}

#[test]
fn the_corpus_has_every_call_in_files_and_in_what_is_analysed() {
    let files = seeds("trace_file");
    let files = files
        .iter()
        .filter_map(|seed| std::str::from_utf8(seed).ok());
    let read = files.filter_map(|text| Trace::parse(text).ok());
    check_calls(&read.collect::<Vec<_>>());
    let made = seeds("analysis");
    check_calls(
        &made
            .iter()
            .map(|seed| analysis::read(seed))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn the_corpus_has_every_lesson() {
    let lessons = names(&corpus().join("../../static/lessons"));
    let kept = names(&corpus().join("lesson"));
    for lesson in lessons {
        let name = lesson.trim_end_matches(".toml");
        assert!(kept.contains(name), "{name} is not in fuzz/corpus/lesson");
    }
}

#[test]
fn the_corpus_stays_small() {
    let bytes: usize = TARGETS
        .iter()
        .flat_map(|(name, _)| seeds(name))
        .map(|seed| seed.len())
        .sum();
    assert!(bytes < 512 << 10, "{bytes} bytes");
}

/// What is done to a seed.
#[derive(Clone, Debug)]
enum Damage {
    Replace(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Repeat(Index, usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<Index>;
    let byte = || prop_oneof![any::<u8>(), select(b"0129{}[]\",:-\n\\=".to_vec())];
    prop_oneof![
        (at(), byte()).prop_map(|(at, byte)| Damage::Replace(at, byte)),
        (at(), vec(byte(), 1..8)).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        (at(), 1_usize..16).prop_map(|(at, count)| Damage::Remove(at, count)),
        (at(), 1_usize..64).prop_map(|(at, count)| Damage::Repeat(at, count)),
    ]
}

fn apply(bytes: &mut Vec<u8>, damage: &Damage) {
    let place = |at: &Index| at.index(bytes.len() + 1);
    match damage {
        Damage::Replace(at, byte) => {
            let at = place(at);
            if let Some(old) = bytes.get_mut(at) {
                *old = *byte;
            }
        }
        Damage::Insert(at, new) => {
            let at = place(at);
            bytes.splice(at..at, new.iter().copied());
        }
        Damage::Remove(at, count) => {
            let at = place(at);
            bytes.drain(at..bytes.len().min(at + count));
        }
        Damage::Repeat(at, count) => {
            let at = place(at);
            let again = bytes[at..bytes.len().min(at + count)].to_vec();
            bytes.splice(at..at, again);
        }
    }
}

/// The name of a target.
fn target() -> impl Strategy<Value = &'static str> {
    select(TARGETS.map(|(name, _)| name).to_vec())
}

fn check(target: &str, bytes: &[u8]) {
    let found = TARGETS.into_iter().find(|(name, _)| *name == target);
    found.expect("one of them").1(bytes);
}

/// A target, and one of its seeds damaged.
fn damaged() -> impl Strategy<Value = (&'static str, Vec<u8>)> {
    let all = TARGETS.map(|(name, _)| (name, seeds(name)));
    let all = BTreeMap::from(all);
    (target(), any::<Index>(), vec(damage(), 1..6)).prop_map(move |(target, index, damage)| {
        let mut seed = index.get(&all[target]).clone();
        for damage in &damage {
            apply(&mut seed, damage);
        }
        (target, seed)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn damaged_seeds_hold_too((target, bytes) in damaged()) {
        check(target, &bytes);
    }

    #[test]
    fn any_bytes_hold(target in target(), bytes in vec(any::<u8>(), 0..600)) {
        check(target, &bytes);
    }
}
