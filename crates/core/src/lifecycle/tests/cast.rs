//! The people, the requests and the stories that the tests are made of.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::invariants;
use crate::approval::{Staffing, Stage};
use crate::catalog::{EntityType, FulfilmentMethod};
use crate::clock::Timestamp;
use crate::directory::{Caller, DirectoryVersion};
use crate::event::Channel;
use crate::ids::{PrincipalId, RequestNumber, Revision, TaskId, UserId, UserNumber};
use crate::lifecycle::{
    Actor, Answer, Command, Context, Decision, Ids, Next, People, Refusal, RequestEvent, TaskRef, Voters, decide,
};
use crate::request::{
    AccessOperation, AccessRequest, CertificateRequest, DataItem, Outcome, Request, RequestDetails, RequestState,
    RequestStatus, Target,
};
use crate::template::{CertificateOperation, DataProvider};

pub(super) const ORIGINATOR: u128 = 1;
pub(super) const TARGET: u128 = 2;
/// In the group of approvers, with a manager and a proxy.
pub(super) const ANN: u128 = 3;
/// In the group of approvers, with the same manager.
pub(super) const BEN: u128 = 4;
/// In the group of approvers; the manager is whoever asks.
pub(super) const CAT: u128 = 5;
pub(super) const MANAGER: u128 = 6;
pub(super) const ADMIN: u128 = 7;
pub(super) const AGENT: u128 = 8;
pub(super) const STRANGER: u128 = 9;
/// Decides for Ann.
pub(super) const PROXY: u128 = 10;
pub(super) const EVERYBODY: [u128; 10] = [ORIGINATOR, TARGET, ANN, BEN, CAT, MANAGER, ADMIN, AGENT, STRANGER, PROXY];

pub(super) const APPROVERS: u128 = 20;
pub(super) const ADMINISTRATORS: u128 = 21;
pub(super) const AGENTS: u128 = 22;
pub(super) const GROUPS: [(u128, &[u128]); 3] =
    [(APPROVERS, &[ANN, BEN, CAT]), (ADMINISTRATORS, &[ADMIN]), (AGENTS, &[AGENT])];
pub(super) const MANAGERS: [(u128, u128); 3] = [(ANN, MANAGER), (BEN, MANAGER), (CAT, ORIGINATOR)];

pub(super) fn user(id: u128) -> UserId {
    Uuid::from_u128(id).into()
}

pub(super) fn principal(id: u128) -> PrincipalId {
    Uuid::from_u128(id).into()
}

pub(super) fn principals(ids: &[u128]) -> Vec<PrincipalId> {
    ids.iter().map(|id| principal(*id)).collect()
}

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000 + seconds * 1_000_000).unwrap()
}

/// Who does something in a story.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum By {
    User(u128),
    Worker,
    Fulfiller,
}

pub(super) fn caller(id: u128) -> Caller {
    let groups = GROUPS.iter().filter(|(_, members)| members.contains(&id)).map(|(group, _)| principal(*group));
    let mut principals: Vec<PrincipalId> = groups.chain([principal(id)]).collect();
    principals.sort_unstable();
    Caller {
        user: user(id),
        number: UserNumber::try_from(1).unwrap(),
        login: "someone".to_owned().try_into().unwrap(),
        principals,
        represents: if id == PROXY { vec![user(ANN)] } else { Vec::new() },
        directory: DirectoryVersion::default(),
    }
}

/// What surrounds a request: the time, the directory, what comes after approval.
pub(super) struct World {
    pub(super) seconds: i64,
    pub(super) has_administrators: bool,
    /// Who is no longer in any group.
    pub(super) left: BTreeSet<u128>,
    pub(super) fulfilment: FulfilmentMethod,
    pub(super) dependency: Option<Outcome>,
    pub(super) ids: Cell<u128>,
}

