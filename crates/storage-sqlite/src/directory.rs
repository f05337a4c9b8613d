//! Users, groups, credentials and rights in their tables.

use countersign_core::bundle::Credential;
use countersign_core::directory::{
    Caller, Group, GroupPurpose, Login, MimRight, PasswordHash, PrincipalName, RightOver, User, UserStatus,
};
use countersign_core::ids::{GroupId, PrincipalId, Revision, UserId, UserNumber};
use countersign_core::repository::Identity;
use diesel::sqlite::SqliteConnection;

use crate::error::{Failure, damaged};
use crate::sql::{Row, sql};

const USER: i64 = 1;
const GROUP: i64 = 2;

fn user_number(row: &mut Row) -> Result<UserNumber, Failure> {
    Ok(UserNumber::try_from(row.int()?).map_err(|error| damaged(error.to_string()))?)
}

pub(crate) fn identity(connection: &mut SqliteConnection, login: &str) -> Result<Option<Identity>, Failure> {
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
    let caller = Caller { user, number, login, principals: principals(connection, user)? };
    Ok(Some(Identity { caller, status, password }))
}

/// The user and the groups around the user.
fn principals(connection: &mut SqliteConnection, user: UserId) -> Result<Vec<PrincipalId>, Failure> {
    let rows = sql!(
        "WITH RECURSIVE own (id) AS ( \
             SELECT ? UNION SELECT m.group_id FROM own JOIN group_member m ON m.member_id = own.id \
         ) SELECT id FROM own ORDER BY id",
        user.as_uuid()
    )
    .rows(connection)?;
    rows.into_iter().map(|mut row| Ok(row.id()?)).collect()
}

