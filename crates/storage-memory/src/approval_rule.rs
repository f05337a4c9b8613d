//! Approval rules in their table.

use std::sync::Arc;

use countersign_core::bundle::Key;
use countersign_core::event::StreamKind;
use countersign_core::repository::Result;
use countersign_core::rule::{ApprovalRule, Approver};
use uuid::Uuid;

use crate::aggregate::Aggregate;
use crate::table::Table;
use crate::tabled::Tabled;
use crate::tables::Tables;

impl Aggregate for ApprovalRule {
    const STREAM: StreamKind = StreamKind::Policy;

    fn id(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn claims(&self) -> Vec<Key> {
        vec![Key::ApprovalRule(self.id.as_uuid())]
    }

    fn references(&self) -> Vec<Key> {
        let approvers = self.stages.iter().flat_map(|stage| &stage.approvers);
        let named = approvers.filter_map(|approver| match approver {
            Approver::Principal(principal) => Some(Key::Principal(principal.as_uuid())),
            Approver::BeneficiaryManager | Approver::RequesterManager | Approver::Administrators => None,
        });
        named.collect()
    }
}

impl Tabled for ApprovalRule {
    fn table(tables: &Tables) -> &Table<Self> {
        &tables.approval_rules
    }

    fn table_mut(tables: &mut Tables) -> &mut Table<Self> {
        &mut tables.approval_rules
    }
}

/// Every rule, by ordinal, then id.
pub(crate) fn all(tables: &Tables) -> Result<Vec<ApprovalRule>> {
    let rules = tables.approval_rules.all().map(|rule| rule.map(Arc::unwrap_or_clone));
    let mut rules = rules.collect::<Result<Vec<_>>>()?;
    rules.sort_by_key(|rule| (rule.ordinal, rule.id));
    Ok(rules)
}