impl Ids for World {
    fn next(&self) -> Uuid {
        self.ids.set(self.ids.get() + 1);
        Uuid::from_u128(self.ids.get())
    }
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            seconds: 0,
            has_administrators: true,
            left: BTreeSet::new(),
            fulfilment: FulfilmentMethod::Immediate,
            dependency: None,
            ids: Cell::new(1000),
        }
    }

    fn members(&self, asked: &[PrincipalId]) -> BTreeSet<UserId> {
        let mut members = BTreeSet::new();
        for asked in asked {
            match GROUPS.iter().find(|(group, _)| principal(*group) == *asked) {
                Some((_, of_group)) => members.extend(of_group.iter().copied()),
                None => members.extend(EVERYBODY.iter().filter(|id| principal(**id) == *asked)),
            }
        }
        members.into_iter().filter(|id| !self.left.contains(id)).map(user).collect()
    }

    fn voters(&self, request: &Request, stage: &Stage) -> Voters {
        let mut barred: BTreeSet<UserId> = BTreeSet::new();
        if !stage.own_approval {
            barred.insert(request.originator);
            barred.extend(request.beneficiaries());
        }
        let decisive = stage.tasks.iter().filter(|task| task.parent.is_none());
        let open = decisive.clone().filter(|task| task.state.is_open());
        let mut asked = stage.planned.clone();
        asked.extend(open.flat_map(|task| [Some(task.assignee), task.delegate]).flatten());
        barred.extend(
            decisive.flat_map(|task| &task.votes).flat_map(|vote| [Some(vote.voter), vote.represented]).flatten(),
        );
        let named = self.members(&asked).difference(&barred).count();
        asked.extend(self.has_administrators.then(|| principal(ADMINISTRATORS)));
        Voters { named, with_administrators: self.members(&asked).difference(&barred).count() }
    }

    fn people(&self, request: &Request) -> People {
        let stages = request.stages.iter().enumerate();
        People {
            administrators: self.has_administrators.then(|| Uuid::from_u128(ADMINISTRATORS).into()),
            managers: MANAGERS.iter().map(|(of, manager)| (user(*of), user(*manager))).collect(),
            groups: GROUPS.iter().map(|(group, _)| principal(*group)).collect(),
            voters: stages.map(|(at, stage)| (at, self.voters(request, stage))).collect::<BTreeMap<_, _>>(),
        }
    }
}

/// A request and what has happened to it.
pub(super) struct Story {
    pub(super) request: Request,
    pub(super) world: World,
    pub(super) events: Vec<(RequestEvent, Timestamp)>,
}

impl Story {
    /// The request as it was made.
    pub(super) fn of(request: Request) -> Self {
        Self::within(World::new(), request)
    }

    pub(super) fn within(world: World, request: Request) -> Self {
        let events = vec![(RequestEvent::Created(Box::new(request.clone())), at(world.seconds))];
        Self { request, world, events }
    }

    /// The request as it is once submitted.
    pub(super) fn submitted(request: Request) -> Self {
        let mut story = Self::of(request);
        story.worker(Command::Submit { stages: Vec::new() }).unwrap();
        story
    }

    /// A request that has one stage, once submitted.
    pub(super) fn pending(quorum: u16, planned: &[u128]) -> Self {
        Self::submitted(Request { stages: vec![stage(quorum, planned)], ..access() })
    }

    pub(super) fn does(&mut self, by: By, command: Command) -> Result<Vec<RequestEvent>, Refusal> {
        let caller = match by {
            By::User(id) => Some(caller(id)),
            By::Worker | By::Fulfiller => None,
        };
        let actor = match (&caller, by) {
            (Some(caller), _) => Actor::Person(caller),
            (None, By::Fulfiller) => Actor::Fulfiller,
            (None, _) => Actor::Worker,
        };
        let people = match &command {
            Command::Submit { stages } if self.status() == RequestStatus::Draft => {
                self.world.people(&Request { stages: stages.clone(), ..self.request.clone() })
            }
            _ => self.world.people(&self.request),
        };
        let next = Next { fulfilment: self.world.fulfilment, dependency: self.world.dependency };
        let now = at(self.world.seconds);
        let context = Context { now, actor, people: &people, next, ids: &self.world };
        let decided = decide(&self.request, &command, &context)?;
        invariants::check(&self.request, &command, &decided, now);
        self.events.extend(decided.events.iter().map(|event| (event.clone(), now)));
        let moved = !decided.events.is_empty();
        self.request = decided.after;
        if moved {
            self.request.revision = self.request.revision.next();
        }
        Ok(decided.events)
    }

    pub(super) fn user(&mut self, id: u128, command: Command) -> Result<Vec<RequestEvent>, Refusal> {
        self.does(By::User(id), command)
    }

    pub(super) fn worker(&mut self, command: Command) -> Result<Vec<RequestEvent>, Refusal> {
        self.does(By::Worker, command)
    }

    pub(super) fn status(&self) -> RequestStatus {
        self.request.status()
    }

    /// The task at that place of a stage.
    pub(super) fn task(&self, stage: usize, task: usize) -> &crate::approval::ApprovalTask {
        &self.request.stages[stage].tasks[task]
    }

