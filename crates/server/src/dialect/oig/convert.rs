//! From the domain to what OIG sends; the shape of 12c, and what both shapes share.

use countersign_core::approval::{ApprovalTask, Stage, Vote};
use countersign_core::catalog::EntityType;
use countersign_core::clock::Timestamp;
use countersign_core::ids::{PrincipalId, RequestNumber};
use countersign_core::request::{DataItem, RequestDetails, Target};
use countersign_core::service::RequestView;

use super::address::Addresses;
use super::dates::Dates;
use super::people::People;
use super::{labels, wire};

/// Prints one request.
pub(super) struct Printer<'a> {
    /// The request, its children and the names of the people in it.
    pub(super) view: &'a RequestView,
    /// Where links lead.
    pub(super) addresses: &'a Addresses,
    /// How dates are printed.
    pub(super) dates: Dates,
}

/// What a request is for, as far as both shapes print it.
pub(super) struct Entity<'a> {
    pub(super) entity_type: EntityType,
    pub(super) key: String,
    pub(super) name: Option<String>,
    /// What its form holds.
    asked: Asked<'a>,
}

/// Where what was filled in stands.
enum Asked<'a> {
    /// In the target of an access request.
    For(&'a Target),
    /// In the answers to a template's questions.
    Certificates(&'a [DataItem]),
}

impl Printer<'_> {
    /// The detail in the shape of 12c.
    pub(super) fn request(&self) -> wire::Request {
        let request = &self.view.request;
        wire::Request {
            links: vec![self.addresses.request(request.number)],
            id: request.number.to_string(),
            req_status: labels::request_status(request),
            requester: self.people().requester(request.originator),
            req_created_on: self.dates.print(request.created),
            req_expire_on: self.date(request.state.ended()),
            req_type: labels::request_type(request),
            req_justification: request.justification.clone(),
            req_beneficiary_list: request.beneficiaries().iter().map(|user| self.people().beneficiary(*user)).collect(),
            req_target_entities: self.entities().into_iter().map(|entity| self.target(entity)).collect(),
            req_modified_on_date: self.date(request.modified),
            request_task_details: self.tasks().map(|(stage, task)| self.task(stage, task)).collect(),
            child_requests: self.children(),
        }
    }

    pub(super) fn people(&self) -> People<'_> {
        People { names: &self.view.names, addresses: self.addresses }
    }

    fn target(&self, entity: Entity<'_>) -> wire::Target {
        wire::Target {
            links: vec![self.addresses.entity(entity.entity_type, &entity.key)],
            entity_id: entity.key,
            entity_type: entity.entity_type.name(),
            entity_name: entity.name,
            app_form_data: match entity.asked {
                Asked::For(target) => self.form(target),
                Asked::Certificates(items) => items.iter().filter_map(answer).collect(),
            },
        }
    }

    /// The form's pairs, then the dates. Clients read the first pair of an application without
    /// looking whether there is one, so that it always has one (`spec/oig-requests.md` B.5).
    fn form(&self, target: &Target) -> Vec<wire::FormValue> {
        let pair = |name: &str, value: &str| wire::FormValue { name: name.to_owned(), value: value.to_owned() };
        let mut pairs: Vec<_> = target.form.iter().map(|entry| pair(&entry.name, &entry.value)).collect();
        if pairs.is_empty() && target.entity_type == EntityType::ApplicationInstance {
            pairs.push(pair("appInstanceName", &target.entity_name));
        }
        for (name, date) in [("endDate", target.end), ("startDate", target.start)] {
            pairs.extend(date.map(|date| pair(name, &self.dates.print(date))));
        }
        pairs
    }

    fn task(&self, stage: &Stage, task: &ApprovalTask) -> wire::TaskDetails {
        wire::TaskDetails {
            title: task.title.clone(),
            history: self.history(stage, task),
            task_id: task.id.as_uuid(),
            state: labels::task_state(task.state),
        }
    }

    /// What the request is for: its targets, or the template of a certificate request (decision 20).
    pub(super) fn entities(&self) -> Vec<Entity<'_>> {
        match &self.view.request.details {
            RequestDetails::Access(access) => access.targets.iter().map(entity).collect(),
            RequestDetails::Certificate(certificate) => vec![Entity {
                entity_type: EntityType::ProfileTemplate,
                key: certificate.template.to_string(),
                name: self.view.template_name.clone(),
                asked: Asked::Certificates(&certificate.data_items),
            }],
        }
    }

    /// Every task with its stage.
    pub(super) fn tasks(&self) -> impl Iterator<Item = (&Stage, &ApprovalTask)> {
        let stages = self.view.request.stages.iter();
        stages.flat_map(|stage| stage.tasks.iter().map(move |task| (stage, task)))
    }

    /// The votes on a task, the task, and whom the stages that have not begun will ask.
    pub(super) fn history(&self, stage: &Stage, task: &ApprovalTask) -> wire::History {
        let current =
            wire::Approver { status: Some(labels::task_state(task.state)), ..self.approver(stage, task.assignee) };
        let later = self.view.request.stages.iter();
        let planned =
            later.flat_map(|stage| self.view.asked(stage).into_iter().map(|principal| self.approver(stage, principal)));
        wire::History {
            previous_approvers: task.votes.iter().map(|vote| self.vote(stage, task, vote)).collect(),
            current_approvers: vec![current],
            future_approvers: planned.collect(),
        }
    }

    fn vote(&self, stage: &Stage, task: &ApprovalTask, vote: &Vote) -> wire::Approver {
        wire::Approver {
            status: Some(labels::vote(vote.outcome)),
            acquired_by: Some(self.people().principal(vote.voter.into())),
            stage_index: stage.index.map(|index| index.to_string()),
            updated_date: Some(self.dates.print(vote.at)),
            ..self.approver(stage, task.assignee)
        }
    }

    fn approver(&self, stage: &Stage, principal: PrincipalId) -> wire::Approver {
        wire::Approver {
            stage: stage.name.clone(),
            status: None,
            approvers: self.people().principal(principal),
            acquired_by: None,
            stage_index: None,
            updated_date: None,
        }
    }

    /// The children, by number.
    pub(super) fn children(&self) -> Vec<wire::ChildRequest> {
        let mut numbers: Vec<_> = self.view.children.iter().map(|child| child.number).collect();
        numbers.sort_unstable();
        let child = |number: RequestNumber| wire::ChildRequest {
            links: vec![self.addresses.request(number)],
            id: number.to_string(),
        };
        numbers.into_iter().map(child).collect()
    }

    pub(super) fn date(&self, at: Option<Timestamp>) -> Option<String> {
        at.map(|at| self.dates.print(at))
    }
}

fn entity(target: &Target) -> Entity<'_> {
    Entity {
        entity_type: target.entity_type,
        key: target.entity_key.to_string(),
        name: Some(target.entity_name.clone()),
        asked: Asked::For(target),
    }
}

fn answer(item: &DataItem) -> Option<wire::FormValue> {
    item.value.as_ref().map(|value| wire::FormValue { name: item.name.clone(), value: value.clone() })
}

#[cfg(test)]
#[path = "convert_tests.rs"]
mod tests;
