//! The cases that every storage adapter of Countersign must pass.
//!
//! Each case is named after the "must" of [`countersign_core::repository`] that it shows, and
//! takes a [`Fixture`]: a fresh, migrated database and the few things that only its adapter can
//! do to it. [`conformance_tests!`] makes one test of each case. The domain objects that the
//! cases use are made by [`sample`], which other tools may use too.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "the cases are tests; a failed step fails the case")]

pub mod cases;
pub mod fixture;
pub mod life;
pub mod migrations;
pub mod model;
pub mod sample;
pub mod support;
pub mod world;

mod list;

pub use fixture::{Column, Fixture, LeftOut, Tampering};
pub use migrations::Migrated;
