//! Smart cards in their table.

use countersign_core::bundle::Key;
use countersign_core::event::StreamKind;
use countersign_core::profile::Smartcard;
use uuid::Uuid;

use crate::aggregate::Aggregate;
use crate::table::Table;
use crate::tabled::Tabled;
use crate::tables::Tables;

impl Aggregate for Smartcard {
    const STREAM: StreamKind = StreamKind::Smartcard;

    fn id(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn claims(&self) -> Vec<Key> {
        vec![Key::Smartcard(self.id.as_uuid())]
    }

    fn references(&self) -> Vec<Key> {
        vec![Key::User(self.assigned_user.as_uuid()), Key::Template(self.template.as_uuid())]
    }
}

impl Tabled for Smartcard {
    fn table(tables: &Tables) -> &Table<Self> {
        &tables.smartcards
    }

    fn table_mut(tables: &mut Tables) -> &mut Table<Self> {
        &mut tables.smartcards
    }
}
