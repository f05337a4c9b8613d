//! Users in their tables, with their rights, proxies and password hashes.

use countersign_core::bundle::Credential;
use countersign_core::directory::{Login, MimRight, PasswordHash, Proxy, RightOver, User, UserStatus};
use countersign_core::event::StreamKind;
use countersign_core::ids::{PrincipalId, Revision, UserId, UserNumber};
use uuid::Uuid;

use crate::aggregate::Aggregate;
use crate::error::{Failure, damaged};
use crate::number;
use crate::session::{Dialect, Session};
use crate::sql::{Row, Statement, Value, sql};

/// The kind of a user's principal.
const USER: i64 = 1;

pub(crate) fn user_number(row: &mut Row) -> Result<UserNumber, Failure> {
    Ok(UserNumber::try_from(row.int()?).map_err(|error| damaged(error.to_string()))?)
}

impl Aggregate for User {
    const STREAM: StreamKind = StreamKind::User;

    fn key(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn number(&self) -> Option<(i64, i64)> {
        Some((number::USERS, self.number.get()))
    }

    fn claim(&self, connection: &mut dyn Session) -> Result<(), Failure> {
        sql!("INSERT INTO principal (id, kind) VALUES (?, ?)", self.key(), USER).run(connection)?;
        Ok(())
    }

    fn load(connection: &mut dyn Session, id: Uuid) -> Result<Option<Self>, Failure> {
        let found = sql!(
            "SELECT number, login, display_name, email, manager_id, status, stand_in_id, revision \
             FROM app_user WHERE id = ?",
            id
        );
        let Some(mut row) = found.row(connection)? else { return Ok(None) };
        Ok(Some(Self {
            id: id.into(),
            number: user_number(&mut row)?,
            login: row.parsed()?,
            display_name: row.text()?,
            email: row.maybe_text()?,
            manager: row.maybe_id()?,
            status: row.code(UserStatus::from_code)?,
            stand_in: row.maybe_id()?,
            revision: Revision(row.int()?),
            proxies: load_proxies(connection, id)?,
            rights: load_rights(connection, id.into())?,
        }))
    }

    fn insert(&self, connection: &mut dyn Session) -> Result<(), Failure> {
        sql!(
            "INSERT INTO app_user (id, number, login, login_folded, display_name, email, manager_id, status, \
             stand_in_id, revision) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            self.key(),
            self.number.get(),
            self.login.as_str(),
            self.login.folded(),
            self.display_name.as_str(),
            self.email.clone(),
            self.manager.map(UserId::as_uuid),
            self.status.code(),
            self.stand_in.map(PrincipalId::as_uuid),
            self.revision.0
        )
        .run(connection)?;
        insert_proxies(connection, self)?;
        insert_rights(connection, self.id.into(), &self.rights)?;
        refresh_handover(connection, self)
    }

    fn update(&self, connection: &mut dyn Session, expected: Revision) -> Result<bool, Failure> {
        let changed = sql!(
            "UPDATE app_user SET number = ?, login = ?, login_folded = ?, display_name = ?, email = ?, manager_id = ?, \
             status = ?, stand_in_id = ?, revision = ? WHERE id = ? AND revision = ?",
            self.number.get(),
            self.login.as_str(),
            self.login.folded(),
            self.display_name.as_str(),
            self.email.clone(),
            self.manager.map(UserId::as_uuid),
            self.status.code(),
            self.stand_in.map(PrincipalId::as_uuid),
            self.revision.0,
            self.key(),
            expected.0
        )
        .run(connection)?;
        if changed == 0 {
            return Ok(false);
        }
        sql!("DELETE FROM user_proxy WHERE user_id = ?", self.key()).run(connection)?;
        insert_proxies(connection, self)?;
        delete_rights(connection, self.id.into())?;
        insert_rights(connection, self.id.into(), &self.rights)?;
        refresh_handover(connection, self)?;
        Ok(true)
    }
}

/// Notes of the users among `principals` whether they have left and still hold open tasks.
pub(crate) fn refresh_handovers(
    connection: &mut dyn Session,
    principals: impl IntoIterator<Item = PrincipalId>,
) -> Result<(), Failure> {
    let dialect = connection.dialect();
    let ids: Vec<Uuid> = principals.into_iter().map(PrincipalId::as_uuid).collect();
    if ids.is_empty() {
        return Ok(());
    }
    // Whoever changes the users' tasks at the same time has to be through, to be counted. Disabled is 2.
    let text = format!(
        "SELECT id FROM app_user WHERE id IN (SELECT {} FROM {}) AND (status = 2 OR handover = 1) ORDER BY id{}",
        dialect.id("holder"),
        dialect.list("holder"),
        dialect.held("app_user"),
    );
    let leavers = Statement::kept(text, vec![Value::Ids(ids)]).rows(connection)?;
    for mut leaver in leavers {
        let id: Uuid = leaver.id()?;
        // The open states of tasks are 1, 3, 7 and 8.
        sql!(
            "UPDATE app_user SET handover = CASE WHEN status = 2 AND EXISTS ( \
                 SELECT 1 FROM task_access t WHERE t.principal_id = app_user.id AND t.state IN (1, 3, 7, 8) \
             ) THEN 1 ELSE 0 END WHERE id = ? AND (status = 2 OR handover = 1)",
            id
        )
        .run(connection)?;
    }
    Ok(())
}

/// Notes the same of one user who is being written, whose tasks may be on their way at the same time: those have
/// to be through, or to see that the user has left.
fn refresh_handover(connection: &mut dyn Session, user: &User) -> Result<(), Failure> {
    if user.status == UserStatus::Disabled && connection.dialect() == Dialect::Postgres {
        sql!("LOCK TABLE task_access IN SHARE MODE").run(connection)?;
    }
    refresh_handovers(connection, [user.id.into()])
}

/// The user who logs in as `login`.
pub(crate) fn by_login(connection: &mut dyn Session, login: &Login) -> Result<Option<User>, Failure> {
    let found = sql!("SELECT id FROM app_user WHERE login_folded = ?", login.folded());
    match found.row(connection)? {
        Some(mut row) => User::load(connection, row.id()?),
        None => Ok(None),
    }
}

/// The users among `numbers` that exist.
pub(crate) fn by_number(connection: &mut dyn Session, numbers: &[UserNumber]) -> Result<Vec<User>, Failure> {
    let mut users = Vec::with_capacity(numbers.len());
    for number in numbers {
        let found = sql!("SELECT id FROM app_user WHERE number = ?", number.get());
        if let Some(mut row) = found.row(connection)? {
            users.extend(User::load(connection, row.id()?)?);
        }
    }
    Ok(users)
}

fn load_proxies(connection: &mut dyn Session, user: Uuid) -> Result<Vec<Proxy>, Failure> {
    let found = sql!("SELECT proxy_id, start_at, end_at FROM user_proxy WHERE user_id = ? ORDER BY ordinal", user);
    let read = |mut row: Row| Ok(Proxy { user: row.id()?, start: row.time()?, end: row.maybe_time()? });
    found.rows(connection)?.into_iter().map(read).collect()
}

fn insert_proxies(connection: &mut dyn Session, user: &User) -> Result<(), Failure> {
    for (ordinal, proxy) in (0_i64..).zip(&user.proxies) {
        sql!(
            "INSERT INTO user_proxy (user_id, ordinal, proxy_id, start_at, end_at) VALUES (?, ?, ?, ?, ?)",
            user.key(),
            ordinal,
            proxy.user.as_uuid(),
            proxy.start,
            proxy.end
        )
        .run(connection)?;
    }
    Ok(())
}

pub(crate) fn load_rights(connection: &mut dyn Session, holder: PrincipalId) -> Result<Vec<RightOver>, Failure> {
    let rows =
        sql!("SELECT right_code, subject_id FROM mim_right WHERE holder_id = ? ORDER BY ordinal", holder.as_uuid())
            .rows(connection)?;
    rows.into_iter()
        .map(|mut row| Ok(RightOver { right: row.code(MimRight::from_code)?, subject: row.id()? }))
        .collect()
}

pub(crate) fn delete_rights(connection: &mut dyn Session, holder: PrincipalId) -> Result<(), Failure> {
    sql!("DELETE FROM mim_right WHERE holder_id = ?", holder.as_uuid()).run(connection)?;
    Ok(())
}

pub(crate) fn insert_rights(
    connection: &mut dyn Session,
    holder: PrincipalId,
    rights: &[RightOver],
) -> Result<(), Failure> {
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

pub(crate) fn load_credential(connection: &mut dyn Session, user: UserId) -> Result<Option<Credential>, Failure> {
    let found = sql!("SELECT hash FROM credential WHERE user_id = ?", user.as_uuid());
    let Some(mut row) = found.row(connection)? else { return Ok(None) };
    Ok(Some(Credential { user, hash: row.parsed()? }))
}

pub(crate) fn set_credential(connection: &mut dyn Session, user: UserId, hash: &PasswordHash) -> Result<(), Failure> {
    sql!(
        "INSERT INTO credential (user_id, hash) VALUES (?, ?) ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash",
        user.as_uuid(),
        hash.expose()
    )
    .run(connection)?;
    Ok(())
}
