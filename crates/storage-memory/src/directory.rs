//! Who is who: callers with everything that they act as, names, rights over people, and who may vote.

use std::collections::BTreeSet;

use countersign_core::bundle::Key;
use countersign_core::clock::Timestamp;
use countersign_core::directory::{Caller, DirectoryVersion, MimRight, PrincipalName, User, UserStatus};
use countersign_core::ids::{GroupId, PrincipalId, UserId};
use countersign_core::repository::{Identity, Result};

use crate::link::Link;
use crate::tables::Tables;

pub(crate) fn identity(tables: &Tables, login: &str, now: Timestamp) -> Result<Option<Identity>> {
    let Some(user) = tables.users.by_key(&Key::Login(login.to_lowercase()))? else { return Ok(None) };
    let principals = around(tables, user.id.into());
    let represents = represents(tables, user.id, &principals, now)?;
    let caller = Caller {
        user: user.id,
        number: user.number,
        login: user.login.clone(),
        principals: principals.into_iter().collect(),
        represents,
        directory: DirectoryVersion::default(),
    };
    Ok(Some(Identity { caller, status: user.status, password: tables.credentials.get(&user.id).cloned() }))
}

/// A principal and the groups around it, through any depth.
fn around(tables: &Tables, principal: PrincipalId) -> BTreeSet<PrincipalId> {
    let (mut found, mut next) = (BTreeSet::new(), vec![principal]);
    while let Some(principal) = next.pop() {
        if found.insert(principal) {
            next.extend(tables.groups.linked(Link::Member(principal)).map(PrincipalId::from));
        }
    }
    found
}

/// A principal and, of a group, everybody and every group in it.
fn inside(tables: &Tables, principal: PrincipalId) -> Result<BTreeSet<PrincipalId>> {
    let (mut found, mut next) = (BTreeSet::new(), vec![principal]);
    while let Some(principal) = next.pop() {
        if found.insert(principal)
            && let Some(group) = tables.groups.get(principal.as_uuid())?
        {
            next.extend(&group.members);
        }
    }
    Ok(found)
}

/// The users in whose place the user decides: whose current proxy the user is, and those who have left
/// with open tasks, where the user or a group of the user acts for them.
fn represents(
    tables: &Tables,
    user: UserId,
    principals: &BTreeSet<PrincipalId>,
    now: Timestamp,
) -> Result<Vec<UserId>> {
    let mut found = BTreeSet::new();
    for other in tables.users.all_linked(Link::Proxy(user)) {
        let other = other?;
        if other.proxies.iter().any(|proxy| proxy.user == user && proxy.is_current(now)) {
            found.insert(other.id);
        }
    }
    for leaver in &tables.derived.handovers {
        let leaver = tables.users.get(leaver.as_uuid())?;
        let acts = |leaver: &User| acting(tables, leaver).is_some_and(|acting| principals.contains(&acting));
        found.extend(leaver.filter(|leaver| acts(leaver)).map(|leaver| leaver.id));
    }
    // Nobody stands in for themselves, though they may be among those who do.
    found.remove(&user);
    Ok(found.into_iter().collect())
}

/// Who acts for a user who has left: the stand-in, else the manager, else the administrators (decision 6).
fn acting(tables: &Tables, leaver: &User) -> Option<PrincipalId> {
    let manager = leaver.manager.map(PrincipalId::from);
    leaver.stand_in.or(manager).or_else(|| administrators(tables).map(PrincipalId::from))
}

/// The group of the administrators.
pub(crate) fn administrators(tables: &Tables) -> Option<GroupId> {
    tables.groups.holder(&Key::Administrators).map(GroupId::from)
}

/// Whether the user is one of `principals`, or in a group there.
pub(crate) fn belongs(tables: &Tables, user: UserId, principals: &[PrincipalId]) -> bool {
    let own = around(tables, user.into());
    principals.iter().any(|principal| own.contains(principal))
}

/// What to print for each of `ids` that exists.
pub(crate) fn principal_names(tables: &Tables, ids: &[PrincipalId]) -> Result<Vec<(PrincipalId, PrincipalName)>> {
    let mut names = Vec::with_capacity(ids.len());
    for id in ids {
        if let Some(name) = name(tables, *id)? {
            names.push((*id, name));
        }
    }
    Ok(names)
}

pub(crate) fn name(tables: &Tables, id: PrincipalId) -> Result<Option<PrincipalName>> {
    if let Some(user) = tables.users.get(id.as_uuid())? {
        let stand_in = if user.status == UserStatus::Disabled { acting(tables, &user) } else { None };
        return Ok(Some(PrincipalName::User {
            number: user.number,
            login: user.login.clone(),
            display_name: user.display_name.clone(),
            manager: user.manager,
            stand_in,
        }));
    }
    let group = tables.groups.get(id.as_uuid())?;
    Ok(group.map(|group| PrincipalName::Group { name: group.name.clone() }))
}

/// The rights that `holders` have over the user, or over a group around the user.
pub(crate) fn rights_over(tables: &Tables, holders: &[PrincipalId], subject: UserId) -> Result<Vec<MimRight>> {
    let subjects = around(tables, subject.into());
    let mut found = BTreeSet::new();
    for holder in holders {
        let user = tables.users.get(holder.as_uuid())?.map(|user| user.rights.clone());
        let group = tables.groups.get(holder.as_uuid())?.map(|group| group.rights.clone());
        let rights = user.or(group).unwrap_or_default().into_iter();
        found.extend(rights.filter(|right| subjects.contains(&right.subject)).map(|right| right.right));
    }
    Ok(found.into_iter().collect())
}

/// Active users among `principals` and in the groups there. A disabled user who is named gives way to
/// whoever acts in that place, one step; a disabled member of a group to nobody, for the group's tasks
/// are not the member's own.
pub(crate) fn voters(
    tables: &Tables,
    principals: &[PrincipalId],
    excluding: &[UserId],
    limit: usize,
) -> Result<Vec<UserId>> {
    let mut voters = BTreeSet::new();
    for principal in principals {
        let acting = match tables.users.get(principal.as_uuid())? {
            // Whoever may not vote is not represented either.
            Some(user) if excluding.contains(&user.id) => None,
            Some(user) if user.status == UserStatus::Disabled => acting(tables, &user),
            _ => Some(*principal),
        };
        let inside = acting.map(|acting| inside(tables, acting)).transpose()?.unwrap_or_default();
        for one in inside {
            if voters.len() >= limit {
                return Ok(voters.into_iter().collect());
            }
            let user = tables.users.get(one.as_uuid())?;
            let votes = |user: &User| user.status == UserStatus::Active && !excluding.contains(&user.id);
            voters.extend(user.filter(|user| votes(user)).map(|user| user.id));
        }
    }
    Ok(voters.into_iter().collect())
}
