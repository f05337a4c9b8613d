//! What administrators keep: profile templates, catalog items, rules, webhooks. Every change is an
//! event on the stream of what it changes.

mod kinds;
mod replay;

use std::sync::Arc;

use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::workflow::Guard;
use super::{ServiceError, Tools, Via};
use crate::catalog::CatalogItem;
use crate::clock::Timestamp;
use crate::directory::Caller;
use crate::error::{Invalid, RepositoryError};
use crate::event::{EventKind, NewEvent, state_data};
use crate::ids::{CatalogNumber, PrincipalId, Revision, TemplateId, WebhookId};
use crate::repository::{AggregateChange, Change, CommitOutcome, Delivery, Page, Repository, Revised};
use crate::rule::{ApprovalRule, RequestRule};
use crate::template::ProfileTemplate;
use crate::webhook::Webhook;

/// How often a change is decided again after a lost race.
const TRIES: u32 = 8;

/// Something that administrators keep.
#[async_trait]
pub trait Administered: Revised + Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// What tells it from others of its kind.
    type Key: Clone + Serialize + Send + Sync;
    /// What is written with it and can never be read.
    type Hidden: Clone + Serialize + Send + Sync;

    /// The one by that key.
    async fn load(repository: &dyn Repository, key: &Self::Key) -> Result<Option<Self>, RepositoryError>;

    /// This as a new one: with what the service gives out.
    async fn begin(self, repository: &dyn Repository, id: Uuid) -> Result<Self, ServiceError>;

    /// This in the place of `before`, with what a change leaves as it is.
    fn follow(self, before: &Self) -> Result<Self, ServiceError>;

    /// The rules between members that their types cannot say.
    fn faults(&self) -> Vec<Invalid>;

    /// The principals that it names, each with the member that does.
    fn principals(&self) -> Vec<(String, PrincipalId)>;

    /// The change that brings it, with what is written beside it.
    fn change(aggregate: AggregateChange<Self>, hidden: Self::Hidden) -> Result<Change, ServiceError>;

    /// Which of its names something else has already.
    async fn taken(&self, repository: &dyn Repository) -> Result<Option<Invalid>, RepositoryError>;
}

/// Reads and changes what administrators keep; everybody else is refused.
#[derive(Clone)]
pub struct Administration {
    repository: Arc<dyn Repository>,
    tools: Tools,
}

impl Administration {
    /// The service over `repository`.
    pub fn new(repository: Arc<dyn Repository>, tools: Tools) -> Self {
        Self { repository, tools }
    }

    /// A page of the profile templates, by id.
    pub async fn templates(
        &self,
        caller: &Caller,
        after: Option<TemplateId>,
        limit: usize,
    ) -> Result<Page<ProfileTemplate, TemplateId>, ServiceError> {
        self.check(caller).await?;
        let found = self.repository.template_page(after, limit.saturating_add(1)).await?;
        Ok(page(found, limit, |template| template.id))
    }

    /// A page of the catalog items, by number.
    pub async fn catalog_items(
        &self,
        caller: &Caller,
        after: Option<CatalogNumber>,
        limit: usize,
    ) -> Result<Page<CatalogItem, CatalogNumber>, ServiceError> {
        self.check(caller).await?;
        let found = self.repository.catalog_page(after, limit.saturating_add(1)).await?;
        Ok(page(found, limit, |item| item.number))
    }

    /// Every approval rule, in the order in which they are asked.
    pub async fn approval_rules(&self, caller: &Caller) -> Result<Vec<ApprovalRule>, ServiceError> {
        self.check(caller).await?;
        Ok(self.repository.approval_rules().await?)
    }

    /// Every request rule.
    pub async fn request_rules(&self, caller: &Caller) -> Result<Vec<RequestRule>, ServiceError> {
        self.check(caller).await?;
        Ok(self.repository.request_rules().await?)
    }

    /// Every webhook with how far it has been told.
    pub async fn webhooks(&self, caller: &Caller) -> Result<Vec<(Webhook, Delivery)>, ServiceError> {
        self.check(caller).await?;
        Ok(self.repository.webhooks().await?)
    }

    /// One webhook with how far it has been told.
    pub async fn webhook(&self, caller: &Caller, id: WebhookId) -> Result<(Webhook, Delivery), ServiceError> {
        let webhooks = self.webhooks(caller).await?;
        webhooks.into_iter().find(|(webhook, _)| webhook.id == id).ok_or(ServiceError::NotFound)
    }

    /// The one by that key.
    pub async fn get<T: Administered>(&self, caller: &Caller, key: &T::Key) -> Result<T, ServiceError> {
        self.check(caller).await?;
        T::load(&*self.repository, key).await?.ok_or(ServiceError::NotFound)
    }

    /// Makes a new one; its id and its revision are given out here.
    pub async fn create<T: Administered>(
        &self,
        caller: &Caller,
        new: T,
        hidden: T::Hidden,
        via: &Via,
    ) -> Result<T, ServiceError> {
        self.check(caller).await?;
        let guard = Guard::of(caller, via, &(&new, &hidden))?;
        guard.once(&*self.repository, self.create_once(caller, &new, &hidden, via, &guard)).await
    }

