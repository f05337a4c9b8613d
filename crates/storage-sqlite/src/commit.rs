//! One [`Change`] inside the writer's transaction.

use std::collections::HashSet;
use std::sync::Arc;

use countersign_core::directory::User;
use countersign_core::error::RepositoryError;
use countersign_core::event::{StreamId, StreamKind};
use countersign_core::grant::{Grant, GrantStatus};
use countersign_core::ids::{GroupId, RequestId, UserId};
use countersign_core::repository::{
    AggregateChange, Change, CommitOutcome, Progress, Revised, Silent, UserChange, WebhookChange,
};
use countersign_core::request::Request;
use diesel::sqlite::SqliteConnection;
use uuid::Uuid;

use crate::aggregate::Aggregate;
use crate::error::{Failure, is_taken};
use crate::sql::sql;
use crate::{check, derived, directory, event, idempotency, number, request, user, webhook};

/// What became of a change inside a batch.
pub(crate) enum Applied {
    /// It left everything or nothing, and harmed no neighbour.
    Alone(Result<CommitOutcome, RepositoryError>),
    /// The database ended the transaction, and the neighbours went with it.
    Lost(Failure),
}

/// Applies `change` between savepoints.
pub(crate) fn apply(connection: &mut SqliteConnection, change: &Change) -> Applied {
    if let Err(error) = sql!("SAVEPOINT change").run(connection) {
        return Applied::Lost(error.into());
    }
    let outcome = match attempt(connection, change) {
        Err(Failure::Driver(error)) if is_taken(&error) => Ok(CommitOutcome::Conflict),
        other => other,
    };
    let landed = matches!(outcome, Ok(CommitOutcome::Committed));
    // A savepoint that is gone shows that the database has rolled back on its own.
    let undone = if landed { Ok(0) } else { sql!("ROLLBACK TO change").run(connection) };
    match undone.and_then(|_| sql!("RELEASE change").run(connection)) {
        Ok(_) => Applied::Alone(outcome.map_err(RepositoryError::from)),
        Err(error) => Applied::Lost(outcome.err().unwrap_or(error.into())),
    }
}

fn attempt(connection: &mut SqliteConnection, change: &Change) -> Result<CommitOutcome, Failure> {
    if let Some(defect) = change.defect() {
        return Err(RepositoryError::Internal(defect.to_owned()).into());
    }
    if let Some(key) = &change.idempotency
        && let Some((command, result)) =
            idempotency::earlier(connection, key.caller, &key.operation, &key.key, key.element)?
    {
        return Ok(CommitOutcome::Duplicate { command, result });
    }
    if !everything(connection, change)? {
        return Ok(CommitOutcome::Conflict);
    }
    if let Some(key) = &change.idempotency {
        idempotency::remember(connection, key)?;
    }
    Ok(CommitOutcome::Committed)
}

/// Writes what is referred to before what refers to it; `false` at the first conflict.
fn everything(connection: &mut SqliteConnection, change: &Change) -> Result<bool, Failure> {
    let before = if change.groups.is_empty() { None } else { directory::administrators(connection)? };
    claim_all(connection, change.users.iter().map(|change| &change.user))?;
    claim_all(connection, &change.groups)?;
    let landed = users(connection, &change.users)?
        && all(connection, &change.groups)?
        && all(connection, &change.templates)?
        && all(connection, &change.catalog_items)?
        && all(connection, &change.approval_rules)?
        && all(connection, &change.request_rules)?
        && all(connection, &change.profiles)?
        && all(connection, &change.smartcards)?
        && webhooks(connection, &change.webhooks)?
        && requests(connection, &change.requests)?
        && grants(connection, &change.grants)?;
    if landed && !change.groups.is_empty() && directory::administrators(connection)? != before {
        // Every request gets its administrators as readers.
        let silent: Arc<dyn Progress> = Arc::new(Silent);
        check::run(connection, true, &silent)?;
    }
    Ok(landed)
}

