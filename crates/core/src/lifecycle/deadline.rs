//! Time: deadlines that come, and start dates.

use super::decide::Course;
use super::event::RequestEvent;
use crate::approval::{ApprovalTask, Deadline, DeadlineAction};
use crate::clock::Timestamp;
use crate::ids::TaskId;
use crate::request::{Outcome, RequestStatus};

/// So many seconds after `now`; `None` beyond the end of time.
pub(super) fn later(now: Timestamp, seconds: u32) -> Option<Timestamp> {
    Timestamp::from_micros(now.as_micros() + i64::from(seconds) * 1_000_000)
}

impl Course<'_> {
    pub(super) fn wake(&mut self) {
        if self.request.status() == RequestStatus::Scheduled {
            return self.start_or_wait();
        }
        for task in self.request.overdue(self.context.now) {
            if self.request.status() == RequestStatus::Pending {
                self.run_out(task);
            }
        }
    }

    /// What a passed deadline means. What cannot be escalated or renewed expires.
    fn run_out(&mut self, id: TaskId) {
        let mut stages = self.request.stages.iter();
        let found = stages
            .find_map(|stage| stage.tasks.iter().find(|task| task.id == id).map(|task| (task.clone(), stage.deadline)));
        let Some((task, deadline)) = found else { return };
        let goes_on = match deadline {
            Some(Deadline { then: DeadlineAction::Escalate, .. }) => self.escalate(&task, None).is_ok(),
            Some(deadline) if deadline.then == DeadlineAction::Renew => self.renew(&task, deadline),
            _ => false,
        };
        if !goes_on {
            self.expire(&task);
        }
    }

    fn renew(&mut self, task: &ApprovalTask, deadline: Deadline) -> bool {
        let expires = later(self.context.now, deadline.seconds).filter(|_| task.renewals < deadline.renewals);
        if let Some(expires) = expires {
            self.happen(RequestEvent::Renewed { task: task.id, expires });
        }
        expires.is_some()
    }

    /// A task that nobody decided in time denies the request (`spec/oig-requests.md` C.5).
    fn expire(&mut self, task: &ApprovalTask) {
        self.happen(RequestEvent::Expired { task: task.id });
        self.end_subtasks(task.id);
        if task.parent.is_none() {
            self.end(Outcome::Denied, Some("the deadline of its approval has passed".to_owned()));
        }
    }
}
