//! Asking for something: whether one may, and which approval it takes.

use std::collections::BTreeSet;

use super::cast::{
    ADMINISTRATORS, ASKERS, Asked, FALLBACK, ITEMS, Person, Principal, Rule, TEMPLATES, Thing, USERS, WHOLE_MIXED,
    WHOLE_ROLES,
};
use super::words::{Reason, Staffing, Status};
use super::{Certificate, Matter, Model, Order, Reasons, Request, Stage, Target, What};

impl Model {
    /// Asks for what `order` says; every reason against it.
    pub fn place(&mut self, person: Person, order: &Order) -> Reasons {
        let mut reasons = faults(order);
        reasons.extend(may_ask(person, order));
        if !reasons.is_empty() {
            return reasons;
        }
        let unanswered = |target: &Target| match target.what {
            What::Template(template) => TEMPLATES[template].asks_why && target.note.is_none(),
            What::Item(_) => false,
        };
        if order.targets.iter().any(unanswered) {
            reasons.insert(Reason::Invalid);
        }
        let matter = match &order.targets[..] {
            [Target { what: What::Template(template), note, .. }] if order.users.len() == 1 => {
                Matter::Certificate(Certificate { template: *template, reason: *note, ..Certificate::default() })
            }
            _ => Matter::Access(order.targets.clone()),
        };
        let request = Request { status: Status::Draft, ..blank(person, order.users.clone(), matter) };
        // What stands in a cart has been looked at; who approves it is asked when it is handed in.
        if !order.draft {
            reasons.extend(Self::cannot_begin(&request));
        }
        if reasons.is_empty() {
            self.requests.push(request);
            if !order.draft {
                self.hand_in(self.requests.len() - 1);
                self.follow();
            }
        }
        reasons
    }

    /// Whether too few people could decide the first step.
    pub(super) fn cannot_begin(request: &Request) -> Reasons {
        let stages = stages_of(request, is_whole(request));
        let nobody = stages.first().is_some_and(|stage| staffing(request, stage) == Staffing::NobodyEligible);
        super::unless(!nobody, Reason::Invalid)
    }

    /// Hands a request in: its approval begins, or it goes on.
    pub(super) fn hand_in(&mut self, at: usize) {
        let request = &self.requests[at];
        let stages = stages_of(request, is_whole(request));
        self.requests[at].stages = stages;
        self.requests[at].status = Status::Pending;
        self.advance(at);
    }
}

/// Whether the request is approved as a whole, to split then.
fn is_whole(request: &Request) -> bool {
    request.parent.is_none() && pairs(request) > 1
}

/// Into how many children the request would split.
pub(super) fn pairs(request: &Request) -> usize {
    match &request.matter {
        Matter::Access(targets) => request.users.len() * targets.len(),
        Matter::Certificate(_) => 1,
    }
}

/// A request about `matter` with nothing else to it.
pub(super) fn blank(originator: Person, users: Vec<Person>, matter: Matter) -> Request {
    Request {
        parent: None,
        depends_on: None,
        originator,
        users,
        matter,
        status: Status::Draft,
        discarded: false,
        by_program: false,
        stumbled: false,
        content: 1,
        stages: Vec::new(),
    }
}

fn repeats<T: PartialEq>(list: &[T]) -> bool {
    list.iter().enumerate().any(|(at, one)| list[..at].contains(one))
}

fn faults(order: &Order) -> Reasons {
    let whats: Vec<What> = order.targets.iter().map(|target| target.what).collect();
    let gone = order.users.iter().any(|user| !USERS[*user].active);
    let target_fault = |target: &Target| {
        let backwards = target.start.zip(target.end).is_some_and(|(start, end)| end < start);
        match target.what {
            What::Item(item) => backwards || !ITEMS[item].offered,
            What::Template(_) => target.start.is_some() || target.end.is_some(),
        }
    };
    let bad = gone || repeats(&order.users) || repeats(&whats) || order.targets.iter().any(target_fault);
    super::unless(!bad && !order.targets.is_empty(), Reason::Invalid)
}

