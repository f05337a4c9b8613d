//! Profiles and smart cards in their tables.

use countersign_core::ids::{ProfileId, Revision, SmartcardId, TemplateId, UserId};
use countersign_core::profile::{Profile, ProfileStatus, Smartcard, SmartcardStatus};
use countersign_core::request::RequestStatus;
use countersign_core::template::CertificateOperation;
use diesel::sqlite::SqliteConnection;

use crate::error::Failure;
use crate::sql::sql;

pub(crate) fn load_profile(connection: &mut SqliteConnection, id: ProfileId) -> Result<Option<Profile>, Failure> {
    let found = sql!(
        "SELECT smartcard_id, status, flags, parent_id, primary_id, assigned_user_id, template_id, template_version, \
         comment, created_at, revision FROM profile WHERE id = ?",
        id.as_uuid()
    );
    let Some(mut row) = found.row(connection)? else { return Ok(None) };
    Ok(Some(Profile {
        id,
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

pub(crate) fn profiles_of(
    connection: &mut SqliteConnection,
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
        profiles.extend(load_profile(connection, row.id()?)?);
    }
    Ok(profiles)
}

pub(crate) fn open_operations(
    connection: &mut SqliteConnection,
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

pub(crate) fn insert_profile(connection: &mut SqliteConnection, profile: &Profile) -> Result<(), Failure> {
    sql!(
        "INSERT INTO profile (id, smartcard_id, status, flags, parent_id, primary_id, assigned_user_id, template_id, \
         template_version, comment, created_at, revision) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        profile.id.as_uuid(),
        profile.smartcard.map(SmartcardId::as_uuid),
        profile.status.code(),
        profile.flags,
        profile.parent.map(ProfileId::as_uuid),
        profile.primary.map(ProfileId::as_uuid),
        profile.assigned_user.as_uuid(),
        TemplateId::as_uuid(profile.template),
        profile.template_version,
        profile.comment.as_str(),
        profile.created,
        profile.revision.0
    )
    .run(connection)?;
    Ok(())
}

pub(crate) fn load_smartcard(connection: &mut SqliteConnection, id: SmartcardId) -> Result<Option<Smartcard>, Failure> {
    let found = sql!(
        "SELECT status, flags, parent_id, primary_id, permanent_id, assigned_user_id, template_id, template_version, \
         comment, serial_number, middleware, atr, created_at, revision FROM smartcard WHERE id = ?",
        id.as_uuid()
    );
    let Some(mut row) = found.row(connection)? else { return Ok(None) };
    Ok(Some(Smartcard {
        id,
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

pub(crate) fn insert_smartcard(connection: &mut SqliteConnection, card: &Smartcard) -> Result<(), Failure> {
    sql!(
        "INSERT INTO smartcard (id, status, flags, parent_id, primary_id, permanent_id, assigned_user_id, template_id, \
         template_version, comment, serial_number, middleware, atr, created_at, revision) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        card.id.as_uuid(),
        card.status.code(),
        card.flags,
        card.parent.map(SmartcardId::as_uuid),
        card.primary.map(SmartcardId::as_uuid),
        card.permanent.map(SmartcardId::as_uuid),
        card.assigned_user.as_uuid(),
        card.template.as_uuid(),
        card.template_version,
        card.comment.as_str(),
        card.serial_number.as_str(),
        card.middleware.as_str(),
        card.atr.as_str(),
        card.created,
        card.revision.0
    )
    .run(connection)?;
    Ok(())
}
