//! Groups in their table.

use countersign_core::bundle::Key;
use countersign_core::directory::Group;
use countersign_core::event::StreamKind;
use uuid::Uuid;

use crate::aggregate::Aggregate;
use crate::link::Link;
use crate::table::Table;
use crate::tabled::Tabled;
use crate::tables::Tables;

impl Aggregate for Group {
    const STREAM: StreamKind = StreamKind::Group;

    fn id(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn claims(&self) -> Vec<Key> {
        let id = self.id.as_uuid();
        let mut keys = vec![Key::Principal(id), Key::Group(id), Key::GroupName(self.name.to_lowercase())];
        keys.extend(self.purpose.map(|_| Key::Administrators));
        keys
    }

    fn references(&self) -> Vec<Key> {
        let subjects = self.rights.iter().map(|right| right.subject);
        self.members.iter().copied().chain(subjects).map(|principal| Key::Principal(principal.as_uuid())).collect()
    }

    fn links(&self) -> Vec<Link> {
        self.members.iter().copied().map(Link::Member).collect()
    }
}

impl Tabled for Group {
    fn table(tables: &Tables) -> &Table<Self> {
        &tables.groups
    }

    fn table_mut(tables: &mut Tables) -> &mut Table<Self> {
        &mut tables.groups
    }
}
