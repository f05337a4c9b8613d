//! The audit, of one snapshot: every aggregate against its stream, the order of all events, the checkpoints
//! against the streams, what is derived against what it is derived from, and what belongs to nothing.

mod order;
mod rows;
mod streams;
mod trail;

use std::sync::Arc;

use countersign_core::audit::{AuditReport, Place, Trust};
use countersign_core::event::{StreamId, StreamKind};
use countersign_core::repository::{Derived, Difference, Progress, Result};

use crate::check;
use crate::tables::Tables;

/// An audit under way.
struct Audit<'a> {
    tables: &'a Tables,
    progress: &'a Arc<dyn Progress>,
    report: AuditReport,
}

pub(crate) fn run(tables: &Tables, trust: Trust, progress: &Arc<dyn Progress>) -> Result<AuditReport> {
    let mut audit = Audit { tables, progress, report: AuditReport::default() };
    audit.streams()?;
    audit.order();
    audit.trail(trust);
    audit.derived()?;
    audit.rows()?;
    Ok(audit.report)
}

impl Audit<'_> {
    fn derived(&mut self) -> Result<()> {
        let compared = check::readable(self.tables, self.progress)?;
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
