//! The life of a request over HTTP, through each surface that can lead it: approvals in all their forms, children,
//! and what is refused on the way.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

#[path = "lifecycle/approvals.rs"]
mod approvals;
#[path = "lifecycle/audit.rs"]
mod audit;
#[path = "lifecycle/bad_input.rs"]
mod bad_input;
#[path = "lifecycle/children.rs"]
mod children;
#[path = "lifecycle/commands.rs"]
mod commands;
#[path = "lifecycle/grants.rs"]
mod grants;
#[path = "lifecycle/house.rs"]
mod house;
#[path = "lifecycle/people.rs"]
mod people;
#[path = "lifecycle/rollup.rs"]
mod rollup;
#[path = "lifecycle/staffing.rs"]
mod staffing;
#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;
#[path = "lifecycle/surface.rs"]
mod surface;
