//! Catalog items in their table.

use std::sync::Arc;

use countersign_core::bundle::Key;
use countersign_core::catalog::CatalogItem;
use countersign_core::event::StreamKind;
use countersign_core::ids::CatalogNumber;
use countersign_core::repository::{NumberSpace, Result};
use uuid::Uuid;

use crate::aggregate::Aggregate;
use crate::link::Link;
use crate::table::Table;
use crate::tabled::Tabled;
use crate::tables::Tables;

impl Aggregate for CatalogItem {
    const STREAM: StreamKind = StreamKind::CatalogItem;

    fn id(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn claims(&self) -> Vec<Key> {
        vec![
            Key::CatalogItem(self.id.as_uuid()),
            Key::CatalogNumber(self.number),
            Key::Entity(self.entity_type, self.entity_key.clone()),
        ]
    }

    fn links(&self) -> Vec<Link> {
        vec![Link::CatalogNumber(Some(self.number))]
    }

    fn number(&self) -> Option<(NumberSpace, i64)> {
        Some((NumberSpace::CatalogItems, self.number.get()))
    }
}

impl Tabled for CatalogItem {
    fn table(tables: &Tables) -> &Table<Self> {
        &tables.catalog_items
    }

    fn table_mut(tables: &mut Tables) -> &mut Table<Self> {
        &mut tables.catalog_items
    }
}

/// At most `limit` items after the given one, by number.
pub(crate) fn page(tables: &Tables, after: Option<CatalogNumber>, limit: usize) -> Result<Vec<CatalogItem>> {
    let items = &tables.catalog_items;
    let found = items.beyond(Link::CatalogNumber(after)).filter_map(|id| items.get(id).transpose());
    found.take(limit).map(|item| item.map(Arc::unwrap_or_clone)).collect()
}
