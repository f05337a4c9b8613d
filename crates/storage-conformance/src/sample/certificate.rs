//! Templates, certificate requests, and requests in every status.

use countersign_core::approval::{ApprovalTask, Staffing, Stage, TaskState, Vote, VoteOutcome};
use countersign_core::event::Channel;
use countersign_core::ids::{PrincipalId, Revision};
use countersign_core::request::{
    ApprovedBy, CertificateRequest, Fulfilment, Outcome, Request, RequestDetails, RequestState, RequestStatus,
};
use countersign_core::template::{
    Audience, CertificateOperation, PolicyKind, ProfileTemplate, TemplateKind, WorkflowPolicy,
};

use super::{request_id, task_id, template_id, time, user_id};

/// Every status a request can be in.
pub const STATUSES: &[RequestStatus] = RequestStatus::ALL;

/// The `n`th template: software, for everyone, with an enroll policy of self-service.
///
/// # Panics
/// Never for small numbers.
pub fn template(n: u64) -> ProfileTemplate {
    ProfileTemplate {
        id: template_id(n),
        name: format!("Template {n}"),
        description: String::new(),
        template_kind: TemplateKind::Software,
        version: 1,
        readers: Audience::Everyone,
        enrollers: Audience::Everyone,
        policies: vec![policy(PolicyKind::Enroll)],
        revision: Revision::FIRST,
    }
}

const fn policy(kind: PolicyKind) -> WorkflowPolicy {
    WorkflowPolicy {
        policy: kind,
        enabled: true,
        self_service: true,
        approvals_needed: 0,
        agent_required: false,
        own_approval: false,
        collect_comments: false,
        collect_priority: false,
        default_priority: 0,
        initiators: Vec::new(),
        approvers: Vec::new(),
        agents: Vec::new(),
        auditors: Vec::new(),
        data_items: Vec::new(),
    }
}

/// The `n`th request: user `originator` asks for a certificate under template 1 for user
/// `target`, `n` seconds after the beginning; approved without a vote, numbered 1000 + `n`.
///
/// # Panics
/// Never for small numbers.
pub fn certificate_request(n: u64, originator: u64, target: u64) -> Request {
    let seconds = i64::try_from(n).expect("small");
    Request {
        id: request_id(n),
        number: (1000 + seconds).try_into().expect("positive"),
        state: RequestState::Approved { by: ApprovedBy::Automatic },
        details: RequestDetails::Certificate(CertificateRequest {
            operation: CertificateOperation::Enroll,
            template: template_id(1),
            smartcard: false,
            agent_required: false,
            target: user_id(target),
            priority: 0,
            comment: String::new(),
            data_items: Vec::new(),
            old_profile: None,
            new_profile: None,
            old_smartcard: None,
            new_smartcard: None,
            agents: Vec::new(),
            auditors: Vec::new(),
            security_descriptor: None,
        }),
        originator: user_id(originator),
        created: time(seconds * 1_000_000),
        modified: None,
        channel: Channel::Native,
        justification: None,
        parent: None,
        has_children: false,
        depends_on: None,
        failure: None,
        stages: Vec::new(),
        revision: Revision::FIRST,
        content_revision: 1,
    }
}

/// The `n`th task: open, for `assignee`.
///
/// # Panics
/// Never for small numbers.
pub fn task(n: u64, assignee: PrincipalId) -> ApprovalTask {
    ApprovalTask {
        id: task_id(n),
        title: format!("Task {n}"),
        assignee,
        state: TaskState::Assigned,
        acquired_by: None,
        created: time(i64::try_from(n).expect("small") * 1_000_000),
        expires: None,
        delegate: None,
        parent: None,
        suspended: None,
        renewals: 0,
        votes: Vec::new(),
    }
}

/// A stage of these tasks that one approval ends.
pub fn stage(tasks: Vec<ApprovalTask>) -> Stage {
    let name = "defaultOperationalApproval.approvalTask.assignee".to_owned();
    Stage {
        name,
        index: Some(1),
        quorum: 1,
        title: String::new(),
        own_approval: false,
        deadline: None,
        staffing: Staffing::Enough,
        planned: Vec::new(),
        managers_of: Vec::new(),
        tasks,
    }
}

/// `request` thrown out of the cart.
#[must_use]
pub fn discarded(mut request: Request) -> Request {
    let at = request.modified.unwrap_or(request.created);
    request.state = RequestState::Discarded { at };
    request
}

/// `request` in `status`; its open tasks are decided where the status has none.
#[must_use]
pub fn in_status(mut request: Request, status: RequestStatus) -> Request {
    let at = request.modified.unwrap_or(request.created);
    let ended = |outcome| RequestState::Ended { outcome, at };
    request.state = match status {
        RequestStatus::Draft => RequestState::Draft,
        RequestStatus::Submitted => RequestState::Submitted,
        RequestStatus::Pending => RequestState::Pending,
        RequestStatus::Approved => RequestState::Approved { by: ApprovedBy::Votes },
        RequestStatus::AwaitingChildren => RequestState::AwaitingChildren,
        RequestStatus::AwaitingDependency => RequestState::AwaitingDependency,
        RequestStatus::Scheduled => RequestState::Scheduled,
        RequestStatus::Executing => RequestState::Executing { fulfilment: Fulfilment::Manual },
        RequestStatus::Completed => ended(Outcome::Completed),
        RequestStatus::PartiallyFailed => ended(Outcome::PartiallyFailed),
        RequestStatus::Failed => ended(Outcome::Failed),
        RequestStatus::Denied => ended(Outcome::Denied),
        RequestStatus::Canceled => ended(Outcome::Canceled),
        RequestStatus::Closed => ended(Outcome::Closed),
    };
    if status != RequestStatus::Pending {
        let outcome = if status == RequestStatus::Denied { VoteOutcome::Deny } else { VoteOutcome::Approve };
        let content = request.content_revision;
        request.stages.iter_mut().flat_map(|stage| &mut stage.tasks).for_each(|task| decide(task, outcome, content));
    }
    request
}

/// Closes an open task by the vote of whoever has it, if that is a person.
fn decide(task: &mut ApprovalTask, outcome: VoteOutcome, content_revision: i64) {
    if !task.state.is_open() {
        return;
    }
    task.state = TaskState::Completed;
    if let Some(voter) = task.acquired_by {
        task.votes.push(Vote { voter, represented: None, outcome, at: task.created, content_revision, comment: None });
    }
}
