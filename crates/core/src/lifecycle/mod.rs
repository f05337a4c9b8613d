//! The life of a request: which commands there are ([`Command`]), what each does from which state
//! ([`table`]), what happens then ([`RequestEvent`]), and what the request is after that ([`apply`]).
//!
//! Everything here is pure: the time, new ids and what is known of people are handed in
//! ([`Context`]). [`decide`] refuses with a [`Refusal`] and changes nothing, or says what happens.

mod apply;
mod approval;
mod command;
mod context;
mod deadline;
mod decide;
mod edit;
mod event;
mod execution;
mod holding;
mod refusal;
mod rollup;
pub mod table;
mod task;
#[cfg(test)]
mod tests;

pub use apply::apply;
pub use approval::approvals;
pub use command::{Answer, Command, CommandKind, Decision, Edit, TargetEdit, TaskRef};
pub use context::{Actor, Context, Ids, Next, People, Voters};
pub use decide::{Decided, decide};
pub use event::RequestEvent;
pub use holding::barred;
pub use refusal::Refusal;
pub use rollup::roll_up;