    async fn create_once<T: Administered>(
        &self,
        caller: &Caller,
        new: &T,
        hidden: &T::Hidden,
        via: &Via,
        guard: &Guard<'_>,
    ) -> Result<T, ServiceError> {
        self.check_content(new).await?;
        for _ in 0..TRIES {
            if let Some(taken) = new.taken(&*self.repository).await? {
                return Err(ServiceError::Taken(taken));
            }
            let now = self.tools.clock.now();
            let state = new.clone().begin(&*self.repository, self.tools.randomness.id(now)).await?;
            let event = self.event(caller, via, EventKind::Created, &state, now);
            let mut change = T::change(AggregateChange::new(state.clone(), vec![event]), hidden.clone())?;
            change.idempotency = guard.promise(&state, now)?;
            match self.repository.commit(change).await? {
                CommitOutcome::Committed => return Ok(state),
                CommitOutcome::Conflict => {}
                CommitOutcome::Duplicate { command, result } => return guard.result(command, &result),
            }
        }
        Err(ServiceError::Contended)
    }

    /// Puts `new` in the place of the one by that key, if that is at the revision that the caller
    /// saw; without one, whatever its revision.
    pub async fn replace<T: Administered>(
        &self,
        caller: &Caller,
        key: &T::Key,
        seen: Option<Revision>,
        (new, hidden): (T, T::Hidden),
        via: &Via,
    ) -> Result<T, ServiceError> {
        self.check(caller).await?;
        let guard = Guard::of(caller, via, &(key, &new, &hidden))?;
        guard.once(&*self.repository, self.replace_once(caller, key, seen, (&new, &hidden), via, &guard)).await
    }

    async fn replace_once<T: Administered>(
        &self,
        caller: &Caller,
        key: &T::Key,
        seen: Option<Revision>,
        (new, hidden): (&T, &T::Hidden),
        via: &Via,
        guard: &Guard<'_>,
    ) -> Result<T, ServiceError> {
        self.check_content(new).await?;
        for _ in 0..TRIES {
            let before = T::load(&*self.repository, key).await?.ok_or(ServiceError::NotFound)?;
            let present = before.revision();
            if let Some(seen) = seen.filter(|seen| *seen != present) {
                return Err(ServiceError::Stale { seen, present });
            }
            let now = self.tools.clock.now();
            let state = new.clone().follow(&before)?;
            let event = self.event(caller, via, EventKind::Changed, &state, now);
            let aggregate = AggregateChange { expected: Some(present), state: state.clone(), events: vec![event] };
            let mut change = T::change(aggregate, hidden.clone())?;
            change.idempotency = guard.promise(&state, now)?;
            match self.repository.commit(change).await? {
                CommitOutcome::Committed => return Ok(state),
                CommitOutcome::Conflict => {}
                CommitOutcome::Duplicate { command, result } => return guard.result(command, &result),
            }
        }
        Err(ServiceError::Contended)
    }

    fn event(&self, caller: &Caller, via: &Via, kind: EventKind, state: &impl Serialize, now: Timestamp) -> NewEvent {
        let mut entropy = self.tools.randomness.entropy();
        NewEvent::seal(kind, now, Some(caller.user), via.channel, state_data(state), &mut *entropy)
    }

    async fn check(&self, caller: &Caller) -> Result<(), ServiceError> {
        check_administrator(&*self.repository, caller).await
    }

    async fn check_content<T: Administered>(&self, state: &T) -> Result<(), ServiceError> {
        if let Some(fault) = state.faults().into_iter().next() {
            return Err(ServiceError::Invalid(fault));
        }
        let named = state.principals();
        let mut ids: Vec<PrincipalId> = named.iter().map(|(_, id)| *id).collect();
        ids.sort_unstable();
        ids.dedup();
        let known = self.repository.principal_names(&ids, None).await?;
        let unknown = named.into_iter().find(|(_, id)| !known.iter().any(|(known, _)| known == id));
        unknown.map_or(Ok(()), |(place, _)| Err(ServiceError::invalid(place, "there is no such user or group")))
    }
}

/// Whether the caller is a system administrator.
pub(super) async fn is_administrator(repository: &dyn Repository, caller: &Caller) -> Result<bool, RepositoryError> {
    let administrators = repository.administrators(Some(caller.directory)).await?;
    Ok(administrators.is_some_and(|group| caller.is_among(&[group.into()])))
}

/// Refuses everybody but system administrators.
pub(super) async fn check_administrator(repository: &dyn Repository, caller: &Caller) -> Result<(), ServiceError> {
    if is_administrator(repository, caller).await? {
        Ok(())
    } else {
        Err(ServiceError::forbidden("only administrators may do this"))
    }
}

/// The first `limit` of `found`, which has one more if more follow.
fn page<T, C>(mut found: Vec<T>, limit: usize, place: impl Fn(&T) -> C) -> Page<T, C> {
    let more = found.len() > limit;
    found.truncate(limit);
    let next = if more { found.last().map(place) } else { None };
    Page { items: found, next }
}
