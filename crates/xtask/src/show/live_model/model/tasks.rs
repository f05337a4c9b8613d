//! What is done with a task: voted on, taken, given away, put aside.

use super::cast::{ADMINISTRATORS, Person, Principal, USERS};
use super::commands::{bad_assignees, misfits};
use super::course::{close, task};
use super::ordering::staffing;
use super::people::is_administrator;
use super::words::{Kind, Reason, Staffing, TaskState};
use super::{Command, Matter, Model, Reasons, Task, Vote, Which, one, unless};

/// A task's stage and place there.
type Place = (usize, usize);

impl Model {
    /// A command on a task.
    pub(super) fn on_task(&mut self, at: usize, person: Person, command: &Command) -> Reasons {
        if command.kind == Kind::Skip && !is_administrator(person) {
            return one(Reason::NotAllowed);
        }
        let place = match self.chosen(at, person, command) {
            Ok(place) => place,
            Err(reasons) => return reasons,
        };
        let against = self.against(at, place, person, command);
        if against.is_empty() {
            self.do_on_task(at, place, person, command);
        }
        against
    }

    /// The task that the command means: the one that it names, or the first that the person can do
    /// it to, lowest stage and oldest first, those that are over at last.
    fn chosen(&self, at: usize, person: Person, command: &Command) -> Result<Place, Reasons> {
        let places: Vec<Place> = match command.which {
            Which::Elsewhere => Vec::new(),
            Which::At(s, t) => vec![(s, t)],
            Which::First => {
                let stages = self.requests[at].stages.iter().enumerate();
                let mut places: Vec<Place> =
                    stages.flat_map(|(s, stage)| (0..stage.tasks.len()).map(move |t| (s, t))).collect();
                places.sort_by_key(|(s, t)| {
                    let task = &self.requests[at].stages[*s].tasks[*t];
                    (!task.state.is_open(), *s, task.created)
                });
                places
            }
        };
        let mut reasons = if places.is_empty() { one(Reason::NoTask) } else { Reasons::new() };
        for place in &places {
            match self.opens(at, *place, person, command.kind) {
                Ok(()) => return Ok(*place),
                Err(more) => reasons.extend(more),
            }
        }
        if command.kind == Kind::Reassign
            && let Some(place) = places.into_iter().find(|place| self.manages(at, *place, person))
        {
            return Ok(place);
        }
        Err(reasons)
    }

    /// Whether the person may do something of that kind to the task, as it is.
    fn opens(&self, at: usize, place: Place, person: Person, kind: Kind) -> Result<(), Reasons> {
        let task = &self.requests[at].stages[place.0].tasks[place.1];
        if matches!(kind, Kind::Approve | Kind::Reject | Kind::Claim) {
            return self.may_vote(at, place, person).map(|_| ());
        }
        let beside =
            matches!(kind, Kind::Release | Kind::Reassign | Kind::Escalate | Kind::Suspend | Kind::Resume | Kind::Skip);
        if !(beside && is_administrator(person)) {
            self.may_act(at, place, person)?;
        } else if !task.state.is_open() {
            return Err(one(Reason::State));
        }
        let fits = match kind {
            Kind::Release => task.claimer.is_some(),
            Kind::Reassign => true,
            Kind::Resume => task.state == TaskState::Suspended,
            _ => task.state == TaskState::Assigned,
        };
        if fits { Ok(()) } else { Err(one(Reason::State)) }
    }

    /// Whether one of the task's holders reports to the person.
    fn manages(&self, at: usize, (s, t): Place, person: Person) -> bool {
        let task = &self.requests[at].stages[s].tasks[t];
        let reports =
            |holder: &Principal| matches!(holder, Principal::User(user) if USERS[*user].manager == Some(person));
        task.state.is_open() && task.holders().iter().any(reports)
    }

    /// Whether the user may never decide the task, or has.
    pub(super) fn is_barred(&self, at: usize, (s, t): Place, user: Person) -> bool {
        let request = &self.requests[at];
        let stage = &request.stages[s];
        request.conflicted(stage).contains(&user) || stage.spoken(t).contains(&user)
    }

