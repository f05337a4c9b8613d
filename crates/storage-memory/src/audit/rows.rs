//! What belongs to nothing, and what refers to nothing.

use std::collections::BTreeMap;

use countersign_core::audit::Place;
use countersign_core::catalog::CatalogItem;
use countersign_core::directory::{Group, User};
use countersign_core::error::RepositoryError;
use countersign_core::grant::Grant;
use countersign_core::profile::{Profile, Smartcard};
use countersign_core::repository::Result;
use countersign_core::request::Request;
use countersign_core::rule::{ApprovalRule, RequestRule};
use countersign_core::template::ProfileTemplate;
use countersign_core::webhook::Webhook;
use uuid::Uuid;

use super::Audit;
use crate::aggregate::Aggregate;
use crate::table::Table;
use crate::tabled::Tabled;

impl Audit<'_> {
    pub(super) fn rows(&mut self) -> Result<()> {
        let tables = self.tables;
        self.progress.begin("looking for what belongs to nothing", None);
        self.strays("credentials", tables.credentials.keys().map(|user| user.as_uuid()), &tables.users);
        self.strays(
            "webhook_secrets",
            tables.webhook_secrets.keys().map(|webhook| webhook.as_uuid()),
            &tables.webhooks,
        );
        self.strays("deliveries", tables.deliveries.keys().map(|webhook| webhook.as_uuid()), &tables.webhooks);
        self.references::<User>()?;
        self.references::<Group>()?;
        self.references::<ProfileTemplate>()?;
        self.references::<CatalogItem>()?;
        self.references::<ApprovalRule>()?;
        self.references::<RequestRule>()?;
        self.references::<Profile>()?;
        self.references::<Smartcard>()?;
        self.references::<Request>()?;
        self.references::<Grant>()?;
        self.references::<Webhook>()
    }

    /// Notes what belongs to something of `owners` that is not there.
    fn strays<T: Aggregate>(&mut self, table: &str, rows: impl Iterator<Item = Uuid>, owners: &Table<T>) {
        let strays = rows.filter(|owner| !owners.has(*owner)).count();
        if strays > 0 {
            self.report.note(Place::Table(table.to_owned()), format!("{strays} of its rows belong to nothing"));
        }
    }

    /// Notes what aggregates of one kind refer to and is not there. Those that cannot be read were named.
    fn references<T: Tabled>(&mut self) -> Result<()> {
        let mut missing = BTreeMap::new();
        for state in T::table(self.tables).all() {
            let state = match state {
                Err(RepositoryError::Damaged(_)) => continue,
                state => state?,
            };
            for key in state.references().into_iter().filter(|key| self.tables.owner(key).is_none()) {
                *missing.entry(key.to_string()).or_insert(0) += 1;
            }
        }
        for (key, count) in missing {
            let detail = format!("{count} times {key} is referred to, which is not there");
            self.report.note(Place::Table(T::STREAM.name().to_owned()), detail);
        }
        Ok(())
    }
}