/// Everybody for themselves; whoever may, for others; managers roles for those below them.
fn may_ask(person: Person, order: &Order) -> Reasons {
    let is_role = |target: &Target| matches!(target.what, What::Item(item) if ITEMS[item].thing == Thing::Role);
    let may = |user: &Person| {
        *user == person
            || ASKERS.contains(&person)
            || (USERS[*user].manager == Some(person) && order.targets.iter().all(is_role))
    };
    super::unless(order.users.iter().all(may), Reason::NotAllowed)
}

/// The approval that the request takes, nobody asked yet.
fn stages_of(request: &Request, whole: bool) -> Vec<Stage> {
    match &request.matter {
        Matter::Certificate(certificate) => {
            let template = TEMPLATES[certificate.template];
            let mut planned: BTreeSet<Principal> = template.approvers.iter().copied().collect();
            if planned.is_empty() {
                planned.insert(Principal::Group(ADMINISTRATORS));
            }
            let stage = fresh(template.approvals, template.own, None, planned);
            if template.approvals == 0 { Vec::new() } else { vec![stage] }
        }
        Matter::Access(targets) => {
            let rule = if whole { rule_of_whole(targets) } else { rule_of(targets) };
            let stage = |step: &super::cast::Step| {
                let planned = step.asked.iter().flat_map(|asked| whom(*asked, request)).collect();
                fresh(step.quorum, rule.own, step.deadline, planned)
            };
            rule.steps.iter().map(stage).collect()
        }
    }
}

fn fresh(quorum: usize, own: bool, deadline: Option<super::cast::Deadline>, planned: BTreeSet<Principal>) -> Stage {
    let planned = planned.into_iter().collect();
    Stage { quorum, own, deadline, staffing: Staffing::Enough, planned, tasks: Vec::new() }
}

fn rule_of(targets: &[Target]) -> Rule {
    match targets.first().map(|target| target.what) {
        Some(What::Item(item)) => ITEMS[item].rule.unwrap_or(FALLBACK),
        _ => FALLBACK,
    }
}

/// Roles alone, things of several kinds, or things of one kind that no rule is about.
fn rule_of_whole(targets: &[Target]) -> Rule {
    let kinds: Vec<Option<Thing>> = targets
        .iter()
        .map(|target| match target.what {
            What::Item(item) => Some(ITEMS[item].thing),
            What::Template(_) => None,
        })
        .collect();
    let alike = kinds.iter().all(|kind| *kind == kinds[0] && kind.is_some());
    match kinds[0] {
        Some(Thing::Role) if alike => WHOLE_ROLES,
        _ if alike => FALLBACK,
        _ => WHOLE_MIXED,
    }
}

fn whom(asked: Asked, request: &Request) -> Vec<Principal> {
    let above = |user: Person| USERS[user].manager.map_or(Principal::Group(ADMINISTRATORS), Principal::User);
    match asked {
        Asked::Named(principal) => vec![principal],
        Asked::TheirManagers => request.users.iter().map(|user| above(*user)).collect(),
        Asked::MyManager => vec![above(request.originator)],
    }
}

/// Whether those whom the stage asks are enough, now or with the administrators.
pub(super) fn staffing(request: &Request, stage: &Stage) -> Staffing {
    let mut asked: BTreeSet<Principal> = stage.planned.iter().copied().collect();
    for task in stage.tasks.iter().filter(|task| task.parent.is_none() && task.state.is_open()) {
        asked.insert(task.assignee);
        asked.extend(task.delegate);
    }
    let mut barred = request.conflicted(stage);
    barred.extend(stage.counting().flat_map(|vote| [Some(vote.voter), vote.represented]).flatten());
    let needed = stage.quorum.saturating_sub(stage.approvals());
    if super::people::able(&asked, &barred).len() >= needed {
        return Staffing::Enough;
    }
    asked.insert(Principal::Group(ADMINISTRATORS));
    if super::people::able(&asked, &barred).len() >= needed {
        Staffing::AdministratorsAdded
    } else {
        Staffing::NobodyEligible
    }
}
