//! Who is who: callers with everything that they act as, names, rights over people, and who may vote.

use std::collections::BTreeSet;

use countersign_core::clock::Timestamp;
use countersign_core::directory::{Caller, GroupPurpose, Login, MimRight, PasswordHash, PrincipalName, UserStatus};
use countersign_core::ids::{GroupId, PrincipalId, UserId};
use countersign_core::repository::Identity;

use crate::error::{Failure, damaged};
use crate::session::Session;
use crate::sql::sql;
use crate::user::user_number;

pub(crate) fn identity(connection: &mut dyn Session, login: &str, now: Timestamp) -> Result<Option<Identity>, Failure> {
    let found = sql!(
        "SELECT u.id, u.number, u.login, u.status, c.hash \
         FROM app_user u LEFT JOIN credential c ON c.user_id = u.id WHERE u.login_folded = ?",
        login.to_lowercase()
    );
    let Some(mut row) = found.row(connection)? else { return Ok(None) };
    let user: UserId = row.id()?;
    let number = user_number(&mut row)?;
    let login: Login = row.parsed()?;
    let status = row.code(UserStatus::from_code)?;
    let password = row.maybe_text()?.map(PasswordHash::try_from).transpose().map_err(damaged)?;
    let principals = principals(connection, user)?;
    let represents = represents(connection, user, now)?;
    let caller = Caller { user, number, login, principals, represents };
    Ok(Some(Identity { caller, status, password }))
}

/// The user and the groups around the user.
fn principals(connection: &mut dyn Session, user: UserId) -> Result<Vec<PrincipalId>, Failure> {
    let rows = sql!(
        "WITH RECURSIVE own (id) AS ( \
             SELECT ? UNION SELECT m.group_id FROM own JOIN group_member m ON m.member_id = own.id \
         ) SELECT id FROM own ORDER BY id",
        user.as_uuid()
    )
    .rows(connection)?;
    rows.into_iter().map(|mut row| Ok(row.id()?)).collect()
}

/// The users in whose place the user decides: whose current proxy the user is, and those who have
/// left with open tasks, where the user or a group of the user acts for them.
fn represents(connection: &mut dyn Session, user: UserId, now: Timestamp) -> Result<Vec<UserId>, Failure> {
    let rows = sql!(
        "WITH RECURSIVE own (id) AS ( \
             SELECT ? UNION SELECT m.group_id FROM own JOIN group_member m ON m.member_id = own.id \
         ) SELECT user_id FROM user_proxy \
             WHERE proxy_id = ? AND start_at <= ? AND (end_at IS NULL OR end_at > ?) \
         UNION ALL SELECT u.id FROM own CROSS JOIN app_user u \
             WHERE coalesce(u.stand_in_id, u.manager_id) = own.id AND u.handover = 1 \
         UNION ALL SELECT u.id FROM app_group g CROSS JOIN own CROSS JOIN app_user u \
             WHERE g.purpose = ? AND own.id = g.id AND coalesce(u.stand_in_id, u.manager_id) IS NULL AND u.handover = 1",
        user.as_uuid(),
        user.as_uuid(),
        now,
        now,
        GroupPurpose::Administrators.code()
    )
    .rows(connection)?;
    let ids = rows.into_iter().map(|mut row| row.id()).collect::<Result<BTreeSet<UserId>, _>>()?;
    // Nobody stands in for themselves, though they may be among those who do.
    Ok(ids.into_iter().filter(|id| *id != user).collect())
}

/// Whether the user is one of `principals`, or in a group there.
pub(crate) fn belongs(connection: &mut dyn Session, user: UserId, among: &[PrincipalId]) -> Result<bool, Failure> {
    Ok(principals(connection, user)?.iter().any(|own| among.contains(own)))
}

