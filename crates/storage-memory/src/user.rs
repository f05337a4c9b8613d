//! Users in their table.

use std::sync::Arc;

use countersign_core::bundle::Key;
use countersign_core::directory::User;
use countersign_core::event::StreamKind;
use countersign_core::ids::UserNumber;
use countersign_core::repository::{NumberSpace, Result};
use uuid::Uuid;

use crate::aggregate::Aggregate;
use crate::link::Link;
use crate::table::Table;
use crate::tabled::Tabled;
use crate::tables::Tables;

impl Aggregate for User {
    const STREAM: StreamKind = StreamKind::User;

    fn id(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn claims(&self) -> Vec<Key> {
        let id = self.id.as_uuid();
        vec![Key::Principal(id), Key::User(id), Key::UserNumber(self.number), Key::Login(self.login.folded())]
    }

    fn references(&self) -> Vec<Key> {
        let people = self.manager.into_iter().chain(self.proxies.iter().map(|proxy| proxy.user));
        let principals = self.stand_in.into_iter().chain(self.rights.iter().map(|right| right.subject));
        let mut keys: Vec<_> = people.map(|user| Key::User(user.as_uuid())).collect();
        keys.extend(principals.map(|principal| Key::Principal(principal.as_uuid())));
        keys
    }

    fn links(&self) -> Vec<Link> {
        let mut links: Vec<_> = self.manager.map(Link::Manager).into_iter().collect();
        links.extend(self.proxies.iter().map(|proxy| Link::Proxy(proxy.user)));
        links
    }

    fn number(&self) -> Option<(NumberSpace, i64)> {
        Some((NumberSpace::Users, self.number.get()))
    }
}

impl Tabled for User {
    fn table(tables: &Tables) -> &Table<Self> {
        &tables.users
    }

    fn table_mut(tables: &mut Tables) -> &mut Table<Self> {
        &mut tables.users
    }
}

/// The users among `numbers` that exist.
pub(crate) fn by_number(tables: &Tables, numbers: &[UserNumber]) -> Result<Vec<User>> {
    let found = numbers.iter().filter_map(|number| tables.users.by_key(&Key::UserNumber(*number)).transpose());
    found.map(|user| user.map(Arc::unwrap_or_clone)).collect()
}
