//! Grants in their table.

use countersign_core::catalog::{EntityKey, EntityType};
use countersign_core::event::StreamKind;
use countersign_core::grant::{Grant, GrantStatus};
use countersign_core::ids::{GrantNumber, RequestId, Revision, UserId};
use uuid::Uuid;

use crate::aggregate::Aggregate;
use crate::error::{Failure, damaged};
use crate::number;
use crate::session::Session;
use crate::sql::sql;

fn grant_number(number: i64) -> Result<GrantNumber, Failure> {
    Ok(GrantNumber::try_from(number).map_err(|error| damaged(error.to_string()))?)
}

impl Aggregate for Grant {
    const STREAM: StreamKind = StreamKind::Grant;

    fn key(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn number(&self) -> Option<(i64, i64)> {
        Some((number::GRANTS, self.number.get()))
    }

    fn load(connection: &mut dyn Session, id: Uuid) -> Result<Option<Self>, Failure> {
        let found = sql!(
            "SELECT number, user_id, entity_type, entity_key, account, status, start_at, end_at, request_id, revision \
             FROM grant_held WHERE id = ?",
            id
        );
        let Some(mut row) = found.row(connection)? else { return Ok(None) };
        Ok(Some(Self {
            id: id.into(),
            number: grant_number(row.int()?)?,
            user: row.id()?,
            entity_type: row.code(EntityType::from_code)?,
            entity_key: row.parsed()?,
            account: row.maybe_int()?.map(grant_number).transpose()?,
            status: row.code(GrantStatus::from_code)?,
            start: row.time()?,
            end: row.maybe_time()?,
            request: row.maybe_id()?,
            revision: Revision(row.int()?),
        }))
    }

    fn insert(&self, connection: &mut dyn Session) -> Result<(), Failure> {
        sql!(
            "INSERT INTO grant_held (id, number, user_id, entity_type, entity_key, account, status, start_at, end_at, \
             request_id, revision) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            self.key(),
            self.number.get(),
            self.user.as_uuid(),
            self.entity_type.code(),
            self.entity_key.as_str(),
            self.account.map(GrantNumber::get),
            self.status.code(),
            self.start,
            self.end,
            self.request.map(RequestId::as_uuid),
            self.revision.0
        )
        .run(connection)?;
        Ok(())
    }

    fn update(&self, connection: &mut dyn Session, expected: Revision) -> Result<bool, Failure> {
        let changed = sql!(
            "UPDATE grant_held SET number = ?, user_id = ?, entity_type = ?, entity_key = ?, account = ?, status = ?, \
             start_at = ?, end_at = ?, request_id = ?, revision = ? WHERE id = ? AND revision = ?",
            self.number.get(),
            self.user.as_uuid(),
            self.entity_type.code(),
            self.entity_key.as_str(),
            self.account.map(GrantNumber::get),
            self.status.code(),
            self.start,
            self.end,
            self.request.map(RequestId::as_uuid),
            self.revision.0,
            self.key(),
            expected.0
        )
        .run(connection)?;
        Ok(changed > 0)
    }
}

/// What `user` has or had, oldest first.
pub(crate) fn grants_of(
    connection: &mut dyn Session,
    user: UserId,
    entity_type: Option<EntityType>,
    key: Option<&EntityKey>,
) -> Result<Vec<Grant>, Failure> {
    let rows = sql!(
        "SELECT id FROM grant_held WHERE user_id = ? AND entity_type = coalesce(?, entity_type) \
         AND entity_key = coalesce(?, entity_key) ORDER BY start_at, number",
        user.as_uuid(),
        entity_type.map(EntityType::code),
        key.map(EntityKey::as_str)
    )
    .rows(connection)?;
    let mut grants = Vec::with_capacity(rows.len());
    for mut row in rows {
        grants.extend(Grant::load(connection, row.id()?)?);
    }
    Ok(grants)
}

/// The grant by that number.
pub(crate) fn by_number(connection: &mut dyn Session, number: GrantNumber) -> Result<Option<Grant>, Failure> {
    let found = sql!("SELECT id FROM grant_held WHERE number = ?", number.get());
    match found.row(connection)? {
        Some(mut row) => Grant::load(connection, row.id()?),
        None => Ok(None),
    }
}
