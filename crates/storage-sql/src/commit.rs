//! A [`Change`], or several together, inside a transaction.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use countersign_core::directory::User;
use countersign_core::error::RepositoryError;
use countersign_core::event::{Chain, NewEvent, StreamId, StreamKind};
use countersign_core::grant::{Grant, GrantStatus};
use countersign_core::ids::{GroupId, RequestId, UserId};
use countersign_core::repository::{
    AggregateChange, Change, CommitOutcome, Progress, Revised, Silent, UserChange, WebhookChange,
};
use countersign_core::request::Request;
use uuid::Uuid;

use crate::aggregate::Aggregate;
use crate::closing::Closing;
use crate::error::Failure;
use crate::request::Held;
use crate::session::{Dialect, Session};
use crate::sql::sql;
use crate::{check, derived, directory, event, idempotency, number, request, user, webhook};

/// Writes a change in the transaction that its owner has begun. Unless it landed, the owner undoes what it
/// wrote: it may have written a part.
pub fn apply(connection: &mut dyn Session, change: &Change) -> Result<CommitOutcome, Failure> {
    if let Some(defect) = change.defect() {
        return Err(RepositoryError::Internal(defect.to_owned()).into());
    }
    if let Some(duplicate) = duplicate(connection, change)? {
        return Ok(duplicate);
    }
    let mut landing = Landing::of(connection, &[change])?;
    if !landing.everything(change)? {
        return Ok(CommitOutcome::Conflict);
    }
    landing.close()?;
    deliveries(connection, &change.webhooks)?;
    Ok(CommitOutcome::Committed)
}

/// Writes changes of requests alone, none of which two of them change; which of them landed. The others have left
/// nothing. Keys that were used before are not looked for: they make it fail, as everything does that is not seen
/// beforehand. The owner undoes it then, and applies one change after the other.
pub fn together(connection: &mut dyn Session, changes: &[&Change]) -> Result<Vec<bool>, Failure> {
    let mut landing = Landing::of(connection, changes)?;
    landing.administrators()?;
    let mut landed = Vec::with_capacity(changes.len());
    for change in changes {
        if let Some(defect) = change.defect() {
            return Err(RepositoryError::Internal(defect.to_owned()).into());
        }
        landing.connection.part();
        let lands = landing.is_current(change);
        if lands && !landing.everything(change)? {
            return Err(Failure::Contended("a change names a request twice".to_owned()));
        }
        landed.push(lands);
    }
    landing.close()?;
    Ok(landed)
}

/// What was answered when the change's key was used before.
pub fn duplicate(connection: &mut dyn Session, change: &Change) -> Result<Option<CommitOutcome>, Failure> {
    let Some(key) = &change.idempotency else { return Ok(None) };
    let earlier = idempotency::earlier(connection, key.caller, &key.operation, &key.key, key.element)?;
    Ok(earlier.map(|(command, result)| CommitOutcome::Duplicate { command, result }))
}

/// Changes on their way.
struct Landing<'c> {
    connection: &'c mut dyn Session,
    /// The requests that they change.
    held: HashMap<RequestId, Held>,
    closing: Closing,
    administrators: Option<Option<GroupId>>,
}

impl<'c> Landing<'c> {
    fn of(connection: &'c mut dyn Session, changes: &[&Change]) -> Result<Self, Failure> {
        let requests = changes.iter().flat_map(|change| &change.requests);
        let existing = requests.filter(|change| change.expected.is_some());
        let existing: Vec<RequestId> = existing.map(|change| change.state.id).collect();
        let held = request::hold(connection, &existing)?;
        Ok(Self { connection, held, closing: Closing::default(), administrators: None })
    }

    /// Whether each request is at the revision that was expected.
    fn is_current(&self, change: &Change) -> bool {
        change.requests.iter().all(|change| {
            let held = self.held.get(&change.state.id).map(|held| held.revision);
            change.expected.is_none() || held == change.expected
        })
    }

