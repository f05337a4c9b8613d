//! The diagram and the list of commands in `docs/lifecycle.md`, made from the transition table.
//! The text around them is written by hand.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Context as _;
use countersign_core::lifecycle::table::{TRANSITIONS, after_approval};
use countersign_core::request::RequestStatus;

/// The page.
pub(super) const PAGE: &str = "docs/lifecycle.md";

/// What stands for all states that can follow an approval, lest each command that can end one
/// has an arrow to each of them.
const AFTER_APPROVAL: &str = "AfterApproval";

/// The page with its generated parts written anew.
pub(super) fn renewed(page: &str) -> anyhow::Result<String> {
    let page = replaced(page, "diagram", &diagram())?;
    replaced(&page, "commands", &commands())
}

/// The page with another text between the marks of `part`.
fn replaced(page: &str, part: &str, text: &str) -> anyhow::Result<String> {
    let (begin, end) = (format!("<!-- generated: {part} -->\n"), format!("<!-- end of generated: {part} -->"));
    let (before, rest) = page.split_once(&begin).with_context(|| format!("{PAGE} lacks the line {begin}"))?;
    let (_, after) = rest.split_once(&end).with_context(|| format!("{PAGE} lacks the line {end}"))?;
    Ok(format!("{before}{begin}{text}{end}{after}"))
}

/// The names of states, with one name for those after approval where all of them are there.
fn names(states: &[RequestStatus]) -> Vec<String> {
    let whole = after_approval().iter().all(|state| states.contains(state));
    let others = states.iter().filter(|state| !whole || !after_approval().contains(state));
    let mut names: Vec<String> = others.map(|state| format!("{state:?}")).collect();
    if whole {
        names.push(AFTER_APPROVAL.to_owned());
    }
    names
}

/// Every arrow between two different states, with the commands that take it.
fn arrows() -> BTreeMap<(RequestStatus, String), Vec<&'static str>> {
    let mut arrows: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for row in TRANSITIONS {
        for from in row.from {
            for to in names(row.to).into_iter().filter(|to| *to != format!("{from:?}")) {
                arrows.entry((*from, to)).or_default().push(row.command.name());
            }
        }
    }
    arrows
}

fn diagram() -> String {
    let arrows = arrows();
    let reached = |state: &RequestStatus| {
        after_approval().contains(state) || arrows.keys().any(|(_, to)| *to == format!("{state:?}"))
    };
    let mut text = format!("```mermaid\nstateDiagram-v2\n    state {AFTER_APPROVAL} <<choice>>\n");
    for state in RequestStatus::ALL.iter().filter(|state| !reached(state)) {
        let _ = writeln!(text, "    [*] --> {state:?}");
    }
    for ((from, to), commands) in &arrows {
        let _ = writeln!(text, "    {from:?} --> {to}: {}", commands.join(", "));
    }
    for state in after_approval() {
        let _ = writeln!(text, "    {AFTER_APPROVAL} --> {state:?}");
    }
    for state in RequestStatus::ALL.iter().filter(|state| state.is_final()) {
        let _ = writeln!(text, "    {state:?} --> [*]");
    }
    text + "```\n"
}

fn commands() -> String {
    let mut text = "| command | from | to | who |\n|---|---|---|---|\n".to_owned();
    for row in TRANSITIONS {
        let from: Vec<String> = row.from.iter().map(|state| format!("{state:?}")).collect();
        let (from, to) = (from.join(", "), names(row.to).join(", "));
        let _ = writeln!(text, "| `{}` | {from} | {to} | {} |", row.command.name(), row.by);
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use super::*;

    const BLANK: &str = "by hand\n<!-- generated: diagram -->\nold\n<!-- end of generated: diagram -->\nmore\n\
                         <!-- generated: commands -->\n<!-- end of generated: commands -->\nthe end\n";

    #[test]
    fn what_is_written_by_hand_stays() {
        let page = renewed(BLANK).unwrap();
        assert!(page.starts_with("by hand\n<!-- generated: diagram -->\n```mermaid\n"), "{page}");
        assert!(
            page.contains("```\n<!-- end of generated: diagram -->\nmore\n<!-- generated: commands -->\n| command |")
        );
        assert!(page.ends_with("|\n<!-- end of generated: commands -->\nthe end\n"));
        assert!(!page.contains("\nold\n"));
        assert_eq!(renewed(&page).unwrap(), page);
        assert!(renewed("nothing but text").is_err());
    }

    #[test]
    fn the_diagram_has_every_step_to_another_state_and_no_other() {
        let diagram = diagram();
        let drawn = |from: &str, to: &str, command: &str| {
            diagram.lines().any(|line| {
                let arrow = line.trim().strip_prefix(&format!("{from} --> {to}: "));
                arrow.is_some_and(|commands| commands.split(", ").any(|other| other == command))
            })
        };
        let chosen = |to: RequestStatus| diagram.contains(&format!("    {AFTER_APPROVAL} --> {to:?}\n"));
        for from in RequestStatus::ALL.iter().copied() {
            for to in RequestStatus::ALL.iter().copied().filter(|to| *to != from) {
                for row in TRANSITIONS {
                    let command = row.command.name();
                    let same = |row: &&countersign_core::lifecycle::table::Transition| row.command.name() == command;
                    let promised =
                        TRANSITIONS.iter().filter(same).any(|row| row.from.contains(&from) && row.to.contains(&to));
                    let (from, direct) = (format!("{from:?}"), format!("{to:?}"));
                    let found = drawn(&from, &direct, command) || (chosen(to) && drawn(&from, AFTER_APPROVAL, command));
                    assert_eq!(found, promised, "{from} --> {direct}: {command}");
                }
            }
        }
    }
}
