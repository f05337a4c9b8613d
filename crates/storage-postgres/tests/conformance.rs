//! The conformance suite on PostgreSQL.

#![allow(clippy::unwrap_used, reason = "a failed step fails the case")]

mod tampering;

use std::sync::{Arc, LazyLock, OnceLock};

use async_trait::async_trait;
use countersign_core::ids::{GroupId, RequestId, UserId};
use countersign_core::repository::{Derived, Repository};
use countersign_storage_conformance::{Column, Fixture, LeftOut, Tampering, conformance_tests};
use countersign_storage_postgres::{LEFT_OUT, PostgresOptions, PostgresRepository};
use countersign_test_postgres::Database;
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use uuid::Uuid;

static REASONS: LazyLock<Vec<LeftOut>> =
    LazyLock::new(|| LEFT_OUT.iter().map(|(table, column, reason)| LeftOut { table, column, reason }).collect());

struct PostgresFixture {
    repository: PostgresRepository,
    /// Goes after everybody who is connected to it.
    database: Database,
    /// Made when it is asked for.
    bare: OnceLock<Database>,
}

#[derive(QueryableByName)]
struct Quoted {
    #[diesel(sql_type = Text)]
    value: String,
}

fn open(database: &Database) -> PostgresRepository {
    countersign_storage_postgres::open(&PostgresOptions::new(database.url())).unwrap()
}

impl PostgresFixture {
    async fn new() -> Self {
        let database = Database::new();
        let repository = open(&database);
        repository.migrate().await.unwrap();
        Self { repository, database, bare: OnceLock::new() }
    }

    fn outside(&self) -> PgConnection {
        PgConnection::establish(&self.database.url()).unwrap()
    }
}

#[async_trait]
impl Fixture for PostgresFixture {
    fn repository(&self) -> Arc<dyn Repository> {
        Arc::new(self.repository.clone())
    }

    async fn second(&self) -> Arc<dyn Repository> {
        Arc::new(open(&self.database))
    }

    async fn another(&self) -> Box<dyn Fixture> {
        Box::new(Self::new().await)
    }

    async fn bare(&self) -> Arc<dyn Repository> {
        Arc::new(open(self.bare.get_or_init(Database::new)))
    }

    async fn plant(&self, derived: Derived, id: Uuid) {
        let statement = match derived {
            Derived::Document => {
                format!("UPDATE request_document SET body = '{{}}'::BYTEA WHERE request_id = '{id}'")
            }
            Derived::Readers => format!("UPDATE request_document SET acl = substr(acl, 19) WHERE request_id = '{id}'"),
            Derived::AccessIndex => {
                format!("UPDATE request_access SET class = class % 6 + 1 WHERE request_id = '{id}'")
            }
            Derived::TaskIndex => format!("UPDATE task_access SET state = state % 8 + 1 WHERE request_id = '{id}'"),
            Derived::ChildCounts => format!("UPDATE child_count SET open = open + 1 WHERE parent_id = '{id}'"),
            Derived::Barred => format!(
                "UPDATE task_barred SET user_id = task_id WHERE request_id = '{id}' AND user_id = ( \
                 SELECT b.user_id FROM task_barred b WHERE b.task_id = task_barred.task_id ORDER BY 1 LIMIT 1)"
            ),
            Derived::WakeTime => format!("UPDATE request SET wakes_at = 7 WHERE id = '{id}'"),
            Derived::Handover => format!("UPDATE app_user SET handover = 1 - handover WHERE id = '{id}'"),
        };
        self.outside().batch_execute(&statement).unwrap();
    }

    async fn tamper(&self, tampering: Tampering, request: RequestId) {
        let statements = tampering::statements(tampering, request);
        self.outside().batch_execute(&statements).unwrap();
    }

    fn stray(&self) -> &'static str {
        "vote"
    }

    async fn move_member(&self, user: UserId, from: GroupId, to: GroupId) {
        let (user, from, to) = (user.as_uuid(), from.as_uuid(), to.as_uuid());
        let statement = format!(
            "DELETE FROM group_member WHERE group_id = '{from}' AND member_id = '{user}'; \
             INSERT INTO group_member (group_id, ordinal, member_id) \
             SELECT '{to}'::UUID, coalesce(max(ordinal), -1) + 1, '{user}'::UUID FROM group_member WHERE group_id = '{to}'"
        );
        self.outside().batch_execute(&statement).unwrap();
    }

    async fn contents(&self) -> Vec<Column> {
        let columns = self.repository.engine().columns().await.unwrap();
        let mut outside = self.outside();
        let mut contents = Vec::with_capacity(columns.len());
        for (table, column) in columns {
            let statement = format!(
                "SELECT \"{column}\"::TEXT AS value FROM \"{table}\" WHERE \"{column}\" IS NOT NULL ORDER BY 1"
            );
            let rows: Vec<Quoted> = diesel::sql_query(statement).load(&mut outside).unwrap();
            contents.push(Column { table, column, values: rows.into_iter().map(|row| row.value).collect() });
        }
        contents
    }

    fn left_out(&self) -> &'static [LeftOut] {
        &REASONS
    }
}

async fn fixture() -> Box<dyn Fixture> {
    Box::new(PostgresFixture::new().await)
}

conformance_tests!(fixture);
