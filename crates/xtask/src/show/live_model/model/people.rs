//! Who may: walked from the directory for each question.

use std::collections::BTreeSet;

use super::cast::{ADMINISTRATORS, AUDITOR, GROUPS, Person, Principal, TEMPLATES, USERS};
use super::words::{Reason, Status, TaskState};
use super::{Matter, Model, Reasons, Request, Sight, Stage, Task, one};

/// Whether the user is, or is in, the principal.
pub(super) fn is_in(person: Person, principal: Principal) -> bool {
    match principal {
        Principal::User(user) => user == person,
        Principal::Group(group) => GROUPS[group].1.iter().any(|member| is_in(person, *member)),
    }
}

/// Whether the user is a system administrator.
pub(super) fn is_administrator(person: Person) -> bool {
    is_in(person, Principal::Group(ADMINISTRATORS))
}

fn working() -> impl Iterator<Item = Person> {
    (0..USERS.len()).filter(|person| USERS[*person].active)
}

/// Who acts for somebody who has left: the stand-in, else the manager, else the administrators.
pub(super) fn acting_for(person: Person) -> Principal {
    let user = USERS[person];
    user.stand_in.or(user.manager).map_or(Principal::Group(ADMINISTRATORS), Principal::User)
}

/// The people that `asked` come to, but for those who are barred.
pub(super) fn able(asked: &BTreeSet<Principal>, barred: &BTreeSet<Person>) -> BTreeSet<Person> {
    let mut able = BTreeSet::new();
    for principal in asked {
        let whom = match *principal {
            Principal::User(user) if barred.contains(&user) => continue,
            Principal::User(user) if !USERS[user].active => acting_for(user),
            other => other,
        };
        able.extend(working().filter(|person| is_in(*person, whom) && !barred.contains(person)));
    }
    able
}

impl Task {
    /// Who has the task at present.
    pub fn holders(&self) -> Vec<Principal> {
        match self.claimer {
            Some(person) => vec![Principal::User(person)],
            None => [Some(self.assignee), self.delegate].into_iter().flatten().collect(),
        }
    }

    fn unclaimed_holders(&self) -> Vec<Principal> {
        [Some(self.assignee), self.delegate].into_iter().flatten().collect()
    }
}

impl Request {
    /// Who asked, and whom it is for.
    pub fn concerned(&self) -> BTreeSet<Person> {
        self.users.iter().copied().chain([self.originator]).collect()
    }

    /// Who may not decide in the stage at all, whichever votes there are.
    pub fn conflicted(&self, stage: &Stage) -> BTreeSet<Person> {
        if stage.own { BTreeSet::new() } else { self.concerned() }
    }

    /// Whether it is its owner's alone.
    const fn is_cart(&self) -> bool {
        matches!(self.status, Status::Draft) || self.discarded
    }

    fn approvers(&self) -> BTreeSet<Principal> {
        let tasks = self.stages.iter().flat_map(|stage| &stage.tasks);
        tasks
            .flat_map(|task| {
                let voters = task.votes.iter().map(|vote| Principal::User(vote.voter));
                task.unclaimed_holders().into_iter().chain(task.claimer.map(Principal::User)).chain(voters)
            })
            .collect()
    }
}

impl Stage {
    /// Who has spoken in what counts together with the task at `place`, acting or represented.
    pub fn spoken(&self, place: usize) -> BTreeSet<Person> {
        let beside = |other: usize| match self.tasks[place].parent {
            Some(_) => other == place,
            None => self.tasks[other].parent.is_none(),
        };
        let tasks = self.tasks.iter().enumerate().filter(|(other, _)| beside(*other)).map(|(_, task)| task);
        let votes = tasks.flat_map(|task| &task.votes);
        votes.flat_map(|vote| [Some(vote.voter), vote.represented]).flatten().collect()
    }
}

impl Model {
    /// The users in whose place the person decides at present.
    pub fn represented_by(&self, person: Person) -> BTreeSet<Person> {
        let by_proxy = (0..USERS.len()).filter(|user| {
            USERS[*user].proxies.iter().any(|proxy| {
                proxy.person == person && proxy.from <= self.now && proxy.until.is_none_or(|until| self.now < until)
            })
        });
        let gone = (0..USERS.len()).filter(|user| {
            *user != person && !USERS[*user].active && is_in(person, acting_for(*user)) && self.has_open_task(*user)
        });
        by_proxy.chain(gone).collect()
    }

