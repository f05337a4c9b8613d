//! The cases, by theme. Each is named after the "must" that it shows.

pub mod audit;
pub mod bundle;
pub mod catalog;
pub mod check;
pub mod checkpoints;
pub mod commit;
pub mod concurrency;
pub mod conflicts;
pub mod due;
pub mod edits;
pub mod events;
pub mod export;
pub mod feed;
pub mod filter;
pub mod idempotency;
pub mod inbox;
pub mod leases;
pub mod lifecycle;
pub mod lists;
pub mod paging;
pub mod people;
pub mod reads;
pub mod reports;
pub mod text;
pub mod together;
pub mod visibility;
