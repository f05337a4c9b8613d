//! The list of all cases, and the tests that are made of it.

/// Makes one test of each case. The argument is the path of an async function without
/// parameters that returns a `Box<dyn Fixture>`; the tests need `tokio` with its macros.
#[macro_export]
macro_rules! conformance_tests {
    ($make:path) => {
        $crate::conformance_tests! { $make;
            reads::must_01_a_second_handle_reads_what_the_first_wrote,
            reads::must_01_children_come_in_order,
            reads::must_01_open_operations_follow_the_status,
            reads::must_01_principals_have_names,
            reads::must_01_profiles_come_oldest_first,
            reads::must_01_rights_over_people_reach_through_groups,
            reads::must_01_users_are_made_and_changed,
            reads::must_01_what_was_imported_is_read,
            commands::must_01_random_commands_leave_what_a_model_leaves,
            catalog::must_01_pages_hold_everything_once,
            catalog::must_01_entities_are_found_by_type_and_key,
            catalog::must_01_rules_and_users_are_found,
            catalog::must_01_grants_come_oldest_first,
            catalog::must_01_a_card_has_its_profile,
            catalog::must_01_families_are_counted,
            catalog::must_01_webhooks_know_how_far_they_are,
            reads::must_02_nothing_is_no_error,
            concurrency::must_02_what_is_missing_harms_no_neighbour,
            concurrency::must_03_a_page_sees_one_snapshot,
            concurrency::must_03_a_read_sees_one_snapshot,
            text::must_04_an_id_has_no_case,
            text::must_04_ids_are_compared_byte_for_byte,
            text::must_04_logins_have_no_case,
            text::must_04_names_that_differ_in_case_are_taken,
            text::must_05_times_keep_their_microseconds,
            text::must_06_an_export_is_ordered_by_bytes,
            text::must_06_empty_is_not_absent,
            text::must_06_ids_are_ordered_by_their_bytes,
            text::must_06_texts_come_back_unchanged,
            commit::must_07_a_change_lands_whole,
            commit::must_07_an_acknowledged_change_is_there_for_the_next,
            commit::must_07_one_stale_request_stops_the_whole_change,
            references::must_07_what_refers_to_nothing_does_not_land,
            conflicts::must_08_a_change_names_a_request_once,
            conflicts::must_08_another_revision_conflicts,
            conflicts::must_08_existence_is_checked,
            conflicts::must_08_users_conflict_too,
            conflicts::must_08_what_a_request_must_own_alone_conflicts,
            conflicts::must_08_what_is_referred_to_must_be_there,
            concurrency::must_09_changes_that_cross_give_way,
            concurrency::must_09_many_writers_lose_nothing,
            concurrency::must_09_one_of_many_makes_it,
            idempotency::must_10_a_key_comes_before_the_revision,
            idempotency::must_10_a_key_gives_back_the_first_result,
            idempotency::must_10_a_key_holds_in_a_race,
            idempotency::must_10_a_refused_change_keeps_no_promise,
            idempotency::must_10_keys_of_others_are_independent,
            idempotency::must_10_a_key_can_be_asked_for,
            idempotency::must_10_old_keys_are_forgotten,
            concurrency::must_11_a_failing_change_harms_no_neighbour,
            commit::must_12_a_request_that_splits_counts_its_children,
            commit::must_12_what_a_request_loses_is_gone,
            commit::must_12_what_is_derived_follows_each_commit,
            edits::must_12_every_edit_reaches_the_tables,
            edits::must_12_a_request_may_change_its_family,
            edits::must_12_votes_are_written_as_they_are,
            paging::must_13_a_filtered_walk_under_writes_misses_nothing_that_stayed,
            paging::must_13_a_walk_under_writes_misses_nothing,
            visibility::must_13_groups_in_a_circle_have_an_end,
            visibility::must_13_groups_of_groups_see,
            lists::must_13_lists_are_what_a_full_scan_finds,
            lists::must_13_lists_follow_changes,
            lists::must_13_lists_honour_every_status,
            visibility::must_13_several_ways_show_a_request_once,
            lists::must_13_the_last_page_says_so,
            events::must_14_numbers_are_given_out_once,
            events::must_14_numbers_lie_above_what_was_imported,
            events::must_14_numbers_survive_an_export,
            events::must_15_a_stream_is_read_in_pages,
            events::must_15_events_are_stored_to_the_byte,
            events::must_15_events_chain,
            commit::must_15_no_event_no_change,
            events::must_15_what_is_imported_begins_with_an_event,
            bundle::must_16_a_bundle_that_is_not_whole_is_refused,
            bundle::must_16_a_fault_draws_no_others_after_it,
            bundle::must_16_a_source_that_fails_lands_nothing,
            bundle::must_16_an_import_overwrites_nothing,
            bundle::must_16_faults_beyond_a_thousand_are_counted,
            bundle::must_16_five_faults_are_named_at_once,
            bundle::must_16_one_guid_is_one_principal,
            bundle::must_16_references_to_profiles_and_cards_may_be_open,
            bundle::must_16_the_order_of_records_is_free,
            bundle::must_16_the_same_bundle_twice_changes_nothing,
            bundle::must_16_what_is_new_is_added,
            catalog::must_16_an_imported_webhook_begins_at_the_end,
            bundle::must_16_faults_of_rules_grants_and_webhooks_are_named,
            export::must_17_a_failing_sink_ends_the_export,
            export::must_17_an_export_imports_to_the_same_export,
            export::must_17_an_export_is_one_snapshot,
            export::must_17_an_export_leaves_nothing_out_without_a_reason,
            export::must_17_credentials_come_on_demand,
            export::must_17_records_are_ordered,
            check::must_18_a_sound_database_has_no_difference,
            check::must_18_administrators_who_come_later_are_readers,
            check::must_18_all_differences_are_found_at_once,
            check::must_18_each_difference_is_found,
            lifecycle::must_19_a_migrated_database_is_ready,
            lifecycle::must_19_readiness_names_a_missing_migration,
            visibility::must_20_a_moved_member_sees_at_once,
            visibility::must_20_a_stand_in_acts_at_once,
            callers::must_20_nobody_is_recognised_as_they_were,
            callers::must_20_a_caller_comes_with_a_request,
            callers::must_20_what_is_told_is_not_older_than_the_call,
            people::must_20_a_proxy_decides_within_its_dates,
            people::must_20_a_leaver_is_represented_while_tasks_are_open,
            people::must_20_one_of_three_acts_for_a_leaver,
            people::must_20_voters_are_active_people,
            people::must_20_who_belongs_follows_the_groups,
            inbox::must_21_a_claimed_task_is_its_claimers,
            inbox::must_21_a_proxy_has_the_tasks_of_whom_it_represents,
            inbox::must_21_a_walk_under_writes_misses_nothing_that_stayed,
            inbox::must_21_an_inbox_follows_changes,
            inbox::must_21_an_inbox_is_what_a_full_scan_finds,
            inbox::must_21_closed_tasks_wait_for_nobody,
            inbox::must_21_ones_own_requests_are_left_out,
            inbox::must_21_who_has_voted_is_done,
            filter::must_22_a_cart_is_found_by_whom_it_is_for,
            filter::must_22_a_clause_and_its_opposite_make_the_whole,
            filter::must_22_a_filter_keeps_what_a_full_scan_keeps,
            filter::must_22_a_filter_of_tasks_keeps_what_a_full_scan_keeps,
            filter::must_22_a_number_shows_nothing_that_the_list_does_not,
            filter::must_22_a_task_shows_nothing_that_the_inbox_does_not,
            filter::must_22_assignees_are_found_by_name,
            filter::must_22_states_and_targets_are_told_apart,
            filter::must_22_texts_have_no_case_and_no_wildcards,
            filter::must_22_times_are_compared_to_the_microsecond,
            filter::must_22_what_is_absent_meets_nothing,
            due::must_23_a_dependent_is_due_when_the_other_is_over,
            due::must_23_a_grant_is_due_at_its_end,
            due::must_23_a_leavers_tasks_are_due,
            due::must_23_a_parent_is_due_when_its_children_are_over,
            due::must_23_a_request_is_due_at_its_time,
            due::must_23_no_kind_hides_another,
            due::must_23_the_oldest_comes_first,
            leases::must_24_a_lease_has_one_holder,
            leases::must_24_names_are_independent,
            leases::must_24_one_of_many_gets_it,
            feed::must_25_a_follower_misses_nothing,
            feed::must_25_a_refused_change_leaves_no_event,
            feed::must_25_the_feed_holds_every_event_once,
            reports::must_26_a_manager_sees_what_reports_ask_for_and_get,
            reports::must_26_a_new_manager_sees_at_once,
            reports::must_26_carts_and_tasks_of_reports_stay_theirs,
            reports::must_26_lists_through_reports_are_what_a_full_scan_finds,
            together::must_27_everything_lands_together,
            together::must_27_each_part_is_checked,
            together::must_27_no_part_comes_without_its_event,
            together::must_27_the_order_within_a_change_is_free,
            together::must_27_grants_are_alone_in_what_they_hold,
            together::must_27_what_must_be_unique_conflicts,
            together::must_27_new_administrators_read_at_once,
            audit::must_28_a_sound_database_has_no_fault,
            audit::must_28_an_empty_database_has_no_events,
            audit::must_28_an_imported_history_is_sound,
            audit::must_28_damage_does_not_end_an_audit,
            audit::must_28_each_edit_is_found_where_it_is,
            checkpoints::must_29_a_checkpoint_follows_the_last_one,
            checkpoints::must_29_checkpoints_cover_every_event_once,
            checkpoints::must_29_edited_checkpoints_are_found,
            checkpoints::must_29_exported_checkpoints_must_be_there,
            checkpoints::must_29_what_was_removed_to_fit_is_found,
        }
    };
    ($make:path; $($theme:ident :: $case:ident,)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            let fixture = $make().await;
            $crate::cases::$theme::$case(&*fixture).await;
        }
    )+};
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    /// The functions named `must_…` in the files of `cases`, as `theme::case`.
    fn written() -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cases");
        let mut found = BTreeSet::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let theme = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            let cases = text.split("pub async fn ").skip(1).filter_map(|rest| rest.split('(').next());
            found.extend(cases.map(|case| format!("{theme}::{case}")));
        }
        found
    }

    #[test]
    fn every_case_is_on_the_list() {
        let list = include_str!("list.rs").split("mod tests").next().unwrap();
        let listed: BTreeSet<_> = list
            .lines()
            .filter_map(|line| line.trim().strip_suffix(','))
            .filter(|line| line.contains("::") && !line.contains('$'))
            .map(str::to_owned)
            .collect();
        assert_eq!(listed, written());
    }

    /// The numbers of the port's text, in its order.
    fn musts() -> Vec<u32> {
        let port = include_str!("../../core/src/repository/mod.rs");
        let numbered = port.lines().filter_map(|line| line.strip_prefix("//! ")?.split_once(". ")?.0.parse().ok());
        numbered.collect()
    }

    /// The number that a case is named after; a case without one shows nothing that the port asks for.
    fn must_of(case: &str) -> u32 {
        let number = case.split_once("::must_").and_then(|(_, rest)| rest.split_once('_'));
        number.and_then(|(number, _)| number.parse().ok()).unwrap_or_else(|| panic!("{case} names no must"))
    }

    #[test]
    fn every_must_has_a_case_and_every_case_a_must() {
        let musts = musts();
        assert!(musts.len() >= 29 && musts.iter().copied().eq(1..=u32::try_from(musts.len()).unwrap()), "{musts:?}");
        let shown: BTreeSet<u32> = written().iter().map(|case| must_of(case)).collect();
        assert_eq!(shown, musts.into_iter().collect());
    }

    /// The page for those who add a backend names cases that there are.
    #[test]
    fn every_case_that_a_page_names_exists() {
        let page = include_str!("../../../docs/adding-a-backend.md");
        let written = written();
        let named: BTreeSet<_> = page.split('`').filter(|word| word.starts_with("must_")).collect();
        assert!(named.len() > 30, "{named:?}");
        for case in named {
            assert!(written.iter().any(|written| written.ends_with(&format!("::{case}"))), "{case}");
        }
    }

    /// The tests have the names of the cases alone.
    #[test]
    fn no_two_cases_have_one_name() {
        let written = written();
        let names: BTreeSet<_> = written.iter().filter_map(|case| case.rsplit("::").next()).collect();
        assert_eq!(names.len(), written.len());
    }
}
