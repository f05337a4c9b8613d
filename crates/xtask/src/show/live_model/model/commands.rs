//! What commands do: every reason against one, and without any what the request is after it.

use super::cast::{Person, Principal, TEMPLATES};
use super::people::{is_administrator, is_in};
use super::words::{Kind, Reason, Status};
use super::{By, Change, Command, Matter, Model, Reasons, Sight, Target, What, one, unless};

impl Model {
    /// Does `command` to the request at this place; every reason against it.
    pub fn act(&mut self, at: usize, by: By, command: &Command, sight: Sight) -> Reasons {
        let reasons = match by {
            By::Person(person) => self.person_acts(at, person, command, sight),
            By::Program => self.program_reports(at, command.kind),
        };
        if reasons.is_empty() {
            self.follow();
        }
        reasons
    }

    fn person_acts(&mut self, at: usize, person: Person, command: &Command, sight: Sight) -> Reasons {
        let unseen = self.unseen(at, person, sight);
        if !unseen.is_empty() {
            return unseen;
        }
        let request = &self.requests[at];
        let kind = command.kind;
        if request.status == Status::AwaitingChildren && matches!(kind, Kind::Withdraw | Kind::Close) {
            return self.family(at, person, kind);
        }
        let mut reasons = Reasons::new();
        if matches!(kind, Kind::Edit | Kind::Save) && misfits(&request.matter, &command.change) {
            reasons.insert(Reason::Invalid);
        }
        if !request.status.knows(kind) {
            reasons.insert(Reason::State);
            return reasons;
        }
        if !reasons.is_empty() {
            // It does not fit whoever asks; but who may not ask may hear that instead.
            let mut tried = self.clone();
            let plain = Command { change: Change::default(), ..command.clone() };
            reasons.extend(tried.person_does(at, person, &plain));
            return reasons;
        }
        self.person_does(at, person, command)
    }

    fn person_does(&mut self, at: usize, person: Person, command: &Command) -> Reasons {
        match command.kind {
            Kind::Submit => self.submit(at, person),
            Kind::Edit => self.edit(at, person, &command.change),
            Kind::Withdraw | Kind::Cancel | Kind::Close | Kind::Abandon => self.stop(at, person, command.kind),
            Kind::Begin | Kind::Bind | Kind::Complete | Kind::Fail | Kind::Stumble | Kind::Retry => {
                self.carry_out(at, person, command)
            }
            // Only the worker does that.
            Kind::Wake | Kind::DependencyEnded | Kind::ChildrenEnded | Kind::Recount => one(Reason::NotAllowed),
            _ => self.on_task(at, person, command),
        }
    }

    fn submit(&mut self, at: usize, person: Person) -> Reasons {
        let mut reasons = unless(self.requests[at].originator == person, Reason::NotAllowed);
        reasons.extend(Self::cannot_begin(&self.requests[at]));
        if reasons.is_empty() {
            self.hand_in(at);
        }
        reasons
    }

    fn edit(&mut self, at: usize, person: Person, change: &Change) -> Reasons {
        let request = &self.requests[at];
        let mut reasons = unless(request.originator == person, Reason::NotAllowed);
        if request.stages.iter().flat_map(|stage| &stage.tasks).any(|task| !task.votes.is_empty()) {
            reasons.insert(Reason::State);
        }
        if reasons.is_empty() {
            self.change(at, change, false);
        }
        reasons
    }

    /// Changes what is asked for, as its requester or as its approver; whether it is something else now.
    pub(super) fn change(&mut self, at: usize, change: &Change, approver: bool) -> bool {
        let request = &mut self.requests[at];
        let before = request.matter.clone();
        match &mut request.matter {
            Matter::Certificate(certificate) => {
                let answer = if approver { &mut certificate.badge } else { &mut certificate.reason };
                *answer = change.answer.or(*answer);
            }
            Matter::Access(targets) => {
                if let Some(target) = targets.first_mut() {
                    target.start = change.start.or(target.start);
                    target.end = change.end.or(target.end);
                    target.note = change.note.or(target.note);
                }
            }
        }
        let changed = request.matter != before;
        request.content += i64::from(changed);
        changed
    }

    fn stop(&mut self, at: usize, person: Person, kind: Kind) -> Reasons {
        let request = &self.requests[at];
        let is_certificate = matches!(request.matter, Matter::Certificate(_));
        let own = request.originator == person;
        let (may, outcome) = match kind {
            Kind::Withdraw => (own || is_administrator(person), Status::Canceled),
            Kind::Close => (is_administrator(person), Status::Closed),
            Kind::Cancel => {
                let may = request.concerned().contains(&person) || is_administrator(person);
                (is_certificate && may, Status::Canceled)
            }
            _ => (is_certificate && (own || self.executes(at, person)), Status::Failed),
        };
        if may {
            self.requests[at].discarded = self.requests[at].status == Status::Draft;
            self.end(at, outcome);
        }
        unless(may, Reason::NotAllowed)
    }