    /// Whatever else stands against the command.
    fn against(&self, at: usize, place: Place, person: Person, command: &Command) -> Reasons {
        let request = &self.requests[at];
        let stage = &request.stages[place.0];
        let task = &stage.tasks[place.1];
        match command.kind {
            Kind::Approve | Kind::Reject => {
                let stale = command.seen.is_some_and(|seen| seen != request.content);
                let mut reasons = unless(!stale, Reason::Content);
                if command.change.answer.is_some() && matches!(request.matter, Matter::Access(_)) {
                    reasons.insert(Reason::Invalid);
                }
                reasons
            }
            Kind::Claim => {
                let of_several = matches!(task.assignee, Principal::Group(_)) || task.delegate.is_some();
                let taken = task.claimer.is_some();
                unless(of_several || taken, Reason::State)
            }
            Kind::Reassign | Kind::Delegate | Kind::CreateSubtask => {
                let too_many = command.kind == Kind::Delegate && command.to.len() != 1;
                let bad = bad_assignees(&command.to, |user| self.is_barred(at, place, user));
                unless(!bad && !too_many, Reason::Invalid)
            }
            Kind::Escalate => unless(self.above(at, place).is_some(), Reason::State),
            Kind::Save => unless(!misfits(&request.matter, &command.change), Reason::Invalid),
            Kind::Skip => unless(!request.conflicted(stage).contains(&person), Reason::NotAllowed),
            _ => Reasons::new(),
        }
    }

    /// To whom the task goes up: the manager of whoever has it, else the administrators.
    fn above(&self, at: usize, place: Place) -> Option<Principal> {
        let task = &self.requests[at].stages[place.0].tasks[place.1];
        let holder = task.claimer.map_or(task.assignee, Principal::User);
        let manager = match holder {
            Principal::User(user) => USERS[user].manager.filter(|manager| !self.is_barred(at, place, *manager)),
            Principal::Group(_) => None,
        };
        let administrators = Principal::Group(ADMINISTRATORS);
        manager.map(Principal::User).or_else(|| (holder != administrators).then_some(administrators))
    }

    fn do_on_task(&mut self, at: usize, place: Place, person: Person, command: &Command) {
        let (s, t) = place;
        let now = self.now;
        match command.kind {
            Kind::Approve | Kind::Reject => self.vote(at, place, person, command),
            Kind::Claim => {
                let way = self.may_vote(at, place, person).unwrap_or_default();
                self.task(at, place).claimer = Some(way.unwrap_or(person));
            }
            Kind::Release => self.task(at, place).claimer = None,
            Kind::Reassign => self.reassign(at, place, &command.to),
            Kind::Delegate => {
                let task = self.task(at, place);
                task.claimer = None;
                task.delegate = command.to.first().copied();
                self.recount(at, s);
            }
            Kind::Escalate => {
                self.escalate(at, place);
                self.recount(at, s);
            }
            Kind::Suspend => {
                let task = self.task(at, place);
                task.state = TaskState::Suspended;
                task.suspended = Some(now);
            }
            Kind::Resume => {
                let task = self.task(at, place);
                let lay = task.suspended.take().map_or(0, |since| now - since);
                task.state = TaskState::Assigned;
                task.expires = task.expires.map(|expires| expires + lay);
            }
            Kind::Save => {
                if self.change(at, &command.change, true) && self.void(at, s) {
                    self.recount(at, s);
                }
            }
            Kind::CreateSubtask => {
                let subtasks: Vec<Task> =
                    command.to.iter().map(|one| Task { parent: Some(t), ..task(*one, now, None) }).collect();
                self.requests[at].stages[s].tasks.extend(subtasks);
            }
            _ => {
                let task = self.task(at, place);
                task.state = TaskState::Completed;
                task.suspended = None;
                let is_subtask = task.parent.is_some();
                self.close_below(at, place);
                if is_subtask || !self.pass(at, s) {
                    self.recount(at, s);
                }
            }
        }
    }

    fn task(&mut self, at: usize, (s, t): Place) -> &mut Task {
        &mut self.requests[at].stages[s].tasks[t]
    }

    fn vote(&mut self, at: usize, place: Place, person: Person, command: &Command) {
        let (s, t) = place;
        let yes = command.kind == Kind::Approve;
        let represented = self.may_vote(at, place, person).unwrap_or_default();
        let answer = super::Change { answer: command.change.answer, ..Default::default() };
        if self.change(at, &answer, true) && yes {
            self.void(at, s);
        }
        let stage = &mut self.requests[at].stages[s];
        let is_subtask = stage.tasks[t].parent.is_some();
        let skipped = stage
            .tasks
            .iter()
            .filter(|task| task.parent.is_none() && task.state == TaskState::Completed && task.votes.is_empty());
        let reached = stage.approvals() + 1 + skipped.count() >= stage.quorum;
        let own_task = matches!(stage.tasks[t].assignee, Principal::User(_));
        // The task of several stays open for the others; so does the last one until there are enough.
        let over = is_subtask || !yes || (own_task && (stage.undecided() > 1 || reached));
        let task = &mut stage.tasks[t];
        task.votes.push(Vote { voter: person, represented, yes });
        task.claimer = None;
        if over {
            task.state = TaskState::Completed;
        }
        if is_subtask {
            return;
        }
        if !yes {
            return self.end(at, super::words::Status::Denied);
        }
        // A claim is a promise to decide: who has spoken has kept it.
        self.release_claims(at, s);
        // Every voter is one fewer who may still decide.
        if !self.pass(at, s) {
            self.recount(at, s);
        }
    }

