//! Countersign's storage port in memory.
//!
//! It is for the tests of whoever builds on the port, who need no database then, and it shows that the port is
//! bound to none: the crate knows core alone, shares nothing with the relational adapters, and passes the same
//! conformance suite. It keeps nothing on disk: what was acknowledged is there as long as its [`Store`] lives, which
//! every handle on it keeps alive. No storage URL leads here, for a server that forgets is of no use.
//!
//! ```
//! use countersign_core::repository::Repository;
//! use countersign_storage_memory::{MemoryRepository, Store};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> countersign_core::repository::Result<()> {
//! let store = Store::default();
//! let (one, other) = (MemoryRepository::on(&store), MemoryRepository::on(&store));
//! one.migrate().await?;
//! other.ready().await?;
//! # Ok(())
//! # }
//! ```
//!
//! [`Store::view`] and [`Store::edit`] go past the port: with them a test damages what is kept, as somebody does who
//! can write to a database, and sees what the program makes of it.

mod aggregate;
mod approval_rule;
mod audit;
mod catalog;
mod check;
mod checkpoint;
mod child_count;
mod commit;
mod derived;
mod directory;
mod due;
mod event;
mod export;
mod feed;
mod filter;
mod grant;
mod group;
mod idempotency;
mod import;
mod inbox;
mod lease;
mod link;
mod list;
mod merge;
mod migration;
mod number;
mod profile;
mod readiness;
mod repository;
mod request;
mod request_rule;
mod run;
mod smartcard;
mod store;
mod table;
mod tabled;
mod tables;
mod template;
mod user;
mod webhook;

pub use aggregate::Aggregate;
pub use child_count::ChildCount;
pub use derived::{AccessRun, Derivations, DocumentRow, TaskRun};
pub use event::Events;
pub use export::LEFT_OUT;
pub use idempotency::{Promise, PromiseKey};
pub use lease::Lease;
pub use link::Link;
pub use number::Counters;
pub use repository::MemoryRepository;
pub use run::{Place, Runs};
pub use store::Store;
pub use table::Table;
pub use tabled::Tabled;
pub use tables::Tables;
