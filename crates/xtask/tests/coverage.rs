//! The table of promises and tests holds, and a table that does not is told so.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::collections::BTreeMap;

use countersign_xtask::coverage::{self, Demand, SECTIONS, TESTS};
use countersign_xtask::process::workspace;

#[test]
fn every_promise_has_its_tests() {
    let found = coverage::of(&workspace()).unwrap();
    assert!(found.faults.is_empty(), "docs/coverage.md:\n{}", found.faults.join("\n"));
    assert!(found.rows > 150 && found.tests > 100, "{} rows, {} tests", found.rows, found.tests);
}

fn link(file: &str, test: &str) -> String {
    format!("[{file}::{test}](../{TESTS}/{file})")
}

/// A page with a sound row under each heading, and these rows under the first.
fn page(rows: &[[&str; 3]]) -> String {
    let good = link("a.rs", "good");
    let mut page = String::new();
    for (at, section) in SECTIONS.iter().enumerate() {
        page += &format!(
            "## {section}\n\n| element | success | refusal |\n|---|---|---|\n| `submit` | {good} | {good} |\n"
        );
        for [element, success, refusal] in rows.iter().filter(|_| at == 0) {
            page += &format!("| {element} | {success} | {refusal} |\n");
        }
    }
    page
}

fn faults(page: &str, demands: &[Demand]) -> Vec<String> {
    let sources = [
        (
            "a.rs",
            "#[path = \"a/b.rs\"]\nmod b;\n#[test]\nfn good() {}\n/// Text.\n#[test]\n#[should_panic(expected = \"x\")]\n\
            fn attributed() {}\nfn helper() {}\n#[test]\n#[ignore = \"slow\"]\nfn ignored() {}\n",
        ),
        ("a/b.rs", "#[test]\nfn inner() {\n}\n"),
        ("a/orphan.rs", "#[test]\nfn orphan() {\n}\n"),
    ];
    let sources: BTreeMap<_, _> = sources.map(|(name, source)| (name.to_owned(), source.to_owned())).into();
    coverage::check(page, &sources, demands).faults
}

#[test]
fn a_sound_table_has_no_fault() {
    let two = format!("{}, {}", link("a.rs", "attributed"), link("a/b.rs", "inner"));
    let reason = "nothing to refuse: reading the end of the feed is an empty page";
    assert_eq!(faults(&page(&[["a", &two, reason]]), &[]), [""; 0]);
}

#[test]
fn each_fault_is_named() {
    let good = link("a.rs", "good");
    for (row, expected) in [
        (["x", "", &good], "Commands: x: success: is empty"),
        (["x", &good, " "], "Commands: x: refusal: is empty"),
        (["", &good, &good], "a row has no element"),
        (["x", &good, "good"], "is no link to a test"),
        (["x", &good, "[good](../crates/server/tests/a.rs)"], "is not file::function"),
        (["x", &good, "[a.rs::good](../crates/server/tests/b.rs)"], "leads to ../crates/server/tests/b.rs"),
        (["x", &good, &link("c.rs", "good")], "there is no file c.rs"),
        (["x", &good, &link("a.rs", "goo")], "a.rs has no function goo"),
        (["x", &good, &link("a.rs", "helper")], "a.rs::helper is no test"),
        (["x", &good, &link("a.rs", "ignored")], "a.rs::ignored is not always run"),
        (["x", &good, &link("a/orphan.rs", "orphan")], "a/orphan.rs belongs to no test program"),
        (["x", &good, &format!("{good}, {}", link("a.rs", "gone"))], "a.rs has no function gone"),
        (["x", &good, "nothing to refuse: so"], "without a reason"),
        (["x", "nothing to refuse: because it cannot be done at all", &good], "without a reason"),
        (["`submit`", &good, &good], "stands there twice"),
    ] {
        let found = faults(&page(&[row]), &[]);
        assert!(found.len() == 1 && found[0].contains(expected), "{row:?}: {found:?}");
    }
    let reason = "nothing to refuse: whoever may read it may read all of it";
    let rows = ["a", "b", "c", "d", "e", "f"].map(|element| [element, good.as_str(), reason]);
    assert_eq!(faults(&page(&rows), &[]), ["6 cells are without a test; 5 may be"]);
    // A line that lost its end is no row, and its section is empty then.
    assert_eq!(faults(&page(&[]).replace(" |\n## Audit", "\n## Audit"), &[]).len(), 2);
}

#[test]
fn the_real_table_without_a_word_of_the_program_is_told_so() {
    let page = std::fs::read_to_string(workspace().join(coverage::PAGE)).unwrap();
    let sources = coverage::sources(&workspace().join(TESTS)).unwrap();
    let demands = coverage::demands(&workspace()).unwrap();
    // Every row without a word in backticks stays.
    let plain = |line: &&str| !line.split('|').nth(1).is_some_and(|element| element.contains('`'));
    let cut: Vec<_> = page.lines().filter(plain).collect();
    let faults = coverage::check(&cut.join("\n"), &sources, &demands).faults;
    for Demand { word, .. } in &demands {
        let begin = format!("`{word}` has no row");
        assert!(faults.iter().any(|fault| fault.starts_with(&begin)), "{word}: {faults:?}");
    }
}

#[test]
fn a_word_that_the_program_knows_must_have_a_row() {
    let demand = |section, word: &str| Demand { section, word: word.to_owned() };
    let met = [demand(Some("Commands"), "submit"), demand(None, "submit")];
    assert_eq!(faults(&page(&[]), &met), [""; 0]);
    let unmet = [demand(Some("Commands"), "approve"), demand(None, "mim_get_request")];
    assert_eq!(
        faults(&page(&[]), &unmet),
        ["`approve` has no row under Commands", "`mim_get_request` has no row under any heading"]
    );
    // In words, without backticks, it is not the program's word.
    assert_eq!(faults(&page(&[["approve", &link("a.rs", "good"), &link("a.rs", "good")]]), &unmet[..1]).len(), 1);
    let words: Vec<_> = coverage::demands(&workspace()).unwrap().into_iter().map(|demand| demand.word).collect();
    for word in ["approve", "childrenEnded", "createSubtask", "temporaryCards", "retry", "oig_update_requests"] {
        assert!(words.iter().any(|known| known == word), "{word} is not asked for");
    }
}
