//! Placing a request for access: who may ask for what for whom, and what comes of it.

use super::batch::Batch;
use super::guard::Guard;
use super::order::{AccessOrder, CertificateOrder, Via};
use super::plan::{Explanation, PlannedStage};
use super::resolve::{Resolved, operation};
use super::{TRIES, Workflow};
use crate::approval::{Staffing, Stage};
use crate::catalog::{CatalogItem, EntityType, FulfilmentMethod};
use crate::clock::Timestamp;
use crate::directory::Caller;
use crate::error::RepositoryError;
use crate::event::Channel;
use crate::ids::{RequestId, RequestNumber, Revision, TemplateId, UserId, parse_guid};
use crate::lifecycle::{Actor, Command, Context, Next, People, RequestEvent, Voters, decide};
use crate::repository::NumberSpace;
use crate::request::{AccessRequest, Request, RequestDetails, RequestState, RequestStatus, Target};
use crate::service::ServiceError;
use crate::service::tools::{NewIds, request_number};
use crate::template::CertificateOperation;

impl Workflow {
    /// Places a request for access: one request, which splits after its approval if it is for
    /// several people or things (`spec/oig-requests.md` A.2, C.5). Answers with the request as it
    /// is then.
    pub async fn place(&self, caller: &Caller, order: &AccessOrder, via: &Via) -> Result<Request, ServiceError> {
        let guard = Guard::of(caller, via, order)?;
        guard.once(&*self.repository, self.place_once(caller, order, via, &guard)).await
    }

    pub(super) async fn place_once(
        &self,
        caller: &Caller,
        order: &AccessOrder,
        via: &Via,
        guard: &Guard<'_>,
    ) -> Result<Request, ServiceError> {
        let resolved = self.resolve(caller, order).await?;
        if let Some(target) = resolved.single_template() {
            let order = certificate_order(order, &resolved, target)?;
            return self.place_certificate_once(caller, &order, via, guard).await;
        }
        for _ in 0..TRIES {
            let mut batch = self.batch(Some(caller.user), via.channel);
            let request = self.access_request(caller, order, &resolved, via.channel, batch.now).await?;
            let request = self.create(&mut batch, request, Actor::Person(caller)).await?;
            if let Some(done) = self.land(batch, request, guard).await? {
                return Ok(done);
            }
        }
        Err(ServiceError::Contended)
    }

    pub(super) fn batch(&self, actor: Option<UserId>, channel: Channel) -> Batch {
        Batch::new(self.tools.clock.now(), actor, channel, self.tools.randomness.entropy())
    }

    /// What approval a request would need, without placing it.
    pub async fn explain(&self, caller: &Caller, order: &AccessOrder) -> Result<Explanation, ServiceError> {
        let resolved = self.resolve(caller, order).await?;
        let now = self.tools.clock.now();
        let (request, children) = match resolved.single_template() {
            Some(target) => {
                let order = certificate_order(order, &resolved, target)?;
                (self.certificate_request(caller, &order, Channel::Native, now).await?, 0)
            }
            None => {
                let request = self.access_request(caller, order, &resolved, Channel::Native, now).await?;
                let pairs = resolved.beneficiaries.len() * resolved.targets.len().max(1);
                (request, if pairs > 1 { pairs } else { 0 })
            }
        };
        let mut stages = Vec::with_capacity(request.stages.len());
        let people = self.people(&request, false, Some(caller.directory)).await?;
        for stage in &request.stages {
            let voters = self.voters_of(&request, stage, &people).await?;
            stages.push(explained(stage, voters, &people));
        }
        Ok(Explanation { stages, children })
    }

    async fn access_request(
        &self,
        caller: &Caller,
        order: &AccessOrder,
        resolved: &Resolved,
        channel: Channel,
        now: Timestamp,
    ) -> Result<Request, ServiceError> {
        let beneficiaries = resolved.users();
        let operation = operation(order.intent, &resolved.targets);
        let planner = self.planner().await?;
        let stages = match (&beneficiaries[..], &resolved.targets[..]) {
            ([_], [target]) => {
                let target = Some((target.entity_type, &target.entity_key));
                planner.single(operation, target, caller.user, &beneficiaries)
            }
            _ => planner.whole(operation, caller.user, &beneficiaries),
        };
        check_planned(&stages)?;
        let access = AccessRequest { operation, beneficiaries, targets: resolved.targets.clone() };
        let number = self.numbers.take(&*self.repository, NumberSpace::Requests, 1, 0).await?;
        Ok(Request {
            justification: order.justification.clone(),
            state: if order.draft { RequestState::Draft } else { RequestState::Submitted },
            stages: if order.draft { Vec::new() } else { stages },
            ..self.blank(caller.user, request_number(number)?, RequestDetails::Access(access), channel, now)
        })
    }