pub(crate) fn principal_names(
    connection: &mut SqliteConnection,
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
    connection: &mut SqliteConnection,
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

pub(crate) fn administrators(connection: &mut SqliteConnection) -> Result<Option<GroupId>, Failure> {
    let found = sql!("SELECT id FROM app_group WHERE purpose = ?", GroupPurpose::Administrators.code());
    Ok(found.row(connection)?.map(|mut row| row.id()).transpose()?)
}

pub(crate) fn user_id_by_login(connection: &mut SqliteConnection, login: &Login) -> Result<Option<UserId>, Failure> {
    let found = sql!("SELECT id FROM app_user WHERE login_folded = ?", login.folded());
    Ok(found.row(connection)?.map(|mut row| row.id()).transpose()?)
}

pub(crate) fn load_user(connection: &mut SqliteConnection, id: UserId) -> Result<Option<User>, Failure> {
    let found = sql!(
        "SELECT number, login, display_name, email, manager_id, status, stand_in_id, revision \
         FROM app_user WHERE id = ?",
        id.as_uuid()
    );
    let Some(mut row) = found.row(connection)? else { return Ok(None) };
    Ok(Some(User {
        id,
        number: user_number(&mut row)?,
        login: row.parsed()?,
        display_name: row.text()?,
        email: row.maybe_text()?,
        manager: row.maybe_id()?,
        status: row.code(UserStatus::from_code)?,
        stand_in: row.maybe_id()?,
        revision: Revision(row.int()?),
        rights: load_rights(connection, id.into())?,
    }))
}

pub(crate) fn insert_user(connection: &mut SqliteConnection, user: &User) -> Result<(), Failure> {
    sql!("INSERT INTO principal (id, kind) VALUES (?, ?)", user.id.as_uuid(), USER).run(connection)?;
    sql!(
        "INSERT INTO app_user (id, number, login, login_folded, display_name, email, manager_id, status, stand_in_id, \
         revision) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        user.id.as_uuid(),
        user.number.get(),
        user.login.as_str(),
        user.login.folded(),
        user.display_name.as_str(),
        user.email.clone(),
        user.manager.map(UserId::as_uuid),
        user.status.code(),
        user.stand_in.map(PrincipalId::as_uuid),
        user.revision.0
    )
    .run(connection)?;
    insert_rights(connection, user.id.into(), &user.rights)
}

/// Writes `user` over the row at `expected`; `false` if the row is not at that revision.
pub(crate) fn update_user(connection: &mut SqliteConnection, user: &User, expected: Revision) -> Result<bool, Failure> {
    let changed = sql!(
        "UPDATE app_user SET number = ?, login = ?, login_folded = ?, display_name = ?, email = ?, manager_id = ?, \
         status = ?, stand_in_id = ?, revision = ? WHERE id = ? AND revision = ?",
        user.number.get(),
        user.login.as_str(),
        user.login.folded(),
        user.display_name.as_str(),
        user.email.clone(),
        user.manager.map(UserId::as_uuid),
        user.status.code(),
        user.stand_in.map(PrincipalId::as_uuid),
        user.revision.0,
        user.id.as_uuid(),
        expected.0
    )
    .run(connection)?;
    if changed == 0 {
        return Ok(false);
    }
    sql!("DELETE FROM mim_right WHERE holder_id = ?", user.id.as_uuid()).run(connection)?;
    insert_rights(connection, user.id.into(), &user.rights)?;
    Ok(true)
}

fn load_rights(connection: &mut SqliteConnection, holder: PrincipalId) -> Result<Vec<RightOver>, Failure> {
    let rows =
        sql!("SELECT right_code, subject_id FROM mim_right WHERE holder_id = ? ORDER BY ordinal", holder.as_uuid())
            .rows(connection)?;
    rows.into_iter()
        .map(|mut row| Ok(RightOver { right: row.code(MimRight::from_code)?, subject: row.id()? }))
        .collect()
}

fn insert_rights(connection: &mut SqliteConnection, holder: PrincipalId, rights: &[RightOver]) -> Result<(), Failure> {
    for (ordinal, right) in (0_i64..).zip(rights) {
        sql!(
            "INSERT INTO mim_right (holder_id, ordinal, right_code, subject_id) VALUES (?, ?, ?, ?)",
            holder.as_uuid(),
            ordinal,
            right.right.code(),
            right.subject.as_uuid()
        )
        .run(connection)?;
    }
    Ok(())
}

pub(crate) fn load_credential(connection: &mut SqliteConnection, user: UserId) -> Result<Option<Credential>, Failure> {
    let found = sql!("SELECT hash FROM credential WHERE user_id = ?", user.as_uuid());
    let Some(mut row) = found.row(connection)? else { return Ok(None) };
    Ok(Some(Credential { user, hash: row.parsed()? }))
}

pub(crate) fn set_credential(
    connection: &mut SqliteConnection,
    user: UserId,
    hash: &PasswordHash,
) -> Result<(), Failure> {
    sql!(
        "INSERT INTO credential (user_id, hash) VALUES (?, ?) ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash",
        user.as_uuid(),
        hash.expose()
    )
    .run(connection)?;
    Ok(())
}

pub(crate) fn load_group(connection: &mut SqliteConnection, id: GroupId) -> Result<Option<Group>, Failure> {
    let found = sql!("SELECT name, purpose, revision FROM app_group WHERE id = ?", id.as_uuid());
    let Some(mut row) = found.row(connection)? else { return Ok(None) };
    let name = row.text()?;
    let purpose = match row.maybe_int()? {
        None => None,
        Some(code) => {
            let known = i16::try_from(code).ok().and_then(GroupPurpose::from_code);
            Some(known.ok_or_else(|| damaged("a group's purpose is unknown"))?)
        }
    };
    let revision = Revision(row.int()?);
    let members = sql!("SELECT member_id FROM group_member WHERE group_id = ? ORDER BY ordinal", id.as_uuid());
    let members = members.rows(connection)?.into_iter().map(|mut row| row.id()).collect::<Result<_, _>>()?;
    Ok(Some(Group { id, name, purpose, members, rights: load_rights(connection, id.into())?, revision }))
}

pub(crate) fn insert_group(connection: &mut SqliteConnection, group: &Group) -> Result<(), Failure> {
    sql!("INSERT INTO principal (id, kind) VALUES (?, ?)", group.id.as_uuid(), GROUP).run(connection)?;
    sql!(
        "INSERT INTO app_group (id, name, name_folded, purpose, revision) VALUES (?, ?, ?, ?, ?)",
        group.id.as_uuid(),
        group.name.as_str(),
        group.name.to_lowercase(),
        group.purpose.map(GroupPurpose::code),
        group.revision.0
    )
    .run(connection)?;
    for (ordinal, member) in (0_i64..).zip(&group.members) {
        sql!(
            "INSERT INTO group_member (group_id, ordinal, member_id) VALUES (?, ?, ?)",
            group.id.as_uuid(),
            ordinal,
            member.as_uuid()
        )
        .run(connection)?;
    }
    insert_rights(connection, group.id.into(), &group.rights)
}
