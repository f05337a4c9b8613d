//! What `user` and `demo` do to accounts.

use anyhow::{Context, anyhow, bail};
use countersign_core::clock::{Clock, SystemClock};
use countersign_core::directory::{Group, GroupPurpose, Login, PasswordHash, PrincipalName, User, UserStatus};
use countersign_core::event::{Channel, EventKind, NewEvent, state_data};
use countersign_core::ids::{Revision, UserId, UserNumber};
use countersign_core::repository::{AggregateChange, Change, CommitOutcome, NumberSpace, Repository, UserChange};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::entropy::OsEntropy;

/// How often a change is decided again when somebody else was faster.
const ATTEMPTS: usize = 5;

/// What OIG calls the administrators.
const ADMINISTRATORS: &str = "SYSTEM ADMINISTRATORS";

/// A user who is not there yet.
pub(super) struct NewUser {
    pub(super) login: Login,
    pub(super) display_name: String,
    pub(super) manager: Option<UserId>,
    pub(super) password: Option<PasswordHash>,
    /// Whether the user becomes one of the administrators.
    pub(super) administrator: bool,
}

/// Reads a login as it is typed.
pub(super) fn login(text: &str) -> anyhow::Result<Login> {
    Login::try_from(text.to_owned()).map_err(|reason| anyhow!("login {text:?}: {reason}"))
}

/// The user who logs in as `login`.
pub(super) async fn find(repository: &dyn Repository, login: &Login) -> anyhow::Result<User> {
    repository.user_by_login(login).await?.ok_or_else(|| anyhow!("there is no user {login}"))
}

/// Adds a user with the next free number.
pub(super) async fn add(repository: &dyn Repository, new: &NewUser) -> anyhow::Result<User> {
    for _ in 0..ATTEMPTS {
        if repository.user_by_login(&new.login).await?.is_some() {
            bail!("there is a user {} already", new.login);
        }
        let number = repository.allocate_numbers(NumberSpace::Users, 1).await?;
        let user = User {
            id: Uuid::now_v7().into(),
            number: UserNumber::try_from(number).context("no user number is left")?,
            login: new.login.clone(),
            display_name: new.display_name.clone(),
            email: None,
            manager: new.manager,
            status: UserStatus::Active,
            stand_in: None,
            proxies: Vec::new(),
            rights: Vec::new(),
            revision: Revision::FIRST,
        };
        if let Some(fault) = user.faults().first() {
            bail!("{fault}");
        }
        let mut events = vec![(EventKind::Created, state_data(&user))];
        if new.password.is_some() {
            events.push((EventKind::PasswordSet, password_data(&user)));
        }
        let groups = if new.administrator { vec![with_administrator(repository, user.id).await?] } else { Vec::new() };
        if commit(repository, None, &user, (new.password.clone(), groups), events).await? {
            return Ok(user);
        }
    }
    bail!("other changes came in between {ATTEMPTS} times; try again")
}

/// The group of the administrators with `user` in it. Where there is none yet, it is made.
async fn with_administrator(repository: &dyn Repository, user: UserId) -> anyhow::Result<AggregateChange<Group>> {
    let (expected, state) = match administrators(repository).await? {
        Some(mut group) => {
            let expected = group.revision;
            group.members.push(user.into());
            group.revision = expected.next();
            (Some(expected), group)
        }
        None if repository.group_by_name(ADMINISTRATORS).await?.is_some() => {
            bail!("there is a group {ADMINISTRATORS}, which is not that of the administrators");
        }
        None => (None, new_administrators(user)),
    };
    let kind = if expected.is_some() { EventKind::Changed } else { EventKind::Created };
    let data = state_data(&state);
    let event = NewEvent::seal(kind, SystemClock.now(), None, Channel::Command, data, &mut OsEntropy::new()?);
    Ok(AggregateChange { expected, state, events: vec![event] })
}

async fn administrators(repository: &dyn Repository) -> anyhow::Result<Option<Group>> {
    let Some(id) = repository.administrators(None).await? else { return Ok(None) };
    match repository.principal_names(&[id.into()], None).await?.into_iter().next() {
        Some((_, PrincipalName::Group { name })) => Ok(repository.group_by_name(&name).await?),
        _ => Ok(None),
    }
}

fn new_administrators(user: UserId) -> Group {
    Group {
        id: Uuid::now_v7().into(),
        name: ADMINISTRATORS.to_owned(),
        purpose: Some(GroupPurpose::Administrators),
        members: vec![user.into()],
        rights: Vec::new(),
        revision: Revision::FIRST,
    }
}

/// Sets the password of the user who logs in as `login`.
pub(super) async fn set_password(
    repository: &dyn Repository,
    login: &Login,
    password: &PasswordHash,
) -> anyhow::Result<()> {
    for _ in 0..ATTEMPTS {
        let mut user = find(repository, login).await?;
        let expected = user.revision;
        user.revision = expected.next();
        let events = vec![(EventKind::PasswordSet, password_data(&user))];
        if commit(repository, Some(expected), &user, (Some(password.clone()), Vec::new()), events).await? {
            return Ok(());
        }
    }
    bail!("user {login} was changed {ATTEMPTS} times meanwhile; try again")
}

