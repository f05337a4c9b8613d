//! From the domain to what is printed of requests, people and tasks.

use countersign_core::approval::{self, ApprovalTask};
use countersign_core::directory::{Caller, PrincipalName};
use countersign_core::ids::{PrincipalId, TaskId, UserId};
use countersign_core::lifecycle::approvals;
use countersign_core::request::{self, RequestDetails};
use countersign_core::service::{self, ChildView, Names, RequestView};

use super::wire::{
    Certificate, Child, Deadline, Explanation, InboxItem, Me, NamedValue, PlannedStage, Principal, PrincipalType,
    Question, Request, Stage, Target, Task, Vote,
};
use super::words::Status;

/// Prints requests with the names of those whom they mention.
#[derive(Clone, Copy)]
pub(super) struct Printer<'a> {
    /// The names.
    pub(super) names: &'a Names,
}

impl Printer<'_> {
    /// A user or a group; one that is not there any more by its GUID alone.
    pub(super) fn principal(self, id: PrincipalId) -> Principal {
        let bare = Principal { id: id.as_uuid(), kind: None, number: None, name: None, display_name: None };
        match self.names.get(&id) {
            Some(PrincipalName::User { number, login, display_name, .. }) => Principal {
                kind: Some(PrincipalType::User),
                number: Some(number.get()),
                name: Some(login.to_string()),
                display_name: Some(display_name.clone()),
                ..bare
            },
            Some(PrincipalName::Group { name }) => {
                Principal { kind: Some(PrincipalType::Group), name: Some(name.clone()), ..bare }
            }
            None => bare,
        }
    }

    fn users(self, users: &[UserId]) -> Vec<Principal> {
        users.iter().map(|user| self.principal((*user).into())).collect()
    }

    /// A request as lists print it: without its stages and children.
    pub(super) fn listed(self, request: &request::Request) -> Request {
        let (operation, targets, certificate) = match &request.details {
            RequestDetails::Access(access) => {
                (access.operation.name(), access.targets.iter().map(target).collect(), None)
            }
            RequestDetails::Certificate(details) => (details.operation.name(), Vec::new(), Some(certificate(details))),
        };
        Request {
            id: request.id.as_uuid(),
            number: request.number.get(),
            status: Status(request.status()),
            operation,
            content_revision: request.content_revision,
            requester: self.principal(request.originator.into()),
            beneficiaries: self.users(request.beneficiaries()),
            targets,
            certificate,
            justification: request.justification.clone(),
            created: request.created.to_string(),
            modified: request.modified.map(|time| time.to_string()),
            ended: request.state.ended().map(|time| time.to_string()),
            failure: request.failure.clone(),
            channel: request.channel.into(),
            parent: request.parent.map(|parent| parent.request.as_uuid()),
            depends_on: request.depends_on.map(countersign_core::ids::RequestId::as_uuid),
            stages: None,
            children: None,
        }
    }

    /// A task of an inbox with its request; `None` if the request has no such task.
    pub(super) fn inbox_item(self, task: TaskId, request: &request::Request) -> Option<InboxItem> {
        let found = request.tasks().find(|other| other.id == task)?;
        Some(InboxItem { task: self.task(found), request: self.listed(request) })
    }

    fn stage(self, stage: &approval::Stage, asked: &[PrincipalId]) -> Stage {
        Stage {
            name: stage.name.clone(),
            title: stage.title.clone(),
            quorum: stage.quorum,
            approvals: approvals(stage),
            own_approval: stage.own_approval,
            staffing: stage.staffing.into(),
            deadline: stage.deadline.map(deadline),
            planned: asked.iter().map(|principal| self.principal(*principal)).collect(),
            tasks: stage.tasks.iter().map(|task| self.task(task)).collect(),
        }
    }

    fn task(self, task: &ApprovalTask) -> Task {
        Task {
            id: task.id.as_uuid(),
            title: task.title.clone(),
            state: task.state.into(),
            assignee: self.principal(task.assignee),
            acquired_by: task.acquired_by.map(|user| self.principal(user.into())),
            delegate: task.delegate.map(|principal| self.principal(principal)),
            parent: task.parent.map(TaskId::as_uuid),
            created: task.created.to_string(),
            expires: task.expires.map(|time| time.to_string()),
            votes: task.votes.iter().map(|vote| self.vote(vote)).collect(),
        }
    }

    fn vote(self, vote: &approval::Vote) -> Vote {
        Vote {
            voter: self.principal(vote.voter.into()),
            represented: vote.represented.map(|user| self.principal(user.into())),
            outcome: vote.outcome.into(),
            at: vote.at.to_string(),
            content_revision: vote.content_revision,
            comment: vote.comment.clone(),
        }
    }
}

