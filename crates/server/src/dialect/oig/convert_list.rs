//! From the domain to the elements of a list (`spec/oig-requests.md` B.3), in both shapes.

use countersign_core::clock::Timestamp;
use countersign_core::ids::TaskId;
use countersign_core::request::Request;

use super::dates::Dates;
use super::labels;
use super::people::People;
use super::wire_list::{ListedRequester, PendingApproval, Tracked};
use crate::settings::OigCompat;

/// Prints the elements of a list.
pub(super) struct ListPrinter<'a> {
    /// Whoever stands in them, and where links lead.
    pub(super) people: People<'a>,
    /// The shape that is printed.
    pub(super) compat: OigCompat,
    /// How dates are printed.
    pub(super) dates: Dates,
}

impl ListPrinter<'_> {
    /// A request, as trackRequests shows it.
    pub(super) fn tracked(&self, request: &Request) -> Tracked {
        let people = self.people;
        let users = request.beneficiaries().iter().copied();
        let (requester, current, legacy) = match self.compat {
            OigCompat::C12 => {
                let requester = ListedRequester::Current(people.requester(request.originator));
                (requester, Some(users.map(|user| people.beneficiary(user)).collect()), None)
            }
            OigCompat::G11 => {
                let requester = ListedRequester::Legacy(people.person(request.originator).number);
                (requester, None, Some(users.map(|user| people.beneficiary_11g(user)).collect()))
            }
        };
        Tracked {
            links: vec![people.addresses.request(request.number)],
            id: request.number.to_string(),
            req_status: labels::request_status(request),
            requester,
            req_created_on: self.dates.print(request.created),
            req_expire_on: self.date(request.state.ended()),
            req_type: labels::request_type(request),
            req_justification: request.justification.clone(),
            req_beneficiary_list: current,
            req_beneficiary_list_11g: legacy,
        }
    }

    /// One of the request's tasks, as pendingApprovals shows it; `None` if the request has no such task.
    pub(super) fn pending(&self, task: TaskId, request: &Request) -> Option<PendingApproval> {
        let task = request.tasks().find(|known| known.id == task)?;
        Some(PendingApproval {
            links: vec![self.people.addresses.request(request.number)],
            title: task.title.clone(),
            id: request.number.to_string(),
            creator: self.people.principal(request.originator.into()),
            task_id: task.id.as_uuid(),
            state: labels::task_state(task.state),
            status: labels::request_status(request),
            assignee: self.people.principal(task.assignee),
            created: self.dates.print(task.created),
            acquired_by: task.acquired_by.map(|user| self.people.principal(user.into())),
            expires: self.date(task.expires),
        })
    }

    fn date(&self, at: Option<Timestamp>) -> Option<String> {
        at.map(|at| self.dates.print(at))
    }
}
