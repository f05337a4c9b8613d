//! The table of what was promised and of the HTTP tests that hold it: `docs/coverage.md`. It is held against the test
//! sources and against the lists of commands, actions and operations that the program itself keeps, so that
//! neither can grow or shrink unseen.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;

/// The page with the table.
pub const PAGE: &str = "docs/coverage.md";
/// Where the tests are.
pub const TESTS: &str = "crates/server/tests";
/// What a cell begins with that names no test because there is nothing to refuse; the reason follows.
pub const NOTHING: &str = "nothing to refuse: ";

/// The sections that must be there.
pub const SECTIONS: [&str; 10] = [
    "Commands",
    "Approvals",
    "Children",
    "MIM CM",
    "OIG",
    "Native",
    "Fulfilment",
    "The clockwork",
    "Audit",
    "Bad input",
];
/// What begins and ends a life beside the commands of the table.
const BESIDE: [&str; 2] = ["draft", "expire"];
/// The actions of OIG's documents (`spec/oig-requests.md` A.8), and two more.
const OIG_ACTIONS: [&str; 15] = [
    "APPROVE",
    "REJECT",
    "CLAIM",
    "RELEASE",
    "REASSIGN",
    "DELEGATE",
    "ESCALATE",
    "SUSPEND",
    "RESUME",
    "SAVE",
    "CREATESUBTASK",
    "SKIPASSIGNMENT",
    "WITHDRAW",
    "CLOSE",
    "SUBMIT",
];
/// How many cells may do without a test.
const MOST_WITHOUT: usize = 5;
/// The least that a reason for having no test says.
const LEAST_REASON: usize = 20;

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The heading that it stands under.
    pub section: String,
    /// What it is about.
    pub element: String,
    /// The tests of its success, as written.
    pub success: String,
    /// The tests of its refusal, as written.
    pub refusal: String,
}

/// A word that the program knows and that must head a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// The section; none where any will do.
    pub section: Option<&'static str>,
    /// The word, which stands in backticks.
    pub word: String,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// How many rows there are.
    pub rows: usize,
    /// How many different tests they name.
    pub tests: usize,
    /// What is wrong, in words.
    pub faults: Vec<String>,
}

/// Holds the page of a workspace against its tests and lists.
pub fn of(root: &Path) -> anyhow::Result<Coverage> {
    let page = std::fs::read_to_string(root.join(PAGE)).context(PAGE)?;
    Ok(check(&page, &sources(&root.join(TESTS))?, &demands(root)?))
}

/// Holds a page against sources and demands.
#[must_use]
pub fn check(page: &str, sources: &BTreeMap<String, String>, demands: &[Demand]) -> Coverage {
    let (rows, mut faults) = rows(page);
    let sections: BTreeSet<&str> = rows.iter().map(|row| row.section.as_str()).collect();
    let missing = SECTIONS.iter().filter(|section| !sections.contains(*section));
    faults.extend(missing.map(|section| format!("there is no row under {section:?}")));
    let mut seen = BTreeSet::new();
    for row in &rows {
        if !seen.insert((&row.section, &row.element)) {
            faults.push(format!("{}: {} stands there twice", row.section, row.element));
        }
    }
    let mut tests = BTreeSet::new();
    let mut without = 0;
    for row in &rows {
        for (column, cell) in [("success", &row.success), ("refusal", &row.refusal)] {
            let fault = |why: &str| format!("{}: {}: {column}: {why}", row.section, row.element);
            if let Some(reason) = cell.strip_prefix(NOTHING) {
                without += 1;
                if column == "success" || reason.trim().len() < LEAST_REASON {
                    faults.push(fault("is without a test and without a reason"));
                }
                continue;
            }
            match names(cell) {
                Ok(named) if named.is_empty() => faults.push(fault("is empty")),
                Ok(named) => {
                    let wrong = named.iter().filter_map(|(file, test)| missing_test(sources, file, test));
                    faults.extend(wrong.map(|why| fault(&why)));
                    tests.extend(named);
                }
                Err(why) => faults.push(fault(&why)),
            }
        }
    }
    if without > MOST_WITHOUT {
        faults.push(format!("{without} cells are without a test; {MOST_WITHOUT} may be"));
    }
    let heads = |demand: &Demand, row: &Row| {
        demand.section.is_none_or(|section| section == row.section)
            && words(&row.element).any(|word| word == demand.word)
    };
    let unmet = demands.iter().filter(|demand| !rows.iter().any(|row| heads(demand, row)));
    faults.extend(
        unmet.map(|demand| format!("`{}` has no row under {}", demand.word, demand.section.unwrap_or("any heading"))),
    );
    Coverage { rows: rows.len(), tests: tests.len(), faults }
}

