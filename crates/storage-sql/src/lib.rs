//! What the relational adapters of Countersign's storage port have in common: the statements, what is
//! derived from requests, lists and inboxes, import and export, check and audit. An adapter adds an
//! [`Engine`]: how its database is connected to, how transactions begin and how changes wait for one
//! another. `docs/adr/0010-relational-adapters-share-their-statements.md` says why.

mod aggregate;
mod approval_rule;
mod audit;
mod catalog;
mod check;
mod checkpoint;
mod child_count;
mod closing;
pub mod commit;
pub mod copy;
mod deadline;
mod derived;
mod directory;
mod due;
pub mod engine;
pub mod error;
mod event;
mod export;
mod feed;
mod filter;
mod grant;
mod group;
mod idempotency;
mod identity;
mod import;
mod inbox;
mod lease;
mod list;
mod merge;
mod narrow;
mod number;
mod pages;
mod parts;
pub mod point;
mod profile;
mod readiness;
mod remembered;
mod repository;
mod request;
mod request_rule;
mod run;
pub mod session;
mod sieve;
mod smartcard;
pub mod sql;
mod template;
mod text;
mod user;
mod webhook;

pub use engine::{AsOf, Engine, SqlRepository};
pub use error::{Failure, damaged};
pub use export::LEFT_OUT;
pub use identity::{Known, Recognised};
pub use readiness::ready;
pub use session::{AS_IF_SHORT, Dialect, Session};
pub use sql::{Cell, Row, Statement, Value};
pub use text::folded;
