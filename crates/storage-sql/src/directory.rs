//! Who is who: callers with everything that they act as, names, rights over people, and who may vote.

use std::collections::{BTreeSet, HashMap};

use countersign_core::clock::Timestamp;
use countersign_core::directory::{
    Caller, DirectoryVersion, GroupPurpose, Login, MimRight, PasswordHash, PrincipalName, UserStatus,
};
use countersign_core::ids::{GroupId, PrincipalId, UserId};
use countersign_core::repository::Identity;

use crate::error::{Failure, damaged};
use crate::identity::Known;
use crate::session::Session;
use crate::sql::{Row, Statement, Value, sql};
use crate::user::user_number;

/// Who logs in as one of `logins`, each with the login without regard to case: the user, the groups around the
/// user, and the users in whose place the user decides. These are those whose current proxy the user is, and those
/// who have left with open tasks, where the user or a group of the user acts for them.
pub(crate) fn identities(
    connection: &mut dyn Session,
    logins: Vec<String>,
    now: Timestamp,
) -> Result<HashMap<String, Known>, Failure> {
    let dialect = connection.dialect();
    let text = format!(
        "WITH RECURSIVE found (id) AS ( \
             SELECT id FROM app_user WHERE login_folded IN (SELECT value FROM {}) \
         ), own (holder, id) AS ( \
             SELECT id, id FROM found UNION \
             SELECT own.holder, m.group_id FROM own JOIN group_member m ON m.member_id = own.id \
         ) SELECT 1, u.id, u.id, u.number, u.login, u.login_folded, u.status, c.hash, \
             (SELECT version FROM directory_version WHERE id = 1), \
             (SELECT min(CASE WHEN p.start_at > ? THEN p.start_at ELSE p.end_at END) FROM user_proxy p \
                 WHERE p.proxy_id = u.id AND (p.start_at > ? OR p.end_at > ?)) \
             FROM found CROSS JOIN app_user u LEFT JOIN credential c ON c.user_id = u.id WHERE u.id = found.id \
         UNION ALL SELECT 2, holder, id, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM own \
         UNION ALL SELECT 3, p.proxy_id, p.user_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL \
             FROM found CROSS JOIN user_proxy p \
             WHERE p.proxy_id = found.id AND p.start_at <= ? AND (p.end_at IS NULL OR p.end_at > ?) \
         UNION ALL SELECT 3, own.holder, u.id, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM own CROSS JOIN app_user u \
             WHERE coalesce(u.stand_in_id, u.manager_id) = own.id AND u.handover = 1 \
         UNION ALL SELECT 3, own.holder, u.id, NULL, NULL, NULL, NULL, NULL, NULL, NULL \
             FROM app_group g CROSS JOIN own CROSS JOIN app_user u \
             WHERE g.purpose = ? AND own.id = g.id AND coalesce(u.stand_in_id, u.manager_id) IS NULL \
             AND u.handover = 1",
        dialect.list("login"),
    );
    let administrators = GroupPurpose::Administrators.code();
    let at = || Value::from(now);
    let values = vec![Value::Texts(logins), at(), at(), at(), at(), at(), administrators.into()];
    let mut around: HashMap<UserId, (BTreeSet<PrincipalId>, BTreeSet<UserId>)> = HashMap::new();
    let mut found = Vec::new();
    for mut row in Statement::kept(text, values).rows(connection)? {
        let kind = row.int()?;
        let holder: UserId = row.id()?;
        let (principals, represents) = around.entry(holder).or_default();
        match kind {
            1 => found.push(login(holder, row, now)?),
            2 => _ = principals.insert(row.id()?),
            _ => _ = represents.insert(row.id()?),
        }
    }
    let complete = |(login, mut known): (String, Known)| {
        let caller = &mut known.identity.caller;
        let (principals, mut represents) = around.remove(&caller.user).unwrap_or_default();
        // Nobody stands in for themselves, though they may be among those who do.
        represents.remove(&caller.user);
        caller.principals = principals.into_iter().collect();
        caller.represents = represents.into_iter().collect();
        (login, known)
    };
    Ok(found.into_iter().map(complete).collect())
}

/// A user as found by login, so far without what is around.
fn login(user: UserId, mut row: Row, now: Timestamp) -> Result<(String, Known), Failure> {
    let _: UserId = row.id()?;
    let number = user_number(&mut row)?;
    let login: Login = row.parsed()?;
    let folded = row.text()?;
    let status = row.code(UserStatus::from_code)?;
    let password = row.maybe_text()?.map(PasswordHash::try_from).transpose().map_err(damaged)?;
    let (directory, until) = (DirectoryVersion(row.int()?), row.maybe_time()?);
    let caller = Caller { user, number, login, principals: Vec::new(), represents: Vec::new(), directory };
    Ok((folded, Known { identity: Identity { caller, status, password }, from: now, until }))
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

/// Whether the user is one of `principals`, or in a group there.
pub(crate) fn belongs(connection: &mut dyn Session, user: UserId, among: &[PrincipalId]) -> Result<bool, Failure> {
    Ok(principals(connection, user)?.iter().any(|own| among.contains(own)))
}

/// What to print for each of `ids` that exists, in their order.
pub(crate) fn principal_names(
    connection: &mut dyn Session,
    ids: &[PrincipalId],
) -> Result<Vec<(PrincipalId, PrincipalName)>, Failure> {
    let dialect = connection.dialect();
    let (id, list) = (dialect.id("named"), dialect.list("named"));
    let text = format!(
        "SELECT u.id, u.login, u.number, u.display_name, u.manager_id, CASE u.status WHEN ? THEN \
             coalesce(u.stand_in_id, u.manager_id, (SELECT id FROM app_group WHERE purpose = ?)) END \
             FROM {list} CROSS JOIN app_user u WHERE u.id = {id} \
         UNION ALL SELECT g.id, NULL, NULL, g.name, NULL, NULL FROM {list} CROSS JOIN app_group g WHERE g.id = {id}",
    );
    let named = Value::Ids(ids.iter().map(|id| id.as_uuid()).collect());
    let (disabled, administrators) = (UserStatus::Disabled.code(), GroupPurpose::Administrators.code());
    let values = vec![disabled.into(), administrators.into(), named.clone(), named];
    let rows = Statement::kept(text, values).rows(connection)?;
    let names = rows.into_iter().map(name).collect::<Result<HashMap<_, _>, _>>()?;
    Ok(ids.iter().filter_map(|id| names.get(id).map(|name| (*id, name.clone()))).collect())
}

fn name(mut row: Row) -> Result<(PrincipalId, PrincipalName), Failure> {
    let id = row.id()?;
    let Some(login) = row.maybe_text()? else {
        let _ = row.maybe_int()?;
        return Ok((id, PrincipalName::Group { name: row.text()? }));
    };
    let name = PrincipalName::User {
        number: user_number(&mut row)?,
        login: Login::try_from(login).map_err(|error| damaged(error.to_string()))?,
        display_name: row.text()?,
        manager: row.maybe_id()?,
        stand_in: row.maybe_id()?,
    };
    Ok((id, name))
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