/// The rows of the page, and what cannot be read as one.
fn rows(page: &str) -> (Vec<Row>, Vec<String>) {
    let (mut rows, mut faults, mut section) = (Vec::new(), Vec::new(), String::new());
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            heading.trim().clone_into(&mut section);
        }
        let Some(inner) = line.strip_prefix('|').and_then(|line| line.trim_end().strip_suffix('|')) else {
            if line.starts_with('|') {
                faults.push(format!("{section}: no row: {line}"));
            }
            continue;
        };
        let cells: Vec<_> = inner.split('|').map(|cell| cell.trim().to_owned()).collect();
        let is_head = cells.first().is_some_and(|cell| cell == "element" || cell.starts_with("---"));
        match <[String; 3]>::try_from(cells) {
            _ if is_head => {}
            Ok([element, ..]) if element.is_empty() => faults.push(format!("{section}: a row has no element: {line}")),
            Ok([element, success, refusal]) => rows.push(Row { section: section.clone(), element, success, refusal }),
            Err(_) => faults.push(format!("{section}: a row has not three cells: {line}")),
        }
    }
    (rows, faults)
}

/// The words in backticks.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The tests that a cell names: links to their files, one after another with commas between them.
fn names(cell: &str) -> Result<Vec<(String, String)>, String> {
    let cell = cell.trim();
    if cell.is_empty() {
        return Ok(Vec::new());
    }
    cell.split(", ").map(name).collect()
}

fn name(link: &str) -> Result<(String, String), String> {
    let parts = link.strip_prefix('[').and_then(|link| link.strip_suffix(')')).and_then(|link| link.split_once("]("));
    let (label, address) = parts.ok_or_else(|| format!("{link:?} is no link to a test"))?;
    let (file, test) = label.split_once("::").ok_or_else(|| format!("{label:?} is not file::function"))?;
    if address != format!("../{TESTS}/{file}") {
        return Err(format!("{label} leads to {address}"));
    }
    Ok((file.to_owned(), test.to_owned()))
}

/// What is wrong with a named test.
fn missing_test(sources: &BTreeMap<String, String>, file: &str, test: &str) -> Option<String> {
    let Some(source) = sources.get(file) else { return Some(format!("there is no file {file}")) };
    if !is_compiled(sources, file) {
        return Some(format!("{file} belongs to no test program"));
    }
    let lines: Vec<_> = source.lines().map(str::trim).collect();
    let begin = format!("fn {test}()");
    let Some(at) = lines.iter().position(|line| line.strip_prefix("async ").unwrap_or(line).starts_with(&begin)) else {
        return Some(format!("{file} has no function {test}"));
    };
    let attributes: Vec<_> =
        lines[..at].iter().rev().take_while(|line| line.starts_with("#[") || line.starts_with("///")).collect();
    if !attributes.iter().any(|line| **line == "#[test]") {
        return Some(format!("{file}::{test} is no test"));
    }
    attributes
        .iter()
        .any(|line| line.starts_with("#[ignore") || line.starts_with("#[cfg"))
        .then(|| format!("{file}::{test} is not always run"))
}

/// Whether a file is a test program or a module of one.
fn is_compiled(sources: &BTreeMap<String, String>, file: &str) -> bool {
    let declares = format!("#[path = \"{file}\"]");
    !file.contains('/') || sources.iter().any(|(other, source)| !other.contains('/') && source.contains(&declares))
}

/// Every test source, by its path in the folder.
pub fn sources(folder: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).with_context(|| next.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(folder)?.to_str().context("a UTF-8 path")?.to_owned();
                found.insert(name, std::fs::read_to_string(&path)?);
            }
        }
    }
    Ok(found)
}

/// The words that must have a row: the commands of the lifecycle, what the native API knows, every operation.
pub fn demands(root: &Path) -> anyhow::Result<Vec<Demand>> {
    let read = |file: &str| std::fs::read_to_string(root.join(file)).with_context(|| file.to_owned());
    let demand = |section: Option<&'static str>| move |word: &str| Demand { section, word: word.to_owned() };
    let lifecycle = read("docs/lifecycle.md")?;
    let table = lifecycle.split("<!-- generated: commands -->").nth(1).context("the generated list of commands")?;
    let lines = table.lines().filter(|line| line.starts_with("| `"));
    let mut demands: Vec<_> = lines.filter_map(|line| words(line).next()).map(demand(Some("Commands"))).collect();
    demands.dedup();
    anyhow::ensure!(demands.len() > 20, "docs/lifecycle.md lists only {} commands", demands.len());
    demands.extend(BESIDE.map(demand(Some("Commands"))));
    demands.extend(OIG_ACTIONS.map(demand(Some("OIG"))));
    let document: Value = serde_json::from_str(&read("openapi/countersign.json")?)?;
    for (schema, section) in
        [("NativeActionName", "Native"), ("NativePolicyKind", "MIM CM"), ("NativeFulfilmentOutcome", "Fulfilment")]
    {
        let words = document["components"]["schemas"][schema]["enum"].as_array().with_context(|| schema.to_owned())?;
        demands.extend(words.iter().filter_map(Value::as_str).map(demand(Some(section))));
    }
    let operations = read("openapi/operations.txt")?;
    let named = operations.lines().filter(|line| !line.ends_with(" probes"));
    demands.extend(named.filter_map(|line| line.split(' ').nth(2)).map(demand(None)));
    Ok(demands)
}
