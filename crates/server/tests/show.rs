//! The short form of every show: the same code as `cargo xtask show`, with smaller numbers. The stories of
//! `requests-live.9` are tests of their own, in `clockwork.rs`.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]
#![allow(clippy::print_stdout, reason = "a show's figures are its output")]

use std::path::PathBuf;

use countersign_xtask::process;
use countersign_xtask::show::{self, Context, Size};

fn holds(line: &str) {
    let context = Context { binary: PathBuf::from(env!("CARGO_BIN_EXE_countersign")), root: process::workspace() };
    let figures = show::run(line, Size::Short, &context).unwrap_or_else(|error| panic!("{line}: {error:#}"));
    assert_eq!(figures["holds"], true);
    println!("{figures}");
}

#[test]
fn main_job_1_the_documents_examples_replay() {
    holds("main-job.1");
}

#[test]
fn main_job_2_a_second_bundle_is_answered_from_its_records() {
    holds("main-job.2");
}

#[test]
fn main_job_3_mim_rules() {
    holds("main-job.3");
}

#[test]
fn main_job_4_oig_rules() {
    holds("main-job.4");
}

#[test]
fn main_job_5_bundles_and_checks() {
    holds("main-job.5");
}

#[test]
fn main_job_6_many_requests() {
    holds("main-job.6");
}

#[test]
fn main_job_7_core_knows_no_transport_no_database_no_runtime() {
    holds("main-job.7");
}

#[test]
fn main_job_8_the_contract() {
    holds("main-job.8");
}

#[test]
fn requests_live_1_the_documents_exchanges_replay() {
    holds("requests-live.1");
}

#[test]
fn requests_live_2_random_lives_agree_with_an_independent_model() {
    holds("requests-live.2");
}

#[test]
fn requests_live_3_races_have_one_winner_and_losers_are_told() {
    holds("requests-live.3");
}

#[test]
fn requests_live_4_one_story_across_the_dialects() {
    holds("requests-live.4");
}

#[test]
fn requests_live_5_every_edit_from_outside_is_named() {
    holds("requests-live.5");
}

#[test]
fn requests_live_6_what_was_acknowledged_survives_a_kill() {
    holds("requests-live.6");
}

#[test]
fn requests_live_8_following_next_misses_nothing_while_others_decide() {
    holds("requests-live.8");
}

#[test]
fn requests_live_7_a_call_that_is_sent_again_has_one_effect() {
    holds("requests-live.7");
}

#[test]
fn backends_6_an_outage_is_told_and_over_when_it_is_over() {
    holds("backends.6");
}

#[test]
fn backends_7_a_pooler_and_a_replica_change_nothing_that_a_caller_can_tell() {
    holds("backends.7");
}

#[test]
fn backends_4_a_copy_loses_nothing_however_often_it_is_broken_off() {
    holds("backends.4");
}

#[test]
fn backends_8_the_image_starts_from_nothing_and_stops_without_loss() {
    holds("backends.8");
}

#[test]
fn backends_2_every_planted_fault_has_its_case() {
    holds("backends.2");
}

#[test]
fn backends_5_what_both_adapters_say_is_named() {
    holds("backends.5");
}

#[test]
fn backends_3_several_servers_on_one_database() {
    holds("backends.3");
}

#[test]
fn an_unknown_show_is_refused_by_name() {
    let context = Context { binary: PathBuf::new(), root: PathBuf::new() };
    let error = show::run("main-job.9", Size::Short, &context).unwrap_err();
    assert!(error.to_string().contains("main-job.9"));
}

#[test]
fn speed_3_nothing_remembered_is_old() {
    holds("speed.3");
}

#[test]
fn speed_4_the_fault_of_the_check_of_instructions_can_be_planted() {
    holds("speed.4");
}
