//! Between the model's words and the server's: commands one way, requests the other.

use anyhow::Context as _;
use countersign_core::approval::{ApprovalTask, DeadlineAction, Stage, VoteOutcome};
use countersign_core::catalog::{EntityKey, EntityType};
use countersign_core::ids::{PrincipalId, RequestId, TaskId, UserId};
use countersign_core::lifecycle::{Answer, Command, Decision, Edit, Refusal, TargetEdit, TaskRef};
use countersign_core::request::{
    CertificateRequest, FormValue, Fulfilment, Outcome, Request, RequestDetails, RequestState, RequestStatus, Target,
};
use countersign_core::service::{AccessOrder, Intent, Item, ServiceError, UserKey};
use uuid::Uuid;

use super::model::cast::{ADMINISTRATORS, ITEMS, Principal, TEMPLATES, Then, USERS};
use super::model::words::{Kind, Reason, Staffing, Status, TaskState};
use super::model::{self, Matter, What, Which};
use super::world::{self, BADGE, REASON, principal_id, template_id, time};

/// The field of a target's form that is filled in.
const NOTE: &str = REASON;

/// What is asked for, as a dialect would say it.
pub(super) fn order(order: &model::Order) -> anyhow::Result<AccessOrder> {
    let mut items = Vec::with_capacity(order.targets.len());
    for target in &order.targets {
        let (entity_type, entity_key) = entity(target.what)?;
        items.push(Item {
            entity_type,
            entity_key,
            account: None,
            start: target.start.map(time).transpose()?,
            end: target.end.map(time).transpose()?,
            form: form(target.note),
        });
    }
    Ok(AccessOrder {
        intent: Intent::Give,
        beneficiaries: order.users.iter().map(|user| UserKey::Id(world::user_id(*user))).collect(),
        items,
        justification: None,
        draft: order.draft,
    })
}

fn entity(what: What) -> anyhow::Result<(EntityType, EntityKey)> {
    match what {
        What::Item(item) => Ok((world::entity_type(ITEMS[item].thing), world::key(ITEMS[item].key)?)),
        What::Template(template) => Ok((EntityType::ProfileTemplate, world::key(&template_id(template).to_string())?)),
    }
}

fn form(note: Option<u32>) -> Vec<FormValue> {
    note.map(|note| FormValue { name: NOTE.to_owned(), value: note.to_string() }).into_iter().collect()
}

/// A task of no request.
const ELSEWHERE: Uuid = Uuid::from_u128(0xdead);

/// The command, on `request` as it is known.
pub(super) fn command(command: &model::Command, known: &model::Request, request: &Request) -> anyhow::Result<Command> {
    let task = match command.which {
        Which::First => TaskRef::First,
        Which::Elsewhere => TaskRef::Id(ELSEWHERE.into()),
        Which::At(s, t) => TaskRef::Id(task_id(request, s, t)?),
    };
    let to = || command.to.iter().map(|principal| principal_id(*principal)).collect();
    let (comment, reason) = (None, None);
    let decision =
        || Decision { task, comment: None, seen: command.seen, answers: answers(command.change.answer, &[BADGE]) };
    let edit = || edit(&command.change, known);
    let bound =
        |kind: u128, number: Option<u32>| number.map(|number| Uuid::from_u128((kind << 64) | u128::from(number)));
    Ok(match command.kind {
        Kind::Submit => Command::Submit { stages: Vec::new() },
        Kind::Edit => Command::Edit(edit()?),
        Kind::Approve => Command::Approve(decision()),
        Kind::Reject => Command::Reject(decision()),
        Kind::Claim => Command::Claim { task },
        Kind::Release => Command::Release { task },
        Kind::Reassign => Command::Reassign { task, to: to(), comment },
        Kind::Delegate => Command::Delegate { task, to: to(), comment },
        Kind::Escalate => Command::Escalate { task, comment },
        Kind::Suspend => Command::Suspend { task, comment },
        Kind::Resume => Command::Resume { task, comment },
        Kind::Save => Command::Save { task, comment: Some("a remark".to_owned()), edit: edit()? },
        Kind::CreateSubtask => Command::CreateSubtask { task, to: to(), comment },
        Kind::Skip => Command::Skip { task, comment },
        Kind::Withdraw => Command::Withdraw { reason },
        Kind::Cancel => Command::Cancel { reason },
        Kind::Close => Command::Close { reason },
        Kind::Abandon => Command::Abandon { reason },
        Kind::Begin => Command::Begin,
        Kind::Bind => Command::Bind {
            profile: bound(7, command.bind.0).map(Into::into),
            smartcard: bound(8, command.bind.1).map(Into::into),
        },
        Kind::Complete => Command::Complete,
        Kind::Fail => Command::Fail { reason: "it cannot be done".to_owned() },
        Kind::Stumble => Command::Stumble { reason: "it did not work".to_owned() },
        Kind::Retry => Command::Retry,
        Kind::Wake => Command::Wake,
        Kind::DependencyEnded => Command::DependencyEnded,
        Kind::ChildrenEnded => Command::ChildrenEnded { ended: [1; Outcome::ALL.len()] },
        Kind::Recount => Command::Recount,
    })
}

