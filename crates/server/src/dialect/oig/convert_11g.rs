//! From the domain to the shape of 11g (decision 22).

use super::convert::{Entity, Printer};
use super::wire::History;
use super::{labels, wire_11g};

impl Printer<'_> {
    /// The detail in the shape of 11g.
    pub(super) fn request_11g(&self) -> wire_11g::Request {
        let request = &self.view.request;
        let requester = self.people().person(request.originator);
        wire_11g::Request {
            links: vec![self.addresses.request(request.number)],
            id: request.number.to_string(),
            req_status: labels::request_status(request),
            requester: requester.number,
            req_created_on: self.dates.print(request.created),
            req_expire_on: self.date(request.state.ended()),
            req_type: labels::request_type(request),
            req_justification: request.justification.clone(),
            user_login: requester.login,
            req_beneficiary_list: request
                .beneficiaries()
                .iter()
                .map(|user| self.people().beneficiary_11g(*user))
                .collect(),
            req_target_entities: self.entities().into_iter().map(|entity| self.target_11g(entity)).collect(),
            req_modified_on_date: self.date(request.modified),
            request_task_details: self
                .tasks()
                .map(|(_, task)| wire_11g::TaskDetails { title: task.title.clone() })
                .collect(),
            history: self.history_11g(),
            child_requests: self.children(),
        }
    }

    /// The histories of all tasks as one, for there is one place for it; the stages that have not
    /// begun are the same in each.
    fn history_11g(&self) -> Option<History> {
        let histories = self.tasks().map(|(stage, task)| self.history(stage, task));
        histories.reduce(|mut all, next| {
            all.previous_approvers.extend(next.previous_approvers);
            all.current_approvers.extend(next.current_approvers);
            all
        })
    }

    fn target_11g(&self, entity: Entity<'_>) -> wire_11g::Target {
        wire_11g::Target {
            links: vec![self.addresses.entity(entity.entity_type, &entity.key)],
            entity_name: entity.name,
            entity_id: entity.key,
            entity_type: entity.entity_type.name(),
        }
    }
}
