//! Profile templates in their table.

use std::sync::Arc;

use countersign_core::bundle::Key;
use countersign_core::event::StreamKind;
use countersign_core::ids::{PrincipalId, TemplateId};
use countersign_core::repository::Result;
use countersign_core::template::{Audience, ProfileTemplate};
use uuid::Uuid;

use crate::aggregate::Aggregate;
use crate::table::Table;
use crate::tabled::Tabled;
use crate::tables::Tables;

/// Those whom an audience names.
pub(crate) fn named(audience: &Audience) -> &[PrincipalId] {
    match audience {
        Audience::Everyone => &[],
        Audience::Principals(list) => list,
    }
}

impl Aggregate for ProfileTemplate {
    const STREAM: StreamKind = StreamKind::Template;

    fn id(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn claims(&self) -> Vec<Key> {
        vec![Key::Template(self.id.as_uuid())]
    }

    fn references(&self) -> Vec<Key> {
        let policies = self.policies.iter().flat_map(|policy| policy.lists()).flat_map(|(_, list)| list);
        let audiences = named(&self.readers).iter().chain(named(&self.enrollers));
        audiences.chain(policies).map(|principal| Key::Principal(principal.as_uuid())).collect()
    }
}

impl Tabled for ProfileTemplate {
    fn table(tables: &Tables) -> &Table<Self> {
        &tables.templates
    }

    fn table_mut(tables: &mut Tables) -> &mut Table<Self> {
        &mut tables.templates
    }
}

/// The templates among `ids` that exist.
pub(crate) fn by_ids(tables: &Tables, ids: &[TemplateId]) -> Result<Vec<ProfileTemplate>> {
    let found = ids.iter().filter_map(|id| tables.templates.get(id.as_uuid()).transpose());
    found.map(|template| template.map(Arc::unwrap_or_clone)).collect()
}

/// At most `limit` templates after the given one, by id.
pub(crate) fn page(tables: &Tables, after: Option<TemplateId>, limit: usize) -> Result<Vec<ProfileTemplate>> {
    let found = tables.templates.after(after.map(TemplateId::as_uuid)).take(limit);
    found.map(|template| template.map(Arc::unwrap_or_clone)).collect()
}