    fn has_open_task(&self, user: Person) -> bool {
        let mut tasks = self.requests.iter().flat_map(|request| &request.stages).flat_map(|stage| &stage.tasks);
        tasks.any(|task| task.state.is_open() && task.holders().contains(&Principal::User(user)))
    }

    /// The ways in which the person has the task: as themselves, or for somebody.
    pub fn ways(&self, holders: &[Principal], person: Person) -> Vec<Option<Person>> {
        let own = holders.iter().any(|holder| is_in(person, *holder)).then_some(None);
        let others = self.represented_by(person).into_iter().filter(|user| holders.contains(&Principal::User(*user)));
        own.into_iter().chain(others.map(Some)).collect()
    }

    /// The way in which the person may act on the task at this place, or everything against it.
    pub fn may_act(&self, at: usize, (s, t): (usize, usize), person: Person) -> Result<Option<Person>, Reasons> {
        let (request, stage) = (&self.requests[at], &self.requests[at].stages[s]);
        let task = &stage.tasks[t];
        let ways = self.ways(&task.holders(), person);
        if ways.is_empty() {
            let lost = task.claimer.is_some() && !self.ways(&task.unclaimed_holders(), person).is_empty();
            return Err(one(if lost { Reason::State } else { Reason::NotAllowed }));
        }
        let mut reasons = Reasons::new();
        if !task.state.is_open() {
            reasons.insert(Reason::State);
        }
        let (conflicted, spoken) = (request.conflicted(stage), stage.spoken(t));
        let free = |user: Person| !conflicted.contains(&user) && !spoken.contains(&user);
        let way = ways.iter().copied().find(|way| free(person) && way.is_none_or(free));
        if way.is_none() {
            let voted = spoken.contains(&person) || ways.iter().flatten().any(|user| spoken.contains(user));
            reasons.insert(if voted { Reason::State } else { Reason::NotAllowed });
        }
        match way {
            Some(way) if reasons.is_empty() => Ok(way),
            _ => Err(reasons),
        }
    }

    /// The same of a vote: the task must not be aside, nor wait for subtasks.
    pub fn may_vote(&self, at: usize, (s, t): (usize, usize), person: Person) -> Result<Option<Person>, Reasons> {
        let stage = &self.requests[at].stages[s];
        let waits = stage.tasks.iter().any(|task| task.parent == Some(t) && task.state.is_open());
        let way = self.may_act(at, (s, t), person)?;
        if stage.tasks[t].state == TaskState::Suspended || waits { Err(one(Reason::State)) } else { Ok(way) }
    }

    /// Everything against the person's seeing the request.
    pub fn unseen(&self, at: usize, person: Person, sight: Sight) -> Reasons {
        let request = &self.requests[at];
        let seen = match sight {
            Sight::Oig => self.sees_in_oig(request, person),
            Sight::Mim => {
                let Matter::Certificate(certificate) = &request.matter else { return one(Reason::NotFound) };
                if request.is_cart() {
                    return one(Reason::NotFound);
                }
                let agents = TEMPLATES[certificate.template].agents;
                let own = request.concerned().contains(&person) || is_administrator(person) || person == AUDITOR;
                let seen = own || agents.iter().any(|agent| is_in(person, *agent)) || self.approves(request, person);
                return super::unless(seen, Reason::NotAllowed);
            }
        };
        super::unless(seen, Reason::NotFound)
    }

    fn sees_in_oig(&self, request: &Request, person: Person) -> bool {
        if request.is_cart() {
            return request.originator == person;
        }
        let concerned = request.concerned();
        let above = concerned.iter().any(|user| USERS[*user].manager == Some(person));
        concerned.contains(&person) || above || is_administrator(person) || self.approves(request, person)
    }

    /// Whether the person is one of the request's approvers, or acts for one.
    fn approves(&self, request: &Request, person: Person) -> bool {
        let represented = self.represented_by(person);
        request.approvers().into_iter().any(|approver| {
            let stands_in = |user: Person| !USERS[user].active && is_in(person, acting_for(user));
            is_in(person, approver)
                || matches!(approver, Principal::User(user) if represented.contains(&user) || stands_in(user))
        })
    }

    /// The open tasks that the person's inbox should hold, by request, stage and place.
    pub fn inbox(&self, person: Person) -> BTreeSet<(usize, usize, usize)> {
        let mut held = BTreeSet::new();
        for (at, request) in self.requests.iter().enumerate() {
            for (s, stage) in request.stages.iter().enumerate() {
                let places = (0..stage.tasks.len()).filter(|t| self.may_act(at, (s, *t), person).is_ok());
                held.extend(places.map(|t| (at, s, t)));
            }
        }
        held
    }
}
