//! A teacher's own lessons: those of `--lessons`, and files that the Lab opens.

use std::fs;

use serde_json::json;
use tests::{Page, Serve};

use super::files::{downloaded, drop_text};

/// A lesson in one language.
fn lesson(title: &str, messages: &[&str]) -> String {
    format!(
        "[zh]\ntitle = {title:?}\nquestion = \"要几次？\"\nlook = \"看这里。\"\n\
         [predict]\ncount = \"server-recvs\"\nchoices = [1, 2]\n\
         [experiment]\nsystem = \"tcp-echo\"\n[[experiment.clients]]\nmessages = {messages:?}\n"
    )
}

/// Waits until the last group of the list has these entries: titles, and what a file that is
/// broken begins with.
async fn until_listed(page: &Page, expected: &[&str]) {
    let listed = "const groups = document.querySelectorAll('#lessons .group');
        return [...groups[groups.length - 1].querySelectorAll('li')].map(li => {
            const error = li.querySelector('.error')?.textContent.split(':')[0] ?? '';
            return [li.querySelector('.title').textContent, error].join(' ').trim();
        });";
    let is_it = |found: &serde_json::Value| *found == json!(expected);
    page.until_returned("the folder's lessons", listed, is_it)
        .await;
}

#[tokio::test]
async fn lessons_of_a_folder_are_listed_and_follow_their_files() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let broken = lesson("好了", &["x"]).replace("[predict]", "colour = 1\n[predict]");
    put("mine.toml", &lesson("我的课", &["a", "b"]));
    put("other.toml", &broken);
    let serve = Serve::start(&["--lessons", folder.path().to_str().unwrap()]);
    let page = Page::start().await;
    // An address leads to one of them.
    page.open(&serve, "lesson=mine").await;
    let is_mine = |seen: &tests::Seen| seen.text("title") == "我的课";
    let seen = page.until("the lesson", is_mine).await;
    assert_eq!(seen.text("question"), "要几次？");
    // Its texts are in another language than the page, which is said.
    let languages = "return ['title', 'question', 'look-text', 'run-text'].map(
        id => document.getElementById(id).closest('[lang]').lang)";
    let are_said = |found: &serde_json::Value| *found == json!(["zh", "zh", "zh", "en"]);
    page.until_returned("the languages", languages, are_said)
        .await;
    let listed = "return document.querySelector('[data-lesson=mine] .title')?.lang ?? ''";
    let is_said = |found: &serde_json::Value| *found == json!("zh");
    page.until_returned("the list's", listed, is_said).await;
    let mistake = "other.toml line 5, key zh.colour";
    until_listed(&page, &["我的课", mistake]).await;
    // It asks for a guess and is run, like any other.
    page.click("#chips [data-guess='1']").await;
    let seen = page.until_over().await;
    let sends = seen.rows.iter().filter(|row| row.call == "send");
    assert!(sends.count() >= 2, "{:?}", seen.rows);
    // A file is mended, and another comes; the entry that has the focus keeps it.
    page.script("document.querySelector('[data-lesson=mine]').focus()")
        .await;
    put("other.toml", &lesson("好了", &["x"]));
    put(
        "new.toml",
        &["order = 3\n", &lesson("新的", &["x"])].concat(),
    );
    until_listed(&page, &["我的课", "好了", "新的"]).await;
    let focus = "return document.activeElement.dataset.lesson ?? ''";
    assert_eq!(page.script(focus).await, json!("mine"));
    // The knobs of the lesson that is open follow its file.
    let mine = lesson("我的课", &["a", "b"]);
    put(
        "mine.toml",
        &["knobs = [\"gap\", \"buffer\"]\n", &mine].concat(),
    );
    let knobs = "return [...document.querySelectorAll('#knobs [data-knob]')]
        .map(knob => knob.dataset.knob)";
    let are_there = |found: &serde_json::Value| *found == json!(["gap", "buffer"]);
    page.until_returned("the knobs", knobs, are_there).await;
    // What is open stays when its file is broken, and begins anew when it runs something else.
    put("mine.toml", &broken);
    until_listed(
        &page,
        &["好了", "新的", "我的课", "mine.toml line 5, key zh.colour"],
    )
    .await;
    assert!(is_mine(&page.see().await));
    put("mine.toml", &lesson("改过的课", &["a", "b", "c"]));
    until_listed(&page, &["改过的课", "好了", "新的"]).await;
    let is_changed = |seen: &tests::Seen| seen.text("title") == "改过的课" && seen.rows.is_empty();
    page.until("it begins anew", is_changed).await;
    fs::remove_file(folder.path().join("new.toml")).unwrap();
    until_listed(&page, &["改过的课", "好了"]).await;
    page.until_value("return location.hash", &json!("#lesson=mine"))
        .await;
}

