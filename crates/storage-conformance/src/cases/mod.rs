//! The cases, by theme. Each is named after the "must" that it shows.

pub mod bundle;
pub mod check;
pub mod commit;
pub mod concurrency;
pub mod conflicts;
pub mod events;
pub mod export;
pub mod idempotency;
pub mod lifecycle;
pub mod lists;
pub mod paging;
pub mod reads;
pub mod text;
pub mod visibility;
