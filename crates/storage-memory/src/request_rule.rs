//! Request rules in their table.

use countersign_core::bundle::Key;
use countersign_core::event::StreamKind;
use countersign_core::rule::{Beneficiaries, RequestRule};
use uuid::Uuid;

use crate::aggregate::Aggregate;
use crate::table::Table;
use crate::tabled::Tabled;
use crate::tables::Tables;
use crate::template;

impl Aggregate for RequestRule {
    const STREAM: StreamKind = StreamKind::RequestRule;

    fn id(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn claims(&self) -> Vec<Key> {
        vec![Key::RequestRule(self.id.as_uuid())]
    }

    fn references(&self) -> Vec<Key> {
        let beneficiaries = match &self.beneficiaries {
            Beneficiaries::Principals(list) => &list[..],
            Beneficiaries::Everyone | Beneficiaries::Reports => &[],
        };
        let named = template::named(&self.requesters).iter().chain(beneficiaries);
        named.map(|principal| Key::Principal(principal.as_uuid())).collect()
    }
}

impl Tabled for RequestRule {
    fn table(tables: &Tables) -> &Table<Self> {
        &tables.request_rules
    }

    fn table_mut(tables: &mut Tables) -> &mut Table<Self> {
        &mut tables.request_rules
    }
}
