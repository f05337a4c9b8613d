//! Where a request goes by itself: the next step of its approval, its children, its end.

use super::cast::{ADMINISTRATORS, Deadline, ITEMS, Principal, Thing, Way};
use super::ordering::{blank, pairs, staffing};
use super::words::{Staffing, Status, TaskState};
use super::{Certificate, Matter, Model, Request, Target, Task, What};

/// A new task.
pub(super) fn task(assignee: Principal, now: i64, deadline: Option<Deadline>) -> Task {
    Task {
        assignee,
        state: TaskState::Assigned,
        claimer: None,
        delegate: None,
        parent: None,
        created: now,
        expires: deadline.map(|(seconds, _)| now + seconds),
        suspended: None,
        renewals: 0,
        votes: Vec::new(),
    }
}

impl Model {
    /// The next step of the approval; without one the request is approved.
    pub(super) fn advance(&mut self, at: usize) {
        let now = self.now;
        let request = &mut self.requests[at];
        let Some(next) = request.stages.iter().position(|stage| !stage.has_begun()) else { return self.approved(at) };
        let enough = staffing(request, &request.stages[next]);
        let stage = &mut request.stages[next];
        let mut asked: std::collections::BTreeSet<Principal> = std::mem::take(&mut stage.planned).into_iter().collect();
        if enough != Staffing::Enough {
            asked.insert(Principal::Group(ADMINISTRATORS));
        }
        stage.tasks = asked.into_iter().map(|principal| task(principal, now, stage.deadline)).collect();
        stage.staffing = enough;
    }

    fn approved(&mut self, at: usize) {
        let request = &self.requests[at];
        if matches!(request.matter, Matter::Certificate(_)) {
            self.requests[at].status = Status::Approved;
        } else if request.parent.is_none() && pairs(request) > 1 {
            self.requests[at].status = Status::AwaitingChildren;
            self.split(at);
        } else {
            self.go_on(at);
        }
    }

    /// One child a user and thing; an entitlement waits for the account that comes with it.
    fn split(&mut self, at: usize) {
        let parent = self.requests[at].clone();
        let Matter::Access(targets) = &parent.matter else { return };
        let first = self.requests.len();
        for user in &parent.users {
            for target in targets {
                let child = blank(parent.originator, vec![*user], matter_of_child(target));
                self.requests.push(Request { parent: Some(at), ..child });
            }
        }
        let children = first..self.requests.len();
        for child in children.clone() {
            let account =
                children.clone().find(|other| gives_account_of(&self.requests[child], &self.requests[*other]));
            self.requests[child].depends_on = account;
        }
        for child in children {
            if Self::cannot_begin(&self.requests[child]).is_empty() {
                self.hand_in(child);
            } else {
                self.end(child, Status::Failed);
            }
        }
    }

    /// A single request whose approval is over: it waits, or is carried out.
    fn go_on(&mut self, at: usize) {
        let outcome = self.requests[at].depends_on.map(|on| self.requests[on].status);
        match outcome {
            Some(Status::Completed) | None => self.start_or_wait(at),
            Some(status) if status.is_final() => self.end(at, Status::Failed),
            Some(_) => self.requests[at].status = Status::AwaitingDependency,
        }
    }

    /// When what is asked for begins.
    pub(super) fn start_of(request: &Request) -> Option<i64> {
        match &request.matter {
            Matter::Access(targets) => targets.first().and_then(|target| target.start),
            Matter::Certificate(_) => None,
        }
    }

    pub(super) fn start_or_wait(&mut self, at: usize) {
        if Self::start_of(&self.requests[at]).is_some_and(|start| start > self.now) {
            self.requests[at].status = Status::Scheduled;
            return;
        }
        match self.way_of(at) {
            Way::AtOnce => self.end(at, Status::Completed),
            way => {
                self.requests[at].status = Status::Executing;
                self.requests[at].by_program = way == Way::ByProgram;
            }
        }
    }

    fn way_of(&self, at: usize) -> Way {
        match &self.requests[at].matter {
            Matter::Access(targets) => match targets.first().map(|target| target.what) {
                Some(What::Item(item)) => ITEMS[item].way,
                _ => Way::AtOnce,
            },
            Matter::Certificate(_) => Way::AtOnce,
        }
    }

    /// Ends a request, and with it what was still to be decided.
    pub(super) fn end(&mut self, at: usize, outcome: Status) {
        let request = &mut self.requests[at];
        for task in request.stages.iter_mut().flat_map(|stage| &mut stage.tasks) {
            close(task);
        }
        request.status = outcome;
    }

    /// What the end of one request means for others, until nothing more follows.
    pub(super) fn follow(&mut self) {
        loop {
            let waiting = (0..self.requests.len()).find(|at| {
                let on = self.requests[*at].depends_on;
                self.requests[*at].status == Status::AwaitingDependency
                    && on.is_some_and(|on| self.requests[on].status.is_final())
            });
            if let Some(at) = waiting {
                self.go_on(at);
                continue;
            }
            let Some(parent) = (0..self.requests.len()).find(|at| self.is_over(*at)) else { return };
            let outcome = self.sum(parent);
            self.end(parent, outcome);
        }
    }

    fn is_over(&self, at: usize) -> bool {
        self.requests[at].status == Status::AwaitingChildren && self.children(at).all(|child| child.status.is_final())
    }

    /// The children of the request at this place.
    pub fn children(&self, at: usize) -> impl Iterator<Item = &Request> {
        self.requests.iter().filter(move |request| request.parent == Some(at))
    }

    /// All alike: that; some well and some not: partially; none well: failed.
    fn sum(&self, parent: usize) -> Status {
        let ends: Vec<Status> = self.children(parent).map(|child| child.status).collect();
        let well = ends.contains(&Status::Completed) || ends.contains(&Status::PartiallyFailed);
        match ends.first() {
            Some(first) if ends.iter().all(|end| end == first) => *first,
            _ if well => Status::PartiallyFailed,
            _ => Status::Failed,
        }
    }
}

/// An open task that the request goes on without: decided by whoever spoke, else withdrawn.
pub(super) fn close(task: &mut Task) {
    if task.state.is_open() {
        task.state = if task.votes.is_empty() { TaskState::Withdrawn } else { TaskState::Completed };
        task.suspended = None;
    }
}

fn matter_of_child(target: &Target) -> Matter {
    match target.what {
        What::Template(template) => {
            Matter::Certificate(Certificate { template, reason: target.note, ..Certificate::default() })
        }
        What::Item(_) => Matter::Access(vec![target.clone()]),
    }
}

fn item_of(request: &Request) -> Option<usize> {
    match &request.matter {
        Matter::Access(targets) => match targets.first()?.what {
            What::Item(item) => Some(item),
            What::Template(_) => None,
        },
        Matter::Certificate(_) => None,
    }
}

/// Whether `other` gives the account in which what `request` asks for lies.
fn gives_account_of(request: &Request, other: &Request) -> bool {
    let (Some(item), Some(account)) = (item_of(request), item_of(other)) else { return false };
    ITEMS[item].thing == Thing::Entitlement && ITEMS[item].application == Some(account) && request.users == other.users
}