/// The id of the task at this place.
pub(super) fn task_id(request: &Request, s: usize, t: usize) -> anyhow::Result<TaskId> {
    let stage = request.stages.get(s);
    stage.and_then(|stage| stage.tasks.get(t)).map(|task| task.id).context("the request has fewer tasks than it had")
}

fn answers(answer: Option<u32>, questions: &[&str]) -> Vec<Answer> {
    let answers = answer
        .map(|answer| questions.iter().map(move |name| Answer { name: (*name).to_owned(), value: answer.to_string() }));
    answers.into_iter().flatten().collect()
}

fn edit(change: &model::Change, known: &model::Request) -> anyhow::Result<Edit> {
    let mut edit = Edit { answers: answers(change.answer, &[REASON, BADGE]), ..Edit::default() };
    let what = match &known.matter {
        Matter::Access(targets) => targets.first().map(|target| target.what).context("a target")?,
        Matter::Certificate(certificate) => What::Template(certificate.template),
    };
    let (entity_type, entity_key) = if change.astray { (EntityType::Role, world::key("none")?) } else { entity(what)? };
    let is_access = matches!(known.matter, Matter::Access(_));
    if change.astray || change.start.is_some() || change.end.is_some() || (is_access && change.note.is_some()) {
        edit.targets.push(TargetEdit {
            entity_type,
            entity_key,
            start: change.start.map(time).transpose()?,
            end: change.end.map(time).transpose()?,
            form: if is_access { form(change.note) } else { Vec::new() },
        });
    }
    Ok(edit)
}

/// Why the server refused; `None` if it did what was asked.
pub(super) fn verdict<T>(answer: Result<T, ServiceError>) -> anyhow::Result<Option<Reason>> {
    Ok(Some(match answer {
        Ok(_) => return Ok(None),
        Err(ServiceError::NotFound) => Reason::NotFound,
        Err(ServiceError::Forbidden(_) | ServiceError::Refused(Refusal::NotAllowed(_))) => Reason::NotAllowed,
        Err(ServiceError::Invalid(_) | ServiceError::Refused(Refusal::Invalid(_))) => Reason::Invalid,
        Err(ServiceError::Refused(Refusal::State { .. })) => Reason::State,
        Err(ServiceError::Refused(Refusal::Content { .. })) => Reason::Content,
        Err(ServiceError::Refused(Refusal::NoTask)) => Reason::NoTask,
        Err(error) => return Err(error.into()),
    }))
}

/// The word for a status; a request that is stored has been submitted or is a draft.
pub(super) fn status(status: RequestStatus) -> anyhow::Result<Status> {
    let mut known = Status::ALL.iter().copied();
    known.find(|known| known.word() == status.name()).with_context(|| format!("no request is stored {}", status.name()))
}

/// The request as the model says it, beside its family.
pub(super) fn request(request: &Request, family: &[RequestId]) -> anyhow::Result<model::Request> {
    let place = |id: RequestId| family.iter().position(|known| *known == id).context("a request of the family");
    let matter = matter(&request.details)?;
    let by_program = matches!(request.state, RequestState::Executing { fulfilment: Fulfilment::Automatic })
        && matches!(matter, Matter::Access(_));
    let users = request.beneficiaries().iter().map(|user| world::person(*user).context("a user"));
    Ok(model::Request {
        parent: request.parent.map(|link| place(link.request)).transpose()?,
        depends_on: request.depends_on.map(place).transpose()?,
        originator: world::person(request.originator).context("a user")?,
        users: users.collect::<anyhow::Result<_>>()?,
        matter,
        status: status(request.status())?,
        discarded: matches!(request.state, RequestState::Discarded { .. }),
        by_program,
        stumbled: request.failure.is_some(),
        content: request.content_revision,
        stages: request.stages.iter().map(stage).collect::<anyhow::Result<_>>()?,
    })
}

fn matter(details: &RequestDetails) -> anyhow::Result<Matter> {
    match details {
        RequestDetails::Access(access) => {
            Ok(Matter::Access(access.targets.iter().map(target).collect::<anyhow::Result<_>>()?))
        }
        RequestDetails::Certificate(certificate) => Ok(Matter::Certificate(certificate_matter(certificate)?)),
    }
}

