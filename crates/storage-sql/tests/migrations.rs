//! The schemas of both databases, held side by side.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use countersign_core::approval::TaskState;
use countersign_core::catalog::EntityType;
use countersign_core::directory::UserStatus;
use countersign_core::grant::GrantStatus;
use countersign_core::request::RequestStatus;

fn folder(database: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations").join(database)
}

fn names(database: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder(database)).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// The same steps on both, each with its way back.
#[test]
fn both_databases_have_the_same_migrations() {
    let names = [names("sqlite"), names("postgres")];
    assert_eq!(names[0], names[1]);
    assert!(names[0].len() >= 2);
    for database in ["sqlite", "postgres"] {
        for (name, script) in names[0].iter().flat_map(|name| ["up.sql", "down.sql"].map(|script| (name, script))) {
            let text = std::fs::read_to_string(folder(database).join(name).join(script)).unwrap();
            assert!(!text.trim().is_empty(), "{database}: {name}/{script} is empty");
        }
    }
}

/// The schema and the statements name these codes where a bound value would keep an index from being used.
#[test]
fn codes_in_the_schema_are_those_of_the_core() {
    let open = TaskState::ALL.iter().filter(|state| state.is_open()).map(|state| state.code());
    assert_eq!(open.collect::<Vec<_>>(), [1, 3, 7, 8]);
    let statuses = [
        RequestStatus::Pending,
        RequestStatus::AwaitingChildren,
        RequestStatus::AwaitingDependency,
        RequestStatus::Scheduled,
        RequestStatus::Completed,
    ];
    assert_eq!(statuses.map(RequestStatus::code), [3, 5, 6, 7, 9]);
    assert_eq!(UserStatus::Disabled.code(), 2);
    assert_eq!([GrantStatus::Active, GrantStatus::Ended].map(GrantStatus::code), [1, 3]);
    assert_eq!([EntityType::Role, EntityType::Entitlement].map(EntityType::code), [1, 2]);
}