    /// A request that waits for its children is taken back with them, as far as they can be.
    fn family(&mut self, at: usize, person: Person, kind: Kind) -> Reasons {
        let may = is_administrator(person) || (kind == Kind::Withdraw && self.requests[at].originator == person);
        let places = 0..self.requests.len();
        let reached: Vec<usize> = places
            .filter(|child| self.requests[*child].parent == Some(at) && self.requests[*child].status.knows(kind))
            .collect();
        if kind == Kind::Withdraw && reached.is_empty() {
            return one(Reason::State);
        }
        if may {
            let outcome = if kind == Kind::Close { Status::Closed } else { Status::Canceled };
            reached.into_iter().for_each(|child| self.end(child, outcome));
            if kind == Kind::Close {
                self.end(at, Status::Closed);
            }
        }
        unless(may, Reason::NotAllowed)
    }

    /// Whether the person carries a certificate request out: its agents, else whom it is for.
    fn executes(&self, at: usize, person: Person) -> bool {
        match &self.requests[at].matter {
            Matter::Certificate(certificate) => {
                let agents = TEMPLATES[certificate.template].agents;
                let is_target = self.requests[at].users.contains(&person);
                if agents.is_empty() { is_target } else { agents.iter().any(|agent| is_in(person, *agent)) }
            }
            Matter::Access(_) => is_administrator(person),
        }
    }

    fn carry_out(&mut self, at: usize, person: Person, command: &Command) -> Reasons {
        let executes = self.executes(at, person);
        let request = &mut self.requests[at];
        let status = request.status;
        let mut reasons = Reasons::new();
        let may = match command.kind {
            Kind::Complete => executes,
            Kind::Begin | Kind::Bind => executes && matches!(request.matter, Matter::Certificate(_)),
            _ => is_administrator(person),
        };
        reasons.extend(unless(may, Reason::NotAllowed));
        if status == Status::Completed {
            return reasons;
        }
        reasons.extend(match command.kind {
            Kind::Begin | Kind::Complete => unless(!lacks_card(&request.matter), Reason::State),
            Kind::Retry => unless(request.stumbled, Reason::State),
            Kind::Bind => unbindable(&request.matter, command.bind),
            _ => Reasons::new(),
        });
        if !reasons.is_empty() {
            return reasons;
        }
        match command.kind {
            Kind::Begin => request.status = Status::Executing,
            Kind::Bind => bind(&mut request.matter, command.bind),
            Kind::Complete => self.end(at, Status::Completed),
            Kind::Fail => self.end(at, Status::Failed),
            Kind::Stumble => request.stumbled = true,
            _ => request.stumbled = false,
        }
        reasons
    }

    /// A program says how it went, of what a program carries out.
    fn program_reports(&mut self, at: usize, kind: Kind) -> Reasons {
        let request = &mut self.requests[at];
        if request.status == Status::Completed && kind == Kind::Complete {
            return Reasons::new();
        }
        let programs = request.by_program && matches!(request.matter, Matter::Access(_));
        if request.status != Status::Executing || !programs {
            return one(Reason::State);
        }
        match kind {
            Kind::Complete => self.end(at, Status::Completed),
            Kind::Fail => self.end(at, Status::Failed),
            Kind::Stumble => request.stumbled = true,
            _ => return one(Reason::NotAllowed),
        }
        Reasons::new()
    }
}

/// Whether a change is about something that the request has not.
pub(super) fn misfits(matter: &Matter, change: &Change) -> bool {
    match matter {
        Matter::Certificate(_) => change.astray || change.start.is_some() || change.end.is_some(),
        Matter::Access(targets) => {
            let target = targets.first();
            let start = change.start.or(target.and_then(|target| target.start));
            let end = change.end.or(target.and_then(|target| target.end));
            let backwards = start.zip(end).is_some_and(|(start, end)| end < start);
            let dated = (change.start.is_some() || change.end.is_some())
                && matches!(target, Some(Target { what: What::Template(_), .. }));
            change.astray || change.answer.is_some() || backwards || dated
        }
    }
}

/// A card request is carried out on a card.
fn lacks_card(matter: &Matter) -> bool {
    matches!(matter, Matter::Certificate(certificate)
        if TEMPLATES[certificate.template].card && certificate.card.is_none())
}

fn unbindable(matter: &Matter, (profile, card): (Option<u32>, Option<u32>)) -> Reasons {
    let Matter::Certificate(certificate) = matter else { return one(Reason::NotAllowed) };
    let other = |bound: Option<u32>, wanted: Option<u32>| bound.zip(wanted).is_some_and(|(one, two)| one != two);
    let mut reasons = unless(!other(certificate.profile, profile) && !other(certificate.card, card), Reason::State);
    if card.is_some() && !TEMPLATES[certificate.template].card {
        reasons.insert(Reason::Invalid);
    }
    reasons
}

const fn bind(matter: &mut Matter, (profile, card): (Option<u32>, Option<u32>)) {
    if let Matter::Certificate(certificate) = matter {
        if profile.is_some() {
            certificate.profile = profile;
        }
        if card.is_some() {
            certificate.card = card;
        }
    }
}

/// Nobody is asked twice, and nobody who may not decide.
pub(super) fn bad_assignees(to: &[Principal], barred: impl Fn(Person) -> bool) -> bool {
    let twice = to.iter().enumerate().any(|(at, one)| to[..at].contains(one));
    twice || to.is_empty() || to.iter().any(|one| matches!(one, Principal::User(user) if barred(*user)))
}