    fn release_claims(&mut self, at: usize, s: usize) {
        let stage = &self.requests[at].stages[s];
        let kept: Vec<usize> = (0..stage.tasks.len())
            .filter(|t| {
                let task = &stage.tasks[*t];
                let open = task.state.is_open() && task.parent.is_none();
                open && task.claimer.is_some_and(|claimer| stage.spoken(*t).contains(&claimer))
            })
            .collect();
        for t in kept {
            self.task(at, (s, t)).claimer = None;
        }
    }

    /// Ends the stage if it has what it needs, and goes on; whether it did.
    fn pass(&mut self, at: usize, s: usize) -> bool {
        let stage = &mut self.requests[at].stages[s];
        if stage.approvals() < stage.quorum && stage.undecided() > 0 {
            return false;
        }
        stage.tasks.iter_mut().for_each(close);
        self.advance(at);
        true
    }

    /// Voids the votes of a stage: whoever spoke is asked again. Whether there were any.
    fn void(&mut self, at: usize, s: usize) -> bool {
        let mut any = false;
        for task in self.requests[at].stages[s].tasks.iter_mut().filter(|task| task.parent.is_none()) {
            if !task.votes.is_empty() {
                any = true;
                task.votes.clear();
                if task.state == TaskState::Completed {
                    task.state = TaskState::Assigned;
                }
            }
        }
        any
    }

    /// The first takes the task over; each further one gets one like it.
    pub(super) fn reassign(&mut self, at: usize, place: Place, to: &[Principal]) {
        let now = self.now;
        let (s, t) = place;
        let stage = &mut self.requests[at].stages[s];
        let parent = stage.tasks[t].parent;
        let deadline = stage.deadline.filter(|_| parent.is_none());
        let Some((first, rest)) = to.split_first() else { return };
        let own = &mut stage.tasks[t];
        own.assignee = *first;
        own.claimer = None;
        own.delegate = None;
        let further = rest.iter().map(|one| Task { parent, ..task(*one, now, deadline) });
        stage.tasks.extend(further);
        self.recount(at, s);
    }

    /// Gives the task up the line, if there is anybody.
    pub(super) fn escalate(&mut self, at: usize, place: Place) {
        let Some(above) = self.above(at, place) else { return };
        let now = self.now;
        let stage = &mut self.requests[at].stages[place.0];
        let deadline = stage.deadline;
        let task = &mut stage.tasks[place.1];
        let to_a_person = matches!(above, Principal::User(_)) && task.parent.is_none();
        task.assignee = above;
        task.claimer = None;
        task.delegate = None;
        task.expires = deadline.filter(|_| to_a_person).map(|(seconds, _)| now + seconds);
    }

    /// Whether the task has anybody above it.
    pub(super) fn can_go_up(&self, at: usize, place: Place) -> bool {
        self.above(at, place).is_some()
    }

    /// Closes what the task waited for.
    pub(super) fn close_below(&mut self, at: usize, (s, t): Place) {
        let below: Vec<usize> =
            (0..self.requests[at].stages[s].tasks.len()).filter(|other| self.is_below(at, s, *other, t)).collect();
        for other in below {
            close(self.task(at, (s, other)));
        }
    }

    fn is_below(&self, at: usize, s: usize, task: usize, above: usize) -> bool {
        let parent = self.requests[at].stages[s].tasks[task].parent;
        parent.is_some_and(|parent| parent == above || self.is_below(at, s, parent, above))
    }

    /// Calls the administrators to a stage that has too few people left.
    pub(super) fn recount(&mut self, at: usize, s: usize) {
        let now = self.now;
        let request = &self.requests[at];
        let enough = staffing(request, &request.stages[s]);
        let stage = &mut self.requests[at].stages[s];
        let administrators = Principal::Group(ADMINISTRATORS);
        let asked = |task: &Task| task.parent.is_none() && task.state.is_open() && task.assignee == administrators;
        if enough != Staffing::Enough && !stage.tasks.iter().any(asked) {
            stage.tasks.push(task(administrators, now, stage.deadline));
        }
        // Who was called stays called.
        stage.staffing = match (stage.staffing, enough) {
            (Staffing::Enough, Staffing::Enough) => Staffing::Enough,
            (_, Staffing::Enough) => Staffing::AdministratorsAdded,
            (_, other) => other,
        };
    }
}