fn certificate_matter(certificate: &CertificateRequest) -> anyhow::Result<model::Certificate> {
    let template = (0..TEMPLATES.len()).find(|place| template_id(*place) == certificate.template);
    let answer = |name: &str| {
        let item = certificate.data_items.iter().find(|item| item.name == name);
        item.and_then(|item| item.value.as_ref()).map(|value| value.parse::<u32>()).transpose()
    };
    let number = |id: Uuid| u32::try_from(id.as_u128() & u128::from(u32::MAX));
    Ok(model::Certificate {
        template: template.context("a template")?,
        reason: answer(REASON)?,
        badge: answer(BADGE)?,
        profile: certificate.new_profile.map(|id| number(id.as_uuid())).transpose()?,
        card: certificate.new_smartcard.map(|id| number(id.as_uuid())).transpose()?,
    })
}

fn target(target: &Target) -> anyhow::Result<model::Target> {
    let is_item = |place: &usize| {
        let item = &ITEMS[*place];
        world::entity_type(item.thing) == target.entity_type && item.key == target.entity_key.as_str()
    };
    let template = |place: &usize| template_id(*place).to_string() == target.entity_key.as_str();
    let what = match target.entity_type {
        EntityType::ProfileTemplate => (0..TEMPLATES.len()).find(template).map(What::Template),
        _ => (0..ITEMS.len()).find(is_item).map(What::Item),
    };
    let note = target.form.iter().find(|value| value.name == NOTE);
    Ok(model::Target {
        what: what.context("an item")?,
        start: target.start.map(world::seconds),
        end: target.end.map(world::seconds),
        note: note.map(|note| note.value.parse()).transpose()?,
    })
}

/// Whom the server has to take for the manager of a user.
fn manager(user: UserId) -> Option<PrincipalId> {
    let above = USERS[world::person(user)?].manager;
    Some(principal_id(above.map_or(Principal::Group(ADMINISTRATORS), Principal::User)))
}

fn stage(stage: &Stage) -> anyhow::Result<model::Stage> {
    let planned = stage.asked(manager);
    let planned = planned.iter().map(|id| world::principal(*id).context("a principal"));
    let mut staffing = Staffing::ALL.iter().copied();
    let deadline = stage.deadline.map(|deadline| {
        let then = match deadline.then {
            DeadlineAction::Expire => Then::Expire,
            DeadlineAction::Escalate => Then::Escalate,
            DeadlineAction::Renew => Then::Renew(deadline.renewals),
        };
        (i64::from(deadline.seconds), then)
    });
    let task = |known: &ApprovalTask| task(known, stage);
    Ok(model::Stage {
        quorum: stage.quorum.into(),
        own: stage.own_approval,
        deadline,
        staffing: staffing.find(|known| known.word() == stage.staffing.name()).context("a staffing")?,
        planned: planned.collect::<anyhow::Result<_>>()?,
        tasks: stage.tasks.iter().map(task).collect::<anyhow::Result<_>>()?,
    })
}

fn task(task: &ApprovalTask, stage: &Stage) -> anyhow::Result<model::Task> {
    let mut states = TaskState::ALL.iter().copied();
    let principal = |id| world::principal(id).context("a principal");
    let person = |id| world::person(id).context("a user");
    let parent = |id| stage.tasks.iter().position(|other| other.id == id).context("a task of the stage");
    let mut votes = Vec::with_capacity(task.votes.len());
    for vote in &task.votes {
        let represented = vote.represented.map(person).transpose()?;
        votes.push(model::Vote { voter: person(vote.voter)?, represented, yes: vote.outcome == VoteOutcome::Approve });
    }
    Ok(model::Task {
        assignee: principal(task.assignee)?,
        state: states.find(|known| known.word() == task.state.name()).context("a task state")?,
        claimer: task.acquired_by.map(person).transpose()?,
        delegate: task.delegate.map(principal).transpose()?,
        parent: task.parent.map(parent).transpose()?,
        created: world::seconds(task.created),
        expires: task.expires.map(world::seconds),
        suspended: task.suspended.map(world::seconds),
        renewals: task.renewals,
        votes,
    })
}

/// The request without what the model does not keep: what is only said while it is carried out, and
/// the profile that carrying it out makes.
pub(super) fn comparable(request: &model::Request) -> model::Request {
    let mut request = request.clone();
    request.by_program &= request.status == Status::Executing;
    request.stumbled &= request.status == Status::Executing;
    if let Matter::Certificate(certificate) = &mut request.matter
        && request.status == Status::Completed
    {
        certificate.profile = None;
    }
    request
}
