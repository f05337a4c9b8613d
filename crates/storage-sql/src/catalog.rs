//! Catalog items in their table.

use countersign_core::catalog::{CatalogItem, EntityKey, EntityType, FulfilmentMethod};
use countersign_core::event::StreamKind;
use countersign_core::ids::{CatalogNumber, Revision};
use uuid::Uuid;

use crate::aggregate::Aggregate;
use crate::error::{Failure, damaged};
use crate::number;
use crate::session::Session;
use crate::sql::{Row, sql};

impl Aggregate for CatalogItem {
    const STREAM: StreamKind = StreamKind::CatalogItem;

    fn key(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn number(&self) -> Option<(i64, i64)> {
        Some((number::CATALOG_ITEMS, self.number.get()))
    }

    fn load(connection: &mut dyn Session, id: Uuid) -> Result<Option<Self>, Failure> {
        let found = sql!(
            "SELECT id, number, entity_type, entity_key, name, description, application, fulfilment, requestable, \
             revision FROM catalog_item WHERE id = ?",
            id
        );
        found.row(connection)?.map(read).transpose()
    }

    fn insert(&self, connection: &mut dyn Session) -> Result<(), Failure> {
        sql!(
            "INSERT INTO catalog_item (id, number, entity_type, entity_key, name, description, application, \
             fulfilment, requestable, revision) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            self.key(),
            self.number.get(),
            self.entity_type.code(),
            self.entity_key.as_str(),
            self.name.as_str(),
            self.description.as_str(),
            self.application.as_ref().map(EntityKey::as_str),
            self.fulfilment.map(FulfilmentMethod::code),
            self.requestable,
            self.revision.0
        )
        .run(connection)?;
        Ok(())
    }

    fn update(&self, connection: &mut dyn Session, expected: Revision) -> Result<bool, Failure> {
        let changed = sql!(
            "UPDATE catalog_item SET number = ?, entity_type = ?, entity_key = ?, name = ?, description = ?, \
             application = ?, fulfilment = ?, requestable = ?, revision = ? WHERE id = ? AND revision = ?",
            self.number.get(),
            self.entity_type.code(),
            self.entity_key.as_str(),
            self.name.as_str(),
            self.description.as_str(),
            self.application.as_ref().map(EntityKey::as_str),
            self.fulfilment.map(FulfilmentMethod::code),
            self.requestable,
            self.revision.0,
            self.key(),
            expected.0
        )
        .run(connection)?;
        Ok(changed > 0)
    }
}

/// The item by its type and key.
pub(crate) fn by_entity(
    connection: &mut dyn Session,
    entity_type: EntityType,
    key: &EntityKey,
) -> Result<Option<CatalogItem>, Failure> {
    let found = sql!(
        "SELECT id, number, entity_type, entity_key, name, description, application, fulfilment, requestable, revision \
         FROM catalog_item WHERE entity_type = ? AND entity_key = ?",
        entity_type.code(),
        key.as_str()
    );
    found.row(connection)?.map(read).transpose()
}

/// At most `limit` items after the given one, by number.
pub(crate) fn page(
    connection: &mut dyn Session,
    after: Option<CatalogNumber>,
    limit: usize,
) -> Result<Vec<CatalogItem>, Failure> {
    let rows = sql!(
        "SELECT id, number, entity_type, entity_key, name, description, application, fulfilment, requestable, revision \
         FROM catalog_item WHERE number > ? ORDER BY number LIMIT ?",
        after.map_or(0, CatalogNumber::get),
        i64::try_from(limit).unwrap_or(i64::MAX)
    )
    .rows(connection)?;
    rows.into_iter().map(read).collect()
}

fn read(mut row: Row) -> Result<CatalogItem, Failure> {
    Ok(CatalogItem {
        id: row.id()?,
        number: CatalogNumber::try_from(row.int()?).map_err(|error| damaged(error.to_string()))?,
        entity_type: row.code(EntityType::from_code)?,
        entity_key: row.parsed()?,
        name: row.text()?,
        description: row.text()?,
        application: row.maybe_text()?.map(EntityKey::try_from).transpose().map_err(damaged)?,
        fulfilment: row.maybe_code(FulfilmentMethod::from_code)?,
        requestable: row.flag()?,
        revision: Revision(row.int()?),
    })
}
