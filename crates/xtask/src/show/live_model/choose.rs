//! What is tried next: mostly what can be done, by those who can, and now and then anything by anybody.

use countersign_storage_conformance::sample::Random;

use super::model::cast::{APPLICATION, ITEMS, Person, Principal, QUICK_APPLICATION, TEMPLATES, Thing, USERS};
use super::model::words::{Kind, Status};
use super::model::{By, Change, Command, Matter, Model, Order, Sight, Target, What, Which};

/// Dice.
#[derive(Debug)]
pub(super) struct Chooser {
    random: Random,
}

/// What moves a request on, asked for more often than what ends it.
const ONWARD: &[Kind] = &[
    Kind::Submit,
    Kind::Approve,
    Kind::Approve,
    Kind::Approve,
    Kind::Claim,
    Kind::Delegate,
    Kind::Reassign,
    Kind::CreateSubtask,
    Kind::Save,
    Kind::Suspend,
    Kind::Resume,
    Kind::Begin,
    Kind::Bind,
    Kind::Stumble,
    Kind::Edit,
];

impl Chooser {
    /// The dice of one sequence.
    pub(super) const fn new(seed: u64) -> Self {
        Self { random: Random::new(seed) }
    }

    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.random.below(bound.max(1) as u64)).unwrap_or(0)
    }

    /// True so many times in a hundred.
    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.random.below(100) < percent
    }

    fn number(&mut self, bound: u64) -> u32 {
        u32::try_from(self.random.below(bound)).unwrap_or(0)
    }

    fn seconds(&mut self, bound: u64) -> i64 {
        i64::from(self.number(bound))
    }

    fn one<T: Copy>(&mut self, values: &[T]) -> Option<T> {
        let place = self.below(values.len());
        values.get(place).copied()
    }

    /// Somebody who can log in.
    pub(super) fn anybody(&mut self) -> Person {
        loop {
            let person = self.below(USERS.len());
            if USERS[person].active {
                return person;
            }
        }
    }

    /// By how much the clock moves.
    pub(super) fn moment(&mut self) -> i64 {
        self.seconds(60)
    }

    /// Who asks for what.
    pub(super) fn order(&mut self) -> (Person, Order) {
        let person = self.anybody();
        let mut users = vec![if self.chance(60) { person } else { self.somebody() }];
        let mut targets = vec![self.target()];
        if self.chance(30) {
            if self.chance(50) {
                users.push(self.somebody());
            }
            for _ in 0..self.below(3) {
                targets.push(self.target());
            }
            if self.chance(40) {
                let (account, entitlement) = if self.chance(60) {
                    (QUICK_APPLICATION, QUICK_APPLICATION + 1)
                } else {
                    (APPLICATION, APPLICATION + 1)
                };
                targets = vec![self.of(What::Item(entitlement)), self.of(What::Item(account))];
            }
        }
        (person, Order { users, targets, draft: self.chance(20) })
    }

    fn somebody(&mut self) -> Person {
        if self.chance(4) { self.below(USERS.len()) } else { self.anybody() }
    }

    fn target(&mut self) -> Target {
        let what = if self.chance(25) {
            What::Template(self.below(TEMPLATES.len()))
        } else if self.chance(70) {
            let roles: Vec<usize> = (0..ITEMS.len()).filter(|item| ITEMS[*item].thing == Thing::Role).collect();
            What::Item(self.one(&roles).unwrap_or_default())
        } else {
            What::Item(self.below(ITEMS.len()))
        };
        self.of(what)
    }

    fn of(&mut self, what: What) -> Target {
        let dates = matches!(what, What::Item(_)) || self.chance(5);
        let start = (dates && self.chance(25)).then(|| self.seconds(150));
        let end = (dates && self.chance(15)).then(|| 100 + self.seconds(200));
        Target { what, start, end, note: self.chance(85).then(|| self.number(3)) }
    }

    /// What is tried next, on which request, by whom, through which dialect.
    pub(super) fn act(&mut self, model: &Model) -> (usize, By, Command, Sight) {
        let at = self.request(model);
        let kind = self.kind(model.requests[at].status);
        let who = self.who(model, at, kind);
        let by = if self.is_program(model, at, kind) { By::Program } else { By::Person(who) };
        let command = self.command(model, at, kind, who);
        let certificate = matches!(model.requests[at].matter, Matter::Certificate(_));
        let sight = if self.chance(if certificate { 40 } else { 2 }) { Sight::Mim } else { Sight::Oig };
        (at, by, command, sight)
    }

    fn request(&mut self, model: &Model) -> usize {
        let open: Vec<usize> = (0..model.requests.len()).filter(|at| !model.requests[*at].status.is_final()).collect();
        if self.chance(85) { self.one(&open) } else { None }.unwrap_or_else(|| self.below(model.requests.len()))
    }

    fn kind(&mut self, status: Status) -> Kind {
        let known = |kinds: &[Kind]| kinds.iter().copied().filter(|kind| status.knows(*kind)).collect::<Vec<_>>();
        let kinds = match self.below(100) {
            0..15 => Vec::new(),
            15..75 => known(ONWARD),
            _ => known(Kind::ALL),
        };
        self.one(&kinds).unwrap_or_else(|| Kind::ALL[self.below(Kind::ALL.len())])
    }

    fn who(&mut self, model: &Model, at: usize, kind: Kind) -> Person {
        if self.chance(20) {
            return self.anybody();
        }
        let request = &model.requests[at];
        let mut likely: Vec<Person> = Vec::new();
        if is_of_task(kind) {
            let people = (0..USERS.len()).filter(|person| USERS[*person].active);
            likely.extend(people.filter(|person| model.inbox(*person).iter().any(|(other, ..)| *other == at)));
            if self.chance(15) {
                likely.push(super::model::cast::ADA);
            }
        } else {
            likely.extend([request.originator, super::model::cast::ADA]);
            likely.extend(&request.users);
            if let Matter::Certificate(certificate) = &request.matter
                && !TEMPLATES[certificate.template].agents.is_empty()
            {
                likely.push(super::model::cast::EVE);
            }
        }
        self.one(&likely).unwrap_or_else(|| self.anybody())
    }

    fn is_program(&mut self, model: &Model, at: usize, kind: Kind) -> bool {
        let reports = matches!(kind, Kind::Complete | Kind::Fail | Kind::Stumble);
        reports && self.chance(if model.requests[at].by_program { 60 } else { 5 })
    }

    fn command(&mut self, model: &Model, at: usize, kind: Kind, who: Person) -> Command {
        let request = &model.requests[at];
        let votes = matches!(kind, Kind::Approve | Kind::Reject);
        let certificate = matches!(request.matter, Matter::Certificate(_));
        let mut change = Change::default();
        if matches!(kind, Kind::Edit | Kind::Save) {
            change = self.change(certificate);
        } else if votes && self.chance(if certificate { 20 } else { 1 }) {
            change.answer = Some(self.number(3));
        }
        let seen = (votes && self.chance(40))
            .then(|| if self.chance(85) { request.content } else { request.content + 1 - self.seconds(3) });
        let bind = (self.chance(50).then(|| 1 + self.number(2)), self.chance(50).then(|| 1 + self.number(2)));
        Command { kind, which: self.which(model, at, who), to: self.to(), change, seen, bind }
    }

    fn change(&mut self, certificate: bool) -> Change {
        let dates = !certificate || self.chance(3);
        Change {
            start: (dates && self.chance(15)).then(|| self.seconds(200)),
            end: (dates && self.chance(15)).then(|| 100 + self.seconds(200)),
            note: self.chance(40).then(|| self.number(3)),
            answer: self.chance(if certificate { 50 } else { 2 }).then(|| self.number(3)),
            astray: self.chance(3),
        }
    }

    fn which(&mut self, model: &Model, at: usize, who: Person) -> Which {
        let stages = model.requests[at].stages.iter().enumerate();
        let all: Vec<(usize, usize)> =
            stages.flat_map(|(s, stage)| (0..stage.tasks.len()).map(move |t| (s, t))).collect();
        let own: Vec<(usize, usize)> =
            model.inbox(who).into_iter().filter(|(other, ..)| *other == at).map(|(_, s, t)| (s, t)).collect();
        let places = if self.chance(70) && !own.is_empty() { own } else { all };
        match self.below(100) {
            0..3 => Which::Elsewhere,
            3..40 => Which::First,
            _ => self.one(&places).map_or(Which::First, |(s, t)| Which::At(s, t)),
        }
    }

    fn to(&mut self) -> Vec<Principal> {
        let count = match self.below(20) {
            0 => 0,
            1..4 => 2,
            4 => 3,
            _ => 1,
        };
        (0..count)
            .map(|_| match self.below(10) {
                0..2 => Principal::Group(self.below(3)),
                // Whoever has left can be named too.
                2 => Principal::User(self.below(USERS.len())),
                _ => Principal::User(self.anybody()),
            })
            .collect()
    }
}

const fn is_of_task(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Approve
            | Kind::Reject
            | Kind::Claim
            | Kind::Release
            | Kind::Reassign
            | Kind::Delegate
            | Kind::Escalate
            | Kind::Suspend
            | Kind::Resume
            | Kind::Save
            | Kind::CreateSubtask
            | Kind::Skip
    )
}