    /// A request with nothing but what it asks for.
    pub(super) fn blank(
        &self,
        originator: UserId,
        number: RequestNumber,
        details: RequestDetails,
        channel: Channel,
        now: Timestamp,
    ) -> Request {
        Request {
            id: RequestId::from(self.tools.randomness.id(now)),
            number,
            state: RequestState::Submitted,
            details,
            originator,
            created: now,
            modified: None,
            channel,
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

    /// Adds a new request to the batch; unless it is a draft, submits it and does what follows.
    pub(super) async fn create(
        &self,
        batch: &mut Batch,
        request: Request,
        actor: Actor<'_>,
    ) -> Result<Request, ServiceError> {
        let created = RequestEvent::Created(Box::new(request.clone()));
        if request.status() == RequestStatus::Draft {
            return Ok(batch.request(None, request, &[created]));
        }
        let decided = self.submit(&request, actor, batch.now).await?;
        let mut events = vec![created];
        events.extend(decided.events);
        self.settle(batch, None, decided.after, events, RequestStatus::Submitted).await
    }

    async fn submit(
        &self,
        request: &Request,
        actor: Actor<'_>,
        now: Timestamp,
    ) -> Result<crate::lifecycle::Decided, ServiceError> {
        let people = self.people(request, false, actor.since()).await?;
        let next = self.next(request).await?;
        let ids = NewIds { randomness: &*self.tools.randomness, now };
        let context = Context { now, actor, people: &people, next, ids: &ids };
        Ok(decide(request, &Command::Submit { stages: request.stages.clone() }, &context)?)
    }

    /// How what was approved of an item is carried out.
    pub(super) fn fulfilment_of(&self, item: Option<&CatalogItem>) -> FulfilmentMethod {
        item.and_then(|item| item.fulfilment).unwrap_or(self.settings.fulfilment)
    }

    /// What comes after the approval of `request`.
    pub(super) async fn next(&self, request: &Request) -> Result<Next, RepositoryError> {
        let mut next = Next { fulfilment: self.settings.fulfilment, dependency: None };
        if let RequestDetails::Access(access) = &request.details
            && let [target] = &access.targets[..]
            && target.entity_type != EntityType::ProfileTemplate
        {
            let item = self.repository.catalog_item(target.entity_type, &target.entity_key).await?;
            next.fulfilment = self.fulfilment_of(item.as_ref());
        }
        if let Some(on) = request.depends_on
            && let Some(stored) = self.repository.request(on).await?
        {
            next.dependency = stored.document.request()?.state.outcome();
        }
        Ok(next)
    }
}

/// A step that asks nobody can never be passed.
pub(super) fn check_planned(stages: &[Stage]) -> Result<(), ServiceError> {
    match stages.iter().find(|stage| !stage.is_planned()) {
        None => Ok(()),
        Some(stage) => Err(ServiceError::invalid(
            "approvers",
            format!("stage {} asks nobody, and there are no administrators", stage.name),
        )),
    }
}

fn certificate_order(
    order: &AccessOrder,
    resolved: &Resolved,
    target: &Target,
) -> Result<CertificateOrder, ServiceError> {
    let template = parse_guid(target.entity_key.as_str()).map(TemplateId::from);
    let answers = target
        .form
        .iter()
        .map(|value| crate::lifecycle::Answer { name: value.name.clone(), value: value.value.clone() });
    let user = resolved.beneficiaries.first();
    Ok(CertificateOrder {
        operation: CertificateOperation::Enroll,
        template,
        profile: None,
        smartcard: None,
        target: user.map(|user| user.id),
        priority: None,
        comment: String::new(),
        answers: answers.collect(),
        justification: order.justification.clone(),
        draft: order.draft,
    })
}

fn explained(stage: &Stage, voters: Voters, people: &People) -> PlannedStage {
    let quorum = usize::from(stage.quorum);
    let staffing = if voters.named >= quorum {
        Staffing::Enough
    } else if voters.with_administrators >= quorum {
        Staffing::AdministratorsAdded
    } else {
        Staffing::NobodyEligible
    };
    PlannedStage {
        name: stage.name.clone(),
        quorum: stage.quorum,
        approvers: people.asked(stage),
        deadline: stage.deadline,
        reason: stage.title.clone(),
        staffing,
    }
}
