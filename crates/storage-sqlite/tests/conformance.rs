//! The conformance suite on SQLite.

#![allow(clippy::unwrap_used, reason = "a failed step fails the case")]

mod tampering;

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use countersign_core::ids::{GroupId, RequestId, UserId};
use countersign_core::repository::{Derived, Repository};
use countersign_storage_conformance::{Column, Fixture, LeftOut, Tampering, conformance_tests};
use countersign_storage_sqlite::{LEFT_OUT, SqliteOptions, SqliteRepository};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;
use tempfile::TempDir;
use uuid::Uuid;

static REASONS: LazyLock<Vec<LeftOut>> =
    LazyLock::new(|| LEFT_OUT.iter().map(|(table, column, reason)| LeftOut { table, column, reason }).collect());

struct SqliteFixture {
    folder: TempDir,
    repository: SqliteRepository,
}

#[derive(QueryableByName)]
struct Quoted {
    #[diesel(sql_type = Text)]
    value: String,
}

impl SqliteFixture {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let repository = countersign_storage_sqlite::open(&SqliteOptions::new(folder.path().join("test.db"))).unwrap();
        repository.migrate().await.unwrap();
        Self { folder, repository }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("test.db")
    }

    fn outside(&self) -> SqliteConnection {
        let mut connection = SqliteConnection::establish(self.path().to_str().unwrap()).unwrap();
        connection.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
        connection
    }
}

#[async_trait]
impl Fixture for SqliteFixture {
    fn repository(&self) -> Arc<dyn Repository> {
        Arc::new(self.repository.clone())
    }

    async fn second(&self) -> Arc<dyn Repository> {
        Arc::new(countersign_storage_sqlite::open(&SqliteOptions::new(self.path())).unwrap())
    }

    async fn another(&self) -> Box<dyn Fixture> {
        Box::new(Self::new().await)
    }

    async fn bare(&self) -> Arc<dyn Repository> {
        let path = self.folder.path().join("bare.db");
        Arc::new(countersign_storage_sqlite::open(&SqliteOptions::new(path)).unwrap())
    }

    async fn plant(&self, derived: Derived, id: Uuid) {
        let id = id.simple();
        let statement = match derived {
            Derived::Document => {
                format!("UPDATE request_document SET body = CAST('{{}}' AS BLOB) WHERE request_id = x'{id}'")
            }
            Derived::Readers => format!("UPDATE request_document SET acl = substr(acl, 19) WHERE request_id = x'{id}'"),
            Derived::AccessIndex => {
                format!("UPDATE request_access SET class = class % 6 + 1 WHERE request_id = x'{id}'")
            }
            Derived::TaskIndex => format!("UPDATE task_access SET state = state % 8 + 1 WHERE request_id = x'{id}'"),
            Derived::ChildCounts => format!("UPDATE child_count SET open = open + 1 WHERE parent_id = x'{id}'"),
            Derived::Barred => format!(
                "UPDATE task_barred SET user_id = task_id WHERE request_id = x'{id}' AND user_id = ( \
                 SELECT min(b.user_id) FROM task_barred b WHERE b.task_id = task_barred.task_id)"
            ),
            Derived::WakeTime => format!("UPDATE request SET wakes_at = 7 WHERE id = x'{id}'"),
            Derived::Handover => format!("UPDATE app_user SET handover = 1 - handover WHERE id = x'{id}'"),
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
        let (user, from, to) = (user.as_uuid().simple(), from.as_uuid().simple(), to.as_uuid().simple());
        let statement = format!(
            "DELETE FROM group_member WHERE group_id = x'{from}' AND member_id = x'{user}'; \
             INSERT INTO group_member (group_id, ordinal, member_id) \
             SELECT x'{to}', coalesce(max(ordinal), -1) + 1, x'{user}' FROM group_member WHERE group_id = x'{to}'"
        );
        self.outside().batch_execute(&statement).unwrap();
    }

    async fn contents(&self) -> Vec<Column> {
        let columns = self.repository.engine().columns().await.unwrap();
        let mut outside = self.outside();
        let mut contents = Vec::with_capacity(columns.len());
        for (table, column) in columns {
            let statement = format!(
                "SELECT quote(\"{column}\") AS value FROM \"{table}\" WHERE \"{column}\" IS NOT NULL ORDER BY 1"
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
    Box::new(SqliteFixture::new().await)
}

conformance_tests!(fixture);