    fn append(&mut self, stream: StreamId, events: &[NewEvent]) -> Result<(), Failure> {
        let placed = event::append(self.connection, stream, events)?;
        self.closing.note_events(placed);
        Ok(())
    }

    fn close(self) -> Result<(), Failure> {
        self.closing.write(self.connection)
    }

    /// The administrators, asked for once requests are held: whoever exchanges them waits for that.
    fn administrators(&mut self) -> Result<Option<GroupId>, Failure> {
        if let Some(known) = self.administrators {
            return Ok(known);
        }
        let found = directory::administrators(self.connection)?;
        self.administrators = Some(found);
        Ok(found)
    }

    /// Writes what is referred to before what refers to it; `false` at the first conflict.
    fn everything(&mut self, change: &Change) -> Result<bool, Failure> {
        let before = if change.groups.is_empty() { None } else { directory::administrators(self.connection)? };
        self.claim_all(change.users.iter().map(|change| &change.user))?;
        self.claim_all(&change.groups)?;
        let landed = self.users(&change.users)?
            && self.all(&change.groups)?
            && self.all(&change.templates)?
            && self.all(&change.catalog_items)?
            && self.all(&change.approval_rules)?
            && self.all(&change.request_rules)?
            && self.all(&change.profiles)?
            && self.all(&change.smartcards)?
            && self.webhooks(&change.webhooks)?
            && self.requests(&change.requests)?
            && self.grants(&change.grants)?;
        if landed && !change.groups.is_empty() && directory::administrators(self.connection)? != before {
            // Every request gets its administrators as readers, those that others are making too.
            if self.connection.dialect() == Dialect::Postgres {
                sql!("LOCK TABLE request IN EXCLUSIVE MODE").run(self.connection)?;
            }
            let silent: Arc<dyn Progress> = Arc::new(Silent);
            check::run(self.connection, true, &silent)?;
        }
        self.closing.note_writers(change.writers());
        if let Some(key) = change.idempotency.as_ref().filter(|_| landed) {
            idempotency::remember(self.connection, key)?;
        }
        Ok(landed)
    }

    fn claim_all<'a, T: Aggregate + 'a>(
        &mut self,
        changes: impl IntoIterator<Item = &'a AggregateChange<T>>,
    ) -> Result<(), Failure> {
        let mut new = changes.into_iter().filter(|change| change.expected.is_none());
        new.try_for_each(|change| change.state.claim(&mut *self.connection))
    }

