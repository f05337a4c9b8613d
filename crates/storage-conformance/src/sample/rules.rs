//! Rules about approval and about asking for others.

use countersign_core::ids::Revision;
use countersign_core::rule::{ApprovalRule, Approver, Beneficiaries, RequestRule, RuleScope, StageRule};
use countersign_core::template::Audience;

use super::{Kind, id};

/// The `n`th approval rule: whatever single request, the administrators approve it; `n`th in order.
///
/// # Panics
/// Never for small numbers.
pub fn approval_rule(n: u64) -> ApprovalRule {
    let stage = StageRule {
        name: "defaultOperationalApproval.approvalTask.assignee".to_owned(),
        title: "Approval".to_owned(),
        quorum: 1,
        approvers: vec![Approver::Administrators],
        deadline: None,
    };
    ApprovalRule {
        id: id(Kind::Rule, n).into(),
        name: format!("Approval rule {n}"),
        ordinal: i32::try_from(n).expect("small"),
        enabled: true,
        scope: RuleScope::Single,
        operations: Vec::new(),
        entity_types: Vec::new(),
        entities: Vec::new(),
        stages: vec![stage],
        own_approval: false,
        revision: Revision::FIRST,
    }
}

/// The `n`th request rule: everybody may ask for everybody.
pub fn request_rule(n: u64) -> RequestRule {
    RequestRule {
        id: id(Kind::Rule, n).into(),
        name: format!("Request rule {n}"),
        enabled: true,
        requesters: Audience::Everyone,
        beneficiaries: Beneficiaries::Everyone,
        entity_types: Vec::new(),
        revision: Revision::FIRST,
    }
}
