//! The lifecycle through its one door, [`super::decide`].

mod actors;
mod cast;
mod content;
mod deadlines;
mod ending;
mod events;
mod execution;
mod grid;
mod invariants;
mod random;
mod staffing;
mod tasks;
mod voting;