fn claim_all<'a, T: Aggregate + 'a>(
    connection: &mut SqliteConnection,
    changes: impl IntoIterator<Item = &'a AggregateChange<T>>,
) -> Result<(), Failure> {
    let mut new = changes.into_iter().filter(|change| change.expected.is_none());
    new.try_for_each(|change| change.state.claim(connection))
}

fn all<'a, T: Aggregate + 'a>(
    connection: &mut SqliteConnection,
    changes: impl IntoIterator<Item = &'a AggregateChange<T>>,
) -> Result<bool, Failure> {
    for change in changes {
        if !land(connection, change)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn land<T: Aggregate>(connection: &mut SqliteConnection, change: &AggregateChange<T>) -> Result<bool, Failure> {
    match change.expected {
        None => change.state.insert(connection)?,
        Some(expected) if !change.state.update(connection, expected)? => return Ok(false),
        Some(_) => {}
    }
    if let (None, Some((space, number))) = (change.expected, change.state.number()) {
        number::raise(connection, space, number)?;
    }
    event::append(connection, change.state.stream(), &change.events)?;
    Ok(true)
}

fn users(connection: &mut SqliteConnection, changes: &[UserChange]) -> Result<bool, Failure> {
    let needs = |user: &User| {
        let people = user.manager.into_iter().chain(user.proxies.iter().map(|proxy| proxy.user));
        people.map(UserId::as_uuid).collect()
    };
    let ordered = in_order(changes, |change| &change.user, |user| user.id.as_uuid(), needs);
    for change in ordered {
        if !land(connection, &change.user)? {
            return Ok(false);
        }
        if let Some(password) = &change.password {
            user::set_credential(connection, change.user.state.id, password)?;
        }
    }
    Ok(true)
}

fn webhooks(connection: &mut SqliteConnection, changes: &[WebhookChange]) -> Result<bool, Failure> {
    for change in changes {
        if !land(connection, &change.webhook)? {
            return Ok(false);
        }
        if let Some(secret) = &change.secret {
            webhook::set_secret(connection, change.webhook.state.id, secret)?;
        }
        let Some(event) = change.webhook.events.last() else { continue };
        if change.webhook.expected.is_none() {
            webhook::begin_deliveries(connection, event.at)?;
        }
        if let Some(position) = change.position {
            webhook::move_delivery(connection, change.webhook.state.id, position, event.at)?;
        }
    }
    Ok(true)
}

/// What is taken away makes room for what is given.
fn grants(connection: &mut SqliteConnection, changes: &[AggregateChange<Grant>]) -> Result<bool, Failure> {
    let mut ordered: Vec<_> = changes.iter().collect();
    ordered.sort_by_key(|change| {
        let grant = &change.state;
        (grant.status != GrantStatus::Ended, change.expected.is_none(), grant.account.is_some())
    });
    all(connection, ordered)
}

fn requests(connection: &mut SqliteConnection, changes: &[AggregateChange<Request>]) -> Result<bool, Failure> {
    let administrators = directory::administrators(connection)?;
    let needs = |request: &Request| {
        let parent = request.parent.map(|parent| parent.request);
        parent.into_iter().chain(request.depends_on).map(RequestId::as_uuid).collect()
    };
    for change in in_order(changes, |change| change, |request| request.id.as_uuid(), needs) {
        if !commit_request(connection, change, administrators)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn commit_request(
    connection: &mut SqliteConnection,
    change: &AggregateChange<Request>,
    administrators: Option<GroupId>,
) -> Result<bool, Failure> {
    let after = &change.state;
    match change.expected {
        None => {
            request::insert_request(connection, after)?;
            derived::insert(connection, after, administrators)?;
            number::raise(connection, number::REQUESTS, after.number.get())?;
        }
        Some(expected) => {
            let Some(before) = request::load_request(connection, after.id)? else { return Ok(false) };
            if before.revision != expected || !request::update_request(connection, &before, after, expected)? {
                return Ok(false);
            }
            derived::update(connection, &before, after, administrators)?;
        }
    }
    let stream = StreamId { stream: StreamKind::Request, id: after.id.as_uuid() };
    event::append(connection, stream, &change.events)?;
    Ok(true)
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
