//! The audit, in one snapshot: every aggregate against its stream, the order of all events, the
//! checkpoints against the streams, what is derived against the tables, and rows that belong to nothing.

mod events;
mod order;
mod rows;
mod streams;
mod trail;

use std::sync::Arc;

use countersign_core::audit::{AuditReport, Place, Trust};
use countersign_core::error::RepositoryError;
use countersign_core::event::{StreamId, StreamKind};
use countersign_core::repository::{Derived, Difference, Progress};

use crate::check;
use crate::error::Failure;
use crate::session::Session;

/// How many ids or rows are read at once.
const PAGE: i64 = 1000;

/// An audit under way.
struct Audit<'a> {
    connection: &'a mut dyn Session,
    progress: &'a Arc<dyn Progress>,
    report: AuditReport,
}

pub(crate) fn run(
    connection: &mut dyn Session,
    trust: Trust,
    progress: &Arc<dyn Progress>,
) -> Result<AuditReport, Failure> {
    let mut audit = Audit { connection, progress, report: AuditReport::default() };
    audit.streams()?;
    audit.order()?;
    audit.trail(trust)?;
    audit.derived()?;
    audit.rows()?;
    Ok(audit.report)
}

impl Audit<'_> {
    /// What is derived, against the tables.
    fn derived(&mut self) -> Result<(), Failure> {
        let compared = check::readable(self.connection, self.progress)?;
        let named = compared.first.len() as u64;
        for Difference { derived, id, detail } in compared.first {
            let stream = if derived == Derived::Handover { StreamKind::User } else { StreamKind::Request };
            let of = StreamId { stream, id };
            self.report.note(Place::Derived { what: derived.to_string(), of }, detail);
        }
        self.report.faults += compared.differences - named;
        Ok(())
    }
}

/// Why a row cannot be read; the error of the driver is none of the row's.
fn reason<T>(read: Result<T, Failure>) -> Result<Result<T, String>, Failure> {
    match read {
        Ok(value) => Ok(Ok(value)),
        Err(Failure::Repository(RepositoryError::Damaged(reason))) => Ok(Err(reason)),
        Err(other) => Err(other),
    }
}
