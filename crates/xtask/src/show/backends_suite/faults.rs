//! The faults, each with the case that must find it and the adapters that it breaks.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use super::{POSTGRES, SQLITE};
use crate::show::planted;

/// Where all faults are kept, in the workspace.
const FOLDER: &str = "crates/xtask/faults";
/// The part of it that is this show's own; no patch there may be without its line here.
const OWN: &str = "adapter";

/// A fault and who finds it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    /// The patch, below the folder of faults.
    pub(super) patch: &'static str,
    /// The case that must fail.
    pub(super) case: &'static str,
    /// Where it must fail.
    pub(super) adapters: &'static [&'static str],
}

const BOTH: &[&str] = &[SQLITE, POSTGRES];

const fn fault(patch: &'static str, case: &'static str, adapters: &'static [&'static str]) -> Fault {
    Fault { patch, case, adapters }
}

/// All of them.
pub(super) const FAULTS: &[Fault] = &[
    fault("storage/no-revision-predicate", "must_08_another_revision_conflicts", BOTH),
    fault("adapter/audit-passes-over-hashes", "must_28_each_edit_is_found_where_it_is", BOTH),
    fault("adapter/check-passes-over-readers", "must_18_each_difference_is_found", BOTH),
    fault("adapter/cursor-loses-equal-times", "must_13_lists_are_what_a_full_scan_finds", BOTH),
    fault("adapter/deadlocks-are-errors", "must_09_changes_that_cross_give_way", &[POSTGRES]),
    fault("adapter/feed-by-a-sequence", "must_25_a_follower_misses_nothing", &[POSTGRES]),
    fault("adapter/groups-of-groups-missed", "must_13_groups_of_groups_see", BOTH),
    fault("adapter/key-kept-in-a-commit-of-its-own", "must_10_a_key_holds_in_a_race", BOTH),
    fault("adapter/keys-without-case", "must_10_keys_of_others_are_independent", BOTH),
    fault("adapter/lease-taken-from-its-holder", "must_24_a_lease_has_one_holder", BOTH),
    fault("adapter/letters-not-folded", "must_22_texts_have_no_case_and_no_wildcards", BOTH),
    fault("adapter/no-snapshot", "must_03_a_page_sees_one_snapshot", BOTH),
    fault("adapter/numbers-given-again", "must_14_numbers_lie_above_what_was_imported", BOTH),
    fault("adapter/opposite-of-absent-lost", "must_22_what_is_absent_meets_nothing", BOTH),
    fault("adapter/ordered-by-what-may-be-absent", "must_01_grants_come_oldest_first", BOTH),
    fault("adapter/references-not-kept", "must_08_what_is_referred_to_must_be_there", BOTH),
    fault("adapter/refused-change-harms-neighbours", "must_11_a_failing_change_harms_no_neighbour", BOTH),
    fault("adapter/remembered-without-asking", "must_20_nobody_is_recognised_as_they_were", BOTH),
    fault("adapter/known-with-a-request", "must_20_a_caller_comes_with_a_request", &[POSTGRES]),
    fault("adapter/snapshot-kept", "must_20_nobody_is_recognised_as_they_were", &[SQLITE]),
    fault("adapter/told-as-remembered", "must_20_what_is_told_is_not_older_than_the_call", BOTH),
    fault("adapter/taken-keys-are-errors", "must_08_existence_is_checked", BOTH),
    fault("adapter/texts-compared-by-like", "must_22_texts_have_no_case_and_no_wildcards", BOTH),
    fault("adapter/times-cut-to-milliseconds", "must_05_times_keep_their_microseconds", BOTH),
];

impl Fault {
    pub(super) fn path(&self, root: &Path) -> PathBuf {
        root.join(FOLDER).join(self.patch).with_extension("patch")
    }
}

/// Each applies to the workspace as it is, and is to be found by a case that there is.
pub(super) fn check(root: &Path, cases: &BTreeSet<String>) -> anyhow::Result<()> {
    for fault in FAULTS {
        planted::check(root, &fault.path(root))?;
        ensure!(cases.contains(fault.case), "{} names {}, which is no case", fault.patch, fault.case);
        ensure!(!fault.adapters.is_empty(), "{} breaks nothing", fault.patch);
    }
    let folder = root.join(FOLDER).join(OWN);
    let kept = fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let kept = kept.map(|entry| entry.map(|entry| entry.path())).collect::<Result<BTreeSet<_>, _>>()?;
    let listed: BTreeSet<_> = FAULTS.iter().map(|fault| fault.path(root)).collect();
    let unknown: Vec<_> = kept.difference(&listed).collect();
    ensure!(unknown.is_empty(), "nobody plants {unknown:?}");
    Ok(())
}