#[tokio::test]
async fn a_lesson_file_that_is_dropped_opens_in_the_lab() {
    let serve = Serve::start(&[]);
    let page = Page::start().await;
    page.open(&serve, "#lab").await;
    page.until("the Lab", |_| true).await;
    let text = lesson("我的课", &["one", "two", "three"]);
    drop_text(&page, "mine.toml", &text).await;
    let messages = "return document.querySelector('[data-field=messages]')?.value ?? ''";
    let is_it = |found: &serde_json::Value| *found == json!("one\ntwo\nthree");
    page.until_returned("its messages", messages, is_it).await;
    // One that is none changes nothing, and says where.
    drop_text(&page, "other.toml", &text.replace("tcp-echo", "tcp-ohce")).await;
    let seen = page
        .until("the refusal", |seen| !seen.text("notice").is_empty())
        .await;
    let notice = seen.text("notice");
    assert!(notice.contains("other.toml"), "{notice}");
    assert!(
        notice.contains("line 9, key experiment.system: "),
        "{notice}"
    );
    page.until_returned("its messages", messages, is_it).await;
    // The button asks for a file of the same field as the one for traces.
    let chooses = "let asked = '';
        document.getElementById('file').addEventListener('click', event => {
            event.preventDefault(); asked = event.target.accept; });
        document.getElementById('lab-file').click();
        return asked;";
    let accepted = page.script(chooses).await;
    assert!(accepted.as_str().unwrap().contains(".toml"), "{accepted}");
}

#[tokio::test]
async fn a_lesson_that_was_changed_in_the_lab_is_saved_as_that_lesson() {
    let folder = tempfile::tempdir().unwrap();
    let text =
        lesson("我的课", &["a", "b"]).replace("[predict]", "[predict]\n# Comments are not kept.");
    let text = ["knobs = [\"gap\"]\nduel = \"one-recv\"\n", &text].concat();
    fs::write(folder.path().join("mine.toml"), text).unwrap();
    let serve = Serve::start(&["--lessons", folder.path().to_str().unwrap()]);
    let page = Page::start().await;
    page.open(&serve, "lesson=mine").await;
    page.until("the lesson", |seen| seen.text("title") == "我的课")
        .await;
    page.click("#lab-open").await;
    let value = "return document.querySelector('[data-field=buffer]')?.value ?? ''";
    let is_there = |found: &serde_json::Value| *found != json!("");
    page.until_returned("the form", value, is_there).await;
    let set = "const field = document.querySelector('[data-field=buffer]');
        field.value = '77';
        field.dispatchEvent(new Event('change', {bubbles: true}));";
    page.script(set).await;
    // Another visit knows which lesson it was.
    page.open(&serve, "#yours").await;
    page.open(&serve, "#lab").await;
    let is_it = |found: &serde_json::Value| *found == json!("77");
    page.until_returned("it is kept", value, is_it).await;
    let file = downloaded(&page, "#lab-save", "mine.toml").await;
    let saved = fs::read_to_string(&file).unwrap();
    let expected = "knobs = [\"gap\"]\nduel = \"one-recv\"\n\n[predict]\nchoices = [1, 2]\n\
        count = \"server-recvs\"\n\n[zh]\ntitle = \"我的课\"\nquestion = \"要几次？\"\n\
        look = \"看这里。\"\n\n[experiment]\nsystem = \"tcp-echo\"\nbuffer = 77\n\n\
        [[experiment.clients]]\nmessages = [\"a\", \"b\"]\n";
    assert_eq!(saved, expected);
    // One of the program's has its texts in each language.
    page.open_lesson(&serve, "five-sends").await;
    page.click("#lab-open").await;
    let opened = |seen: &tests::Seen| seen.text("question").contains("Five sends");
    page.until("it is in the Lab", opened).await;
    let file = downloaded(&page, "#lab-save", "my-five-sends.toml").await;
    let saved = fs::read_to_string(&file).unwrap();
    let source = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../static/lessons/five-sends.toml"
    );
    let source = fs::read_to_string(source).unwrap();
    let parsed = |text: &str| trace::lesson::file::parse("five-sends", text).unwrap();
    assert_eq!(parsed(&saved), parsed(&source));
}
