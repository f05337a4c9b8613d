//! Acting on a request: see it, load, decide, commit; again if somebody was faster.

use serde::Serialize;

use super::batch::Batch;
use super::edit::fitted;
use super::guard::Guard;
use super::order::{CertificateData, Sight, Via};
use super::{TRIES, Workflow};
use crate::clock::Timestamp;
use crate::directory::Caller;
use crate::event::Channel;
use crate::ids::{Revision, UserId};
use crate::lifecycle::{Actor, Command, Context, Decided, Decision, Refusal, RequestEvent, decide};
use crate::repository::{CommitOutcome, StoredRequest};
use crate::request::{AccessOperation, Request, RequestDetails, RequestKey, RequestStatus};
use crate::service::tools::NewIds;
use crate::service::{Requests, ServiceError};

/// What a call is, for telling whether it was sent before.
#[derive(Serialize)]
struct Call<'a> {
    request: RequestKey,
    command: &'a Command,
}

impl Workflow {
    /// Does what `command` says to the request; answers with the request as it is then.
    pub async fn act(
        &self,
        caller: &Caller,
        request: RequestKey,
        command: &Command,
        sight: Sight,
        via: &Via,
    ) -> Result<Request, ServiceError> {
        let guard = Guard::of(caller, via, &Call { request, command: &unseen(command) })?;
        guard.once(&*self.repository, self.act_once(caller, request, command, sight, via, &guard)).await
    }

    /// Takes what the executor of a certificate request sends to have its certificates issued: from
    /// then on it is being carried out. Nobody issues any yet.
    pub async fn submit_certificate_data(
        &self,
        caller: &Caller,
        request: RequestKey,
        data: &CertificateData,
        via: &Via,
    ) -> Result<Request, ServiceError> {
        let guard = Guard::of(caller, via, &(request, data))?;
        let begin = self.act_once(caller, request, &Command::Begin, Sight::Mim, via, &guard);
        guard.once(&*self.repository, begin).await
    }

    /// Does `command`, which `guard` has let through.
    pub(super) async fn act_once(
        &self,
        caller: &Caller,
        key: RequestKey,
        command: &Command,
        sight: Sight,
        via: &Via,
        guard: &Guard<'_>,
    ) -> Result<Request, ServiceError> {
        let mut judged = None;
        for _ in 0..TRIES {
            let stored = self.visible(caller, key, sight).await?;
            let request = stored.document.request()?;
            if command.judges() && *judged.get_or_insert(request.content_revision) != request.content_revision {
                return Err(lost(command, &request).into());
            }
            if let Some(done) = self.act_on_family(caller, &request, command, via, guard).await? {
                return Ok(done);
            }
            if request.status() == RequestStatus::AwaitingChildren && reaches_children(command) {
                continue;
            }
            if matches!(command, Command::Submit { .. }) {
                self.check_draft(caller, &request).await?;
            }
            let mut batch = self.batch(Some(caller.user), via.channel);
            let actor = Actor::Person(caller);
            let decided = self.decide(&request, command, actor, batch.now).await?;
            if decided.events.is_empty() {
                return guard.unchanged(&*self.repository, request, batch.now).await;
            }
            let after = self.carry(&mut batch, &request, decided).await?;
            if let Some(done) = self.land(batch, after, guard).await? {
                return Ok(done);
            }
        }
        Err(ServiceError::Contended)
    }

    /// The request, if the caller may see it.
    pub(super) async fn visible(
        &self,
        caller: &Caller,
        key: RequestKey,
        sight: Sight,
    ) -> Result<StoredRequest, ServiceError> {
        let stored = self.repository.request_by(key).await?;
        let stored = stored.ok_or(ServiceError::NotFound)?;
        let requests = Requests::new(std::sync::Arc::clone(&self.repository));
        match sight {
            Sight::Mim => requests.check_mim(caller, &stored, &stored.document.request()?).await?,
            Sight::Oig => requests.check_oig(caller, &stored).await?,
        }
        Ok(stored)
    }

    /// Decides `command`, with everything that has to be known for it.
    pub(super) async fn decide(
        &self,
        request: &Request,
        command: &Command,
        actor: Actor<'_>,
        now: Timestamp,
    ) -> Result<Decided, ServiceError> {
        let command = self.prepared(request, command).await?;
        let people = match &command {
            // A draft gets its stages with the command.
            Command::Submit { stages } if request.status() == RequestStatus::Draft => {
                self.people(&Request { stages: stages.clone(), ..request.clone() }, false, actor.since()).await?
            }
            _ => self.people(request, matches!(command, Command::Recount), actor.since()).await?,
        };
        let next = self.next(request).await?;
        let decided = {
            let ids = NewIds { randomness: &*self.tools.randomness, now };
            let context = Context { now, actor, people: &people, next, ids: &ids };
            decide(request, &command, &context)?
        };
        if matches!(command, Command::Approve(_)) {
            self.check_approved(&decided, actor.since()).await?;
        }
        Ok(decided)
    }

    /// A draft is submitted with the approval that it needs now; an edit is brought to the request's form.
    async fn prepared(&self, request: &Request, command: &Command) -> Result<Command, ServiceError> {
        Ok(match command {
            Command::Submit { .. } if request.status() == RequestStatus::Draft => {
                Command::Submit { stages: self.stages_of_draft(request).await? }
            }
            Command::Edit(edit) => {
                self.check_edited(request, edit).await?;
                Command::Edit(fitted(request, edit)?)
            }
            Command::Save { task, comment, edit } => {
                self.check_edited(request, edit).await?;
                Command::Save { task: *task, comment: comment.clone(), edit: fitted(request, edit)? }
            }
            other => other.clone(),
        })
    }

