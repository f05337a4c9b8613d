//! Migrations and readiness.

use countersign_core::error::RepositoryError;

use crate::fixture::Fixture;

/// A database without its migrations is not ready, and says which one it needs; migrated, it is.
pub async fn must_19_readiness_names_a_missing_migration(fixture: &dyn Fixture) {
    let bare = fixture.bare().await;
    let missing = match bare.ready().await {
        Err(RepositoryError::MigrationMissing { missing }) => missing,
        other => panic!("a bare database answers {other:?}"),
    };
    let run = bare.migrate().await.unwrap();
    assert_eq!(run.first(), Some(&missing));
    assert!(run.is_sorted(), "{run:?}");
    bare.ready().await.unwrap();
    assert_eq!(bare.migrate().await.unwrap(), Vec::<String>::new());
    bare.ready().await.unwrap();
}

/// A migrated database is ready, again and again, through every handle.
pub async fn must_19_a_migrated_database_is_ready(fixture: &dyn Fixture) {
    let (first, second) = (fixture.repository(), fixture.second().await);
    for _ in 0..3 {
        first.ready().await.unwrap();
        second.ready().await.unwrap();
    }
}
