//! Which approval a request needs: its stages, with the people that they ask.

use std::collections::BTreeSet;

use super::Workflow;
use crate::approval::{Deadline, Staffing, Stage};
use crate::catalog::{EntityKey, EntityType};
use crate::error::RepositoryError;
use crate::ids::{GroupId, PrincipalId, UserId};
use crate::request::AccessOperation;
use crate::rule::{ApprovalRule, Approver, StageRule};
use crate::template::WorkflowPolicy;

/// The name and title of the approval of a request as a whole (`spec/oig-requests.md` C.5).
const REQUEST_LEVEL: (&str, &str) = ("defaultRequestApproval.approvalTask.assignee", "Default request level approval");
/// The name and title of the approval of a single request.
const OPERATIONAL_LEVEL: (&str, &str) =
    ("defaultOperationalApproval.approvalTask.assignee", "Default operational level approval");

/// What approvals are planned from, loaded once a call.
pub(super) struct Planner {
    rules: Vec<ApprovalRule>,
    administrators: Option<GroupId>,
}

/// What would have to happen before a request is carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The steps, in order; none is approved automatically.
    pub stages: Vec<PlannedStage>,
    /// Into how many child requests it would split, each with an approval of its own.
    pub children: usize,
}

/// One step of an approval that would be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedStage {
    /// The name that OIG prints.
    pub name: String,
    /// How many different people must approve.
    pub quorum: u16,
    /// Who would be asked.
    pub approvers: Vec<PrincipalId>,
    /// How long they may take.
    pub deadline: Option<Deadline>,
    /// Why they are asked, in words.
    pub reason: String,
    /// Whether enough of them may vote.
    pub staffing: Staffing,
}

impl Workflow {
    /// What plans approvals.
    pub(super) async fn planner(&self) -> Result<Planner, RepositoryError> {
        let rules = self.repository.approval_rules().await?;
        Ok(Planner { rules, administrators: self.repository.administrators(None).await? })
    }
}

impl Planner {
    /// The approval of a request that splits, as a whole.
    pub(super) fn whole(&self, operation: AccessOperation, originator: UserId, beneficiaries: &[UserId]) -> Vec<Stage> {
        let rule = self.rules.iter().find(|rule| rule.fits_whole(operation));
        self.stages(rule, REQUEST_LEVEL, originator, beneficiaries)
    }

    /// The approval of a request of one beneficiary and at most one target.
    pub(super) fn single(
        &self,
        operation: AccessOperation,
        target: Option<(EntityType, &EntityKey)>,
        originator: UserId,
        beneficiaries: &[UserId],
    ) -> Vec<Stage> {
        let rule = self.rules.iter().find(|rule| rule.fits_single(operation, target));
        self.stages(rule, OPERATIONAL_LEVEL, originator, beneficiaries)
    }

    /// The approval of a certificate request: its template's policy alone decides (decision 20). A
    /// policy that names no approvers has the administrators.
    pub(super) fn certificate(policy: &WorkflowPolicy, administrators: Option<GroupId>) -> Vec<Stage> {
        if policy.approvals_needed == 0 {
            return Vec::new();
        }
        let (name, title) = OPERATIONAL_LEVEL;
        let mut planned = policy.approvers.clone();
        if planned.is_empty() {
            planned.extend(administrators.map(PrincipalId::from));
        }
        vec![Stage {
            name: name.to_owned(),
            index: Some(1),
            quorum: policy.approvals_needed,
            title: title.to_owned(),
            own_approval: policy.own_approval,
            deadline: None,
            staffing: Staffing::Enough,
            planned,
            managers_of: Vec::new(),
            tasks: Vec::new(),
        }]
    }

    fn stages(
        &self,
        rule: Option<&ApprovalRule>,
        (name, title): (&str, &str),
        originator: UserId,
        beneficiaries: &[UserId],
    ) -> Vec<Stage> {
        let fallback = [StageRule {
            name: name.to_owned(),
            title: title.to_owned(),
            quorum: 1,
            approvers: vec![Approver::Administrators],
            deadline: None,
        }];
        let (steps, own_approval) = match rule {
            Some(rule) => (&rule.stages[..], rule.own_approval),
            None => (&fallback[..], false),
        };
        let stage = |(index, step): (i32, &StageRule)| Stage {
            name: step.name.clone(),
            index: Some(index),
            quorum: step.quorum,
            title: step.title.clone(),
            own_approval,
            deadline: step.deadline,
            staffing: Staffing::Enough,
            planned: self.principals(step),
            managers_of: managed(step, originator, beneficiaries),
            tasks: Vec::new(),
        };
        (1..).zip(steps).map(stage).collect()
    }

    /// The principals that a step asks whatever the request.
    fn principals(&self, step: &StageRule) -> Vec<PrincipalId> {
        let principals = step.approvers.iter().filter_map(|approver| match approver {
            Approver::Principal(principal) => Some(*principal),
            Approver::Administrators => self.administrators.map(PrincipalId::from),
            Approver::BeneficiaryManager | Approver::RequesterManager => None,
        });
        Vec::from_iter(BTreeSet::from_iter(principals))
    }
}

/// Whose managers a step asks.
fn managed(step: &StageRule, originator: UserId, beneficiaries: &[UserId]) -> Vec<UserId> {
    let users = step.approvers.iter().flat_map(|approver| match approver {
        Approver::BeneficiaryManager => beneficiaries,
        Approver::RequesterManager => std::slice::from_ref(&originator),
        Approver::Principal(_) | Approver::Administrators => &[],
    });
    Vec::from_iter(users.copied().collect::<BTreeSet<_>>())
}
