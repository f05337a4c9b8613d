//! Catalog items in their table.

use countersign_core::catalog::{CatalogItem, EntityType};
use countersign_core::ids::{CatalogItemId, CatalogNumber, Revision};
use diesel::sqlite::SqliteConnection;

use crate::error::{Failure, damaged};
use crate::sql::sql;

pub(crate) fn load_item(connection: &mut SqliteConnection, id: CatalogItemId) -> Result<Option<CatalogItem>, Failure> {
    let found = sql!(
        "SELECT number, entity_type, entity_key, name, description, requestable, revision FROM catalog_item WHERE id = ?",
        id.as_uuid()
    );
    let Some(mut row) = found.row(connection)? else { return Ok(None) };
    Ok(Some(CatalogItem {
        id,
        number: CatalogNumber::try_from(row.int()?).map_err(|error| damaged(error.to_string()))?,
        entity_type: row.code(EntityType::from_code)?,
        entity_key: row.parsed()?,
        name: row.text()?,
        description: row.text()?,
        requestable: row.flag()?,
        revision: Revision(row.int()?),
    }))
}

pub(crate) fn insert_item(connection: &mut SqliteConnection, item: &CatalogItem) -> Result<(), Failure> {
    sql!(
        "INSERT INTO catalog_item (id, number, entity_type, entity_key, name, description, requestable, revision) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        item.id.as_uuid(),
        item.number.get(),
        item.entity_type.code(),
        item.entity_key.as_str(),
        item.name.as_str(),
        item.description.as_str(),
        item.requestable,
        item.revision.0
    )
    .run(connection)?;
    Ok(())
}