    pub(super) fn id(&self, stage: usize, task: usize) -> TaskRef {
        TaskRef::Id(self.task(stage, task).id)
    }
}

pub(super) fn decision() -> Decision {
    Decision { task: TaskRef::First, comment: None, seen: None, answers: Vec::new() }
}

pub(super) fn approve() -> Command {
    Command::Approve(decision())
}

pub(super) fn approve_task(task: TaskRef) -> Command {
    Command::Approve(Decision { task, ..decision() })
}

pub(super) fn reject() -> Command {
    Command::Reject(decision())
}

pub(super) fn answer(name: &str, value: &str) -> Answer {
    Answer { name: name.to_owned(), value: value.to_owned() }
}

/// Whether a command was refused for the state that something is in.
pub(super) fn is_state<T>(result: &Result<T, Refusal>) -> bool {
    matches!(result, Err(Refusal::State { .. }))
}

pub(super) fn is_not_allowed<T>(result: &Result<T, Refusal>) -> bool {
    matches!(result, Err(Refusal::NotAllowed(_)))
}

/// Whether a command was refused for its member `field`.
pub(super) fn is_invalid<T>(result: &Result<T, Refusal>, field: &str) -> bool {
    matches!(result, Err(Refusal::Invalid(fault)) if fault.field == field)
}

pub(super) fn stage(quorum: u16, planned: &[u128]) -> Stage {
    Stage {
        name: "approval".to_owned(),
        index: Some(1),
        quorum,
        title: "Operational approval".to_owned(),
        own_approval: false,
        deadline: None,
        staffing: Staffing::Enough,
        planned: principals(planned),
        managers_of: Vec::new(),
        tasks: Vec::new(),
    }
}

pub(super) fn target(key: &str) -> Target {
    Target {
        entity_type: EntityType::Role,
        entity_key: key.to_owned().try_into().unwrap(),
        entity_name: key.to_owned(),
        parent_account: None,
        start: None,
        end: None,
        form: Vec::new(),
    }
}

/// A request for one role for one user, just made.
pub(super) fn access() -> Request {
    let access = AccessRequest {
        operation: AccessOperation::AssignRoles,
        beneficiaries: vec![user(TARGET)],
        targets: vec![target("role")],
    };
    Request {
        id: Uuid::from_u128(900).into(),
        number: RequestNumber::try_from(4711).unwrap(),
        state: RequestState::Submitted,
        details: RequestDetails::Access(access),
        originator: user(ORIGINATOR),
        created: at(0),
        modified: None,
        channel: Channel::Oig,
        justification: None,
        parent: None,
        has_children: false,
        depends_on: None,
        failure: None,
        stages: Vec::new(),
        revision: Revision::FIRST,
        content_revision: 1,
    }
}

/// A request for two roles for two users.
pub(super) fn bulk() -> Request {
    let details = AccessRequest {
        operation: AccessOperation::AssignRoles,
        beneficiaries: vec![user(TARGET), user(STRANGER)],
        targets: vec![target("one"), target("two")],
    };
    Request { details: RequestDetails::Access(details), ..access() }
}

pub(super) fn certificate_details() -> CertificateRequest {
    let question = |name: &str, provider| DataItem { name: name.to_owned(), value: None, provider };
    CertificateRequest {
        operation: CertificateOperation::Enroll,
        template: Uuid::from_u128(800).into(),
        smartcard: false,
        agent_required: false,
        target: user(TARGET),
        priority: 0,
        comment: String::new(),
        data_items: vec![
            question("Reason", DataProvider::Subscriber),
            question("Badge", DataProvider::CertificateManager),
        ],
        old_profile: None,
        new_profile: None,
        old_smartcard: None,
        new_smartcard: None,
        agents: principals(&[AGENTS]),
        auditors: Vec::new(),
        security_descriptor: None,
    }
}

pub(super) fn certificate_of(details: CertificateRequest) -> Request {
    Request { details: RequestDetails::Certificate(details), ..access() }
}

/// A request for a certificate, just made.
pub(super) fn certificate() -> Request {
    certificate_of(certificate_details())
}

/// The same for a smart card.
pub(super) fn card() -> Request {
    certificate_of(CertificateRequest { smartcard: true, ..certificate_details() })
}

/// The kinds of the events, as stored events call them.
pub(super) fn kinds(events: &[RequestEvent]) -> Vec<&'static str> {
    events.iter().map(|event| event.kind().name()).collect()
}

pub(super) fn task_ids(request: &Request) -> Vec<TaskId> {
    request.tasks().map(|task| task.id).collect()
}
