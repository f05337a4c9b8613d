//! Looking people and groups up by the names that callers know.

use std::sync::Arc;

use super::administration::is_administrator;
use super::{Names, ServiceError};
use crate::directory::{Caller, Login, PrincipalName, User, UserStatus};
use crate::error::RepositoryError;
use crate::ids::{GroupId, PrincipalId, UserId, UserNumber};
use crate::repository::Repository;

/// A user or a group, by one of its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrincipalKey {
    /// A user by login.
    Login(String),
    /// A user by number.
    Number(UserNumber),
    /// A user by id.
    User(UserId),
    /// A group by name.
    GroupName(String),
    /// A group by id.
    Group(GroupId),
    /// Either by id.
    Principal(PrincipalId),
}

/// What callers are told of themselves.
#[derive(Clone, Debug)]
pub struct Me {
    /// The caller.
    pub user: User,
    /// Whether the caller is a system administrator.
    pub administrator: bool,
    /// The names of the caller's manager, groups and those in whose place the caller decides.
    pub names: Names,
}

/// Looks people and groups up.
#[derive(Clone)]
pub struct Directory {
    repository: Arc<dyn Repository>,
}

impl Directory {
    /// The service over `repository`.
    pub fn new(repository: Arc<dyn Repository>) -> Self {
        Self { repository }
    }

    /// Those to whom a task is to be given: groups, and users who are active.
    pub async fn assignees(&self, keys: &[PrincipalKey]) -> Result<Vec<PrincipalId>, ServiceError> {
        let mut found = Vec::with_capacity(keys.len());
        for (at, key) in keys.iter().enumerate() {
            let assignee = self.assignee(key).await?;
            found.push(assignee.map_err(|reason| ServiceError::invalid(format!("assignees[{at}]"), reason))?);
        }
        Ok(found)
    }

    /// What the caller is told of themselves.
    pub async fn me(&self, caller: &Caller) -> Result<Me, ServiceError> {
        let user = self.repository.user(caller.user).await?.ok_or(ServiceError::NotFound)?;
        let mut ids = caller.principals.clone();
        ids.extend(user.manager.map(PrincipalId::from));
        ids.extend(caller.represents.iter().map(|user| PrincipalId::from(*user)));
        let administrator = is_administrator(&*self.repository, caller).await?;
        Ok(Me { user, administrator, names: self.names(caller, &ids).await? })
    }

    /// The names of `ids`, as far as they exist.
    pub async fn names(&self, caller: &Caller, ids: &[PrincipalId]) -> Result<Names, ServiceError> {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        Ok(self.repository.principal_names(&ids, Some(caller.directory)).await?.into_iter().collect())
    }

    /// The user who logs in as `login`.
    pub async fn user_by_login(&self, login: &str) -> Result<Option<User>, ServiceError> {
        Ok(self.by_login(login).await?)
    }

    async fn assignee(&self, key: &PrincipalKey) -> Result<Result<PrincipalId, &'static str>, RepositoryError> {
        let user = match key {
            PrincipalKey::GroupName(name) => {
                let group = self.repository.group_by_name(name).await?;
                return Ok(group.map(|group| group.id.into()).ok_or("there is no such group"));
            }
            PrincipalKey::Group(id) => {
                let names = self.repository.principal_names(&[PrincipalId::from(*id)], None).await?;
                let group = names.into_iter().find(|(_, name)| matches!(name, PrincipalName::Group { .. }));
                return Ok(group.map(|(id, _)| id).ok_or("there is no such group"));
            }
            PrincipalKey::Principal(id) => match self.repository.principal_names(&[*id], None).await?.pop() {
                Some((id, PrincipalName::Group { .. })) => return Ok(Ok(id)),
                Some((id, PrincipalName::User { .. })) => self.repository.user(id.as_user()).await?,
                None => return Ok(Err("there is no such user or group")),
            },
            PrincipalKey::User(id) => self.repository.user(*id).await?,
            PrincipalKey::Number(number) => self.repository.users_by_number(&[*number]).await?.into_iter().next(),
            PrincipalKey::Login(login) => self.by_login(login).await?,
        };
        Ok(match user {
            None => Err("there is no such user"),
            Some(user) if user.status != UserStatus::Active => Err("the user is disabled"),
            Some(user) => Ok(user.id.into()),
        })
    }

    /// What can be nobody's login is nobody's.
    async fn by_login(&self, login: &str) -> Result<Option<User>, RepositoryError> {
        match Login::try_from(login.to_owned()) {
            Ok(login) => self.repository.user_by_login(&login).await,
            Err(_) => Ok(None),
        }
    }
}
