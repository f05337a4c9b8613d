//! The keys of a bundle that is being imported, in a temporary table that may spill to disk.

use std::collections::HashMap;

use countersign_core::bundle::Key;
use countersign_core::bundle::KeyIndex;
use countersign_core::error::RepositoryError;
use countersign_core::event::StreamId;
use countersign_core::ids::GrantNumber;
use uuid::Uuid;

use crate::error::Failure;
use crate::session::Session;
use crate::sql::{Statement, sql};

/// How many found keys are remembered: people and templates are asked for again and again.
const REMEMBERED: usize = 4096;

pub(crate) struct Keys<'a> {
    pub(crate) connection: &'a mut dyn Session,
    found: HashMap<Vec<u8>, Uuid>,
}

impl<'a> Keys<'a> {
    /// Begins with no key claimed.
    pub(crate) fn new(connection: &'a mut dyn Session) -> Result<Self, Failure> {
        sql!("DROP TABLE IF EXISTS import_key").run(connection)?;
        sql!("DROP TABLE IF EXISTS import_added").run(connection)?;
        sql!(
            "CREATE TEMP TABLE import_added (stream_kind SMALLINT NOT NULL, stream_id UUID NOT NULL, \
             PRIMARY KEY (stream_kind, stream_id))"
        )
        .run(connection)?;
        sql!(
            "CREATE TEMP TABLE import_key (key BYTEA NOT NULL PRIMARY KEY, owner UUID NOT NULL, place BIGINT NOT NULL)"
        )
        .run(connection)?;
        Ok(Self { connection, found: HashMap::new() })
    }

    /// Whether the bundle itself claims the key.
    pub(crate) fn is_claimed(&mut self, key: &Key) -> Result<bool, Failure> {
        let found = sql!("SELECT 1 FROM import_key WHERE key = ?", key.to_bytes()).row(self.connection)?;
        Ok(found.is_some())
    }

    /// Notes that the import made the stream's aggregate.
    pub(crate) fn note_added(&mut self, stream: StreamId) -> Result<(), Failure> {
        sql!("INSERT INTO import_added (stream_kind, stream_id) VALUES (?, ?)", stream.stream.code(), stream.id)
            .run(self.connection)?;
        Ok(())
    }

    /// Whether the import made the stream's aggregate.
    pub(crate) fn is_added(&mut self, stream: StreamId) -> Result<bool, Failure> {
        let found =
            sql!("SELECT 1 FROM import_added WHERE stream_kind = ? AND stream_id = ?", stream.stream.code(), stream.id);
        Ok(found.row(self.connection)?.is_some())
    }

    /// Where in the bundle the key is claimed; 0 if it is not.
    pub(crate) fn place(&mut self, key: &Key) -> Result<u64, Failure> {
        let row = sql!("SELECT place FROM import_key WHERE key = ?", key.to_bytes()).row(self.connection)?;
        Ok(row.map(|mut row| row.number()).transpose()?.unwrap_or(0))
    }

    /// Forgets everything.
    pub(crate) fn clear(self) -> Result<(), Failure> {
        sql!("DROP TABLE import_key").run(self.connection)?;
        sql!("DROP TABLE import_added").run(self.connection)?;
        Ok(())
    }

    fn owner(&mut self, statement: Statement) -> Result<Option<Uuid>, RepositoryError> {
        statement.row(self.connection)?.map(|mut row| row.id()).transpose()
    }
}

