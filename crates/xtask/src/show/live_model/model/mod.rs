//! What requests do, told a second time: from `docs/lifecycle.md`, the specifications and the
//! decisions, without the server's own rules. It shares nothing with the server but words, and works
//! the other way round where it can: it walks the directory for every question instead of carrying
//! answers along, and says every reason that holds against a command instead of the first.

pub mod cast;
pub mod words;

mod commands;
mod course;
mod ordering;
mod people;
mod tasks;
mod worker;

use std::collections::BTreeSet;

use cast::{Deadline, Person, Principal};
use words::{Kind, Reason, Staffing, Status, TaskState};

/// Every reason that stands against a command; none, and it is done.
pub type Reasons = BTreeSet<Reason>;

/// One person's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vote {
    /// Who.
    pub voter: Person,
    /// In whose place.
    pub represented: Option<Person>,
    /// Yes or no.
    pub yes: bool,
}

/// A decision that somebody has to take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Who decides.
    pub assignee: Principal,
    /// How far it is.
    pub state: TaskState,
    /// Which of several took it.
    pub claimer: Option<Person>,
    /// Who decides beside the assignee.
    pub delegate: Option<Principal>,
    /// The place of the task that waits for it.
    pub parent: Option<usize>,
    /// Since when.
    pub created: i64,
    /// Until when.
    pub expires: Option<i64>,
    /// Since when it is put aside.
    pub suspended: Option<i64>,
    /// How often its deadline began anew.
    pub renewals: u16,
    /// What was said.
    pub votes: Vec<Vote>,
}

/// One step of an approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// How many people must approve.
    pub quorum: usize,
    /// Whether those whom it concerns may.
    pub own: bool,
    /// By when.
    pub deadline: Option<Deadline>,
    /// Whether there are enough.
    pub staffing: Staffing,
    /// Who will be asked.
    pub planned: Vec<Principal>,
    /// Who was.
    pub tasks: Vec<Task>,
}

/// One thing that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// What.
    pub what: What,
    /// From when.
    pub start: Option<i64>,
    /// Until when.
    pub end: Option<i64>,
    /// What stands in its form.
    pub note: Option<u32>,
}

/// A thing by its place in the cast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Of the items.
    Item(usize),
    /// Of the templates.
    Template(usize),
}

/// What a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Matter {
    /// Access.
    Access(Vec<Target>),
    /// Certificates.
    Certificate(Certificate),
}

/// What a certificate request is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// The template.
    pub template: usize,
    /// Why, in the requester's words.
    pub reason: Option<u32>,
    /// What the approver filled in.
    pub badge: Option<u32>,
    /// The profile that was bound.
    pub profile: Option<u32>,
    /// The card that was bound.
    pub card: Option<u32>,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The place of its parent.
    pub parent: Option<usize>,
    /// The place of the request that must end well before.
    pub depends_on: Option<usize>,
    /// Who asked.
    pub originator: Person,
    /// For whom.
    pub users: Vec<Person>,
    /// For what.
    pub matter: Matter,
    /// How far it is.
    pub status: Status,
    /// Whether it was thrown out of the cart.
    pub discarded: bool,
    /// Whether a program carries it out, or a person does.
    pub by_program: bool,
    /// Whether carrying it out has failed so far.
    pub stumbled: bool,
    /// How often what is judged has changed, from 1.
    pub content: i64,
    /// Its approval.
    pub stages: Vec<Stage>,
}

/// Which task a command means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The first that the actor can act on.
    First,
    /// This one, by stage and place.
    At(usize, usize),
    /// One of some other request.
    Elsewhere,
}

/// New values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// From when.
    pub start: Option<i64>,
    /// Until when.
    pub end: Option<i64>,
    /// What stands in the form.
    pub note: Option<u32>,
    /// The answer to both questions, the requester's and the approver's: each takes their own.
    pub answer: Option<u32>,
    /// Whether it names a target that the request has not.
    pub astray: bool,
}

/// What is asked of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// What.
    pub kind: Kind,
    /// On which task.
    pub which: Which,
    /// For whom.
    pub to: Vec<Principal>,
    /// What changes; an approver's answer.
    pub change: Change,
    /// The content that the voter saw.
    pub seen: Option<i64>,
    /// A profile and a card to bind.
    pub bind: (Option<u32>, Option<u32>),
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A person.
    Person(Person),
    /// A program that carries requests out.
    Program,
}

/// As which dialect the request is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Certificates alone.
    Mim,
    /// Everything.
    Oig,
}

/// What is asked for, before it is a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// For whom.
    pub users: Vec<Person>,
    /// For what.
    pub targets: Vec<Target>,
    /// Whether it stays in the cart.
    pub draft: bool,
}

/// Something that waits for the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// A deadline or a start date of the request at this place.
    Request(usize),
    /// The tasks that somebody who has left has in the request at this place.
    Handover(Person, usize),
}

/// A family of requests, the first of them the one that was asked for, and the time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    /// Seconds since the sequence began.
    pub now: i64,
    /// The requests: children after their parent, in their order.
    pub requests: Vec<Request>,
}

impl TaskState {
    /// Whether somebody still has to decide.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Assigned | Self::Suspended)
    }
}

impl Stage {
    /// Whether tasks were made.
    pub fn has_begun(&self) -> bool {
        !self.tasks.is_empty()
    }

    /// Whether somebody still has to decide.
    pub fn is_open(&self) -> bool {
        self.tasks.iter().any(|task| task.state.is_open())
    }

    /// The votes that count: a subtask's are advice.
    fn counting(&self) -> impl Iterator<Item = &Vote> {
        self.tasks.iter().filter(|task| task.parent.is_none()).flat_map(|task| &task.votes)
    }

    /// How many people said yes.
    fn approvals(&self) -> usize {
        self.counting().filter(|vote| vote.yes).map(|vote| vote.voter).collect::<BTreeSet<_>>().len()
    }

    fn undecided(&self) -> usize {
        self.tasks.iter().filter(|task| task.parent.is_none() && task.state.is_open()).count()
    }
}

fn one(reason: Reason) -> Reasons {
    BTreeSet::from([reason])
}

fn unless(holds: bool, reason: Reason) -> Reasons {
    if holds { Reasons::new() } else { one(reason) }
}
