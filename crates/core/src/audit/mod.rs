//! The audit: whether the tables say what happened, and whether what is said to have happened did
//! (decisions 16 to 18).
//!
//! From the ground up: an [`AuditReport`] gathers faults, each with its [`Place`]. A [`Walk`] goes
//! along one stream of events: it recomputes every hash over the stored bytes and replays the
//! events into a state ([`Replayed`]), which is compared with the tables. A [`Checkpoint`] says
//! under a signature ([`AuditKey`]) how far every stream had come; a [`Trail`] follows checkpoints and holds
//! the streams against them.
//!
//! Everything here is pure. An adapter reads the rows, in one snapshot, and hands them in whatever
//! stands in them: damage is a fault with a name, never an error.

mod checkpoint;
mod compare;
mod key;
mod merkle;
mod opened;
mod report;
mod trail;
mod walk;

#[cfg(test)]
mod tests;

pub use checkpoint::{CHECKPOINT_FORMAT, Checkpoint, Leaf, Span};
pub use key::{AuditKey, PublicKey, Signature, UnreadableKey};
pub use report::{AuditFault, AuditReport, Place};
pub use trail::{Published, Trail, Trust};
pub use walk::{EventRow, Replayed, Walk};