/// A request with its stages, as every write answers.
pub(super) fn told(view: &RequestView) -> Request {
    let printer = Printer { names: &view.names };
    let mut request = printer.listed(&view.request);
    if let Some(certificate) = &mut request.certificate {
        certificate.template_name.clone_from(&view.template_name);
    }
    request.stages = Some(view.request.stages.iter().map(|stage| printer.stage(stage, &view.asked(stage))).collect());
    request
}

/// A request with everything.
pub(super) fn detail(view: &RequestView) -> Request {
    Request { children: Some(view.children.iter().map(child).collect()), ..told(view) }
}

fn child(child: &ChildView) -> Child {
    Child { id: child.id.as_uuid(), number: child.number.get(), ordinal: child.ordinal, status: Status(child.status) }
}

/// What is asked for.
pub(super) fn target(target: &request::Target) -> Target {
    Target {
        entity_type: target.entity_type.into(),
        entity_key: target.entity_key.to_string(),
        entity_name: target.entity_name.clone(),
        account: target.parent_account.clone(),
        start: target.start.map(|time| time.to_string()),
        end: target.end.map(|time| time.to_string()),
        form: target.form.iter().map(named_value).collect(),
    }
}

fn named_value(entry: &request::FormValue) -> NamedValue {
    NamedValue { name: entry.name.clone(), value: entry.value.clone() }
}

fn certificate(certificate: &request::CertificateRequest) -> Certificate {
    let question = |item: &request::DataItem| Question {
        name: item.name.clone(),
        value: item.value.clone(),
        provider: item.provider.into(),
    };
    Certificate {
        template: certificate.template.as_uuid(),
        template_name: None,
        smartcard: certificate.smartcard,
        agent_required: certificate.agent_required,
        priority: certificate.priority,
        comment: certificate.comment.clone(),
        questions: certificate.data_items.iter().map(question).collect(),
        old_profile: certificate.old_profile.map(|id| id.as_uuid()),
        new_profile: certificate.new_profile.map(|id| id.as_uuid()),
        old_smartcard: certificate.old_smartcard.map(|id| id.as_uuid()),
        new_smartcard: certificate.new_smartcard.map(|id| id.as_uuid()),
    }
}

fn deadline(deadline: approval::Deadline) -> Deadline {
    Deadline { seconds: deadline.seconds, then: deadline.then.into(), renewals: deadline.renewals }
}

/// Who calls.
pub(super) fn me(caller: &Caller, me: &service::Me) -> Me {
    let printer = Printer { names: &me.names };
    let others = caller.principals.iter().filter(|principal| **principal != PrincipalId::from(caller.user));
    Me {
        id: caller.user.as_uuid(),
        number: caller.number.get(),
        login: caller.login.to_string(),
        display_name: me.user.display_name.clone(),
        email: me.user.email.clone(),
        manager: me.user.manager.map(|manager| printer.principal(manager.into())),
        groups: others.map(|group| printer.principal(*group)).collect(),
        represents: printer.users(&caller.represents),
        administrator: me.administrator,
    }
}

/// What approval a request would need.
pub(super) fn explanation(explanation: &service::Explanation, names: &Names) -> Explanation {
    let printer = Printer { names };
    let stage = |stage: &service::PlannedStage| PlannedStage {
        name: stage.name.clone(),
        reason: stage.reason.clone(),
        quorum: stage.quorum,
        approvers: stage.approvers.iter().map(|approver| printer.principal(*approver)).collect(),
        staffing: stage.staffing.into(),
        deadline: stage.deadline.map(deadline),
    };
    Explanation { stages: explanation.stages.iter().map(stage).collect(), children: explanation.children }
}