    /// Adds what was decided to the batch with everything that belongs to it: who may vote is
    /// counted anew, a profile is made, children are made, grants are given.
    pub(super) async fn carry(
        &self,
        batch: &mut Batch,
        before: &Request,
        decided: Decided,
    ) -> Result<Request, ServiceError> {
        let Decided { mut events, mut after } = decided;
        if moves_people(&events) && after.status() == RequestStatus::Pending {
            let recounted = self.decide(&after, &Command::Recount, Actor::Worker, batch.now).await?;
            events.extend(recounted.events);
            after = recounted.after;
        }
        self.settle(batch, Some(before.revision), after, events, before.status()).await
    }

    /// Adds a request as it is to become, with the effects that its new state has.
    pub(super) async fn settle(
        &self,
        batch: &mut Batch,
        expected: Option<Revision>,
        after: Request,
        events: Vec<RequestEvent>,
        before: RequestStatus,
    ) -> Result<Request, ServiceError> {
        let completed = after.status() == RequestStatus::Completed && before != RequestStatus::Completed;
        let (after, events) = if completed { self.effects(batch, after, events).await? } else { (after, events) };
        let split = events.iter().any(|event| matches!(event, RequestEvent::Split { .. }));
        let after = batch.request(expected, after, &events);
        if split {
            Box::pin(self.split(batch, &after)).await?;
        }
        Ok(after)
    }

    /// Commits what the worker, or a fulfiller, decides on a request; `false` if it has become moot.
    pub(super) async fn act_as(
        &self,
        actor: Actor<'_>,
        user: Option<UserId>,
        key: RequestKey,
        command: &Command,
        channel: Channel,
    ) -> Result<Option<Request>, ServiceError> {
        for _ in 0..TRIES {
            let stored = self.repository.request_by(key).await?;
            let Some(stored) = stored else { return Ok(None) };
            let request = stored.document.request()?;
            let mut batch = self.batch(user, channel);
            let decided = match self.decide(&request, command, actor, batch.now).await {
                Err(ServiceError::Refused(Refusal::State { .. })) if matches!(actor, Actor::Worker) => return Ok(None),
                decided => decided?,
            };
            if decided.events.is_empty() {
                return Ok(Some(request));
            }
            let after = self.carry(&mut batch, &request, decided).await?;
            let touched = batch.requests();
            if self.repository.commit(batch.change).await? == CommitOutcome::Committed {
                Box::pin(self.follow(&touched)).await;
                return Ok(Some(after));
            }
        }
        Err(ServiceError::Contended)
    }

    /// What may be asked for may have changed since the draft was made.
    async fn check_draft(&self, caller: &Caller, draft: &Request) -> Result<(), ServiceError> {
        if draft.status() != RequestStatus::Draft || draft.originator != caller.user {
            return Ok(());
        }
        match &draft.details {
            RequestDetails::Access(access) => self.recheck_access(caller, access).await,
            RequestDetails::Certificate(certificate) => self.recheck_certificate(caller, certificate).await,
        }
    }

    async fn stages_of_draft(&self, request: &Request) -> Result<Vec<crate::approval::Stage>, ServiceError> {
        let stages = match &request.details {
            RequestDetails::Access(access) => {
                let planner = self.planner().await?;
                let pairs = access.beneficiaries.len() * access.targets.len().max(1);
                let operation: AccessOperation = access.operation;
                match (pairs, access.targets.first()) {
                    (1, target) => {
                        let target = target.map(|target| (target.entity_type, &target.entity_key));
                        planner.single(operation, target, request.originator, &access.beneficiaries)
                    }
                    _ => planner.whole(operation, request.originator, &access.beneficiaries),
                }
            }
            RequestDetails::Certificate(certificate) => {
                let templates = self.repository.templates(&[certificate.template], None).await?;
                let template = templates.into_iter().next();
                let policy = template.as_ref().and_then(|it| it.enabled_policy(certificate.operation.policy()));
                let policy =
                    policy.ok_or_else(|| ServiceError::forbidden("the template does not offer this any more"))?;
                super::plan::Planner::certificate(policy, self.repository.administrators(None).await?)
            }
        };
        Ok(stages)
    }
}

/// Who lost a race learns how the request stands (decision 12); who said what they saw, that it is
/// another by now.
fn lost(command: &Command, request: &Request) -> Refusal {
    let present = request.content_revision;
    match command {
        Command::Approve(Decision { seen: Some(seen), .. }) | Command::Reject(Decision { seen: Some(seen), .. }) => {
            Refusal::Content { seen: *seen, present }
        }
        _ => Refusal::State { status: request.status(), reason: "it was edited while you decided" },
    }
}

/// The command without what is no part of its body.
fn unseen(command: &Command) -> Command {
    let mut command = command.clone();
    if let Command::Approve(decision) | Command::Reject(decision) = &mut command {
        decision.seen = None;
    }
    command
}

/// Whether the command, on a parent that waits for its children, is theirs too.
pub(super) const fn reaches_children(command: &Command) -> bool {
    matches!(command, Command::Withdraw { .. } | Command::Close { .. })
}

/// Whether who may vote in the open stage may be another after these events. A vote by proxy takes two
/// people out, one by a delegate the assignee with their task.
fn moves_people(events: &[RequestEvent]) -> bool {
    events.iter().any(|event| {
        matches!(
            event,
            RequestEvent::Voted { .. }
                | RequestEvent::Reassigned { .. }
                | RequestEvent::Escalated { .. }
                | RequestEvent::Delegated { .. }
                | RequestEvent::Skipped { .. }
                | RequestEvent::VotesVoided { .. }
        )
    })
}
