//! Grants in their table.

use std::sync::Arc;

use countersign_core::bundle::Key;
use countersign_core::catalog::{EntityKey, EntityType};
use countersign_core::event::StreamKind;
use countersign_core::grant::{Grant, GrantStatus};
use countersign_core::ids::UserId;
use countersign_core::repository::{NumberSpace, Result};
use uuid::Uuid;

use crate::aggregate::Aggregate;
use crate::link::Link;
use crate::table::Table;
use crate::tabled::Tabled;
use crate::tables::Tables;

impl Aggregate for Grant {
    const STREAM: StreamKind = StreamKind::Grant;

    fn id(&self) -> Uuid {
        self.id.as_uuid()
    }

    /// Nobody has a role twice at a time, nor an entitlement twice in one account.
    fn claims(&self) -> Vec<Key> {
        let mut keys = vec![Key::Grant(self.id.as_uuid()), Key::GrantNumber(self.number)];
        let once = matches!(self.entity_type, EntityType::Role | EntityType::Entitlement);
        if once && self.status == GrantStatus::Active {
            let user = self.user.as_uuid();
            keys.push(Key::Held(user, self.entity_type, self.entity_key.clone(), self.account));
        }
        keys
    }

    fn references(&self) -> Vec<Key> {
        let account = self.account.map(Key::GrantNumber);
        std::iter::once(Key::User(self.user.as_uuid())).chain(account).collect()
    }

    fn links(&self) -> Vec<Link> {
        let mut links = vec![Link::Owner(self.user)];
        links.extend(self.account.map(Link::Account));
        if matches!(self.status, GrantStatus::Active | GrantStatus::Disabled) {
            links.extend(self.end.map(|end| Link::Ends(Some(end))));
        }
        links
    }

    fn number(&self) -> Option<(NumberSpace, i64)> {
        Some((NumberSpace::Grants, self.number.get()))
    }
}

impl Tabled for Grant {
    fn table(tables: &Tables) -> &Table<Self> {
        &tables.grants
    }

    fn table_mut(tables: &mut Tables) -> &mut Table<Self> {
        &mut tables.grants
    }
}

/// What `user` has or had, oldest first.
pub(crate) fn grants_of(
    tables: &Tables,
    user: UserId,
    entity_type: Option<EntityType>,
    key: Option<&EntityKey>,
) -> Result<Vec<Grant>> {
    let grants = tables.grants.all_linked(Link::Owner(user)).map(|grant| grant.map(Arc::unwrap_or_clone));
    let mut grants = grants.collect::<Result<Vec<_>>>()?;
    grants.retain(|grant| entity_type.is_none_or(|wanted| grant.entity_type == wanted));
    grants.retain(|grant| key.is_none_or(|wanted| grant.entity_key == *wanted));
    grants.sort_by_key(|grant| (grant.start, grant.number));
    Ok(grants)
}
