//! Profiles in their table.

use countersign_core::event::StreamKind;
use countersign_core::ids::{ProfileId, Revision, SmartcardId, UserId};
use countersign_core::profile::{Profile, ProfileStatus};
use countersign_core::request::RequestStatus;
use countersign_core::template::CertificateOperation;
use uuid::Uuid;

use crate::aggregate::Aggregate;
use crate::error::Failure;
use crate::session::Session;
use crate::sql::sql;

impl Aggregate for Profile {
    const STREAM: StreamKind = StreamKind::Profile;

    fn key(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn load(connection: &mut dyn Session, id: Uuid) -> Result<Option<Self>, Failure> {
        let found = sql!(
            "SELECT smartcard_id, status, flags, parent_id, primary_id, assigned_user_id, template_id, \
             template_version, comment, created_at, revision FROM profile WHERE id = ?",
            id
        );
        let Some(mut row) = found.row(connection)? else { return Ok(None) };
        Ok(Some(Self {
            id: id.into(),
            smartcard: row.maybe_id()?,
            status: row.code(ProfileStatus::from_code)?,
            flags: row.number()?,
            parent: row.maybe_id()?,
            primary: row.maybe_id()?,
            assigned_user: row.id()?,
            template: row.id()?,
            template_version: row.number()?,
            comment: row.text()?,
            created: row.time()?,
            revision: Revision(row.int()?),
        }))
    }

    fn insert(&self, connection: &mut dyn Session) -> Result<(), Failure> {
        sql!(
            "INSERT INTO profile (id, smartcard_id, status, flags, parent_id, primary_id, assigned_user_id, \
             template_id, template_version, comment, created_at, revision) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            self.key(),
            self.smartcard.map(SmartcardId::as_uuid),
            self.status.code(),
            self.flags,
            self.parent.map(ProfileId::as_uuid),
            self.primary.map(ProfileId::as_uuid),
            self.assigned_user.as_uuid(),
            self.template.as_uuid(),
            self.template_version,
            self.comment.as_str(),
            self.created,
            self.revision.0
        )
        .run(connection)?;
        Ok(())
    }

    fn update(&self, connection: &mut dyn Session, expected: Revision) -> Result<bool, Failure> {
        let changed = sql!(
            "UPDATE profile SET smartcard_id = ?, status = ?, flags = ?, parent_id = ?, primary_id = ?, \
             assigned_user_id = ?, template_id = ?, template_version = ?, comment = ?, created_at = ?, revision = ? \
             WHERE id = ? AND revision = ?",
            self.smartcard.map(SmartcardId::as_uuid),
            self.status.code(),
            self.flags,
            self.parent.map(ProfileId::as_uuid),
            self.primary.map(ProfileId::as_uuid),
            self.assigned_user.as_uuid(),
            self.template.as_uuid(),
            self.template_version,
            self.comment.as_str(),
            self.created,
            self.revision.0,
            self.key(),
            expected.0
        )
        .run(connection)?;
        Ok(changed > 0)
    }
}

/// The profile that lies on the card: the one in use, or else the newest.
pub(crate) fn of_card(connection: &mut dyn Session, card: SmartcardId) -> Result<Option<Profile>, Failure> {
    let found = sql!(
        "SELECT id FROM profile WHERE smartcard_id = ? ORDER BY status = ? DESC, created_at DESC, id DESC LIMIT 1",
        card.as_uuid(),
        ProfileStatus::Active.code()
    );
    match found.row(connection)? {
        Some(mut row) => Profile::load(connection, row.id()?),
        None => Ok(None),
    }
}

pub(crate) fn profiles_of(
    connection: &mut dyn Session,
    user: UserId,
    status: Option<ProfileStatus>,
) -> Result<Vec<Profile>, Failure> {
    let rows = sql!(
        "SELECT id FROM profile WHERE assigned_user_id = ? AND smartcard_id IS NULL AND status = coalesce(?, status) \
         ORDER BY created_at, id",
        user.as_uuid(),
        status.map(ProfileStatus::code)
    )
    .rows(connection)?;
    let mut profiles = Vec::with_capacity(rows.len());
    for mut row in rows {
        profiles.extend(Profile::load(connection, row.id()?)?);
    }
    Ok(profiles)
}

pub(crate) fn open_operations(
    connection: &mut dyn Session,
    profiles: &[ProfileId],
) -> Result<Vec<(ProfileId, CertificateOperation)>, Failure> {
    let mut open = Vec::new();
    for profile in profiles {
        let rows = sql!(
            "SELECT r.operation FROM (SELECT request_id FROM request_certificate WHERE old_profile_id = ? \
             UNION SELECT c.request_id FROM profile p JOIN request_certificate c \
             ON c.old_smartcard_id = p.smartcard_id WHERE p.id = ?) c \
             JOIN request r ON r.id = c.request_id WHERE r.status BETWEEN ? AND ?",
            profile.as_uuid(),
            profile.as_uuid(),
            RequestStatus::Submitted.code(),
            RequestStatus::Executing.code()
        )
        .rows(connection)?;
        for mut row in rows {
            open.push((*profile, row.code(CertificateOperation::from_code)?));
        }
    }
    Ok(open)
}