impl KeyIndex for Keys<'_> {
    fn claim(&mut self, key: &Key, owner: Uuid, place: u64) -> Result<Option<u64>, RepositoryError> {
        let bytes = key.to_bytes();
        let place = i64::try_from(place).unwrap_or(i64::MAX);
        let inserted = sql!(
            "INSERT INTO import_key (key, owner, place) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            &bytes[..],
            owner,
            place
        )
        .run(self.connection)?;
        if inserted == 1 {
            return Ok(None);
        }
        let row = sql!("SELECT place FROM import_key WHERE key = ?", bytes).row(self.connection)?;
        row.map(|mut row| row.number()).transpose()
    }

    fn holder(&mut self, key: &Key) -> Result<Option<Uuid>, RepositoryError> {
        let bytes = key.to_bytes();
        if let Some(owner) = self.found.get(&bytes) {
            return Ok(Some(*owner));
        }
        let claimed = self.owner(sql!("SELECT owner FROM import_key WHERE key = ?", &bytes[..]))?;
        let owner = match claimed {
            Some(owner) => Some(owner),
            None => self.stored_holder(key)?,
        };
        if let Some(owner) = owner
            && matches!(key, Key::Principal(_) | Key::User(_) | Key::Template(_))
        {
            if self.found.len() >= REMEMBERED {
                self.found.clear();
            }
            self.found.insert(bytes, owner);
        }
        Ok(owner)
    }

    fn stored_holder(&mut self, key: &Key) -> Result<Option<Uuid>, RepositoryError> {
        let statement = match key {
            Key::Principal(id) => sql!("SELECT id FROM principal WHERE id = ?", *id),
            Key::User(id) => sql!("SELECT id FROM app_user WHERE id = ?", *id),
            Key::Group(id) => sql!("SELECT id FROM app_group WHERE id = ?", *id),
            Key::UserNumber(number) => sql!("SELECT id FROM app_user WHERE number = ?", number.get()),
            Key::Login(folded) => sql!("SELECT id FROM app_user WHERE login_folded = ?", folded.as_str()),
            Key::Credential(id) => sql!("SELECT user_id FROM credential WHERE user_id = ?", *id),
            Key::GroupName(folded) => sql!("SELECT id FROM app_group WHERE name_folded = ?", folded.as_str()),
            Key::Administrators => sql!("SELECT id FROM app_group WHERE purpose = 1"),
            Key::Template(id) => sql!("SELECT id FROM profile_template WHERE id = ?", *id),
            Key::CatalogItem(id) => sql!("SELECT id FROM catalog_item WHERE id = ?", *id),
            Key::CatalogNumber(number) => sql!("SELECT id FROM catalog_item WHERE number = ?", number.get()),
            Key::Entity(kind, key) => {
                sql!("SELECT id FROM catalog_item WHERE entity_type = ? AND entity_key = ?", kind.code(), key.as_str())
            }
            Key::Profile(id) => sql!("SELECT id FROM profile WHERE id = ?", *id),
            Key::Smartcard(id) => sql!("SELECT id FROM smartcard WHERE id = ?", *id),
            Key::Request(id) => sql!("SELECT id FROM request WHERE id = ?", *id),
            Key::RequestNumber(number) => sql!("SELECT id FROM request WHERE number = ?", number.get()),
            Key::Parent(id) => sql!("SELECT id FROM request WHERE id = ? AND has_children = 1", *id),
            Key::Child(parent, ordinal) => {
                sql!("SELECT id FROM request WHERE parent_id = ? AND ordinal = ?", *parent, *ordinal)
            }
            Key::Task(id) => sql!("SELECT request_id FROM approval_task WHERE id = ?", *id),
            Key::ApprovalRule(id) => sql!("SELECT id FROM approval_rule WHERE id = ?", *id),
            Key::RequestRule(id) => sql!("SELECT id FROM request_rule WHERE id = ?", *id),
            Key::Grant(id) => sql!("SELECT id FROM grant_held WHERE id = ?", *id),
            Key::GrantNumber(number) => sql!("SELECT id FROM grant_held WHERE number = ?", number.get()),
            Key::Held(user, kind, key, account) => sql!(
                "SELECT id FROM grant_held WHERE user_id = ? AND entity_type = ? AND entity_key = ? \
                 AND coalesce(account, 0) = ? AND status = 1",
                *user,
                kind.code(),
                key.as_str(),
                account.map_or(0, GrantNumber::get)
            ),
            Key::Webhook(id) => sql!("SELECT id FROM webhook WHERE id = ?", *id),
            Key::WebhookSecret(id) => sql!("SELECT webhook_id FROM webhook_secret WHERE webhook_id = ?", *id),
            // Whether a stream is stored is asked event by event.
            Key::Stream(_) => return Ok(None),
        };
        self.owner(statement)
    }
}
