//! What a decision depends on besides the request and the command.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::approval::Stage;
use crate::catalog::FulfilmentMethod;
use crate::clock::Timestamp;
use crate::directory::{Caller, DirectoryVersion};
use crate::ids::{GroupId, PrincipalId, UserId};
use crate::request::Outcome;

/// Where new ids come from. Handed in, so that tests can fix them.
pub trait Ids {
    /// An id that was never given out before.
    fn next(&self) -> Uuid;
}

/// Who acts.
#[derive(Clone, Copy, Debug)]
pub enum Actor<'a> {
    /// A person.
    Person(&'a Caller),
    /// The worker: deadlines, dates, roll-up.
    Worker,
    /// Whatever carries requests out, told apart from people by its own key.
    Fulfiller,
}

impl Actor<'_> {
    /// The person.
    pub const fn user(&self) -> Option<UserId> {
        match self {
            Self::Person(caller) => Some(caller.user),
            Self::Worker | Self::Fulfiller => None,
        }
    }

    /// Since when what is known of people is good enough: since the person was recognised.
    pub const fn since(&self) -> Option<DirectoryVersion> {
        match self {
            Self::Person(caller) => Some(caller.directory),
            Self::Worker | Self::Fulfiller => None,
        }
    }
}

/// What is known of the people around a request when it is decided on.
#[derive(Clone, Debug, Default)]
pub struct People {
    /// The group of the administrators.
    pub administrators: Option<GroupId>,
    /// The managers of those who hold a task, and of those whose managers a stage will ask; who has
    /// none is absent.
    pub managers: BTreeMap<UserId, UserId>,
    /// Which of the assignees are groups.
    pub groups: BTreeSet<PrincipalId>,
    /// How many people may still vote in a stage, by its place: the one at which the request is, and
    /// the one that comes next. Counted up to the quorum, less those who may not vote on it. A stage
    /// that is not here has nobody.
    pub voters: BTreeMap<usize, Voters>,
}

/// How many people may vote in a stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Voters {
    /// Of those whom the stage names.
    pub named: usize,
    /// With the administrators.
    pub with_administrators: usize,
}

impl People {
    /// Whether the actor is a system administrator.
    pub fn is_administrator(&self, actor: &Actor<'_>) -> bool {
        match (actor, self.administrators) {
            (Actor::Person(caller), Some(group)) => caller.is_among(&[group.into()]),
            _ => false,
        }
    }

    /// Whom a stage that has not begun asks at present (decision 6): who has no manager has the
    /// administrators instead.
    pub fn asked(&self, stage: &Stage) -> Vec<PrincipalId> {
        let administrators = self.administrators.map(PrincipalId::from);
        stage.asked(|user| self.managers.get(&user).copied().map(PrincipalId::from).or(administrators))
    }

    /// The manager of the user who is `principal`.
    pub fn manager_of(&self, principal: PrincipalId) -> Option<UserId> {
        self.managers.get(&principal.as_user()).copied()
    }
}

/// What comes after approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    /// How what was asked for is carried out.
    pub fulfilment: FulfilmentMethod,
    /// How the request that this one depends on ended; `None` while it has not.
    pub dependency: Option<Outcome>,
}

/// Everything that a decision depends on besides the request and the command.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The present.
    pub now: Timestamp,
    /// Who acts.
    pub actor: Actor<'a>,
    /// What is known of the people around the request.
    pub people: &'a People,
    /// What comes after approval.
    pub next: Next,
    /// Where the ids of new tasks come from.
    pub ids: &'a dyn Ids,
}
