//! What happens by itself when its time has come.

use std::collections::BTreeSet;

use super::cast::{ADMINISTRATORS, Person, Principal, Then, USERS};
use super::people::acting_for;
use super::words::{Status, TaskState};
use super::{Due, Model};

impl Model {
    /// Everything that waits for the worker now.
    pub fn due(&self) -> BTreeSet<Due> {
        let mut due = BTreeSet::new();
        for (at, request) in self.requests.iter().enumerate() {
            let ready = match request.status {
                Status::Pending => !self.overdue(at).is_empty(),
                Status::Scheduled => Self::start_of(request).is_some_and(|start| start <= self.now),
                _ => false,
            };
            if ready {
                due.insert(Due::Request(at));
            }
            let gone = (0..USERS.len()).filter(|user| !USERS[*user].active);
            due.extend(gone.filter(|user| !self.left_behind(at, *user).is_empty()).map(|user| Due::Handover(user, at)));
        }
        due
    }

    /// Does what is due. Nothing stands against it.
    pub fn run(&mut self, due: Due) {
        match due {
            Due::Request(at) => self.wake(at),
            Due::Handover(user, at) => self.hand_over(user, at),
        }
        self.follow();
    }

    fn overdue(&self, at: usize) -> Vec<(usize, usize)> {
        let mut late = Vec::new();
        for (s, stage) in self.requests[at].stages.iter().enumerate() {
            let is_late = |t: &usize| {
                let task = &stage.tasks[*t];
                task.state == TaskState::Assigned && task.expires.is_some_and(|expires| expires <= self.now)
            };
            late.extend((0..stage.tasks.len()).filter(is_late).map(|t| (s, t)));
        }
        late
    }

    fn wake(&mut self, at: usize) {
        match self.requests[at].status {
            Status::Scheduled => self.start_or_wait(at),
            Status::Pending => {
                let late = self.overdue(at);
                for place in &late {
                    if self.requests[at].status == Status::Pending {
                        self.run_out(at, *place);
                    }
                }
                if let Some((stage, _)) = late.first().filter(|_| self.requests[at].status == Status::Pending) {
                    self.recount(at, *stage);
                }
            }
            _ => {}
        }
    }

    /// What a passed deadline means; what cannot go up or begin anew ends.
    fn run_out(&mut self, at: usize, place: (usize, usize)) {
        let now = self.now;
        let can_go_up = self.can_go_up(at, place);
        let stage = &mut self.requests[at].stages[place.0];
        let deadline = stage.deadline;
        let task = &mut stage.tasks[place.1];
        match deadline {
            Some((_, Then::Escalate)) if can_go_up => self.escalate(at, place),
            Some((seconds, Then::Renew(times))) if task.renewals < times => {
                task.renewals += 1;
                task.expires = Some(now + seconds);
            }
            _ => {
                task.state = TaskState::Expired;
                task.suspended = None;
                self.close_below(at, place);
                self.end(at, Status::Denied);
            }
        }
    }

    /// The open tasks of somebody who has left.
    fn left_behind(&self, at: usize, user: Person) -> Vec<(usize, usize)> {
        let mut left = Vec::new();
        for (s, stage) in self.requests[at].stages.iter().enumerate() {
            let is_left = |t: &usize| {
                let task = &stage.tasks[*t];
                task.state.is_open() && task.holders().contains(&Principal::User(user))
            };
            left.extend((0..stage.tasks.len()).filter(is_left).map(|t| (s, t)));
        }
        left
    }

    /// Each task goes to whoever acts for them, or back to whoever delegated it; where these may not
    /// decide it, to the administrators.
    fn hand_over(&mut self, user: Person, at: usize) {
        for (s, t) in self.left_behind(at, user) {
            let task = &mut self.requests[at].stages[s].tasks[t];
            if task.claimer == Some(user) {
                // Somebody took it in their name: first it goes back.
                task.claimer = None;
                continue;
            }
            let own = task.assignee == Principal::User(user);
            let heir = if own { acting_for(user) } else { task.assignee };
            let barred = matches!(heir, Principal::User(heir) if self.is_barred(at, (s, t), heir));
            let heir = if barred { Principal::Group(ADMINISTRATORS) } else { heir };
            self.reassign(at, (s, t), &[heir]);
        }
    }
}
