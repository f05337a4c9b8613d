//! What `user` and `demo` do to accounts.

use anyhow::{Context, anyhow, bail};
use countersign_core::clock::{Clock, SystemClock};
use countersign_core::directory::{Login, PasswordHash, User, UserStatus};
use countersign_core::event::{Channel, EventKind, NewEvent, state_data};
use countersign_core::ids::{Revision, UserId, UserNumber};
use countersign_core::repository::{Change, CommitOutcome, NumberSpace, Repository, UserChange};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::entropy::OsEntropy;

/// How often a change is decided again when somebody else was faster.
const ATTEMPTS: usize = 5;

/// A user who is not there yet.
pub(super) struct NewUser {
    pub(super) login: Login,
    pub(super) display_name: String,
    pub(super) manager: Option<UserId>,
    pub(super) password: Option<PasswordHash>,
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
        if commit(repository, None, &user, new.password.clone(), events).await? {
            return Ok(user);
        }
    }
    bail!("other changes came in between {ATTEMPTS} times; try again")
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
        if commit(repository, Some(expected), &user, Some(password.clone()), events).await? {
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
    password: Option<PasswordHash>,
    events: Vec<(EventKind, Value)>,
) -> anyhow::Result<bool> {
    let (now, mut entropy) = (SystemClock.now(), OsEntropy::new()?);
    let seal = |(kind, data)| NewEvent::seal(kind, now, None, Channel::Command, data, &mut entropy);
    let events = events.into_iter().map(seal).collect();
    let change = UserChange { expected, user: user.clone(), password, events };
    match repository.commit(Change { users: vec![change], ..Change::default() }).await? {
        CommitOutcome::Committed => Ok(true),
        CommitOutcome::Conflict => Ok(false),
        CommitOutcome::Duplicate { .. } => bail!("the repository answered an idempotency key that was not sent"),
    }
}