    fn all<'a, T: Aggregate + 'a>(
        &mut self,
        changes: impl IntoIterator<Item = &'a AggregateChange<T>>,
    ) -> Result<bool, Failure> {
        for change in changes {
            if !self.land(change)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn land<T: Aggregate>(&mut self, change: &AggregateChange<T>) -> Result<bool, Failure> {
        match change.expected {
            None => change.state.insert(self.connection)?,
            Some(expected) if !change.state.update(self.connection, expected)? => return Ok(false),
            Some(_) => {}
        }
        if let (None, Some((space, number))) = (change.expected, change.state.number()) {
            self.closing.note_number(space, number);
        }
        self.append(change.state.stream(), &change.events)?;
        Ok(true)
    }

    fn users(&mut self, changes: &[UserChange]) -> Result<bool, Failure> {
        let needs = |user: &User| {
            let people = user.manager.into_iter().chain(user.proxies.iter().map(|proxy| proxy.user));
            people.map(UserId::as_uuid).collect()
        };
        let ordered = in_order(changes, |change| &change.user, |user| user.id.as_uuid(), needs);
        for change in ordered {
            if !self.land(&change.user)? {
                return Ok(false);
            }
            if let Some(password) = &change.password {
                user::set_credential(self.connection, change.user.state.id, password)?;
            }
        }
        Ok(true)
    }

    fn webhooks(&mut self, changes: &[WebhookChange]) -> Result<bool, Failure> {
        for change in changes {
            if !self.land(&change.webhook)? {
                return Ok(false);
            }
            if let Some(secret) = &change.secret {
                webhook::set_secret(self.connection, change.webhook.state.id, secret)?;
            }
        }
        Ok(true)
    }

    /// What is taken away makes room for what is given.
    fn grants(&mut self, changes: &[AggregateChange<Grant>]) -> Result<bool, Failure> {
        let mut ordered: Vec<_> = changes.iter().collect();
        ordered.sort_by_key(|change| {
            let grant = &change.state;
            (grant.status != GrantStatus::Ended, change.expected.is_none(), grant.account.is_some())
        });
        self.all(ordered)
    }

    fn requests(&mut self, changes: &[AggregateChange<Request>]) -> Result<bool, Failure> {
        let needs = |request: &Request| {
            let parent = request.parent.map(|parent| parent.request);
            parent.into_iter().chain(request.depends_on).map(RequestId::as_uuid).collect()
        };
        for change in in_order(changes, |change| change, |request| request.id.as_uuid(), needs) {
            if !self.commit_request(change)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn commit_request(&mut self, change: &AggregateChange<Request>) -> Result<bool, Failure> {
        let after = &change.state;
        let stream = StreamId { stream: StreamKind::Request, id: after.id.as_uuid() };
        let Some(expected) = change.expected else {
            let (chain, placed) = event::place(Chain::EMPTY, stream, &change.events)?;
            request::insert_request(self.connection, after, chain)?;
            let administrators = self.administrators()?;
            derived::insert(self.connection, &mut self.closing, after, administrators)?;
            self.closing.note_number(number::REQUESTS, after.number.get());
            self.closing.note_events(placed);
            return Ok(true);
        };
        let Some(mut held) = self.held.remove(&after.id).filter(|held| held.revision == expected) else {
            return Ok(false);
        };
        let Some(before) = held.request(self.connection)? else { return Ok(false) };
        let (chain, placed) = event::place(held.chain, stream, &change.events)?;
        request::update_request(self.connection, &before, after, chain)?;
        let administrators = self.administrators()?;
        derived::update(self.connection, &mut self.closing, &before, after, administrators)?;
        self.closing.note_events(placed);
        Ok(true)
    }
}

/// A webhook is told of what comes after its own event.
fn deliveries(connection: &mut dyn Session, changes: &[WebhookChange]) -> Result<(), Failure> {
    for change in changes {
        let Some(event) = change.webhook.events.last() else { continue };
        if change.webhook.expected.is_none() {
            webhook::begin_deliveries(connection, event.at)?;
        }
        if let Some(position) = change.position {
            webhook::move_delivery(connection, change.webhook.state.id, position, event.at)?;
        }
    }
    Ok(())
}

/// The changes, a new aggregate after the new ones that it refers to and before what exists already.
fn in_order<'a, C, T: Revised + 'a>(
    changes: &'a [C],
    aggregate: impl Fn(&'a C) -> &'a AggregateChange<T>,
    id: impl Fn(&T) -> Uuid,
    needs: impl Fn(&T) -> Vec<Uuid>,
) -> Vec<&'a C> {
    let (mut waiting, existing): (Vec<_>, Vec<_>) =
        changes.iter().partition(|change| aggregate(change).expected.is_none());
    let mut ordered = Vec::with_capacity(changes.len());
    while !waiting.is_empty() {
        let missing: HashSet<Uuid> = waiting.iter().map(|change| id(&aggregate(change).state)).collect();
        let blocked = |change: &&'a C| needs(&aggregate(change).state).iter().any(|need| missing.contains(need));
        let (later, ready): (Vec<_>, Vec<_>) = waiting.into_iter().partition(blocked);
        // Those of a circle go as they came: the database refuses them.
        waiting = if ready.is_empty() { Vec::new() } else { later.clone() };
        ordered.extend(if ready.is_empty() { later } else { ready });
    }
    ordered.extend(existing);
    ordered
}
