//! Smart cards in their table.

use countersign_core::event::StreamKind;
use countersign_core::ids::{Revision, SmartcardId};
use countersign_core::profile::{Smartcard, SmartcardStatus};
use uuid::Uuid;

use crate::aggregate::Aggregate;
use crate::error::Failure;
use crate::session::Session;
use crate::sql::sql;

impl Aggregate for Smartcard {
    const STREAM: StreamKind = StreamKind::Smartcard;

    fn key(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn load(connection: &mut dyn Session, id: Uuid) -> Result<Option<Self>, Failure> {
        let found = sql!(
            "SELECT status, flags, parent_id, primary_id, permanent_id, assigned_user_id, template_id, \
             template_version, comment, serial_number, middleware, atr, created_at, revision FROM smartcard WHERE id = ?",
            id
        );
        let Some(mut row) = found.row(connection)? else { return Ok(None) };
        Ok(Some(Self {
            id: id.into(),
            status: row.code(SmartcardStatus::from_code)?,
            flags: row.number()?,
            parent: row.maybe_id()?,
            primary: row.maybe_id()?,
            permanent: row.maybe_id()?,
            assigned_user: row.id()?,
            template: row.id()?,
            template_version: row.number()?,
            comment: row.text()?,
            serial_number: row.text()?,
            middleware: row.text()?,
            atr: row.text()?,
            created: row.time()?,
            revision: Revision(row.int()?),
        }))
    }

    fn insert(&self, connection: &mut dyn Session) -> Result<(), Failure> {
        sql!(
            "INSERT INTO smartcard (id, status, flags, parent_id, primary_id, permanent_id, assigned_user_id, \
             template_id, template_version, comment, serial_number, middleware, atr, created_at, revision) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            self.key(),
            self.status.code(),
            self.flags,
            self.parent.map(SmartcardId::as_uuid),
            self.primary.map(SmartcardId::as_uuid),
            self.permanent.map(SmartcardId::as_uuid),
            self.assigned_user.as_uuid(),
            self.template.as_uuid(),
            self.template_version,
            self.comment.as_str(),
            self.serial_number.as_str(),
            self.middleware.as_str(),
            self.atr.as_str(),
            self.created,
            self.revision.0
        )
        .run(connection)?;
        Ok(())
    }

    fn update(&self, connection: &mut dyn Session, expected: Revision) -> Result<bool, Failure> {
        let changed = sql!(
            "UPDATE smartcard SET status = ?, flags = ?, parent_id = ?, primary_id = ?, permanent_id = ?, \
             assigned_user_id = ?, template_id = ?, template_version = ?, comment = ?, serial_number = ?, \
             middleware = ?, atr = ?, created_at = ?, revision = ? WHERE id = ? AND revision = ?",
            self.status.code(),
            self.flags,
            self.parent.map(SmartcardId::as_uuid),
            self.primary.map(SmartcardId::as_uuid),
            self.permanent.map(SmartcardId::as_uuid),
            self.assigned_user.as_uuid(),
            self.template.as_uuid(),
            self.template_version,
            self.comment.as_str(),
            self.serial_number.as_str(),
            self.middleware.as_str(),
            self.atr.as_str(),
            self.created,
            self.revision.0,
            self.key(),
            expected.0
        )
        .run(connection)?;
        Ok(changed > 0)
    }
}
