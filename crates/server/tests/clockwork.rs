//! The clockwork over HTTP: deadlines, dates and deliveries, with a clock that is turned by hand. The stories are those of
//! `cargo xtask show requests-live.9`.

#![allow(clippy::print_stdout, reason = "a story's figures are its output")]

use std::path::PathBuf;

use countersign_xtask::process;
use countersign_xtask::show::live_clock::{
    ends, escalates, expires, renews, starts, starts_on_postgres, survives_a_crash, survives_a_crash_on_postgres, told,
};
use countersign_xtask::show::{Context, Size};
use serde_json::Value;

#[track_caller]
fn holds(story: fn(Size, &Context) -> anyhow::Result<Value>) {
    let context = Context { binary: PathBuf::from(env!("CARGO_BIN_EXE_countersign")), root: process::workspace() };
    println!("{}", story(Size::Short, &context).unwrap_or_else(|error| panic!("{error:#}")));
}

#[test]
fn a_deadline_that_passes_denies_the_request_and_stands_still_while_its_task_is_put_aside() {
    holds(expires);
}

#[test]
fn a_deadline_that_passes_escalates_to_the_manager_then_to_the_administrators() {
    holds(escalates);
}

#[test]
fn a_deadline_that_passes_is_renewed_as_often_as_the_rule_says() {
    holds(renews);
}

#[test]
fn a_start_date_comes_once_with_two_servers_on_one_database() {
    holds(starts);
}

#[test]
fn a_start_date_comes_once_with_two_servers_on_one_postgres() {
    holds(starts_on_postgres);
}

#[test]
fn another_server_goes_on_with_what_one_that_crashed_has_begun() {
    holds(survives_a_crash);
}

#[test]
fn another_server_goes_on_with_what_one_that_crashed_has_begun_on_postgres() {
    holds(survives_a_crash_on_postgres);
}

#[test]
fn an_end_date_takes_away_what_was_given_and_what_lies_in_it() {
    holds(ends);
}

#[test]
fn a_webhook_receiver_that_fails_five_times_and_dies_once_hears_everything_in_order_and_signed() {
    holds(told);
}