pub(crate) fn principal_names(
    connection: &mut dyn Session,
    ids: &[PrincipalId],
) -> Result<Vec<(PrincipalId, PrincipalName)>, Failure> {
    let mut names = Vec::with_capacity(ids.len());
    for id in ids {
        let user = sql!(
            "SELECT number, login, display_name, manager_id, CASE status WHEN ? THEN \
             coalesce(stand_in_id, manager_id, (SELECT id FROM app_group WHERE purpose = ?)) END \
             FROM app_user WHERE id = ?",
            UserStatus::Disabled.code(),
            GroupPurpose::Administrators.code(),
            id.as_uuid()
        );
        if let Some(mut row) = user.row(connection)? {
            let name = PrincipalName::User {
                number: user_number(&mut row)?,
                login: row.parsed()?,
                display_name: row.text()?,
                manager: row.maybe_id()?,
                stand_in: row.maybe_id()?,
            };
            names.push((*id, name));
        } else if let Some(mut row) = sql!("SELECT name FROM app_group WHERE id = ?", id.as_uuid()).row(connection)? {
            names.push((*id, PrincipalName::Group { name: row.text()? }));
        }
    }
    Ok(names)
}

pub(crate) fn rights_over(
    connection: &mut dyn Session,
    holders: &[PrincipalId],
    subject: UserId,
) -> Result<Vec<MimRight>, Failure> {
    let rows = sql!(
        "WITH RECURSIVE around (id) AS ( \
             SELECT ? UNION SELECT m.group_id FROM around JOIN group_member m ON m.member_id = around.id \
         ) SELECT r.holder_id, r.right_code FROM around JOIN mim_right r ON r.subject_id = around.id",
        subject.as_uuid()
    )
    .rows(connection)?;
    let mut rights = Vec::new();
    for mut row in rows {
        let holder: PrincipalId = row.id()?;
        let right = row.code(MimRight::from_code)?;
        if holders.contains(&holder) && !rights.contains(&right) {
            rights.push(right);
        }
    }
    rights.sort_unstable();
    Ok(rights)
}

pub(crate) fn administrators(connection: &mut dyn Session) -> Result<Option<GroupId>, Failure> {
    let found = sql!("SELECT id FROM app_group WHERE purpose = ?", GroupPurpose::Administrators.code());
    Ok(found.row(connection)?.map(|mut row| row.id()).transpose()?)
}

/// Active users among `principals` and in the groups there, in no order. A disabled user who is
/// named gives way to their stand-in, one step; a disabled member of a group to nobody, for the
/// group's tasks are not the member's own.
pub(crate) fn voters(
    connection: &mut dyn Session,
    principals: &[PrincipalId],
    excluding: &[UserId],
    limit: usize,
) -> Result<Vec<UserId>, Failure> {
    let mut voters = BTreeSet::new();
    for principal in principals {
        if voters.len() >= limit {
            break;
        }
        let found = sql!(
            "SELECT CASE status WHEN ? THEN coalesce(stand_in_id, manager_id, \
             (SELECT id FROM app_group WHERE purpose = ?)) ELSE id END FROM app_user WHERE id = ?",
            UserStatus::Disabled.code(),
            GroupPurpose::Administrators.code(),
            principal.as_uuid()
        );
        let acting = match found.row(connection)? {
            // Whoever may not vote is not represented either.
            Some(_) if excluding.contains(&principal.as_user()) => None,
            Some(mut row) => row.maybe_id()?,
            None => Some(*principal),
        };
        if let Some(acting) = acting {
            active_members(connection, acting, excluding, limit, &mut voters)?;
        }
    }
    Ok(voters.into_iter().collect())
}

/// Adds active users: `principal`, or those in the group and its groups.
fn active_members(
    connection: &mut dyn Session,
    principal: PrincipalId,
    excluding: &[UserId],
    limit: usize,
    voters: &mut BTreeSet<UserId>,
) -> Result<(), Failure> {
    // So many at most are found in vain.
    let enough = limit.saturating_add(excluding.len()).saturating_add(voters.len());
    let rows = sql!(
        "WITH RECURSIVE inside (id) AS ( \
             SELECT ? UNION SELECT m.member_id FROM inside JOIN group_member m ON m.group_id = inside.id \
         ) SELECT u.id FROM inside CROSS JOIN app_user u WHERE u.id = inside.id AND u.status = ? LIMIT ?",
        principal.as_uuid(),
        UserStatus::Active.code(),
        i64::try_from(enough).unwrap_or(i64::MAX)
    )
    .rows(connection)?;
    for mut row in rows {
        let user = row.id()?;
        if voters.len() < limit && !excluding.contains(&user) {
            voters.insert(user);
        }
    }
    Ok(())
}