/// What the event of a set password says: that it was set, never what it is.
fn password_data(user: &User) -> Value {
    json!({"revision": user.revision})
}

/// Whether the change landed; `false` when somebody else was faster.
async fn commit(
    repository: &dyn Repository,
    expected: Option<Revision>,
    user: &User,
    (password, groups): (Option<PasswordHash>, Vec<AggregateChange<Group>>),
    events: Vec<(EventKind, Value)>,
) -> anyhow::Result<bool> {
    let (now, mut entropy) = (SystemClock.now(), OsEntropy::new()?);
    let seal = |(kind, data)| NewEvent::seal(kind, now, None, Channel::Command, data, &mut entropy);
    let events = events.into_iter().map(seal).collect();
    let user = AggregateChange { expected, state: user.clone(), events };
    let change = UserChange { user, password };
    match repository.commit(Change { users: vec![change], groups, ..Change::default() }).await? {
        CommitOutcome::Committed => Ok(true),
        CommitOutcome::Conflict => Ok(false),
        CommitOutcome::Duplicate { .. } => bail!("the repository answered an idempotency key that was not sent"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use countersign_core::event::{StreamId, StreamKind};

    use super::*;
    use crate::auth::{hash_password, verify_password};
    use crate::settings::StorageSettings;

    fn ann() -> NewUser {
        let password = Some(hash_password(&"one".into()).unwrap());
        NewUser {
            login: login("Ann").unwrap(),
            display_name: "Ann".to_owned(),
            manager: None,
            password,
            administrator: false,
        }
    }

    async fn empty(folder: &tempfile::TempDir) -> Arc<dyn Repository> {
        let url = format!("sqlite://{}/a.db", folder.path().display());
        let repository = crate::storage::create(&StorageSettings { url, ..Default::default() }).unwrap();
        repository.migrate().await.unwrap();
        repository
    }

    #[actix_web::test]
    async fn a_login_is_added_once_whatever_its_case() {
        let folder = tempfile::tempdir().unwrap();
        let repository = empty(&folder).await;
        let added = add(repository.as_ref(), &ann()).await.unwrap();
        let again = NewUser { login: login("aNN").unwrap(), ..ann() };
        let refused = add(repository.as_ref(), &again).await.unwrap_err().to_string();
        assert!(refused.contains("aNN already"), "{refused}");
        assert_eq!(find(repository.as_ref(), &again.login).await.unwrap(), added);
    }

    #[actix_web::test]
    async fn administrators_are_added_one_after_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let repository = empty(&folder).await;
        let mut added = Vec::new();
        for name in ["ann", "ben"] {
            let new = NewUser { login: login(name).unwrap(), administrator: true, ..ann() };
            added.push(add(repository.as_ref(), &new).await.unwrap().id.into());
        }
        add(repository.as_ref(), &NewUser { login: login("cat").unwrap(), ..ann() }).await.unwrap();
        let group = administrators(repository.as_ref()).await.unwrap().unwrap();
        assert_eq!((group.members, group.revision), (added, Revision(2)));
        let ann = repository.identity("ann", SystemClock.now()).await.unwrap().unwrap().caller;
        assert!(ann.is_among(&[group.id.into()]));
        let report = repository.check(false, Arc::new(countersign_core::repository::Silent)).await.unwrap();
        assert_eq!(report.differences, 0);
    }

    #[actix_web::test]
    async fn a_user_without_a_name_is_refused_by_member() {
        let folder = tempfile::tempdir().unwrap();
        let nameless = NewUser { display_name: " ".to_owned(), ..ann() };
        let refused = add(empty(&folder).await.as_ref(), &nameless).await.unwrap_err().to_string();
        assert!(refused.starts_with("displayName: "), "{refused}");
    }

    #[actix_web::test]
    async fn setting_a_password_moves_the_revision_and_says_nothing_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let repository = empty(&folder).await;
        let user = add(repository.as_ref(), &ann()).await.unwrap();
        let hash = hash_password(&"two".into()).unwrap();
        let calls = (0..4).map(|_| set_password(repository.as_ref(), &user.login, &hash));
        let done = futures_util::future::join_all(calls).await;
        assert!(done.into_iter().all(|done| done.is_ok()));
        let identity = repository.identity("ann", SystemClock.now()).await.unwrap().unwrap();
        assert!(verify_password(&"two".into(), &identity.password.unwrap()));
        let stream = StreamId { stream: StreamKind::User, id: user.id.as_uuid() };
        let events = repository.events(stream, 0, 10).await.unwrap();
        let set = events.iter().filter(|event| event.bytes.contains("passwordSet")).count();
        assert_eq!((set, find(repository.as_ref(), &user.login).await.unwrap().revision), (5, Revision(5)));
        assert!(!format!("{events:?}").contains("argon2"));
    }
}
