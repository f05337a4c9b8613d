//! Groups in their tables.

use countersign_core::directory::{Group, GroupPurpose};
use countersign_core::event::StreamKind;
use countersign_core::ids::{PrincipalId, Revision};
use uuid::Uuid;

use crate::aggregate::Aggregate;
use crate::error::Failure;
use crate::session::Session;
use crate::sql::sql;
use crate::user::{delete_rights, insert_rights, load_rights};

/// The kind of a group's principal.
const GROUP: i64 = 2;

impl Aggregate for Group {
    const STREAM: StreamKind = StreamKind::Group;

    fn key(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn claim(&self, connection: &mut dyn Session) -> Result<(), Failure> {
        sql!("INSERT INTO principal (id, kind) VALUES (?, ?)", self.key(), GROUP).run(connection)?;
        Ok(())
    }

    fn load(connection: &mut dyn Session, id: Uuid) -> Result<Option<Self>, Failure> {
        let found = sql!("SELECT name, purpose, revision FROM app_group WHERE id = ?", id);
        let Some(mut row) = found.row(connection)? else { return Ok(None) };
        Ok(Some(Self {
            id: id.into(),
            name: row.text()?,
            purpose: row.maybe_code(GroupPurpose::from_code)?,
            revision: Revision(row.int()?),
            members: load_members(connection, id)?,
            rights: load_rights(connection, id.into())?,
        }))
    }

    fn insert(&self, connection: &mut dyn Session) -> Result<(), Failure> {
        sql!(
            "INSERT INTO app_group (id, name, name_folded, purpose, revision) VALUES (?, ?, ?, ?, ?)",
            self.key(),
            self.name.as_str(),
            self.name.to_lowercase(),
            self.purpose.map(GroupPurpose::code),
            self.revision.0
        )
        .run(connection)?;
        insert_members(connection, self)?;
        insert_rights(connection, self.id.into(), &self.rights)
    }

    fn update(&self, connection: &mut dyn Session, expected: Revision) -> Result<bool, Failure> {
        let changed = sql!(
            "UPDATE app_group SET name = ?, name_folded = ?, purpose = ?, revision = ? WHERE id = ? AND revision = ?",
            self.name.as_str(),
            self.name.to_lowercase(),
            self.purpose.map(GroupPurpose::code),
            self.revision.0,
            self.key(),
            expected.0
        )
        .run(connection)?;
        if changed == 0 {
            return Ok(false);
        }
        // A group may have many members, and a change of its name none of them.
        if load_members(connection, self.key())? != self.members {
            sql!("DELETE FROM group_member WHERE group_id = ?", self.key()).run(connection)?;
            insert_members(connection, self)?;
        }
        delete_rights(connection, self.id.into())?;
        insert_rights(connection, self.id.into(), &self.rights)?;
        Ok(true)
    }
}

/// The group by that name, without regard to case.
pub(crate) fn by_name(connection: &mut dyn Session, name: &str) -> Result<Option<Group>, Failure> {
    let found = sql!("SELECT id FROM app_group WHERE name_folded = ?", name.to_lowercase());
    match found.row(connection)? {
        Some(mut row) => Group::load(connection, row.id()?),
        None => Ok(None),
    }
}

fn load_members(connection: &mut dyn Session, group: Uuid) -> Result<Vec<PrincipalId>, Failure> {
    let rows =
        sql!("SELECT member_id FROM group_member WHERE group_id = ? ORDER BY ordinal", group).rows(connection)?;
    rows.into_iter().map(|mut row| Ok(row.id()?)).collect()
}

fn insert_members(connection: &mut dyn Session, group: &Group) -> Result<(), Failure> {
    for (ordinal, member) in (0_i64..).zip(&group.members) {
        sql!(
            "INSERT INTO group_member (group_id, ordinal, member_id) VALUES (?, ?, ?)",
            group.key(),
            ordinal,
            member.as_uuid()
        )
        .run(connection)?;
    }
    Ok(())
}
