//! What a filter may spend that no index answers.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use countersign_core::access::ListClass;
use countersign_core::error::RepositoryError;
use countersign_core::filter::{Filter, RequestClause, RequestFilter, StatusMatch, TextMatch, TimeMatch};
use countersign_core::ids::PrincipalId;
use countersign_core::repository::{Order, Repository, RequestList, Start};
use countersign_core::request::RequestStatus;
use countersign_storage_sqlite::SqliteOptions;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use uuid::Uuid;

const ENTRIES: u64 = 1_000_100;

fn list(filter: RequestFilter) -> RequestList {
    RequestList {
        principals: vec![PrincipalId::from(Uuid::from_u128(1))],
        through_reports: None,
        classes: ListClass::MIM_ALL,
        statuses: None,
        filter: Some(filter),
        order: Order::NewestFirst,
        reader: None,
    }
}

/// More entries of the access index than a filter may go through.
fn fill(path: &str) {
    let principal = Uuid::from_u128(1).simple();
    let (class, status) = (ListClass::CertificateOther.code(), RequestStatus::Completed.code());
    let statement = format!(
        "PRAGMA busy_timeout = 10000; WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ENTRIES}) \
         INSERT INTO request_access (principal_id, class, status, created_at, request_id, roles) \
         SELECT x'{principal}', {class}, {status}, -i, unhex(printf('%032x', i)), 1 FROM n"
    );
    SqliteConnection::establish(path).unwrap().batch_execute(&statement).unwrap();
}

/// A filter that goes through too much is refused and its most expensive clause named; what the
/// indexes answer is not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_filter_that_takes_too_long_is_refused_by_name() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("test.db");
    let repository = countersign_storage_sqlite::open(&SqliteOptions::new(&path)).unwrap();
    repository.migrate().await.unwrap();
    fill(path.to_str().unwrap());
    let justified = Filter::Clause(RequestClause::Justification(TextMatch::Contains("nowhere".to_owned())));
    let ended = Filter::Clause(RequestClause::Ended(TimeMatch::Present));
    let both = list(Filter::Or(vec![ended, justified]));
    for outcome in [
        repository.requests(&both, Start::Offset(0), 10).await.map(|_| ()),
        repository.count_requests(&both).await.map(|_| ()),
    ] {
        let Err(RepositoryError::Budget { clause }) = outcome else { panic!("{outcome:?}") };
        assert_eq!(clause, "justification");
    }
    let completed =
        StatusMatch { status: RequestStatus::Completed, certificate: None, approved_by: None, fulfilment: None };
    let of_status = list(Filter::Clause(RequestClause::Status(vec![completed])));
    assert_eq!(repository.count_requests(&of_status).await.unwrap(), ENTRIES);
    let number = list(Filter::Clause(RequestClause::Number(7.try_into().unwrap())));
    assert_eq!(repository.count_requests(&number).await.unwrap(), 0);
}
