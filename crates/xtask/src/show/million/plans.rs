//! The plans of the statements that the adapter really prepares.

use std::collections::BTreeSet;
use std::path::Path;

use crate::seed;
use anyhow::{Context as _, ensure};
use countersign_core::access::ListClass;
use countersign_core::clock::{Clock, SystemClock};
use countersign_core::repository::{Order, Repository, RequestList, Start};
use countersign_storage_sqlite::{SqliteOptions, StatementLog};
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;
use serde_json::{Map, Value, json};

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

#[derive(QueryableByName)]
struct Table {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Reads by id and the first page of a list, for somebody who sees everything and for somebody
/// who sees little. Every table that their statements touch must be reached by an index.
pub(super) fn by_index(database: &Path, requests: u64) -> anyhow::Result<Value> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut connection = SqliteConnection::establish(database.to_str().context("a UTF-8 path")?)?;
    let tables: Vec<Table> =
        diesel::sql_query("SELECT name FROM sqlite_master WHERE type = 'table'").load(&mut connection)?;
    let tables: BTreeSet<_> = tables.into_iter().map(|table| table.name).collect();
    let mut figures = Map::new();
    for read in [Read::ById, Read::FirstPage] {
        let statements = runtime.block_on(read.statements(database, requests))?;
        ensure!(!statements.is_empty(), "{read:?}: no statement was captured");
        let mut steps = Vec::new();
        for statement in &statements {
            steps.extend(plan(&mut connection, statement, &tables)?);
        }
        ensure!(steps.iter().any(|step| step.starts_with("SEARCH")), "{read:?} searches nothing: {steps:?}");
        figures.insert(read.name().to_owned(), json!({ "statements": statements.len(), "steps": steps }));
    }
    Ok(figures.into())
}

/// The steps of a statement's plan, none of which reads a whole table or a whole index.
fn plan(connection: &mut SqliteConnection, statement: &str, tables: &BTreeSet<String>) -> anyhow::Result<Vec<String>> {
    let steps: Vec<Step> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {statement}"))
        .load(connection)
        .with_context(|| statement.to_owned())?;
    let steps: Vec<_> = steps.into_iter().map(|step| step.detail).collect();
    for step in &steps {
        let scanned = step
            .strip_prefix("SCAN ")
            .filter(|rest| !rest.contains("CONSTANT ROW"))
            .map(|rest| rest.split(' ').next().unwrap_or(rest));
        // An alias hides its table, so whatever is scanned and is not known to be the statement's own is refused.
        let own = scanned.is_none_or(|name| !tables.contains(name) && is_own(statement, name));
        ensure!(own, "{step}\nis a step of\n{statement}\n{steps:#?}");
    }
    Ok(steps)
}

/// Whether `name` is a common table expression of the statement, a list that is bound to it, or a table that it makes
/// itself.
fn is_own(statement: &str, name: &str) -> bool {
    let (statement, name) = (statement.to_lowercase(), name.to_lowercase());
    let common = statement.match_indices(&name).any(|(at, _)| {
        let whole = !statement[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let rest = statement[at + name.len()..].trim_start();
        let rest = rest.strip_prefix('(').and_then(|columns| columns.split_once(')')).map_or(rest, |(_, rest)| rest);
        whole && rest.trim_start().starts_with("as (")
    });
    let bound = statement.contains(&format!("json_each(?) as {name}"));
    common || bound || name.starts_with("json_each") || name.starts_with("(subquery")
}

/// What is read.
#[derive(Clone, Copy, Debug)]
enum Read {
    ById,
    FirstPage,
}

impl Read {
    const fn name(self) -> &'static str {
        match self {
            Self::ById => "by_id",
            Self::FirstPage => "first_page",
        }
    }

    /// The statements that this read prepares on a fresh repository.
    async fn statements(self, database: &Path, requests: u64) -> anyhow::Result<Vec<String>> {
        let log = StatementLog::default();
        let mut options = SqliteOptions::new(database);
        options.statements = Some(log.clone());
        let repository = countersign_storage_sqlite::open(&options)?;
        match self {
            Self::ById => {
                let found =
                    repository.request(seed::request_id(requests / 2)).await?.context("the request in the middle")?;
                let number = found.document.request()?.number;
                ensure!(repository.request_by_number(number).await?.is_some(), "request {number} is not found");
            }
            Self::FirstPage => {
                for (login, seen) in [(super::AUDITOR, requests.min(50)), (super::READER, super::OWN)] {
                    let caller = repository.identity(login, SystemClock.now()).await?.context("a login")?.caller;
                    for statuses in [None, Some(countersign_core::request::RequestStatus::ALL[1..].to_vec())] {
                        let principals = caller.principals.clone();
                        let list = RequestList {
                            principals,
                            through_reports: None,
                            classes: ListClass::MIM_ALL,
                            statuses,
                            filter: None,
                            order: Order::NewestFirst,
                            reader: None,
                        };
                        let page = repository.requests(&list, Start::Offset(0), 50).await?;
                        ensure!(page.items.len() as u64 == seen, "{login} sees {} on page one", page.items.len());
                    }
                }
            }
        }
        Ok(log.seen().into_iter().filter(|statement| is_query(statement)).collect())
    }
}

fn is_query(statement: &str) -> bool {
    let begin = statement.trim_start().get(..6).unwrap_or_default().to_uppercase();
    begin == "SELECT" || begin.starts_with("WITH")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scan_of_a_table_is_refused_under_any_name() {
        let mut connection = SqliteConnection::establish(":memory:").unwrap();
        diesel::sql_query("CREATE TABLE a (id INTEGER PRIMARY KEY, b TEXT)").execute(&mut connection).unwrap();
        let tables = BTreeSet::from(["a".to_owned()]);
        let mut plan = |statement: &str| plan(&mut connection, statement, &tables);
        assert!(plan("SELECT * FROM a WHERE id = ?").is_ok());
        assert!(plan("WITH c(n) AS (VALUES (1), (2)) SELECT * FROM c").is_ok());
        for scan in [
            "SELECT min (x.b), max (x.b) FROM a x",
            "SELECT * FROM a",
            "SELECT * FROM a x WHERE x.b = ?",
            "SELECT id FROM a WHERE b = 'a' ORDER BY id",
        ] {
            assert!(plan(scan).is_err(), "{scan}");
        }
    }
}
